"""The four loops that numpy has no word for; TA-Lib runs them when the extra ``fast`` is installed.

Both ways give the same numbers. Only these are handed to TA-Lib: its windowed sums drift (it adds the new and
subtracts the old, so dust stays behind a large value) and its indicators take anything below 1e-14 for zero,
which a token priced at 1e-12 is.
"""

from types import ModuleType

import numpy as np
import pandas as pd

from core.indicators.declare import Array

talib: ModuleType | None
try:
    import talib
except ImportError:
    talib = None


def installed() -> bool:
    """Whether TA-Lib carries the loops."""
    return talib is not None


def ema(values: Array, window: int, start: int = 0) -> Array:
    """Exponential mean, begun at row ``start`` with the plain mean of the first ``window`` values."""
    if talib is not None and start == 0 and 1 < window <= len(values):
        return np.asarray(talib.EMA(values, window), dtype=np.float64)
    return _smoothed(values, window, start, window)


def wilder(values: Array, window: int, start: int = 0) -> Array:
    """Wilder's mean: as :func:`ema`, but the newest value weighs 1 / ``window``."""
    return _smoothed(values, window, start, 2 * window - 1)


def _smoothed(values: Array, window: int, start: int, pace: int) -> Array:
    first = start + window - 1
    out = np.full(len(values), np.nan)
    if len(values) > first:
        out[first] = values[start : first + 1].mean()
        out[first + 1 :] = smooth(values[first + 1 :], out[first], pace)
    return out


def smooth(values: Array, seed: float, window: int) -> Array:
    """``s += (value − s) · 2 / (window + 1)`` for each value, from ``seed``."""
    if talib is not None and len(values) and window > 1:
        seeded = np.empty(len(values) + window)
        seeded[:window] = seed  # TA-Lib starts from the mean of the first window values
        seeded[window:] = values
        return np.asarray(talib.EMA(seeded, window)[window:], dtype=np.float64)
    seeded = np.concatenate(([seed], values))
    means = pd.Series(seeded).ewm(alpha=2 / (window + 1), adjust=False).mean()
    return means.to_numpy(dtype=np.float64)[1:]


def highest(values: Array, window: int) -> Array:
    """The largest of the last ``window`` values; NaN where one of them is."""
    if talib is not None and 1 < window <= len(values) and not np.isnan(values).any():
        return np.asarray(talib.MAX(values, window), dtype=np.float64)
    return _extreme(values, window, np.maximum)


def lowest(values: Array, window: int) -> Array:
    """The smallest of the last ``window`` values; NaN where one of them is."""
    if talib is not None and 1 < window <= len(values) and not np.isnan(values).any():
        return np.asarray(talib.MIN(values, window), dtype=np.float64)
    return _extreme(values, window, np.minimum)


def _extreme(values: Array, window: int, pick: np.ufunc) -> Array:
    """By doubling: the extreme of 2, 4, 8 … values, then of two such stretches that overlap."""
    out = np.full(len(values), np.nan)
    if len(values) >= window:
        found, size = values, 1
        while size * 2 <= window:
            found = pick(found[:-size], found[size:])
            size *= 2
        rest = window - size
        out[window - 1 :] = pick(found[: len(found) - rest], found[rest:]) if rest else found
    return out
