"""What to hold the indicators against: TA-Lib, formulas written out from the cited sources, and bare ta.

Inputs are a candles frame without gaps; each reference gives the declared outputs, NaN where it has none.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import ta.momentum as m
import ta.others as o
import ta.trend as t
import ta.volatility as y
import ta.volume as v
import talib

Outputs = dict[str, np.ndarray]


def columns(frame: pd.DataFrame) -> tuple[np.ndarray, ...]:
    return tuple(frame[name].to_numpy() for name in ("high", "low", "close", "volume"))


def _named(**outputs: Any) -> Outputs:
    return {name: np.asarray(values, dtype=float) for name, values in outputs.items()}


# --- TA-Lib's own functions: these also measure the speed


def _macd(h, lo, c, v):
    line, signal, histogram = talib.MACD(c, 12, 26, 9)
    return _named(macd=line, signal=signal, histogram=histogram)


def _adx(h, lo, c, v):
    return _named(
        adx=talib.ADX(h, lo, c, 14),
        plus_di=talib.PLUS_DI(h, lo, c, 14),
        minus_di=talib.MINUS_DI(h, lo, c, 14),
    )


def _pair(names: str, found: tuple[np.ndarray, ...]) -> Outputs:
    return _named(**dict(zip(names.split(), found, strict=True)))


def _aroon(h, lo, c, v):
    down, up = talib.AROON(h, lo, 25)
    return _named(up=up, down=down, oscillator=up - down)


def _stoch_rsi(h, lo, c, v):
    raw, k = talib.STOCHRSI(c, 14, 14, 3)
    return _named(stoch_rsi=raw / 100, k=k / 100, d=talib.SMA(k, 3) / 100)


def _signalled(name: str, line: np.ndarray) -> Outputs:
    signal = talib.EMA(line, 9)
    return _named(**{name: line, "signal": signal, "histogram": line - signal})


TALIB: dict[str, Callable[..., Outputs]] = {
    "sma": lambda h, lo, c, v: _named(sma=talib.SMA(c, 20)),
    "ema": lambda h, lo, c, v: _named(ema=talib.EMA(c, 20)),
    "wma": lambda h, lo, c, v: _named(wma=talib.WMA(c, 9)),
    "macd": _macd,
    "adx": _adx,
    "vortex": lambda h, lo, c, v: _pair("plus minus", talib.VORTEX(h, lo, c, 14)),
    "trix": lambda h, lo, c, v: _named(trix=talib.TRIX(c, 15)),
    "mass_index": lambda h, lo, c, v: _named(mass_index=talib.MASSI(h, lo, 9, 25)),
    "cci": lambda h, lo, c, v: _named(cci=talib.CCI(h, lo, c, 20)),
    "dpo": lambda h, lo, c, v: _named(dpo=talib.DPO(c, 20)),
    "psar": lambda h, lo, c, v: _named(psar=talib.SAR(h, lo, 0.02, 0.2)),
    "aroon": _aroon,
    "rsi": lambda h, lo, c, v: _named(rsi=talib.RSI(c, 14)),
    "stoch_rsi": _stoch_rsi,
    "stochastic": lambda h, lo, c, v: _pair("k d", talib.STOCHF(h, lo, c, 14, 3)),
    "williams_r": lambda h, lo, c, v: _named(williams_r=talib.WILLR(h, lo, c, 14)),
    "tsi": lambda h, lo, c, v: _named(tsi=talib.TSI(c, 25, 13)),
    "ultimate_oscillator": lambda h, lo, c, v: _named(ultimate_oscillator=talib.ULTOSC(h, lo, c, 7, 14, 28)),
    "kama": lambda h, lo, c, v: _named(kama=talib.KAMA(c, 10)),
    "roc": lambda h, lo, c, v: _named(roc=talib.ROC(c, 12)),
    "awesome_oscillator": lambda h, lo, c, v: _named(awesome_oscillator=talib.AO(h, lo, 5, 34)),
    "ppo": lambda h, lo, c, v: _signalled("ppo", talib.PPO(c, 12, 26, 1)),
    "pvo": lambda h, lo, c, v: _signalled("pvo", talib.PVO(v, 12, 26, 1)),
    "atr": lambda h, lo, c, v: _named(atr=talib.ATR(h, lo, c, 14)),
    "bollinger": lambda h, lo, c, v: _pair("upper middle lower", talib.BBANDS(c, 20, 2.0, 2.0)),
    "donchian": lambda h, lo, c, v: _pair("upper middle lower", talib.DONCHIAN(h, lo, 20)),
    "adi": lambda h, lo, c, v: _named(adi=talib.AD(h, lo, c, v)),
    "obv": lambda h, lo, c, v: _named(obv=talib.OBV(c, v)),
    "cmf": lambda h, lo, c, v: _named(cmf=talib.CMF(h, lo, c, v, 20)),
    "force_index": lambda h, lo, c, v: _named(force_index=talib.EFI(c, v, 13)),
    "vpt": lambda h, lo, c, v: _named(vpt=talib.PVT(c, v)),
    "nvi": lambda h, lo, c, v: _named(nvi=talib.NVI(c, v)),
    "mfi": lambda h, lo, c, v: _named(mfi=talib.MFI(h, lo, c, v, 14)),
    "simple_return": lambda h, lo, c, v: _named(simple_return=100 * talib.ROCP(c, 1)),
}

# --- formulas, for what TA-Lib lacks or means otherwise


def _width(h, lo, c, v):
    upper, middle, lower = talib.BBANDS(c, 20, 2.0, 2.0)
    return _named(bollinger_width=100 * (upper - lower) / middle)


def _percent(h, lo, c, v):
    upper, _, lower = talib.BBANDS(c, 20, 2.0, 2.0)
    return _named(bollinger_percent=(c - lower) / (upper - lower))


def _keltner(h, lo, c, v):
    middle, away = talib.EMA(c, 20), 2 * talib.ATR(h, lo, c, 10)
    return _named(lower=middle - away, middle=middle, upper=middle + away)


def _ichimoku(h, lo, c, v):
    conversion, base = talib.MIDPRICE(h, lo, 9), talib.MIDPRICE(h, lo, 26)
    return _named(
        conversion=conversion, base=base, span_a=(conversion + base) / 2, span_b=talib.MIDPRICE(h, lo, 52)
    )


def _kst(h, lo, c, v):
    parts = ((1, 10, 10), (2, 15, 10), (3, 20, 10), (4, 30, 15))
    kst = sum(weight * talib.SMA(talib.ROC(c, rows), window) for weight, rows, window in parts)
    return _named(kst=kst, signal=talib.SMA(kst, 9))


def _stc(h, lo, c, v):
    """Row by row: a mean that starts from its first value, and keeps its value where the range is empty."""

    def mean(values, window):
        alpha, old, weight, out = 2 / (window + 1), np.nan, 1.0, []
        for value in values:
            if not np.isnan(old):
                weight *= 1 - alpha  # a row without a value lets the old ones age
                if not np.isnan(value):
                    old, weight = (weight * old + alpha * value) / (weight + alpha), 1.0
            else:
                old = value
            out.append(old)
        return np.array(out)

    def place(values, window):
        out = np.full(len(values), np.nan)
        for row in range(window - 1, len(values)):
            seen = values[row - window + 1 : row + 1]
            if seen.max() > seen.min():
                out[row] = 100 * (values[row] - seen.min()) / (seen.max() - seen.min())
        return out

    line = mean(c, 23) - mean(c, 50)
    line[:49] = np.nan
    first = mean(place(line, 10), 3)
    first[:60] = np.nan
    return _named(stc=mean(place(first, 10), 3))


def _ulcer(h, lo, c, v):
    peak = pd.Series(c).rolling(14).max().to_numpy()
    squares = (100 * (c / peak - 1)) ** 2
    return _named(ulcer_index=[np.sqrt(squares[max(0, i - 13) : i + 1].mean()) for i in range(len(c))])


def _ease(h, lo, c, v):
    distance = np.concatenate(([np.nan], np.diff((h + lo) / 2)))
    ease = np.where((distance == 0) | (h == lo), 0, distance / (v / 1e8 / (h - lo)))
    ease[0] = np.nan
    means = [ease[max(0, row - 13) : row + 1].mean() for row in range(len(ease))]
    return _named(ease_of_movement=ease, smoothed=means)


def _vwap(h, lo, c, v):
    out = np.full(len(c), np.nan)
    for row in range(13, len(c)):
        seen = slice(row - 13, row + 1)
        out[row] = np.sum((h[seen] + lo[seen] + c[seen]) / 3 * v[seen]) / v[seen].sum()
    return _named(vwap=out)


FORMULAS: dict[str, Callable[..., Outputs]] = {
    "bollinger_width": _width,
    "bollinger_percent": _percent,
    "keltner": _keltner,
    "ichimoku": _ichimoku,
    "kst": _kst,
    "stc": _stc,
    "ulcer_index": _ulcer,
    "ease_of_movement": _ease,
    "vwap": _vwap,
    "log_return": lambda h, lo, c, v: _named(
        log_return=100 * np.log(np.concatenate(([np.nan], c[1:] / c[:-1])))
    ),
    "cumulative_return": lambda h, lo, c, v: _named(cumulative_return=100 * (c - c[0]) / c[0]),
}

REFERENCES = {**TALIB, **FORMULAS}

# --- bare ta, on an index from 0

S = dict[str, pd.Series]
BARE: dict[str, Callable[[S], Outputs]] = {
    "sma": lambda s: _named(sma=t.SMAIndicator(s["close"], 20).sma_indicator()),
    "ema": lambda s: _named(ema=t.EMAIndicator(s["close"], 20).ema_indicator()),
    "wma": lambda s: _named(wma=t.WMAIndicator(s["close"], 9).wma()),
    "macd": lambda s: _read(t.MACD(s["close"]), macd="macd", signal="macd_signal", histogram="macd_diff"),
    "adx": lambda s: _read(
        t.ADXIndicator(s["high"], s["low"], s["close"]), adx="adx", plus_di="adx_pos", minus_di="adx_neg"
    ),
    "vortex": lambda s: _read(
        t.VortexIndicator(s["high"], s["low"], s["close"]),
        plus="vortex_indicator_pos",
        minus="vortex_indicator_neg",
    ),
    "trix": lambda s: _read(t.TRIXIndicator(s["close"]), trix="trix"),
    "mass_index": lambda s: _read(t.MassIndex(s["high"], s["low"]), mass_index="mass_index"),
    "cci": lambda s: _read(t.CCIIndicator(s["high"], s["low"], s["close"]), cci="cci"),
    "dpo": lambda s: _read(t.DPOIndicator(s["close"]), dpo="dpo"),
    "kst": lambda s: _read(t.KSTIndicator(s["close"]), kst="kst", signal="kst_sig"),
    "ichimoku": lambda s: _read(
        t.IchimokuIndicator(s["high"], s["low"]),
        conversion="ichimoku_conversion_line",
        base="ichimoku_base_line",
        span_a="ichimoku_a",
        span_b="ichimoku_b",
    ),
    "psar": lambda s: _read(t.PSARIndicator(s["high"], s["low"], s["close"]), psar="psar"),
    "stc": lambda s: _read(t.STCIndicator(s["close"]), stc="stc"),
    "aroon": lambda s: _read(
        t.AroonIndicator(s["high"], s["low"], 25),
        up="aroon_up",
        down="aroon_down",
        oscillator="aroon_indicator",
    ),
    "rsi": lambda s: _read(m.RSIIndicator(s["close"]), rsi="rsi"),
    "stoch_rsi": lambda s: _read(
        m.StochRSIIndicator(s["close"]), stoch_rsi="stochrsi", k="stochrsi_k", d="stochrsi_d"
    ),
    "stochastic": lambda s: _read(
        m.StochasticOscillator(s["high"], s["low"], s["close"]), k="stoch", d="stoch_signal"
    ),
    "williams_r": lambda s: _read(
        m.WilliamsRIndicator(s["high"], s["low"], s["close"]), williams_r="williams_r"
    ),
    "tsi": lambda s: _read(m.TSIIndicator(s["close"]), tsi="tsi"),
    "ultimate_oscillator": lambda s: _read(
        m.UltimateOscillator(s["high"], s["low"], s["close"]), ultimate_oscillator="ultimate_oscillator"
    ),
    "kama": lambda s: _read(m.KAMAIndicator(s["close"]), kama="kama"),
    "roc": lambda s: _read(m.ROCIndicator(s["close"]), roc="roc"),
    "awesome_oscillator": lambda s: _read(
        m.AwesomeOscillatorIndicator(s["high"], s["low"]), awesome_oscillator="awesome_oscillator"
    ),
    "ppo": lambda s: _read(
        m.PercentagePriceOscillator(s["close"]), ppo="ppo", signal="ppo_signal", histogram="ppo_hist"
    ),
    "pvo": lambda s: _read(
        m.PercentageVolumeOscillator(s["volume"]), pvo="pvo", signal="pvo_signal", histogram="pvo_hist"
    ),
    "atr": lambda s: _read(y.AverageTrueRange(s["high"], s["low"], s["close"]), atr="average_true_range"),
    "bollinger": lambda s: _read(
        y.BollingerBands(s["close"]),
        lower="bollinger_lband",
        middle="bollinger_mavg",
        upper="bollinger_hband",
    ),
    "bollinger_width": lambda s: _read(y.BollingerBands(s["close"]), bollinger_width="bollinger_wband"),
    "bollinger_percent": lambda s: _read(y.BollingerBands(s["close"]), bollinger_percent="bollinger_pband"),
    "keltner": lambda s: _read(
        y.KeltnerChannel(s["high"], s["low"], s["close"], original_version=False),
        lower="keltner_channel_lband",
        middle="keltner_channel_mband",
        upper="keltner_channel_hband",
    ),
    "donchian": lambda s: _read(
        y.DonchianChannel(s["high"], s["low"], s["close"]),
        lower="donchian_channel_lband",
        middle="donchian_channel_mband",
        upper="donchian_channel_hband",
    ),
    "ulcer_index": lambda s: _read(y.UlcerIndex(s["close"]), ulcer_index="ulcer_index"),
    "adi": lambda s: _read(
        v.AccDistIndexIndicator(s["high"], s["low"], s["close"], s["volume"]), adi="acc_dist_index"
    ),
    "obv": lambda s: _read(v.OnBalanceVolumeIndicator(s["close"], s["volume"]), obv="on_balance_volume"),
    "cmf": lambda s: _read(
        v.ChaikinMoneyFlowIndicator(s["high"], s["low"], s["close"], s["volume"]), cmf="chaikin_money_flow"
    ),
    "force_index": lambda s: _read(v.ForceIndexIndicator(s["close"], s["volume"]), force_index="force_index"),
    "ease_of_movement": lambda s: _read(
        v.EaseOfMovementIndicator(s["high"], s["low"], s["volume"]),
        ease_of_movement="ease_of_movement",
        smoothed="sma_ease_of_movement",
    ),
    "vpt": lambda s: _read(v.VolumePriceTrendIndicator(s["close"], s["volume"]), vpt="volume_price_trend"),
    "nvi": lambda s: _read(
        v.NegativeVolumeIndexIndicator(s["close"], s["volume"]), nvi="negative_volume_index"
    ),
    "mfi": lambda s: _read(
        v.MFIIndicator(s["high"], s["low"], s["close"], s["volume"]), mfi="money_flow_index"
    ),
    "vwap": lambda s: _read(
        v.VolumeWeightedAveragePrice(s["high"], s["low"], s["close"], s["volume"]),
        vwap="volume_weighted_average_price",
    ),
    "simple_return": lambda s: _read(o.DailyReturnIndicator(s["close"]), simple_return="daily_return"),
    "log_return": lambda s: _read(o.DailyLogReturnIndicator(s["close"]), log_return="daily_log_return"),
    "cumulative_return": lambda s: _read(
        o.CumulativeReturnIndicator(s["close"]), cumulative_return="cumulative_return"
    ),
}


def _read(found: Any, **outputs: str) -> Outputs:
    return _named(**{name: getattr(found, method)() for name, method in outputs.items()})


def reference(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The outputs of TA-Lib or the formula, on the frame's index."""
    with np.errstate(all="ignore"):
        return pd.DataFrame(REFERENCES[name](*columns(frame)), index=frame.index)


def bare(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The outputs of bare ta, on the frame's index."""
    series = {one: frame[one].reset_index(drop=True) for one in ("high", "low", "close", "volume")}
    with np.errstate(all="ignore"):
        return pd.DataFrame(BARE[name](series)).set_axis(frame.index)
