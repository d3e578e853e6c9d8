"""Numbers and times out of JSON: column by column, and strict. What is no number raises BadPayload."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from core.answer import BadPayload

Floats: TypeAlias = npt.NDArray[np.float64]
TimeUnit: TypeAlias = Literal["s", "ms", "us", "ns", "iso"]

PER_SECOND: dict[str, int] = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}

EARLIEST = 1_230_940_800.0
"""2009-01-03, the first bitcoin block: no market is older, so an earlier time is a wrong unit."""

LATEST = 4_102_444_800.0
"""2100-01-01."""

_NUMBER_SIGNS = re.compile(r"[0-9.eE+-]+")
_NUMBERS = {int, float}


def clip(value: Any, most: int = 80) -> str:
    """A value from outside, short and printable, for a message."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def floats(values: Sequence[Any], what: str) -> Floats:
    """A column of finite floats from JSON numbers or their text. BadPayload names the first bad row."""
    try:
        kinds = set(map(type, values))
        if kinds == {str}:
            # One look at all signs keeps "1_0", " 1" and "nan", which float() would take, out.
            if _NUMBER_SIGNS.fullmatch("".join(values)):
                found = np.fromiter(map(float, values), np.float64, len(values))
                if np.isfinite(found).all():
                    return found
        elif kinds <= _NUMBERS:
            found = np.array(values, np.float64)
            if np.isfinite(found).all():
                return found
    except (ValueError, OverflowError):
        pass  # the slow way below finds the row and says what is wrong with it
    return np.array([number(value, f"row {row}: {what}") for row, value in enumerate(values, 1)], np.float64)


def number(value: Any, what: str) -> float:
    """One finite float from a JSON number or its text."""
    try:
        if type(value) in _NUMBERS or (isinstance(value, str) and _NUMBER_SIGNS.fullmatch(value)):
            found = float(value)
            if math.isfinite(found):
                return found
    except (ValueError, OverflowError):
        pass  # said below, in one voice with all else that is no number
    raise BadPayload(f"{what} is {clip(value)}, expected a number")


def times(values: Sequence[Any], unit: TimeUnit, what: str = "time") -> Floats:
    """A column of times in seconds since 1970. BadPayload for what cannot be a market's time."""
    if unit == "iso":
        found = np.array([_iso(value, f"row {row}: {what}") for row, value in enumerate(values, 1)])
    else:
        found = floats(values, what) / PER_SECOND[unit]
    if len(found) and not (found.min() >= EARLIEST and found.max() < LATEST):
        row = int(np.argmax((found < EARLIEST) | (found >= LATEST)))
        raise BadPayload(
            f"row {row + 1}: {what} {clip(values[row])} is not plausible in {unit}: another unit?"
        )
    return found


def moment(value: Any, unit: TimeUnit, what: str) -> datetime:
    """One time, as an aware UTC datetime."""
    seconds = _iso(value, what) if unit == "iso" else number(value, what) / PER_SECOND[unit]
    if not EARLIEST <= seconds < LATEST:
        raise BadPayload(f"{what} {clip(value)} is not plausible in {unit}: another unit?")
    return datetime.fromtimestamp(seconds, UTC)


def _iso(value: Any, what: str) -> float:
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).timestamp()
    except (ValueError, OverflowError):
        pass  # said below, together with what is no text at all
    raise BadPayload(f"{what} is {clip(value)}, expected an ISO 8601 time")
