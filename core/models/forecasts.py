"""Predictions: simple methods over the hub's own candles, each with its record out of sample beside it."""

from datetime import timedelta

import numpy as np
import pandas as pd

from core.answer import CallerError, NoAnswer
from core.engine.local import Ask
from core.market import CandleQuery, Direction, Prediction, PredictionQuery, Query
from core.models.methods import Method, logistic, mean_reversion, momentum
from core.models.model import ModelProvider
from core.models.track import tracked, verdict

CANDLES = 1000
"""The newest closed ones that a method works on."""
FEWEST = 300
"""With fewer there is no record worth the name."""

_METHODS: tuple[tuple[str, str, Method, int], ...] = (
    ("logistic", "Logistic regression", logistic, 500),
    ("momentum", "Momentum", momentum, 510),
    ("mean_reversion", "Mean reversion", mean_reversion, 520),
)
_WORDS: dict[float, Direction] = {1.0: "up", -1.0: "down", 0.0: "unsure"}


def forecasters() -> list[ModelProvider]:
    """A provider of predictions for each method, in the order in which they are asked."""
    return [_forecaster(*one) for one in _METHODS]


def _forecaster(name: str, title: str, method: Method, priority: int) -> ModelProvider:
    about = (method.__doc__ or "").strip()

    async def apply(
        made: Method, query: Query, ask: Ask, seconds: float
    ) -> tuple[Prediction, tuple[str, ...]]:
        assert isinstance(query, PredictionQuery)  # noqa: S101 - the router asks for nothing else
        wanted = CandleQuery(query.symbol, query.interval, limit=CANDLES, allow_quote=query.allow_quote)
        try:
            candles = await ask(wanted, deadline=seconds)
        except NoAnswer as error:
            raise CallerError(f"there are no candles to work on: {error}") from error
        prediction = predicted(candles.value, query, made, f"{title}: {about}")
        rest = f"from {candles.source}'s {query.interval} candles ({candles.tier})"
        return prediction, (_said(prediction), rest, *candles.notes)

    return ModelProvider(name, title, "ai_prediction", lambda: method, apply, priority, about=about)


def predicted(frame: pd.DataFrame, query: PredictionQuery, method: Method, named: str) -> Prediction:
    """The direction at the newest candle, and the method's record on the ones before.

    Only the newest unbroken stretch is worked on: over a hole, candles ahead are not candles ahead. CallerError
    when that is too short.
    """
    closes, newest = _unbroken(frame, query)
    fewest = FEWEST + query.horizon
    if len(closes) < fewest:
        whole = (
            ""
            if len(closes) == len(frame)
            else f" in the unbroken stretch of the {len(frame)} that there are"
        )
        raise CallerError(
            f"needs at least {fewest} {query.interval} candles in a row, got {len(closes)}{whole}"
        )
    said = method(closes, query.horizon)
    track = tracked(closes, said.directions, query.horizon)
    up = float(said.up[-1])
    return Prediction(
        symbol=query.symbol,
        direction=_WORDS[float(said.directions[-1])],
        interval=query.interval,
        horizon=query.horizon,
        method=named,
        last=float(closes[-1]),
        probability_up=None if np.isnan(up) else up,
        hit_rate=track.hit_rate,
        hit_low=track.hit_low,
        hit_high=track.hit_high,
        base_rate=track.base_rate,
        tested=track.tested,
        verdict=verdict(track),
        time=(newest + timedelta(seconds=_seconds(query))).to_pydatetime(),
    )


def _unbroken(frame: pd.DataFrame, query: PredictionQuery) -> tuple[np.ndarray, pd.Timestamp]:
    """Closes of the newest stretch without a hole, oldest first, and the open time of the last."""
    if frame.empty:
        raise CallerError("there are no candles to work on")
    index = pd.DatetimeIndex(frame.index)
    times = index.as_unit("s").asi8
    (breaks,) = np.nonzero(np.diff(times) != _seconds(query))
    first = int(breaks[-1]) + 1 if len(breaks) else 0
    return frame["close"].to_numpy(dtype=np.float64)[first:], pd.Timestamp(index[-1])


def _seconds(query: PredictionQuery) -> int:
    return CandleQuery(query.symbol, query.interval).seconds


def _said(prediction: Prediction) -> str:
    return f"{prediction.direction} over {prediction.horizon} × {prediction.interval}: {prediction.verdict}"
