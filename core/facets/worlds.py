"""Which world answers: live, or the lab in its place."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

from core.facets.mending import Mending
from core.lab import Lab
from core.ops.journal import FILE, Journal
from core.world import World

LOOK_FOR_NETWORK = 2.0
"""Seconds that a start in auto mode waits for any host to answer."""
LOOK_AGAIN = 60.0
"""Seconds between looks for a network while the lab stands in for it."""


class Worlds(Mending):
    """Opens worlds and changes from one to the other.

    There is one live world at most, so that one alone writes its state: once open it stays so until the hub
    closes, aside while a lab answers. A lab is seen out once its last callers have their answers.
    """

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
            await self._switch(self._aside or self._live_world(), "")
            await self._acted("go_live", None, "", who)

    @property
    def simulated(self) -> bool:
        """Whether what answers now is the lab. May be asked from any thread."""
        return self._world.lab

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
            and not await self._world.network.there(LOOK_FOR_NETWORK)
        ):
            self._world.connectivity.nobody_answers()
            if not len(self._world.cache):
                await self._lab_instead()

    def _show(self, world: World) -> None:
        """Let this world answer from now on; the monitor watches the one that answers."""
        self._world_now = world
        if self._monitored:
            world.monitor.start()

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

    async def _lab_instead(self) -> None:
        live = self._world
        await self._switch(
            self._lab_world(), f"no network: no provider answered within {LOOK_FOR_NETWORK:g} s"
        )
        self._looking = self._chore(self._watch_for_network(live))

    async def _watch_for_network(self, live: World) -> None:
        """Look every minute; only say so when it is back: nothing changes under a reader."""
        while not self.live_again:
            await asyncio.sleep(LOOK_AGAIN)
            self.live_again = await live.network.there(LOOK_FOR_NETWORK)

    async def _switch(self, world: World, why: str) -> None:
        old = self._world
        self._show(world)
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self.why, self.live_again = why, False
        await old.monitor.stop()
        if world.lab:
            self._aside = old
            return
        self.lab = self._aside = None
        flights = [task for (held, _), task in self._flights.items() if held is old]
        flights += [task for task, held in self._jobs.items() if held is old]
        self._chore(self._retire(old, flights))

    async def _retire(self, world: World, flights: Sequence["asyncio.Task[Any]"]) -> None:
        """Close a lab once its last callers have their answers."""
        try:
            await asyncio.gather(*flights, return_exceptions=True)
        finally:
            await world.close()
