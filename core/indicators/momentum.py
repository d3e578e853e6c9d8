"""How fast the price is going there."""

import numpy as np

from core.indicators.declare import Array, Columns, Declaration, fade, fade_ema, fade_wilder, windows
from core.indicators.fast import ema, highest, lowest, wilder
from core.indicators.series import alive, before, mean, total, true_range
from core.indicators.trend import SCHOOL, crossing

STILL = 1e-6
"""An RSI that stayed within a millionth of a point has no range to stand in."""


def relative_strength(close: Array, window: int) -> Array:
    """RSI, 0 to 100: the share of the gains in all movement, both as Wilder's means."""
    out = np.full(len(close), np.nan)
    step = np.diff(close)
    gain = wilder(np.maximum(step, 0.0), window)
    movement = gain + wilder(np.maximum(-step, 0.0), window)
    out[1:] = np.where(alive(np.abs(step), fade_wilder(window)), 100 * gain / movement, np.nan)
    return out


def place(value: Array, high: Array, low: Array) -> Array:
    """Where in ``low`` to ``high`` the value stands, 0 to 1; NaN where that is one point."""
    reach = high - low
    return np.where(reach != 0, (value - low) / reach, np.nan)


def _rsi(c: Columns, window: int) -> tuple[Array, ...]:
    return (relative_strength(c.close, window),)


def _stoch_rsi(c: Columns, window: int, smooth1: int, smooth2: int) -> tuple[Array, ...]:
    rsi = relative_strength(c.close, window)
    low = lowest(rsi, window)
    reach = highest(rsi, window) - low
    raw = np.where(reach > STILL, (rsi - low) / reach, np.nan)
    k = mean(raw, smooth1)
    return raw, k, mean(k, smooth2)


def _stochastic(c: Columns, window: int, smooth_window: int) -> tuple[Array, ...]:
    k = 100 * place(c.close, highest(c.high, window), lowest(c.low, window))
    return k, mean(k, smooth_window)


def _williams(c: Columns, window: int) -> tuple[Array, ...]:
    return (100 * place(c.close, highest(c.high, window), lowest(c.low, window)) - 100,)


def _tsi(c: Columns, window_slow: int, window_fast: int) -> tuple[Array, ...]:
    step = c.close - before(c.close)
    size = np.abs(step)
    moved = ema(ema(step, window_slow, 1), window_fast, window_slow)
    movement = ema(ema(size, window_slow, 1), window_fast, window_slow)
    moving = alive(size, fade_ema(window_slow) + fade_ema(window_fast))
    return (np.where(moving, 100 * moved / movement, np.nan),)


def _ultimate(c: Columns, window1: int, window2: int, window3: int) -> tuple[Array, ...]:
    pressure = c.close - np.minimum(c.low, before(c.close))
    reach = true_range(c.high, c.low, c.close)
    short, middle, long = (total(pressure, w) / total(reach, w) for w in (window1, window2, window3))
    return (100 * (4 * short + 2 * middle + long) / 7,)


def _kama(c: Columns, window: int, window_fast: int, window_slow: int) -> tuple[Array, ...]:
    close, out = c.close, np.full(len(c.close), np.nan)
    change = np.abs(close - before(close, window))
    path = total(np.abs(close - before(close)), window)
    efficiency = np.where(path <= change, 1.0, change / path)
    quick, slow = 2 / (window_fast + 1), 2 / (window_slow + 1)
    pace = (efficiency * (quick - slow) + slow) ** 2
    if len(close) > window:
        average = float(close[window - 1])
        averages = []
        for price, weight in zip(close[window:].tolist(), pace[window:].tolist(), strict=True):
            average += weight * (price - average)
            averages.append(average)
        out[window:] = averages
    return (out,)


def _roc(c: Columns, window: int) -> tuple[Array, ...]:
    earlier = before(c.close, window)
    return (100 * (c.close - earlier) / earlier,)


