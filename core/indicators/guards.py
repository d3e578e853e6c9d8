"""Which rows of a frame an indicator may use, and where a run of them begins.

A row counts as missing when an input is no price or volume (not finite, not above zero, beyond any money),
and, *as known*, when its repair used later candles. Runs break where more candles in a row are missing than
the policy allows: an average across an outage is an average over nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.answer import KintsugiError
from core.indicators.declare import Array, Columns, Declaration
from core.market import interval_seconds

Mask = npt.NDArray[np.bool_]
Stamps = npt.NDArray[np.int64]

MAX_GAP = 12
"""Missing candles in a row that are stepped over. Beyond this many RSI(14) is off by more than 4 points."""

LEAST, MOST = 1e-50, 1e50
"""Prices outside are none, and their squares and products would overflow."""

OBSERVED = ("observed", "refetch")
"""Methods of rows that the venue itself gave; every other method is a repair."""

CAUSAL = (*OBSERVED, "finer", "flat")
"""Methods that use nothing later than the candle itself. Any other may have (a line to the next open, another
venue calibrated on both sides), and counts so unless the frame says which rows did: their open times in
``attrs["uses_future"]``."""

SECOND = 1_000_000_000

NEVER = -(2**63)
"""Before any open time in nanoseconds."""


class NotEnoughCandles(KintsugiError, ValueError):
    """Fewer usable candles in a row than the first value takes."""

    def __init__(self, needed: int, got: int, what: str = "this indicator") -> None:
        self.needed = needed
        self.got = got
        super().__init__(f"{what} needs {needed} candles in a row, and there are {got}")


class NoVolume(KintsugiError, ValueError):
    """The frame has no volume, and the indicator is about volume."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The usable rows of a frame."""

    frame: pd.DataFrame
    at: npt.NDArray[np.intp] | slice
    """Where in the frame they stand."""
    stamps: Stamps
    """Their open times, in nanoseconds since 1970."""
    columns: Columns
    repaired: Mask | None
    """Which of them were not observed; None for a frame that does not say."""
    starts: tuple[int, ...]
    """Where each run begins, counted in usable rows."""
    step: int
    """One interval in nanoseconds; 0 where a single row cannot tell."""
    seen: int
    """Open time of the last row, usable or not."""
    left_out: dict[str, int]

    def runs(self) -> Iterator[tuple[int, int]]:
        """First row and end of each run."""
        ends = (*self.starts[1:], len(self.stamps)) if self.starts else ()
        yield from zip(self.starts, ends, strict=True)

    def run(self, start: int, stop: int) -> Columns:
        """The inputs of one run."""
        if start == 0 and stop == len(self.stamps):
            return self.columns
        c = self.columns
        return Columns(c.high[start:stop], c.low[start:stop], c.close[start:stop], c.volume[start:stop])


def take(
    frame: pd.DataFrame,
    declared: Declaration,
    *,
    as_known: bool,
    max_gap: int,
    step: int = 0,
    fixed: bool = False,
    since: int = NEVER,
) -> Rows:
    """The rows that ``declared`` may use. Those left out are counted when they come after ``since``.

    ``step`` is one interval in nanoseconds; unless it is ``fixed``, a smaller distance between two rows
    replaces it from there on: what one interval is, too, is learnt from earlier rows only.
    """
    _check_columns(frame, declared)
    stamps = stamps_of(frame)
    distances = np.diff(stamps)
    if len(distances) and distances.min() <= 0:
        raise ValueError("frame: expected ascending, unique times; core.candles.repair makes them so")
    inputs = {name: _numbers(frame[name]) for name in declared.inputs}
    sound = _sound(inputs, len(frame))
    future = _used_future(frame, stamps) if as_known else None
    usable = sound if future is None else (~future if sound is None else sound & ~future)
    fresh = stamps > since
    left_out = {
        "unusable": 0 if sound is None else int((fresh & ~sound).sum()),
        "future": 0 if future is None else int((fresh & (future if sound is None else future & sound)).sum()),
    }
    at: npt.NDArray[np.intp] | slice = slice(None)
    if usable is not None and not usable.all():
        at = np.flatnonzero(usable)
        inputs = {name: values[at] for name, values in inputs.items()}
    repaired = _repaired(frame)[at] if "method" in frame else None
    starts, step = _starts(stamps, distances, at, max_gap, step, fixed)
    seen = int(stamps[-1]) if len(stamps) else NEVER
    return Rows(frame, at, stamps[at], Columns(**inputs), repaired, starts, step, seen, left_out)


