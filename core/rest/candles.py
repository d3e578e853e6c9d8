"""``GET /api/v1/candles``: arguments in, JSON out."""

import json
import math
import re
import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.answer import Answer
from core.market import CANDLE_FIELDS, INTERVALS, MAX_ROWS, CandleQuery, to_datetime

MOST_ROWS = 50_000
"""Rows of one response; longer spans are asked for in parts."""

_SECONDS = re.compile(r"-?\d{9,12}(\.\d+)?")


class CandleParams(BaseModel):
    """The arguments of ``Hub.candles``. Lists repeat the name, or are joined by commas."""

    model_config = ConfigDict(extra="forbid")

    symbol: str = Field(description="BASE/QUOTE, as in BTC/USDT")
    interval: str = Field("1h", description=f"one of {' '.join(INTERVALS)}")
    start: str | None = Field(
        None, description="first open time: ISO 8601 (UTC if it names no zone) or seconds"
    )
    end: str | None = Field(None, description="open time of the first candle that is not wanted")
    limit: int | None = Field(
        None, ge=1, le=MAX_ROWS, description="rows; else all from start, or the newest 500"
    )
    include_open: bool = Field(False, description="also the candle that is not closed yet")
    allow_quote: list[str] = Field([], description="quote currencies that may stand in, as in USD")
    refresh: bool = Field(False, description="pass over the fresh cache")
    deadline: float | None = Field(None, gt=0, le=60, description="seconds, all attempts together")
    providers: list[str] = Field([], description="the only providers to ask, in that order")

    @field_validator("allow_quote", "providers")
    @classmethod
    def _split(cls, given: list[str]) -> list[str]:
        return [name for text in given for name in text.split(",") if name]

    def query(self) -> CandleQuery:
        """What is asked. ValueError names the field, its value and what is allowed."""
        query = CandleQuery(
            self.symbol,
            self.interval,
            start=_moment(self.start, "start"),
            end=_moment(self.end, "end"),
            limit=self.limit,
            include_open=self.include_open,
            allow_quote=tuple(self.allow_quote),
        )
        first, stop = query.span(time.time())
        if (rows := (stop - first) // query.seconds) > MOST_ROWS:
            raise ValueError(f"limit={rows}: expected at most {MOST_ROWS} rows in one response; ask in parts")
        return query

    def provider_names(self) -> Sequence[str] | None:
        """The only providers to ask, or None for all."""
        return self.providers or None


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


def _moment(text: str | None, field: str) -> Any:
    if text is None:
        return None
    return to_datetime(float(text) if _SECONDS.fullmatch(text) else text, field)
