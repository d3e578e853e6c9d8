"""The truth check: what a value says must be possible. Pure.

A failure here is dissent, not downtime: the endpoint answers, in shape, but it cannot be right.
"""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from core.answer import Untrue
from core.market import (
    METRICS,
    CandleQuery,
    OnChainFigure,
    OrderBook,
    Prediction,
    Query,
    Quote,
    Sentiment,
    Volume,
)

AHEAD = 120.0
"""Seconds that a provider's clock may run ahead of ours."""

STANDS = 6 * 3600.0
"""No chain goes without a block for so long; what says so is not up to date."""


def check(query: Query, value: Any, now: float) -> None:
    """Raise :class:`Untrue` when the value cannot be true at ``now``."""
    if isinstance(value, pd.DataFrame):
        _candles(query, value, now)
    elif isinstance(value, Quote):
        _quote(value)
        _dated(value.time, now)
    elif isinstance(value, OrderBook):
        _book(value)
        _dated(value.time, now)
    elif isinstance(value, Volume):
        _dated(value.time, now)
    elif isinstance(value, Sentiment):
        _between("score", value.score, -1.0, 1.0)
    elif isinstance(value, OnChainFigure):
        _figure(value, now)
    elif isinstance(value, Prediction):
        for name in ("probability_up", "hit_rate", "hit_low", "hit_high", "base_rate"):
            _between(name, getattr(value, name), 0.0, 1.0)


def _candles(query: Query, frame: pd.DataFrame, now: float) -> None:
    wire = frame.attrs.get("wire", {})
    if wire.get("unsorted"):
        raise Untrue(f"time runs backwards: {wire['unsorted']} rows out of order")
    if frame.empty:
        return
    opens, high, low, close = (frame[name].to_numpy() for name in ("open", "high", "low", "close"))
    bad = (low <= 0) | (high < np.maximum(opens, close)) | (low > np.minimum(opens, close))
    if bad.any():
        at = frame.index[int(bad.argmax())]
        row = frame.iloc[int(bad.argmax())]
        raise Untrue(
            f"impossible candle at {at:%Y-%m-%d %H:%M} UTC: open {row['open']:g}, high {row['high']:g}, "
            f"low {row['low']:g}, close {row['close']:g}"
            + (f" (and {bad.sum() - 1} more)" if bad.sum() > 1 else "")
        )
    step = query.seconds if isinstance(query, CandleQuery) else 0
    if frame.index[-1].timestamp() > now + AHEAD + step:
        raise Untrue(f"a candle from the future: {frame.index[-1]:%Y-%m-%d %H:%M} UTC")


def _quote(quote: Quote) -> None:
    if quote.last <= 0:
        raise Untrue(f"price {quote.last:g} is not positive")
    for name, side in (("bid", quote.bid), ("ask", quote.ask)):
        if side is not None and side <= 0:
            raise Untrue(f"{name} {side:g} is not positive")
    if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
        raise Untrue(f"bid {quote.bid:g} stands above ask {quote.ask:g}")
    if quote.change_24h_pct is not None and quote.change_24h_pct <= -100.0:
        raise Untrue(f"a change of {quote.change_24h_pct:g} % in 24 hours leaves no price")


def _book(book: OrderBook) -> None:
    if book.bids and book.asks and book.bids[0][0] >= book.asks[0][0]:
        raise Untrue(f"crossed book: bid {book.bids[0][0]:g}, ask {book.asks[0][0]:g}")
    if any(price <= 0 for price, _ in (*book.bids[-1:], *book.asks[:1])):
        raise Untrue("a price in the book is not positive")


def _dated(moment: datetime | None, now: float) -> None:
    if moment is not None and moment.timestamp() > now + AHEAD:
        raise Untrue(f"a value from the future: {moment:%Y-%m-%d %H:%M} UTC")


def _figure(figure: OnChainFigure, now: float) -> None:
    metric = METRICS[figure.metric]
    _between(figure.metric, figure.value, metric.low, metric.high)
    _dated(figure.time, now)
    if figure.time is None:
        return
    if figure.metric.endswith("_block_height") and now - figure.time.timestamp() > STANDS:
        raise Untrue(f"frozen: the newest block is of {figure.time:%Y-%m-%d %H:%M} UTC")


def _between(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise Untrue(f"{name} is {value:g}, which cannot be: expected {low:g} to {high:g}")
