"""With faults on a real socket a provider walks the states of DESIGN 6, in the snapshot and in the journal."""

import asyncio
import contextlib
import time

import pytest

from core.answer import NoAnswer
from core.async_hub import AsyncHub
from core.clock import SystemClock
from core.lab import Lab
from core.lab.server import LabServer
from core.settings import Settings

SOON = 5.0
KRAKEN = "kraken/price@api.kraken.com"


class Walk:
    """One hub over a lab on a socket, in real time, and what its journal has said of Kraken so far."""

    def __init__(self, hub, lab):
        self.hub, self.lab = hub, lab
        self.took = []

    async def ask(self, times=1, candles=False):
        for _ in range(times):
            with contextlib.suppress(NoAnswer):
                if candles:
                    await self.hub.candles("BTC/USD", "1h", limit=20, refresh=True, providers=["kraken"])
                else:
                    await self.hub.price("BTC/USD", refresh=True, providers=["kraken"])

    async def sees(self, state, *kinds):
        """The state, in the snapshot and as the newest in the journal, and events of these kinds, soon."""
        began = time.monotonic()
        missing = "all"
        while missing:
            if time.monotonic() - began > SOON:
                pytest.fail(f"after {SOON} s: {missing}")
            told = await self.hub.health()
            newest = self.hub.journal.events(kinds=["state"], target="kraken", limit=1)
            counts = self.hub.journal.counts(target="kraken")
            missing = [kind for kind in kinds if not counts.get(kind)]
            if told.providers["kraken"].state != state:
                missing.append(f"the snapshot says {told.providers['kraken'].state}, not {state}")
            if not newest or newest[0].after != state:
                missing.append(f"the journal says {newest}, not {state}")
            await asyncio.sleep(0.05)
        self.took.append(time.monotonic() - began)


@contextlib.asynccontextmanager
async def walking(tmp_path):
    lab = Lab(7, SystemClock())
    async with LabServer(lab) as server:
        settings = Settings(
            mode="auto", lab_url=server.url, data_dir=tmp_path, providers=("kraken", "coinbase", "bitstamp"),
            health_cooldown_seconds=4, blocked_cooldown=1, retries=0, monitor="off", request_timeout=1,
            connect_timeout=0.5,
        )  # fmt: skip
        async with AsyncHub(settings) as hub:
            yield Walk(hub, lab)


@pytest.mark.slow
async def test_every_state_is_seen_in_time(tmp_path):
    async with walking(tmp_path) as walk:
        await walk.ask()
        await walk.sees("healthy")

        walk.lab.inject("kraken/price", "refuse")
        await walk.hub.price("BTC/USD", refresh=True, providers=["coinbase"])
        await walk.ask(2)
        await walk.sees("degraded", "attempt")
        await walk.ask()
        await walk.sees("unavailable", "circuit_opened")
        walk.lab.clear()
        until = (await walk.hub.health()).endpoints[KRAKEN].cooldown
        await asyncio.sleep(until + 0.05)
        await walk.ask()
        await walk.sees("degraded", "circuit_half_open", "circuit_closed")
        await walk.ask(2)
        await walk.sees("healthy")

        walk.lab.inject("kraken/price", "status:429", retry_after=1, times=1)
        await walk.ask()
        await walk.sees("throttled", "cooldown")
        await walk.sees("healthy")

        walk.lab.inject("kraken/price", "status:451", times=1)
        await walk.ask()
        await walk.sees("blocked")
        await walk.sees("healthy")

        walk.lab.inject("kraken/ohlcv", "unsorted")
        await walk.ask(3, candles=True)
        await walk.sees("dissenting", "dissent")
        walk.lab.clear()
        await walk.hub.reset("kraken")
        await walk.hub.isolate("kraken", "a person looks into it")
        await walk.sees("isolated", "admin")
        await walk.hub.restore("kraken")
        await walk.ask(candles=True)
        await walk.sees("healthy")
        kinds = walk.hub.journal.counts(target="kraken")
        assert {"attempt", "dissent", "state", "circuit_opened", "cooldown", "admin"} <= set(kinds)
        assert max(walk.took) < SOON
