"""Symbols, intervals, queries, and the values they return."""

import dataclasses
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Capability = Literal[
    "price",
    "ohlcv",
    "volume",
    "orderbook",
    "metadata",
    "news",
    "sentiment",
    "social",
    "technical",
    "ai_prediction",
    "onchain",
]

INTERVALS: dict[str, int] = {
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "4h": 14400,
    "6h": 21600,
    "12h": 43200,
    "1d": 86400,
    "1w": 604800,
}
"""Interval → seconds."""

MONDAY = 4 * 86400
"""Weeks open on Monday 00:00 UTC; 1970-01-01 was a Thursday."""

NEWEST = 500
"""Rows of a candle query that names neither start nor limit."""

MAX_ROWS = 1_000_000
"""No query asks for more rows than this."""

CANDLE_FIELDS = ("open", "high", "low", "close", "volume")

Moment: TypeAlias = datetime | date | np.datetime64 | str | float
"""A point in time: an aware datetime, a date (its 00:00 UTC), ISO 8601 text (UTC when it names no zone), or
seconds since 1970."""

_ASSET = re.compile(r"[A-Z0-9]{1,20}")


def parse_symbol(symbol: str) -> tuple[str, str]:
    """Split ``BASE/QUOTE`` into its two assets, upper case. ValueError for anything else."""
    base, slash, quote = symbol.strip().upper().partition("/") if isinstance(symbol, str) else ("", "", "")
    if not slash or not _ASSET.fullmatch(base) or not _ASSET.fullmatch(quote):
        raise ValueError(
            f"symbol={str(symbol)[:60]!r}: expected BASE/QUOTE in letters and digits, as in 'BTC/USDT'"
        )
    return base, quote


def interval_seconds(interval: str) -> int:
    """Seconds of an interval. ValueError names the allowed ones."""
    if not isinstance(interval, str) or interval not in INTERVALS:
        raise ValueError(f"interval={str(interval)[:20]!r}: expected one of {' '.join(INTERVALS)}")
    return INTERVALS[interval]


def floor_time(seconds: float, interval: str) -> int:
    """Open time of the candle that contains this moment, in seconds since 1970."""
    step = interval_seconds(interval)
    anchor = MONDAY if interval == "1w" else 0
    return int((seconds - anchor) // step * step + anchor)


def to_datetime(moment: Moment, field: str = "time") -> datetime:
    """An aware UTC datetime. ValueError names the field."""
    try:
        if isinstance(moment, bool):
            raise TypeError
        if isinstance(moment, datetime):
            found = moment
        elif isinstance(moment, date):
            found = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        elif isinstance(moment, np.datetime64):
            found = pd.Timestamp(moment).to_pydatetime()
        elif isinstance(moment, str):
            found = datetime.fromisoformat(moment.strip())
        else:
            found = datetime.fromtimestamp(float(moment), UTC)
        return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise ValueError(
            f"{field}={str(moment)[:40]!r}: expected an aware datetime, ISO 8601 text or seconds since 1970"
        ) from None


def to_seconds(moment: Moment, field: str = "time") -> float:
    """Seconds since 1970. ValueError names the field."""
    return to_datetime(moment, field).timestamp()


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


@dataclass(frozen=True, slots=True)
class SymbolQuery(Query):
    """A query about one symbol."""

    symbol: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbol", "/".join(parse_symbol(self.symbol)))
        if hasattr(self, "allow_quote"):
            object.__setattr__(self, "allow_quote", _quotes(self.allow_quote))

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
            _check_count("limit", self.limit, MAX_ROWS)

    @property
    def seconds(self) -> int:
        """Seconds of one interval."""
        return INTERVALS[self.interval]

    def span(self, now: float) -> tuple[int, int]:
        """The asked range as grid-aligned open times ``[first, last + interval)`` in seconds, at ``now``.

        The end is the open time of the first candle that is not wanted: with ``include_open`` the candle that
        is open at ``now`` is wanted, otherwise it is not.
        """
        step = self.seconds
        edge = floor_time(now, self.interval) + (step if self.include_open else 0)
        stop = edge if self.end is None else min(edge, _ceil(self.end.timestamp(), self.interval))
        if self.start is None:
            return stop - (self.limit or NEWEST) * step, stop
        first = _ceil(self.start.timestamp(), self.interval)
        if self.limit is not None:
            stop = min(stop, first + self.limit * step)
        return first, max(first, stop)


@dataclass(frozen=True, slots=True)
class PriceQuery(SymbolQuery):
    """The current price of one symbol."""

    capability: ClassVar[Capability] = "price"
    quorum: int = 1
    allow_quote: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        SymbolQuery.__post_init__(self)
        _check_count("quorum", self.quorum, 1)  # asking several venues at once is still to come


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
        _check_count("depth", self.depth, 5000)


@dataclass(frozen=True, slots=True)
class Quote:
    """A price now. What a provider does not say is None. Change in per cent, volumes over 24 hours."""

    symbol: str
    last: float
    bid: float | None = None
    ask: float | None = None
    change_24h_pct: float | None = None
    volume_base: float | None = None
    volume_quote: float | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """Volume over the last 24 hours, in units of the base and of the quote currency."""

    symbol: str
    volume_base: float | None = None
    volume_quote: float | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Levels as (price, size in base units), best first: bids descending, asks ascending."""

    symbol: str
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    time: datetime | None = None


def candles_frame(times: npt.ArrayLike, columns: dict[str, npt.NDArray[np.float64]]) -> pd.DataFrame:
    """A candles frame: index ``time`` (UTC open time, from seconds since 1970), float64 columns as given.

    Rows stay as they are; see :data:`CANDLE_FIELDS` for the columns. ``volume`` is in base units and is left
    out where it cannot be had exactly.
    """
    stamps = np.round(np.asarray(times, dtype=np.float64) * 1000).astype("int64").astype("datetime64[ms]")
    index = pd.DatetimeIndex(stamps.astype("datetime64[ns]"), name="time").tz_localize("UTC")
    names = [name for name in CANDLE_FIELDS if name in columns]
    if not names:
        return pd.DataFrame(index=index)
    # One block: twice as fast to make as column by column.
    return pd.DataFrame(np.column_stack([columns[name] for name in names]), index=index, columns=names)


def _ceil(seconds: float, interval: str) -> int:
    floor = floor_time(seconds, interval)
    return floor if floor == seconds else floor + INTERVALS[interval]


def _check_count(field: str, value: object, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= most:
        raise ValueError(f"{field}={str(value)[:20]!r}: expected a whole number from 1 to {most}")


def _quotes(quotes: object) -> tuple[str, ...]:
    if not isinstance(quotes, Iterable):
        raise ValueError(f"allow_quote={str(quotes)[:20]!r}: expected currency names, as in ('USD',)")
    names = (quotes,) if isinstance(quotes, str) else tuple(quotes)
    for name in names:
        if not isinstance(name, str) or not _ASSET.fullmatch(name.upper()):
            raise ValueError(f"allow_quote={str(name)[:20]!r}: expected currency names, as in ('USD',)")
    return tuple(name.upper() for name in names)
