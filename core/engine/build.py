"""Candles of an interval that a provider lacks, built from its finer ones. Pure; ``now`` in UTC seconds."""

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd

from core.candles.aggregate import aggregate
from core.catalog import Provider
from core.engine.local import LocalProvider
from core.market import INTERVALS, CandleQuery, Query
from core.wire.candle_call import CandleCall

REQUESTS_MOST = 20
"""A value that would take more requests than this is not built: other providers' quotas are there as well."""


def finer_interval(provider: Provider, query: Query, now: float) -> str | None:
    """The longest interval of the provider that the asked one can be built from; None when there is none.

    None also for an interval that it has itself.
    """
    if not isinstance(query, CandleQuery) or query.capability not in provider.capabilities:
        return None
    if isinstance(provider, LocalProvider):
        return None
    call = provider.declaration.ohlcv
    if not isinstance(call, CandleCall) or query.interval in call.intervals:
        return None
    parts = [name for name in call.intervals if _divides(name, query.interval)]
    for name in sorted(parts, key=INTERVALS.__getitem__, reverse=True):
        finer = finer_query(query, name, now)
        first, stop = finer.span(now)
        if (stop - first) // finer.seconds > REQUESTS_MOST * call.max_rows:
            return None  # and a finer one would take more still
        if provider.serves(finer, now) is None and len(provider.pages(finer, now)) <= REQUESTS_MOST:
            return name
    return None


def finer_query(query: CandleQuery, finer: str, now: float) -> CandleQuery:
    """The query for the finer candles that make up the asked ones."""
    first, stop = query.span(now)
    stop = max(stop, first + query.seconds)
    return replace(query, interval=finer, start=_utc(first), end=_utc(stop), limit=None)


def built(
    query: CandleQuery, finer: str, frame: pd.DataFrame, now: float
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The asked candles and what a reader should know of them."""
    found = aggregate(frame, finer, query.interval, now)
    left_out = found.attrs.pop("left_out")
    notes = [f"built from {finer}"]
    if left_out:
        are = "candle is" if left_out == 1 else "candles are"
        notes.append(
            f"{left_out} {query.interval} {are} left out: not all of their {finer} candles are there"
        )
    return found, tuple(notes)


def _divides(finer: str, interval: str) -> bool:
    return INTERVALS[finer] < INTERVALS[interval] and INTERVALS[interval] % INTERVALS[finer] == 0


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
