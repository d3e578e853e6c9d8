"""One answer after the other: over loopback, from memory, from disk."""

import dataclasses
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
from engine_server import ROWS, TICKER
from engine_table import Table, awaited_in_turn, each, in_turn, mean, nothing

from core.async_hub import AsyncHub
from core.catalog import Catalog
from core.engine.codec import decode
from core.market import CandleQuery, PriceQuery
from core.settings import Settings


async def answers(table: Table, rounds: int, url: str, folder: Path) -> None:
    settings = Settings(mode="live", data_dir=folder, lab_url=url, hedge_burst=0)
    async with AsyncHub(settings) as hub, httpx.AsyncClient(trust_env=False) as client:
        unlimited(hub)
        await _one_answer(table, rounds, hub, client, url)
        await _memory(table, rounds, hub)
        await _disk(table, rounds, hub)


async def _one_answer(table: Table, rounds: int, hub: AsyncHub, client: httpx.AsyncClient, url: str) -> None:
    query = PriceQuery("BTC/USDT")
    provider = Catalog.load()["binance"]
    request = provider.request(query)
    plain = f"{url}/{request.url.host}{request.url.raw_path.decode()}"
    headers = {"accept": "application/json"}

    async def ours() -> float:
        return await mean(lambda: hub.fetch(query, refresh=True), 200)

    async def bare() -> object:
        response = await client.get(plain, headers=headers)
        return response.json()

    async def theirs() -> float:
        return await mean(bare, 200)

    await ours(), await theirs()
    one, other = await awaited_in_turn(rounds, ours, theirs)
    table.line(
        "price of 1 KB over loopback, beside bare httpx + JSON", one, other, "≤ 1.10", one / other <= 1.1
    )
    sender, host = hub._world.sender, provider.hosts[0]

    async def carried() -> object:
        return (await sender.send(host, request)).json()

    async def carrying() -> float:
        return await mean(carried, 200)

    (carriage,) = await awaited_in_turn(rounds, carrying)
    table.line("  of which our own connection + JSON, with no engine around it", carriage, other, "", None)
    response = httpx.Response(200, headers={"content-type": "application/json"}, text=TICKER)
    (reading,) = in_turn(rounds, each(lambda: provider.read(query, response, now=1_780_000_000.0), 2000))
    table.line("  of which the reader", reading, None, "", None)


async def _memory(table: Table, rounds: int, hub: AsyncHub) -> None:
    query = PriceQuery("BTC/USDT")
    entry = hub._world.cache.get(query.key())  # made to last, so that every call is a hit
    assert entry is not None
    hub._world.cache._memory[query.key()] = (
        _lasting(entry.entry),
        hub._clock.mono(),
        True,
    )

    async def hit() -> float:
        return await mean(lambda: hub.price("BTC/USDT"), 2000)

    assert (await hub.price("BTC/USDT")).tier == "cache"
    (one,) = await awaited_in_turn(rounds, hit)
    table.line("price from memory", one, None, "≤ 15 µs", one <= 15e-6)


async def _disk(table: Table, rounds: int, hub: AsyncHub) -> None:
    query = CandleQuery("BTC/USDT", "1h", limit=ROWS)
    answer = await hub.fetch(query)
    assert len(answer.value) == ROWS
    cache, key = hub._world.cache, query.key()
    cache._write()
    hub._folder._writer.submit(nothing).result()  # the write before it is done then

    def ours() -> object:
        cache._memory.clear()  # as after a restart
        return cache.get(key)

    blob = cache._disk.get(key)
    body = memoryview(blob)[8 + int.from_bytes(blob[4:8], "little") :]
    assert len(decode(blob).value) == ROWS

    def table_only() -> Any:
        cache._disk.get(key)
        with pa.ipc.open_stream(body) as reader:
            return reader.read_all()

    one, other, less = in_turn(
        rounds, each(ours, 300), each(lambda: table_only().to_pandas(), 300), each(table_only, 300)
    )
    what = f"{ROWS} candles from disk, beside diskcache get + Arrow"
    table.line(f"{what} frame", one, other, "≤ 1.2", one / other <= 1.2)
    table.line(f"{what} table", one, less, "", None)


def unlimited(hub: AsyncHub) -> None:
    """A benchmark asks more often than any venue would allow."""
    for limiter in hub._world.guard.limiters.values():
        limiter._buckets.clear()


def _lasting(entry: Any) -> Any:
    return dataclasses.replace(entry, fresh=1e9)
