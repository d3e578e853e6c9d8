"""The engine's three small venues on virtual time, and hubs that can be killed."""

import asyncio

from fakes import Venues, VirtualClock

from core.async_hub import AsyncHub
from core.settings import Settings


class OpsWorld:
    """A data folder, a clock, three venues."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = VirtualClock()
        self.venues = Venues(self.clock)

    def hub(self, **knobs):
        usual = {"mode": "live", "data_dir": self.folder, "providers": ("binance", "kraken", "coinbase")}
        return AsyncHub(Settings(**{**usual, **knobs}), transport=self.venues, clock=self.clock)

    async def kill(self, hub):
        """End it as a kill would: nothing is written any more, only its lock and its timers go."""
        world = hub._world
        for timer in (world.journal._timer, world.watch._timer, world.watch._wake):
            if timer is not None:
                timer.cancel()
        world.cache.close()
        hub._folder.close()
        hub._folder = hub._world_now = None
        hub._journals.clear()
        world.journal._writer.close()
        await asyncio.sleep(0)


async def events_of(hub, **filters):
    """What the journal holds, once it is written, oldest first."""
    hub._world.watch.look()
    await hub.journal.flushed()
    return list(reversed(hub.journal.events(**{"limit": 1000, **filters})))
