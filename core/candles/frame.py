"""Candle rows as plain arrays: the form that every detector and every repair works on.

Times are int64 **microseconds** since 1970, whatever unit the incoming index has, so that an index in seconds
that reaches the year 52000 (milliseconds read as seconds) can still be looked at and put right.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.answer import KintsugiError
from core.market import CANDLE_FIELDS, INTERVALS, floor_time

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Codes: TypeAlias = npt.NDArray[np.signedinteger[Any]]

SECOND = 1_000_000
"""Microseconds."""
PRICES = ("open", "high", "low", "close")
OBSERVED = ("observed", "refetch")
"""Methods of rows that the venue itself gave; every other method is a repair."""
LATEST = np.iinfo(np.int64).max // 1000
"""Microseconds: the last moment, in 2262, that nanoseconds can count."""
_NEVER = np.iinfo(np.int64).min
_PER_SECOND = {"s": 1, "ms": 1000}


class NotCandles(KintsugiError, ValueError):
    """What was given is no candle table at all; the text says what was looked for and what was found."""


def _narrow(names: Sequence[str]) -> type[np.signedinteger[Any]]:
    """The least type that can count so many names."""
    return np.int8 if len(names) < 128 else np.int32


@dataclass(frozen=True, slots=True)
class Labels:
    """One word a row, as positions in a short list of names."""

    codes: Codes
    names: tuple[str, ...]

    @classmethod
    def all(cls, name: str, size: int) -> "Labels":
        """The same word everywhere."""
        return cls(np.zeros(size, dtype=np.int8), (name,))

    @classmethod
    def of(cls, column: "pd.Series[Any]") -> "Labels":
        """From a column of words; a cell that holds none becomes ``nan``."""
        words = pd.Categorical(column)
        names = tuple(str(name) for name in words.categories)
        codes, lacking = words.codes, words.codes < 0
        if lacking.any():
            codes, names = np.where(lacking, len(names), codes), (*names, "nan")
        return cls(codes.astype(_narrow(names)), names)

    @classmethod
    def joined(cls, parts: Sequence["Labels"]) -> "Labels":
        """One after the other."""
        names = tuple(dict.fromkeys(name for part in parts for name in part.names))
        return cls(np.concatenate([part.coded(names) for part in parts]), names)

    def coded(self, names: tuple[str, ...]) -> Codes:
        """The codes over a longer list of names."""
        if self.names == names[: len(self.names)]:
            return self.codes
        place = {name: at for at, name in enumerate(names)}
        return np.array([place[name] for name in self.names], dtype=_narrow(names))[self.codes]

    def overwritten(self, rows: Ints, others: "Labels") -> "Labels":
        """With other words at these rows."""
        names = tuple(dict.fromkeys((*self.names, *others.names)))
        codes = self.coded(names).astype(_narrow(names))
        codes[rows] = others.coded(names)
        return Labels(codes, names)

    def take(self, rows: npt.NDArray[Any] | slice) -> "Labels":
        """These rows, by position, by mask or as a slice."""
        return Labels(self.codes[rows], self.names)

    def among(self, names: Collection[str]) -> Bools:
        """Rows whose word is one of these."""
        chosen = np.array([name in names for name in self.names], dtype=np.bool_)
        return chosen[self.codes] if len(chosen) else np.zeros(len(self.codes), bool)

    def ranks(self) -> Ints:
        """Numbers that sort as the words do, whatever the order of ``names``."""
        place = {name: at for at, name in enumerate(sorted(self.names))}
        return np.array([place[name] for name in self.names], dtype=np.int64)[self.codes]

    def used(self) -> list[str]:
        """The names that occur, in alphabetical order."""
        if len(self.names) > 50:
            counts = np.bincount(self.codes, minlength=len(self.names))
        else:  # quicker over a million rows of a few words
            counts = np.array([(self.codes == code).any() for code in range(len(self.names))])
        return sorted({name for name, count in zip(self.names, counts, strict=False) if count})

    def words(self) -> list[str]:
        """Each row's word."""
        return [self.names[code] for code in self.codes.tolist()]

    def categorical(self, names: Sequence[str]) -> pd.Categorical:
        """As a pandas column over these names, which hold all that occur."""
        codes = self.codes
        if self.names != tuple(names)[: len(self.names)]:
            place = {name: at for at, name in enumerate(names)}
            codes = np.array([place.get(name, -1) for name in self.names], dtype=_narrow(names))[codes]
        dtype = pd.CategoricalDtype(pd.Index(list(names), dtype="str"))
        return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


