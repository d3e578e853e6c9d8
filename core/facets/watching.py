"""Watching: how everything does, and what happened."""

import asyncio
from collections import Counter
from typing import Any

from core.engine.snapshot import Snapshot
from core.facets.alarms import Alarms
from core.features import KeyFeature, features
from core.models import ModelStatus, model_statuses
from core.ops.capacity import capacity
from core.ops.diagnostics import FAILURES, RECOVERY, diagnostics
from core.ops.journal import Journal
from core.ops.patterns import Pattern, patterns
from core.ops.stats import Stats

NEWEST = 200
"""Events of each sort in the diagnostics."""


class Watching(Alarms):
    """Health, counts, the journal, and what they say taken together: plain data."""

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

    async def patterns(self, *, days: float = 7.0) -> list[Pattern]:
        """What the failures of the last days have in common, the latest first: see :mod:`core.ops.patterns`."""
        if not 0 < days <= 365:
            raise ValueError(f"days={days!r}: expected above 0, at most 365")
        hosts = {provider.id: len(provider.hosts) for provider in self.catalog.values()}
        return await asyncio.to_thread(
            patterns, self._world.journal, now=self._clock.now(), hosts=hosts, days=days
        )

    def features(self) -> tuple[KeyFeature, ...]:
        """The keys that providers know: which are there, what they unlock, where to get one. Never a key."""
        return features(self.catalog.values(), resting=self._world.sender.keys.resting)

    def models(self) -> list[ModelStatus]:
        """Models and engines: state, load time, errors. ``heal("model:NAME")`` starts one anew."""
        return model_statuses(self.catalog, self.snapshot())

    async def diagnostics(self) -> dict[str, Any]:
        """Health, failures, what recovered, alerts, settings, versions: plain data without any secret."""
        told, stats, journal = self.snapshot(), await self.stats(), self.journal
        failures = await asyncio.to_thread(journal.events, kinds=FAILURES, limit=NEWEST)
        recovery = await asyncio.to_thread(journal.events, kinds=RECOVERY, limit=NEWEST)
        alerts, targets = await self.alerts(), await self.alert_targets()
        return diagnostics(self.settings, self.catalog, told, stats, failures, recovery, alerts, targets)
