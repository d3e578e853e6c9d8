"""What a handful of indicators say at the newest candle, each with its reason, and nothing more than that."""

import pandas as pd

from core.indicators.guards import MAX_GAP, NotEnoughCandles, NoVolume
from core.indicators.run import REPAIRED, compute
from core.market import Missing, Signal, Summary
from core.market.readings import COMPARED, RULES, signal_of


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
    for name, rule in RULES.items():
        try:
            values = compute(
                frame, name, as_known=as_known, max_gap=max_gap, interval=interval, **rule.params
            )
        except NotEnoughCandles as error:
            missing.append(Missing(name, str(error), error.needed, error.got))
        except NoVolume as error:
            missing.append(Missing(name, str(error)))
        else:
            if len(values) and values.index[-1] == frame.index[-1]:
                signals.append(_signal(name, values, float(frame["close"].iloc[-1])))
            else:
                missing.append(Missing(name, _undefined(name, values)))
    if not len(frame):
        return Summary.of(tuple(signals), tuple(missing))
    close = float(frame["close"].iloc[-1])
    told = close if abs(close) < float("inf") else None
    return Summary.of(tuple(signals), tuple(missing), time=frame.index[-1].isoformat(), close=told)


def _signal(name: str, values: pd.DataFrame, close: float) -> Signal:
    newest = {str(output): float(column.iloc[-1]) for output, column in values.items()} | {"close": close}
    if "usual" in RULES[name].inputs:
        newest["usual"] = float(values[name].iloc[-COMPARED:].median())
    converged, repaired = values.attrs["converged_from"] is not None, newest.get(REPAIRED)
    rest = ""
    if not converged:
        rest += f" It is still settling: that takes {values.attrs['converged']} candles."
    if repaired:
        rest += f" {repaired:.0%} of it rests on repaired candles."
    return signal_of(name, newest, converged=converged, repaired=repaired, rest=rest)


def _undefined(name: str, values: pd.DataFrame) -> str:
    since = f"since {values.index[-1].isoformat()}" if len(values) else "throughout"
    return f"{name} has no value {since}: nothing moved, or the newest candle may not be used"
