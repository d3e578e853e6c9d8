"""Indicators as a service computes them, by their textbooks: float arrays in, arrays of the same length out.

Where each begins is its own matter: after a few hundred candles nothing of that is left.
"""

import numpy as np

from core.lab.market import Bars
from core.lab.noise import Floats


def rsi(bars: Bars, period: int) -> dict[str, Floats]:
    """Wilder's relative strength."""
    step = np.diff(bars.close, prepend=bars.close[0])
    gain, loss = _wilder(np.maximum(step, 0), period), _wilder(np.maximum(-step, 0), period)
    return {"value": 100 * _ratio(gain, gain + loss)}


def macd(bars: Bars, _: int) -> dict[str, Floats]:
    """Of 12, 26 and 9 candles."""
    line = _smooth(bars.close, 2 / 13) - _smooth(bars.close, 2 / 27)
    signal = _smooth(line, 2 / 10)
    return {"valueMACD": line, "valueMACDSignal": signal, "valueMACDHist": line - signal}


def dmi(bars: Bars, period: int) -> dict[str, Floats]:
    """Wilder's directional movement: both directions, and how strong the trend is."""
    up, down = np.diff(bars.high, prepend=bars.high[0]), -np.diff(bars.low, prepend=bars.low[0])
    before = np.concatenate((bars.open[:1], bars.close[:-1]))
    reach = _wilder(np.maximum(bars.high, before) - np.minimum(bars.low, before), period)
    plus = 100 * _ratio(_wilder(np.where((up > down) & (up > 0), up, 0), period), reach)
    minus = 100 * _ratio(_wilder(np.where((down > up) & (down > 0), down, 0), period), reach)
    strength = 100 * _ratio(np.abs(plus - minus), plus + minus)
    return {"adx": _wilder(np.nan_to_num(strength), period), "plusdi": plus, "minusdi": minus}


def cmf(bars: Bars, period: int) -> dict[str, Floats]:
    """Chaikin's money flow."""
    reach = bars.high - bars.low
    place = np.nan_to_num(_ratio(2 * bars.close - bars.low - bars.high, reach))
    return {"value": _ratio(_total(place * bars.volume, period), _total(bars.volume, period))}


def _ratio(part: Floats, whole: Floats) -> Floats:
    """NaN where the whole is nothing."""
    found: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return found


def _total(values: Floats, period: int) -> Floats:
    sums = np.cumsum(np.concatenate((np.zeros(period), values)))
    return np.asarray(sums[period:] - sums[:-period])


def _wilder(values: Floats, period: int) -> Floats:
    return _smooth(values, 1 / period)


def _smooth(values: Floats, weight: float) -> Floats:
    found, last = np.empty(len(values)), float(values[0])
    for place, value in enumerate(values.tolist()):
        last += weight * (value - last)
        found[place] = last
    return found
