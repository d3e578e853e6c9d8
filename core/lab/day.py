"""What every ticker says, and how a venue reads numbers and lists out of a call: shared by many venues."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from core.lab.market import DAY_MINUTES, Bars, Listing
from core.lab.venue import Call, Refusal


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours of a market, and its best levels now. Volume in base, turnover in quote units."""

    last: float
    open: float
    high: float
    low: float
    volume: float
    turnover: float
    trades: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float

    @property
    def change(self) -> float:
        """Against the price 24 hours ago, as a fraction."""
        return self.last / self.open - 1


def day(call: Call, listing: Listing) -> Day:
    """The last 24 hours of this market, as seen by the call."""
    bars = call.market.rolling(listing, DAY_MINUTES, call.now)
    book = call.market.book(listing, call.now, 1)
    (bid, bid_size), (ask, ask_size) = book.bids[0], book.asks[0]
    return Day(
        last=float(bars.close[0]),
        open=float(bars.open[0]),
        high=float(bars.high[0]),
        low=float(bars.low[0]),
        volume=float(bars.volume[0]),
        turnover=float(bars.turnover[0]),
        trades=int(bars.trades[0]),
        bid=bid,
        bid_size=bid_size,
        ask=ask,
        ask_size=ask_size,
    )


def rows_of(bars: Bars) -> list[tuple[int, float, float, float, float, float, float]]:
    """Open time in seconds, open, high, low, close, volume, turnover; oldest first."""
    columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.turnover)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def whole(call: Call, name: str, usual: float, wrong: Callable[[str], Refusal]) -> float:
    """A parameter that is a whole number; ``usual`` where it is not sent, the venue's refusal for other text."""
    asked = call.params.get(name)
    if not asked:
        return usual
    if not asked.isdecimal() or len(asked) > 16:
        raise wrong(name)
    return int(asked)


def moment(call: Call, name: str, usual: float, wrong: Callable[[str], Refusal]) -> float:
    """A parameter that is an ISO 8601 time, in seconds since 1970."""
    asked = call.params.get(name)
    if not asked:
        return usual
    try:
        found = datetime.fromisoformat(asked)
        return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).timestamp()
    except (ValueError, OverflowError):
        raise wrong(name) from None


def iso(seconds: float, digits: int = 3) -> str:
    """``2026-11-22T03:14:15.000Z``."""
    found = datetime.fromtimestamp(math.floor(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{found}.{'0' * digits}Z" if digits else f"{found}Z"
