"""One setting changed from the page: chosen, typed, confirmed, on record."""

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.hub import Hub
from core.ops.overrides import Configured, Knob
from core.ui import acting, authority, words
from core.ui.knobs import allowed, bounds, kind

CHOSEN = "setting"


def show(hub: Hub, knobs: Sequence[Knob]) -> None:
    """Choose one that can be changed, give its value, confirm; why not, for who may not."""
    if reason := authority.refused():
        st.caption(f":material/lock: Settings cannot be changed from here: {words.plain(reason)}.")
        return
    free = {knob.name: knob for knob in knobs if not knob.locked}
    with st.container(border=True, key="change"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.selectbox(
                "Change", list(free), index=None, key=CHOSEN, width=300, placeholder="Choose one"
            )
            if name is None:
                return
            value = _field(free[name])
            st.button(
                "Change…",
                icon=":material/tune:",
                key="change_setting",
                on_click=_ask,
                args=(name, value),
                disabled=json.dumps(value) == free[name].value,
            )
            if free[name].source == "override":
                st.button(
                    "Take back…", icon=":material/undo:", key="take_back", on_click=_ask, args=(name, None)
                )
        knob = free[name]
        holds = "at once" if knob.at_once else "from the next start on"
        st.caption(
            f"{words.plain(knob.description)}. Allowed: {words.plain(allowed(name))}; by default "
            f"{words.plain(knob.default)}. A change holds {holds}."
        )
    if "setting_asked" in st.session_state:
        _confirm(hub, free, *st.session_state.pop("setting_asked"))


def reload(hub: Hub) -> None:
    """Read the files again."""
    told: list[Configured] = []
    acting.attempt(hub, lambda: told.append(hub.reload_settings(who=authority.who())), "The files were read.")
    if told:
        _say(told[0], "The files were read again")


def _ask(name: str, value: Any) -> None:
    st.session_state["setting_asked"] = (name, value)


@st.dialog("Change a setting?")
def _confirm(hub: Hub, knobs: dict[str, Knob], name: str, value: Any) -> None:
    if name not in knobs:
        return
    knob = knobs[name]
    new = (
        f"back to `{knob.default}` or what `kintsugi.toml` says"
        if value is None
        else f"`{json.dumps(value)}`"
    )
    st.markdown(f"**{words.plain(name)}**: from `{knob.value}` to {new}.")
    st.caption(
        f"For everybody who uses this server, {'at once' if knob.at_once else 'from the next start on'}; in the "
        "journal with who did it."
    )
    if st.button("Change", type="primary", key="confirmed_setting", on_click=_set, args=(hub, name, value)):
        st.rerun()


def _set(hub: Hub, name: str, value: Any) -> None:
    told: list[Configured] = []
    acting.attempt(
        hub, lambda: told.append(hub.configure({name: value}, who=authority.who())), f"{name} is set."
    )
    if told:
        _say(told[0], "Set")


def _say(configured: Configured, did: str) -> None:
    changes = [f"{one.name} from {one.old} to {one.new}" for one in configured.changes]
    later = (
        f" It holds from the next start on: {', '.join(configured.restart)}." if configured.restart else ""
    )
    st.session_state[acting.SAID] = ("success", f"{did}: {'; '.join(changes) or 'nothing differs'}.{later}")


def _field(knob: Knob) -> Any:
    """The value typed, as :meth:`Hub.configure` takes it."""
    of, now, key = kind(knob.name), json.loads(knob.value), f"to_{knob.name}"
    if isinstance(of, tuple):
        return st.selectbox("To", of, index=of.index(now), key=key, width=200)
    if of is bool:
        return st.toggle("On", value=bool(now), key=key)
    if of in (int, float):
        low, _, high = bounds(knob.name)
        make: Any = of
        return st.number_input(
            "To",
            None if low is None else make(low),
            None if high is None else make(high),
            make(now),
            key=key,
            width=200,
            format="%d" if of is int else "%g",
        )
    text = st.text_input(
        "To", ", ".join(now) if isinstance(now, list) else str(now or ""), key=key, width=300
    )
    return [part.strip() for part in text.split(",") if part.strip()] if of is tuple else text
