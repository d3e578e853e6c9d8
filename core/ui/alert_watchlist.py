"""The watchlist of alerts: symbols, and the levels that their prices may cross."""

import streamlit as st

from core.hub import Hub
from core.ops.alerts import Watched
from core.ui import acting, authority, words


def show(hub: Hub) -> None:
    """The list, and the form that adds to it."""
    watched = hub.watchlist()
    refused = authority.refused()
    if not watched:
        st.info(
            "**Nothing is watched.** A symbol on the list is asked for once a minute; an alert fires when its price "
            "crosses a level.",
            icon=":material/visibility_off:",
        )
    for one in watched:
        with st.container(horizontal=True, vertical_alignment="center", key=f"watched_{one.symbol}"):
            st.markdown(f"**{one.symbol}** {_levels(one)} :gray[{words.plain(one.note)}]", width="stretch")
            if not refused:
                st.button(
                    "Remove",
                    icon=":material/delete:",
                    key=f"unwatch_{one.symbol}",
                    on_click=_unwatch,
                    args=(hub, one.symbol),
                    width="content",
                )
    if refused:
        st.caption(f":material/lock: The list cannot be changed from here: {words.plain(refused)}.")
        return
    with st.form("watch", enter_to_submit=True):
        st.markdown("**Watch a symbol**, or change its levels")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Symbol", key="watch_symbol", placeholder="BTC/USDT", width=150)
            st.number_input("Above", key="watch_above", value=None, min_value=0.0, format="%g", width=150)
            st.number_input("Below", key="watch_below", value=None, min_value=0.0, format="%g", width=150)
            st.text_input("Note", key="watch_note", max_chars=200, width=230)
            st.form_submit_button("Watch", icon=":material/visibility:", on_click=_watch, args=(hub,))


def _levels(one: Watched) -> str:
    quote = one.symbol.partition("/")[2]
    told = [
        f"{side} {level:,.10g} {quote}"
        for side, level in (("above", one.above), ("below", one.below))
        if level is not None
    ]
    return words.listed(told) or "no level"


def _watch(hub: Hub) -> None:
    asked = st.session_state
    symbol = (asked["watch_symbol"] or "").strip()

    def watch() -> None:
        hub.watch(
            symbol,
            above=asked["watch_above"],
            below=asked["watch_below"],
            note=asked["watch_note"] or "",
            who=authority.who(),
        )

    acting.attempt(hub, watch, f"Watched: {symbol}.")


def _unwatch(hub: Hub, symbol: str) -> None:
    acting.attempt(hub, lambda: hub.unwatch(symbol, who=authority.who()), f"No longer watched: {symbol}.")
