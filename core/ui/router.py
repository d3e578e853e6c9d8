"""The script that streamlit runs: navigation, and the frame around every page."""

from pathlib import Path

import streamlit as st

from core.ui import authority, frame, seen, status
from core.ui.places import (
    ACTIVITY,
    ALERTS,
    CANDLES,
    LAB,
    MARKET,
    MODELS,
    OVERVIEW,
    PROVIDERS,
    QUALITY,
    REPAIR,
    SETTINGS,
    TESTER,
)

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="Kintsugi", page_icon=str(ASSETS / "icon.png"), layout="wide")
st.logo(str(ASSETS / "logo.png"), size="large")
page = st.navigation(
    {
        "Data": [
            st.Page(
                CANDLES,
                title="Candles",
                icon=":material/candlestick_chart:",
                help="Candles of one symbol, from whoever still answers, and why it was they who did.",
            ),
            st.Page(
                MARKET,
                title="Market",
                icon=":material/monitoring:",
                help="Prices of several venues at once, the order book, the mood, news and chains around a symbol.",
            ),
            st.Page(
                QUALITY,
                title="Quality",
                icon=":material/grid_on:",
                help="How good every archived series is, the worst first, and how that went.",
            ),
            st.Page(
                REPAIR,
                title="Repair",
                icon=":material/healing:",
                help="What is wrong with a series or a file, why, and how it can be mended; every mend in gold.",
            ),
        ],
        "Watch": [
            st.Page(
                OVERVIEW,
                title="Overview",
                icon=":material/monitor_heart:",
                default=True,
                help="What is served and by whom, what is wrong, and what was mended.",
            ),
            st.Page(
                PROVIDERS,
                title="Providers",
                icon=":material/lan:",
                help="Every endpoint: state, circuit, cooldown left, success rate and latency.",
            ),
            st.Page(
                MODELS,
                title="Models",
                icon=":material/psychology:",
                help="How the models do, a sentence to try, predictions with their record.",
            ),
            st.Page(
                ALERTS,
                title="Alerts",
                icon=":material/notifications:",
                help="What needs a person, what is looked for, and where alerts are sent.",
            ),
            st.Page(
                ACTIVITY,
                title="Activity",
                icon=":material/history:",
                help="The journal: everything that happened, filtered, and to take along.",
            ),
        ],
        "Run": [
            st.Page(
                TESTER,
                title="Endpoint tester",
                icon=":material/network_check:",
                help="Ask one endpoint or all of them: request, status, time, raw body, value and verdict.",
            ),
            st.Page(
                LAB,
                title="Lab",
                icon=":material/science:",
                help="Break something in a market of your own, watch the answers go on, and get a score.",
            ),
            st.Page(
                SETTINGS,
                title="Settings",
                icon=":material/settings:",
                help="Every setting, where its value comes from, keys and what they unlock, and this server.",
            ),
        ],
    },
    position="top",
)
hub = frame.hub()
frame.surround(seen.look(hub))
if page.url_path:  # the overview, where that is empty, says it larger
    status.show(hub)
page.run()
authority.way_in_or_out()
