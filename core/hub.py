"""The blocking hub, and the one that a process shares."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial, wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from core.async_hub import AsyncHub
from core.candles import RepairPolicy
from core.candles.archive import Archive
from core.catalog import Catalog
from core.clock import Clock
from core.engine.snapshot import Snapshot
from core.features import KeyFeature
from core.lab import Lab
from core.loop_thread import LoopThread
from core.models import ModelStatus
from core.ops.overrides import Knob
from core.ops.read import JournalReader
from core.settings import Settings

__all__ = ["AsyncHub", "Hub", "close_shared", "opened", "shared"]

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(
    method: Callable[Concatenate[AsyncHub, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["Hub", P], T]:
    """The same method, for a caller that waits: its arguments, its words, its result."""

    @wraps(method)
    def waits(self: "Hub", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._thread.wait(method(self.hub, *args, **kwargs))

    return waits


def _telling(
    method: Callable[Concatenate[AsyncHub, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["Hub", P], T]:
    """The same for long work; its ``progress`` is called in the thread that waits."""

    @wraps(method)
    def waits(self: "Hub", /, *args: P.args, **kwargs: P.kwargs) -> T:
        progress: Any = kwargs.pop("progress", None)
        return self._thread.wait_telling(partial(method, self.hub, *args, **kwargs), progress)

    return waits


class Hub:
    """The blocking twin of :class:`AsyncHub`, for scripts, notebooks and pages; safe from any thread.

    Its loop lives in a thread of its own. Nothing made there is ever awaited elsewhere: other loops use
    :meth:`run`. Of long work ``progress`` is called in the thread that waits.
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
        self._thread = LoopThread()

    def __enter__(self) -> Self:
        """Start the thread and open the hub."""
        self._thread.start()
        try:
            self._thread.wait(self.hub.__aenter__())
        except BaseException:
            self._thread.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the hub and end the thread."""
        try:
            self._thread.wait(self.hub.__aexit__(kind, error, trace))
        finally:
            self._thread.stop()

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
        return await asyncio.wrap_future(self._thread.begin(job))

    def begin(self, job: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start a coroutine of the hub's, as in ``hub.begin(hub.hub.mend("BTC/USDT"))``.

        The future can be asked, waited for and cancelled from any thread.
        """
        return self._thread.begin(job)

    fetch = _blocking(AsyncHub.fetch)
    candles = _blocking(AsyncHub.candles)
    price = _blocking(AsyncHub.price)
    volume = _blocking(AsyncHub.volume)
    orderbook = _blocking(AsyncHub.orderbook)
    technical = _blocking(AsyncHub.technical)
    metadata = _blocking(AsyncHub.metadata)
    news = _blocking(AsyncHub.news)
    sentiment = _blocking(AsyncHub.sentiment)
    social = _blocking(AsyncHub.social)
    onchain = _blocking(AsyncHub.onchain)
    prediction = _blocking(AsyncHub.prediction)
    symbols = _blocking(AsyncHub.symbols)

    mend = _telling(AsyncHub.mend)
    backfill = _telling(AsyncHub.backfill)
    settled = _blocking(AsyncHub.settled)

    health = _blocking(AsyncHub.health)
    stats = _blocking(AsyncHub.stats)
    patterns = _blocking(AsyncHub.patterns)
    diagnostics = _blocking(AsyncHub.diagnostics)

    alerts = _blocking(AsyncHub.alerts)
    acknowledge = _blocking(AsyncHub.acknowledge)
    alert_rules = _blocking(AsyncHub.alert_rules)
    set_alert_rule = _blocking(AsyncHub.set_alert_rule)
    watchlist = _blocking(AsyncHub.watchlist)
    watch = _blocking(AsyncHub.watch)
    unwatch = _blocking(AsyncHub.unwatch)
    alert_targets = _blocking(AsyncHub.alert_targets)
    send_test_alert = _blocking(AsyncHub.send_test_alert)

    reset = _blocking(AsyncHub.reset)
    probe = _telling(AsyncHub.probe)
    test = _telling(AsyncHub.test)
    heal = _telling(AsyncHub.heal)
    forget_failures = _blocking(AsyncHub.forget_failures)
    isolate = _blocking(AsyncHub.isolate)
    restore = _blocking(AsyncHub.restore)
    forward = _blocking(AsyncHub.forward)
    record_action = _blocking(AsyncHub.record_action)

    configure = _blocking(AsyncHub.configure)
    reload_settings = _blocking(AsyncHub.reload_settings)

    open_lab = _blocking(AsyncHub.open_lab)
    go_live = _blocking(AsyncHub.go_live)

    def repair_policy(self) -> RepairPolicy:
        """See :meth:`AsyncHub.repair_policy`."""
        return self.hub.repair_policy()

    def snapshot(self) -> Snapshot:
        """See :meth:`AsyncHub.snapshot`."""

        async def now() -> Snapshot:
            return self.hub.snapshot()

        return self._thread.wait(now())

    @property
    def journal(self) -> JournalReader:
        """What happened, in the world that answers now; asked in the caller's own thread."""
        return self.hub.journal

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

        return self._thread.wait(now())


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
