"""What a person asks of the candles page: four choices, all of them in the address."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.hub import Hub
from core.market import INTERVALS, CandleQuery, parse_symbol
from core.ui import spending
from core.ui.words import listed, plain

SYMBOLS = (
    "BTC/USDT",
    "ETH/USDT",
    "SOL/USDT",
    "XRP/USDT",
    "DOGE/USDT",
    "BTC/USD",
    "ETH/USD",
    "BTC/EUR",
    "ETH/BTC",
)
"""Offered first; any other can be typed."""

WINDOWS = {
    "6h": 6 * 3600,
    "1d": 86400,
    "3d": 3 * 86400,
    "1w": 7 * 86400,
    "1mo": 30 * 86400,
    "3mo": 90 * 86400,
    "1y": 365 * 86400,
}
"""Window → seconds; a month is 30 days."""

Shown = Literal["best", "as_known", "raw"]
VERSIONS: dict[str, Shown] = {"best estimate": "best", "as known": "as_known", "raw": "raw"}
"""Versions of a series, by their names: repaired, with nothing later than each candle, and as it came."""
RAW = "raw"

DEFAULTS = {"symbol": "BTC/USDT", "interval": "1h", "window": "1w", "view": "best estimate"}
FEWEST, MOST = 12, 10_000
"""Candles on one page: fewer are no picture, more take many requests of a free API."""

REFRESH = "candles_refresh"
"""Session state: pass over the cache once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The query, how many candles that is, the window, the version shown, and what differs from the wish."""

    query: CandleQuery
    rows: int
    window: str
    notes: tuple[str, ...]
    shown: Shown = "best"

    @property
    def view(self) -> str:
        """Names what is looked at; a chart keeps its zoom while it stays the same."""
        return f"{self.query.symbol} {self.query.interval} {self.window}"


def controls(hub: Hub) -> Asked:
    """Symbol, interval, window, version, refresh. What the address says wrong is named, and the default shown."""
    # Streamlit drops an interval or window that is not on offer; what the address said is read before.
    wrong = [
        not_offered("interval", INTERVALS, DEFAULTS["interval"]),
        not_offered("window", WINDOWS, DEFAULTS["window"]),
        not_offered("view", VERSIONS, DEFAULTS["view"]),
    ]
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        typed = st.selectbox(
            "Symbol",
            SYMBOLS,
            key="symbol",
            bind="query-params",
            accept_new_options=True,
            width=170,
            help="Choose one, or type another as BASE/QUOTE. USD and USDT are different currencies.",
        )
        interval = st.selectbox(
            "Interval",
            list(INTERVALS),
            index=list(INTERVALS).index(DEFAULTS["interval"]),
            key="interval",
            bind="query-params",
            width=110,
        )
        window = st.selectbox(
            "Window",
            list(WINDOWS),
            index=list(WINDOWS).index(DEFAULTS["window"]),
            key="window",
            bind="query-params",
            width=110,
        )
        shown = version(hub)
        st.button("Refresh", icon=":material/refresh:", key="refresh", on_click=ask_again)
    symbol, no_symbol = _symbol(typed)
    say_wrong(no_symbol, *wrong)
    rows, note = rows_of(interval, window)
    return Asked(CandleQuery(symbol, interval, limit=rows), rows, window, (note,) if note else (), shown)


def say_wrong(*problems: str) -> None:
    """Name what the address says wrong; empty texts are no problems."""
    for problem in filter(None, problems):
        st.warning(problem, icon=":material/link_off:")


def version(hub: Hub) -> Shown:
    """Which version of a series is shown: the best estimate by default, raw where nothing is repaired by itself."""
    found = st.segmented_control(
        "Version",
        list(VERSIONS),
        default=DEFAULTS["view"] if hub.settings.auto_repair_enabled else RAW,
        required=True,
        key="view",
        bind="query-params",
        help=(
            "*Best estimate*: repaired, in gold. *As known*: repaired with nothing that came later than the "
            "candle, for backtests. *Raw*: as it came."
        ),
    )
    return VERSIONS[found]


def ask_again() -> None:
    """Pass over the cache at the next run, if this person may so soon."""
    if spending.affordable():
        st.session_state[REFRESH] = True


def rows_of(interval: str, window: str) -> tuple[int, str]:
    """How many candles a window shows, and a note when that is not the whole of it, or more."""
    rows = WINDOWS[window] // INTERVALS[interval]
    if rows > MOST:
        return MOST, (
            f"{window} in candles of {interval} would be {rows:,}: these are the newest {MOST:,}. "
            "A longer interval shows the whole window."
        )
    if rows < FEWEST:
        return FEWEST, f"{window} holds {rows} candles of {interval}: the newest {FEWEST} are shown."
    return rows, ""


def _symbol(typed: str | None) -> tuple[str, str]:
    """The symbol to show, and what was wrong with the one asked for."""
    try:
        return "/".join(parse_symbol(typed or "")), ""
    except ValueError as error:
        return DEFAULTS["symbol"], f"{plain(str(error))}. Showing {DEFAULTS['symbol']} instead."


def not_offered(field: str, allowed: Iterable[str], instead: str) -> str:
    """What is wrong with a choice in the address, or ``""``."""
    given = st.query_params.get(field)
    if given is None or given in allowed:
        return ""
    said = plain(f"{field}={given[:20]!r}: expected {listed(list(allowed))}")
    return f"{said}. Showing {instead} instead."
