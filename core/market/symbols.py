"""Symbols, intervals and moments in time."""

import re
from datetime import UTC, date, datetime
from typing import Literal, TypeAlias

import numpy as np
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

Moment: TypeAlias = datetime | date | np.datetime64 | str | float
"""A point in time: an aware datetime, a date (its 00:00 UTC), ISO 8601 text (UTC when it names no zone), or
seconds since 1970."""

ASSET = re.compile(r"[A-Z0-9]{1,20}")
"""An asset as the project writes it."""


def parse_symbol(symbol: str) -> tuple[str, str]:
    """Split ``BASE/QUOTE`` into its two assets, upper case. ValueError for anything else."""
    base, slash, quote = symbol.strip().upper().partition("/") if isinstance(symbol, str) else ("", "", "")
    if not slash or not ASSET.fullmatch(base) or not ASSET.fullmatch(quote):
        raise ValueError(
            f"symbol={str(symbol)[:60]!r}: expected BASE/QUOTE in letters and digits, as in 'BTC/USDT'"
        )
    return base, quote


def parse_asset(asset: str, field: str = "asset") -> str:
    """An asset, upper case: ``BTC``, or the base of ``BTC/USDT``. ValueError names the field."""
    base, slash, quote = asset.strip().upper().partition("/") if isinstance(asset, str) else ("", "", "")
    if not ASSET.fullmatch(base) or (slash and not ASSET.fullmatch(quote)):
        raise ValueError(f"{field}={str(asset)[:60]!r}: expected an asset in letters and digits, as in 'BTC'")
    return base


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


def ceil_time(seconds: float, interval: str) -> int:
    """Open time of the first candle that opens at this moment or later."""
    floor = floor_time(seconds, interval)
    return floor if floor == seconds else floor + INTERVALS[interval]
