"""How far the price swings."""

import numpy as np

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
from core.indicators.fast import ema, highest, lowest, wilder
from core.indicators.momentum import place
from core.indicators.series import mean_and_deviation, total, true_range
from core.indicators.trend import SCHOOL

WIDTH = Parameter("window_dev", 2.0, 0.1, 10.0)


def average_true_range(c: Columns, window: int) -> Array:
    """Wilder's mean of the true range, from the first row that has a close before it."""
    return wilder(true_range(c.high, c.low, c.close), window, 1)


def _atr(c: Columns, window: int) -> tuple[Array, ...]:
    return (average_true_range(c, window),)


def _bands(c: Columns, window: int, window_dev: float) -> tuple[Array, Array, Array]:
    middle, away = mean_and_deviation(c.close, window)
    away *= window_dev
    return middle - away, middle, middle + away


def _band_width(c: Columns, window: int, window_dev: float) -> tuple[Array, ...]:
    lower, middle, upper = _bands(c, window, window_dev)
    return (100 * (upper - lower) / middle,)


def _band_place(c: Columns, window: int, window_dev: float) -> tuple[Array, ...]:
    lower, _, upper = _bands(c, window, window_dev)
    return (place(c.close, upper, lower),)


def _keltner(c: Columns, window: int, window_atr: int, multiplier: float) -> tuple[Array, ...]:
    middle = ema(c.close, window)
    away = multiplier * average_true_range(c, window_atr)
    return middle - away, middle, middle + away


def _donchian(c: Columns, window: int) -> tuple[Array, ...]:
    upper, lower = highest(c.high, window), lowest(c.low, window)
    return lower, (upper + lower) / 2, upper


def _ulcer(c: Columns, window: int) -> tuple[Array, ...]:
    peak = highest(c.close, window)
    fallen = 100 * (c.close - peak) / peak
    return (np.sqrt(total(fallen * fallen, window) / window),)


VOLATILITY = (
    Declaration(
        name="atr",
        title="Average true range",
        family="volatility",
        outputs=("atr",),
        inputs=("high", "low", "close"),
        fast=True,
        memory="fading",
        parameters=windows(window=14),
        kernel=_atr,
        least=lambda window: window + 1,
        settled=lambda window: window + 1 + fade_wilder(window),
        source="J. W. Wilder, New Concepts in Technical Trading Systems, 1978",
        differs="The first candle has no true range, as in TA-Lib; ta counts its high less its low.",
        aliases=("average_true_range",),
    ),
    Declaration(
        name="bollinger",
        title="Bollinger bands",
        family="volatility",
        outputs=("lower", "middle", "upper"),
        inputs=("close",),
        overlay=True,
        parameters=parameters([*windows(window=20).values(), WIDTH]),
        kernel=_bands,
        least=lambda window, **_: window,
        source=SCHOOL + "technical-overlays/bollinger-bands",
        aliases=("bbands", "bollinger_bands", "bb"),
    ),
    Declaration(
        name="bollinger_width",
        title="Bollinger band width, %",
        family="volatility",
        outputs=("bollinger_width",),
        inputs=("close",),
        parameters=parameters([*windows(window=20).values(), WIDTH]),
        kernel=_band_width,
        least=lambda window, **_: window,
        source=SCHOOL + "technical-indicators/bollinger-bandwidth",
    ),
    Declaration(
        name="bollinger_percent",
        title="Bollinger %B",
        family="volatility",
        outputs=("bollinger_percent",),
        inputs=("close",),
        parameters=parameters([*windows(window=20).values(), WIDTH]),
        kernel=_band_place,
        least=lambda window, **_: window,
        source=SCHOOL + "technical-indicators/b-indicator",
        differs="Undefined in a flat window.",
    ),
    Declaration(
        name="keltner",
        title="Keltner channel",
        family="volatility",
        outputs=("lower", "middle", "upper"),
        inputs=("high", "low", "close"),
        overlay=True,
        fast=True,
        memory="fading",
        parameters=parameters(
            [*windows(window=20, window_atr=10).values(), Parameter("multiplier", 2.0, 0.1, 10.0)]
        ),
        kernel=_keltner,
        least=lambda window, window_atr, **_: max(window, window_atr) + 1,
        settled=lambda window, window_atr, **_: max(
            window + fade_ema(window), window_atr + 1 + fade_wilder(window_atr)
        ),
        source=SCHOOL + "technical-overlays/keltner-channels",
        differs="The exponential mean of the close and ATR, as the source has it since the 1980s. TA-Lib "
        "takes the mean of the typical price, ta by default Keltner's own form of 1960 without ATR.",
        aliases=("kc", "keltner_channel"),
    ),
    Declaration(
        name="donchian",
        title="Donchian channel",
        family="volatility",
        outputs=("lower", "middle", "upper"),
        inputs=("high", "low"),
        overlay=True,
        fast=True,
        parameters=windows(window=20),
        kernel=_donchian,
        least=lambda window: window,
        source=SCHOOL + "technical-overlays/price-channels",
        aliases=("donchian_channel",),
    ),
    Declaration(
        name="ulcer_index",
        title="Ulcer index",
        family="volatility",
        outputs=("ulcer_index",),
        inputs=("close",),
        fast=True,
        parameters=windows(window=14),
        kernel=_ulcer,
        least=lambda window: 2 * window - 1,
        source="P. Martin and B. McCann, The Investor's Guide to Fidelity Funds, 1989",
        differs="From the row in which every fall is measured from a full window; ta reports earlier ones.",
    ),
)
