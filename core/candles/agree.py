"""A second series of the same symbol: another venue, the same venue asked again, or a finer interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.candles.cause import Witness
from core.candles.frame import (
    Bars,
    Bools,
    Floats,
    Ints,
    bars_of,
    is_candles,
    quote_of,
    spacing,
    venue_of,
)
from core.candles.normalise import normalise
from core.candles.structure import arrange

Kind = Literal["again", "finer", "venue"]
_PIECE = 500
"""Slots over which the usual ratio between two venues is taken to hold."""


@dataclass(frozen=True, slots=True)
class Second:
    """Another series on the same slots."""

    name: str
    kind: Kind
    rows: Bars
    slot: Ints

    def witness(self) -> Witness | None:
        """When it traded."""
        return Witness.of(self.rows, self.slot)

    def fitted(self, rows: Bars, slot: Ints) -> tuple[Bars, Ints]:
        """Its rows and slots; those of another venue moved by the usual ratio to the given rows."""
        if self.kind != "venue":
            return self.rows, self.slot
        at, there = self.find(slot)
        with np.errstate(all="ignore"):
            ratio = rows.close[there] / self.rows.close[at[there]]
        ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
        usual = float(np.median(ratio)) if len(ratio) else 1.0
        return self.rows.scaled(usual), self.slot

    def find(self, slot: Ints) -> tuple[Ints, Bools]:
        """Its row at each of these slots, and whether it has one."""
        if not len(self.slot):
            return np.zeros(len(slot), dtype=np.int64), np.zeros(len(slot), bool)
        at = np.minimum(np.searchsorted(self.slot, slot), len(self.slot) - 1)
        return at, self.slot[at] == slot


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two series compare, at the rows that both have."""

    shared: Ints
    """Positions in the audited rows."""
    close: Floats
    """Log ratio of the closes there, less the usual one."""
    second: Ints
    differ: Bools
    exact: bool
    """A finer series of the same venue: the values must be equal, not only near."""


def bars_from(frame: object) -> tuple[Bars, dict[Any, Any]]:
    """Arrays and attrs of any candle table. NotCandles when it is none."""
    if not is_candles(frame):
        frame = normalise(frame)  # type: ignore[arg-type]  # it says itself what it cannot take
    assert isinstance(frame, pd.DataFrame)  # noqa: S101 (for the type checker)
    return bars_of(frame), frame.attrs


def second_of(
    frame: object, name: str | None, attrs: Mapping[Any, Any], own: tuple[Bars, Ints], step: int, offset: int
) -> tuple[Second | None, str | None]:
    """Read another series onto our slots: it, or the reason why it cannot be used.

    ``own`` are our rows and slots. A series that gives no venue is the same venue asked again when nearly all
    rows that both have are the same to the last digit.
    """
    bars, theirs = bars_from(frame)
    bars = bars.given()
    name = name or venue_of(theirs) or "reference"
    quote, other = quote_of(attrs), quote_of(theirs)
    if quote is not None and quote != other:
        return None, f"{name} is priced in {other or 'an unnamed currency'}, not in {quote}: not used"
    width = spacing(bars.time)
    finer = 0 < width < step and step % width == 0
    shape = arrange(bars, width if finer else step, offset % width if finer else offset)
    if shape.offset != (offset % width if finer else offset):
        return None, f"{name} has another grid: not used"
    fine = np.flatnonzero(possible(shape.rows))
    rows, slot = shape.rows.take(fine), (shape.time_of(shape.slot[fine]) - offset) // step
    if finer:
        rows, slot = aggregate(rows, slot, step // width)
    here = venue_of(attrs)
    there = venue_of(theirs) or name
    same = here is not None and here in {there, name}
    if here is None or finer:
        same = same or _copies(own, rows, slot)
    if finer and not same:
        return Second(name, "venue", rows, slot), None
    return Second(name, "finer" if finer else "again" if same else "venue", rows, slot), None


def possible(rows: Bars) -> Bools:
    """Rows whose values can be: finite, positive, in order."""
    with np.errstate(all="ignore"):
        good = np.isfinite(rows.high) & (rows.low > 0)
        good &= (rows.high >= np.maximum(rows.open, rows.close)) & (
            rows.low <= np.minimum(rows.open, rows.close)
        )
        if rows.volume is not None:
            good &= np.isfinite(rows.volume) & (rows.volume >= 0)
    return np.asarray(good)


def aggregate(rows: Bars, slot: Ints, parts: int) -> tuple[Bars, Ints]:
    """Finer candles as coarse ones, of slots that have all their parts: 60 of one minute make the hour."""
    if not len(slot):
        return rows, slot
    first = np.flatnonzero(np.r_[True, np.diff(slot) > 0])
    last = np.r_[first[1:], len(slot)] - 1
    whole = (last - first + 1) == parts
    coarse = Bars(
        rows.time[first],
        rows.open[first],
        np.maximum.reduceat(rows.high, first),
        np.minimum.reduceat(rows.low, first),
        rows.close[last],
        None if rows.volume is None else np.add.reduceat(rows.volume, first),
    )
    keep = np.flatnonzero(whole)
    return coarse.take(keep), slot[first][keep]


def _copies(own: tuple[Bars, Ints], rows: Bars, slot: Ints) -> bool:
    ours, our_slot = own
    _, at, there = np.intersect1d(our_slot, slot, assume_unique=True, return_indices=True)
    if len(at) < 10:
        return False
    equal = np.isclose(ours.close[at], rows.close[there], rtol=1e-12) & np.isclose(
        ours.high[at], rows.high[there], rtol=1e-12
    )
    moved = np.mean(ours.close[at] != np.median(ours.close[at])) > 0.1
    return bool(moved and equal.mean() >= 0.9)


def compare(rows: Bars, slot: Ints, second: Second, whole: float) -> Agreement | None:
    """Closes held against the second series; None when fewer than ten rows can be. ``whole``: one-bar scale."""
    at, there = second.find(slot)
    with np.errstate(all="ignore"):
        ratio = np.log(rows.close / second.rows.close[at]) if len(second.rows) else np.zeros(len(rows))
    shared = np.flatnonzero(there & np.isfinite(ratio))
    if len(shared) < 10:
        return None
    ratio, other = ratio[shared], at[shared]
    if second.kind != "venue":
        near = np.all(
            [np.isclose(rows.column(name)[shared], second.rows.column(name)[other], rtol=1e-9)
             for name in ("open", "high", "low", "close")], axis=0)  # fmt: skip
        if second.rows.volume is not None and rows.volume is not None:
            near &= np.isclose(rows.volume[shared], second.rows.volume[other], rtol=1e-6, atol=1e-12)
        return Agreement(shared, ratio, other, ~near, exact=True) if near.mean() >= 0.5 else None
    pieces = np.arange(0, len(ratio), _PIECE)
    basis = np.array([np.median(ratio[first : first + _PIECE]) for first in pieces])
    away = ratio - np.repeat(basis, _PIECE)[: len(ratio)]
    spread = 1.4826 * float(np.median(np.abs(away)))
    return Agreement(shared, away, other, np.abs(away) > max(8 * spread, 2 * whole), exact=False)
