"""Puts it together: :class:`AsyncHub`, the one way from a query to an answer."""

import asyncio
from types import TracebackType
from typing import Self

from core.alerting import Alerting
from core.ccxt_source import CcxtProvider
from core.clock import SteadyClock
from core.engine.folder import DataFolder
from core.facets.configuring import Configuring
from core.facets.operating import Operating
from core.facets.watching import Watching
from core.facets.worlds import Worlds


class AsyncHub(Worlds, Watching, Operating, Configuring):
    """Answers queries through the failover engine. Use as ``async with AsyncHub(settings) as hub``.

    ``transport`` gets every outgoing request in place of the network; the mode then stays what was asked.
    ``shared`` says that it is an app's, which has a monitor by default. All methods belong to the loop that
    opened the hub.
    """

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
