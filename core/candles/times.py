"""Times as people's files write them, as microseconds since 1970."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import infer_dtype

from core.candles.frame import Bools, Floats, Ints, micros

UNREAD = np.iinfo(np.int64).min
_UNITS = (("s", 1e11, 1e6), ("ms", 1e14, 1e3), ("us", 1e17, 1.0), ("ns", np.inf, 1e-3))
"""Unit, magnitude below which a number is taken for it, microseconds in one."""
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I-%p", " %H")
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%a, %d %b %Y",
          "%B %d, %Y", "%d %B %Y")  # fmt: skip
_DAY_FIRST = tuple(f"%d{dot}%m{dot}%{year}" for dot in "/.-" for year in "Yy")
_MONTH_FIRST = tuple(f"%m{dot}%d{dot}%{year}" for dot in "/-" for year in "Yy")
_OTHERS = ("%Y%m%d %H%M%S", "%Y%m%d %H%M", "%a %b %d %H:%M:%S %Y")
_LEADING = re.compile(r"\s*(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}")
_COMPACT = re.compile(
    r"((?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))((?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?"
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AP]M)?", re.IGNORECASE)
_ZONED = re.compile(r"(Z|UTC|GMT|[+-]\d\d:?\d\d)\s*$", re.IGNORECASE)
_NAMED = re.compile(r"(?<!\s)\s*\(?(UTC|GMT)\)?$", re.IGNORECASE)


def read_times(column: "pd.Series[Any]") -> tuple[Ints, list[str], Bools]:
    """Times of any kind → microseconds (``UNREAD`` where there is none), notes, and rows in a unit of their own.

    Numbers are read by magnitude, row by row, so seconds among milliseconds come out right; the mask says which
    rows these were.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(column.dtype):
        index = pd.DatetimeIndex(column)
        notes = [] if index.tz is not None else ["times name no zone: read as UTC"]
        return micros(index), notes, np.zeros(len(column), bool)
    if isinstance(column.dtype, pd.PeriodDtype):
        return micros(pd.PeriodIndex(column).to_timestamp()), [], np.zeros(len(column), bool)
    text = column.astype(object)
    number = _numbers(text)
    return _from_values(text, number)


def _numbers(values: "pd.Series[Any]") -> Floats:
    plain = values
    if infer_dtype(values) != "string":
        plain = values.map(lambda cell: np.nan if isinstance(cell, bool | complex) else cell)
    return np.asarray(pd.to_numeric(plain, errors="coerce"), dtype=np.float64)


def _exact(values: "pd.Series[Any]", number: Floats, factor: float, rows: Bools) -> Ints:
    """Whole numbers without the detour over float64, which cannot hold every nanosecond."""
    if factor == 1e-3:
        whole = [
            int(cell) if str(cell).strip().lstrip("+-").isdecimal() else int(float(cell))
            for cell in values[rows]
        ]
        return np.array([cell // 1000 for cell in whole], dtype=np.int64)
    return np.round(number[rows] * factor).astype(np.int64)


def _from_values(values: "pd.Series[Any]", number: Floats) -> tuple[Ints, list[str], Bools]:
    time = np.full(len(values), UNREAD, dtype=np.int64)
    unit = np.full(len(values), -1, dtype=np.int8)
    notes: list[str] = []
    is_number = np.isfinite(number)
    if is_number.any() and _is_compact(values[is_number]):
        is_number[:] = False
    size, low = np.abs(number), 0.0
    for place, (_, high, factor) in enumerate(_UNITS):
        rows = is_number & (size >= low) & (size < high)
        if rows.any() and (place < 3 or size[rows].max() < 9e18):
            time[rows] = _exact(values, number, factor, rows)
            unit[rows] = place
        low = high
    texts = ~is_number & values.notna().to_numpy()
    if texts.any():
        time[texts], said = _from_text(values[texts])
        notes += said
    counts = np.bincount(unit[unit >= 0], minlength=4)
    odd = (unit >= 0) & (unit != counts.argmax())
    if odd.any():
        names = ", ".join(f"{counts[place]} rows in {_UNITS[place][0]}" for place in np.flatnonzero(counts))
        notes.append(f"times in mixed units: {names}")
    return time, notes, odd


def is_clock(values: "pd.Series[Any]") -> bool:
    """Whether all of these are times of day such as 09:30:00, as beside a column of dates."""
    return len(values) > 0 and all(_CLOCK.fullmatch(str(cell).strip()) for cell in values)


def _is_compact(values: "pd.Series[Any]") -> bool:
    """Whether all of these are dates such as 20200131, with or without a time of day such as 0930."""
    return all(_COMPACT.fullmatch(str(cell).removesuffix(".0")) for cell in values)


def _from_text(values: "pd.Series[Any]") -> tuple[Ints, list[str]]:
    text = values.map(lambda cell: str(cell).strip()[:60])
    zoned = text.map(lambda cell: bool(_ZONED.search(cell))).to_numpy(dtype=np.bool_)
    text = text.map(_unfolded)
    left = np.ones(len(text), bool)
    time = np.full(len(text), UNREAD, dtype=np.int64)
    pairs = [found.groups() for found in map(_LEADING.match, text[:2000]) if found]
    day_first = any(int(first) > 12 for first, _ in pairs) or any("." in cell[:3] for cell in text[:50])
    notes = []
    if pairs and not day_first and all(int(second) <= 12 for _, second in pairs):
        notes.append("dates such as 03/04/2020 read as month/day")
    dates = (*_DATES, *(_DAY_FIRST if day_first else _MONTH_FIRST))
    for form in ("ISO8601", *(date + clock for date in dates for clock in _CLOCKS), *_OTHERS):
        if not left.any():
            break
        try:
            found = pd.to_datetime(text[left], format=form, errors="coerce", utc=True)
        except (ValueError, OverflowError, TypeError):
            continue
        read: npt.NDArray[np.int64] = micros(pd.DatetimeIndex(found))
        rows = np.flatnonzero(left)
        time[rows] = read
        left[rows] = read == UNREAD
    if not zoned[~left].all():
        notes.append("times name no zone: read as UTC")
    return time, notes


def _unfolded(text: str) -> str:
    """Without the name of the zone that is meant anyway, and with compact dates in a form that can be parsed."""
    text = _NAMED.sub("", text.removesuffix(".0"))
    found = _COMPACT.fullmatch(text)
    return text if found is None or found[2] is None else f"{found[1]} {found[2]}"
