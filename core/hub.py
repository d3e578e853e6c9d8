"""The blocking hub, and the one that a process shares."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import pandas as pd

from core.answer import Answer, KintsugiError
from core.async_hub import AsyncHub
from core.backfill import Backfilled
from core.candles import RepairPolicy
from core.candles.archive import Archive
from core.catalog import Catalog
from core.clock import Clock
from core.engine.proxy import Passed
from core.engine.snapshot import Snapshot
from core.features import KeyFeature
from core.indicators import Summary
from core.lab import Lab
from core.market import (
    AssetFacts,
    MarketOverview,
    Moment,
    News,
    OnChainFigure,
    OrderBook,
    Prediction,
    Query,
    Quote,
    Sentiment,
    Social,
    Volume,
)
from core.mend import Mended
from core.models import ModelStatus
from core.ops.alerts import Alert, Rule, Watched
from core.ops.alerts.outbox import TargetState
from core.ops.heal import Tell
from core.ops.overrides import Configured, Knob
from core.ops.patterns import Pattern
from core.ops.read import JournalReader
from core.ops.results import HealResult, ProbeResult
from core.ops.stats import Stats
from core.paging import OnProgress
from core.settings import Settings
from core.symbols import Symbols

__all__ = ["AsyncHub", "Hub", "close_shared", "opened", "shared"]

T = TypeVar("T")


class Hub:
    """The blocking twin of :class:`AsyncHub`, for scripts, notebooks and pages; safe from any thread.

    Its loop lives in a thread of its own. Nothing made there is ever awaited elsewhere: other loops use
    :meth:`run`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        shared: bool = False,
    ) -> None:
        self.hub = AsyncHub(settings, transport=transport, clock=clock, shared=shared)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start the thread and open the hub."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(ready,), name="kintsugi-hub", daemon=True)
        self._thread.start()
        ready.wait()
        try:
            self._wait(self.hub.__aenter__())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the hub and end the thread."""
        try:
            self._wait(self.hub.__aexit__(kind, error, trace))
        finally:
            self._stop()

    @property
    def settings(self) -> Settings:
        """The settings it was opened with."""
        return self.hub.settings

    @property
    def catalog(self) -> Catalog:
        """Who serves what."""
        return self.hub.catalog

    @property
    def lab(self) -> Lab | None:
        """The embedded market simulator, while it is what answers."""
        return self.hub.lab

    @property
    def archive(self) -> Archive:
        """Candles on disk of the world that answers now, live or lab; may be used from any thread."""
        return self.hub.archive

    async def run(self, job: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine of the hub's from another loop: it runs there, only its result comes here."""
        return await asyncio.wrap_future(self._submit(job))

    def begin(self, job: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start a coroutine of the hub's, as in ``hub.begin(hub.hub.mend("BTC/USDT"))``.

        The future can be asked, waited for and cancelled from any thread.
        """
        return self._submit(job)

    def fetch(self, query: Query, **how: Any) -> Answer[Any]:
        """See :meth:`AsyncHub.fetch`."""
        return self._wait(self.hub.fetch(query, **how))

    def candles(self, symbol: str, interval: str = "1h", **fields: Any) -> Answer[pd.DataFrame]:
        """See :meth:`AsyncHub.candles`."""
        return self._wait(self.hub.candles(symbol, interval, **fields))

    def price(self, symbol: str, **fields: Any) -> Answer[Quote]:
        """See :meth:`AsyncHub.price`."""
        return self._wait(self.hub.price(symbol, **fields))

    def volume(self, symbol: str, **fields: Any) -> Answer[Volume]:
        """See :meth:`AsyncHub.volume`."""
        return self._wait(self.hub.volume(symbol, **fields))

    def orderbook(self, symbol: str, depth: int = 20, **fields: Any) -> Answer[OrderBook]:
        """See :meth:`AsyncHub.orderbook`."""
        return self._wait(self.hub.orderbook(symbol, depth, **fields))

    def technical(self, symbol: str, interval: str = "1h", **fields: Any) -> Answer[Summary]:
        """See :meth:`AsyncHub.technical`."""
        return self._wait(self.hub.technical(symbol, interval, **fields))

    def metadata(self, asset: str | None = None, **fields: Any) -> Answer[MarketOverview | AssetFacts]:
        """See :meth:`AsyncHub.metadata`."""
        return self._wait(self.hub.metadata(asset, **fields))

    def news(self, topic: str | None = None, limit: int = 20, **fields: Any) -> Answer[News]:
        """See :meth:`AsyncHub.news`."""
        return self._wait(self.hub.news(topic, limit, **fields))

    def sentiment(self, text: str | None = None, **fields: Any) -> Answer[Sentiment]:
        """See :meth:`AsyncHub.sentiment`."""
        return self._wait(self.hub.sentiment(text, **fields))

    def social(self, symbol: str, **fields: Any) -> Answer[Social]:
        """See :meth:`AsyncHub.social`."""
        return self._wait(self.hub.social(symbol, **fields))

    def onchain(self, metric: str, **fields: Any) -> Answer[OnChainFigure]:
        """See :meth:`AsyncHub.onchain`."""
        return self._wait(self.hub.onchain(metric, **fields))

    def prediction(
        self, symbol: str, interval: str = "1h", horizon: int = 1, **fields: Any
    ) -> Answer[Prediction]:
        """See :meth:`AsyncHub.prediction`."""
        return self._wait(self.hub.prediction(symbol, interval, horizon, **fields))

    def symbols(self, text: str = "", **how: Any) -> Symbols:
        """See :meth:`AsyncHub.symbols`."""
        return self._wait(self.hub.symbols(text, **how))

    def mend(
        self, symbol: str, interval: str = "1h", *, progress: OnProgress | None = None, **fields: Any
    ) -> Mended:
        """See :meth:`AsyncHub.mend`; ``progress`` is called in the thread that waits."""
        return self._wait_telling(partial(self.hub.mend, symbol, interval, **fields), progress)

    def repair_policy(self) -> RepairPolicy:
        """See :meth:`AsyncHub.repair_policy`."""
        return self.hub.repair_policy()

    def backfill(
        self,
        symbol: str,
        interval: str,
        start: Moment,
        end: Moment | None = None,
        *,
        providers: Sequence[str] | None = None,
        progress: OnProgress | None = None,
    ) -> Backfilled:
        """See :meth:`AsyncHub.backfill`; ``progress`` is called in the thread that waits."""
        job = partial(self.hub.backfill, symbol, interval, start, end, providers=providers)
        return self._wait_telling(job, progress)

    def settled(self) -> None:
        """See :meth:`AsyncHub.settled`."""
        self._wait(self.hub.settled())

    def health(self) -> Snapshot:
        """See :meth:`AsyncHub.health`."""
        return self._wait(self.hub.health())

    def snapshot(self) -> Snapshot:
        """See :meth:`AsyncHub.snapshot`."""

        async def now() -> Snapshot:
            return self.hub.snapshot()

        return self._wait(now())

    @property
    def journal(self) -> JournalReader:
        """What happened, in the world that answers now; asked in the caller's own thread."""
        return self.hub.journal

    def stats(self) -> Stats:
        """See :meth:`AsyncHub.stats`."""
        return self._wait(self.hub.stats())

    def reset(self, target: str | None = None, *, who: str = "script") -> None:
        """See :meth:`AsyncHub.reset`."""
        self._wait(self.hub.reset(target, who=who))

    def probe(
        self, target: str | None = None, *, who: str = "script", progress: Tell | None = None
    ) -> ProbeResult:
        """See :meth:`AsyncHub.probe`; ``progress`` is called in the thread that waits."""
        return self._wait_telling(partial(self.hub.probe, target, who=who), progress)

    def heal(
        self,
        target: str | None = None,
        force: bool = False,
        *,
        who: str = "script",
        progress: Tell | None = None,
    ) -> HealResult:
        """See :meth:`AsyncHub.heal`; ``progress`` is called in the thread that waits."""
        return self._wait_telling(partial(self.hub.heal, target, force, who=who), progress)

    def patterns(self, *, days: float = 7.0) -> list[Pattern]:
        """See :meth:`AsyncHub.patterns`."""
        return self._wait(self.hub.patterns(days=days))

    def configure(self, changes: Mapping[str, Any], *, who: str = "script") -> Configured:
        """See :meth:`AsyncHub.configure`."""
        return self._wait(self.hub.configure(changes, who=who))

    def reload_settings(self, *, who: str = "script") -> Configured:
        """See :meth:`AsyncHub.reload_settings`."""
        return self._wait(self.hub.reload_settings(who=who))

    def knobs(self) -> tuple[Knob, ...]:
        """See :meth:`AsyncHub.knobs`."""
        return self.hub.knobs()

    def features(self) -> tuple[KeyFeature, ...]:
        """See :meth:`AsyncHub.features`."""
        return self.hub.features()

    def models(self) -> list[ModelStatus]:
        """See :meth:`AsyncHub.models`."""

        async def now() -> list[ModelStatus]:
            return self.hub.models()

        return self._wait(now())

    def forget_failures(self, target: str | None = None, *, who: str = "script") -> None:
        """See :meth:`AsyncHub.forget_failures`."""
        self._wait(self.hub.forget_failures(target, who=who))

    def record_action(self, action: str, target: str, detail: str, *, who: str) -> None:
        """See :meth:`AsyncHub.record_action`."""
        self._wait(self.hub.record_action(action, target, detail, who=who))

    def isolate(self, target: str, reason: str, *, who: str = "script") -> None:
        """See :meth:`AsyncHub.isolate`."""
        self._wait(self.hub.isolate(target, reason, who=who))

    def restore(self, target: str, *, who: str = "script") -> None:
        """See :meth:`AsyncHub.restore`."""
        self._wait(self.hub.restore(target, who=who))

    def diagnostics(self) -> dict[str, Any]:
        """See :meth:`AsyncHub.diagnostics`."""
        return self._wait(self.hub.diagnostics())

    def alerts(self, **how: Any) -> list[Alert]:
        """See :meth:`AsyncHub.alerts`."""
        return self._wait(self.hub.alerts(**how))

    def acknowledge(self, alert_id: str, *, who: str = "script") -> Alert:
        """See :meth:`AsyncHub.acknowledge`."""
        return self._wait(self.hub.acknowledge(alert_id, who=who))

    def alert_rules(self) -> tuple[Rule, ...]:
        """See :meth:`AsyncHub.alert_rules`."""
        return self._wait(self.hub.alert_rules())

    def set_alert_rule(self, name: str, **changes: Any) -> Rule:
        """See :meth:`AsyncHub.set_alert_rule`."""
        return self._wait(self.hub.set_alert_rule(name, **changes))

    def watchlist(self) -> tuple[Watched, ...]:
        """See :meth:`AsyncHub.watchlist`."""
        return self._wait(self.hub.watchlist())

    def watch(self, symbol: str, **levels: Any) -> Watched:
        """See :meth:`AsyncHub.watch`."""
        return self._wait(self.hub.watch(symbol, **levels))

    def unwatch(self, symbol: str, *, who: str = "script") -> None:
        """See :meth:`AsyncHub.unwatch`."""
        self._wait(self.hub.unwatch(symbol, who=who))

    def alert_targets(self) -> list[TargetState]:
        """See :meth:`AsyncHub.alert_targets`."""
        return self._wait(self.hub.alert_targets())

    def send_test_alert(self, *, who: str = "script") -> int:
        """See :meth:`AsyncHub.send_test_alert`."""
        return self._wait(self.hub.send_test_alert(who=who))

    def forward(
        self, url: str, method: str = "GET", content: bytes | None = None, *, who: str = "script"
    ) -> Passed:
        """See :meth:`AsyncHub.forward`."""
        return self._wait(self.hub.forward(url, method, content, who=who))

    def open_lab(self, *, who: str = "script") -> None:
        """See :meth:`AsyncHub.open_lab`."""
        self._wait(self.hub.open_lab(who=who))

    def go_live(self, *, who: str = "script") -> None:
        """See :meth:`AsyncHub.go_live`."""
        self._wait(self.hub.go_live(who=who))

    def _main(self, ready: threading.Event) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._loop.call_soon(ready.set)
            self._loop.run_forever()

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or not self._loop.is_running():
            raise KintsugiError("the hub is not open: use it in a with statement")
        return self._loop

    def _submit(self, job: Coroutine[Any, Any, T]) -> "Future[T]":
        try:
            return asyncio.run_coroutine_threadsafe(job, self._running())
        except KintsugiError:
            job.close()
            raise

    def _wait(self, job: Coroutine[Any, Any, T]) -> T:
        future = self._submit(job)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _wait_telling(
        self, job: Callable[..., Coroutine[Any, Any, T]], progress: Callable[..., None] | None
    ) -> T:
        """Wait for a long job, and tell of its progress here: a page may draw in its own thread only."""
        if progress is None:
            return self._wait(job())
        told: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        future = self._submit(job(progress=lambda *news: told.put(news)))
        future.add_done_callback(lambda _: told.put(None))
        try:
            while (news := told.get()) is not None:
                progress(*news)
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _stop(self) -> None:
        if self._loop is not None and self._thread is not None:
            with contextlib.suppress(RuntimeError):  # closed by itself already
                self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop = self._thread = None


_shared: Hub | None = None
_shared_lock = threading.Lock()


def shared() -> Hub:
    """The one hub of this process, opened on first use (the app's lifespan is usually first)."""
    global _shared  # noqa: PLW0603 - one hub a process is the point
    with _shared_lock:
        if _shared is None:
            _shared = Hub(shared=True).__enter__()
        return _shared


def opened() -> Hub | None:
    """The process's hub, if it is open already."""
    return _shared


def close_shared() -> None:
    """Close the process's hub, if there is one."""
    global _shared
    with _shared_lock:
        hub, _shared = _shared, None
    if hub is not None:
        hub.__exit__(None, None, None)
