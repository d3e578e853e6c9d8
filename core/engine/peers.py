"""What venues said lately, each held against the others of the same quote currency. Pure; ``mono`` seconds.

Far from two or more others, or standing still while two others moved: that is dissent, whatever the HTTP
status. With fewer than two peers nothing is judged.
"""

import statistics
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from core.market import CandleQuery, Query, Quote

PEERS = 2
RECENT = 30.0
"""Seconds for which a peer's price can be compared with one of now."""
LAG = 3
"""Intervals by which a newest candle may be behind, and fetches that may show the same time."""
MOST = 500
"""Symbols remembered."""


@dataclass(slots=True)
class _Said:
    """The latest word of one provider on one subject."""

    at: float = 0.0
    """When it was heard."""
    price: float = 0.0
    time: datetime | None = None
    since: float = 0.0
    """When it was first heard to say this ``time``."""
    repeats: int = 0
    newest: float = 0.0
    """Open time of its newest candle, seconds since 1970."""
    closes: dict[float, float] = field(default_factory=dict)
    """Open time → close of its last few closed candles."""


class Peers:
    """The memory, by subject: a symbol's price, or its candles of one interval."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self._subjects: OrderedDict[tuple[str, str], dict[str, _Said]] = OrderedDict()

    def judge(self, provider: str, query: Query, value: Any, now: float) -> str:
        """Why this value cannot be true, given the others; empty when it can."""
        said = self._subjects.get(_subject(query), {})
        others = {name: word for name, word in said.items() if name != provider}
        if len(others) < PEERS:
            return ""
        if isinstance(value, Quote):
            return self._far_price(value, others, now) or _frozen_price(said.get(provider), value, others)
        if isinstance(value, pd.DataFrame) and isinstance(query, CandleQuery) and len(value):
            return self._far_candle(value, others) or _frozen_candles(query, value, others, now)
        return ""

    def learn(self, provider: str, query: Query, value: Any, now: float) -> None:
        """Remember a value that held."""
        if isinstance(value, Quote):
            word = self._word(provider, query)
            if word.time is None or value.time != word.time:
                word.time, word.since, word.repeats = value.time, now, 0
            word.repeats += 1
            word.at, word.price = now, value.last
        elif isinstance(value, pd.DataFrame) and isinstance(query, CandleQuery) and len(value):
            if query.end is not None or query.include_open:
                return  # an older range, or a candle that still moves, says nothing about now
            word = self._word(provider, query)
            tail = value["close"].iloc[-LAG:]
            times = [float(time.timestamp()) for time in tail.index]
            word.at, word.newest = now, times[-1]
            word.closes = dict(zip(times, map(float, tail), strict=True))

    def _word(self, provider: str, query: Query) -> _Said:
        subject = _subject(query)
        said = self._subjects.setdefault(subject, {})
        self._subjects.move_to_end(subject)
        while len(self._subjects) > MOST:
            self._subjects.popitem(last=False)
        return said.setdefault(provider, _Said())

    def _far_price(self, quote: Quote, others: dict[str, _Said], now: float) -> str:
        recent = {name: word.price for name, word in others.items() if now - word.at <= RECENT}
        return self._far(quote.last, recent, "price")

    def _far_candle(self, frame: pd.DataFrame, others: dict[str, _Said]) -> str:
        time = float(frame.index[-1].timestamp())
        closes = {name: word.closes[time] for name, word in others.items() if time in word.closes}
        return self._far(float(frame["close"].iloc[-1]), closes, f"close of {frame.index[-1]:%H:%M} UTC")

    def _far(self, value: float, others: dict[str, float], what: str) -> str:
        if len(others) < PEERS:
            return ""
        middle = statistics.median(others.values())
        agreed = sorted(name for name, price in others.items() if abs(price / middle - 1) <= self._tolerance)
        # Peers that contradict each other outvote nobody.
        if (
            len(agreed) < PEERS
            or 2 * len(agreed) <= len(others)
            or abs(value / middle - 1) <= self._tolerance
        ):
            return ""
        names = ", ".join(agreed)
        return f"{what} {value:g} is {(value / middle - 1) * 100:+.1f} % off the median {middle:g} of {names}"


def _subject(query: Query) -> tuple[str, str]:
    return str(getattr(query, "symbol", "")), str(getattr(query, "interval", query.capability))


def _frozen_price(own: _Said | None, quote: Quote, others: dict[str, _Said]) -> str:
    if own is None or own.time is None or quote.time != own.time or own.repeats < LAG:
        return ""
    moved = [name for name, word in others.items() if word.time is not None and word.since > own.since]
    if len(moved) < PEERS:
        return ""
    stood = f"the same time {own.time:%H:%M:%S} UTC in {own.repeats + 1} fetches"
    return f"frozen: {stood} while {', '.join(moved)} moved"


def _frozen_candles(query: CandleQuery, frame: pd.DataFrame, others: dict[str, _Said], now: float) -> str:
    if query.end is not None:
        return ""
    newest = float(frame.index[-1].timestamp())
    ahead = [
        name
        for name, word in others.items()
        if now - word.at <= query.seconds + RECENT and word.newest - newest > LAG * query.seconds
    ]
    if len(ahead) < PEERS:
        return ""
    return f"frozen: newest candle {frame.index[-1]:%Y-%m-%d %H:%M} UTC, {', '.join(ahead)} have newer ones"