def _awesome(c: Columns, window1: int, window2: int) -> tuple[Array, ...]:
    middle = (c.high + c.low) / 2
    return (mean(middle, window1) - mean(middle, window2),)


def _oscillator(ratio: Array, window_slow: int, window_sign: int) -> tuple[Array, ...]:
    signal = ema(ratio, window_sign, window_slow - 1)
    return ratio, signal, ratio - signal


def _ppo(c: Columns, window_fast: int, window_slow: int, window_sign: int) -> tuple[Array, ...]:
    quick, slow = crossing(c.close, window_fast, window_slow)
    return _oscillator(100 * (quick - slow) / slow, window_slow, window_sign)


def _pvo(c: Columns, window_fast: int, window_slow: int, window_sign: int) -> tuple[Array, ...]:
    quick, slow = crossing(c.volume, window_fast, window_slow)
    trading = alive(c.volume, fade_ema(window_slow)) & (slow > 0)
    ratio = np.where(trading, 100 * (quick - slow) / slow, 0.0)  # 0 keeps the signal line finite behind it
    return tuple(np.where(trading, line, np.nan) for line in _oscillator(ratio, window_slow, window_sign))


def _crossing_settled(window_slow: int, window_sign: int, **_: int) -> int:
    return window_slow + fade_ema(window_slow) + fade_ema(window_sign)


