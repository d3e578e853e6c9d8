"""The market page: a symbol is found, and everything around it asked for side by side."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core import outlook
from core.hub import Hub
from core.market import parse_symbol
from core.ui import acting, market_blocks, market_news, market_prices, watching
from core.ui.asked import SYMBOLS, say_wrong
from core.ui.loading import Blocks
from core.ui.words import plain

BLOCKS = "market_blocks"
"""Session state: what was asked for."""
MAJORS = ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "TRX", "AVAX", "LINK", "LTC", "DOT")
"""On the board beside the watchlists, in the currency of the symbol."""
QUORUM = 3
DEPTH = 50
"""Levels of the order book."""
OFFERED = 1500
"""Markets that the search offers; any other can be typed."""
LISTS_WAIT = 0.05
"""Seconds that the search waits for fresh lists: they come in the background."""
NEWS = 12


def show(hub: Hub) -> None:
    """Search, watchlist, and the blocks."""
    acting.say()
    blocks = Blocks.of(BLOCKS)
    with st.container(horizontal=True, vertical_alignment="bottom", key="market_controls"):
        symbol = _search(hub)
        watching.control(hub, symbol)
        st.button("Refresh", icon=":material/refresh:", key="market_refresh", on_click=blocks.refresh)
    base, quote = parse_symbol(symbol)
    board = _board(hub, symbol, quote)
    topic = market_news.chosen(base)
    _ask(hub, blocks, symbol, base, board, topic)
    head, prices = st.container(), st.container()
    left, right = st.columns([3, 2], gap="medium")
    blocks.draw(
        {
            "consensus": (head, partial(market_blocks.consensus, hub, symbol), 110),
            "prices": (prices, partial(market_prices.board, hub, symbol, board), 320),
            "book": (left, partial(market_blocks.book, hub, symbol), 360),
            "mood": (right, partial(market_blocks.mood, hub), 300),
            "whole": (right, partial(market_blocks.whole, hub), 150),
            "news": (left, partial(market_news.headlines, hub, base), 480),
            "figures": (right, partial(market_blocks.figures, hub, base), 320),
        }
    )


def _ask(hub: Hub, blocks: Blocks, symbol: str, base: str, board: Sequence[str], topic: str | None) -> None:
    """Begin whatever of it is not there yet; all of it goes on side by side."""
    do = hub.hub
    blocks.ask(hub, "consensus", symbol, lambda again: do.price(symbol, quorum=QUORUM, refresh=again))
    blocks.ask(hub, "prices", " ".join(board), lambda again: outlook.prices(do, board, refresh=again))
    blocks.ask(hub, "book", symbol, lambda again: do.orderbook(symbol, DEPTH, refresh=again))
    blocks.ask(hub, "mood", "", lambda again: do.sentiment(refresh=again))
    blocks.ask(hub, "whole", "", lambda again: do.metadata(refresh=again))
    blocks.ask(hub, "news", str(topic), lambda again: outlook.headlines(do, topic, NEWS, refresh=again))
    blocks.ask(hub, "figures", base, lambda again: outlook.figures(do, base, refresh=again))


def _board(hub: Hub, symbol: str, quote: str) -> tuple[str, ...]:
    """The watchlists first, then the majors, then the symbol unless it is among them: tiles keep their places."""
    majors = [f"{base}/{quote}" for base in MAJORS if base != quote]
    return tuple(dict.fromkeys((*watching.all_of(hub), *majors, symbol)))


def _search(hub: Hub) -> str:
    """The symbol that is looked at. A name or a part of one is searched for, and what it may mean is offered."""
    typed = st.selectbox(
        "Symbol",
        _offered(hub, hub.hub.simulated),
        key="symbol",
        bind="query-params",
        accept_new_options=True,
        width=230,
        help="Type to search. BASE/QUOTE, a part of it, or a coin's name; USD and USDT are different currencies.",
    )
    text = (typed or "").strip()
    try:
        symbol = "/".join(parse_symbol(text))
    except ValueError as error:
        return _meant(hub, text, str(error))
    if symbol not in _offered(hub, hub.hub.simulated):
        found = hub.symbols(symbol, limit=5, deadline=LISTS_WAIT)
        if not found.has:
            st.caption(f":material/help: {plain(str(found) or 'no list of markets has it')}", width="content")
    return symbol


def _meant(hub: Hub, text: str, error: str) -> str:
    """The best match of words that are no symbol; the default when there is none."""
    markets = hub.symbols(text[:40], limit=6, deadline=LISTS_WAIT).markets if text else ()
    if not markets:
        say_wrong(f"{plain(error)}. Showing {SYMBOLS[0]} instead.")
        return SYMBOLS[0]
    best = markets[0].symbol
    others = [market.symbol for market in markets[1:]]
    st.pills("Or", others, key="market_or", on_change=_take, width="content")
    st.caption(f"{plain(text[:40])}: showing **{plain(best)}**", width="content")
    return best


def _take() -> None:
    if chosen := st.session_state.get("market_or"):
        st.session_state["symbol"] = chosen


@st.cache_data(ttl=300, show_spinner=False)
def _offered(_hub: Hub, simulated: bool) -> list[str]:
    """Markets to choose from: the usual ones, then by how many list them."""
    del simulated
    found = _hub.symbols("", limit=OFFERED, deadline=LISTS_WAIT)
    return list(dict.fromkeys((*SYMBOLS, *(market.symbol for market in found))))
