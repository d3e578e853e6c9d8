"""Impossible values, wrong units, frozen rows: what is wrong with a row's numbers, spikes apart."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from core.candles.frame import PRICES, Bars, Bools, Floats, Ints
from core.candles.scale import Scale, chunks, scale_of
from core.candles.spikes import Spikes, find
from core.candles.volumes import volume_units

_NONE = np.zeros(0, dtype=np.int64)
_DECADE = float(np.log(10))
_STEP = 1.9
"""A log step this large (x6.7) within one row is looked at as a possible unit error."""
_RUN = 4
"""Rows in a row that say exactly the same before they count as frozen."""


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
    scaled, violation = _price_units(rows, x, sound, violation)
    touched = np.unique(np.concatenate([places for places, _ in scaled.values()])) if scaled else _NONE
    # a row that contradicts itself has a close all the same, and that close may be a spike
    usable = sound.copy()
    usable[violation] = True
    usable[touched] = False
    places = None if usable.all() else np.flatnonzero(usable)
    kept, x = (rows, x) if places is None else (rows.take(places), x[places])
    scale = scale_of(x)
    spikes = find(kept, x, scale)
    if rows.volume is not None and (volumes := volume_units(kept, scale)) is not None:
        scaled["volume"] = volumes if places is None else (places[volumes[0]], volumes[1])
    if places is not None:
        spikes = Spikes(places[spikes.close], places[spikes.open], places[spikes.high], places[spikes.low])
    if len(violation):
        spikes = Spikes(
            spikes.close,
            np.setdiff1d(spikes.open, violation),
            np.setdiff1d(spikes.high, violation),
            np.setdiff1d(spikes.low, violation),
        )
    stale, flat = _frozen(rows, slot)
    return Flaws(non_finite, non_positive, violation, scaled, stale, flat, spikes, scale, sound)


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


def _price_units(
    rows: Bars, x: Floats, sound: Bools, violation: Ints
) -> tuple[dict[str, tuple[Ints, Floats]], Ints]:
    """Prices too large or small by a power of ten, by row or by field; and the violations this leaves."""
    possible = sound.copy()
    possible[violation] = True
    count = np.count_nonzero(possible)
    if count < 5:
        return {}, violation
    x = x if count == len(rows) else x[possible]
    steps, wide = _steps(x), _wide(rows)
    odd = np.union1d(wide[possible[wide]], violation)
    if not len(steps) and not len(odd):
        return {}, violation
    places = np.flatnonzero(possible)
    found: dict[str, dict[int, float]] = {name: {} for name in PRICES}
    level = x.copy()
    if 0 < len(steps) <= max(20, len(x) // 50):
        for first, last, decades in _segments(x, steps):
            level[first : last + 1] -= decades * _DECADE
            single = first == last
            for row in places[first : last + 1]:
                fields = _fields(rows, int(row), float(x[first] - decades * _DECADE)) if single else {}
                for name in PRICES:
                    if not single or name in fields:
                        found[name][int(row)] = 10.0**decades
    for row in np.setdiff1d(odd, np.array(list(found["close"]), dtype=np.int64)):
        at = int(np.searchsorted(places, row))
        around = np.delete(np.arange(max(0, at - 5), min(len(x), at + 6)), min(5, at))
        if len(around) >= 3:
            for name, decades in _fields(rows, int(row), float(np.median(level[around]))).items():
                found[name][int(row)] = 10.0**decades
    scaled = {
        name: (np.array(sorted(at), dtype=np.int64), np.array([at[row] for row in sorted(at)]))
        for name, at in found.items()
        if at
    }
    explained = [row for row in violation.tolist() if any(row in at for at in found.values())]
    return scaled, np.setdiff1d(violation, np.array(explained, dtype=np.int64))


def _steps(x: Floats) -> Ints:
    """Rows from which the close moves by a step or more to the next."""
    return np.concatenate(
        [np.flatnonzero(np.abs(np.diff(x[a : b + 1])) > _STEP) + a for a, b in chunks(len(x))]
    )


def _wide(rows: Bars) -> Ints:
    """Rows whose high is a step or more above their low."""
    times = float(np.exp(_STEP))
    return np.concatenate(
        [np.flatnonzero(rows.high[a:b] > rows.low[a:b] * times) + a for a, b in chunks(len(rows))]
    )


def _decades(log_ratio: float, slack: float = 0.3) -> int:
    """Powers of ten in a log ratio, 0 when it is near none or farther than six."""
    decades = round(log_ratio / _DECADE)
    return decades if 1 <= abs(decades) <= 6 and abs(log_ratio - decades * _DECADE) <= slack else 0


def _segments(x: Floats, steps: Ints) -> list[tuple[int, int, int]]:
    """Stretches a power of ten above or below the rest that come back: first row, last row, decades.

    A step that stays (a redenomination, another instrument) is no unit error: it would be an imagined split.
    """
    edges = [0, *(steps + 1).tolist(), len(x)]
    parts = list(pairwise(edges))
    home = max(range(len(parts)), key=lambda at: parts[at][1] - parts[at][0])
    found = []
    for direction in (1, -1):
        base = float(x[parts[home][1] - 1] if direction > 0 else x[parts[home][0]])
        pending: list[tuple[int, int, int]] = []
        at = home + direction
        while 0 <= at < len(parts):
            first, end = parts[at]
            near, far = (first, end - 1) if direction > 0 else (end - 1, first)
            decades = _decades(float(x[near]) - base)
            if decades:
                pending.append((first, end - 1, decades))
                base = float(x[far]) - decades * _DECADE
            elif abs(float(x[near]) - base) < 0.5:
                found += pending
                pending = []
                base = float(x[far])
            else:
                break
            at += direction
        found += [part for part in pending if (part[1] - part[0] + 1) <= max(1, len(x) // 200)]
    return found


def _fields(rows: Bars, row: int, level: float) -> dict[str, int]:
    """Fields of a row that stand a power of ten off its neighbours' level, when all the others stand at it."""
    logs = {name: float(np.log(rows.column(name)[row])) - level for name in PRICES}
    decades = {name: _decades(value) for name, value in logs.items()}
    fits = all(decades[name] or abs(logs[name]) < 0.3 for name in PRICES)
    return {name: power for name, power in decades.items() if power} if fits else {}


