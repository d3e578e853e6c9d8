"""What every facet of a hub stands on: its settings, its catalogue, and the world that answers now."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx

from core.alerting import Alerting
from core.answer import Answer, KintsugiError
from core.catalog import Catalog
from core.ccxt_source import ccxt_providers
from core.clock import Clock, SystemClock
from core.engine.folder import DataFolder
from core.lab import Lab
from core.models import own_models
from core.models.healing import healables
from core.ops.events import AdminAction
from core.ops.heal import Healable
from core.ops.journal import Journal
from core.settings import Settings
from core.technical import indicator_engine
from core.world import World

T = TypeVar("T")


class Facet:
    """State and work that the facets share. Belongs to the loop that opened the hub."""

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
        self._aside: World | None = None
        """The live world, which stays open while the lab answers in its place."""
        self._looking: asyncio.Task[None] | None = None
        """Looks whether the network is back, where it was its absence that opened the lab."""
        self._journals: dict[str, Journal] = {}
        """Live or lab → its journal; open until the hub closes, whichever world writes it meanwhile."""
        self._flights: dict[tuple[World, str], asyncio.Task[Answer[Any]]] = {}
        self._chores: set[asyncio.Task[None]] = set()
        self._jobs: dict[asyncio.Task[Any], World] = {}
        """Long work under way: its world stays open for it."""
        self._configuring = asyncio.Lock()
        self._alerting: Alerting | None = None
        self._opened_at = 0.0

    @property
    def _world(self) -> World:
        if self._world_now is None:
            raise KintsugiError("the hub is not open: use it in a with statement")
        return self._world_now

    @property
    def _alarms(self) -> Alerting:
        if self._alerting is None:
            raise KintsugiError("the hub is not open: use it in a with statement")
        return self._alerting

    @property
    def _monitored(self) -> bool:
        return {"auto": self._shared, "on": True, "off": False}[self.settings.monitor]

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

    def _chore(self, job: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(job)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
        return task

    async def _acted(self, action: str, target: str | None, reason: str, who: str) -> None:
        """A person changed what everybody sees: kept over a restart, and on record when this returns."""
        self._world.watch.touch_all()
        await self._world.state.save()
        await self.record_action(action, target or "", reason or action, who=who)

    async def record_action(self, action: str, target: str, detail: str, *, who: str) -> None:
        """Put what a person did on record; it is when this returns."""
        event = AdminAction(time=self._clock.now(), target=target, who=who, detail=detail, action=action)
        await self._world.journal.record(event)
