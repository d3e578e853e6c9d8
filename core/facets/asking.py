"""Asking: from a query to an answer, one request for all who ask the same."""

import asyncio
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import pandas as pd

from core.answer import Answer, KintsugiError, NoAnswer
from core.engine.call import described
from core.facets.base import Facet
from core.market import (
    AssetFacts,
    CandleQuery,
    MarketOverview,
    MetadataQuery,
    Moment,
    News,
    NewsQuery,
    OnChainFigure,
    OnChainQuery,
    OrderBook,
    OrderBookQuery,
    Prediction,
    PredictionQuery,
    PriceQuery,
    Query,
    Quote,
    Sentiment,
    SentimentQuery,
    Social,
    SocialQuery,
    Summary,
    TechnicalQuery,
    Volume,
    VolumeQuery,
    to_datetime,
)
from core.ops.stats import NOBODY
from core.symbols import MOST, Symbols
from core.world import World

LISTS_WAIT = 5.0
"""Seconds for which a search for symbols waits for lists that are not of today."""

T = TypeVar("T")


class Asking(Facet):
    """Fresh cache, else the endpoints, else the stale cache; a method for each capability."""

    async def fetch(
        self,
        query: Query,
        *,
        refresh: bool = False,
        deadline: float | None = None,
        providers: Sequence[str] | None = None,
    ) -> Answer[Any]:
        """Answer a query: fresh cache, else the endpoints, else the stale cache.

        ``refresh`` passes over the fresh cache; ``deadline`` in seconds; ``providers`` names the only ones to
        ask, in that order. Identical queries at the same time share one request. :class:`NoAnswer` when there
        is none; ValueError for an argument that cannot be.
        """
        world = self._world
        try:
            answer = await self._fetch(world, query, refresh, deadline, providers)
        except NoAnswer:
            world.given.count(query.capability, NOBODY)
            raise
        world.given.count(query.capability, answer.tier)
        return answer

    async def candles(
        self,
        symbol: str,
        interval: str = "1h",
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        limit: int | None = None,
        include_open: bool = False,
        allow_quote: Sequence[str] = (),
        refresh: bool = False,
        deadline: float | None = None,
        providers: Sequence[str] | None = None,
    ) -> Answer[pd.DataFrame]:
        """Candles: see :class:`core.market.CandleQuery` for the arguments and ``fetch`` for the rest."""
        query = CandleQuery(
            symbol,
            interval,
            start=None if start is None else to_datetime(start, "start"),
            end=None if end is None else to_datetime(end, "end"),
            limit=limit,
            include_open=include_open,
            allow_quote=listed(allow_quote),
        )
        return await self.fetch(query, refresh=refresh, deadline=deadline, providers=providers)

    async def price(
        self, /, symbol: str, *, quorum: int = 1, allow_quote: Sequence[str] = (), **how: Any
    ) -> Answer[Quote]:
        """The price now. ``how``: refresh, deadline, providers, as in ``fetch``.

        With a ``quorum`` above 1 so many independent venues are asked at once; the value is then a
        :class:`core.market.Consensus`, whose ``last`` is their median. Fewer voices are said to be partial.
        """
        return await self.fetch(PriceQuery(symbol, quorum, listed(allow_quote)), **how)

    async def volume(self, /, symbol: str, *, allow_quote: Sequence[str] = (), **how: Any) -> Answer[Volume]:
        """Volume over the last 24 hours."""
        return await self.fetch(VolumeQuery(symbol, allow_quote=listed(allow_quote)), **how)

    async def orderbook(self, /, symbol: str, depth: int = 20, **how: Any) -> Answer[OrderBook]:
        """The best ``depth`` levels of each side."""
        return await self.fetch(OrderBookQuery(symbol, depth=depth), **how)

    async def technical(
        self, /, symbol: str, interval: str = "1h", *, allow_quote: Sequence[str] = (), **how: Any
    ) -> Answer[Summary]:
        """What the indicators say at the newest closed candle, each signal with its reason."""
        return await self.fetch(TechnicalQuery(symbol, interval, listed(allow_quote)), **how)

    async def metadata(self, /, asset: str | None = None, **how: Any) -> Answer[MarketOverview | AssetFacts]:
        """The market as a whole, or what is known of one asset."""
        return await self.fetch(MetadataQuery(asset), **how)

    async def news(self, /, topic: str | None = None, limit: int = 20, **how: Any) -> Answer[News]:
        """The newest news, about an asset or words if a topic is given. All text is plain."""
        return await self.fetch(NewsQuery(topic, limit), **how)

    async def sentiment(self, /, text: str | None = None, **how: Any) -> Answer[Sentiment]:
        """The mood of the market, or of a text, from -1 to 1."""
        return await self.fetch(SentimentQuery(text), **how)

    async def social(self, /, symbol: str, **how: Any) -> Answer[Social]:
        """How much is said of an asset, and by how many."""
        return await self.fetch(SocialQuery(symbol), **how)

    async def onchain(self, /, metric: str, **how: Any) -> Answer[OnChainFigure]:
        """One figure of a chain: a name among :data:`core.market.METRICS`."""
        return await self.fetch(OnChainQuery(metric), **how)

    async def prediction(
        self,
        /,
        symbol: str,
        interval: str = "1h",
        horizon: int = 1,
        *,
        allow_quote: Sequence[str] = (),
        **how: Any,
    ) -> Answer[Prediction]:
        """A direction, and how often its method was right before on candles that it had not seen."""
        return await self.fetch(PredictionQuery(symbol, interval, horizon, listed(allow_quote)), **how)

    async def symbols(self, text: str = "", *, limit: int = MOST, deadline: float = LISTS_WAIT) -> Symbols:
        """Markets that the text may mean, best match first, and who lists them; ``str()`` says so in words.

        Each exchange's own list is fetched at most once a day; until one is there, its main markets stand in.
        """
        if limit < 1:
            raise ValueError(f"limit={limit!r}: expected at least 1")
        return await self._world.symbols(text, limit, deadline)

    async def _ask_in(self, world: World, query: Query, deadline: float) -> Answer[Any]:
        """For sources that work on other answers: from their own world, whichever is shown by now."""
        return await self._fetch(world, query, deadline=deadline)

    async def _fetch(
        self,
        world: World,
        query: Query,
        refresh: bool = False,
        deadline: float | None = None,
        providers: Sequence[str] | None = None,
    ) -> Answer[Any]:
        if not isinstance(query, Query):
            raise ValueError(
                f"query={str(query)[:40]!r}: expected a query, as in CandleQuery('BTC/USDT', '1h')"
            )
        seconds = self.settings.deadline if deadline is None else deadline
        if not isinstance(seconds, int | float) or not 0 < seconds <= 3600:
            raise ValueError(f"deadline={str(deadline)[:20]!r}: expected seconds above 0, at most 3600")
        world.monitor.looked()
        names = None if providers is None else tuple(map(str, listed(providers)))
        key = query.key() if names is None else f"{query.key()} from {','.join(names)}"
        held = None if refresh else world.cache.get(key)
        if held is not None and held.fresh:
            return _own(world.answers.of(held, "cache"))
        joined = (world, key) in self._flights
        flight = self._flight(world, key, query, seconds, names)
        if held is not None and held.age - held.entry.fresh < self.settings.revalidate_seconds:
            return _own(world.answers.of(held, "stale", note="stale: being fetched again"))
        began = self._clock.mono()
        try:
            # A flight keeps its own deadline; this one is for callers that joined a longer one.
            async with asyncio.timeout(seconds if joined else None):
                return _own(await asyncio.shield(flight))
        except TimeoutError:
            if (held := world.cache.get(key)) is not None:
                return _own(world.answers.of(held, "stale", note="stale: being fetched again"))
            why = f"another caller's request is still under way after {seconds:g} s"
            raise NoAnswer(described(query), (), why=why) from None
        except NoAnswer:
            # A caller that joined a shorter flight has time left to try again.
            left = seconds - (self._clock.mono() - began)
            if not joined or left < 0.05:
                raise
            return await self._fetch(world, query, True, left, providers)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if flight.cancelled() and not (task is not None and task.cancelling()):
                raise KintsugiError("the hub was closed while this call was under way") from None
            raise

    def _flight(
        self, world: World, key: str, query: Query, seconds: float, names: tuple[str, ...] | None
    ) -> "asyncio.Task[Answer[Any]]":
        """The request that is under way for this key, or a new one."""
        flight = self._flights.get((world, key))
        if flight is None:
            flight = asyncio.create_task(world.answers.find(key, query, seconds, names))
            self._flights[world, key] = flight
            flight.add_done_callback(lambda done: self._landed((world, key), done))
        return flight

    def _landed(self, key: tuple[World, str], flight: "asyncio.Task[Answer[Any]]") -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # seen: every waiter may have gone


def listed(given: Any) -> tuple[Any, ...]:
    """One name or several; what is neither, the query refuses."""
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)


def _own(answer: Answer[T]) -> Answer[T]:
    """The answer with a frame of the caller's own (copy on write), its provenance in ``attrs``."""
    if not isinstance(answer.value, pd.DataFrame):
        return answer
    frame = answer.value.copy(deep=False)
    frame.attrs = {
        **frame.attrs,
        "source": answer.source,
        "host": answer.host,
        "tier": answer.tier,
        "fetched": answer.fetched,
        "lab": answer.lab,
        "notes": list(answer.notes),
    }
    return dataclasses.replace(answer, value=frame)
