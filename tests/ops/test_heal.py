"""Probe and heal: the recovery of DESIGN 6, step by step, on record; five at once; not too often."""

import asyncio
import json
from functools import partial

import pytest
from fakes import hang, refuse, status
from ops_world import events_of

from core.answer import KintsugiError, NoAnswer
from core.engine.target import UnknownTarget
from core.ops.heal import Healable

pytestmark = pytest.mark.looptime

KRAKEN = "kraken/price@api.kraken.com"


async def break_kraken(hub, world, how=None, times=3):
    world.venues.on("kraken", how or status(500))
    for _ in range(times):
        with pytest.raises(NoAnswer):
            await hub.price("BTC/USD", refresh=True, providers=["kraken"])
    return (await hub.health()).endpoints[KRAKEN]


def steps(healing):
    return [(step.step, step.outcome) for step in healing.steps]


async def test_a_probe_asks_every_endpoint_of_its_target_once(world):
    async with world.hub() as hub:
        told = []
        result = await hub.probe("kraken", progress=lambda *news: told.append(news))
        assert [probe.endpoint for probe in result.probes] == [
            str(one) for one in hub.catalog["kraken"].endpoints
        ]
        assert {probe.before for probe in result.probes} == {"unknown"}
        assert {probe.after for probe in result.probes if probe.outcome == "ok"} == {"healthy"}
        assert result.good >= 2
        assert [done for done, of, _ in told] == list(range(1, len(result.probes) + 1))
        assert json.dumps(result.as_dict())
        assert [event.action for event in await events_of(hub, kinds=["admin"])] == ["probe"]
        with pytest.raises(UnknownTarget, match="nonsense"):
            await hub.probe("nonsense")


async def test_a_probe_does_not_wait_for_the_pause_of_a_circuit_but_respects_a_provider(world):
    async with world.hub() as hub:
        assert (await break_kraken(hub, world)).state == "unavailable"
        world.venues.on("kraken", None)
        probe = (await hub.probe(KRAKEN)).probes[0]
        assert (probe.before, probe.outcome, probe.after) == ("unavailable", "ok", "degraded")
        world.venues.on("coinbase", status(429, {"retry-after": "600"}))
        await hub.probe("coinbase/price")
        asked = world.venues.count("coinbase")
        again = (await hub.probe("coinbase/price")).probes[0]
        assert again.outcome == "skipped_cooling"
        assert world.venues.count("coinbase") == asked
        await hub.isolate("kraken", "a test")
        assert (await hub.probe(KRAKEN)).probes[0].outcome == "skipped_isolated"


async def test_at_most_five_are_asked_at_once(world, monkeypatch):
    running, most = 0, 0

    async def slow(*where, real, **how):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        attempt = await real(*where, **how)
        running -= 1
        return attempt

    async with world.hub() as hub:
        checks = hub._world.checks
        monkeypatch.setattr(checks, "endpoint", partial(slow, real=checks.endpoint))
        result, healed = await asyncio.gather(hub.probe(), hub.heal("binance", force=True))
        assert len(result.probes) > 20
        assert len(healed.healings) > 20
        assert most == 5


async def test_what_answers_again_is_healed_until_it_is_healthy(world):
    async with world.hub() as hub:
        assert (await break_kraken(hub, world)).state == "unavailable"
        world.venues.on("kraken", None)
        result = await hub.heal("kraken", who="page")
        assert [(one.target, one.outcome) for one in result.healings] == [(KRAKEN, "healed")]
        assert result.healed == 1
        assert (await hub.health()).endpoints[KRAKEN].state == "healthy"
        assert json.dumps(result.as_dict())
        told = await events_of(hub, kinds=["heal", "heal_step", "admin"])
        assert [event.kind for event in told] == ["admin", "heal_step", "heal_step", "heal"]
        assert {event.who for event in told} == {"page"}
        assert len({event.healing for event in told[1:]}) == 1
        assert told[-1].outcome == "healed"


async def test_a_blip_is_asked_a_second_time_and_an_ill_one_is_covered_by_another(world):
    async with world.hub(retries=0) as hub:
        await break_kraken(hub, world)
        await hub.price("BTC/USD", refresh=True, providers=["coinbase"])
        healing = (await hub.heal("kraken")).healings[0]
        assert healing.outcome == "covered"
        assert "coinbase/price@api.exchange.coinbase.com answers in its place" in healing.detail
        assert steps(healing) == [
            ("ask", "status"), ("retry", "status"), ("other host", "none"), ("next provider", "ok"),
        ]  # fmt: skip


async def test_another_host_stands_in(world):
    async with world.hub(retries=0) as hub:
        world.venues.on("api.binance.com", status(500))
        healing = (await hub.heal("binance/price@api.binance.com", force=True)).healings[0]
        assert healing.outcome == "covered"
        assert steps(healing)[-1][0] == "other host"
        assert "binance/price@" in healing.detail


