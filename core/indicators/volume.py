"""What the traded volume says about it."""

import numpy as np

from core.indicators.declare import Array, Columns, Declaration, fade_ema, windows
from core.indicators.fast import ema
from core.indicators.series import before, mean, total
from core.indicators.trend import SCHOOL

TIE = 1e-14
"""Typical prices closer than this are one price, summed in another order."""

SCALE = 1e8
"""Ease of movement is per this much volume, as its source has it."""


def _onward(values: Array, first: float) -> Array:
    """The value of the row before each; ``first`` before the first."""
    return np.concatenate(([first], values[:-1]))


def _running(changes: Array, begin: float) -> Array:
    """Running total, from ``begin``; continued later it gives the same bits."""
    return np.cumsum(np.concatenate(([begin], changes)))[1:]


def _flow(c: Columns) -> Array:
    """Volume, weighed from -1 to 1 by where in its range the candle closed; 0 without range."""
    reach = c.high - c.low
    place = ((c.close - c.low) - (c.high - c.close)) / reach
    return np.where(reach > 0, place, 0.0) * c.volume


def _adi(c: Columns, state: tuple[float] | None) -> tuple[tuple[Array, ...], tuple[float]]:
    adi = _running(_flow(c), state[0] if state else 0.0)
    return (adi,), (float(adi[-1]),)


def _obv(c: Columns, state: tuple[float, float] | None) -> tuple[tuple[Array, ...], tuple[float, float]]:
    close, begin = state or (0.0, 0.0)  # the first candle counts as a rise
    obv = _running(np.sign(c.close - _onward(c.close, close)) * c.volume, begin)
    return (obv,), (float(c.close[-1]), float(obv[-1]))


def _vpt(c: Columns, state: tuple[float, float] | None) -> tuple[tuple[Array, ...], tuple[float, float]]:
    close, begin = state or (float(c.close[0]), 0.0)
    earlier = _onward(c.close, close)
    vpt = _running((c.close - earlier) / earlier * c.volume, begin)
    return (vpt,), (float(c.close[-1]), float(vpt[-1]))


def _nvi(
    c: Columns, state: tuple[float, float, float] | None
) -> tuple[tuple[Array, ...], tuple[float, float, float]]:
    close, volume, begin = state or (float(c.close[0]), float(c.volume[0]), 0.0)
    quieter = c.volume < _onward(c.volume, volume)
    growth = np.where(quieter, np.log(c.close / _onward(c.close, close)), 0.0)
    grown = _running(growth, begin)  # in logarithms, so that no product can overflow and stay so
    return (1000 * np.exp(grown),), (float(c.close[-1]), float(c.volume[-1]), float(grown[-1]))


def _cmf(c: Columns, window: int) -> tuple[Array, ...]:
    return (total(_flow(c), window) / total(c.volume, window),)


def _force(c: Columns, window: int) -> tuple[Array, ...]:
    return (ema((c.close - before(c.close)) * c.volume, window, 1),)


def _ease(c: Columns, window: int) -> tuple[Array, ...]:
    moved = (c.high - before(c.high)) + (c.low - before(c.low))
    went = moved * (c.high - c.low)
    ease = np.where(went == 0, 0.0, SCALE * went / (2 * c.volume))
    ease[~np.isfinite(ease)] = np.nan  # it moved, and nothing was traded
    return ease, mean(ease, window)


def _mfi(c: Columns, window: int) -> tuple[Array, ...]:
    typical = (c.high + c.low + c.close) / 3
    money, step = typical * c.volume, typical - before(typical)
    up = total(np.where(step > TIE * typical, money, 0.0), window)
    down = total(np.where(step < -TIE * typical, money, 0.0), window)
    return (100 * up / (up + down),)


def _vwap(c: Columns, window: int) -> tuple[Array, ...]:
    typical = (c.high + c.low + c.close) / 3
    return (total(typical * c.volume, window) / total(c.volume, window),)


