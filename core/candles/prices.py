"""Prices in another unit: rows, or single values, that are too large or too small by a power of ten."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.candles.frame import PRICES, Bars, Bools, Codes, Floats, Ints
from core.candles.scale import chunks

_DECADE = float(np.log(10))
_STEP = 1.9
"""A log step this large (x6.7) within one row is looked at as a possible unit error."""
_SLACK = 0.3
"""How far from a power of ten, in logs, a ratio may be."""
_AROUND = 5
"""Rows on either side that say at which level a row should stand."""
_FEW = 3
"""Rows that trade below which their volumes say nothing about a unit."""


def price_units(
    rows: Bars, slot: Ints, x: Floats, sound: Bools, violation: Ints
) -> tuple[dict[str, tuple[Ints, Floats]], Ints]:
    """Field → rows and factors by which the value there is too large; and the violations that this leaves.

    ``x`` are log closes. ``violation``: rows whose values contradict each other, as a value in another unit does.
    """
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
    seen = _Seen.of(rows, slot, x, np.flatnonzero(possible))
    if 0 < len(steps) <= max(20, len(x) // 50):
        for first, last, power in _segments(x, steps, None if rows.volume is None else rows.volume[possible]):
            seen.stretch(first, last, power)
    for row in odd[seen.powers["close"][odd] == 0].tolist():
        seen.single(row)
    hit = {name: np.flatnonzero(power) for name, power in seen.powers.items()}
    scaled = {
        name: (at, np.power(10.0, seen.powers[name][at].astype(np.int64)))
        for name, at in hit.items()
        if len(at)
    }
    explained = np.any([seen.powers[name][violation] != 0 for name in PRICES], axis=0)
    return scaled, violation[~explained]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What has been found so far: the power of ten of each value, and the level that each row stands at without it."""

    logs: dict[str, Floats]
    slot: Ints
    places: Ints
    """Rows that are judged; ``level`` and positions of stretches count among these."""
    level: Floats
    powers: dict[str, Codes]
    near: float
    """How far an open may lie from the close before where nothing is wrong."""

    @classmethod
    def of(cls, rows: Bars, slot: Ints, x: Floats, places: Ints) -> "_Seen":
        logs = {name: np.log(rows.column(name)) for name in PRICES}
        stride = max(1, len(places) // 25_000)
        before, after = places[:-1:stride], places[1::stride]
        joins = np.quantile(np.abs(logs["open"][after] - logs["close"][before]), 0.9)
        moves = 1.4826 * np.median(np.abs(x[1::stride] - x[:-1:stride]))
        powers = {name: np.zeros(len(rows), dtype=np.int8) for name in PRICES}
        near = float(np.clip(np.nan_to_num(np.maximum(4 * joins, 0.5 * moves), nan=_SLACK), 1e-6, _SLACK))
        return cls(logs, slot, places, x.copy(), powers, near)

    def stretch(self, first: int, last: int, power: int) -> None:
        """Rows whose closes stand a power of ten beside the rest; each of their prices goes where it is nearer."""
        part = slice(first, last + 1)
        at = self.places[part]
        self.level[part] -= power * _DECADE
        for name in PRICES:
            away = self.logs[name][at] - self.level[part]
            self.powers[name][at] = np.where(np.abs(away - power * _DECADE) < np.abs(away), power, 0)
        fits = first < last or self._fits(int(at[0]), float(self.level[first]))
        if not fits or not self._joins(first, last):
            self.level[part] += power * _DECADE
            self._clear(at)

    def single(self, row: int) -> None:
        """Prices of a row that stand a power of ten beside a level at which all its others stand.

        That level is the row's own, when one price is off, else its neighbours'.
        """
        at = int(np.searchsorted(self.places, row))
        around = np.r_[max(0, at - _AROUND) : at, at + 1 : min(len(self.level), at + _AROUND + 1)]
        own = float(np.median([self.logs[name][row] for name in PRICES]))
        usual = float(np.median(self.level[around])) if len(around) >= _FEW else np.nan
        for level in (own, usual):
            if not self._fits(row, level):
                continue
            for name in PRICES:
                self.powers[name][row] = _power(float(self.logs[name][row]) - level)
            if any(self.powers[name][row] for name in PRICES):
                break
        was = self.level[at]
        self.level[at] -= self.powers["close"][row] * _DECADE
        if not self._joins(at, at):
            self.level[at] = was
            self._clear(self.places[at : at + 1])

    def _clear(self, at: Ints) -> None:
        for name in PRICES:
            self.powers[name][at] = 0

    def _fits(self, row: int, level: float) -> bool:
        """Whether each price of a row stands at this level or a power of ten beside it, and nowhere else."""
        away = [float(self.logs[name][row]) - level for name in PRICES]
        return bool(np.isfinite(away).all()) and all(_power(one) or abs(one) < _SLACK for one in away)

    def _joins(self, first: int, last: int) -> bool:
        """Whether a stretch, put into its unit, joins the row before or after it; a spike so large joins neither."""
        one, other = int(self.places[first]), int(self.places[last])
        apart = []
        if self.powers["open"][one] and first > 0 and self.slot[one] - self.slot[self.places[first - 1]] == 1:
            apart.append(self._value("open", one) - self.level[first - 1])
        if self.powers["close"][other] and last + 1 < len(self.places):
            behind = int(self.places[last + 1])
            if self.slot[behind] - self.slot[other] == 1:
                apart.append(self._value("open", behind) - self.level[last])
        return not apart or bool(np.min(np.abs(apart)) <= self.near)

    def _value(self, name: str, row: int) -> float:
        return float(self.logs[name][row]) - int(self.powers[name][row]) * _DECADE


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


def _power(log_ratio: float) -> int:
    """Powers of ten in a log ratio, 0 when it is near none or farther than six."""
    power = round(log_ratio / _DECADE)
    return power if 1 <= abs(power) <= 6 and abs(log_ratio - power * _DECADE) <= _SLACK else 0


def _segments(x: Floats, steps: Ints, volume: Floats | None) -> list[tuple[int, int, int]]:
    """Stretches a power of ten above or below the rest that come back: first row, last row, power.

    A step that stays (a redenomination, another instrument) is no unit error: it would be an imagined split. But
    what is paid in other units is also traded in other amounts, so where volumes went on as before it is one.
    """
    edges = [0, *(steps + 1).tolist(), len(x)]
    parts = list(pairwise(edges))
    home = max(range(len(parts)), key=lambda at: parts[at][1] - parts[at][0])
    few = max(1, len(x) // 200)
    found = []
    for direction in (1, -1):
        base = float(x[parts[home][1] - 1] if direction > 0 else x[parts[home][0]])
        pending: list[tuple[int, int, int]] = []
        for first, end in parts[home + 1 :] if direction > 0 else parts[:home][::-1]:
            near, far = (first, end - 1) if direction > 0 else (end - 1, first)
            power = _power(float(x[near]) - base)
            if power:
                pending.append((first, end - 1, power))
                base = float(x[far]) - power * _DECADE
            elif abs(float(x[near]) - base) < 0.5:
                found += pending
                pending = []
                base = float(x[far])
            elif end - first > few:
                break
        found += [
            (first, last, power)
            for first, last, power in pending
            if last - first < few or (volume is not None and _went_on(volume, first, last, power, direction))
        ]
    return found


def _went_on(volume: Floats, first: int, last: int, power: int, direction: int) -> bool:
    """Whether the volumes of a stretch at an end are those of the rows beside it, at prices far from theirs."""
    within = volume[first : last + 1]
    reach = max(20, len(within))
    beside = volume[max(0, first - reach) : first] if direction > 0 else volume[last + 1 : last + 1 + reach]
    within, beside = within[within > 0], beside[beside > 0]
    if abs(power) < 2 or len(within) < _FEW or len(beside) < _FEW:
        return False
    return bool(abs(np.log(np.median(within) / np.median(beside))) < 0.5 * abs(power) * _DECADE)
