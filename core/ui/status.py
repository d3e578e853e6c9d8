"""A line on every page: how everything does, and how many alerts are open."""

import streamlit as st

from core.hub import Hub
from core.ui import seen, words
from core.ui.overall import overall
from core.ui.places import ALERTS


@st.fragment(run_every=seen.EVERY)
def show(hub: Hub) -> None:
    """Redrawn by itself. Health is asked for once for all pages, and nothing is fetched."""
    whole = overall(seen.glance(hub))
    alerts = seen.open_alerts(hub)
    new = sum(one.state == "firing" for one in alerts)
    with st.container(horizontal=True, vertical_alignment="center", key="status"):
        st.markdown(
            f":{whole.color}-badge[{whole.sign} {whole.word}] :gray[{whole.sentence}]", width="content"
        )
        if alerts:
            st.page_link(
                ALERTS,
                label=words.count(len(alerts), "open alert") + (f", {new} new" if new else ""),
                icon=":material/notifications_active:" if new else ":material/notifications:",
                width="content",
            )
