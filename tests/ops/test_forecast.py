"""When a quota runs out is known again as soon as the hub is open again, after an end and after a kill."""

import asyncio
import contextlib
from datetime import datetime, timedelta

import pytest
from fakes import VirtualClock
from ops_world import OpsWorld

from core.async_hub import AsyncHub
from core.engine.state import long_quotas
from core.lab import Lab
from core.settings import Settings

pytestmark = pytest.mark.looptime

A_MINUTE = 20
"""Calls: of 20,000 in 30 days, 8,000 would be gone in the seven days that the rule looks ahead."""
QUOTA = "CoinPaprika's quota of 20,000 in 30 days"


@pytest.fixture
def open_hub(tmp_path):
    clock = VirtualClock()

    def make(**more):
        knobs = Settings(
            mode="lab", data_dir=tmp_path, providers=("coinpaprika",), monitor="on", hedge_burst=0, **more
        )
        return AsyncHub(knobs, transport=Lab(7, clock).transport(), clock=clock)

    return make


async def ask(hub, minutes):
    for _ in range(minutes):
        for _ in range(A_MINUTE):
            await hub.price("BTC/USD", refresh=True)
        await asyncio.sleep(60)


async def running_out(hub):
    return [alert for alert in await hub.alerts() if alert.rule == "runs_out" and alert.subject == QUOTA]


def left(hub):
    ((_, (_, _, units)),) = long_quotas(hub._world.guard, hub._clock.mono())
    return units


def date(alert):
    return datetime.fromisoformat(alert.text.partition(" runs out on ")[2][:10])


@pytest.mark.parametrize("how", ["closed", "killed"])
async def test_the_forecast_goes_on_over_a_restart(open_hub, tmp_path, how):
    async with contextlib.AsyncExitStack() as stack:
        hub = open_hub()
        await (hub.__aenter__() if how == "killed" else stack.enter_async_context(hub))
        await ask(hub, 20)
        (alert,) = await running_out(hub)
        assert alert.state == "firing"
        was = left(hub)
        assert was < 20_000 - 0.9 * 20 * A_MINUTE
        if how == "killed":
            await hub._alerting.walk(False)
            await hub._world.monitor.stop()
            await OpsWorld(tmp_path).kill(hub)
    await asyncio.sleep(300)
    async with open_hub() as hub:
        assert was - 20 <= left(hub) <= was + 0.01 * 20_000 + 3, "it is not full again"
        await asyncio.sleep(10)
        (again,) = await running_out(hub)
        assert (again.id, again.state) == (alert.id, "firing")
        assert QUOTA in hub._alerting._desks["lab"]._burns.gone_in(hub._clock.mono()), "it is known at once"
        await ask(hub, 20)
        (still,) = await running_out(hub)
        assert (still.id, still.state) == (alert.id, "firing")
        assert abs(date(still) - date(alert)) <= timedelta(days=1)


async def test_what_is_no_longer_used_up_is_over(open_hub):
    async with open_hub() as hub:
        await ask(hub, 20)
        (alert,) = await running_out(hub)
    async with open_hub(alert_every=60) as hub:
        await asyncio.sleep(8 * 3600)
        (over,) = await running_out(hub)
        assert (over.id, over.state) == (alert.id, "resolved")


async def test_what_comes_back_while_it_is_closed_has_come_back(open_hub):
    async with open_hub() as hub:
        hub._world.guard.limiters["coinpaprika"].restore(20_000, 2_592_000, 5_000, hub._clock.mono())
        assert round(left(hub)) == 5_000
    await asyncio.sleep(5 * 86_400)
    async with open_hub() as hub:
        assert left(hub) == pytest.approx(5_000 + 20_000 / 6, rel=0.01)
    hub._given_clock.jump = -86_400
    await asyncio.sleep(1)
    async with open_hub() as hub:
        assert left(hub) == pytest.approx(5_000 + 20_000 / 6, rel=0.01), "a clock set back gives nothing"
