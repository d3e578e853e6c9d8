"""Times as people's files write them, as microseconds since 1970."""

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from core.candles.dates import UNREAD, read_dates
from core.candles.frame import Bools, Floats, Ints, micros

_UNITS = (("s", 1e11, 1e6), ("ms", 1e14, 1e3), ("us", 1e17, 1.0), ("ns", np.inf, 1e-3))
"""Unit, magnitude below which a number is taken for it, microseconds in one."""
_COMPACT = re.compile(
    r"((?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))((?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?"
)


def read_times(column: "pd.Series[Any]") -> tuple[Ints, list[str], Bools]:
    """Times of any kind → microseconds (``UNREAD`` where there is none), notes, and rows in a unit of their own.

    Numbers are read by magnitude, row by row, so seconds among milliseconds come out right; the mask says which
    rows these were.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
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
        plain = values.map(_plain_number)
    return np.asarray(pd.to_numeric(plain, errors="coerce"), dtype=np.float64)


def _plain_number(cell: object) -> object:
    """A cell that is a number or may be one written out; pandas would count dates in nanoseconds."""
    return cell if isinstance(cell, int | float | str | Decimal) and not isinstance(cell, bool) else np.nan


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
        time[texts], said = read_dates(values[texts])
        notes += said
    counts = np.bincount(unit[unit >= 0], minlength=4)
    odd = (unit >= 0) & (unit != counts.argmax())
    if odd.any():
        names = ", ".join(f"{counts[place]} rows in {_UNITS[place][0]}" for place in np.flatnonzero(counts))
        notes.append(f"times in mixed units: {names}")
    return time, notes, odd


def _is_compact(values: "pd.Series[Any]") -> bool:
    """Whether all of these are dates such as 20200131, with or without a time of day such as 0930."""
    return all(_COMPACT.fullmatch(str(cell).removesuffix(".0")) for cell in values)
