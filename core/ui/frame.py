"""What stands around every page: the lab's notice, the state of the network, and the way out of either."""

import streamlit as st

from core.answer import KintsugiError
from core.engine.snapshot import Snapshot
from core.hub import Hub, shared
from core.ui import authority

LOOK_EVERY = 30
"""Seconds between looks whether live data is back."""

STYLE = """<style>
.stApp { font-variant-numeric: tabular-nums; }
.stMultiSelect [data-tag] {
  background: transparent; color: inherit; box-shadow: inset 0 0 0 1px currentColor;
}
[data-testid^="stBaseButton-primary"]:not(:disabled) {
  background: #3d69a8; border-color: #3d69a8; color: #ffffff;
}
[data-testid^="stBaseButton-primary"]:hover { filter: brightness(.9); }
.js-plotly-plot text:is([style*="rgb(128, 132, 149)"], [style*="rgb(133, 140, 152)"]) {
  fill: currentColor !important; fill-opacity: .75 !important;
}
[data-testid="stCode"] .token { color: inherit !important; }
[data-testid="stCode"] .token.keyword { font-weight: 600; }
</style>"""
"""Figures that stand in columns. Chips and buttons that can be read in the dark, where Streamlit writes white on the
accent; greys in charts (Streamlit's, and ours) and programs that can be read in the light: all of it 4.5 : 1 or better.
"""


def hub() -> Hub:
    """The process's hub. Stops the page with a sentence when it cannot be opened."""
    try:
        return shared()
    except (KintsugiError, OSError) as error:
        st.error(f"Kintsugi could not start: {error}", icon=":material/block:")
        st.stop()


def surround(snapshot: Snapshot) -> None:
    """Draw what a reader must know before reading any number on this page."""
    st.html(STYLE)
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


@st.fragment(run_every=LOOK_EVERY)
def _lab(snapshot: Snapshot) -> None:
    """The notice over simulated data. It stays as long as the page shows any, whatever the hub does since."""
    st.warning(
        f"**LAB — simulated data.** Every number on this page is made up ({snapshot.why}).",
        icon=":material/science:",
    )
    now = hub().health()
    if now.lab and not now.live_again:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if not now.lab:
            st.markdown("**Live data is on again.** This page still shows the lab.")
            if st.button("Show live data", icon=":material/sensors:", key="show_live"):
                st.rerun()
            return
        st.markdown("**Live data is reachable again.** The lab stays open until you switch.")
        if reason := authority.refused():
            st.caption(f"Switching is not possible from here: {reason}.")
        elif st.button("Switch to live", icon=":material/sensors:", key="go_live"):
            _go_live()
            st.rerun()


def _open_lab() -> None:
    if not authority.denied("open the lab"):
        hub().open_lab()


def _go_live() -> None:
    if not authority.denied("switch to live"):
        hub().go_live()