async def test_nobody_left_is_said(world):
    async with world.hub(retries=0) as hub:
        world.venues.everywhere(status(500))
        healing = (await hub.heal(KRAKEN, force=True)).healings[0]
        assert healing.outcome == "ill"
        assert [step.step for step in healing.steps] == [
            "ask", "retry", "other host", "next provider", "next provider", "stale cache",
        ]  # fmt: skip


async def test_offline_is_no_illness(world):
    async with world.hub(retries=0) as hub:
        world.venues.everywhere(refuse)
        healing = (await hub.heal(KRAKEN, force=True)).healings[0]
        assert healing.outcome == "offline"
        found = (await hub.health()).endpoints[KRAKEN]
        assert (found.state, found.errors) == ("unknown", 0)


async def test_not_again_within_the_cooldown_unless_forced_even_after_a_restart(world):
    async with world.hub(health_reinit_cooldown=600) as hub:
        await break_kraken(hub, world)
        await hub.heal("kraken")
        asked = world.venues.count("kraken")
        again = (await hub.heal("kraken")).healings[0]
        assert again.outcome == "too_soon"
        assert "by force" in again.detail
        assert world.venues.count("kraken") == asked
    await asyncio.sleep(100)
    async with world.hub(health_reinit_cooldown=600) as hub:
        assert (await hub.heal(KRAKEN)).healings[0].outcome == "too_soon"
        world.venues.on("kraken", None)
        assert (await hub.heal(KRAKEN, force=True)).healings[0].outcome == "healed"
        await asyncio.sleep(601)
        world.venues.on("kraken", status(500))
        await break_kraken(hub, world)
        assert (await hub.heal(KRAKEN)).healings[0].outcome != "too_soon"


async def test_what_is_well_or_a_persons_doing_is_left_alone(world):
    async with world.hub() as hub:
        await hub.price("BTC/USD", providers=["kraken"])
        asked = world.venues.count()
        assert (await hub.heal()).healings == ()
        assert (await hub.heal(KRAKEN)).healings[0].outcome == "well"
        await hub.isolate("kraken", "a test")
        assert (await hub.heal(KRAKEN, force=True)).healings[0].outcome == "isolated"
        assert world.venues.count() == asked


async def test_a_provider_that_asked_for_rest_is_not_asked_even_by_force(world):
    async with world.hub() as hub:
        world.venues.on("kraken", status(429, {"retry-after": "600"}))
        await hub.probe(KRAKEN)
        asked = world.venues.count("kraken")
        healing = (await hub.heal(KRAKEN, force=True)).healings[0]
        assert healing.outcome == "covered"
        assert world.venues.count("kraken") == asked
        assert steps(healing)[0] == ("ask", "skipped_cooling")


async def test_models_heal_by_a_way_of_their_own(world):
    ill = ["it lost its weights"]

    async def renew():
        if "hopeless" in ill:
            raise KintsugiError("no weights to be had")
        ill.clear()
        return "loaded anew"

    async with world.hub() as hub:
        hub.healables["model:vader"] = Healable(ill=lambda: "".join(ill), heal=renew)
        assert [(one.target, one.outcome, one.detail) for one in (await hub.heal()).healings] == [
            ("model:vader", "healed", "loaded anew")
        ]
        assert (await hub.heal("model:vader")).healings[0].outcome == "well"
        ill.append("hopeless")
        healing = (await hub.heal("model:vader", force=True)).healings[0]
        assert (healing.outcome, healing.detail) == ("failed", "KintsugiError: no weights to be had")
        with pytest.raises(UnknownTarget, match=r"expected one of the models: .*model:vader"):
            await hub.heal("model:gpt")


async def test_a_hanging_endpoint_costs_its_timeout_and_no_more(world):
    async with world.hub(request_timeout=2, connect_timeout=1) as hub:
        world.venues.on("kraken", hang)
        began = world.clock.mono()
        healing = (await hub.heal(KRAKEN, force=True)).healings[0]
        assert healing.outcome == "covered"
        assert world.clock.mono() - began < 10


async def test_a_declared_other_form_heals_where_the_refusal_fits(tmp_path, world):
    from test_other_forms import ACCEPT, VENUE, Venue

    from core.async_hub import AsyncHub
    from core.settings import Settings

    own = tmp_path / "own"
    own.mkdir()
    (own / "venue.toml").write_text(VENUE + ACCEPT)
    settings = Settings(
        mode="live", data_dir=tmp_path / "data", catalog_dirs=(own,), providers=("venue",), retries=0
    )
    picky = Venue(lambda request: request.headers.get("accept") == "text/json", 406)
    async with AsyncHub(settings, transport=picky, clock=world.clock) as hub:
        healing = (await hub.heal("venue/price@a.venue.test", force=True)).healings[0]
    assert healing.outcome == "healed"
    assert steps(healing)[:2] == [("ask", "status"), ("other form", "ok")]
