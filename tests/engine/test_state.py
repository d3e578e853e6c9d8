"""What outlives the process: pauses, circuits, isolations."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from fakes import BINANCE, Venues, VirtualClock, settings, status

from core.answer import NoAnswer
from core.async_hub import AsyncHub
from core.catalog import Catalog
from core.engine.breaker import BreakerPolicy
from core.engine.cooldown import Cooldown
from core.engine.guard import Guard
from core.engine.state import dump, load


def guard():
    return Guard(Catalog.load(), BreakerPolicy(), random.Random(1), 0.0)


def opened(guard, now=0.0):
    provider = guard.catalog["kraken"]
    health = guard.health(provider, "ohlcv", provider.hosts[0])
    for _ in range(3):
        health.failed(health.allow(now), "status", "500", 0.1, now, now)
    return health


def restored(document, *, now=0.0, wall):
    fresh = guard()
    load(json.loads(json.dumps(document)), fresh, now, wall)
    return fresh


def left(guard, scope, now=0.0):
    found = guard.cooldowns.holding([scope], now)
    return None if found is None else found.until - now


def test_a_pause_goes_on_where_it_was():
    before = guard()
    before.pause(Cooldown("kraken", "throttled", "429", 120))
    document = dump(before, 20, 1000)
    assert left(restored(document, wall=1030), "kraken") == pytest.approx(70)


def test_a_clock_set_back_between_runs_does_not_lengthen_it():
    before = guard()
    before.pause(Cooldown("kraken", "throttled", "429", 120))
    document = dump(before, 20, 1000)
    assert left(restored(document, wall=1000 - 3600), "kraken") == pytest.approx(100)


def test_a_pause_that_is_over_is_gone():
    before = guard()
    before.pause(Cooldown("kraken", "blocked", "451", 120))
    assert left(restored(dump(before, 20, 1000), wall=9999), "kraken") is None


def test_circuits_and_isolations_come_back():
    before = guard()
    opened(before)
    before.isolated["binance"] = "on holiday"
    after = restored(dump(before, 5, 1000), now=500, wall=1010)
    provider = after.catalog["kraken"]
    health = after.health(provider, "ohlcv", provider.hosts[0])
    assert health.circuit.state == "open"
    assert 14 < health.circuit.left(500) <= 21
    assert "500" in health.last_error
    assert after.isolated == {"binance": "on holiday"}


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        None,
        {"version": 9},
        {"version": 1, "pauses": 3},
        {"version": 1, "pauses": [{}], "circuits": []},
    ],
)
def test_what_is_not_ours_is_refused(document):
    with pytest.raises((KeyError, TypeError, ValueError)):
        load(document, guard(), 0, 0)


@pytest.mark.looptime
async def test_a_file_that_cannot_be_read_does_not_stop_the_hub(tmp_path):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "state.json").write_text('{"version": 1, "pau')
    clock = VirtualClock()
    async with AsyncHub(settings(tmp_path), transport=Venues(clock), clock=clock) as hub:
        assert (await hub.candles("BTC/USDT", "1h")).source == "binance"


@pytest.mark.looptime
async def test_a_restart_keeps_pauses_circuits_and_isolations(tmp_path):
    clock = VirtualClock()
    venues = Venues(clock)
    venues.on("binance", status(429, {"Retry-After": "600"}))
    venues.on("kraken", status(500))
    async with AsyncHub(settings(tmp_path), transport=venues, clock=clock) as hub:
        for _ in range(3):
            await hub.candles("BTC/USDT", "1h", refresh=True)
        await hub.isolate("coinbase/price", "testing")
    await asyncio.sleep(10)
    venues.on("binance", None)
    venues.on("kraken", None)
    before = venues.count("binance"), venues.count("kraken")
    async with AsyncHub(settings(tmp_path), transport=venues, clock=clock) as hub:
        answer = await hub.candles("BTC/USDT", "1h", refresh=True)
        assert [a.outcome for a in answer.attempts] == ["skipped_cooling", "skipped_open", "ok"]
        with pytest.raises(NoAnswer, match="isolated"):
            await hub.price("BTC/USDT", providers=["coinbase"])
    assert (venues.count("binance"), venues.count("kraken")) == before


KILLED = """
    import asyncio, sys
    sys.path.insert(0, {tests!r})
    from fakes import Venues, settings, status
    from core.async_hub import AsyncHub
    from core.clock import SystemClock

    async def main():
        clock = SystemClock()
        venues = Venues(clock)
        venues.on("binance", status(429, {{"Retry-After": "600"}}))
        async with AsyncHub(settings({folder!r}), transport=venues) as hub:
            await hub.candles("BTC/USDT", "1h")
            print("answered", flush=True)
            await asyncio.sleep(60)

    asyncio.run(main())
"""


async def test_sigkill_during_a_pause_still_cooling_after_restart(tmp_path):
    code = textwrap.dedent(KILLED).format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        assert process.stdout.readline().strip() == "answered"
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
    from core.clock import SystemClock

    venues = Venues(SystemClock())
    async with AsyncHub(settings(tmp_path), transport=venues) as hub:
        answer = await hub.candles("BTC/USDT", "1h", refresh=True)
        assert answer.source == "kraken"
        assert answer.attempts[0].outcome == "skipped_cooling"
        assert (await hub.health()).endpoints[f"binance/ohlcv@{BINANCE[0]}"].state == "throttled"
    assert venues.count("binance") == 0
