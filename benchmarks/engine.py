"""What the engine costs: circuits, the way of an answer, the cache, a crowd; each beside its plain like.

    python benchmarks/engine.py [--rounds 7]

One table: ours, theirs, the ratio (below 1 = less than the other) and the aim. A and B run in turn, round by
round, and the median of each is taken, so that a noisy machine disturbs both alike. Everything stays on
loopback: a server in a process of its own answers at once with bodies made up beforehand. Hosts of a
catalogue are https only, so the hub is pointed at that server by ``lab_url``, which puts the original host
into the path; the plain client asks for the very same path. Libraries that are not installed are left out and
named; ``pip install -e .[bench]`` brings them.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import gc
import importlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402 - the repository comes first
import pyarrow as pa  # noqa: E402

from core.async_hub import AsyncHub  # noqa: E402
from core.catalog import Catalog  # noqa: E402
from core.engine.breaker import Breaker, BreakerPolicy  # noqa: E402
from core.engine.codec import decode  # noqa: E402
from core.market import CandleQuery, PriceQuery  # noqa: E402
from core.settings import Settings  # noqa: E402

HOSTS = 10
CROWD = 50
ROWS = 500
TICKER = json.dumps(
    {
        "symbol": "BTCUSDT",
        "lastPrice": "64000.10000000",
        "bidPrice": "64000.00000000",
        "askPrice": "64000.20000000",
        "priceChangePercent": "1.250",
        "volume": "12345.67800000",
        "quoteVolume": "790000000.00000000",
        "closeTime": 1_780_000_000_000,
        "padding": "x" * 780,
    }
)

SERVER = f"""
import asyncio, json, sys, time
TICKER = {TICKER!r}.encode()
HEAD = "HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n"

