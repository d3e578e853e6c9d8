"""The settings page: every knob and where its value comes from, keys and what they unlock, this server."""

import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.features import KeyFeature
from core.hub import Hub
from core.ops.diagnostics import versions
from core.ops.overrides import Knob
from core.ui import acting, authority, settings_change, words
from core.ui.knobs import allowed, groups

SOURCES = {
    "code": "◆ code",
    "environment": "■ environment",
    "override": "● set from pages or REST",
    "file": "▲ kintsugi.toml",
    "default": "○ default",
}
"""Where a value comes from, as sign and word; the first goes before the others."""


def show(hub: Hub) -> None:
    """Knobs by subject, a change, keys, this server."""
    acting.say()
    knobs = hub.knobs()
    st.markdown(f"##### {sentence(knobs)}")
    st.caption(
        "The environment goes before what is set here, that before `kintsugi.toml`, and that before the defaults."
    )
    settings_change.show(hub, knobs)
    for title, members in groups(knobs).items():
        own = [knob for knob in members if knob.source != "default"]
        mark = f" · {words.count(len(own), 'value')} of your own" if own else ""
        with st.expander(f"{title} ({len(members)}){mark}", key=f"group_{title}"):
            st.table(_table(members), alt=f"Settings: {title}")
    st.markdown("##### Keys")
    _keys(hub.features())
    st.markdown("##### This server")
    _server(hub)


def sentence(knobs: Sequence[Knob]) -> str:
    """The state of the settings in one sentence."""
    own = [knob for knob in knobs if knob.source != "default"]
    held = [knob for knob in knobs if knob.source == "environment"]
    waiting = [knob for knob in knobs if knob.waiting is not None]
    parts = [f"{words.count(len(knobs), 'setting')}, {len(own)} of them set by you"]
    if held:
        parts.append(f"{len(held)} held by the environment")
    if waiting:
        names = words.listed([words.plain(knob.name) for knob in waiting])
        parts.append(f"waiting for the next start: {names}")
    return "; ".join(parts) + "."


def _table(knobs: Sequence[Knob]) -> pd.DataFrame:
    table = {
        "What it does": [f"{words.plain(knob.description)}" for knob in knobs],
        "Value": [_value(knob) for knob in knobs],
        "Allowed": [words.plain(allowed(knob.name)) for knob in knobs],
        "From": [_from(knob) for knob in knobs],
        "A change holds": ["at once" if knob.at_once else "from the next start" for knob in knobs],
    }
    return pd.DataFrame(table, index=pd.Index([words.plain(knob.name) for knob in knobs], name="Setting"))


def _value(knob: Knob) -> str:
    said = words.plain(knob.value)
    if knob.waiting is not None:
        said += f", then {words.plain(knob.waiting)}"
    return said


def _from(knob: Knob) -> str:
    said = SOURCES[knob.source]
    if knob.source == "environment":
        said += f": {words.plain(knob.variable)}"
    return said + (f" :material/lock: {words.plain(knob.locked)}" if _needs_words(knob) else "")


def _needs_words(knob: Knob) -> bool:
    return bool(knob.locked) and knob.source != "environment"


def _keys(features: Sequence[KeyFeature]) -> None:
    """What each key is for, whether it is there, and where one gets it. Never a key."""
    missing = [one for one in features if one.missing]
    there = [one for one in features if one.keys]
    st.caption(
        f"{len(there)} of {len(features)} keys are there; {words.count(len(missing), 'provider')} cannot work "
        "without theirs. Keys are read from the environment or a file `.env`, and never shown. A file `.env` is read "
        "again when it changes: no start is needed."
    )
    rows = [*missing, *(one for one in features if not one.missing)]
    table = {
        "State": [_key_state(one) for one in rows],
        "Unlocks": [
            words.plain(one.unlocks or "higher limits")
            + f" :gray[({', '.join(words.plain(kind) for kind in one.capabilities)})]"
            for one in rows
        ],
        "Variable": [" or ".join(f"`{name}`" for name in one.variables) for one in rows],
        "Where to get one": [f"[{words.plain(_host(one.get_at))}]({one.get_at})" for one in rows],
    }
    st.table(
        pd.DataFrame(table, index=pd.Index([words.plain(one.name) for one in rows], name="Key of")),
        alt="Keys, and what each unlocks",
    )


def _key_state(one: KeyFeature) -> str:
    if one.keys:
        several = f", {one.keys} used in turn" if one.keys > 1 else ""
        resting = f", {one.resting} resting" if one.resting else ""
        return f"● there: {words.plain(one.holding)}{several}{resting}"
    return "– missing, nothing works without" if one.required else "○ not there, works without"


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0]


def _server(hub: Hub) -> None:
    """Folder, notices, versions; read the files again; take the diagnostics along."""
    snapshot = hub.snapshot()
    st.markdown(f"Data folder: `{hub.settings.data_dir}`")
    for notice in snapshot.notices:
        st.info(words.plain(notice), icon=":material/save:")
    if hub.settings.public:
        st.info(
            "**This is a Space.** What is not in its persistent storage (`/data`) is gone after a restart: set "
            "`KINTSUGI_DATA_DIR` to a folder there.",
            icon=":material/save:",
        )
    if (free := hub.stats().capacity.disk_free) is not None:
        st.caption(f"{free / 1e9:,.1f} GB free there.")
    st.caption(" · ".join(words.plain(f"{name} {number}") for name, number in versions().items() if number))
    with st.container(horizontal=True):
        if reason := authority.refused():
            st.caption(f":material/lock: The files cannot be read again from here: {words.plain(reason)}.")
        else:
            st.button(
                "Read the files again",
                icon=":material/sync:",
                key="reload_settings",
                on_click=settings_change.reload,
                args=(hub,),
                help="`kintsugi.toml` and `overrides.toml`; nothing is restarted.",
            )
        st.download_button(
            "Diagnostics",
            lambda: json.dumps(hub.diagnostics(), indent=1, allow_nan=False, default=str).encode(),
            file_name="kintsugi-diagnostics.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="diagnostics",
            help="Health, circuits, failures, recovery, alerts, settings and versions. No key is in it.",
        )
