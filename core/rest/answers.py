"""Answers of the hub as JSON: the value beside its provenance."""

from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from core.answer import Answer, Attempt, Tier
from core.market import (
    INTERVALS,
    METRICS,
    MOST_NEWS,
    MOST_VENUES,
    AssetFacts,
    Consensus,
    MarketOverview,
    MetadataQuery,
    News,
    NewsQuery,
    OnChainFigure,
    OnChainQuery,
    OrderBook,
    OrderBookQuery,
    Prediction,
    PredictionQuery,
    PriceQuery,
    Quote,
    Sentiment,
    SentimentQuery,
    Social,
    SocialQuery,
    Summary,
    TechnicalQuery,
    Volume,
    VolumeQuery,
)
from core.market.around import MOST_TEXT, MOST_TOPIC
from core.models import model_statuses
from core.rest.arguments import How, InQuotes, OfSymbol
from core.rest.asking import may_act
from core.rest.errors import Problem, Refused
from core.rest.serving import answered, shown, snapshot, the_hub

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


class PriceParams(InQuotes):
    """The arguments of ``Hub.price``."""

    quorum: int = Field(
        1, ge=1, le=MOST_VENUES, description="independent venues to ask at once; above 1: their consensus"
    )


class TechnicalParams(InQuotes):
    """The arguments of ``Hub.technical``."""

    interval: str = Field("1h", description=f"one of {' '.join(INTERVALS)}")


class PredictionParams(TechnicalParams):
    """The arguments of ``Hub.prediction``."""

    horizon: int = Field(1, ge=1, le=100, description="candles ahead")


class MetadataParams(How):
    """The arguments of ``Hub.metadata``."""

    asset: str | None = Field(None, description="as in BTC; without it, the market as a whole")


class NewsParams(How):
    """The arguments of ``Hub.news``."""

    topic: str | None = Field(None, max_length=MOST_TOPIC, description="an asset or words; without it, all")
    limit: int = Field(20, ge=1, le=MOST_NEWS, description="items, the newest first")


class SentimentParams(How):
    """The arguments of ``Hub.sentiment``."""

    text: str | None = Field(
        None, max_length=MOST_TEXT, description="what to judge; without it, the market's mood"
    )


class OnChainParams(How):
    """The arguments of ``Hub.onchain``."""

    metric: str = Field(description=f"one of {' '.join(METRICS)}")


NOT_FOR_ALL: dict[int | str, dict[str, Any]] = {
    403: {"model": Problem, "description": "Only for who may act"},
}

router = APIRouter(tags=["data"])


@router.get(
    "/price",
    summary="The price of one symbol",
    responses=shown(Answered[Quote] | Answered[Consensus]),
)
async def price(params: Annotated[PriceParams, Query()]) -> Response:
    """What a provider does not say is null. Parameters as of `Hub.price`."""
    query = PriceQuery(params.symbol, params.quorum, tuple(params.allow_quote))
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


@router.get("/prediction", summary="Where a price may go", responses=shown(Answered[Prediction]))
async def prediction(params: Annotated[PredictionParams, Query()]) -> Response:
    """A direction, and how often its method was right before. Parameters as of `Hub.prediction`."""
    quotes = tuple(params.allow_quote)
    return told(await params.fetch(PredictionQuery(params.symbol, params.interval, params.horizon, quotes)))


@router.get(
    "/metadata",
    summary="The market as a whole, or one asset",
    responses=shown(Answered[MarketOverview] | Answered[AssetFacts]),
)
async def metadata(params: Annotated[MetadataParams, Query()]) -> Response:
    """Parameters as of `Hub.metadata`."""
    return told(await params.fetch(MetadataQuery(params.asset)))


@router.get("/news", summary="The newest news", responses=shown(Answered[News]))
async def news(params: Annotated[NewsParams, Query()]) -> Response:
    """All text is plain. Parameters as of `Hub.news`."""
    return told(await params.fetch(NewsQuery(params.topic, params.limit)))


@router.get(
    "/sentiment",
    summary="The mood of the market, or of a text",
    responses={**shown(Answered[Sentiment]), **NOT_FOR_ALL},
)
async def sentiment(request: Request, params: Annotated[SentimentParams, Query()]) -> Response:
    """From -1 to 1. Parameters as of `Hub.sentiment`. Models that are not of this server cost: only for who may act."""
    if params.text is not None and not await may_act(request):
        params.providers = await _of_this_server(params.providers)
    return told(await params.fetch(SentimentQuery(params.text)))


@router.get("/social", summary="How much is said of an asset", responses=shown(Answered[Social]))
async def social(params: Annotated[OfSymbol, Query()]) -> Response:
    """Parameters as of `Hub.social`."""
    return told(await params.fetch(SocialQuery(params.symbol)))


@router.get("/onchain", summary="One figure of a chain", responses=shown(Answered[OnChainFigure]))
async def onchain(params: Annotated[OnChainParams, Query()]) -> Response:
    """Parameters as of `Hub.onchain`."""
    return told(await params.fetch(OnChainQuery(params.metric)))


async def _of_this_server(asked: Sequence[str]) -> list[str]:
    """The models of this process, or those of them that are asked for. Refused for any other."""
    hub = await the_hub()
    rows = model_statuses(hub.catalog, await snapshot())
    here = [row.model for row in rows if row.here and row.capability == "sentiment"]
    if others := [name for name in asked if name not in here]:
        said = f"providers={','.join(others)[:80]}: only {', '.join(here)} for who may not act; others cost"
        raise Refused(403, "forbidden", said)
    return [*asked] or here


def told(answer: Answer[Any]) -> Response:
    """An answer as a response."""
    value = asdict(answer.value) if is_dataclass(answer.value) else answer.value  # type: ignore[arg-type]
    return answered({**answer.provenance(), "value": value})
