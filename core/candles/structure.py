"""Order, time units, duplicates, grid, open candles: what can be wrong before any price is looked at."""

from dataclasses import dataclass

import numpy as np

from core.candles.frame import SECOND, Bars, Bools, Ints, spacing
from core.candles.scale import chunks
from core.candles.seats import choose

_FACTORS = (1000, 1_000_000, 1_000_000_000)
_APART = 30
"""Times whose sizes differ by more than this cannot be in one unit: all of trading lies within 2009 to 2100."""
_ERA = (1_230_768_000 * SECOND, 4_102_444_800 * SECOND)
"""These years, in microseconds."""
_NO_ROWS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Shape:
    """A series put in order, one row a slot, and everything that stood in the way. Rows count in sorted order.

    ``given`` are all rows sorted by time (and, where times are equal, by value, so that input order leaves no
    trace); the other arrays hold positions in it.
    """

    step: int
    offset: int
    """Where this series' grid lies: microseconds after 1970, below one step (plus the week's anchor)."""
    given: Bars
    kept: Ints
    """Positions of the rows that stand for their slots."""
    slot: Ints
    """Slot number of each kept row: (time − offset) ÷ step."""
    unit_from: Ints
    """Times as they were read, of the rows whose unit was wrong; else as in ``given``."""
    wrong_unit: Ints
    displaced: list[tuple[int, int, int]]
    """Stretches out of order: first time, last time, rows that come later than they should."""
    same: Ints
    """Duplicates that say the same as the row kept."""
    conflicting: Ints
    off_grid: Ints
    shifted: bool
    """The whole series lies on a grid of its own: another day anchor, or close times for open times."""
    unclosed: Ints
    """Candles that are not over yet at ``now``."""

    @property
    def rows(self) -> Bars:
        """One row a slot, ascending."""
        return self.given if len(self.kept) == len(self.given) else self.given.take(self.kept)

    def time_of(self, slot: Ints) -> Ints:
        """Open times of slots, in microseconds."""
        return slot * self.step + self.offset


def arrange(
    bars: Bars,
    step: int,
    anchor: int,
    now: int | None = None,
    *,
    causal: bool = False,
    model: tuple[Bars, Ints] | None = None,
) -> Shape:
    """Sort, put time units right, find the grid, choose among duplicates. Linear when there is nothing to do.

    Of conflicting duplicates the one nearest to ``model`` (rows and their slots, from elsewhere) is kept, else the
    one that fits its neighbours; ``causal``: the row before alone.
    """
    time, wrong = _units(bars.time, step)
    least = _least_move(time)
    displaced: list[tuple[int, int, int]] = []
    read = bars.time
    if least <= 0:
        displaced = _displaced(time) if least < 0 else []
        order = ordered(bars, time)
        bars, time, read, wrong = bars.take(order), time[order], read[order], wrong[order]
    given = bars.at(time) if wrong.any() else bars
    offset, off, shifted = anchor, np.zeros(0, bool), False
    slot = _slots(time, anchor, step)
    if any((slot[a:b] * step + anchor != time[a:b]).any() for a, b in chunks(len(time))):
        offset, off, shifted = _grid((time - anchor) % step, anchor)
        slot = _slots(time, offset, step)
    unclosed = np.flatnonzero(time + step > now) if now is not None else _NO_ROWS
    if not len(off) and not len(unclosed) and least > 0:
        kept, same, conflicting = np.arange(len(slot)), _NO_ROWS, _NO_ROWS
    else:
        grid = (offset, step)
        kept, slot, same, conflicting = choose(given, slot, off, unclosed, grid, causal=causal, model=model)
    return Shape(
        step,
        offset,
        given,
        kept,
        slot,
        read,
        np.flatnonzero(wrong),
        displaced,
        same,
        conflicting,
        np.flatnonzero(off),
        shifted,
        unclosed,
    )


def _least_move(time: Ints) -> int:
    """The smallest step from one time to the next; 1 when there is none."""
    return min((int((time[a + 1 : b + 1] - time[a:b]).min()) for a, b in chunks(len(time) - 1)), default=1)


def _slots(time: Ints, offset: int, step: int) -> Ints:
    """Number of the slot that each time lies in."""
    slot = time - offset
    slot //= step
    return slot


