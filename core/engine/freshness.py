"""For how long a fetched value may be given as fresh. Pure; seconds."""

from typing import Any

import pandas as pd

from core.market import (
    INTERVALS,
    CandleQuery,
    Capability,
    PredictionQuery,
    Query,
    SentimentQuery,
    TechnicalQuery,
    floor_time,
)

WINDOW: dict[Capability, float] = {
    "price": 5.0,
    "orderbook": 2.0,
    "volume": 30.0,
    "metadata": 300.0,
    "news": 300.0,
    "sentiment": 900.0,
    "social": 900.0,
    "onchain": 30.0,
}
OPEN_CANDLE = 10.0
LATE = 10.0
"""While a venue has not yet published the candle that just closed."""
SETTLED = 3600.0
GRACE = 1.0
"""Venues publish a closed candle a moment after its close."""


def fresh_for(query: Query, value: Any, fetched: float) -> float:
    """Closed candles hold until the next one closes; other values for a window of their capability."""
    if isinstance(query, SentimentQuery) and query.text is not None:
        return SETTLED  # a text does not change
    if isinstance(query, TechnicalQuery | PredictionQuery):
        return min(SETTLED, floor_time(fetched, query.interval) + INTERVALS[query.interval] + GRACE - fetched)
    if not isinstance(query, CandleQuery):
        return WINDOW.get(query.capability, 60.0)
    if query.include_open:
        return OPEN_CANDLE
    _, stop = query.span(fetched)
    edge = floor_time(fetched, query.interval)
    if isinstance(value, pd.DataFrame) and value.empty:
        return LATE
    if stop < edge:
        return SETTLED
    newest = value.index[-1].timestamp() if isinstance(value, pd.DataFrame) and len(value) else None
    if newest is None or newest < stop - query.seconds:
        return LATE
    return min(SETTLED, edge + query.seconds + GRACE - fetched)
