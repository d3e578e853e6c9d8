"""What a venue of the lab truly had: its market is a pure function, whatever faults lie over the wire."""

from typing import Any

import numpy as np
import pandas as pd

from core.answer import Answer
from core.lab.market import Listing, Market
from core.lab.venues import VENUES
from core.market import CandleQuery, Query, Quote

ROUNDING = 2e-3
"""Relative difference that a venue's rounding of prices may make."""

_LISTED: dict[tuple[str, str], Listing] = {
    (venue.id, listing.symbol): listing for venue in VENUES for listing in venue.listed
}


def known(answer: Answer[Any], query: Query) -> bool:
    """Whether the lab keeps the truth of this answer's source."""
    return (answer.source, getattr(query, "symbol", "")) in _LISTED


def wrong(market: Market, answer: Answer[Any], query: Query, since: float, now: float) -> str:
    """How a value differs from what its source had between two moments (UTC seconds); empty when it does not."""
    listing = _LISTED[answer.source, getattr(query, "symbol", "")]
    if isinstance(answer.value, Quote):
        return _price(market, listing, answer.value.last, since, now)
    if isinstance(query, CandleQuery) and isinstance(answer.value, pd.DataFrame) and len(answer.value):
        return _candles(market, listing, answer.value, query.seconds, now)
    return ""


def _price(market: Market, listing: Listing, said: float, since: float, now: float) -> str:
    moments = {since, now, *np.arange(np.floor(since), now, 1.0).tolist()}
    true = [market.last(listing, moment) for moment in moments]
    low, high = min(true) * (1 - ROUNDING), max(true) * (1 + ROUNDING)
    return "" if low <= said <= high else f"said {said:g}, had {true[-1]:g}"


def _candles(market: Market, listing: Listing, frame: pd.DataFrame, step: int, now: float) -> str:
    times = pd.DatetimeIndex(frame.index).as_unit("s").asi8
    bars = market.bars(listing, step, float(times[0]), float(times[-1] + step), now)
    places = np.searchsorted(bars.time, times)
    if (places >= len(bars)).any() or (bars.time[places] != times).any():
        return "candles of times that there were none"
    for name in ("open", "high", "low", "close"):
        said, true = frame[name].to_numpy(), getattr(bars, name)[places]
        if (off := np.abs(said / true - 1) > ROUNDING).any():
            row = int(np.flatnonzero(off)[0])
            return f"{name} at {frame.index[row]:%H:%M}: said {said[row]:g}, had {true[row]:g}"
    return ""
