"""The monitor: polite, blames nobody while it is we who are offline, heals by itself, stops cleanly."""

import asyncio
import contextlib

import pytest
from fakes import COINBASE, KRAKEN, refuse, status
from ops_world import events_of

from core.answer import NoAnswer
from core.ops.monitor import SELDOM

pytestmark = pytest.mark.looptime


TWO = ("kraken", "coinbase")
"""Enough, and six hosts fewer to check for hours."""


def monitored(world, **knobs):
    return world.hub(monitor="on", **knobs)


async def test_by_default_only_a_shared_hub_has_one(world):
    async with world.hub() as hub:
        assert not hub._world.monitor.running
    from core.async_hub import AsyncHub

    async with AsyncHub(hub.settings, transport=world.venues, clock=world.clock, shared=True) as hub:
        assert hub._world.monitor.running
    assert len(asyncio.all_tasks()) == 1


async def test_hosts_that_nobody_asks_are_checked_at_their_interval_and_endpoints_stay_unknown(world):
    async with monitored(world, providers=TWO) as hub:
        await asyncio.sleep(3600)
        every = hub.catalog["kraken"].check_every
        assert 3600 / every / 1.3 <= world.venues.count("kraken") <= 3600 / every + 1
        health = await hub.health()
        assert {one.state for one in health.endpoints.values()} == {"unknown"}
        assert health.hosts[f"kraken@{KRAKEN}"].outcome == "ok"
        assert health.hosts[f"kraken@{KRAKEN}"].every == every
        await hub.journal.flushed()
        (row,) = hub.journal.rollups("kraken/check", "day")
        assert row.good == world.venues.count("kraken")
        assert hub.journal.uptime("kraken", now=world.clock.now(), hours=1)[0].share == 1.0


async def test_what_people_ask_counts_as_a_check(world):
    async with monitored(world, providers=TWO) as hub:
        for _ in range(60):
            await hub.price("BTC/USD", refresh=True, providers=["kraken"])
            await asyncio.sleep(30)
        assert world.venues.count("kraken") == 60
        assert world.venues.count("coinbase") > 20


async def test_checks_slow_down_when_nobody_looks(world):
    async with monitored(world, providers=TWO) as hub:
        await asyncio.sleep(3700)
        world.venues.seen.clear()
        await asyncio.sleep(3600)
        every = hub.catalog["kraken"].check_every
        assert 3600 / every / SELDOM / 1.8 <= world.venues.count("kraken") <= 3600 / every / SELDOM + 1
        await hub.health()
        assert hub._world.monitor.pace == 1


async def test_a_host_that_fails_its_check_is_on_record(world):
    async with monitored(world, providers=TWO) as hub:
        world.venues.on("kraken", status(503))
        await asyncio.sleep(300)
        found = (await hub.health()).hosts[f"kraken@{KRAKEN}"]
        assert found.outcome == "status"
        failed = await events_of(hub, kinds=["attempt"])
        assert {event.target for event in failed} == {f"kraken/check@{KRAKEN}"}
        assert {event.who for event in failed} == {"monitor"}


async def test_a_fault_of_ours_ends_a_turn_and_not_the_monitor(world, monkeypatch, caplog):
    async with monitored(world, providers=TWO) as hub:

        async def broken(*_):
            raise RuntimeError("a slip of ours")

        with monkeypatch.context() as patched:
            patched.setattr(hub._world.monitor._checks, "host", broken)
            await asyncio.sleep(600)
        assert "a slip of ours" in caplog.text
        assert world.venues.count("kraken") == 0
        await asyncio.sleep(600)
        assert world.venues.count("kraken") > 0


async def test_a_check_that_is_throttled_gives_the_provider_its_rest(world):
    async with monitored(world, providers=TWO) as hub:
        world.venues.on("kraken", status(429, {"retry-after": "1800"}))
        await asyncio.sleep(1000)
        assert world.venues.count("kraken") == 1
        assert (await hub.health()).providers["kraken"].state == "throttled"


