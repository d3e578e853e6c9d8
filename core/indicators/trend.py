"""Where the price is going: moving means and what is built on them."""

import numpy as np

from core.indicators import by_ta
from core.indicators.declare import (
    Array,
    Columns,
    Declaration,
    Parameter,
    fade_ema,
    fade_wilder,
    parameters,
    windows,
)
from core.indicators.fast import ema, highest, lowest, smooth
from core.indicators.parabolic import PSAR
from core.indicators.series import alive, before, mean, newest, spread, total, true_range, weighted

SCHOOL = "https://chartschool.stockcharts.com/table-of-contents/technical-indicators-and-overlays/"


def _sma(c: Columns, window: int) -> tuple[Array, ...]:
    return (mean(c.close, window),)


def _ema(c: Columns, window: int) -> tuple[Array, ...]:
    return (ema(c.close, window),)


def _wma(c: Columns, window: int) -> tuple[Array, ...]:
    return (weighted(c.close, window),)


def crossing(values: Array, fast: int, slow: int) -> tuple[Array, Array]:
    """Two exponential means of which the first values stand in the same row, as in TA-Lib."""
    return ema(values, fast, slow - fast), ema(values, slow)


def _macd(c: Columns, window_fast: int, window_slow: int, window_sign: int) -> tuple[Array, ...]:
    quick, slow = crossing(c.close, window_fast, window_slow)
    line = quick - slow
    signal = ema(line, window_sign, window_slow - 1)
    return line, signal, line - signal


def _adx(c: Columns, window: int) -> tuple[Array, ...]:
    rise, fall = c.high - before(c.high), before(c.low) - c.low
    plus = np.where((rise > fall) & (rise > 0), rise, 0.0)
    minus = np.where((fall > rise) & (fall > 0), fall, 0.0)
    reach = true_range(c.high, c.low, c.close)
    count = len(reach)

    def smoothed(moves: Array) -> Array:
        out = np.full(count, np.nan)
        if count > window:  # Wilder's first sum holds window − 1 moves
            out[window:] = smooth(moves[window:], moves[1:window].sum() / window, 2 * window - 1)
        return out

    range_mean = smoothed(reach)
    moving = alive(reach, fade_wilder(window))
    plus_di = np.where(moving, 100 * smoothed(plus) / range_mean, np.nan)
    minus_di = np.where(moving, 100 * smoothed(minus) / range_mean, np.nan)
    both = plus_di + minus_di
    directed = np.where(both > 0, 100 * np.abs(plus_di - minus_di) / both, np.nan)
    return _held_mean(directed, window), plus_di, minus_di


def _held_mean(directed: Array, window: int) -> Array:
    """ADX of DX: a row without direction counts as 0 in the first mean, and later leaves ADX as it is."""
    out = np.full(len(directed), np.nan)
    first = 2 * window - 1
    if len(directed) > first:
        out[first] = np.nan_to_num(directed[window : first + 1]).mean()
        later = directed[first + 1 :]
        told = ~np.isnan(later)
        steps = np.concatenate(([out[first]], smooth(later[told], out[first], 2 * window - 1)))
        out[first + 1 :] = steps[np.cumsum(told)]
    return out


def _vortex(c: Columns, window: int) -> tuple[Array, ...]:
    from_low, from_high = np.abs(c.high - before(c.low)), np.abs(c.low - before(c.high))
    reach = total(true_range(c.high, c.low, c.close), window)
    return total(from_low, window) / reach, total(from_high, window) / reach


def _trix(c: Columns, window: int) -> tuple[Array, ...]:
    third = ema(ema(ema(c.close, window), window, window - 1), window, 2 * window - 2)
    earlier = before(third)
    return (100 * (third - earlier) / earlier,)


