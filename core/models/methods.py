"""Simple statistical methods for the direction of a price. Pure: closes in, a direction for every candle out.

A direction at candle ``t`` uses the closes up to and with ``t`` alone, and never a later one: whatever comes after
``t`` may change without changing it. What a method learns, it learns from outcomes that were known by then.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LOOK_BACK = 20
"""Candles over which momentum and mean reversion look back."""
STRETCHED = 1.0
"""Standard deviations from its mean beyond which a price is called stretched."""
LAGS = 5
"""Returns that the regression sees."""
LEARN = 200
"""Outcomes that it needs before it says anything."""
REMEMBERS = 500
"""Of the newest outcomes it learns from so many."""
REFIT = 20
"""Candles between two fits."""
RIDGE = 1.0
"""Penalty on its weights: returns foretell next to nothing, so it is to doubt what it finds."""
STEPS = 12
"""Newton steps at most; it settles in fewer."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a method says at each candle: 1 up, -1 down, 0 unsure; the probability of up, NaN where it has none."""

    directions: Floats
    up: Floats


Method = Callable[[Floats, int], Said]


def momentum(closes: Floats, horizon: int) -> Said:
    """What has risen over the last 20 candles goes on rising, what has fallen goes on falling."""
    del horizon
    directions = np.zeros(len(closes))
    directions[LOOK_BACK:] = np.sign(closes[LOOK_BACK:] - closes[:-LOOK_BACK])
    return Said(directions, np.full(len(closes), np.nan))


def mean_reversion(closes: Floats, horizon: int) -> Said:
    """A close more than one standard deviation from the mean of 20 comes back; nearer ones say nothing."""
    del horizon
    directions = np.zeros(len(closes))
    if len(closes) >= LOOK_BACK:
        windows = np.lib.stride_tricks.sliding_window_view(closes, LOOK_BACK)
        mean, deviation = windows.mean(axis=1), windows.std(axis=1)
        off = closes[LOOK_BACK - 1 :] - mean
        # A flat stretch leaves rounding behind, which is no deviation.
        stretched = (np.abs(off) > STRETCHED * deviation) & (deviation > 1e-9 * mean)
        directions[LOOK_BACK - 1 :] = np.where(stretched, -np.sign(off), 0.0)
    return Said(directions, np.full(len(closes), np.nan))


def logistic(closes: Floats, horizon: int) -> Said:
    """A logistic regression on the last five returns, fitted again every 20 candles to outcomes known by then."""
    size = len(closes)
    up = np.full(size, np.nan)
    returns = np.diff(np.log(closes), prepend=np.log(closes[:1]))
    features = np.column_stack([np.ones(size), *(_back(returns, lag) for lag in range(LAGS))])
    rose = np.zeros(size)
    rose[: size - horizon] = np.sign(closes[horizon:] - closes[:-horizon])
    weights, scale = None, np.ones(LAGS + 1)
    for at in range(LAGS, size):
        if (at - LAGS) % REFIT == 0:
            # The outcome of candle k is known at k + horizon.
            rows = np.arange(max(LAGS, at - horizon - REMEMBERS + 1), at - horizon + 1)
            rows = rows[rose[rows] != 0]
            if len(rows) >= LEARN:
                scale = _scale(features[rows])
                weights = _fit(features[rows] / scale, rose[rows] > 0)
        if weights is not None:
            up[at] = _sigmoid(features[at] / scale @ weights)
    directions = np.where(np.isnan(up), 0.0, np.sign(np.nan_to_num(up, nan=0.5) - 0.5))
    return Said(directions, up)


def _back(returns: Floats, lag: int) -> Floats:
    shifted = np.zeros(len(returns))
    shifted[lag:] = returns[: len(returns) - lag]
    return shifted


def _scale(features: Floats) -> Floats:
    deviation: Floats = features.std(axis=0)
    deviation[deviation < 1e-12] = 1.0  # the constant, and returns of a market that stands still
    return deviation


def _fit(features: Floats, rose: npt.NDArray[np.bool_]) -> Floats:
    """Ridge-penalised weights by Newton's method."""
    weights = np.zeros(features.shape[1])
    penalty = np.full(features.shape[1], RIDGE)
    penalty[0] = 1e-6  # the constant is the base rate, which is no finding
    for _ in range(STEPS):
        chance = _sigmoid(features @ weights)
        slope = features.T @ (rose - chance) - penalty * weights
        curve = (features * (chance * (1 - chance))[:, None]).T @ features + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30.0, 30.0))))
