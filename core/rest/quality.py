"""``GET /api/v1/quality``: how good a venue's candles are, and what is wrong with them."""

import asyncio
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from core.answer import Answer
from core.candles import Audit, audit
from core.market import CandleQuery
from core.rest.answers import Provenance
from core.rest.candles import CandleParams
from core.rest.serving import answered, shown
from core.rest.tables import table

MOST_DEFECTS = 5000


class Defect(BaseModel):
    """One defect, or a run of them."""

    start: str
    end: str
    kind: str
    cause: str
    count: int
    detail: str


class Quality(Provenance):
    """An audit. ``score``: 0 to 1, of observed candles only; null when there is too little to judge."""

    symbol: str
    interval: str
    candles: int
    score: float | None
    usable: float | None = Field(description="mean trust in the candles, 0 to 1")
    dimensions: dict[str, float] = Field(description="those that could be assessed")
    defects: list[Defect]
    more: int = Field(description="defects that are not in the list")


router = APIRouter(tags=["data"])


@router.get("/quality", summary="How good candles are", responses=shown(Quality))
async def quality(params: Annotated[CandleParams, Query()]) -> Response:
    """An audit of what one venue gives. Parameters as those of candles."""
    query = params.query()
    answer = await params.fetch(query)
    return answered(await asyncio.to_thread(_told, query, answer))


def _told(query: CandleQuery, answer: Answer[pd.DataFrame]) -> dict[str, Any]:
    found = audit(answer.value, query.interval, now=answer.fetched)
    return {
        "symbol": query.symbol,
        "interval": query.interval,
        **answer.provenance(),
        "candles": len(answer.value),
        **told(found),
    }


def told(found: Audit) -> dict[str, Any]:
    """An audit as plain data."""
    return {
        "score": found.score,
        "usable": found.usable,
        "dimensions": dict(found.dimensions),
        "defects": table(found.defects, MOST_DEFECTS),
        "more": max(0, len(found.defects) - MOST_DEFECTS),
    }
