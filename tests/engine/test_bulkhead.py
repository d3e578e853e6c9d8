"""A slow host delays nobody else: real sockets on loopback, because the bulkhead is a pool of connections.

An injected transport has no pools, and virtual time would hide every queue that real requests stand in. So a
small server holds requests for one host for 5 s and answers all others at once, and the hub is sent there by
``lab_url``. The slow requests are given up after 1 s at most; the test itself takes some seconds.
"""

import asyncio
import contextlib
import json
import time

import httpx
import pytest

from core.async_hub import AsyncHub
from core.engine.pool import CONNECTIONS
from core.engine.transport import Sender
from core.market import PriceQuery
from core.settings import Settings

SLOW, HELD = "api.kraken.com", 5.0
PRICE = {
    "binance": {"symbol": "BTCUSDT", "lastPrice": "100.5"},
    "coinbase": {"price": "100.5", "bid": "100", "ask": "101", "volume": "5"},
}


class Venues(asyncio.Protocol):
    """Answers tickers at once, the slow host's after five seconds, unless the connection is gone by then."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        path = data.split()[1].decode()
        body = json.dumps(PRICE["binance" if "binance" in path else "coinbase"]).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        loop = asyncio.get_running_loop()
        loop.call_later(HELD if SLOW in path else 0, self.answer, head.encode() + body)

    def answer(self, response):
        if not self.transport.is_closing():
            self.transport.write(response)


@contextlib.asynccontextmanager
async def serving():
    server = await asyncio.get_running_loop().create_server(Venues, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def p95(times):
    return sorted(times)[int(len(times) * 0.95)]


async def took(awaitable):
    began = time.perf_counter()
    await awaitable
    return time.perf_counter() - began


@contextlib.asynccontextmanager
async def pressed(call, count):
    """So many calls that hang, under way."""
    tasks = [asyncio.create_task(call()) for _ in range(count)]
    await asyncio.sleep(0.2)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_slow_host_does_not_move_the_others_p95(tmp_path):
    knobs = {"request_timeout": 1.0, "connect_timeout": 1.0, "providers": ("binance", "kraken", "coinbase")}
    async with serving() as url, AsyncHub(Settings(data_dir=tmp_path, lab_url=url, **knobs)) as hub:

        async def others(rounds):
            times = []
            for _ in range(rounds):
                calls = (hub.price("BTC/USDT", refresh=True, providers=[n]) for n in ("binance", "coinbase"))
                times += await asyncio.gather(*map(took, calls))
            return times

        coins = iter(range(1000))

        async def slow():
            await hub.price(f"A{next(coins)}/USD", providers=["kraken"])

        for limiter in hub._world.guard.limiters.values():
            limiter._buckets.clear()  # asked more often than the venues would allow
        await others(3)
        calm = p95(await others(20))
        kraken = hub.catalog["kraken"]
        health = hub._world.guard.health(kraken, "price", kraken.hosts[0])
        async with pressed(slow, 60):
            assert health.ewma.in_flight >= 3
            stormy = p95(await others(20))
    assert stormy < max(3 * calm, calm + 0.05)


@pytest.mark.parametrize("shared", [False, True], ids=["a pool a host", "one pool for all"])
async def test_it_is_the_pool_a_host_that_does_it(shared):
    """With as many hanging requests as a pool has connections; with one pool for all, all stand still."""
    from core.catalog import Catalog

    catalog = Catalog.load()
    async with serving() as url:
        sender = Sender(transport=None, lab_url=url, connect_timeout=2.0, request_timeout=2.0)
        if shared:
            only = sender._pool(catalog["kraken"].hosts[0], httpx.URL(url))
            sender._pool = lambda host, url: only

        async def ask(name):
            provider = catalog[name]
            query = PriceQuery(provider.check_symbol)
            await sender.send(provider.hosts[0], provider.request(query), 0.7)

        try:
            async with pressed(lambda: ask("kraken"), CONNECTIONS):
                times = [await took(ask("coinbase")) for _ in range(1 if shared else 20)]
        except httpx.ReadTimeout:
            times = [0.7]
        finally:
            await sender.close()
    assert (p95(times) >= 0.4) if shared else (p95(times) < 0.1)
