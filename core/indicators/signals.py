"""What a handful of indicators say at the newest candle, each with its reason, and nothing more than that.

A reading is a rule of thumb from the indicator's own source, not advice: the thresholds stand in the
sentences.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from core.indicators.declare import Family
from core.indicators.guards import MAX_GAP, NotEnoughCandles, NoVolume
from core.indicators.run import REPAIRED, compute, find

Lean = Literal[-1, 0, 1]

TRENDING, TRENDLESS = 25.0, 20.0
"""ADX at and above, and below (Wilder)."""
OVERBOUGHT, OVERSOLD = 70.0, 30.0
"""RSI (Wilder)."""
HIGH_PLACE, LOW_PLACE = 80.0, 20.0
"""Stochastic %K (Lane)."""
PRESSURE = 0.05
"""Chaikin money flow beyond this counts."""
LIVELY, CALM = 1.5, 0.67
"""ATR against the median of its last values."""
COMPARED = 100
"""Values in that median."""
DUST = 1e-12
"""Of the price: a difference below it is rounding."""
CLEAR = 2
"""The signals of one side must outnumber the other by this many."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One indicator at the newest candle."""

    indicator: str
    family: Family
    value: float
    reading: str
    lean: Lean
    """1 up, -1 down, 0 neither."""
    reason: str
    """The rule and the number, as a sentence."""
    converged: bool
    """False while the value still depends on where the candles begin."""
    repaired: float | None
    """Share of the value, 0 to 1, that rests on repaired candles; None where the frame does not say."""


