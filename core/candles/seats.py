"""Which row stands for each slot: rows off the grid find a seat, and of rows for one time one is chosen."""

import numpy as np

from core.candles.frame import PRICES, Bars, Bools, Floats, Ints
from core.candles.lookup import distinct
from core.market import CANDLE_FIELDS

_NO_ROWS = np.zeros(0, dtype=np.int64)


def choose(
    given: Bars,
    slot: Ints,
    off: Bools,
    unclosed: Ints,
    grid: tuple[int, int],
    *,
    causal: bool,
    model: tuple[Bars, Ints] | None,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Which row stands for each slot, by slot, and its slot; rows beside it that say the same, and that do not.

    ``given`` ascending by time, ``slot`` where each row lies; ``off``: rows off the grid, or none; ``grid``: offset
    and step in microseconds. ``causal`` and ``model`` as in :func:`core.candles.structure.arrange`.
    """
    count = len(slot)
    if count == 0:
        return _NO_ROWS, _NO_ROWS, _NO_ROWS, _NO_ROWS
    stands = np.ones(count, bool)
    stands[unclosed] = False
    if len(off):
        slot = _seat(slot, off, given.time, *grid)
        stands &= slot != np.iinfo(np.int64).min
    repeat = np.zeros(count, bool)
    repeat[1:] = (np.diff(given.time) == 0) & stands[1:] & stands[:-1]
    if not repeat.any():
        kept = _by_slot(np.flatnonzero(stands), slot)
        return kept, slot[kept], _NO_ROWS, _NO_ROWS
    leader = np.flatnonzero(~repeat)
    group = np.cumsum(~repeat) - 1
    best = leader[group].copy()
    differ = np.zeros(count, bool)
    followers = np.flatnonzero(repeat)
    differ[followers] = ~_equal(given, followers, leader[group[followers]])
    torn = np.unique(group[differ])
    if len(torn):
        best_of = _best(given, slot, leader, group, torn, causal=causal, model=model)
        for place, choice in zip(torn, best_of, strict=True):
            best[leader[place] : leader[place + 1] if place + 1 < len(leader) else count] = choice
    others = np.flatnonzero((best != np.arange(count)) & stands)
    alike = _equal(given, others, best[others])
    kept = _by_slot(distinct(best[stands]), slot)
    return kept, slot[kept], others[alike], others[~alike]


def _by_slot(kept: Ints, slot: Ints) -> Ints:
    """Rows in the order of their slots; a row that slipped may have found a seat before or behind another."""
    seats = slot[kept]
    return kept if (seats[1:] > seats[:-1]).all() else kept[np.argsort(seats, kind="stable")]


def _seat(slot: Ints, off: Bools, time: Ints, offset: int, step: int) -> Ints:
    """A free slot for each row off the grid: the nearer of the two around it, else the other, else none."""
    none = np.iinfo(np.int64).min
    slot = slot.copy()
    taken = distinct(slot[~off])
    places = np.flatnonzero(off)
    early = (time[places] - offset) % step * 2 > step
    nearer, farther = slot[places] + early, slot[places] + ~early
    free = [~np.isin(seats, taken) for seats in (nearer, farther)]
    used: set[int] = set()
    seen: dict[int, int] = {}
    for at, place in enumerate(places.tolist()):
        if (moment := int(time[place])) in seen:
            slot[place] = seen[moment]
            continue
        options = [int(seats[at]) for seats, may in zip((nearer, farther), free, strict=True) if may[at]]
        seat = next((option for option in options if option not in used), none)
        used.add(seat)
        slot[place] = seen[moment] = seat
    return slot


def _equal(bars: Bars, one: Ints, other: Ints) -> Bools:
    same = np.ones(len(one), bool)
    for name in CANDLE_FIELDS:
        if name in bars.fields:
            a, b = bars.column(name)[one], bars.column(name)[other]
            same &= (a == b) | (np.isnan(a) & np.isnan(b))
    return same


def _best(
    given: Bars,
    slot: Ints,
    leader: Ints,
    group: Ints,
    torn: Ints,
    *,
    causal: bool,
    model: tuple[Bars, Ints] | None,
) -> Ints:
    """Of rows that contradict each other the one that fits its neighbours, by value, never by position."""
    rows = np.flatnonzero(np.isin(group, torn))
    mine = group[rows]
    o, h, l, c = (given.column(name)[rows] for name in ("open", "high", "low", "close"))  # noqa: E741
    with np.errstate(all="ignore"):
        sound = np.isfinite(o + h + l + c) & (l > 0) & (h >= np.maximum(o, c)) & (l <= np.minimum(o, c))
        before = given.close[leader[np.maximum(mine - 1, 0)]]
        after = given.open[leader[np.minimum(mine + 1, len(leader) - 1)]]
        strain: Floats = np.where(mine > 0, np.abs(np.log(o / before)), 0.0)
        if not causal:
            # a stray high or low is what the neighbours cannot vouch for, so the range counts a little too
            strain = strain + np.where(mine < len(leader) - 1, np.abs(np.log(after / c)), 0.0)
        strain = strain + 0.1 * np.abs(np.log(h / l))
        if model is not None and len(model[1]):
            there, distance = _from_model(given.take(rows), slot[rows], *model)
            strain = np.where(there, distance, strain)
    strain = np.where(np.isfinite(strain), strain, np.inf)
    volume = given.volume[rows] if given.volume is not None else np.zeros(len(rows))
    volume = np.where(np.isfinite(volume), volume, -1.0)
    filled = np.zeros(len(rows), bool) if given.method is None else ~given.take(rows).observed()  # type: ignore[operator]
    order = np.lexsort((rows, -volume, strain, ~sound, filled, mine))
    first = np.r_[True, np.diff(mine[order]) > 0]
    return rows[order[first]]


def _from_model(rows: Bars, slot: Ints, model: Bars, model_slot: Ints) -> tuple[Bools, Floats]:
    """Which rows the model has a candle for, and how far they are from it."""
    at = np.minimum(np.searchsorted(model_slot, slot), len(model_slot) - 1)
    away = [np.abs(np.log(rows.column(name) / model.column(name)[at])) for name in PRICES]
    return model_slot[at] == slot, np.sum(away, axis=0)
