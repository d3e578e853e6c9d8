"""The alerts of a hub: a desk for each world, the patrol that looks, and what a person may ask of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from core.answer import Answer, KintsugiError, NoAnswer
from core.clock import Clock
from core.engine.folder import DataFolder
from core.engine.snapshot import Snapshot
from core.engine.state import long_quotas
from core.market import PriceQuery, Query
from core.ops.alerts import Alert, Rule, Watched
from core.ops.alerts.desk import AlertDesk
from core.ops.alerts.outbox import TargetState
from core.ops.alerts.patrol import Patrol
from core.ops.alerts.sight import Sight
from core.ops.stats import Stats
from core.settings import Settings
from core.world import World

FRESH = frozenset({"primary", "fallback", "relay", "cache"})
MOST = 10_000
"""Alerts given at once at most."""


class Alerting:
    """Belongs to the hub's loop. Everything is about the world that answers now."""

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        clock: Clock,
        world: Callable[[], World],
        snapshot: Callable[[], Snapshot],
        stats: Callable[[], Awaitable[Stats]],
        fetch: Callable[[World, Query], Awaitable[Answer[Any]]],
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._clock = clock
        self._world = world
        self._snapshot = snapshot
        self._stats = stats
        self._fetch = fetch
        self._desks: dict[str, AlertDesk] = {}
        """Live or lab → its desk; open until the hub closes, so that what is on its way arrives."""
        self._opening = asyncio.Lock()
        self.patrol = Patrol(self, clock, settings.alert_every)
        self._walking: asyncio.Task[None] | None = None

    async def walk(self, on: bool) -> None:
        """Let the patrol walk, or stop it."""
        if on and self._walking is None:
            self._walking = asyncio.create_task(self.patrol.walk())
        elif not on and self._walking is not None:
            self._walking.cancel()
            await asyncio.gather(self._walking, return_exceptions=True)
            self._walking = None

    async def close(self) -> None:
        """Stop looking, stop sending."""
        await self.walk(False)
        for desk in self._desks.values():
            await desk.close()

    async def desk(self) -> AlertDesk:
        """Where alerts of the present world are kept."""
        world = self._world()
        async with self._opening:
            if world.name not in self._desks:
                addresses = self._settings.alert_urls
                desk = AlertDesk(self._folder, world.journal, self._clock, addresses, lab=world.lab)
                await desk.open()
                self._desks[world.name] = desk
            return self._desks[world.name]

    def stir(self) -> object:
        """Another whenever something was tried or judged, or the network came or went."""
        world = self._world()
        tries = sum(health.totals.total() for health in world.guard.records().values())
        judged = world.archivist.judged
        return world.name, tries, world.connectivity.offline, self._folder.write_errors, judged

    async def sight(self) -> Sight:
        """Health, counts, what is left of the long quotas, and how good the archived series are."""
        world = self._world()
        scores = await asyncio.to_thread(world.archivist.scores.all)
        await world.state.save()  # of quotas nobody else says that they were used
        return Sight(
            self._snapshot(),
            await self._stats(),
            self._quotas(),
            {str(series): score for series, score in scores.items()},
        )

    async def last_price(self, symbol: str) -> float | None:
        """The price now; None when nobody has a fresh one."""
        try:
            answer = await self._fetch(self._world(), PriceQuery(symbol))
        except NoAnswer:
            return None
        return float(answer.value.last) if answer.tier in FRESH else None

    async def alerts(self, *, open_only: bool, limit: int, before: float | None) -> list[Alert]:
        """Open ones first, oldest first; then those that are over, the newest first."""
        if not 1 <= limit <= MOST:
            raise ValueError(f"limit={limit!r}: expected 1 to {MOST}")
        desk = await self.desk()
        found = [] if before is not None else list(desk.open_alerts[:limit])
        if not open_only and len(found) < limit:
            found += await desk.history(limit - len(found), before)
        return found

    async def acknowledge(self, alert_id: str, who: str) -> Alert:
        """See :meth:`AlertDesk.acknowledge`."""
        return await (await self.desk()).acknowledge(alert_id, who)

    async def rules(self) -> tuple[Rule, ...]:
        """All rules as they are now."""
        return (await self.desk()).rules

    async def change_rule(self, name: str, who: str, changes: dict[str, object]) -> Rule:
        """See :meth:`AlertDesk.change_rule`."""
        return await (await self.desk()).change_rule(name, who, changes)

    async def watchlist(self) -> tuple[Watched, ...]:
        """Symbols and levels that are watched."""
        return (await self.desk()).watchlist

    async def watch(self, one: Watched, who: str) -> Watched:
        """See :meth:`AlertDesk.watch`."""
        watched = await (await self.desk()).watch(one, who)
        self.patrol.ask_prices()
        return watched

    async def unwatch(self, symbol: str, who: str) -> None:
        """See :meth:`AlertDesk.unwatch`."""
        await (await self.desk()).unwatch(symbol, who)
        self.patrol.ask_prices()

    async def targets(self) -> list[TargetState]:
        """Where alerts go, and how that does."""
        return (await self.desk()).targets()

    async def send_test(self, who: str) -> int:
        """See :meth:`AlertDesk.send_test`. KintsugiError when there is nobody to send to."""
        desk = await self.desk()
        if not desk.targets():
            raise KintsugiError("there is nobody to send alerts to: set KINTSUGI_ALERT_URLS")
        return await desk.send_test(who)

    def _quotas(self) -> dict[str, float]:
        """Units left, of those quotas that are counted over hours or longer."""
        world, now = self._world(), self._clock.mono()
        found: dict[str, float] = {}
        for name, (capacity, seconds, left) in long_quotas(world.guard, now):
            found[f"{world.catalog[name].name}'s quota of {capacity:,.0f} in {_span(seconds)}"] = left
        return found


def _span(seconds: float) -> str:
    days = seconds / 86_400
    return f"{days:.0f} days" if days >= 2 else f"{seconds / 3600:.0f} hours"
