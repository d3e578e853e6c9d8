"""What the market of the lab says, to hold answers against; and for how long they may be called fresh."""

from typing import Any

import pandas as pd

from core.lab import Lab
from core.lab.venues import VENUES
from core.market import CandleQuery, OrderBook, Quote

WINDOWS = {"technical": 3600.0, "price": 5.0, "orderbook": 2.0, "volume": 30.0}
LISTED = {(venue.id, one.symbol): one for venue in VENUES for one in venue.listed}


def wrong_candles(lab: Lab, query: CandleQuery, frame: pd.DataFrame, listing: Any, now: float) -> str:
    tail = frame.iloc[-30:]
    first, last = (int(time.timestamp()) for time in (tail.index[0], tail.index[-1]))
    bars = lab.market.bars(listing, query.seconds, first, last + query.seconds, lab.clock.now())
    truth = dict(zip(bars.time.tolist(), bars.close.tolist(), strict=True))
    if not query.include_open and last + query.seconds > now:
        return f"the candle of {tail.index[-1]} is not closed"
    for time, close in tail["close"].items():
        at = int(time.timestamp())
        if at + query.seconds <= now and abs(close / truth[at] - 1) > 1e-9:
            return f"close {close} at {time}, the market says {truth[at]}"
    return ""


def wrong_now(lab: Lab, value: Quote | OrderBook, listing: Any, at: float) -> str:
    if isinstance(value, Quote):
        truth = lab.market.last(listing, at)
        return "" if abs(value.last / truth - 1) < 1e-9 else f"last {value.last}, market {truth}"
    book = lab.market.book(listing, at, 1)
    said, truth = ((b.bids[0][0], b.asks[0][0]) for b in (value, book))
    same = all(abs(one / other - 1) < 1e-9 for one, other in zip(said, truth, strict=True))
    return "" if same else f"best {said}, market {truth}"


def window(query: Any, fetched: float) -> float:
    """For how long an answer may be called fresh at most, in seconds."""
    if not isinstance(query, CandleQuery):
        return WINDOWS[query.capability]
    if query.include_open:
        return 10.0
    if query.end is not None and query.end.timestamp() <= fetched:
        return 3600.0
    anchor = 4 * 86400 if query.interval == "1w" else 0
    closes = ((fetched - anchor) // query.seconds + 1) * query.seconds + anchor
    return min(3600.0, closes + 1.0 - fetched)


def same(one: Any, other: Any) -> bool:
    return one.equals(other) if isinstance(one, pd.DataFrame) else one == other
