"""Puts it together: :class:`AsyncHub`, the one way from a query to an answer."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from core.alerting import Alerting
from core.answer import KintsugiError
from core.ccxt_source import CcxtProvider
from core.clock import SteadyClock
from core.engine.folder import DataFolder
from core.facets.configuring import Configuring
from core.facets.operating import Operating
from core.facets.watching import Watching
from core.facets.worlds import Worlds


class AsyncHub(Worlds, Watching, Operating, Configuring):
    """Answers queries through the failover engine. Use as ``async with AsyncHub(settings) as hub``.

    ``transport`` gets every outgoing request in place of the network, and is closed with the hub; the mode then
    stays what was asked. ``shared`` says that it is an app's, which has a monitor by default. All methods belong to
    the loop that opened the hub.
    """

    async def __aenter__(self) -> Self:
        """Open folder and cache; in auto mode find out whether there is a network.

        What hinders it is raised, and nothing stays open. KintsugiError when it is open already.
        """
        if self._world_now is not None:
            raise KintsugiError("the hub is open already")
        async with AsyncExitStack() as last_first:
            self._clock = SteadyClock(self._given_clock)
            self._folder = DataFolder(self.settings.data_dir)
            last_first.callback(self._folder.close)
            last_first.push_async_callback(self._close_journals)
            last_first.push_async_callback(self._close_sources)
            last_first.push_async_callback(self._close_worlds)
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
            last_first.push_async_callback(self._close_alerting)
            last_first.push_async_callback(self._stop)
            await self._alerting.walk(self._monitored)
            self._closing = last_first.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what runs, finish writes, close everything: each whatever became of the others."""
        await self._closing.aclose()

    async def _stop(self) -> None:
        tasks = [*self._chores, *self._flights.values(), *self._jobs]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _close_alerting(self) -> None:
        alerting, self._alerting = self._alerting, None
        if alerting is not None:
            await alerting.close()

    async def _close_worlds(self) -> None:
        worlds, self._world_now, self._aside = (self._world_now, self._aside), None, None
        async with AsyncExitStack() as closing:
            for world in filter(None, worlds):
                closing.push_async_callback(world.close)
        await self._stop()  # whoever asked meanwhile

    async def _close_sources(self) -> None:
        async with AsyncExitStack() as closing:
            if self._transport is not None:
                closing.push_async_callback(self._transport.aclose)
            for provider in self.catalog.values():
                if isinstance(provider, CcxtProvider):
                    closing.push_async_callback(provider.close)

    async def _close_journals(self) -> None:
        journals = list(self._journals.values())
        self._journals.clear()
        async with AsyncExitStack() as closing:
            for journal in journals:
                closing.push_async_callback(journal.close)
