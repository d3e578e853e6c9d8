"""``GET /api/v1/candles``: arguments in, JSON out."""

import asyncio
import json
import math
import re
import time
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from core.answer import Answer
from core.market import CANDLE_FIELDS, INTERVALS, MAX_ROWS, CandleQuery, to_datetime
from core.rest.answers import Provenance
from core.rest.arguments import InQuotes
from core.rest.serving import shown

MOST_ROWS = 50_000
"""Rows of one response; longer spans are asked for in parts."""

_SECONDS = re.compile(r"-?\d{9,12}(\.\d+)?")


class CandleParams(InQuotes):
    """The arguments of ``Hub.candles``."""

    interval: str = Field("1h", description=f"one of {' '.join(INTERVALS)}")
    start: str | None = Field(
        None, description="first open time: ISO 8601 (UTC if it names no zone) or seconds"
    )
    end: str | None = Field(None, description="open time of the first candle that is not wanted")
    limit: int | None = Field(
        None, ge=1, le=MAX_ROWS, description="rows; else all from start, or the newest 500"
    )
    include_open: bool = Field(False, description="also the candle that is not closed yet")

    def query(self) -> CandleQuery:
        """What is asked. ValueError names the field, its value and what is allowed."""
        query = CandleQuery(
            self.symbol,
            self.interval,
            start=moment(self.start, "start"),
            end=moment(self.end, "end"),
            limit=self.limit,
            include_open=self.include_open,
            allow_quote=tuple(self.allow_quote),
        )
        first, stop = query.span(time.time())
        if (rows := (stop - first) // query.seconds) > MOST_ROWS:
            raise ValueError(f"limit={rows}: expected at most {MOST_ROWS} rows in one response; ask in parts")
        return query


class Candles(Provenance):
    """Rows oldest first; times are open times in UTC."""

    symbol: str
    interval: str
    rows: list[dict[str, Any]]


router = APIRouter(tags=["data"])


@router.get("/candles", summary="Candles of one symbol", responses=shown(Candles))
async def candles(params: Annotated[CandleParams, Query()]) -> Response:
    """Rows oldest first, times are open times in UTC. Parameters as of `Hub.candles`."""
    query = params.query()
    answer = await params.fetch(query)
    return Response(await asyncio.to_thread(as_json, query, answer), media_type="application/json")


def as_json(query: CandleQuery, answer: Answer[pd.DataFrame]) -> bytes:
    """Query, provenance and rows as JSON. Nothing in it is NaN: such a value would be null."""
    told = {"symbol": query.symbol, "interval": query.interval, **answer.provenance()}
    return json.dumps({**told, "rows": rows(answer.value)}, allow_nan=False, ensure_ascii=False).encode()


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Candles as plain data, oldest first."""
    columns: dict[str, list[Any]] = {
        "time": list(pd.DatetimeIndex(frame.index).strftime("%Y-%m-%dT%H:%M:%SZ")),
    }
    for name in CANDLE_FIELDS:
        if name in frame:
            columns[name] = [value if math.isfinite(value) else None for value in frame[name].tolist()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def moment(text: str | None, field: str) -> Any:
    if text is None:
        return None
    return to_datetime(float(text) if _SECONDS.fullmatch(text) else text, field)
