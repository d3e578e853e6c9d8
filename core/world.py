"""One world, live or lab: guard, router and cache over one transport, in a namespace of its own."""

import random
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
import pandas as pd

from core.answer import Answer, Attempt, NoAnswer
from core.candles.archive import Archive, Series
from core.catalog import Catalog, Provider
from core.clock import Clock
from core.engine.breaker import Breaker, BreakerPolicy
from core.engine.cache import AnswerCache, Cached
from core.engine.call import Found
from core.engine.candidates import Ranking
from core.engine.check import Checks
from core.engine.codec import Entry
from core.engine.connectivity import Connectivity
from core.engine.consensus import SOURCE, Polls
from core.engine.exchange import Exchange
from core.engine.feed import Feed
from core.engine.folder import DataFolder
from core.engine.freshness import fresh_for
from core.engine.guard import Guard
from core.engine.keys import Keys
from core.engine.listings import Listings
from core.engine.local import LocalProvider
from core.engine.probe import MOST, network_there, spread
from core.engine.proxy import Proxy
from core.engine.relay import SHARE, Address, Relay
from core.engine.router import Router
from core.engine.snapshot import Snapshot, endpoints_health, providers_health, totals
from core.engine.state import StateFile
from core.engine.transport import Sender
from core.market import CandleQuery, PriceQuery, Query
from core.ops.archivist import Archivist
from core.ops.data_target import DataTarget
from core.ops.events import Repaired
from core.ops.heal import Healable, Healer
from core.ops.journal import Journal
from core.ops.monitor import Monitor
from core.ops.recall import recall
from core.ops.shapes import Shapes
from core.ops.stats import Given
from core.ops.watch import Watch
from core.settings import Settings
from core.symbols import Symbols, search

T = TypeVar("T")

OFFLINE_KEPT = 5.0
"""Seconds for which the finding that no host can be reached is not tried again."""


