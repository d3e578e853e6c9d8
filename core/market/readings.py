"""What an indicator's value means: rules of thumb, the same whoever computed the value. Pure.

A reading is a rule from the indicator's own source, not advice: the thresholds stand in the sentences.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf

from core.market.technical import Family, Lean, Signal

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
MEAN_OF = 50
"""Candles in the mean that the close is held against."""
DUST = 1e-12
"""Of the price: a difference below it is rounding."""
SLACK = 1e-9
"""Of the width of a value's bounds: so little beyond them is rounding, too."""

Values = Mapping[str, float]
"""Outputs of one indicator at the newest candle, by name; ``close`` is that candle's."""
Said = tuple[float, str, Lean, str]
"""Value, reading, lean, reason."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one indicator is read."""

    family: Family
    inputs: tuple[str, ...]
    """The values it takes."""
    read: Callable[[Values], Said]
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Between what a value lies that can be."""
    params: Mapping[str, int] = field(default_factory=dict)
    """Parameters of :func:`core.indicators.compute` that are not the usual ones."""


def signal_of(
    name: str, values: Values, *, converged: bool | None = None, repaired: float | None = None, rest: str = ""
) -> Signal:
    """What the indicator of this name says; ``rest`` is added to its reason."""
    rule = RULES[name]
    value, reading, lean, reason = rule.read(values)
    return Signal(name, rule.family, value, reading, lean, reason + rest, converged, repaired)


def impossible(name: str, values: Values) -> str:
    """Which of the values cannot be, in words; empty when all can."""
    for part, (low, high) in RULES[name].bounds.items():
        slack = SLACK * (high - low) if high < inf else 0.0
        if not low - slack <= values[part] <= high + slack:
            expected = f"{low:g} to {high:g}" if high < inf else "a price" if low else "none below zero"
            return f"{part} is {values[part]:g}, expected {expected}"
    return ""


def _sma(values: Values) -> Said:
    average = values["sma"]
    away = values["close"] / average - 1
    side = "above" if away > 0 else "below" if away < 0 else "at"
    lean: Lean = 1 if away > 0 else -1 if away < 0 else 0
    return average, side, lean, f"The close is {abs(away):.1%} {side} its mean of {MEAN_OF} candles."


def _macd(values: Values) -> Said:
    line, signal_line, gap = (values[name] for name in ("macd", "signal", "histogram"))
    dust = DUST * values.get("close", 0.0)
    lean: Lean = 1 if gap > dust else -1 if gap < -dust else 0
    side = {1: "above", -1: "below", 0: "on"}[lean]
    return gap, f"{side} signal", lean, f"MACD {line:.4g} is {side} its signal line {signal_line:.4g}."


def _adx(values: Values) -> Said:
    adx, plus, minus = (values[name] for name in ("adx", "plus_di", "minus_di"))
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


def _rsi(values: Values) -> Said:
    return _banded("RSI", values["rsi"], OVERSOLD, OVERBOUGHT)


def _stochastic(values: Values) -> Said:
    return _banded("Stochastic %K", values["k"], LOW_PLACE, HIGH_PLACE)


def _bollinger(values: Values) -> Said:
    place = values["bollinger_percent"]
    if place > 1:
        return place, "above the bands", 0, "The close is above the upper Bollinger band."
    if place < 0:
        return place, "below the bands", 0, "The close is below the lower Bollinger band."
    return place, "inside the bands", 0, f"The close stands at {place:.0%} of the Bollinger bands."


def _atr(values: Values) -> Said:
    newest, usual = values["atr"], values["usual"]
    share = f"ATR is {newest / values['close']:.1%} of the close"
    told = f"{share}, {newest / usual:.1f} times its recent median." if usual else f"{share}, after none."
    if newest > LIVELY * usual:
        return newest, "lively", 0, told
    if newest < CALM * usual:
        return newest, "calm", 0, told
    return newest, "usual", 0, f"{share}, about its recent median."


def _cmf(values: Values) -> Said:
    flow, told = values["cmf"], f"Chaikin money flow {values['cmf']:+.2f} is"
    if flow > PRESSURE:
        return flow, "buying", 1, f"{told} above {PRESSURE:+.2f}: buying pressure."
    if flow < -PRESSURE:
        return flow, "selling", -1, f"{told} below {-PRESSURE:+.2f}: selling pressure."
    return flow, "balanced", 0, f"{told} near zero."


_PERCENT, _RANGE, _PRICE = (0.0, 100.0), (0.0, inf), (1e-300, inf)

RULES: Mapping[str, Rule] = {
    "sma": Rule(
        "trend", ("sma", "close"), _sma, dict.fromkeys(("sma", "close"), _PRICE), {"window": MEAN_OF}
    ),
    "macd": Rule("trend", ("macd", "signal", "histogram"), _macd),
    "adx": Rule(
        "trend",
        ("adx", "plus_di", "minus_di"),
        _adx,
        dict.fromkeys(("adx", "plus_di", "minus_di"), _PERCENT),
    ),
    "rsi": Rule("momentum", ("rsi",), _rsi, {"rsi": _PERCENT}),
    "stochastic": Rule("momentum", ("k",), _stochastic, {"k": _PERCENT}),
    "bollinger_percent": Rule("volatility", ("bollinger_percent",), _bollinger),
    "atr": Rule(
        "volatility",
        ("atr", "usual", "close"),
        _atr,
        {"atr": _RANGE, "usual": _RANGE, "close": _PRICE},
    ),
    "cmf": Rule("volume", ("cmf",), _cmf, {"cmf": (-1.0, 1.0)}),
}
"""Indicator → its rule, in the order in which they are told."""