MOMENTUM = (
    Declaration(
        name="rsi",
        title="Relative strength index",
        family="momentum",
        outputs=("rsi",),
        inputs=("close",),
        fast=True,
        memory="fading",
        parameters=windows(window=14),
        kernel=_rsi,
        least=lambda window: window + 1,
        settled=lambda window: window + 1 + fade_wilder(window),
        source="J. W. Wilder, New Concepts in Technical Trading Systems, 1978",
        differs="Undefined where nothing moved; TA-Lib says 0 there, ta 100. Seeds as TA-Lib; ta begins with "
        "the first change.",
    ),
    Declaration(
        name="stoch_rsi",
        title="Stochastic RSI",
        family="momentum",
        outputs=("stoch_rsi", "k", "d"),
        inputs=("close",),
        fast=True,
        memory="fading",
        parameters={**windows(window=14), **windows(1, smooth1=3, smooth2=3)},
        kernel=_stoch_rsi,
        # RSI, its range, both smoothings, and one window more in which the first RSI settles: 50 by default
        least=lambda window, smooth1, smooth2: 3 * window + smooth1 + smooth2 + 2,
        settled=lambda window, smooth1, smooth2: 2 * window + smooth1 + smooth2 + fade_wilder(window),
        source="T. Chande and S. Kroll, The New Technical Trader, 1994",
        differs="From 0 to 1 as in ta; TA-Lib counts to 100, and calls d what is k here. Undefined where the "
        "RSI stood still.",
        aliases=("stochrsi",),
    ),
    Declaration(
        name="stochastic",
        title="Stochastic oscillator",
        family="momentum",
        outputs=("k", "d"),
        inputs=("high", "low", "close"),
        fast=True,
        parameters={**windows(window=14), **windows(1, smooth_window=3)},
        kernel=_stochastic,
        least=lambda window, smooth_window: window + smooth_window - 1,
        source=SCHOOL + "technical-indicators/stochastic-oscillator-fast-slow-and-full",
        differs="Undefined in a flat window; TA-Lib says 0 there.",
        aliases=("stoch", "stochf", "stochastic_oscillator"),
    ),
    Declaration(
        name="williams_r",
        title="Williams %R",
        family="momentum",
        outputs=("williams_r",),
        inputs=("high", "low", "close"),
        fast=True,
        parameters=windows(window=14),
        kernel=_williams,
        least=lambda window: window,
        source=SCHOOL + "technical-indicators/williams-r",
        differs="Undefined in a flat window; TA-Lib says 0 there.",
        aliases=("willr",),
    ),
    Declaration(
        name="tsi",
        title="True strength index",
        family="momentum",
        outputs=("tsi",),
        inputs=("close",),
        fast=True,
        memory="fading",
        parameters=windows(window_slow=25, window_fast=13),
        kernel=_tsi,
        least=lambda window_slow, window_fast: window_slow + window_fast,
        settled=lambda window_slow, window_fast: (
            window_slow + window_fast + fade_ema(window_slow) + fade_ema(window_fast)
        ),
        source=SCHOOL + "technical-indicators/true-strength-index",
        differs="Undefined where nothing moved; TA-Lib says 0 there. Seeds as TA-Lib; ta begins with the "
        "first change.",
    ),
    Declaration(
        name="ultimate_oscillator",
        title="Ultimate oscillator",
        family="momentum",
        outputs=("ultimate_oscillator",),
        inputs=("high", "low", "close"),
        parameters=windows(window1=7, window2=14, window3=28),
        kernel=_ultimate,
        least=lambda **each: max(each.values()) + 1,
        source=SCHOOL + "technical-indicators/ultimate-oscillator",
        differs="Undefined where nothing moved in the shortest window; TA-Lib leaves that part out.",
        aliases=("uo", "ultosc"),
    ),
    Declaration(
        name="kama",
        title="Kaufman's adaptive moving average",
        family="momentum",
        outputs=("kama",),
        inputs=("close",),
        overlay=True,
        memory="fading",
        parameters=windows(window=10, window_fast=2, window_slow=30),
        ascending=("window_fast", "window_slow"),
        kernel=_kama,
        least=lambda window, **_: window + 1,
        # the bound for a market that gets nowhere; one with a direction forgets ten times faster
        settled=lambda window, window_slow, **_: window + fade((2 / (window_slow + 1)) ** 2),
        source="P. J. Kaufman, Smarter Trading, 1995",
        differs="A flat window counts as efficient (1), as in TA-Lib; in ta as inefficient (0).",
    ),
    Declaration(
        name="roc",
        title="Rate of change, %",
        family="momentum",
        outputs=("roc",),
        inputs=("close",),
        parameters=windows(1, window=12),
        kernel=_roc,
        least=lambda window: window + 1,
        source=SCHOOL + "technical-indicators/rate-of-change-roc",
    ),
    Declaration(
        name="awesome_oscillator",
        title="Awesome oscillator",
        family="momentum",
        outputs=("awesome_oscillator",),
        inputs=("high", "low"),
        parameters=windows(window1=5, window2=34),
        ascending=("window1", "window2"),
        kernel=_awesome,
        least=lambda window2, **_: window2,
        source="B. Williams, New Trading Dimensions, 1998",
        aliases=("ao",),
    ),
    Declaration(
        name="ppo",
        title="Percentage price oscillator",
        family="momentum",
        outputs=("ppo", "signal", "histogram"),
        inputs=("close",),
        fast=True,
        memory="fading",
        parameters=windows(window_fast=12, window_slow=26, window_sign=9),
        ascending=("window_fast", "window_slow"),
        kernel=_ppo,
        least=lambda window_slow, window_sign, **_: window_slow + window_sign,
        settled=_crossing_settled,
        source=SCHOOL + "technical-indicators/percentage-price-oscillator-ppo",
        differs="Both means begin in the same row; TA-Lib and ta begin the quick one earlier.",
    ),
    Declaration(
        name="pvo",
        title="Percentage volume oscillator",
        family="momentum",
        outputs=("pvo", "signal", "histogram"),
        inputs=("volume",),
        fast=True,
        memory="fading",
        parameters=windows(window_fast=12, window_slow=26, window_sign=9),
        ascending=("window_fast", "window_slow"),
        kernel=_pvo,
        least=lambda window_slow, window_sign, **_: window_slow + window_sign,
        settled=_crossing_settled,
        source=SCHOOL + "technical-indicators/percentage-volume-oscillator-pvo",
        differs="As PPO; undefined where nothing was traded, where TA-Lib says 0.",
    ),
)