async def test_offline_blames_nobody_and_asks_little_until_it_is_over(world):
    async with monitored(world) as hub:
        await asyncio.sleep(200)
        world.venues.everywhere(refuse)
        await asyncio.sleep(200)
        assert (await hub.health()).offline
        hub.journal.rollups()
        asked = world.venues.count()
        await asyncio.sleep(600)
        assert world.venues.count() - asked <= 600 / 15 * 5 + 5
        await hub.journal.flushed()
        assert sum(row.failed for row in hub.journal.rollups("kraken/check", "day")) == 0
        for name in ("binance", "kraken", "coinbase"):
            world.venues.on(name, None)
        await asyncio.sleep(20)
        assert not (await hub.health()).offline
        said = [(event.offline) for event in await events_of(hub, kinds=["network"])]
        assert said == [True, False]


async def test_it_heals_by_itself_what_is_ill_but_not_too_often(world):
    async with monitored(world, retries=0) as hub:
        world.venues.on("kraken", status(500))
        for _ in range(3):
            with pytest.raises(NoAnswer):
                await hub.price("BTC/USD", refresh=True, providers=["kraken"])
        name = f"kraken/price@{KRAKEN}"
        assert (await hub.health()).endpoints[name].state == "unavailable"
        await asyncio.sleep(500)
        healings = await events_of(hub, kinds=["heal"])
        assert [(event.target, event.who, event.outcome) for event in healings] == [
            (name, "monitor", "covered")
        ]
        world.venues.on("kraken", None)
        await asyncio.sleep(500)
        assert (await hub.health()).endpoints[name].state == "healthy"
        healings = await events_of(hub, kinds=["heal"])
        assert [event.outcome for event in healings] == ["covered", "healed"]
        began = [event.time - event.elapsed for event in healings]
        assert began[1] - began[0] >= 600


async def test_it_does_not_where_that_is_switched_off(world):
    async with monitored(world, providers=TWO, retries=0, health_auto_reinit=False) as hub:
        world.venues.on("kraken", status(500))
        for _ in range(3):
            with pytest.raises(NoAnswer):
                await hub.price("BTC/USD", refresh=True, providers=["kraken"])
        await asyncio.sleep(1000)
        assert await events_of(hub, kinds=["heal"]) == []


async def test_states_are_on_record_as_they_change(world):
    async with world.hub(retries=0) as hub:

        async def ask():
            with contextlib.suppress(NoAnswer):
                await hub.price("BTC/USD", refresh=True, providers=["coinbase"])
            await asyncio.sleep(1)

        await ask()
        world.venues.on("coinbase", status(500))
        for _ in range(3):
            await ask()
        world.venues.on("coinbase", None)
        await asyncio.sleep(60)
        for _ in range(3):
            await ask()
        world.venues.on("coinbase", status(429, {"retry-after": "90"}))
        await ask()
        await asyncio.sleep(120)
        states = [(event.before, event.after) for event in await events_of(hub, kinds=["state"])]
        assert states == [
            ("unknown", "healthy"), ("healthy", "degraded"), ("degraded", "unavailable"),
            ("unavailable", "degraded"), ("degraded", "healthy"), ("healthy", "throttled"),
            ("throttled", "healthy"),
        ]  # fmt: skip
        turns = [event.kind for event in await events_of(hub, target=f"coinbase/price@{COINBASE}")]
        assert turns.count("circuit_opened") == 1
        assert (
            turns.index("circuit_opened") < turns.index("circuit_half_open") < turns.index("circuit_closed")
        )
        (pause,) = await events_of(hub, kinds=["cooldown"])
        assert (pause.target, pause.cause, pause.seconds) == ("coinbase", "throttled", 90)


async def test_all_checks_of_a_provider_stay_below_five_percent_of_its_quota(world):
    from core.engine.local import on_the_network

    async with world.hub(providers=()) as hub:
        providers = on_the_network(hub.catalog.values())
        assert len(providers) > 15
        for provider in providers:
            every = hub._world.monitor.interval(provider)
            assert every >= provider.check_every
            for limit in provider.limits:
                a_second = len(provider.hosts) * provider.check_cost / every
                assert a_second <= 0.05 * limit.cost / limit.seconds * 1.0001, provider
