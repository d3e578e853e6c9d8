"""Queries about candles, prices and order books, and what all queries share."""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import numpy as np

from core.market.symbols import (
    ASSET,
    INTERVALS,
    Capability,
    ceil_time,
    floor_time,
    interval_seconds,
    parse_symbol,
    to_datetime,
)

NEWEST = 500
"""Rows of a candle query that names neither start nor limit."""

MAX_ROWS = 1_000_000
"""No query asks for more rows than this."""

_as_text = json.JSONEncoder(default=str, sort_keys=True).encode
"""Made once: a price from memory is answered in the time that making one takes."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked. Every field is part of :meth:`key`."""

    capability: ClassVar[Capability]

    def key(self) -> str:
        """The query as canonical text; equal queries have equal keys."""
        names: tuple[str, ...] = self.__match_args__  # its fields, in order
        return f"{self.capability} {_as_text({name: getattr(self, name) for name in names})}"

    def replace(self, **changes: Any) -> "Query":
        """A copy with other fields."""
        return dataclasses.replace(self, **changes)

    @property
    def subject(self) -> str:
        """The symbol or asset it is about, which a provider may not know; empty when there is none."""
        return ""


@dataclass(frozen=True, slots=True)
class SymbolQuery(Query):
    """A query about one symbol."""

    symbol: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbol", "/".join(parse_symbol(self.symbol)))
        if hasattr(self, "allow_quote"):
            object.__setattr__(self, "allow_quote", _quotes(self.allow_quote))

    @property
    def subject(self) -> str:
        """The symbol."""
        return self.symbol

    @property
    def base(self) -> str:
        """The asset that is priced."""
        return self.symbol.split("/")[0]

    @property
    def quote(self) -> str:
        """The asset it is priced in."""
        return self.symbol.split("/")[1]


@dataclass(frozen=True, slots=True)
class CandleQuery(SymbolQuery):
    """Candles of one symbol and interval. Times are open times, half-open ``[start, end)``.

    ``limit`` None means all rows when ``start`` is given, else the newest 500. With ``start`` a limit counts
    from there forward, else back from ``end`` (or now). ``allow_quote`` names quote currencies to accept in
    place of the one asked for; the answer then says so.
    """

    capability: ClassVar[Capability] = "ohlcv"
    interval: str = "1h"
    start: datetime | None = None
    end: datetime | None = None
    limit: int | None = None
    include_open: bool = False
    allow_quote: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        SymbolQuery.__post_init__(self)
        interval_seconds(self.interval)
        for name in ("start", "end"):
            if (moment := getattr(self, name)) is not None:
                object.__setattr__(self, name, to_datetime(moment, name))
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(
                f"start={self.start.isoformat()}: expected a time before end={self.end.isoformat()}"
            )
        if self.limit is not None:
            check_count("limit", self.limit, MAX_ROWS)

    @property
    def seconds(self) -> int:
        """Seconds of one interval."""
        return INTERVALS[self.interval]

    def span(self, now: float) -> tuple[int, int]:
        """The asked range as grid-aligned open times ``[first, last + interval)`` in seconds, at ``now``.

        The end is the open time of the first candle that is not wanted: with ``include_open`` the candle that
        is open at ``now`` is wanted, otherwise it is not. Nothing begins before 1970.
        """
        step = self.seconds
        edge = floor_time(now, self.interval) + (step if self.include_open else 0)
        stop = edge if self.end is None else min(edge, ceil_time(self.end.timestamp(), self.interval))
        if self.start is None:
            return self._from_1970(stop - (self.limit or NEWEST) * step, stop)
        first = ceil_time(self.start.timestamp(), self.interval)
        if self.limit is not None:
            stop = min(stop, first + self.limit * step)
        return self._from_1970(first, stop)

    def _from_1970(self, first: int, stop: int) -> tuple[int, int]:
        first = max(first, ceil_time(0, self.interval))
        return first, max(first, stop)


MOST_VENUES = 20
"""No quorum is larger."""


@dataclass(frozen=True, slots=True)
class PriceQuery(SymbolQuery):
    """The current price of one symbol.

    ``quorum`` above 1: of so many independent venues at once, as a :class:`core.market.Consensus`.
    """

    capability: ClassVar[Capability] = "price"
    quorum: int = 1
    allow_quote: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        SymbolQuery.__post_init__(self)
        check_count("quorum", self.quorum, MOST_VENUES)


@dataclass(frozen=True, slots=True)
class VolumeQuery(SymbolQuery):
    """Traded volume of one symbol over the last 24 hours."""

    capability: ClassVar[Capability] = "volume"
    allow_quote: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TechnicalQuery(SymbolQuery):
    """What the indicators say of one symbol's closed candles."""

    capability: ClassVar[Capability] = "technical"
    interval: str = "1h"
    allow_quote: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        SymbolQuery.__post_init__(self)
        interval_seconds(self.interval)


@dataclass(frozen=True, slots=True)
class OrderBookQuery(SymbolQuery):
    """The best ``depth`` levels of each side."""

    capability: ClassVar[Capability] = "orderbook"
    depth: int = 20

    def __post_init__(self) -> None:
        SymbolQuery.__post_init__(self)
        check_count("depth", self.depth, 5000)


def check_count(field: str, value: object, most: int) -> None:
    """ValueError for what is no whole number from 1 to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= most:
        raise ValueError(f"{field}={str(value)[:20]!r}: expected a whole number from 1 to {most}")


def _quotes(quotes: object) -> tuple[str, ...]:
    if not isinstance(quotes, Iterable):
        raise ValueError(f"allow_quote={str(quotes)[:20]!r}: expected currency names, as in ('USD',)")
    names = (quotes,) if isinstance(quotes, str) else tuple(quotes)
    for name in names:
        if not isinstance(name, str) or not ASSET.fullmatch(name.upper()):
            raise ValueError(f"allow_quote={str(name)[:20]!r}: expected currency names, as in ('USD',)")
    return tuple(name.upper() for name in names)