def _units(time: Ints, step: int) -> tuple[Ints, Bools]:
    """Times that make sense only when multiplied or divided by a power of 1000, put right, and which these are."""
    wrong = np.zeros(len(time), bool)
    if len(time) < 2:
        return time, wrong
    low, high = int(time.min()), int(time.max())
    if low > 0 and high < low * _APART:
        whole = _unit_of_all(time, step, low, high)
        return time if whole is None else whole, wrong if whole is None else ~wrong
    bulk = (time >= _ERA[0]) & (time < _ERA[1])
    if not bulk.any():
        middle = int(np.median(time))
        bulk = (time > middle // _APART) & (time // _APART < middle)
        if middle <= 0 or np.count_nonzero(bulk) * 2 <= len(time):
            return time, wrong  # no bulk of rows that would say what the others should be
    fixed, odd = time.copy(), np.flatnonzero(~bulk)
    first, last = int(time[bulk].min()), int(time[bulk].max())
    while len(odd):
        reach = max(last - first, 100 * step)
        told = np.zeros(len(odd), bool)
        for factor in _FACTORS:
            for scaled in (_times(time[odd], factor), time[odd] // factor):
                fits = (scaled >= max(first - reach, 1)) & (scaled <= last + reach) & ~told
                fixed[odd[fits]] = scaled[fits]
                told |= fits
        if not told.any():
            break
        wrong[odd[told]] = True
        first, last = min(first, int(fixed[odd[told]].min())), max(last, int(fixed[odd[told]].max()))
        odd = odd[~told]
    return fixed, wrong


def _unit_of_all(time: Ints, step: int, low: int, high: int) -> Ints | None:
    """A whole series in another unit: its rows lie a thousandth of the interval apart, or a thousand of them."""
    if step >= 1000 and (high - low) * 50 < step * len(time):
        usual = spacing(time)
        for factor in _FACTORS:
            if usual and abs(usual * factor - step) <= step // 100:
                return time * factor
    if low >= _ERA[1]:
        usual = spacing(time)
        for factor in _FACTORS:
            if abs(usual // factor - step) <= step // 100 and _ERA[0] <= low // factor < _ERA[1]:
                return time // factor
    return None


def _times(time: Ints, factor: int) -> Ints:
    limit = np.iinfo(np.int64).max // factor
    return np.where(np.abs(time) > limit, 0, np.clip(time, -limit, limit) * factor)


def _displaced(time: Ints) -> list[tuple[int, int, int]]:
    """Stretches of rows that stand where they should not. A series given newest first is one stretch."""
    highest = np.maximum.accumulate(time)
    late = np.flatnonzero(time < highest)
    lowest = np.minimum.accumulate(time[::-1])[::-1]
    inside = np.flatnonzero((time < highest) | (time > lowest))
    edges = np.flatnonzero(np.diff(inside) > 1)
    parts = zip(np.r_[0, edges + 1], np.r_[edges, len(inside) - 1], strict=True)
    found = []
    for first, last in parts:
        block = time[inside[first] : inside[last] + 1]
        count = int(np.searchsorted(late, inside[last], "right") - np.searchsorted(late, inside[first]))
        found.append((int(block.min()), int(block.max()), count))
    return found


def ordered(bars: Bars, time: Ints) -> Ints:
    """Ascending by time; among equal times by observed first, then by value: a function of the set of rows."""
    order = np.argsort(time, kind="stable")
    ties = np.diff(time[order]) == 0
    if not ties.any():
        return order
    tied = np.zeros(len(time), bool)
    tied[1:] |= ties
    tied[:-1] |= ties
    places = np.flatnonzero(tied)
    rows = order[places]
    keys = [bars.column(name)[rows] for name in bars.fields]
    made = [~bars.take(rows).observed()] if bars.method is not None else []  # type: ignore[operator]
    words = [part.take(rows).ranks() for part in (bars.source, bars.method) if part is not None]
    order[places] = rows[np.lexsort((*words, *keys, *made, time[rows]))]
    return order


def _grid(residue: Ints, anchor: int) -> tuple[int, Bools, bool]:
    """Offset of the grid, rows that are off it, and whether the whole series lies beside the usual grid."""
    off = residue != 0
    if np.count_nonzero(off) * 2 >= len(residue) > 1:
        values, counts = np.unique(residue, return_counts=True)
        commonest = int(values[counts.argmax()])
        if commonest and counts.max() * 2 > len(residue):
            return anchor + commonest, residue != commonest, True
    return anchor, off, False
