"""From a query to an answer with its provenance: endpoints, then the relay, then the stale cache."""

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from core.answer import Answer, Attempt, NoAnswer
from core.clock import Clock
from core.engine.cache import AnswerCache, Cached
from core.engine.call import Found
from core.engine.codec import Entry
from core.engine.consensus import SOURCE, Polls
from core.engine.feed import Feed
from core.engine.freshness import fresh_for
from core.engine.relay import SHARE, Relay
from core.engine.router import Router
from core.market import CandleQuery, PriceQuery, Query


class Answers:
    """What is found is labelled, cached, and, where it is candles, offered to the archive."""

    def __init__(
        self,
        clock: Clock,
        router: Router,
        polls: Polls,
        relay: Relay | None,
        cache: AnswerCache,
        feed: Feed | None,
        *,
        era: int,
        lab: bool,
    ) -> None:
        self._clock = clock
        self._router = router
        self._polls = polls
        self._relay = relay
        self._cache = cache
        self._feed = feed
        self._era = era
        self._lab = lab

    async def find(
        self, key: str, query: Query, deadline: float, providers: Sequence[str] | None
    ) -> Answer[Any]:
        """Ask the endpoints; behind them the relay and the stale cache. :class:`NoAnswer` when all is in vain."""
        try:
            answer = await self._now(query, deadline, providers)
        except NoAnswer as failed:
            held = self._cache.get(key)
            if held is None:
                raise
            why = "this machine seems to be offline" if failed.offline else "nobody could answer now"
            return self.of(held, "stale", extra=failed.attempts, note=f"stale: {why}")
        self._keep(key, query, answer)
        return answer

    async def ask(
        self, query: Query, deadline: float, providers: Sequence[str], *, archive: bool = True
    ) -> Answer[Any]:
        """Ask the endpoints, past the cache in both directions: for work that pages through history.

        :class:`NoAnswer` when none of ``providers`` can answer. ``archive`` says whether candles are kept.
        """
        return self._labelled(await self._router.find(query, deadline, providers), archive=archive)

    def of(
        self,
        held: Cached,
        tier: Literal["cache", "stale"],
        *,
        extra: tuple[Attempt, ...] = (),
        note: str = "",
    ) -> Answer[Any]:
        """An answer from the cache, with its true age and the attempts of its fetch."""
        entry = held.entry
        return Answer(
            value=entry.value,
            source=entry.source,
            host=entry.host,
            tier=tier,
            age=held.age,
            fetched=entry.fetched,
            attempts=entry.attempts + extra,
            notes=entry.notes + ((note,) if note else ()),
            lab=self._lab,
        )

    async def _now(self, query: Query, deadline: float, providers: Sequence[str] | None) -> Answer[Any]:
        """An answer from outside the cache: from one endpoint, or from several at once."""
        if not isinstance(query, PriceQuery) or query.quorum == 1:
            return self._labelled(await self._live(query, deadline, providers), archive=True)
        polled = await self._polls.find(query, deadline, providers)
        return Answer(
            value=polled.value,
            source=SOURCE,
            host="",
            tier=polled.tier,
            age=0.0,
            fetched=self._clock.now(),
            attempts=polled.attempts,
            notes=polled.notes,
            lab=self._lab,
        )

    async def _live(self, query: Query, deadline: float, providers: Sequence[str] | None) -> Found:
        """What somebody answers now; of the deadline a part is kept for the relay, where there is one."""
        relay = self._relay if self._relay is not None and self._relay.ready else None
        until = self._clock.mono() + deadline
        try:
            return await self._router.find(query, deadline * (1 - SHARE) if relay else deadline, providers)
        except NoAnswer as failed:
            if relay is None:
                raise
            return await relay.find(query, until - self._clock.mono(), providers, failed)

    def _labelled(self, found: Found, *, archive: bool) -> Answer[Any]:
        """What was just fetched, with its provenance, and its candles on their way into the archive."""
        provider, host, used = found.candidate.provider, found.candidate.host, found.candidate.query
        fetched = self._clock.now()
        if isinstance(found.value, pd.DataFrame) and isinstance(used, CandleQuery):
            found.value.attrs = {
                "symbol": used.symbol,
                "interval": used.interval,
                "quote": used.quote,
                "venue": provider.id,
            }
            if archive and self._feed is not None and not found.candidate.finer:
                self._feed.offer(provider.id, used, found.value, fetched)
        return Answer(
            value=found.value,
            source=provider.id,
            host=host.name,
            tier=found.tier,
            age=0.0,
            fetched=fetched,
            attempts=found.attempts,
            notes=found.notes,
            lab=self._lab,
        )

    def _keep(self, key: str, query: Query, answer: Answer[Any]) -> None:
        entry = Entry(
            value=answer.value,
            source=answer.source,
            host=answer.host,
            fetched=answer.fetched,
            fresh=fresh_for(query, answer.value, answer.fetched),
            attempts=answer.attempts,
            notes=answer.notes,
            era=self._era,
        )
        self._cache.put(key, entry)
