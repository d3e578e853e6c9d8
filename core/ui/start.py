"""Start here: what is live and what is not, and three things to try. Put away by a reader, it stays away."""

import streamlit as st

from core.engine.snapshot import Snapshot
from core.hub import Hub
from core.ui import authority, words
from core.ui.places import CANDLES, LAB, REPAIR

AWAY = "start_away"


def panel(hub: Hub) -> None:
    """The panel, unless this session has put it away."""
    if st.session_state.get(AWAY):
        return
    with st.container(border=True, gap="small", key="start_here"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown("##### Start here")
            st.button(
                "Put away", icon=":material/close:", type="tertiary", key="start_close", on_click=_put_away
            )
        for line in standing(hub, hub.snapshot()):
            st.markdown(line)
        with st.container(horizontal=True, gap="small"):
            st.page_link(CANDLES, label="Ask for candles, and see why this provider", icon=":material/route:")
            st.page_link(LAB, label="Break something, and watch it go on", icon=":material/science:")
            st.page_link(REPAIR, label="Hand in a broken file, get it mended", icon=":material/healing:")


def standing(hub: Hub, snapshot: Snapshot) -> list[str]:
    """What is live, what is not and why, in a few lines."""
    lines = [_data(snapshot)]
    missing = [feature for feature in hub.features() if feature.missing]
    served = len({entry.provider for entry in snapshot.endpoints.values()}) - len(missing)
    keys = (
        f" {words.count(len(missing), 'more')} would answer with a key."
        if missing and not snapshot.lab
        else ""
    )
    lines.append(f":material/lan: {words.count(served, 'source')} can be asked without any key.{keys}")
    if reason := authority.refused():
        lines.append(f":material/visibility: You can read everything and change nothing: {reason}.")
    return lines


def _data(snapshot: Snapshot) -> str:
    if snapshot.lab:
        return (
            ":material/science: What you see is **simulated**, by a market that speaks the providers' own formats; "
            "the notice above says why."
        )
    if snapshot.offline:
        return ":material/wifi_off: **No provider can be reached** from this machine; what was kept is shown as stale."
    blocked = [entry.name for entry in snapshot.providers.values() if entry.state == "blocked"]
    if blocked:
        names = words.listed([words.plain(name) for name in blocked[:4]])
        return (
            f":material/sensors: Data is **live**. {names} will not answer from here "
            "(blocked for this address or key); others stand in."
        )
    return (
        ":material/sensors: Data is **live**, from public interfaces, and says who gave it and how old it is."
    )


def _put_away() -> None:
    st.session_state[AWAY] = True
