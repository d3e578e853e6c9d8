"""Volumes in another unit: a row 100 or 1000 times too large, or quote volume where base volume belongs."""

import numpy as np

from core.candles.frame import Bars, Floats, Ints
from core.candles.scale import AROUND, Scale

_FEWEST = 30
"""Rows below which volumes say nothing about what is usual."""
_CLEAR = 150.0
"""Price from which a stretch of rows in quote units stands out by its size."""
_HEAVY = 10.0
"""Times the 90 % quantile of volumes above which their 99 % quantile is not believed."""
_STRIDE = 4
"""Every fourth row is looked at for stretches; shorter ones are told row by row."""
_MOST = 200
"""Stretches looked at; a series with more steps than this says nothing about units."""


def volume_units(rows: Bars, scale: Scale) -> tuple[Ints, Floats] | None:
    """Rows whose volume is too large, and how many times; None when there are none."""
    volume = rows.volume
    if volume is None or len(volume) < _FEWEST:
        return None
    inside = _stretches(rows, volume)
    single, factor = _singles(rows, volume, scale, inside)
    if not len(single) and not len(inside):
        return None
    alone = ~np.isin(single, inside)
    at = np.concatenate((single[alone], inside))
    order = np.argsort(at)
    return at[order], np.concatenate((factor[alone], rows.close[inside]))[order]


def _singles(rows: Bars, volume: Floats, scale: Scale, inside: Ints) -> tuple[Ints, Floats]:
    """Single rows, whose prices did not move accordingly; ``inside``: rows of stretches, which say nothing."""
    none = np.zeros(0, dtype=np.int64), np.zeros(0)
    seen = np.delete(volume, inside) if len(inside) else volume
    busy, busiest = np.quantile(seen[:: max(1, len(seen) // 25_000)], (0.9, 0.99))
    # what it has seen anyway; when more than one row in a hundred is wrong, the 99 % quantile is so too
    most = 3 * float(min(busiest, _HEAVY * busy) if busy > 0 else busiest)
    at = np.flatnonzero(volume > most)
    window = np.clip(at[:, None] + np.arange(-AROUND, AROUND + 1), 0, len(volume) - 1)
    usual = np.median(volume[window], axis=1) if len(at) else np.zeros(0)
    much = (volume[at] > 30 * usual) & (usual > 0)
    at, window, usual = at[much], window[much], usual[much]
    if not len(at):
        return none
    around = volume[window]
    logs = np.log(np.where(around > 0, around, np.nan) / usual[:, None])
    spread = np.maximum(0.5, 1.4826 * np.nanmedian(np.abs(logs), axis=1))
    ratio = np.log(volume[at] / usual)
    ranges = np.log(rows.high[window] / rows.low[window])
    own = np.log(rows.high[at] / rows.low[at])
    # volume grows about with the square of the range, and so much of it is no error
    lively = 2 * np.log(np.maximum(own / np.maximum(np.median(ranges, axis=1), scale.least(at)), 1.0))
    unusual = 0.3 + np.sqrt(2 * np.log(len(volume)))  # the largest of as many is about this far out by chance
    factor = np.ones(len(at))
    for power in (np.log(1000.0), np.log(100.0), np.log(rows.close[at])):
        fits = (
            (power > np.log(30))
            & (np.abs(ratio - lively / 2 - power) <= 2.5 * spread)
            & (ratio - lively > unusual * spread)
        )
        factor = np.where(fits, np.exp(power), factor)
    return at[factor > 1], factor[factor > 1]


def _stretches(rows: Bars, volume: Floats) -> Ints:
    """Rows of stretches that begin and end with a step by the price itself: quote units, for a while."""
    none = np.zeros(0, dtype=np.int64)
    price = float(np.median(rows.close[:: max(1, len(volume) // 25_000)]))
    if price < _CLEAR:
        return none
    few = volume[::_STRIDE].copy()
    pair_low, pair_high = np.minimum(few[1:], few[:-1]), np.maximum(few[1:], few[:-1])
    step = np.sqrt(price)
    ups = np.flatnonzero(pair_low[2:] > step * pair_high[:-2]) + 1
    downs = np.flatnonzero(step * pair_high[2:] < pair_low[:-2]) + 1
    if not len(ups) or not len(downs) or len(ups) > _MOST:
        return none
    log = np.log(np.maximum(volume, np.finfo(float).tiny))
    found = [none]
    done = 0
    for place in ups.tolist():
        later = downs[downs > place]
        if place * _STRIDE < done or not len(later):
            continue
        first, end = (_edge(log, at * _STRIDE, sign) for at, sign in ((place, 1), (int(later[0]), -1)))
        if end <= first:  # a single row is all that leaps
            continue
        within = log[first:end]
        beside = np.concatenate((log[max(0, first - AROUND) : first], log[end : end + AROUND]))
        apart = float(np.median(within) - np.median(beside))
        own = float(np.log(np.median(rows.close[first:end])))
        if abs(apart - own) <= 1.2 and np.quantile(within, 0.1) > np.quantile(beside, 0.9):
            found.append(np.arange(first, end))
            done = end
    return np.concatenate(found)


def _edge(log: Floats, at: int, sign: int) -> int:
    """The first row beyond the largest step of this sign, near where one was seen."""
    low, high = max(1, at - _STRIDE), min(len(log), at + 3 * _STRIDE)
    return low + int(np.argmax(sign * (log[low:high] - log[low - 1 : high - 1])))