class World:
    """Everything behind a hub that is either live or simulated, never both."""

    def __init__(
        self,
        name: Literal["live", "lab"],
        settings: Settings,
        catalog: Catalog,
        folder: DataFolder,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None,
        journal: Journal,
        others: dict[str, Healable],
        mend: Callable[["World", DataTarget, bool], Awaitable[str]],
        ask: Callable[["World", Query, float], Awaitable[Answer[Any]]],
    ) -> None:
        rng = random.Random()  # noqa: S311 - jitter and balance, no secrets
        self.name = name
        self._settings = settings
        self.lab = name == "lab"
        self.given = Given()
        """Answers given, by kind and tier."""
        self.catalog = catalog
        self._clock = clock
        self._folder = folder
        policy = policy_of(settings)
        keys = Keys(catalog.values(), lab=self.lab, mono=clock.mono)

        def useless(provider: Provider) -> str:
            if self.lab and isinstance(provider, LocalProvider) and provider.outside:
                return "it is outside the lab"
            return keys.missing(provider)

        self.guard = Guard(catalog, policy, rng, clock.mono(), useless)
        self.connectivity = Connectivity()
        self.sender = Sender(
            transport=transport,
            lab_url=settings.lab_url,
            connect_timeout=settings.connect_timeout,
            request_timeout=settings.request_timeout,
            keys=keys,
            private=_inward(settings),
        )
        self.state = StateFile(folder, folder.path / name / "state.json", self.guard, clock)
        self.state.restore()
        self._listings = Listings(
            settings,
            clock,
            self.guard,
            self.sender,
            self.connectivity,
            folder,
            folder.path / name / "symbols.json",
            self.state.save,
        )
        self._listings.restore()
        self.journal = journal
        recall(self.guard, journal, clock.mono(), clock.now())
        shapes = Shapes(folder, folder.path / name / "shapes.json", journal, clock)
        self.watch = Watch(self.journal, self.guard, self.connectivity, clock, shapes)
        self.guard.observer = self.watch
        self.cache = AnswerCache(
            folder,
            f"{name}/cache",
            clock,
            size=settings.cache_bytes,
            entries=settings.cache_entries,
            keep=settings.stale_seconds,
            era=self.state.era,
        )

        self.archive = archive_of(settings, folder.path, lab=self.lab, now=clock.now, heard=self._repaired)
        self.feed = Feed(self.archive, folder) if settings.archive and folder.writable else None
        """What keeps fetched candles; None when it is switched off, or another process writes this folder."""

        async def ask_here(query: Query, *, deadline: float) -> Answer[Any]:
            return await ask(self, query, deadline)

        exchange = Exchange(
            settings, clock, self.guard, self.sender, self.connectivity, self.state.save, ask_here
        )
        self.checks = Checks(
            settings, clock, self.guard, exchange, self.sender, self.connectivity, self.network_there
        )
        self._router = Router(
            settings, clock, self.guard, exchange, self.connectivity, self.network_there, rng
        )
        self._polls = Polls(settings, clock, self.guard, exchange, self._router)
        self.healer = Healer(
            settings, clock, self.guard, self.checks, self.connectivity, journal, others, partial(mend, self)
        )
        self.archivist = Archivist(
            settings, clock, self.archive, folder, self.healer, journal, self.connectivity
        )
        self.monitor = Monitor(
            settings,
            clock,
            self.guard,
            self.checks,
            self.watch,
            self.healer,
            self.connectivity,
            self.network_there,
            others,
            self.archivist if self.feed is not None else None,
        )
        self._relay = (
            None
            if settings.relay_url is None or self.lab
            else Relay(
                settings.relay_url,
                clock,
                self.guard,
                self.sender,
                exchange,
                Ranking(catalog, self.guard, settings.balance, rng),
                Breaker(policy, rng),
                settings.request_timeout,
            )
        )
        self.proxy = Proxy(
            catalog,
            self.guard,
            self.sender,
            self.connectivity,
            clock,
            throttle_default=settings.throttle_default,
            lab=self.lab,
        )
        self._nobody_at: float | None = None

    async def network_there(self, seconds: float, silent: Collection[str] = ()) -> bool:
        """Whether any of a few independent hosts answers.

        Knowing some providers to be ``silent``, one host of every other one is asked as well: only when all
        the world is silent it is likely to be us.
        """
        now = self._clock.mono()
        if self._nobody_at is not None and now - self._nobody_at < OFFLINE_KEPT:
            return False
        providers = sorted(self.catalog.values(), key=lambda provider: provider.id in silent)
        most = len(providers) if silent else MOST
        hosts = spread(providers, lambda where: not self.guard.left_alone(where, now), most)
        if not hosts:
            return True  # all of them rest or are isolated: that says nothing about the network
        there = await network_there(self.sender, hosts, seconds)
        if not there and self._relay is not None:
            there = await self._relay.there(hosts[0][0], seconds)
        self._nobody_at = None if there else self._clock.mono()
        if there:
            self.connectivity.heard(self._clock.mono())
        return there

    def cached(self, key: str) -> Cached | None:
        """What the cache holds, fresh or stale."""
        return self.cache.get(key)

    async def find(
        self, key: str, query: Query, deadline: float, providers: Sequence[str] | None
    ) -> Answer[Any]:
        """Ask the endpoints; behind them the relay and the stale cache. :class:`NoAnswer` when all is in vain."""
        try:
            answer = await self._now(query, deadline, providers)
        except NoAnswer as failed:
            held = self.cache.get(key)
            if held is None:
                raise
            why = "this machine seems to be offline" if failed.offline else "nobody could answer now"
            return self.answer(held, "stale", extra=failed.attempts, note=f"stale: {why}")
        return self._keep(key, query, answer)

    async def ask(
        self, query: Query, deadline: float, providers: Sequence[str], *, archive: bool = True
    ) -> Answer[Any]:
        """Ask the endpoints, past the cache in both directions: for work that pages through history.

        :class:`NoAnswer` when none of ``providers`` can answer. ``archive`` says whether candles are kept.
        """
        return self._answered(
            await self._router.find(query, deadline, providers), self._clock.now(), archive=archive
        )

    async def write(self, job: Callable[..., T], *args: Any) -> T:
        """Run a disk write on the folder's writer thread, and wait for it."""
        return await self._folder.write_through(job, *args)

    def now(self) -> float:
        """UTC seconds."""
        return self._clock.now()

    @property
    def recovery(self) -> int:
        """Successes in a row that make an endpoint healthy again."""
        return self._settings.health_recovery_count

    def mono(self) -> float:
        """The loop's seconds."""
        return self._clock.mono()

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

    async def symbols(self, text: str, limit: int, seconds: float) -> Symbols:
        """A search in what the providers list; lists that are not of today are fetched first."""
        providers = self.catalog.values()
        why = await self._listings.refresh(providers, seconds)
        known = self._listings.known(providers)
        markets, has, lacks, unsure = search(text, known, self.catalog.names, limit)
        notes = tuple(f"{provider}: {reason}" for provider, reason in why.items())
        return Symbols(text, markets, has, lacks, unsure, notes, self.lab)

    def answer(
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
            lab=self.lab,
        )

    def snapshot(self, mode: str, why: str, live_again: bool, notices: Sequence[str]) -> Snapshot:
        """Health at this moment."""
        now = self._clock.mono()
        endpoints = endpoints_health(self.guard, now)
        providers = providers_health(self.guard, now)
        return Snapshot(
            time=self._clock.now(),
            mode=mode,
            lab=self.lab,
            why=why,
            offline=self.connectivity.offline,
            live_again=live_again,
            notices=tuple(notices),
            totals=totals(endpoints, providers),
            providers=providers,
            endpoints=endpoints,
            hosts=dict(self.monitor.hosts),
        )

    def _repaired(self, series: Series, count: int, undone: bool) -> None:
        """A repair stands, or was taken back: on record when the archive's call returns, in whichever thread."""
        if not count:
            return
        did = "taken back" if undone else "repaired"
        self.journal.record_here(
            Repaired(
                time=self._clock.now(),
                target=series.provider,
                who="archive",
                detail=f"{series.symbol} {series.interval}: {count} {did}",
                symbol=series.symbol,
                interval=series.interval,
                changes=count,
                undone=undone,
            )
        )

    async def close(self) -> None:
        """Stop what runs, save what must survive, close connections and cache."""
        await self.monitor.stop()
        await self._router.close()
        await self._listings.close()
        if self.feed is not None:
            await self.feed.close()
        await self.state.save(last=True)
        self.watch.close()
        await self.sender.close()
        self.cache.close()

    async def _now(self, query: Query, deadline: float, providers: Sequence[str] | None) -> Answer[Any]:
        """An answer from outside the cache: from one endpoint, or from several at once."""
        if not isinstance(query, PriceQuery) or query.quorum == 1:
            found = await self._live(query, deadline, providers)
            return self._answered(found, self._clock.now(), archive=True)
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
            lab=self.lab,
        )

    def _keep(self, key: str, query: Query, answer: Answer[Any]) -> Answer[Any]:
        entry = Entry(
            value=answer.value,
            source=answer.source,
            host=answer.host,
            fetched=answer.fetched,
            fresh=fresh_for(query, answer.value, answer.fetched),
            attempts=answer.attempts,
            notes=answer.notes,
            era=self.state.era,
        )
        self.cache.put(key, entry)
        return answer

    def _answered(self, found: Found, wall: float, *, archive: bool) -> Answer[Any]:
        """What was just fetched, labelled, and its candles on their way into the archive."""
        provider, host, used = found.candidate.provider, found.candidate.host, found.candidate.query
        if isinstance(found.value, pd.DataFrame) and isinstance(used, CandleQuery):
            found.value.attrs = {
                "symbol": used.symbol,
                "interval": used.interval,
                "quote": used.quote,
                "venue": provider.id,
            }
            if archive and self.feed is not None and not found.candidate.finer:
                self.feed.offer(provider.id, used, found.value, wall)
        return Answer(
            value=found.value,
            source=provider.id,
            host=host.name,
            tier=found.tier,
            age=0.0,
            fetched=wall,
            attempts=found.attempts,
            notes=found.notes,
            lab=self.lab,
        )


def _inward(settings: Settings) -> tuple[str, ...]:
    """Hosts that may be on this machine or its network: those that a person named."""
    relay = () if settings.relay_url is None else (Address(settings.relay_url).name,)
    return (*settings.private_hosts, *relay)


def policy_of(settings: Settings) -> BreakerPolicy:
    """What the knobs say of circuits."""
    return BreakerPolicy(
        threshold=settings.health_error_threshold,
        recovery=settings.health_recovery_count,
        first=settings.health_cooldown_seconds / 10,
        longest=settings.health_cooldown_seconds,
        probes=settings.half_open_probes,
        failure_rate=settings.failure_rate,
        slow_rate=settings.slow_rate,
        slow_after=settings.slow_after,
        observe=settings.observe_only,
    )


def archive_of(
    settings: Settings,
    folder: Path,
    *,
    lab: bool,
    now: Callable[[], float] = time.time,
    heard: Callable[[Series, int, bool], None] = lambda *_: None,
) -> Archive:
    """The archive in a data folder, of one world."""
    place = folder / ("lab" if lab else "live") / "archive"
    return Archive(place, now, lab=lab, keep_days=settings.archive_days, heard=heard)
