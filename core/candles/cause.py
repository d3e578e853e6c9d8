"""Why candles are missing: by concurrence, not by guess.

The venue's engine was off → candles are missing (or flat) for every symbol: ``outage``. One symbol alone, while
the market around the hole is quiet → ``no_trades``. One symbol flat while its siblings trade and it is busy
itself → ``halt``. The same venue, asked again, has the rows → ``fetch_failure``. Anything else → ``unknown``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.candles.frame import Bars, Bools, Floats, Ints
from core.candles.scale import chunks, window

OUTAGE, NO_TRADES, HALT, FETCH, UNKNOWN = "outage", "no_trades", "halt", "fetch_failure", "unknown"
CAUSES = (OUTAGE, NO_TRADES, HALT, FETCH, UNKNOWN)
_NEAR = 2
"""Slots by which holes of two symbols may miss each other and still be one event."""
_AROUND = 60
"""Rows on either side that say how quiet a market is."""
_THIN = 0.07
"""Share of rows with a single price from which a market is one that pauses."""
_PAUSES = 5
"""Pauses that a series must have shown before the next one is taken for one."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """Holes in a series: first missing slot, length, and the position of the row after it."""

    slot: Ints
    length: Ints
    after: Ints

    def __len__(self) -> int:
        return len(self.slot)


@dataclass(frozen=True, slots=True)
class Witness:
    """When another series traded: its slots with trades, ascending, and the range that it covers."""

    traded: Ints
    first: int
    last: int

    @classmethod
    def of(cls, rows: Bars, slot: Ints) -> "Witness | None":
        """From rows in order; None when there are none."""
        if not len(slot):
            return None
        active = slot
        if rows.volume is not None:
            active = slot[~quiet_rows(rows)]
        return cls(active, int(slot[0]), int(slot[-1]))

    def busy(self, first: int, last: int) -> int:
        """How many slots from first to last, both included, it traded in."""
        return int(np.searchsorted(self.traded, last, "right") - np.searchsorted(self.traded, first))

    def covers(self, first: int, last: int) -> bool:
        """Whether it begins before these slots and ends after them."""
        return self.first < first and last < self.last

    def vote(self, first: int, last: int) -> bool | None:
        """Whether it fell silent with these slots; None when it was not there or is silent so often anyway."""
        if first < self.first or first > self.last + 1 + 2 * _NEAR:
            return None
        count = last - first + 1
        around = max(200, 4 * count)
        wide = (max(self.first, first - around), min(self.last, last + around))
        inside = self.busy(first, last)
        near = (first - _NEAR, last + _NEAR)
        width = wide[1] - wide[0] + 1 - (min(near[1], wide[1]) - max(near[0], wide[0]) + 1)
        rate = 1.0 if width <= 0 else 1 - (self.busy(*wide) - self.busy(*near)) / width
        silent = count - inside
        if silent >= 0.8 * count:
            return True if rate**count < 0.1 else None
        known = (max(near[0], self.first), min(near[1], self.last))
        shared = known[1] - known[0] + 1 - self.busy(*known) > 0
        if shared and count <= 2 * _NEAR and 1 - (1 - rate) ** (count + 2 * _NEAR) < 0.1:
            return True
        return False if inside >= 0.5 * count else None


def find_gaps(slot: Ints) -> Gaps:
    """Holes between neighbouring rows."""
    found = [np.flatnonzero(slot[a + 1 : b + 1] - slot[a:b] > 1) + a for a, b in chunks(len(slot) - 1)]
    before = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    return Gaps(slot[before] + 1, slot[before + 1] - slot[before] - 1, before + 1)


def causes_of(
    rows: Bars,
    gaps: Gaps,
    siblings: Sequence[Witness],
    again: Witness | None,
    elsewhere: Witness | None,
) -> list[str]:
    """A cause for each gap. ``again``: what the same venue said when asked once more."""
    quiet = _quiet(rows, gaps)
    if not siblings and again is None and elsewhere is None:
        return [NO_TRADES if still else UNKNOWN for still in quiet]
    found = []
    for place in range(len(gaps)):
        first = int(gaps.slot[place])
        last = first + int(gaps.length[place]) - 1
        found.append(_cause(first, last, bool(quiet[place]), siblings, again, elsewhere))
    return found


def _cause(
    first: int,
    last: int,
    quiet: bool,
    siblings: Sequence[Witness],
    again: Witness | None,
    elsewhere: Witness | None,
) -> str:
    if again is not None and again.busy(first, last) > 0:
        return FETCH
    votes = [vote for witness in siblings if (vote := witness.vote(first, last)) is not None]
    if votes and sum(votes) * 3 >= len(votes) * 2:
        return OUTAGE
    if elsewhere is not None and elsewhere.vote(first, last) is True:
        return NO_TRADES  # nobody traded it anywhere
    if again is not None and again.covers(first, last) and votes and not any(votes):
        return NO_TRADES  # the venue was up, and says twice that there was nothing
    return NO_TRADES if quiet and not any(votes) else UNKNOWN


def _quiet(rows: Bars, gaps: Gaps) -> Bools:
    """Whether a gap is no more than the next pause of a market that often pauses, here and at this length."""
    count, holes = len(rows), len(gaps)
    if not holes:
        return np.zeros(0, bool)
    single = np.flatnonzero((rows.high == rows.low) & ~quiet_rows(rows))
    first, end = np.maximum(gaps.after - _AROUND, 0), np.minimum(gaps.after + _AROUND, count)
    share: Floats = (np.searchsorted(single, end) - np.searchsorted(single, first)) / (end - first)
    total = int(gaps.length.sum())
    # leave each gap out of the mean that it is judged by
    usual = np.maximum((total - gaps.length) / max(holes - 1, 1), 1.0)
    persist = np.clip(np.maximum(1 - 1 / usual, share), 0.0, 0.9)
    likely = np.maximum(holes, 20) * persist ** (gaps.length - 1.0) >= 0.01
    # Where minutes without trades are usual, so are minutes with a single one: with e^-λ of the first, λe^-λ of
    # the second. Holes without these are lost rows. Half of what is usual in the whole series still counts where
    # a stretch happens to have traded throughout.
    empty, alone = holes / (holes + count), len(single) / count
    often = (np.maximum(share, 0.5 * alone) >= _THIN) & (alone >= -0.7 * empty * np.log(empty))
    sizes = np.bincount(np.minimum(gaps.length, 20), minlength=3)
    if 1.5 * sizes[1] + 3 < sizes[2:].max():
        often[:] = False  # of pauses the short ones are the most
    if holes < _PAUSES and holes + np.count_nonzero(quiet_rows(rows)) < _PAUSES:
        often[:] = False  # single prices alone do not make a market that pauses
    found = often & likely
    return np.asarray(found & ~_loud(rows, gaps)) if found.any() else found


def quiet_rows(rows: Bars) -> Bools:
    """Rows that say that nothing traded: one price, no volume."""
    return np.zeros(len(rows), bool) if rows.volume is None else (rows.volume == 0) & (rows.high == rows.low)


def _loud(rows: Bars, gaps: Gaps) -> Bools:
    """Whether trading around a gap is far busier than usual for this series."""
    volume = rows.volume
    if volume is None or not len(volume):
        return np.zeros(len(gaps), bool)
    usual = float(np.median(volume[:: max(1, len(volume) // 50_000)]))
    whole = float(np.minimum(np.nan_to_num(volume, nan=0.0, posinf=0.0), 20 * usual).mean())
    near = np.minimum(np.nan_to_num(window(volume, gaps.after, -10, 9), nan=0.0, posinf=0.0), 20 * usual)
    inside = np.minimum(gaps.after + 10, len(volume)) - np.maximum(gaps.after - 10, 0)
    return np.asarray(near.sum(axis=1) / inside > 3 * max(whole, usual))