class Answers(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.held = transport, b""

    def data_received(self, data):
        self.held += data
        while b"\\r\\n\\r\\n" in self.held:
            head, _, self.held = self.held.partition(b"\\r\\n\\r\\n")
            body = candles() if b"klines" in head.partition(b"\\r\\n")[0] else TICKER
            self.transport.write((HEAD % len(body)).encode() + body)

def candles():
    now = int(time.time()) // 3600 * 3600
    rows = [[(now - n * 3600) * 1000, "100.5", "103.25", "99.75", "101.125", "12.5", 0, "0", 1, "0", "0", "0"]
            for n in range({ROWS}, -1, -1)]
    return json.dumps(rows).encode()

async def main():
    server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until the benchmark goes

asyncio.run(main())
"""

VENUE = """
id = "venue{n}"
name = "Venue {n}"
kind = "exchange"
home = "https://venue{n}.test"
docs = "https://venue{n}.test"
read_on = 2026-11-22
priority = {n}
check_symbol = "BTC/USDT"
check_every = 60
[[hosts]]
name = "api.venue{n}.test"
[symbol]
template = "{{base}}{{quote}}"
[check]
path = "/ping"
[price]
docs = "https://venue{n}.test"
path = "/ticker"
params = {{ symbol = "{{symbol}}" }}
last = "lastPrice"
bid = "bidPrice"
ask = "askPrice"
"""

Timed = Callable[[], float]
"""Runs once and returns what is measured: seconds a call."""


class Table:
    """The lines as they come."""

    def __init__(self) -> None:
        head = f"{'':62}{'ours':>12}{'theirs':>12}{'ratio':>8}   aim"
        print(f"{head}\n{'-' * len(head)}")

    def line(self, what: str, ours: float, theirs: float | None, aim: str, met: bool | None) -> None:
        mark = {True: "met", False: "MISSED", None: ""}[met]
        other, ratio = ("", "") if theirs is None else (_time(theirs), f"{ours / theirs:.2f}")
        print(f"{what:62}{_time(ours):>12}{other:>12}{ratio:>8}   {aim} {mark}", flush=True)


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def in_turn(rounds: int, *actions: Timed) -> list[float]:
    """The median of each, A and B interleaved; collections are kept out of the way."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for place, action in enumerate(actions):
            gc.collect()
            gc.disable()
            try:
                taken[place].append(action())
            finally:
                gc.enable()
    return [statistics.median(times) for times in taken]


async def awaited_in_turn(rounds: int, *actions: Callable[[], Awaitable[float]]) -> list[float]:
    """The same for coroutines."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for place, action in enumerate(actions):
            gc.collect()
            gc.disable()
            try:
                taken[place].append(await action())
            finally:
                gc.enable()
    return [statistics.median(times) for times in taken]


def each(action: Callable[[], object], count: int) -> Timed:
    """Seconds a call over a tight loop."""

    def run() -> float:
        calls = range(count)
        begun = time.perf_counter()
        for _ in calls:
            action()
        return (time.perf_counter() - begun) / count

    return run


def nothing() -> None:
    """What is guarded."""


def fails() -> None:
    raise ValueError


# Circuits.


def closed_circuit() -> Callable[[], object]:
    circuit = Breaker(BreakerPolicy(), random.Random(1))
    clock = time.monotonic

    def call() -> None:
        if permit := circuit.allow(clock()):
            nothing()
            circuit.success(permit, clock())

    return call


def open_circuit() -> Callable[[], object]:
    circuit = Breaker(BreakerPolicy(first=3600, longest=3600), random.Random(1))
    for _ in range(3):
        circuit.failure(circuit.allow(time.monotonic()), time.monotonic())
    clock = time.monotonic
    return lambda: circuit.allow(clock()) and nothing()


def others() -> dict[str, "Pair | None"]:
    """By library: a call through its closed circuit, and through its open one. None: not installed."""
    return {"pybreaker": _pybreaker(), "purgatory": _purgatory(), "circuitbreaker": _circuitbreaker()}


Pair = tuple[Callable[[], object], Callable[[], object]]


def _pybreaker() -> Pair | None:
    if (library := _library("pybreaker")) is None:
        return None
    well, ill = (library.CircuitBreaker(fail_max=3, reset_timeout=3600) for _ in range(2))
    refused = _tripped(lambda: ill.call(fails), lambda: ill.call(nothing), library.CircuitBreakerError)
    return (lambda: well.call(nothing)), refused


def _purgatory() -> Pair | None:
    if (library := _library("purgatory")) is None:
        return None
    factory = library.SyncCircuitBreakerFactory(default_threshold=3, default_ttl=3600)
    refusal = importlib.import_module("purgatory.domain.model").OpenedState
    return factory("well")(nothing), _tripped(factory("ill")(fails), factory("ill")(nothing), refusal)


def _circuitbreaker() -> Pair | None:
    if (library := _library("circuitbreaker")) is None:
        return None
    well, ill = (library.CircuitBreaker(failure_threshold=3, recovery_timeout=3600) for _ in range(2))
    return well(nothing), _tripped(ill(fails), ill(nothing), library.CircuitBreakerError)


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _tripped(
    failing: Callable[[], object], call: Callable[[], object], refusal: type[Exception]
) -> Callable[[], object]:
    """A call that is refused, after enough failures that it is."""
    for _ in range(4):
        with contextlib.suppress(ValueError, refusal):
            failing()

    def refused() -> None:
        try:
            call()
        except refusal:
            return

    return refused


def circuits(table: Table, rounds: int) -> None:
    count = 100_000
    libraries = others()
    there = {name: pair for name, pair in libraries.items() if pair is not None}
    for place, (what, own, aim) in enumerate(
        [("closed circuit", closed_circuit(), 0.4e-6), ("open circuit, refusal", open_circuit(), 0.3e-6)]
    ):
        runs = [each(own, count)] + [each(pair[place], count // 5) for pair in there.values()]
        ours, *theirs = in_turn(rounds, *runs)
        for name, other in zip(there, theirs, strict=True):
            met = ours <= aim and ours < other
            table.line(f"{what}, beside {name}", ours, other, f"≤ {_time(aim)}, ahead", met)
        if not there:
            table.line(what, ours, None, f"≤ {_time(aim)}", ours <= aim)
        for name in sorted(libraries.keys() - there.keys()):
            print(f"{what + ', beside ' + name:62}{'not installed':>24}")


# Answers.


async def answers(table: Table, rounds: int, url: str, folder: Path) -> None:
    settings = Settings(mode="live", data_dir=folder, lab_url=url, providers=("binance",), hedge_burst=0)
    async with AsyncHub(settings) as hub, httpx.AsyncClient(trust_env=False) as client:
        _unlimited(hub)
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
        return await _mean(lambda: hub.fetch(query, refresh=True), 200)

    async def bare() -> object:
        response = await client.get(plain, headers=headers)
        return response.json()

    async def theirs() -> float:
        return await _mean(bare, 200)

    await ours(), await theirs()
    one, other = await awaited_in_turn(rounds, ours, theirs)
    table.line(
        "price of 1 KB over loopback, beside bare httpx + JSON", one, other, "≤ 1.10", one / other <= 1.1
    )
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
        return await _mean(lambda: hub.price("BTC/USDT"), 2000)

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


async def crowd(table: Table, rounds: int, url: str, folder: Path) -> None:
    """50 at once over 10 hosts: the hub with a client a host, beside one client for all."""
    venues = folder / "venues"
    venues.mkdir()
    for n in range(HOSTS):
        (venues / f"venue{n}.toml").write_text(VENUE.format(n=n))
    names = tuple(f"venue{n}" for n in range(HOSTS))
    settings = Settings(
        mode="live",
        data_dir=folder / "crowd",
        lab_url=url,
        catalog_dirs=(venues,),
        providers=names,
        hedge_burst=0,
    )
    queries = [PriceQuery(f"C{n}/USDT") for n in range(CROWD // HOSTS)]
    async with AsyncHub(settings) as hub, httpx.AsyncClient(trust_env=False) as client:

        async def one_ours(query: PriceQuery, name: str) -> float:
            begun = time.perf_counter()
            await hub.fetch(query, refresh=True, providers=(name,))
            return time.perf_counter() - begun

        async def one_theirs(query: PriceQuery, name: str) -> float:
            begun = time.perf_counter()
            path = f"{url}/api.{name}.test/ticker?symbol={query.base}{query.quote}"
            (await client.get(path, headers={"accept": "application/json"})).json()
            return time.perf_counter() - begun

        found: dict[str, list[float]] = {"ours": [], "theirs": []}

        def many(one: Any, side: str) -> Callable[[], Awaitable[float]]:
            async def run() -> float:
                begun = time.perf_counter()
                for _ in range(10):
                    calls = [one(query, name) for name in names for query in queries]
                    found[side] += await asyncio.gather(*calls)
                return (time.perf_counter() - begun) / (10 * CROWD)

            return run

        ours, theirs = many(one_ours, "ours"), many(one_theirs, "theirs")
        await ours(), await theirs()
        found = {"ours": [], "theirs": []}
        one, other = await awaited_in_turn(rounds, ours, theirs)
    what = f"{CROWD} at once over {HOSTS} hosts, beside one client"
    table.line(f"{what}: time a call", one, other, "≤ 0.87 (1.15x)", other / one >= 1.15)
    for share, aim in ((50, 0.7), (99, None)):
        mine, its = (_percentile(found[side], share) for side in ("ours", "theirs"))
        met = None if aim is None else mine / its <= aim
        table.line(f"  p{share}", mine, its, "" if aim is None else f"≤ {aim}", met)


def _percentile(times: Sequence[float], share: int) -> float:
    return sorted(times)[len(times) * share // 100]


def _unlimited(hub: AsyncHub) -> None:
    """A benchmark asks more often than any venue would allow."""
    for limiter in hub._world.guard.limiters.values():
        limiter._buckets.clear()


def _lasting(entry: Any) -> Any:
    return dataclasses.replace(entry, fresh=1e9)


async def _mean(call: Callable[[], Awaitable[object]], count: int) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        await call()
    return (time.perf_counter() - begun) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="A/B rounds of which the median is taken")
    rounds = parser.parse_args().rounds
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        with tempfile.TemporaryDirectory() as name:
            table = Table()
            circuits(table, rounds)
            asyncio.run(answers(table, rounds, url, Path(name) / "hub"))
            asyncio.run(crowd(table, rounds, url, Path(name)))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
