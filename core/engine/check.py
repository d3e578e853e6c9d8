"""One endpoint, or one host, asked by itself: no failover, no cache. For probes, healing and the monitor."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

import httpx

from core.answer import Attempt, Forbidden, Throttled
from core.catalog import Endpoint, Host, Provider
from core.clock import Clock
from core.engine.candidates import Candidate, skipped
from core.engine.classify import EXPECTED, classify
from core.engine.connectivity import Connectivity
from core.engine.cooldown import Cooldown, throttled_for
from core.engine.exchange import Exchange
from core.engine.guard import Guard, Refusal
from core.engine.result import Result
from core.engine.transport import Sender
from core.market import (
    INTERVALS,
    METRICS,
    CandleQuery,
    Capability,
    MetadataQuery,
    NewsQuery,
    OnChainQuery,
    OrderBookQuery,
    PredictionQuery,
    PriceQuery,
    Query,
    SentimentQuery,
    SocialQuery,
    TechnicalQuery,
    VolumeQuery,
)
from core.settings import Settings
from core.wire import WireRequest

NETWORK_CHECK = 3.0
"""Seconds spent at most on finding out whether it is this machine that is offline."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One endpoint asked, and everything there is to look at: without keys, and nothing where nothing was sent."""

    query: Query | None
    attempt: Attempt
    value: Any = None
    seen: tuple[tuple[WireRequest, httpx.Response], ...] = ()


