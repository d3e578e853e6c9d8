"""Whether a value covers what was asked, and how answers to several pages become one. Pure."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.market import (
    INTERVALS,
    CandleQuery,
    News,
    NewsQuery,
    OrderBook,
    Query,
    Quote,
    Summary,
    TechnicalQuery,
    Volume,
    floor_time,
    to_datetime,
)

EDGE = 3
"""Intervals that may be missing at either edge: venues publish late, and quiet ones omit candles."""

OLD = 900.0
"""Seconds after which the date of a price, a book or a volume is worth a word."""


def join(parts: Sequence[Any]) -> Any:
    """Pages of candles in one frame: ascending, unique. A single part is returned as it is."""
    if len(parts) == 1:
        return parts[0]
    frames = [part for part in parts if not part.empty] or [parts[0]]
    frame = pd.concat(frames).sort_index(kind="stable")
    frame = frame[~frame.index.duplicated(keep="last")]
    frame.attrs["wire"] = {
        name: sum(part.attrs.get("wire", {}).get(name, 0) for part in parts)
        for name in ("unsorted", "duplicates")
    }
    return frame


def shortfall(query: Query, value: Any, now: float) -> str:
    """Why a value is partial, in words; empty when it covers what was asked.

    Holes inside are not partial: what is missing there is for the audit of candles to say.
    """
    if isinstance(query, NewsQuery) and isinstance(value, News) and not value.items:
        return "partial: no news" + (f" about {query.topic}" if query.topic else "")
    if not isinstance(query, CandleQuery) or not isinstance(value, pd.DataFrame):
        return ""
    first, stop = query.span(now)
    slots = (stop - first) // query.seconds
    if slots <= 0:
        return ""
    if value.empty:
        return f"partial: no candles of the {slots} asked for"
    slack = min(EDGE, slots - 1) * query.seconds
    if value.index[0].timestamp() - first > slack:
        return f"partial: begins {value.index[0]:%Y-%m-%d %H:%M} UTC, {len(value)} of {slots} candles"
    if query.end is not None and _late(query, value, stop) > slack:
        return f"partial: ends {value.index[-1]:%Y-%m-%d %H:%M} UTC, {len(value)} of {slots} candles"
    return ""


def lateness(query: Query, value: Any, now: float) -> str:
    """A note when the newest candles that were asked for are not there yet, or a price is old; else empty.

    Without peers to compare with, a venue that is quiet and one that is frozen look the same.
    """
    if isinstance(value, Quote | OrderBook | Volume):
        if value.time is None or now - value.time.timestamp() <= OLD:
            return ""
        return f"old: its provider dates it {value.time:%Y-%m-%d %H:%M} UTC"
    if isinstance(query, CandleQuery) and isinstance(value, pd.DataFrame):
        if query.end is not None or value.empty:
            return ""
        late, opened = _late(query, value, query.span(now)[1]), value.index[-1]
    elif isinstance(query, TechnicalQuery) and isinstance(value, Summary) and value.time is not None:
        opened = to_datetime(value.time)
        late = floor_time(now, query.interval) - INTERVALS[query.interval] - opened.timestamp()
    else:
        return ""
    step = INTERVALS[query.interval]
    if late <= EDGE * step:
        return ""
    return f"the newest candle opened {opened:%Y-%m-%d %H:%M} UTC, {late // step:.0f} intervals late"


def _late(query: CandleQuery, value: pd.DataFrame, stop: int) -> float:
    return stop - query.seconds - float(value.index[-1].timestamp())
