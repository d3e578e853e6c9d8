"""``GET /api/v1/indicators``: what there is, and the values of one over candles."""

import asyncio
import json
from typing import Annotated, Any

import numpy as np
import pandas as pd
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.answer import Answer
from core.chosen import read
from core.indicators import Declaration, compute, find, indicators
from core.indicators.guards import MAX_GAP
from core.market import CandleQuery
from core.rest.candles import CandleParams, Candles
from core.rest.serving import shown

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


class ParameterTold(BaseModel):
    """One parameter of an indicator, with its range."""

    name: str
    type: str
    default: float
    low: float
    high: float


class IndicatorTold(BaseModel):
    """One indicator as it is declared."""

    name: str
    title: str
    family: str
    inputs: list[str]
    outputs: list[str]
    overlay: bool
    memory: str
    parameters: list[ParameterTold]
    ascending: list[str]
    needed: int
    converged: int
    aliases: list[str]
    source: str
    differs: str


class Listing(BaseModel):
    """Every indicator there is."""

    indicators: list[IndicatorTold]


class Values(Candles):
    """Rows where the indicator is defined, and what they rest on."""

    candles: int
    indicator: str
    params: dict[str, float]
    needed: int
    converged: int
    converged_from: str | None
    run_from: str | None
    runs: int
    left_out: int


router = APIRouter(tags=["data"])


@router.get(
    "/indicators",
    summary="An indicator over candles",
    responses=shown(Values | Listing),
    openapi_extra={"parameters": arguments()},
)
async def values(params: Annotated[IndicatorParams, Query()]) -> Response:
    """Rows where it is defined, and from when on it is settled (`converged_from`).

    Without `indicator`, all of them with their parameters. Parameters of the indicator are further arguments,
    as in `window=14`; the others are those of candles, and `limit` counts candles.
    """
    if not params.indicator:
        params.check_listing()
        return Response(await asyncio.to_thread(listing), media_type="application/json")
    params.settings()
    query = params.query()
    answer = await params.fetch(query)
    body = await asyncio.to_thread(as_json, params, query, answer)
    return Response(body, media_type="application/json")


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