def _frozen(rows: Bars, slot: Ints) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    stale: list[tuple[int, int]] = []
    flat: list[tuple[int, int]] = []
    if len(rows) < 2:
        return stale, flat
    again = np.flatnonzero(rows.close[1:] == rows.close[:-1]) + 1
    for name in ("open", "high", "low"):
        values = rows.column(name)
        again = again[values[again] == values[again - 1]]
    again = again[slot[again] - slot[again - 1] == 1]
    level = rows.high == rows.low
    if rows.volume is None:
        again = again[~level[again]]  # one price over many rows, and nobody says whether anything traded
        stale = [(first - 1, last) for first, last in _runs(again) if last - first + 2 >= _RUN]
        return stale, flat
    again = again[rows.volume[again] == rows.volume[again - 1]]
    again = again[~(level[again] & (rows.volume[again] == 0))]
    stale = [(first - 1, last) for first, last in _runs(again) if last - first + 2 >= _RUN]
    quiet = np.flatnonzero(rows.volume == 0)
    quiet = quiet[level[quiet]]
    if len(quiet):
        breaks = np.flatnonzero((np.diff(quiet) > 1) | (np.diff(slot[quiet]) > 1))
        flat = [
            (int(quiet[a]), int(quiet[b]))
            for a, b in zip(np.r_[0, breaks + 1], np.r_[breaks, len(quiet) - 1], strict=True)
        ]
    return stale, flat


def _runs(places: Ints) -> list[tuple[int, int]]:
    """Stretches of consecutive positions."""
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > 1)
    firsts, lasts = np.r_[places[0], places[breaks + 1]], np.r_[places[breaks], places[-1]]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