class Checks:
    """Asks one at a time, through guard and quota, with every result on record as any other call's."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        guard: Guard,
        exchange: Exchange,
        sender: Sender,
        connectivity: Connectivity,
        network_there: Callable[[float, Collection[str]], Awaitable[bool]],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._exchange = exchange
        self._sender = sender
        self._connectivity = connectivity
        self._network_there = network_there

    async def endpoint(self, endpoint: Endpoint, *, early: bool = False) -> Attempt:
        """Ask an endpoint for what its provider certainly has.

        ``early`` ends the pause of an open circuit now; pauses that the provider asked for, isolations and our
        own quota hold in any case: then the attempt says what held it. After a refusal that another form of
        the call may help against, it is asked in that form the next time.
        """
        return (await self._ask(endpoint, None, early=early)).attempt

    async def tried(self, endpoint: Endpoint) -> Tried:
        """The same, with what went over the wire and what was read."""
        return await self._ask(endpoint, [], early=False)

    async def _ask(
        self, endpoint: Endpoint, seen: list[tuple[WireRequest, httpx.Response]] | None, *, early: bool
    ) -> Tried:
        provider = self._guard.catalog[endpoint.provider]
        host = next(host for host in provider.hosts if host.name == endpoint.host)
        now, wall = self._clock.mono(), self._clock.now()
        query = check_query(provider, endpoint.capability, wall)
        if query is None:
            return Tried(
                None, skipped(provider, host, "skipped_unserved", "it has no query to check it with", wall)
            )
        if early:
            self._guard.health(provider, endpoint.capability, host).hasten()
        leave = self._guard.leave(provider, host, query, now, wall)
        if isinstance(leave, Refusal):
            return Tried(query, skipped(provider, host, leave.outcome, leave.reason, wall))
        tries = iter(range(self._settings.retries))
        form = self._guard.forms.of(provider, endpoint.capability, host)
        result = Result(
            Candidate(provider, host, query, form=form),
            now + self._settings.request_timeout,
            self._connectivity.responses,
            lambda: next(tries, None) is not None,
            mono=now,
            wall=wall,
            probe=leave.probe,
            seen=seen,
        )
        await self._exchange.ask(result, leave)
        if result.unblamed:
            heard = await self._heard(result.mark, provider)
            for settle in result.unblamed:
                settle(heard)
            await self._exchange.persist()
        if result.failure is not None:
            self._guard.forms.after(provider, endpoint.capability, host, form, result.failure)
        return Tried(query, result.attempts[-1], result.value, tuple(seen or ()))

    async def host(self, provider: Provider, host: Host) -> Attempt:
        """Ask a host for the cheapest thing it has. Its quota is spent; a pause that it asks for begins.

        The attempt is ``skipped_…`` when it must not be asked now, and when this machine reaches nobody.
        """
        now, wall = self._clock.mono(), self._clock.now()
        if self._guard.left_alone((provider, host), now):
            return skipped(provider, host, "skipped_cooling", "isolated, or resting at its own wish", wall)
        if not self._guard.limiters[provider.id].take(provider.check_cost, now):
            return skipped(provider, host, "skipped_quota", "own quota is used up", wall)
        mark = self._connectivity.responses
        try:
            response = await self._sender.send(host, provider.check_request(host))
            self._connectivity.heard(self._clock.mono())
            self._guard.limiters[provider.id].told(response.headers, self._clock.mono())
            provider.read_check(response, now=self._clock.now())
        except EXPECTED as error:
            elapsed = self._clock.mono() - now
            failure = classify(error)
            if failure.unreached and not await self._heard(mark, provider):
                return skipped(provider, host, "skipped_cooling", "this machine reaches nobody", wall)
            rest_as_asked(self._guard, provider, host, error, self._settings, self._clock.mono())
            outcome, reason, status = failure.outcome, failure.reason, failure.status
        else:
            elapsed = self._clock.mono() - now
            outcome, reason, status = "ok", "", response.status_code
        self._guard.observer.checked(provider.id, host.name, outcome, reason, status, elapsed)
        if outcome != "ok":
            await self._exchange.persist()
        return Attempt(provider.id, host.name, outcome, reason, status, wall, elapsed)

    async def _heard(self, mark: int, provider: Provider) -> bool:
        """Whether it is they who are silent, and not we."""
        if self._connectivity.heard_since(mark):
            return True
        there = await self._network_there(NETWORK_CHECK, {provider.id})
        if not there:
            self._connectivity.nobody_answers()
        return there


def rest_as_asked(
    guard: Guard, provider: Provider, host: Host, error: BaseException, settings: Settings, now: float
) -> None:
    """The pause that a failure of something else than a query asks for, if it asks for one."""
    if isinstance(error, Throttled):
        until = now + throttled_for(error, settings.throttle_default)
        guard.pause(Cooldown(provider.id, "throttled", error.reason, until))
    elif isinstance(error, Forbidden) and error.cause == "geo":
        until = now + settings.blocked_cooldown
        guard.pause(Cooldown(f"{provider.id}@{host.group}", "blocked", error.reason, until))


def check_query(provider: Provider, capability: Capability, now: float) -> Query | None:
    """The smallest question of this kind that a provider certainly has an answer to."""
    symbol = provider.check_symbol or "BTC/USDT"
    asked: list[Query] = []
    match capability:
        case "ohlcv":
            asked = [CandleQuery(symbol, interval, limit=2) for interval in ("1h", *INTERVALS)]
        case "price":
            asked = [PriceQuery(symbol)]
        case "volume":
            asked = [VolumeQuery(symbol)]
        case "orderbook":
            asked = [OrderBookQuery(symbol, depth=5)]
        case "technical":
            asked = [TechnicalQuery(symbol, interval) for interval in ("1h", *INTERVALS)]
        case "ai_prediction":
            asked = [PredictionQuery(symbol, "1h")]
        case "metadata":
            asked = [MetadataQuery(), MetadataQuery(symbol.partition("/")[0])]
        case "news":
            asked = [NewsQuery(limit=5)]
        case "sentiment":
            asked = [SentimentQuery(), SentimentQuery("Bitcoin rises")]
        case "social":
            asked = [SocialQuery(symbol.partition("/")[0])]
        case "onchain":
            asked = [OnChainQuery(metric) for metric in METRICS]
    return next((query for query in asked if provider.serves(query, now) is None), None)
