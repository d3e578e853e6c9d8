"""Impossible values, wrong units, frozen rows: what is wrong with a row's numbers, spikes apart."""

from dataclasses import dataclass, field

import numpy as np

from core.candles.frame import PRICES, Bars, Bools, Floats, Ints
from core.candles.prices import price_units
from core.candles.scale import Scale, chunks, scale_of
from core.candles.spikes import Spikes, find
from core.candles.volumes import volume_units

_NONE = np.zeros(0, dtype=np.int64)
_RUN = 4
"""Rows in a row that say exactly the same before they count as frozen."""
_CHANCE = 0.05
"""Expected number of runs as long below which one is no chance."""


@dataclass(frozen=True, slots=True)
class Flaws:
    """Positions of rows by what is wrong with them."""

    non_finite: Ints
    non_positive: Ints
    violation: Ints
    scaled: dict[str, tuple[Ints, Floats]]
    """Field → rows, and the factor by which the value there is too large."""
    stale: list[tuple[int, int]]
    """First and last row of each frozen stretch that traded; its first row may be genuine."""
    flat: list[tuple[int, int]]
    """First and last row of each stretch without trades: one price, no volume."""
    spikes: Spikes
    scale: Scale
    sound: Bools = field(repr=False)
    """Rows whose numbers are possible."""


def examine(rows: Bars, slot: Ints) -> Flaws:
    """Look at the values of rows in order, one a slot."""
    non_finite, non_positive, violation = _impossible(rows)
    sound = np.ones(len(rows), bool)
    for bad in (non_finite, non_positive, violation):
        sound[bad] = False
    x = np.log(rows.close)
    scaled, violation = price_units(rows, slot, x, sound, violation)
    touched = np.unique(np.concatenate([places for places, _ in scaled.values()])) if scaled else _NONE
    right = _rescaled(rows, scaled)  # as neighbours, rows in another unit are as good as any
    if len(touched):
        x[touched] = np.log(right.close[touched])
    # a row that contradicts itself has a close all the same, and that close may be a spike
    usable = sound.copy()
    usable[violation] = True
    usable[touched] = True
    places = None if usable.all() else np.flatnonzero(usable)
    kept, x = (right, x) if places is None else (right.take(places), x[places])
    scale = scale_of(x)
    spikes = find(kept, x, scale)
    if rows.volume is not None and (volumes := volume_units(kept, scale)) is not None:
        scaled["volume"] = volumes if places is None else (places[volumes[0]], volumes[1])
    if places is not None:
        spikes = Spikes(places[spikes.close], places[spikes.open], places[spikes.high], places[spikes.low])
    if len(violation) or len(touched):
        shaky = np.union1d(violation, touched)
        spikes = Spikes(
            np.setdiff1d(spikes.close, touched),
            np.setdiff1d(spikes.open, shaky),
            np.setdiff1d(spikes.high, shaky),
            np.setdiff1d(spikes.low, shaky),
        )
    stale, flat = _frozen(rows, slot, sound)
    return Flaws(non_finite, non_positive, violation, scaled, stale, flat, spikes, scale, sound)


def _rescaled(rows: Bars, scaled: dict[str, tuple[Ints, Floats]]) -> Bars:
    """The rows with prices in the right unit."""
    if not scaled:
        return rows
    columns = {name: rows.column(name).copy() for name in scaled}
    for name, (places, factor) in scaled.items():
        columns[name][places] /= factor
    o, h, low, c = (columns.get(name, rows.column(name)) for name in PRICES)
    return Bars(rows.time, o, h, low, c, rows.volume, rows.source, rows.method)


def _impossible(rows: Bars) -> tuple[Ints, Ints, Ints]:
    """Rows with values that are no numbers, that are too small to be, and that contradict each other."""
    bad = []
    for first, end in chunks(len(rows)):
        part = rows.take(slice(first, end))
        top, bottom = np.maximum(part.open, part.close), np.minimum(part.open, part.close)
        good = (part.high >= top) & (part.low <= bottom)  # never true of NaN
        if not (good.all() and part.low.min() > 0 and part.high.max() < np.inf and _volumes(part).all()):
            good &= (part.low > 0) & (part.high < np.inf) & _volumes(part)
            bad.append(np.flatnonzero(~good) + first)
    if not bad:
        return _NONE, _NONE, _NONE
    at = np.concatenate(bad)
    finite = np.all([np.isfinite(rows.column(name)[at]) for name in rows.fields], axis=0)
    positive = np.all([rows.column(name)[at] > 0 for name in PRICES], axis=0)
    if rows.volume is not None:
        positive &= rows.volume[at] >= 0
    return at[~finite], at[finite & ~positive], at[finite & positive]


def _volumes(rows: Bars) -> Bools:
    if rows.volume is None:
        return np.ones(1, bool)
    return (rows.volume >= 0) & (rows.volume < np.inf)


def _frozen(rows: Bars, slot: Ints, sound: Bools) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    stale: list[tuple[int, int]] = []
    flat: list[tuple[int, int]] = []
    if len(rows) < 2:
        return stale, flat
    again = np.flatnonzero(rows.close[1:] == rows.close[:-1]) + 1
    for name in ("open", "high", "low"):
        values = rows.column(name)
        again = again[values[again] == values[again - 1]]
    again = again[(slot[again] - slot[again - 1] == 1) & sound[again]]
    level = rows.high == rows.low
    if rows.volume is None:
        again = again[~level[again]]  # one price over many rows, and nobody says whether anything traded
        stale = [(first - 1, last) for first, last in _runs(again) if last - first + 2 >= _RUN]
        return _beyond_chance(rows, stale), flat
    again = again[rows.volume[again] == rows.volume[again - 1]]
    again = again[~(level[again] & (rows.volume[again] == 0))]
    stale = [(first - 1, last) for first, last in _runs(again) if last - first + 2 >= _RUN]
    quiet = np.flatnonzero(rows.volume == 0)
    quiet = quiet[level[quiet] & sound[quiet]]
    if len(quiet):
        breaks = np.flatnonzero((np.diff(quiet) > 1) | (np.diff(slot[quiet]) > 1))
        flat = [
            (int(quiet[a]), int(quiet[b]))
            for a, b in zip(np.r_[0, breaks + 1], np.r_[breaks, len(quiet) - 1], strict=True)
        ]
    return stale, flat


def _beyond_chance(rows: Bars, stale: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of runs of the same prices those that candles so few ticks high do not come to by chance.

    Within a range of k ticks open and close lie in one of (k + 1)² ways, and the next candle may lie in the same.
    """
    if not stale:
        return stale
    first, last = np.array(stale, dtype=np.int64).T
    seen = np.sort(rows.close[:: max(1, len(rows) // 25_000)])
    steps = np.diff(seen)
    steps = steps[steps > 1e-9 * seen[1:]]
    ticks = (rows.high[first] - rows.low[first]) / (steps.min() if len(steps) else np.inf)
    ways = 2 * np.log1p(np.round(ticks))
    rare = np.log(len(rows)) - ways * (last - first) < np.log(_CHANCE)
    return [run for run, keep in zip(stale, rare.tolist(), strict=True) if keep]


def _runs(places: Ints) -> list[tuple[int, int]]:
    """Stretches of consecutive positions."""
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > 1)
    firsts, lasts = np.r_[places[0], places[breaks + 1]], np.r_[places[breaks], places[-1]]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
