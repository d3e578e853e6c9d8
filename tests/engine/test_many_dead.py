"""With many venues silent at once the first calls are not slow, and a slow field is still not asked twice."""

import asyncio

import pytest

from core.async_hub import AsyncHub
from core.lab import Lab
from core.market import CandleQuery, PriceQuery
from core.settings import Settings

pytestmark = pytest.mark.looptime

ALIVE = ("gateio", "htx")


@pytest.fixture
def lab(clock):
    return Lab(seed=7, clock=clock)


@pytest.fixture
def hub(lab, clock, tmp_path):
    return AsyncHub(Settings(mode="live", data_dir=tmp_path), transport=lab.transport(), clock=clock)


async def took(awaitable):
    loop = asyncio.get_running_loop()
    began = loop.time()
    answer = await awaitable
    return loop.time() - began, answer


def silence(hub, lab):
    dead = [p.id for p in hub.catalog.values() if "price" in p.capabilities and p.id not in ALIVE]
    for name in dead:
        lab.inject(name, "timeout")
    return dead


async def test_from_the_start(hub, lab):
    async with hub:
        dead = silence(hub, lab)
        assert len(dead) >= 8
        queries = [PriceQuery(f"{coin}/USDT") for coin in ("BTC", "ETH", "SOL")]
        queries += [CandleQuery("BTC/USDT", interval, limit=20) for interval in ("1h", "15m")]
        first = await asyncio.gather(*(took(hub.fetch(query, refresh=True)) for query in queries))
        assert {answer.source for _, answer in first} <= {*ALIVE}
        assert max(seconds for seconds, _ in first) < 5
        await asyncio.sleep(10)
        for _ in range(3):
            later = await asyncio.gather(*(took(hub.fetch(query, refresh=True)) for query in queries))
            assert max(seconds for seconds, _ in later) < 1.5
            await asyncio.sleep(10)


async def test_after_all_was_well(hub, lab):
    async with hub:
        names = ["binance", "kraken", "coinbase", "okx", "bybit", "kucoin", "bitfinex", "mexc", *ALIVE]
        for _ in range(3):
            for name in names:
                await hub.price("BTC/USDT", refresh=True, providers=[name])
        silence(hub, lab)
        times = []
        for _ in range(6):
            seconds, answer = await took(hub.price("BTC/USDT", refresh=True))
            assert answer.source in ALIVE
            times.append(seconds)
            await asyncio.sleep(5)
        assert max(times[1:]) < 2


async def test_a_slow_field_is_not_asked_twice(hub, lab):
    """Every venue takes 1.5 s: ten hedges, and then one for ten calls."""
    async with hub:
        for name in ("binance", "kraken", "coinbase"):
            await hub.price("BTC/USDT", refresh=True, providers=[name])
        lab.inject(None, "latency", seconds=1.5)
        attempts = 0
        for _ in range(60):
            answer = await hub.price("BTC/USDT", refresh=True, providers=["binance", "kraken", "coinbase"])
            attempts += len(answer.attempts)
            await asyncio.sleep(3)
        assert attempts <= 60 + 10 + 6 + 2
