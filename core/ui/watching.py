"""Watchlists: a visitor's own, in the address of the page, and the one that this server keeps for all."""

import streamlit as st

from core.hub import Hub
from core.market import parse_symbol
from core.ui import acting, authority
from core.ui.words import listed, plain

FIELD = "watch"
"""In the address: symbols with commas between them. A bookmark keeps the list."""
MOST = 20


def own() -> tuple[str, ...]:
    """The visitor's own list; what is no symbol is left out."""
    found = []
    for part in st.query_params.get(FIELD, "").split(",")[: 2 * MOST]:
        try:
            found.append("/".join(parse_symbol(part)))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))[:MOST]


def shared(hub: Hub) -> tuple[str, ...]:
    """The server's list."""
    return tuple(one.symbol for one in hub.watchlist())


def all_of(hub: Hub) -> tuple[str, ...]:
    """Own and shared, each symbol once."""
    return tuple(dict.fromkeys((*own(), *shared(hub))))


def control(hub: Hub, symbol: str) -> None:
    """Put the symbol on a list, or take it off."""
    mine, everybody = own(), shared(hub)
    icon = ":material/star:" if symbol in (*mine, *everybody) else ":material/star_outline:"
    with st.popover("Watchlist", icon=icon, key="watchlist"):
        name = plain(symbol)
        st.markdown(f"**Yours**: {listed([plain(one) for one in mine]) or 'nothing yet'}")
        st.caption("Kept in the address of this page: bookmark it to keep it.")
        if symbol in mine:
            st.button(f"Take {name} off", key="unwatch_own", on_click=_own_without, args=(symbol,))
        else:
            full = len(mine) >= MOST
            st.button(f"Watch {name}", key="watch_own", on_click=_own_with, args=(symbol,), disabled=full)
        st.markdown(f"**Everybody's**: {listed([plain(one) for one in everybody]) or 'nothing yet'}")
        if reason := authority.refused():
            st.caption(f"Kept by this server. It cannot be changed from here: {reason}.")
        elif symbol in everybody:
            st.button(f"Take {name} off for everybody", key="unwatch", on_click=_unwatch, args=(hub, symbol))
        else:
            st.caption("Kept by this server; its price is looked at every minute, for alerts.")
            st.button(f"Watch {name} for everybody", key="watch", on_click=_watch, args=(hub, symbol))


def _own_with(symbol: str) -> None:
    st.query_params[FIELD] = ",".join(dict.fromkeys((*own(), symbol)))


def _own_without(symbol: str) -> None:
    left = [one for one in own() if one != symbol]
    if left:
        st.query_params[FIELD] = ",".join(left)
    else:
        st.query_params.pop(FIELD, None)


def _watch(hub: Hub, symbol: str) -> None:
    acting.attempt(
        hub, lambda: hub.watch(symbol, who=authority.who()), f"{symbol} is on everybody's watchlist."
    )


def _unwatch(hub: Hub, symbol: str) -> None:
    acting.attempt(
        hub, lambda: hub.unwatch(symbol, who=authority.who()), f"{symbol} is off everybody's watchlist."
    )
