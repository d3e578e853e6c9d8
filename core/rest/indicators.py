"""``GET /api/v1/indicators``: what there is, and the values of one over candles."""

import json
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field

from core.answer import Answer
from core.chosen import read
from core.indicators import Declaration, compute, find, indicators
from core.indicators.guards import MAX_GAP
from core.market import CandleQuery
from core.rest.candles import CandleParams

TOLD = ("indicator", "params", "needed", "converged", "converged_from", "run_from", "runs", "left_out")
"""What a response repeats of :func:`core.indicators.compute`'s attrs."""


class IndicatorParams(CandleParams):
    """The arguments of ``Hub.candles`` and of ``core.indicators.compute``."""

    model_config = ConfigDict(extra="allow")

    symbol: str = Field("", description="BASE/QUOTE, as in BTC/USDT; required with indicator")
    indicator: str = Field("", description="name of an indicator; without it, all of them are listed")
    as_known: bool = Field(True, description="leave out candles whose repair used later ones")
    max_gap: int = Field(
        MAX_GAP, ge=0, le=1_000_000, description="missing candles in a row that are stepped over"
    )

    def declared(self) -> Declaration:
        """The indicator that is asked for. ValueError names the nearest."""
        return find(self.indicator)

    def settings(self) -> dict[str, int | float]:
        """The indicator's parameters. ValueError names what is not one, or out of its range."""
        declared = self.declared()
        return declared.check(read(declared, {name: str(text) for name, text in self._more().items()}))

    def check_listing(self) -> None:
        """ValueError for parameters of an indicator that is not named."""
        if more := self._more():
            raise ValueError(f"{', '.join(more)}: no such argument without indicator")

    def query(self) -> CandleQuery:
        """The candles under it. ValueError names the field, its value and what is allowed."""
        if not self.symbol:
            raise ValueError("symbol: expected, and not given")
        return super().query()

    def _more(self) -> dict[str, Any]:
        return self.model_extra or {}


def listing() -> bytes:
    """Every indicator as it is declared."""
    return json.dumps({"indicators": [_told(one) for one in indicators().values()]}, allow_nan=False).encode()


def as_json(params: IndicatorParams, query: CandleQuery, answer: Answer[pd.DataFrame]) -> bytes:
    """Query, provenance of the candles, what the values rest on, and the rows: only those that are defined.

    NotEnoughCandles and NoVolume as :func:`core.indicators.compute` raises them.
    """
    given: dict[str, Any] = dict(params.settings())
    values = compute(
        answer.value,
        params.declared().name,
        as_known=params.as_known,
        max_gap=params.max_gap,
        interval=query.interval,
        **given,
    )
    times = pd.DatetimeIndex(values.index).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = [
        dict(zip(("time", *values.columns), (time, *row), strict=True))
        for time, row in zip(times, values.to_numpy(np.float64).tolist(), strict=True)
    ]
    told = {"symbol": query.symbol, "interval": query.interval, **answer.provenance()}
    rests_on = {"candles": len(answer.value), **{name: values.attrs[name] for name in TOLD}}
    return json.dumps({**told, **rests_on, "rows": rows}, allow_nan=False, ensure_ascii=False).encode()


def arguments() -> list[dict[str, Any]]:
    """The parameters of all indicators as OpenAPI has them, one entry a name."""
    users: dict[str, list[str]] = {}
    kinds: dict[str, str] = {}
    for one in indicators().values():
        for name, parameter in one.parameters.items():
            users.setdefault(name, []).append(one.name)
            kinds[name] = "integer" if parameter.type is int else "number"
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": {"type": kinds[name], "description": f"parameter of {', '.join(takers)}"},
        }
        for name, takers in users.items()
    ]


def _told(one: Declaration) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "family": one.family,
        "inputs": one.inputs,
        "outputs": one.outputs,
        "overlay": one.overlay,
        "memory": one.memory,
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type.__name__,
                "default": parameter.default,
                "low": parameter.low,
                "high": parameter.high,
            }
            for parameter in one.parameters.values()
        ],
        "ascending": one.ascending,
        "needed": one.needed(),
        "converged": one.converged(),
        "aliases": one.aliases,
        "source": one.source,
        "differs": one.differs,
    }