@dataclass(frozen=True, slots=True)
class Bars:
    """Rows in their order: times in microseconds, one float64 array a field, and who each row came from."""

    time: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats | None
    source: Labels | None = None
    method: Labels | None = None
    """None: every row is observed."""

    def __len__(self) -> int:
        return len(self.time)

    @property
    def fields(self) -> tuple[str, ...]:
        """The value columns that are there."""
        return CANDLE_FIELDS if self.volume is not None else PRICES

    def column(self, field: str) -> Floats:
        """One value column by name."""
        found: Floats = getattr(self, field)
        return found

    def take(self, rows: npt.NDArray[Any] | slice) -> "Bars":
        """These rows, by position, by mask or as a slice."""
        return Bars(
            self.time[rows],
            self.open[rows],
            self.high[rows],
            self.low[rows],
            self.close[rows],
            None if self.volume is None else self.volume[rows],
            None if self.source is None else self.source.take(rows),
            None if self.method is None else self.method.take(rows),
        )

    def joined(self, other: "Bars") -> "Bars":
        """These rows, then others with the same columns; who each came from is said."""

        def pair(name: str, default: str) -> Labels:
            both = (self, other)
            return Labels.joined([getattr(part, name) or Labels.all(default, len(part)) for part in both])

        o, h, low, c, *volume = (
            np.concatenate((self.column(name), other.column(name))) for name in self.fields
        )
        time = np.concatenate((self.time, other.time))
        words = pair("source", "raw"), pair("method", "observed")
        return Bars(time, o, h, low, c, volume[0] if volume else None, *words)

    def observed(self) -> Bools | None:
        """Mask of rows that the venue gave, or None when that is all of them."""
        return None if self.method is None else self.method.among(OBSERVED)

    def scaled(self, factor: float) -> "Bars":
        """The same rows at prices so many times as high."""
        prices = (self.open * factor, self.high * factor, self.low * factor, self.close * factor)
        return Bars(self.time, *prices, self.volume, self.source, self.method)

    def given(self) -> "Bars":
        """The rows that the venue gave."""
        mask = self.observed()
        return self if mask is None else self.take(np.flatnonzero(mask))

    def at(self, time: Ints) -> "Bars":
        """The same rows with other times."""
        return replace(self, time=time)


def step_of(interval: str) -> int:
    """Microseconds of an interval. ValueError names the allowed ones."""
    floor_time(0, interval)
    return INTERVALS[interval] * SECOND


def anchor_of(interval: str) -> int:
    """A moment on the interval's grid (weeks open on Monday), in microseconds within one step of 1970."""
    return floor_time(0, interval) * SECOND


def micros(index: pd.DatetimeIndex) -> Ints:
    """An index of any unit and zone as microseconds since 1970; NaT becomes the smallest int64.

    What lies between two microseconds rounds down. Years that would overflow are cut off at the range's end.
    """
    raw = index.asi8
    per_unit = {"s": SECOND, "ms": 1000, "us": 1}.get(index.unit)
    if per_unit is None:
        return np.where(raw == _NEVER, _NEVER, raw // 1000) if index.hasnans else raw // 1000
    limit = np.iinfo(np.int64).max // per_unit
    cut = np.clip(raw, -limit, limit) * per_unit
    return np.where(raw == _NEVER, _NEVER, cut) if index.hasnans else cut


def from_seconds(seconds: Floats) -> Ints:
    """Microseconds of seconds: whole ones apart, since of a product of both the last digit would be lost."""
    whole = np.floor(seconds)
    with np.errstate(invalid="ignore"):  # beyond all of time
        return whole.astype(np.int64) * SECOND + np.round((seconds - whole) * SECOND).astype(np.int64)


def to_index(time: Ints, unit: str = "ns") -> pd.DatetimeIndex:
    """Microseconds as the index of a candles frame. A unit too fine for the range or too coarse gives way to ``us``."""
    if unit in _PER_SECOND:
        whole = SECOND // _PER_SECOND[unit]
        stamps = time // whole
        if (stamps * whole != time).any():
            unit, stamps = "us", time
    elif unit == "us" or (len(time) and (time.max() > LATEST or time.min() < -LATEST)):
        unit, stamps = "us", time
    else:
        stamps = time * 1000
    return pd.DatetimeIndex(stamps, dtype=f"datetime64[{unit}, UTC]", name="time", copy=False)


def is_candles(frame: object) -> bool:
    """Whether this already has the contract's shape, so that its columns can be used as they are."""
    if not isinstance(frame, pd.DataFrame) or not isinstance(frame.index, pd.DatetimeIndex):
        return False
    if frame.index.tz is None or str(frame.index.tz) != "UTC" or not frame.columns.is_unique:
        return False
    allowed = {*CANDLE_FIELDS, "source", "method"}
    if not set(PRICES) <= set(frame.columns) or not set(frame.columns) <= allowed:
        return False
    return all(frame[name].dtype == np.float64 for name in CANDLE_FIELDS if name in frame) and not (
        frame.index.hasnans
    )


def bars_of(frame: pd.DataFrame) -> Bars:
    """The arrays of a frame for which :func:`is_candles` holds; values are shared, not copied."""
    columns: dict[str, Any] = {name: frame[name].to_numpy() for name in PRICES}
    volume = frame["volume"].to_numpy() if "volume" in frame else None
    source = Labels.of(frame["source"]) if "source" in frame else None
    method = Labels.of(frame["method"]) if "method" in frame else None
    if method is not None and method.used() in ([], ["observed"]):
        method = None
    return Bars(micros(pd.DatetimeIndex(frame.index)), **columns, volume=volume, source=source, method=method)


def venue_of(attrs: Mapping[Any, Any]) -> str | None:
    """Provider id that a frame's attrs name, or None."""
    found = attrs.get("venue") or attrs.get("source") or attrs.get("provider")
    return str(found) if found else None


def quote_of(attrs: Mapping[Any, Any]) -> str | None:
    """Quote currency that a frame's attrs name, by ``quote`` or by ``symbol``, or None."""
    found = attrs.get("quote") or str(attrs.get("symbol") or "").partition("/")[2]
    return str(found).upper() if found else None


def spacing(time: Ints) -> int:
    """The usual distance between two neighbouring different times, in microseconds; 0 with fewer than two."""
    gaps = np.diff(np.sort(time))
    gaps = gaps[gaps > 0]
    return int(np.median(gaps)) if len(gaps) else 0


def iso(time: int) -> str:
    """Microseconds as text for messages; the bare number when no calendar reaches there."""
    try:
        return pd.Timestamp(int(time), unit="us", tz="UTC").strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    except (ValueError, OverflowError, NotImplementedError):
        return f"{int(time)} us"
