"""Puts it together: :class:`AsyncHub`, the one way from a query to an answer."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import pandas as pd

from core.alerting import Alerting
from core.answer import Answer, KintsugiError, NoAnswer
from core.backfill import Backfilled, backfill, usual
from core.candles import RepairPolicy
from core.candles.archive import Archive
from core.catalog import Catalog
from core.ccxt_source import CcxtProvider, ccxt_providers
from core.clock import Clock, SteadyClock, SystemClock
from core.engine.call import described
from core.engine.folder import DataFolder
from core.engine.guard import scopes
from core.engine.proxy import Passed
from core.engine.snapshot import Snapshot
from core.engine.target import endpoints_of
from core.features import KeyFeature, features
from core.files import write_atomically
from core.indicators import Summary
from core.lab import Lab
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
    TechnicalQuery,
    Volume,
    VolumeQuery,
    to_datetime,
)
from core.mend import Mended, mend
from core.models import ModelStatus, model_statuses, own_models
from core.models.healing import healables
from core.ops.alerts import Alert, Rule, Watched
from core.ops.alerts.outbox import TargetState
from core.ops.capacity import capacity
from core.ops.diagnostics import FAILURES, RECOVERY, diagnostics
from core.ops.events import AdminAction, SettingChanged
from core.ops.heal import Healable, Tell
from core.ops.journal import FILE, Journal
from core.ops.overrides import AT_ONCE, Configured, Knob, SettingLocked, as_toml, compared, knobs, merged
from core.ops.overrides import FILE as OVERRIDES
from core.ops.patterns import Pattern, patterns
from core.ops.results import HealResult, ProbeResult
from core.ops.stats import NOBODY, Stats
from core.paging import OnProgress, silent
from core.settings import Settings
from core.symbols import MOST, Symbols
from core.technical import indicator_engine
from core.world import World, policy_of

T = TypeVar("T")

LOOK_FOR_NETWORK = 2.0
"""Seconds that a start in auto mode waits for any host to answer."""
LISTS_WAIT = 5.0
"""Seconds for which a search for symbols waits for lists that are not of today."""
NEWEST = 200
"""Events of each sort in the diagnostics."""
LOOK_AGAIN = 60.0
"""Seconds between looks for a network while the lab stands in for it."""


class AsyncHub:
    """Answers queries through the failover engine. Use as ``async with AsyncHub(settings) as hub``.

    ``transport`` gets every outgoing request in place of the network; the mode then stays what was asked.
    ``shared`` says that it is an app's, which has a monitor by default. All methods belong to the loop that
    opened the hub.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        shared: bool = False,
    ) -> None:
        self.settings = (settings or Settings()).model_copy()
        """A copy of its own: knobs that are set from pages and REST change in it."""
        self._settled = self.settings
        """What the files and the environment said last: what a start would go by."""
        self._shared = shared
        self._given_clock = clock or SystemClock()
        self.healables: dict[str, Healable] = {}
        """``model:NAME`` → how it is healed; whoever runs a model enters it here."""
        catalog = Catalog.load(*self.settings.catalog_dirs).allowing(self.settings.private_hosts)
        if transport is None and not self.settings.lab_url:
            # ccxt has connections of its own.
            catalog = catalog.plus(*ccxt_providers(self.settings, self._given_clock.now))
        if self.settings.providers:
            catalog = catalog.only(self.settings.providers)
        self.catalog = catalog.plus(indicator_engine(), *own_models(self.settings))
        self.healables.update(healables(self.catalog, lambda: self._world))
        self.lab: Lab | None = None
        """The embedded market simulator, while it is what answers."""
        self.why = ""
        """Why the lab is open, or why answers may be missing, in words."""
        self.live_again = False
        self._transport = transport
        self._clock: Clock = self._given_clock
        self._folder: DataFolder | None = None
        self._world_now: World | None = None
        self._journals: dict[str, Journal] = {}
        """Live or lab → its journal; open until the hub closes, whichever world writes it meanwhile."""
        self._flights: dict[tuple[World, str], asyncio.Task[Answer[Any]]] = {}
        self._chores: set[asyncio.Task[None]] = set()
        self._jobs: dict[asyncio.Task[Any], World] = {}
        """Long work under way: its world stays open for it."""
        self._configuring = asyncio.Lock()
        self._alerting: Alerting | None = None
        self._opened_at = 0.0

    async def __aenter__(self) -> Self:
        """Open folder and cache; in auto mode find out whether there is a network."""
        self._clock = SteadyClock(self._given_clock)
        self._folder = DataFolder(self.settings.data_dir)
        self._opened_at = self._clock.now()
        await self._open_world()
        self._alerting = Alerting(
            self.settings,
            self._folder,
            self._clock,
            lambda: self._world,
            self.snapshot,
            self.stats,
            self._fetch,
        )
        await self._alerting.walk(self._monitored)
        return self

    async def _open_world(self) -> None:
        mode = self.settings.mode
        if mode == "lab" or self.settings.lab_url:
            self._show(self._lab_world())
            self.why = self.why or "the lab was asked for"
            return
        self._show(self._live_world())
        if (
            mode == "auto"
            and self._transport is None
            and not await self._world.network_there(LOOK_FOR_NETWORK)
        ):
            self._world.connectivity.nobody_answers()
            if not len(self._world.cache):
                await self._lab_instead()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what runs, finish writes, close everything."""
        tasks = [*self._chores, *self._flights.values(), *self._jobs]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._alerting is not None:
            await self._alerting.close()
            self._alerting = None
        if self._world_now is not None:
            await self._world_now.close()
            self._world_now = None
        for provider in self.catalog.values():
            if isinstance(provider, CcxtProvider):
                await provider.close()
        for journal in self._journals.values():
            await journal.close()
        self._journals.clear()
        if self._folder is not None:
            self._folder.close()
            self._folder = None

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
        world.monitor.looked()
        names = None if providers is None else tuple(map(str, _listed(providers)))
        key = query.key() if names is None else f"{query.key()} from {','.join(names)}"
        held = None if refresh else world.cached(key)
        if held is not None and held.fresh:
            return _own(world.answer(held, "cache"))
        seconds = self.settings.deadline if deadline is None else deadline
        if not isinstance(seconds, int | float) or not 0 < seconds <= 3600:
            raise ValueError(f"deadline={deadline!r}: expected seconds above 0, at most 3600")
        joined = (world, key) in self._flights
        flight = self._flight(world, key, query, seconds, names)
        if held is not None and held.age - held.entry.fresh < self.settings.revalidate_seconds:
            return _own(world.answer(held, "stale", note="stale: being fetched again"))
        began = self._clock.mono()
        try:
            # A flight keeps its own deadline; this one is for callers that joined a longer one.
            async with asyncio.timeout(seconds if joined else None):
                return _own(await asyncio.shield(flight))
        except TimeoutError:
            if (held := world.cached(key)) is not None:
                return _own(world.answer(held, "stale", note="stale: being fetched again"))
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
            allow_quote=_listed(allow_quote),
        )
        return await self.fetch(query, refresh=refresh, deadline=deadline, providers=providers)

    async def price(
        self, symbol: str, *, quorum: int = 1, allow_quote: Sequence[str] = (), **how: Any
    ) -> Answer[Quote]:
        """The price now. ``how``: refresh, deadline, providers, as in ``fetch``.

        With a ``quorum`` above 1 so many independent venues are asked at once; the value is then a
        :class:`core.market.Consensus`, whose ``last`` is their median. Fewer voices are said to be partial.
        """
        return await self.fetch(PriceQuery(symbol, quorum, _listed(allow_quote)), **how)

    async def volume(self, symbol: str, *, allow_quote: Sequence[str] = (), **how: Any) -> Answer[Volume]:
        """Volume over the last 24 hours."""
        return await self.fetch(VolumeQuery(symbol, allow_quote=_listed(allow_quote)), **how)

    async def orderbook(self, symbol: str, depth: int = 20, **how: Any) -> Answer[OrderBook]:
        """The best ``depth`` levels of each side."""
        return await self.fetch(OrderBookQuery(symbol, depth=depth), **how)

    async def technical(
        self, symbol: str, interval: str = "1h", *, allow_quote: Sequence[str] = (), **how: Any
    ) -> Answer[Summary]:
        """What the indicators say at the newest closed candle, each signal with its reason."""
        return await self.fetch(TechnicalQuery(symbol, interval, _listed(allow_quote)), **how)

    async def metadata(self, asset: str | None = None, **how: Any) -> Answer[MarketOverview | AssetFacts]:
        """The market as a whole, or what is known of one asset."""
        return await self.fetch(MetadataQuery(asset), **how)

    async def news(self, topic: str | None = None, limit: int = 20, **how: Any) -> Answer[News]:
        """The newest news, about an asset or words if a topic is given. All text is plain."""
        return await self.fetch(NewsQuery(topic, limit), **how)

    async def sentiment(self, text: str | None = None, **how: Any) -> Answer[Sentiment]:
        """The mood of the market, or of a text, from -1 to 1."""
        return await self.fetch(SentimentQuery(text), **how)

    async def social(self, symbol: str, **how: Any) -> Answer[Social]:
        """How much is said of an asset, and by how many."""
        return await self.fetch(SocialQuery(symbol), **how)

    async def onchain(self, metric: str, **how: Any) -> Answer[OnChainFigure]:
        """One figure of a chain: a name among :data:`core.market.METRICS`."""
        return await self.fetch(OnChainQuery(metric), **how)

    async def prediction(
        self,
        symbol: str,
        interval: str = "1h",
        horizon: int = 1,
        *,
        allow_quote: Sequence[str] = (),
        **how: Any,
    ) -> Answer[Prediction]:
        """A direction, and how often its method was right before on candles that it had not seen."""
        return await self.fetch(PredictionQuery(symbol, interval, horizon, _listed(allow_quote)), **how)

    async def symbols(self, text: str = "", *, limit: int = MOST, deadline: float = LISTS_WAIT) -> Symbols:
        """Markets that the text may mean, best match first, and who lists them; ``str()`` says so in words.

        Each exchange's own list is fetched at most once a day; until one is there, its main markets stand in.
        """
        if limit < 1:
            raise ValueError(f"limit={limit!r}: expected at least 1")
        return await self._world.symbols(text, limit, deadline)

    async def mend(
        self,
        symbol: str,
        interval: str = "1h",
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        limit: int | None = None,
        frame: pd.DataFrame | None = None,
        provider: str | None = None,
        providers: Sequence[str] | None = None,
        policy: RepairPolicy | None = None,
        apply: bool = True,
        automatic: bool = False,
        deadline: float | None = None,
        progress: OnProgress | None = None,
    ) -> Mended:
        """Audit a venue's candles, fetch what may help, repair them, and let the repair stand in the archive.

        ``provider``: whose candles, by default whoever answers. ``providers``: the only ones that may be asked, in
        that order; without ``provider`` the first of them is whose candles are mended. ``frame`` are candles of
        one's own to mend in place of fetched ones; they are not kept. ``apply=False`` only shows:
        ``hub.archive.apply(mended.series, mended)`` keeps it later. ``automatic`` is for repair that nobody looks
        at: the policy's limits hold, what a person undid stays undone. ``deadline``: seconds a request.
        :class:`NoAnswer` when neither a venue nor the archive has candles. Cancel the task to stop.
        """
        query = _candle_query(symbol, interval, start, end, limit)
        names = None if providers is None else tuple(map(str, _listed(providers)))
        venue = provider or (names[0] if names else None)
        self.catalog.only((*(names or ()), *([venue] if venue is not None else [])))

        async def fetch(wanted: CandleQuery) -> Answer[pd.DataFrame]:
            return await self.fetch(wanted, providers=None if venue is None else (venue,), deadline=deadline)

        job = mend(
            self._world,
            query,
            fetch,
            given=frame,
            venue=venue,
            others=names,
            policy=policy or self.repair_policy(),
            tell=progress or silent,
            deadline=self.settings.deadline if deadline is None else deadline,
            apply=apply,
            automatic=automatic,
        )
        return await self._work(self._world, job)

    def repair_policy(self) -> RepairPolicy:
        """What a repair may do when nobody says otherwise, by the settings."""
        settings = self.settings
        return RepairPolicy(
            auto_repair_enabled=settings.auto_repair_enabled,
            gap_detection_window_hours=settings.gap_detection_window_hours,
            max_gap_fill_attempts=settings.max_gap_fill_attempts,
            corruption_threshold=settings.corruption_threshold,
        )

    async def backfill(
        self,
        symbol: str,
        interval: str,
        start: Moment,
        end: Moment | None = None,
        *,
        providers: Sequence[str] | None = None,
        progress: OnProgress | None = None,
    ) -> Backfilled:
        """Fill the archive with closed candles from ``start`` up to, not with, ``end`` (now), several venues at once.

        ``providers`` are those to ask; by default the first six exchanges that have such candles. What is there
        already is not asked for again, so that a backfill that was stopped goes on where it was. Nobody's quota is
        used up by it. Cancel the task to stop; what came stays. ValueError for an argument that cannot be, OSError
        when the disk is full.
        """
        query = _candle_query(symbol, interval, start, end, None)
        names = None if providers is None else tuple(map(str, _listed(providers)))
        if names is None:
            chosen = usual(self.catalog, query, self._clock.now())
        else:
            chosen = tuple(self.catalog.only(names).values())
        job = backfill(self._world, query, chosen, progress or silent)
        return await self._work(self._world, job)

    @property
    def archive(self) -> Archive:
        """Candles on disk of the world that answers now, live or lab; may be used from any thread."""
        return self._world.archive

    async def settled(self) -> None:
        """Return when the candles fetched so far are in the archive."""
        if self._world.feed is not None:
            await self._world.feed.settle()

    async def health(self) -> Snapshot:
        """Circuits, pauses and success of everything in the catalogue, as plain data. Counts as a look."""
        self._world.monitor.looked()
        return self.snapshot()

    def snapshot(self) -> Snapshot:
        """:meth:`health` for what runs by itself: it does not count as a look."""
        assert self._folder is not None  # noqa: S101 - the world says it first
        notices = [self._folder.notice] if self._folder.notice else []
        if self._folder.write_errors:
            notices.append(f"{self._folder.write_errors} disk writes failed: {self._folder.last_write_error}")
        if self._world.feed is not None and self._world.feed.lost:
            notices.append(f"{self._world.feed.lost} fetched candles were not kept: the disk is too slow")
        return self._world.snapshot(self.settings.mode, self.why, self.live_again, notices)

    @property
    def simulated(self) -> bool:
        """Whether what answers now is the lab. May be asked from any thread."""
        return self._world.lab

    @property
    def journal(self) -> Journal:
        """What happened, in the world that answers now. Ask it from a thread that may wait for the disk."""
        return self._world.journal

    async def stats(self) -> Stats:
        """What it has done since it was opened, and what it has left, in numbers."""
        assert self._folder is not None  # noqa: S101 - the world says it first
        world, now = self._world, self._clock.now()
        attempts: dict[str, Counter[str]] = {}
        for endpoint, health in world.guard.records().items():
            if health.totals:
                attempts.setdefault(endpoint.provider, Counter()).update(health.totals)
        return Stats(
            since=self._opened_at,
            seconds=now - self._opened_at,
            lab=world.lab,
            answers=world.given.by_capability(),
            attempts={provider: dict(counts) for provider, counts in attempts.items()},
            cached=len(world.cache),
            under_way=len(self._flights),
            write_errors=self._folder.write_errors,
            capacity=await asyncio.to_thread(capacity, self._folder.path),
        )

    async def reset(self, target: str | None = None, *, who: str = "script") -> None:
        """Close circuits, end pauses (of keys too), forget unknown symbols. ValueError for an unknown target.

        Like every action of a person it is in the journal, with ``who``, when the call returns.
        """
        guard = self._world.guard
        for endpoint in endpoints_of(self.catalog, target):
            provider = self.catalog[endpoint.provider]
            host = next(host for host in provider.hosts if host.name == endpoint.host)
            guard.health(provider, endpoint.capability, host).reset()
            guard.cooldowns.clear(scopes(provider, endpoint.capability, host))
            guard.forget(provider.id)
            self._world.sender.keys.forget(provider)
        await self._acted("reset", target, "", who)

    async def probe(
        self, target: str | None = None, *, who: str = "script", progress: Tell | None = None
    ) -> ProbeResult:
        """Ask every endpoint of a target once, now, five at a time; its results count like any other call's.

        Open circuits get their probe at once; isolations, pauses that a provider asked for and our own quota
        hold. ``progress`` is called on the hub's loop with (done, of how many, which). UnknownTarget.
        """
        world = self._world
        endpoints_of(self.catalog, target)
        await self._acted("probe", target, "", who)
        return await world.healer.probe(target, progress)

    async def heal(
        self,
        target: str | None = None,
        force: bool = False,
        *,
        who: str = "script",
        progress: Tell | None = None,
    ) -> HealResult:
        """Heal what is ill of a target, five at a time: ask again, other host, who stands in for it.

        A target that was healed within ``HEALTH_REINIT_COOLDOWN`` seconds is left alone, unless ``force``,
        which also heals what is not known to be ill. ``data:BTC/USDT/1h`` mends the newest candles of a series.
        UnknownTarget for a target of nothing.
        """
        world = self._world
        world.healer.check(target)
        await self._acted("heal", target, "by force" if force else "", who)
        return await world.healer.heal(target, force=force, who=who, tell=progress)

    async def forget_failures(self, target: str | None = None, *, who: str = "script") -> None:
        """Forget failures that are shown and weighed; circuits and pauses stay. The journal forgets nothing."""
        world = self._world
        for endpoint in endpoints_of(self.catalog, target):
            world.guard.records()[endpoint].forget_failures()
        await self._acted("forget_failures", target, "", who)

    async def isolate(self, target: str, reason: str, *, who: str = "script") -> None:
        """Send nothing to a target until :meth:`restore`; survives a restart."""
        endpoints_of(self.catalog, target)
        self._world.guard.isolated[target] = reason
        await self._acted("isolate", target, reason, who)

    async def restore(self, target: str, *, who: str = "script") -> None:
        """End an isolation."""
        endpoints_of(self.catalog, target)
        self._world.guard.isolated.pop(target, None)
        await self._acted("restore", target, "", who)

    async def patterns(self, *, days: float = 7.0) -> list[Pattern]:
        """What the failures of the last days have in common, the latest first: see :mod:`core.ops.patterns`."""
        if not 0 < days <= 365:
            raise ValueError(f"days={days!r}: expected above 0, at most 365")
        hosts = {provider.id: len(provider.hosts) for provider in self.catalog.values()}
        return await asyncio.to_thread(
            patterns, self._world.journal, now=self._clock.now(), hosts=hosts, days=days
        )

    async def configure(self, changes: Mapping[str, Any], *, who: str = "script") -> Configured:
        """Set knobs for now and for later starts, in ``overrides.toml``; None takes an override away.

        All or none: SettingsError for a value that cannot be, alone or beside the others; SettingLocked for a
        knob that the environment or the code holds. The result says which hold from the next start on.
        """
        assert self._folder is not None  # noqa: S101 - the world says it first
        async with self._configuring:
            overrides, new = merged(self.settings, changes)
            if not self._folder.writable:
                raise SettingLocked(f"{', '.join(changes)}: {self._folder.notice}")
            path = self.settings.data_dir / OVERRIDES
            await self._folder.write_through(write_atomically, path, as_toml(overrides))
            return await self._follow(new, "set", who)

    async def reload_settings(self, *, who: str = "script") -> Configured:
        """Read ``overrides.toml`` and ``kintsugi.toml`` again, and follow what can be followed at once."""
        async with self._configuring:
            _, new = merged(self.settings, {})
            return await self._follow(new, "read from the files again", who)

    def knobs(self) -> tuple[Knob, ...]:
        """Every knob: its value, where that comes from, what waits for the next start, why it is locked."""
        return knobs(self.settings)

    def features(self) -> tuple[KeyFeature, ...]:
        """The keys that providers know: which are there, what they unlock, where to get one. Never a key."""
        return features(self.catalog.values(), resting=self._world.sender.keys.resting)

    def models(self) -> list[ModelStatus]:
        """Models and engines: state, load time, errors. ``heal("model:NAME")`` starts one anew."""
        return model_statuses(self.catalog, self.snapshot())

    async def _follow(self, new: Settings, how: str, who: str) -> Configured:
        """Let everything that runs go by the new knobs; what was changed is on record when this returns."""
        changes = compared(self._settled, new)
        self._settled = new
        self.settings.follow(new, AT_ONCE)
        world = self._world
        world.guard.follow(policy_of(self.settings))
        if not self._monitored:
            await world.monitor.stop()
        elif not world.monitor.running:
            world.monitor.start()
        await self._alarms.walk(self._monitored)
        for change in changes:
            await world.journal.record(
                SettingChanged(
                    time=self._clock.now(),
                    who=who,
                    detail=f"{change.name} {how}: {change.old} → {change.new}",
                    name=change.name,
                    old=change.old,
                    new=change.new,
                    at_once=change.at_once,
                )
            )
        return Configured(changes)

    async def _acted(self, action: str, target: str | None, reason: str, who: str) -> None:
        """A person changed what everybody sees: kept over a restart, and on record when this returns."""
        self._world.watch.touch_all()
        await self._world.state.save()
        await self.record_action(action, target or "", reason or action, who=who)

    async def record_action(self, action: str, target: str, detail: str, *, who: str) -> None:
        """Put what a person did on record; it is when this returns."""
        event = AdminAction(time=self._clock.now(), target=target, who=who, detail=detail, action=action)
        await self._world.journal.record(event)

    async def diagnostics(self) -> dict[str, Any]:
        """Health, failures, what recovered, alerts, settings, versions: plain data without any secret."""
        told, stats, journal = self.snapshot(), await self.stats(), self.journal
        failures = await asyncio.to_thread(journal.events, kinds=FAILURES, limit=NEWEST)
        recovery = await asyncio.to_thread(journal.events, kinds=RECOVERY, limit=NEWEST)
        alerts, targets = await self.alerts(), await self.alert_targets()
        return diagnostics(self.settings, self.catalog, told, stats, failures, recovery, alerts, targets)

    async def alerts(
        self, *, open_only: bool = False, limit: int = 100, before: float | None = None
    ) -> list[Alert]:
        """Open alerts, oldest first, then those that are over, newest first.

        ``before`` (UTC seconds): only those that are over and fired before it, for the next page.
        """
        return await self._alarms.alerts(open_only=open_only, limit=limit, before=before)

    async def acknowledge(self, alert_id: str, *, who: str = "script") -> Alert:
        """A person has seen an alert. ValueError for an id that there is none of; one that is over stays so."""
        return await self._alarms.acknowledge(alert_id, who)

    async def alert_rules(self) -> tuple[Rule, ...]:
        """What is looked for, with levels and timings."""
        return await self._alarms.rules()

    async def set_alert_rule(self, name: str, *, who: str = "script", **changes: Any) -> Rule:
        """Set ``enabled``, ``level``, ``hold`` or ``clear`` of a rule; kept. ValueError says what is allowed."""
        return await self._alarms.change_rule(name, who, changes)

    async def watchlist(self) -> tuple[Watched, ...]:
        """Symbols whose price is looked at every minute, with the levels that raise an alert."""
        return await self._alarms.watchlist()

    async def watch(
        self,
        symbol: str,
        *,
        above: float | None = None,
        below: float | None = None,
        note: str = "",
        who: str = "script",
    ) -> Watched:
        """Put a symbol on the watchlist, or change it there; without levels it is only listed."""
        return await self._alarms.watch(Watched(symbol, above, below, note), who)

    async def unwatch(self, symbol: str, *, who: str = "script") -> None:
        """Take a symbol off the watchlist. ValueError when it is not on it."""
        await self._alarms.unwatch(symbol, who)

    async def alert_targets(self) -> list[TargetState]:
        """Where alerts go (``alert_urls``), what waits for each, and why the last try failed."""
        return await self._alarms.targets()

    async def send_test_alert(self, *, who: str = "script") -> int:
        """Send a test message to every target, on its way when this returns; to how many."""
        return await self._alarms.send_test(who)

    async def forward(
        self, url: str, method: str = "GET", content: bytes | None = None, *, who: str = "script"
    ) -> Passed:
        """Send a request to a host of the catalogue, without keys, and give back what it says.

        NotAllowed for any other host, or a method that the catalogue does not declare; NotNow while the host
        rests; Unreachable when it says nothing.
        """
        world = self._world
        passed = await world.proxy.forward(url, method, content)
        world.journal.note(
            AdminAction(
                time=self._clock.now(),
                target=passed.provider,
                who=who,
                detail=f"{method} {passed.host}: HTTP {passed.status}",
                action="proxy",
            )
        )
        return passed

    async def open_lab(self, *, who: str = "script") -> None:
        """Let the lab answer from here on. Live cooldowns and cache stay as they are, for later."""
        if not self._world.lab:
            await self._switch(self._lab_world(), "the lab was asked for")
            await self._acted("open_lab", None, "", who)

    async def go_live(self, *, who: str = "script") -> None:
        """Leave the lab. ValueError while the settings hold it open."""
        if self.settings.mode == "lab" or self.settings.lab_url:
            raise ValueError("mode='lab': the settings hold the lab open; set KINTSUGI_MODE to auto or live")
        if self._world.lab:
            await self._switch(self._live_world(), "")
            await self._acted("go_live", None, "", who)

    @property
    def _alarms(self) -> Alerting:
        if self._alerting is None:
            raise KintsugiError("the hub is not open: use it in a with statement")
        return self._alerting

    @property
    def _world(self) -> World:
        if self._world_now is None:
            raise KintsugiError("the hub is not open: use it in a with statement")
        return self._world_now

    def _show(self, world: World) -> None:
        """Let this world answer from now on; the monitor watches the one that answers."""
        self._world_now = world
        if self._monitored:
            world.monitor.start()

    @property
    def _monitored(self) -> bool:
        return {"auto": self._shared, "on": True, "off": False}[self.settings.monitor]

    def _live_world(self) -> World:
        return self._make("live", self._transport)

    def _lab_world(self) -> World:
        if self.settings.lab_url or self._transport is not None:
            return self._make("lab", self._transport)
        self.lab = Lab(seed=self.settings.lab_seed, clock=self._clock)
        return self._make("lab", self.lab.transport())

    def _make(self, name: Any, transport: httpx.AsyncBaseTransport | None) -> World:
        assert self._folder is not None  # noqa: S101 - opened first
        if name not in self._journals:
            self._journals[name] = Journal(self._folder, self._folder.path / name / FILE, self._clock)
        journal = self._journals[name]
        return World(
            name,
            self.settings,
            self.catalog,
            self._folder,
            self._clock,
            transport,
            journal,
            self.healables,
            self._mend_in,
            self._ask_in,
        )

    async def _ask_in(self, world: World, query: Query, deadline: float) -> Answer[Any]:
        """For sources that work on other answers: from their own world, whichever is shown by now."""
        return await self._fetch(world, query, deadline=deadline)

    async def _mend_in(self, world: World, symbol: str, interval: str) -> str:
        """For healing: mend the newest candles of a series, and say what came of it."""
        query = _candle_query(symbol, interval, None, None, None)

        async def fetch(wanted: CandleQuery) -> Answer[pd.DataFrame]:
            return await self._fetch(world, wanted)

        mended = await mend(
            world,
            query,
            fetch,
            given=None,
            venue=None,
            others=None,
            policy=self.repair_policy(),
            tell=silent,
            deadline=self.settings.deadline,
            apply=True,
            automatic=False,
        )
        changes = int(mended.ledger.index.nunique())
        scores = [None if one.score is None else round(one.score, 3) for one in (mended.before, mended.after)]
        return (
            f"{mended.symbol} {interval} of {mended.provider}: {changes} repairs, {len(mended.left_open)} left "
            f"open, score {scores[0]} → {scores[1]}"
        )

    async def _lab_instead(self) -> None:
        live = self._world
        await live.monitor.stop()
        self._show(self._lab_world())
        self.why = f"no network: no provider answered within {LOOK_FOR_NETWORK:g} s"
        self._chore(self._watch_for_network(live))

    async def _watch_for_network(self, live: World) -> None:
        """Look every minute; only say so when it is back: nothing changes under a reader."""
        try:
            while not self.live_again:
                await asyncio.sleep(LOOK_AGAIN)
                self.live_again = await live.network_there(LOOK_FOR_NETWORK)
        finally:
            await live.close()

    async def _switch(self, world: World, why: str) -> None:
        old = self._world
        self._show(world)
        self.why, self.live_again = why, False
        if not world.lab:
            self.lab = None
        flights = [task for (held, _), task in self._flights.items() if held is old]
        flights += [task for task, held in self._jobs.items() if held is old]
        self._chore(self._retire(old, flights))

    async def _retire(self, world: World, flights: Sequence["asyncio.Task[Any]"]) -> None:
        """Close a world once its last callers have their answers."""
        try:
            await asyncio.gather(*flights, return_exceptions=True)
        finally:
            await world.close()

    async def _work(self, world: World, job: Coroutine[Any, Any, T]) -> T:
        """Long work in one world, whichever is shown by the time it ends."""
        task = asyncio.create_task(job)
        self._jobs[task] = world
        task.add_done_callback(lambda done: self._jobs.pop(done, None))
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if task.cancelled() and not (current is not None and current.cancelling()):
                raise KintsugiError("the hub was closed while this was under way") from None
            raise

    def _chore(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(job)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    def _flight(
        self, world: World, key: str, query: Query, seconds: float, names: tuple[str, ...] | None
    ) -> "asyncio.Task[Answer[Any]]":
        """The request that is under way for this key, or a new one."""
        flight = self._flights.get((world, key))
        if flight is None:
            flight = asyncio.create_task(world.find(key, query, seconds, names))
            self._flights[world, key] = flight
            flight.add_done_callback(lambda done: self._landed((world, key), done))
        return flight

    def _landed(self, key: tuple[World, str], flight: "asyncio.Task[Answer[Any]]") -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # seen: every waiter may have gone


def _candle_query(
    symbol: str, interval: str, start: Moment | None, end: Moment | None, limit: int | None
) -> CandleQuery:
    return CandleQuery(
        symbol,
        interval,
        start=None if start is None else to_datetime(start, "start"),
        end=None if end is None else to_datetime(end, "end"),
        limit=limit,
    )


def _listed(given: Any) -> tuple[Any, ...]:
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
