"""Answers of the hub as JSON: the value beside its provenance."""

from dataclasses import asdict, is_dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from core.answer import Answer, Attempt, Tier
from core.indicators import Summary
from core.market import (
    INTERVALS,
    OrderBook,
    OrderBookQuery,
    PriceQuery,
    Quote,
    TechnicalQuery,
    Volume,
    VolumeQuery,
)
from core.rest.arguments import InQuotes, OfSymbol
from core.rest.serving import answered, shown

T = TypeVar("T")


class Provenance(BaseModel):
    """Where a value comes from, and what was tried on the way. ``lab``: it is simulated."""

    source: str
    host: str
    tier: Tier
    age: float = Field(description="seconds since it was fetched")
    fetched: float = Field(description="when, as UTC seconds since 1970")
    lab: bool
    notes: list[str]
    attempts: list[Attempt]


class Answered(Provenance, Generic[T]):
    """A value with its provenance."""

    value: T


class BookParams(OfSymbol):
    """The arguments of ``Hub.orderbook``."""

    depth: int = Field(20, ge=1, le=5000, description="levels of each side")


class TechnicalParams(InQuotes):
    """The arguments of ``Hub.technical``."""

    interval: str = Field("1h", description=f"one of {' '.join(INTERVALS)}")


router = APIRouter()


@router.get("/price", summary="The price of one symbol", responses=shown(Answered[Quote]))
async def price(params: Annotated[InQuotes, Query()]) -> Response:
    """What a provider does not say is null. Parameters as of `Hub.price`."""
    query = PriceQuery(params.symbol, allow_quote=tuple(params.allow_quote))
    return told(await params.fetch(query))


@router.get("/volume", summary="Volume of 24 hours", responses=shown(Answered[Volume]))
async def volume(params: Annotated[InQuotes, Query()]) -> Response:
    """In units of the base and of the quote currency. Parameters as of `Hub.volume`."""
    return told(await params.fetch(VolumeQuery(params.symbol, tuple(params.allow_quote))))


@router.get("/orderbook", summary="The order book of one symbol", responses=shown(Answered[OrderBook]))
async def orderbook(params: Annotated[BookParams, Query()]) -> Response:
    """Levels as [price, size], best first. Parameters as of `Hub.orderbook`."""
    return told(await params.fetch(OrderBookQuery(params.symbol, depth=params.depth)))


@router.get("/technical", summary="What the indicators say of one symbol", responses=shown(Answered[Summary]))
async def technical(params: Annotated[TechnicalParams, Query()]) -> Response:
    """At the newest closed candle, each signal with its reason. Parameters as of `Hub.technical`."""
    query = TechnicalQuery(params.symbol, params.interval, tuple(params.allow_quote))
    return told(await params.fetch(query))


def told(answer: Answer[Any]) -> Response:
    """An answer as a response."""
    value = asdict(answer.value) if is_dataclass(answer.value) else answer.value  # type: ignore[arg-type]
    return answered({**answer.provenance(), "value": value})
