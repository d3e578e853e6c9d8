"""One world, live or lab: guard, router and cache over one transport, in a namespace of its own."""

import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx

from core.answer import Answer
from core.candles.archive import Archive, Series
from core.catalog import Catalog, Provider
from core.clock import Clock
from core.engine.answers import Answers
from core.engine.breaker import Breaker, BreakerPolicy
from core.engine.cache import AnswerCache
from core.engine.candidates import Ranking
from core.engine.check import Checks
from core.engine.connectivity import Connectivity
from core.engine.consensus import Polls
from core.engine.exchange import Exchange
from core.engine.feed import Feed
from core.engine.folder import DataFolder
from core.engine.guard import Guard
from core.engine.keys import Keys
from core.engine.listings import Listings
from core.engine.local import LocalProvider
from core.engine.probe import Network
from core.engine.proxy import Proxy
from core.engine.relay import Address, Relay
from core.engine.router import Router
from core.engine.snapshot import Snapshot, endpoints_health, providers_health, totals
from core.engine.state import StateFile
from core.engine.transport import Sender
from core.market import Query
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
        policy = BreakerPolicy.of(settings)
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
        relay = (
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
        self.network = Network(self.guard, self.sender, self.connectivity, clock, relay)
        there = self.network.there
        self.checks = Checks(settings, clock, self.guard, exchange, self.sender, self.connectivity, there)
        self._router = Router(settings, clock, self.guard, exchange, self.connectivity, there, rng)
        polls = Polls(settings, clock, self.guard, exchange, self._router)
        self.answers = Answers(
            clock,
            self._router,
            polls,
            relay,
            self.cache,
            self.feed,
            era=self.state.era,
            lab=self.lab,
        )
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
            there,
            others,
            self.archivist if self.feed is not None else None,
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

    async def symbols(self, text: str, limit: int, seconds: float) -> Symbols:
        """A search in what the providers list; lists that are not of today are fetched first."""
        providers = self.catalog.values()
        why = await self._listings.refresh(providers, seconds)
        known = self._listings.known(providers)
        markets, has, lacks, unsure = search(text, known, self.catalog.names, limit)
        notes = tuple(f"{provider}: {reason}" for provider, reason in why.items())
        return Symbols(text, markets, has, lacks, unsure, notes, self.lab)

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
        """Stop what runs, save what must survive, close connections and cache: each whatever became of the others."""
        async with contextlib.AsyncExitStack() as last_first:
            last_first.callback(self.cache.close)
            last_first.push_async_callback(self.sender.close)
            last_first.callback(self.watch.close)
            last_first.push_async_callback(partial(self.state.save, last=True))
            if self.feed is not None:
                last_first.push_async_callback(self.feed.close)
            last_first.push_async_callback(self._listings.close)
            last_first.push_async_callback(self._router.close)
            last_first.push_async_callback(self.monitor.stop)


def _inward(settings: Settings) -> tuple[str, ...]:
    """Hosts that may be on this machine or its network: those that a person named."""
    relay = () if settings.relay_url is None else (Address(settings.relay_url).name,)
    return (*settings.private_hosts, *relay)


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
