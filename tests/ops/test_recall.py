"""What was known before a restart, or a kill, is known after it."""

import asyncio

import pytest
from fakes import status

from core.market import PriceQuery

pytestmark = pytest.mark.looptime


async def test_status_latency_and_errors_come_back(world):
    async with world.hub() as hub:
        for n in range(12):
            await hub.price(f"{'BTC' if n % 2 else 'ETH'}/USD", refresh=True, providers=["kraken"])
        world.venues.on("coinbase", status(500))
        with pytest.raises(Exception, match="500"):
            await hub.price("BTC/USD", refresh=True, providers=["coinbase"])
        before = (await hub.health()).endpoints
    async with world.hub() as hub:
        after = (await hub.health()).endpoints
    for name in ("kraken/price@api.kraken.com", "coinbase/price@api.exchange.coinbase.com"):
        assert after[name].state == before[name].state
        assert after[name].errors == before[name].errors
        assert after[name].last_ok == before[name].last_ok
        assert after[name].last_error == before[name].last_error
        assert after[name].success_rate == before[name].success_rate
    assert after["kraken/price@api.kraken.com"].state == "healthy"
    assert after["kraken/ohlcv@api.kraken.com"].state == "unknown"


async def test_after_a_kill_a_failure_is_not_forgotten(world):
    hub = world.hub(health_error_threshold=2)
    await hub.__aenter__()
    world.venues.on("coinbase", status(500))
    with pytest.raises(Exception, match="500"):
        await hub.price("BTC/USD", refresh=True, providers=["coinbase"])
    await asyncio.sleep(1)
    await world.kill(hub)
    async with world.hub(health_error_threshold=2) as hub:
        found = (await hub.health()).endpoints["coinbase/price@api.exchange.coinbase.com"]
        assert found.state == "degraded"
        assert found.success_rate == 0.0


async def test_after_an_hour_nothing_is_claimed(world):
    async with world.hub() as hub:
        await hub.fetch(PriceQuery("BTC/USD"), providers=["kraken"])
    await asyncio.sleep(3700)
    async with world.hub() as hub:
        assert (await hub.health()).providers["kraken"].state == "unknown"