VOLUME = (
    Declaration(
        name="adi",
        title="Accumulation/distribution",
        family="volume",
        outputs=("adi",),
        inputs=("high", "low", "close", "volume"),
        memory="origin",
        kernel=_adi,
        least=lambda: 1,
        source=SCHOOL + "technical-indicators/accumulation-distribution-line",
        aliases=("ad", "acc_dist_index"),
    ),
    Declaration(
        name="obv",
        title="On-balance volume",
        family="volume",
        outputs=("obv",),
        inputs=("close", "volume"),
        memory="origin",
        kernel=_obv,
        least=lambda: 1,
        source=SCHOOL + "technical-indicators/on-balance-volume-obv",
        differs="An unchanged close adds nothing, as in the source and TA-Lib; ta adds the volume.",
    ),
    Declaration(
        name="cmf",
        title="Chaikin money flow",
        family="volume",
        outputs=("cmf",),
        inputs=("high", "low", "close", "volume"),
        parameters=windows(window=20),
        kernel=_cmf,
        least=lambda window: window,
        source=SCHOOL + "technical-indicators/chaikin-money-flow-cmf",
        differs="Undefined where nothing was traded; TA-Lib says 0 there.",
        aliases=("chaikin_money_flow",),
    ),
    Declaration(
        name="force_index",
        title="Force index",
        family="volume",
        outputs=("force_index",),
        inputs=("close", "volume"),
        fast=True,
        memory="fading",
        parameters=windows(window=13),
        kernel=_force,
        least=lambda window: window + 1,
        settled=lambda window: window + 1 + fade_ema(window),
        source=SCHOOL + "technical-indicators/force-index",
        differs="Seeds as TA-Lib; ta begins with the first change.",
        aliases=("efi",),
    ),
    Declaration(
        name="ease_of_movement",
        title="Ease of movement",
        family="volume",
        outputs=("ease_of_movement", "smoothed"),
        inputs=("high", "low", "volume"),
        parameters=windows(window=14),
        kernel=_ease,
        least=lambda window: window + 1,
        source=SCHOOL + "technical-indicators/ease-of-movement-emv",
        differs="0 where a candle neither moved nor traded; undefined where it moved without trade. "
        "ta says NaN and infinity there.",
        aliases=("eom", "emv"),
    ),
    Declaration(
        name="vpt",
        title="Volume price trend",
        family="volume",
        outputs=("vpt",),
        inputs=("close", "volume"),
        memory="origin",
        kernel=_vpt,
        least=lambda: 2,
        source="https://www.investopedia.com/terms/v/vptindicator.asp",
        aliases=("pvt", "volume_price_trend"),
    ),
    Declaration(
        name="nvi",
        title="Negative volume index",
        family="volume",
        outputs=("nvi",),
        inputs=("close", "volume"),
        memory="origin",
        kernel=_nvi,
        least=lambda: 2,
        source="https://en.wikipedia.org/wiki/Negative_volume_index",
    ),
    Declaration(
        name="mfi",
        title="Money flow index",
        family="volume",
        outputs=("mfi",),
        inputs=("high", "low", "close", "volume"),
        parameters=windows(window=14),
        kernel=_mfi,
        least=lambda window: window + 1,
        source=SCHOOL + "technical-indicators/money-flow-index-mfi",
        differs="Undefined where no money flowed; ta lets rounding decide whether equal typical prices "
        "moved. TA-Lib says 0 wherever less than one unit of quote currency flowed, which for a pair "
        "priced in BTC is everywhere.",
        aliases=("money_flow_index",),
    ),
    Declaration(
        name="vwap",
        title="Volume-weighted average price",
        family="volume",
        outputs=("vwap",),
        inputs=("high", "low", "close", "volume"),
        overlay=True,
        parameters=windows(window=14),
        kernel=_vwap,
        least=lambda window: window,
        source=SCHOOL + "technical-overlays/volume-weighted-average-price-vwap",
        differs="Over a moving window, as in ta: a market that never closes has no session to begin in. "
        "TA-Lib sums from the first row. Undefined where nothing was traded.",
    ),
)
