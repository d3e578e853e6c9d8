"""One candidate asked: pages within quota, read, checked; every try recorded. Failures are results."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt, wait_random

from core.answer import BadPayload, CallerError, Untrue
from core.catalog import Host, Provider
from core.clock import Clock
from core.engine import truth
from core.engine.books import Books
from core.engine.build import built
from core.engine.candidates import Candidate
from core.engine.classify import EXPECTED, Failure, OutOfQuota
from core.engine.complete import join, shortfall
from core.engine.connectivity import Connectivity
from core.engine.guard import Guard, Refusal
from core.engine.health import Health, Permits
from core.engine.keys import used_by
from core.engine.local import Ask, LocalProvider
from core.engine.peers import Peers
from core.engine.result import Result
from core.engine.transport import Sender
from core.market import CandleQuery, PriceQuery, Query, Quote
from core.settings import Settings
from core.wire import WireRequest

Send = Callable[[Host, WireRequest], Awaitable[httpx.Response]]
"""How a request gets out: directly, or through the relay."""

BACKOFF = (0.05, 0.15)
"""Seconds before a retry, drawn at random between these."""


class Exchange:
    """Asks endpoints, one candidate at a time."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        guard: Guard,
        sender: Sender,
        connectivity: Connectivity,
        persist: Callable[[], Awaitable[None]],
        ask: Ask,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._sender = sender
        self._connectivity = connectivity
        self._books = Books(settings, clock, guard, connectivity, sender.keys)
        self._peers = Peers(settings.dissent_tolerance)
        self.persist = persist
        self._ask = ask

    async def ask(self, result: Result, permits: Permits) -> Result:
        """Ask one candidate, with retries where they can help. Never raises for a failing provider."""
        health = self._books.health(result.candidate)
        await self._try(result, health, permits)
        if self._settings.retries and _blip(result, health):
            await self._retry(result, health)
        return result

    async def _retry(self, result: Result, health: Health) -> None:
        # Entered only now: tenacity costs more than a healthy call's whole way through the guards.
        tries = itertools.count()

        async def again() -> None:
            # Meanwhile a person, a pause or the budget of the call may have stopped it.
            if next(tries) and (permits := self._readmitted(result)) is not None:
                await self._try(result, health, permits)

        await AsyncRetrying(
            stop=stop_after_attempt(self._settings.retries + 1),
            wait=wait_random(*BACKOFF),
            retry=retry_if_result(lambda _: _blip(result, health)),
            retry_error_callback=lambda _: None,
        )(again)

    def _readmitted(self, result: Result) -> Permits | None:
        candidate, wall = result.candidate, self._clock.now()
        leave = self._guard.leave(
            candidate.provider, candidate.host, candidate.on_the_wire(wall), self._clock.mono(), wall
        )
        if isinstance(leave, Refusal):
            return None
        if result.spend():
            return leave
        self._books.health(candidate).release(leave)
        return None

    async def _try(self, result: Result, health: Health, permits: Permits) -> None:
        """One try: send, read, check, record."""
        candidate = result.candidate
        result.tries += 1
        result.waited, result.used = 0.0, None
        mark = self._connectivity.responses
        health.ewma.in_flight += 1
        failure: Failure | None = None
        status: int | None = None
        try:
            if permits.delay:
                await asyncio.sleep(permits.delay)
            result.mono, result.wall = self._clock.mono(), self._clock.now()
            if isinstance(candidate.provider, LocalProvider):
                value, result.notes = await self._work(candidate.provider, candidate.query, result.until)
            else:
                value, status = await self.value(result, self._sender.send)
            partial = shortfall(candidate.query, value, self._clock.now())
        except EXPECTED as error:
            failure = self._books.judge(candidate, error, result.used)
        except BaseException as error:
            self._books.broken_off(candidate, health, permits, error)
            raise
        finally:
            health.ewma.in_flight -= 1
        elapsed = max(0.0, self._clock.mono() - result.mono - result.waited)
        result.failure = failure
        if failure is None:
            result.value, result.partial = value, partial
            judged = not _of_a_quorum(candidate.query)
            self._books.succeeded(result, health, permits, status, elapsed, judged=judged)
            return
        self._books.failed(result, health, permits, failure, elapsed, mark)
        await self.persist()

    async def value(self, result: Result, send: Send, *, theirs: bool = True) -> tuple[Any, int]:
        """The candidate's value, read and held against the truth, and the last status; raises :data:`EXPECTED`.

        ``theirs``: what comes is the provider's own body, and its shape worth remembering.
        """
        candidate = result.candidate
        provider, host = candidate.provider, candidate.host
        parts: list[Any] = []
        status = 0
        paid = True  # the first page, by the guard
        asked = self._clock.now()  # one moment for all pages: an interval may end between two
        query = candidate.on_the_wire(asked)
        for page in provider.pages(query, asked):
            if (lacks := provider.serves(page, asked)) is not None:
                continue  # out of the venue's reach; what it does reach is still worth having
            if not paid:
                await self._quota(result, page)
            paid = False
            request = provider.request(page, host=host, now=asked, form=candidate.form)
            response = await send(host, request)
            if result.seen is not None:
                result.seen.append((request, response))
            result.used = used_by(response)
            self._connectivity.heard(self._clock.mono())
            self._guard.limiters[provider.id].told(response.headers, self._clock.mono())
            status = response.status_code
            parts.append(self._read(provider, host, page, response, theirs))
        if not parts:  # all of it was in reach when it was ranked
            raise CallerError(f"{lacks} by now")
        try:
            return self._whole(result, query, join(parts), asked), status
        except Untrue as error:
            error.status = status
            raise

    def _whole(self, result: Result, query: Query, value: Any, asked: float) -> Any:
        """What the pages say together, held against the truth, and built from finer candles where it has to be."""
        candidate = result.candidate
        truth.check(query, value, self._clock.now())
        result.notes = candidate.provider.notes
        if candidate.finer and isinstance(candidate.query, CandleQuery):
            query = candidate.query
            value, notes = built(query, candidate.finer, value, asked)
            result.notes += notes
        self._compare(candidate.provider, query, value)
        return value

    def verdict(self, candidate: Candidate, quote: Quote, reason: str) -> None:
        """What a quorum says of a price that was fetched for it: ``reason`` why it is outvoted, or empty.

        An outvoted one is on record as dissent, beside the request that went well.
        """
        now = self._clock.mono()
        reason = reason or self._peers.judge(candidate.provider.id, candidate.query, quote, now)
        if reason:
            self._books.health(candidate).judged(reason, now, self._clock.now())
            self._books.tell(candidate, "truth", reason, None, 0.0, blamed=True)
        else:
            self._books.health(candidate).judged("", now, self._clock.now())
            self._peers.learn(candidate.provider.id, candidate.query, quote, now)

    def _compare(self, provider: Provider, query: Query, value: Any) -> None:
        """With what others said lately. Untrue when they contradict it."""
        if _of_a_quorum(query):
            return  # compared when all are in
        if reason := self._peers.judge(provider.id, query, value, self._clock.mono()):
            raise Untrue(reason)
        self._peers.learn(provider.id, query, value, self._clock.mono())

    def _read(
        self, provider: Provider, host: Host, page: Query, response: httpx.Response, theirs: bool
    ) -> Any:
        endpoint = self._guard.endpoint(provider, page.capability, host)
        try:
            value = provider.read(page, response, now=self._clock.now())
        except BadPayload:
            if theirs:
                self._guard.observer.unreadable(endpoint, provider, page, response)
            raise
        if theirs:
            self._guard.observer.read(endpoint, provider, page, response)
        return value

    async def _work(self, provider: LocalProvider, query: Query, until: float) -> tuple[Any, tuple[str, ...]]:
        seconds = max(0.001, until - self._clock.mono())
        async with asyncio.timeout(seconds):
            value, notes = await provider.work[query.capability](query, self._ask, seconds)
        if provider.outside:
            self._connectivity.heard(self._clock.mono())
            truth.check(query, value, self._clock.now())
            self._compare(provider, query, value)
        return value, notes

    async def _quota(self, result: Result, page: Query) -> None:
        provider = result.candidate.provider
        limiter, cost, now = self._guard.limiters[provider.id], provider.cost(page), self._clock.mono()
        wait = limiter.reserve(cost, now, result.until - now)
        if wait is None:
            raise OutOfQuota(f"own quota is used up for {limiter.wait(cost, now):.1f} s more")
        if wait:
            await asyncio.sleep(wait)
            result.waited += wait


def _of_a_quorum(query: Query) -> bool:
    return isinstance(query, PriceQuery) and query.quorum > 1


def _blip(result: Result, health: Health) -> bool:
    return result.failure is not None and result.failure.retry and health.circuit.state == "closed"
