"""What stands around every page: the lab's notice, the state of the network, and the way out of either."""

import streamlit as st

from core.answer import KintsugiError
from core.engine.snapshot import Snapshot
from core.hub import Hub, shared
from core.ui import authority

TABULAR = "<style>.stApp { font-variant-numeric: tabular-nums; }</style>"


def hub() -> Hub:
    """The process's hub. Stops the page with a sentence when it cannot be opened."""
    try:
        return shared()
    except (KintsugiError, OSError) as error:
        st.error(f"Kintsugi could not start: {error}", icon=":material/block:")
        st.stop()


def surround(snapshot: Snapshot) -> None:
    """Draw what a reader must know before reading any number on this page."""
    st.html(TABULAR)
    if snapshot.lab:
        _lab(snapshot)
    elif snapshot.offline:
        st.info(
            "**Offline.** No provider can be reached from this machine; what is shown was fetched earlier.",
            icon=":material/wifi_off:",
        )
    for notice in snapshot.notices:
        st.info(notice, icon=":material/info:")


def offer_lab() -> None:
    """A button that opens the lab, for whoever may; else what to do instead."""
    if reason := authority.refused():
        st.caption(
            f"The lab cannot be opened from here: {reason}. "
            "Whoever runs this server can set `KINTSUGI_MODE=lab`."
        )
    else:
        st.button("Open the lab", icon=":material/science:", key="open_lab", on_click=_open_lab)


def _lab(snapshot: Snapshot) -> None:
    st.warning(
        f"**LAB — simulated data.** Every number on this page is made up ({snapshot.why}).",
        icon=":material/science:",
    )
    if snapshot.live_again:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Live data is reachable again.** The lab stays open until you switch.")
            if reason := authority.refused():
                st.caption(f"Switching is not possible from here: {reason}.")
            else:
                st.button("Switch to live", icon=":material/sensors:", key="go_live", on_click=_go_live)


def _open_lab() -> None:
    if not authority.refused():
        hub().open_lab()


def _go_live() -> None:
    if not authority.refused():
        hub().go_live()
