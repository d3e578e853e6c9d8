"""Which rows may be spikes or wicks: comparisons over the whole series, so that medians are taken at few rows only.

All screens are exact: a row that they leave out cannot be found by the filters in :mod:`core.candles.spikes`.
"""

import numpy as np

from core.candles.frame import Bars, Floats, Ints
from core.candles.scale import Scale, chunks, window

NEAR = 5
"""Rows on either side whose median a close is held against."""
_MOST = NEAR // 2 + 1


def closes(x: Floats, scale: Scale, times: float) -> Ints:
    """Rows from which most of the rows before, and most of those after, are so many scales away.

    Of the nearest three neighbours on a side one at least must be among these most, and that is looked at first.
    """
    count = len(x)
    padded = np.full(count + 2 * _MOST, np.nan)
    padded[_MOST : _MOST + count] = x
    parts = []
    for first, end in chunks(count):
        here, bound = x[first:end], times * scale.along(first, end)
        far = np.abs(here - padded[first + _MOST - 1 : end + _MOST - 1]) > bound
        for reach in range(2, _MOST + 1):
            far |= np.abs(here - padded[first + _MOST - reach : end + _MOST - reach]) > bound
        parts.append(np.flatnonzero(far) + first)
    at = np.concatenate(parts)
    for begin, last in ((1, NEAR), (-NEAR, -1)):
        bound = times * scale.least(at)[:, None]
        at = at[(np.abs(window(x, at, begin, last) - x[at][:, None]) > bound).sum(axis=1) >= _MOST]
    ends = np.r_[1:NEAR, count - NEAR : count - 1]  # fewer neighbours there: always looked at
    return np.union1d(at, ends)


def opens(rows: Bars, scale: Scale, times: float) -> Ints:
    """Rows whose open is so many scales from the close before and from their own close."""
    parts = []
    bounds = scale.of(lambda blocks: np.expm1(times * blocks))
    for first, end in chunks(len(rows)):
        start = max(first, 1)
        before, here = rows.close[start - 1 : end - 1], rows.open[start:end]
        bound = bounds.along(first, end)[start - first :]
        parts.append(np.flatnonzero(np.abs(here - before) > bound * before) + start)
    at = np.concatenate(parts)
    bound = bounds.least(at)
    return at[np.abs(rows.open[at] - rows.close[at]) > bound * rows.close[at]]


def wicks(rows: Bars, scale: Scale, times: float) -> tuple[Ints, Ints]:
    """Rows whose high, and rows whose low, is so many scales beyond open and close."""
    highs, lows = [], []
    bounds = scale.of(lambda blocks: np.exp(times * blocks))
    for first, end in chunks(len(rows)):
        here = slice(first, end)
        wide = bounds.along(first, end)
        body = rows.open[here], rows.close[here]
        highs.append(np.flatnonzero(rows.high[here] > np.maximum(*body) * wide) + first)
        lows.append(np.flatnonzero(np.minimum(*body) > rows.low[here] * wide) + first)
    return np.concatenate(highs), np.concatenate(lows)