def stamps_of(frame: pd.DataFrame) -> Stamps:
    """The open times of the rows in nanoseconds since 1970. ValueError for an index that is no time."""
    if not len(frame):
        return np.empty(0, dtype=np.int64)
    if not isinstance(frame.index, pd.DatetimeIndex) or frame.index.hasnans:
        raise ValueError(
            f"frame: expected a candles frame with times as its index, got {type(frame.index).__name__}"
        )
    return np.asarray(frame.index.as_unit("ns").asi8)


def one_interval(interval: str | None) -> int:
    """Nanoseconds of a named interval, 0 for None. ValueError names the allowed ones."""
    return interval_seconds(interval) * SECOND if interval is not None else 0


def check_gap(max_gap: object) -> int:
    """ValueError unless it is a whole number from 0 up."""
    if isinstance(max_gap, bool) or not isinstance(max_gap, int) or max_gap < 0:
        raise ValueError(f"max_gap={str(max_gap)[:20]!r}: expected a whole number of candles from 0 up")
    return max_gap


def _check_columns(frame: pd.DataFrame, declared: Declaration) -> None:
    missing = [name for name in declared.inputs if name not in frame]
    if missing == ["volume"]:
        raise NoVolume(f"{declared.name} needs volume, and this frame has none")
    if missing:
        raise ValueError(f"frame: {declared.name} needs the column {missing[0]}")


def _numbers(column: pd.Series) -> Array:
    if isinstance(column.dtype, np.dtype):
        return np.ascontiguousarray(column.to_numpy(dtype=np.float64))
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _sound(inputs: dict[str, Array], count: int) -> Mask | None:
    """Rows whose inputs are all prices and volumes; None when all are."""
    ranges = {name: (0.0 if name == "volume" else LEAST) for name in inputs}
    if not count or all(ranges[name] <= v.min() and v.max() <= MOST for name, v in inputs.items()):
        return None
    sound = np.ones(count, dtype=np.bool_)
    for name, values in inputs.items():
        sound &= (values >= ranges[name]) & (values <= MOST)
    return sound


def _repaired(frame: pd.DataFrame) -> Mask:
    return ~frame["method"].isin(OBSERVED).to_numpy(dtype=np.bool_)


def _used_future(frame: pd.DataFrame, stamps: Stamps) -> Mask | None:
    """Rows that rest on later candles; None when there are none."""
    if "uses_future" in frame.attrs:
        told = pd.DatetimeIndex(pd.to_datetime(list(frame.attrs["uses_future"]), utc=True)).as_unit("ns").asi8
        future = np.isin(stamps, told)
    elif "method" in frame:
        future = ~frame["method"].isin(CAUSAL).to_numpy(dtype=np.bool_)
    else:
        return None
    return future if future.any() else None


def _starts(
    stamps: Stamps,
    distances: Stamps,
    at: npt.NDArray[np.intp] | slice,
    max_gap: int,
    step: int,
    fixed: bool,
) -> tuple[tuple[int, ...], int]:
    """Where the runs of usable rows begin, and one interval as known at the last row."""
    used = stamps[at]
    if len(distances) and not fixed:
        smallest = int(distances.min())
        if isinstance(at, slice) and distances.max() <= smallest * (max_gap + 1):
            return (0,), min(step or smallest, smallest)
        steps = np.minimum.accumulate(np.minimum(distances, step) if step else distances)
        step = int(steps[-1])
    else:
        steps = np.full(len(distances), step, dtype=np.int64)
    if len(used) <= 1:
        return (0,) * len(used), step
    known = steps if isinstance(at, slice) else steps[at[1:] - 1]
    broken = np.flatnonzero(np.diff(used) > known * (max_gap + 1)) + 1
    return (0, *broken.tolist()), step