def _mass(c: Columns, window_fast: int, window_slow: int) -> tuple[Array, ...]:
    reach = np.abs(c.high - c.low)
    once = ema(reach, window_fast)
    twice = ema(once, window_fast, window_fast - 1)
    moving = alive(reach, 2 * fade_ema(window_fast))
    return (total(np.where(moving, once / twice, np.nan), window_slow),)


def _cci(c: Columns, window: int, constant: float) -> tuple[Array, ...]:
    typical = (c.high + c.low + c.close) / 3
    middle = mean(typical, window)
    return ((typical - middle) / (constant * spread(typical, middle, window)),)


def _dpo(c: Columns, window: int) -> tuple[Array, ...]:
    return (before(c.close, window // 2 + 1) - mean(c.close, window),)


def _kst(c: Columns, nsig: int, **each: int) -> tuple[Array, ...]:
    kst = np.zeros(len(c.close))
    for weight in (1, 2, 3, 4):
        earlier = before(c.close, each[f"roc{weight}"])
        kst += 100 * weight * mean((c.close - earlier) / earlier, each[f"window{weight}"])
    return kst, mean(kst, nsig)


def _aroon(c: Columns, window: int) -> tuple[Array, ...]:
    up = 100 - newest(c.high, highest(c.high, window + 1), window + 1) * (100 / window)
    down = 100 - newest(c.low, lowest(c.low, window + 1), window + 1) * (100 / window)
    return up, down, up - down


TREND = (
    Declaration(
        name="sma",
        title="Simple moving average",
        family="trend",
        outputs=("sma",),
        inputs=("close",),
        overlay=True,
        parameters=windows(window=20),
        kernel=_sma,
        least=lambda window: window,
        source=SCHOOL + "technical-overlays/moving-averages-simple-and-exponential",
    ),
    Declaration(
        name="ema",
        title="Exponential moving average",
        family="trend",
        outputs=("ema",),
        inputs=("close",),
        overlay=True,
        fast=True,
        memory="fading",
        parameters=windows(window=20),
        kernel=_ema,
        least=lambda window: window + 1,
        settled=lambda window: window + fade_ema(window),
        source=SCHOOL + "technical-overlays/moving-averages-simple-and-exponential",
        differs="Begins with the plain mean of the first window closes, as TA-Lib does; ta begins with the "
        "first close. The row that is nothing but that mean is left out.",
    ),
    Declaration(
        name="wma",
        title="Weighted moving average",
        family="trend",
        outputs=("wma",),
        inputs=("close",),
        overlay=True,
        parameters=windows(window=9),
        kernel=_wma,
        least=lambda window: window,
        source="https://www.investopedia.com/ask/answers/071414/"
        "whats-difference-between-moving-average-and-weighted-moving-average.asp",
    ),
    Declaration(
        name="macd",
        title="Moving average convergence divergence",
        family="trend",
        outputs=("macd", "signal", "histogram"),
        inputs=("close",),
        fast=True,
        memory="fading",
        parameters=windows(window_fast=12, window_slow=26, window_sign=9),
        ascending=("window_fast", "window_slow"),
        kernel=_macd,
        least=lambda window_slow, window_sign, **_: window_slow + window_sign,
        settled=lambda window_slow, window_sign, **_: (
            window_slow + fade_ema(window_slow) + fade_ema(window_sign)
        ),
        source=SCHOOL + "technical-indicators/macd-moving-average-convergence-divergence-oscillator",
        differs="Seeds as TA-Lib; ta begins with the first close.",
    ),
    Declaration(
        name="adx",
        title="Average directional index",
        family="trend",
        outputs=("adx", "plus_di", "minus_di"),
        inputs=("high", "low", "close"),
        fast=True,
        memory="fading",
        parameters=windows(window=14),
        kernel=_adx,
        least=lambda window: 2 * window,
        settled=lambda window: 2 * window + 2 * fade_wilder(window),
        source="J. W. Wilder, New Concepts in Technical Trading Systems, 1978",
        differs="Undefined where nothing moved at all; TA-Lib and ta say 0 there. ta seeds otherwise.",
        aliases=("plus_di", "minus_di", "dmi"),
    ),
    Declaration(
        name="vortex",
        title="Vortex",
        family="trend",
        outputs=("plus", "minus"),
        inputs=("high", "low", "close"),
        parameters=windows(window=14),
        kernel=_vortex,
        least=lambda window: window + 1,
        source=SCHOOL + "technical-indicators/vortex-indicator",
        differs="Undefined where nothing moved; TA-Lib says 0 there, ta NaN or infinity.",
    ),
    Declaration(
        name="trix",
        title="TRIX",
        family="trend",
        outputs=("trix",),
        inputs=("close",),
        fast=True,
        memory="fading",
        parameters=windows(window=15),
        kernel=_trix,
        least=lambda window: 3 * window - 1,
        settled=lambda window: 3 * window + 3 * fade_ema(window),
        source=SCHOOL + "technical-indicators/trix",
        differs="Seeds as TA-Lib; ta begins with the first close.",
    ),
    Declaration(
        name="mass_index",
        title="Mass index",
        family="trend",
        outputs=("mass_index",),
        inputs=("high", "low"),
        fast=True,
        memory="fading",
        parameters=windows(window_fast=9, window_slow=25),
        kernel=_mass,
        least=lambda window_fast, window_slow: 2 * window_fast + window_slow - 2,
        settled=lambda window_fast, window_slow: 2 * window_fast + window_slow + 2 * fade_ema(window_fast),
        source=SCHOOL + "technical-indicators/mass-index",
        differs="Undefined where high was low all along; TA-Lib counts 1 a row there.",
        aliases=("massi",),
    ),
    Declaration(
        name="cci",
        title="Commodity channel index",
        family="trend",
        outputs=("cci",),
        inputs=("high", "low", "close"),
        parameters=parameters([*windows(window=20).values(), Parameter("constant", 0.015, 0.001, 1.0)]),
        kernel=_cci,
        least=lambda window, **_: window,
        source=SCHOOL + "technical-indicators/commodity-channel-index-cci",
        differs="Undefined in a flat window; TA-Lib says 0 there.",
    ),
    Declaration(
        name="dpo",
        title="Detrended price oscillator",
        family="trend",
        outputs=("dpo",),
        inputs=("close",),
        parameters=windows(window=20),
        kernel=_dpo,
        least=lambda window: max(window, window // 2 + 2),
        source=SCHOOL + "technical-indicators/detrended-price-oscillator-dpo",
        differs="Not shifted back: the value of a row uses that row and earlier ones only.",
    ),
    Declaration(
        name="kst",
        title="Know sure thing",
        family="trend",
        outputs=("kst", "signal"),
        inputs=("close",),
        parameters=windows(
            roc1=10, roc2=15, roc3=20, roc4=30, window1=10, window2=10, window3=10, window4=15, nsig=9
        ),
        kernel=_kst,
        least=lambda nsig, **each: nsig - 1 + max(each[f"roc{n}"] + each[f"window{n}"] for n in (1, 2, 3, 4)),
        source=SCHOOL + "technical-indicators/pring-s-know-sure-thing-kst",
        differs="ta fills the warm-up with the mean of the whole series, and its running sums carry the "
        "rounding of that, the future's, into every later row.",
    ),
    by_ta.ICHIMOKU,
    by_ta.STC,
    PSAR,
    Declaration(
        name="aroon",
        title="Aroon",
        family="trend",
        outputs=("up", "down", "oscillator"),
        inputs=("high", "low"),
        fast=True,
        parameters=windows(window=25),
        kernel=_aroon,
        least=lambda window: window + 1,
        source=SCHOOL + "technical-indicators/aroon",
        differs="Of equal extremes the newest counts, as in TA-Lib; in ta the oldest.",
        aliases=("aroonosc",),
    ),
)