@dataclass(frozen=True, slots=True)
class Missing:
    """An indicator that says nothing, and why."""

    indicator: str
    reason: str
    needed: int | None = None
    got: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """All of them. ``reading`` is up, down or mixed; None when no indicator has a value."""

    time: str | None
    """ISO open time of the newest candle."""
    close: float | None
    reading: Literal["up", "down", "mixed"] | None
    reason: str
    signals: tuple[Signal, ...]
    missing: tuple[Missing, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data that JSON can carry."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Summary":
        """Back from :meth:`as_dict`, also after a turn through JSON."""
        signals = tuple(Signal(**signal) for signal in fields["signals"])
        missing = tuple(Missing(**entry) for entry in fields["missing"])
        return cls(**{**fields, "signals": signals, "missing": missing})


Said = tuple[float, str, Lean, str]
"""Value, reading, lean, reason."""


def summary(
    frame: pd.DataFrame, *, as_known: bool = True, max_gap: int = MAX_GAP, interval: str | None = None
) -> Summary:
    """Read trend, momentum, volatility and, where there is any, volume at the newest candle of the frame.

    The policy is that of :func:`core.indicators.compute`. An indicator with too few candles, without volume,
    or undefined at the newest candle is in ``missing`` with its reason; too few candles for all is no error.
    ValueError for a frame that is no candles frame.
    """
    signals: list[Signal] = []
    missing: list[Missing] = []
    for name, read in _READERS.items():
        try:
            values = compute(
                frame, name, as_known=as_known, max_gap=max_gap, interval=interval, **_PARAMS[name]
            )
        except NotEnoughCandles as error:
            missing.append(Missing(name, str(error), error.needed, error.got))
        except NoVolume as error:
            missing.append(Missing(name, str(error)))
        else:
            if len(values) and values.index[-1] == frame.index[-1]:
                signals.append(_signal(name, values, read(values, float(frame["close"].iloc[-1]))))
            else:
                missing.append(Missing(name, _undefined(name, values)))
    reading, reason = _together(signals)
    if not len(frame):
        return Summary(None, None, reading, reason, tuple(signals), tuple(missing))
    close = float(frame["close"].iloc[-1])
    told = close if abs(close) < float("inf") else None
    return Summary(frame.index[-1].isoformat(), told, reading, reason, tuple(signals), tuple(missing))


def _signal(name: str, values: pd.DataFrame, said: Said) -> Signal:
    value, reading, lean, reason = said
    converged = values.attrs["converged_from"] is not None
    repaired = float(values[REPAIRED].iloc[-1]) if REPAIRED in values else None
    if not converged:
        reason += f" It is still settling: that takes {values.attrs['converged']} candles."
    if repaired:
        reason += f" {repaired:.0%} of it rests on repaired candles."
    return Signal(name, find(name).family, value, reading, lean, reason, converged, repaired)


def _undefined(name: str, values: pd.DataFrame) -> str:
    since = f"since {values.index[-1].isoformat()}" if len(values) else "throughout"
    return f"{name} has no value {since}: nothing moved, or the newest candle may not be used"


def _together(signals: list[Signal]) -> tuple[Literal["up", "down", "mixed"] | None, str]:
    if not signals:
        return None, "No indicator has a value at the newest candle."
    up, down = (sum(one.lean == way for one in signals) for way in (1, -1))
    reading: Literal["up", "down", "mixed"] = "mixed"
    if abs(up - down) >= CLEAR:
        reading = "up" if up > down else "down"
    return reading, f"Of {len(signals)} signals {up} lean up and {down} down."


def _sma(values: pd.DataFrame, close: float) -> Said:
    average = float(values["sma"].iloc[-1])
    away = close / average - 1
    side = "above" if away > 0 else "below" if away < 0 else "at"
    lean: Lean = 1 if away > 0 else -1 if away < 0 else 0
    return average, side, lean, f"The close is {abs(away):.1%} {side} its mean of 50 candles."


def _macd(values: pd.DataFrame, close: float) -> Said:
    line, signal, gap = (float(values[name].iloc[-1]) for name in ("macd", "signal", "histogram"))
    dust = DUST * close
    lean: Lean = 1 if gap > dust else -1 if gap < -dust else 0
    side = {1: "above", -1: "below", 0: "on"}[lean]
    return gap, f"{side} signal", lean, f"MACD {line:.4g} is {side} its signal line {signal:.4g}."


def _adx(values: pd.DataFrame, _: float) -> Said:
    adx, plus, minus = (float(values[name].iloc[-1]) for name in ("adx", "plus_di", "minus_di"))
    if adx < TRENDLESS:
        return adx, "no trend", 0, f"ADX {adx:.0f} is below {TRENDLESS:.0f}: no trend."
    side, lean = ("up", 1) if plus > minus else ("down", -1)
    told = f"+DI {plus:.0f} against -DI {minus:.0f}"
    if adx < TRENDING:
        return adx, "weak trend", 0, f"ADX {adx:.0f} is below {TRENDING:.0f}: a weak trend {side}, {told}."
    return adx, f"trend {side}", 1 if lean > 0 else -1, f"ADX {adx:.0f} shows a trend {side}: {told}."


def _banded(name: str, value: float, low: float, high: float) -> Said:
    if value >= high:
        return value, "overbought", -1, f"{name} {value:.0f} is at or above {high:.0f}: overbought."
    if value <= low:
        return value, "oversold", 1, f"{name} {value:.0f} is at or below {low:.0f}: oversold."
    return value, "neutral", 0, f"{name} {value:.0f} is between {low:.0f} and {high:.0f}."


def _rsi(values: pd.DataFrame, _: float) -> Said:
    return _banded("RSI", float(values["rsi"].iloc[-1]), OVERSOLD, OVERBOUGHT)


def _stochastic(values: pd.DataFrame, _: float) -> Said:
    return _banded("Stochastic %K", float(values["k"].iloc[-1]), LOW_PLACE, HIGH_PLACE)


def _bollinger(values: pd.DataFrame, _: float) -> Said:
    place = float(values["bollinger_percent"].iloc[-1])
    if place > 1:
        return place, "above the bands", 0, "The close is above the upper Bollinger band."
    if place < 0:
        return place, "below the bands", 0, "The close is below the lower Bollinger band."
    return place, "inside the bands", 0, f"The close stands at {place:.0%} of the Bollinger bands."


def _atr(values: pd.DataFrame, close: float) -> Said:
    newest, usual = float(values["atr"].iloc[-1]), float(values["atr"].iloc[-COMPARED:].median())
    share = f"ATR is {newest / close:.1%} of the close"
    if newest > LIVELY * usual:
        return newest, "lively", 0, f"{share}, {newest / usual:.1f} times its recent median."
    if newest < CALM * usual:
        return newest, "calm", 0, f"{share}, {newest / usual:.1f} times its recent median."
    return newest, "usual", 0, f"{share}, about its recent median."


def _cmf(values: pd.DataFrame, _: float) -> Said:
    flow = float(values["cmf"].iloc[-1])
    if flow > PRESSURE:
        return flow, "buying", 1, f"Chaikin money flow {flow:+.2f} is above {PRESSURE:+.2f}: buying pressure."
    if flow < -PRESSURE:
        return (
            flow,
            "selling",
            -1,
            f"Chaikin money flow {flow:+.2f} is below {-PRESSURE:+.2f}: selling pressure.",
        )
    return flow, "balanced", 0, f"Chaikin money flow {flow:+.2f} is near zero."


_READERS: dict[str, Callable[[pd.DataFrame, float], Said]] = {
    "sma": _sma,
    "macd": _macd,
    "adx": _adx,
    "rsi": _rsi,
    "stochastic": _stochastic,
    "bollinger_percent": _bollinger,
    "atr": _atr,
    "cmf": _cmf,
}

_PARAMS: dict[str, dict[str, int]] = {name: {} for name in _READERS} | {"sma": {"window": 50}}
