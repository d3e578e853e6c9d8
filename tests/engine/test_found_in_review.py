"""Faults that a fresh pair of eyes found, each as a test: the whole catalogue over the lab."""

import asyncio

import httpx
import numpy as np
import pytest
from fakes import Venues, VirtualClock, hang, refuse, settings, status

from core.answer import KintsugiError, NoAnswer
from core.async_hub import AsyncHub
from core.catalog import Catalog
from core.lab import Lab
from core.settings import Settings

pytestmark = pytest.mark.looptime

CATALOG = Catalog.load()
OWNER = {host.name: provider.id for provider in CATALOG.values() for host in provider.hosts}


class Field(httpx.AsyncBaseTransport):
    """All venues of the lab; ``ill`` ones get the handler instead."""

    def __init__(self, clock):
        self.lab = Lab(clock=clock).transport()
        self.ill = {}
        self.seen = []

    async def handle_async_request(self, request):
        owner = OWNER[request.url.host]
        self.seen.append((owner, request.url.host))
        handler = self.ill.get(owner)
        if handler is None:
            return await self.lab.handle_async_request(request)
        answer = handler(request)
        return await answer if asyncio.iscoroutine(answer) else answer


@pytest.fixture
def field(clock):
    return Field(clock)


@pytest.fixture
def whole(field, clock, tmp_path):
    return lambda **knobs: AsyncHub(
        Settings(mode="live", data_dir=tmp_path, **knobs), transport=field, clock=clock
    )


@pytest.mark.parametrize("dead", [3, 5, 8])
@pytest.mark.parametrize("handler", [hang, refuse], ids=["hang", "refuse"])
async def test_some_dead_venues_never_make_this_machine_offline(whole, field, dead, handler):
    serving = [p.id for p in CATALOG.serving("ohlcv")]
    field.ill = dict.fromkeys(serving[:dead], handler)
    async with whole() as hub:
        answered, offline = 0, []
        for n in range(12):
            try:
                answer = await hub.candles("BTC/USDT", "1h", limit=50 + n)
                answered += 1
                assert answer.source not in field.ill
            except NoAnswer as error:
                offline.append(error.offline)
            await asyncio.sleep(5)
        assert answered >= 12 - dead
        assert not any(offline)
        assert not (await hub.health()).offline


async def test_unplugged_at_the_very_moment_after_an_answer(whole, field):
    async with whole() as hub:
        await hub.candles("BTC/USDT", "1h", limit=11)
        field.ill = dict.fromkeys(CATALOG, refuse)
        for n in range(4):
            with pytest.raises(NoAnswer) as caught:
                await hub.candles("ETH/USDT", "1h", limit=20 + n)
            assert caught.value.offline
        health = await hub.health()
        assert all(e.errors == 0 and e.circuit == "closed" for e in health.endpoints.values())


async def test_the_last_venue_that_works_is_found(whole, field):
    field.ill = {name: status(500) for name in CATALOG if name != "htx"}
    async with whole() as hub:
        assert (await hub.candles("BTC/USDT", "1h")).source == "htx"


async def test_an_allowed_quote_is_reached_behind_all_others(whole, field):
    def no_usdt(request):
        text = str(request.url).upper()
        return httpx.Response(500, json={}) if "USDT" in text or "UST" in text else None

    async def route(request):
        return no_usdt(request) or await field.lab.handle_async_request(request)

    field.ill = dict.fromkeys(CATALOG, route)
    async with whole() as hub:
        answer = await hub.price("BTC/USDT", allow_quote="USD")
    assert answer.value.symbol == "BTC/USD"


async def test_a_symbol_that_nobody_knows_is_no_empty_answer(whole):
    async with whole() as hub:
        for _ in range(2):
            with pytest.raises(NoAnswer):
                await hub.candles("NOPE/USDT")


async def test_waiting_for_our_own_quota_is_nobodys_fault(whole, field):
    slow = {"binance": status(451), "kraken": status(451)}
    field.ill = slow
    async with whole() as hub:
        answers = await asyncio.gather(
            *(hub.candles("BTC/USDT", "1h", limit=100 + n) for n in range(200)), return_exceptions=True
        )
        health = await hub.health()
    assert sum(not isinstance(answer, Exception) for answer in answers) == 200
    assert len({answer.source for answer in answers}) >= 3
    assert all(e.circuit == "closed" for e in health.endpoints.values() if e.provider not in slow)


async def test_a_hanging_primary_stays_cheap(open_hub, venues):
    venues.on("binance", hang)
    loop = asyncio.get_running_loop()
    async with open_hub() as hub:
        for n in range(30):
            began = loop.time()
            await hub.candles("BTC/USDT", "1h", limit=50 + n)
            assert loop.time() - began < 1, n
            await asyncio.sleep(5)


async def test_the_circuit_of_a_hanging_primary_does_not_flicker(open_hub, venues):
    venues.on("kraken", hang)
    async with open_hub() as hub:
        for _ in range(3):
            await hub.price("BTC/USD", refresh=True, providers=["kraken", "coinbase"])
        for _ in range(60):
            entry = (await hub.health()).endpoints["kraken/price@api.kraken.com"]
            assert entry.circuit != "closed"
            assert entry.state == "unavailable"
            await asyncio.sleep(0.1)


async def test_a_crowd_at_half_open_shares_one_probe_of_a_provider(open_hub, venues):
    venues.on("binance", status(500))
    async with open_hub() as hub:
        for n in range(3):
            await hub.price(f"A{n}/USDT")
        await asyncio.sleep(60)
        under_way = most = 0

        async def probe(request):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(1)
            under_way -= 1
            return httpx.Response(500, json={})

        venues.on("binance", probe)
        await asyncio.gather(*(hub.price(f"B{n}/USDT") for n in range(1000)), return_exceptions=True)
    assert most == 1


async def test_who_joins_a_shorter_call_has_time_of_its_own(open_hub, venues):
    async def slow(request):
        await asyncio.sleep(1)
        return venues.good(request)

    venues.everywhere(slow)
    async with open_hub() as hub:
        short = asyncio.create_task(hub.candles("BTC/USDT", deadline=0.3))
        await asyncio.sleep(0.1)
        assert (await hub.candles("BTC/USDT", deadline=10)).source
        with pytest.raises(NoAnswer):
            await short


async def test_a_hub_closed_during_a_call_says_so(open_hub, venues):
    venues.everywhere(hang)
    hub = open_hub()
    async with hub:
        call = asyncio.create_task(hub.candles("BTC/USDT"))
        await asyncio.sleep(0.1)
    with pytest.raises(KintsugiError, match="closed"):
        await call


async def test_equal_latencies_do_not_set_off_hedges(open_hub, venues):
    async def steady(request):
        await asyncio.sleep(0.2)
        return venues.good(request)

    venues.everywhere(steady)
    async with open_hub() as hub:
        for n in range(20):
            await hub.candles("BTC/USDT", limit=100 + n)
        before = venues.count()
        await asyncio.gather(*(hub.candles("BTC/USDT", refresh=True) for _ in range(1000)))
    assert venues.count() == before + 1


async def test_arguments_of_other_kinds(open_hub, venues):
    async with open_hub() as hub:
        assert len((await hub.candles("BTC/USDT", limit=np.int64(5))).value) == 5
        await hub.candles("BTC/USDT", start=np.datetime64("2026-05-28"), limit=3)
        for call in (
            lambda: hub.candles("BTC/USDT", interval=["1h"]),
            lambda: hub.candles("BTC/USDT", deadline="5"),
            lambda: hub.price("BTC/USDT", allow_quote=5),
            lambda: hub.fetch("BTC/USDT"),
        ):
            with pytest.raises(ValueError, match="expected"):
                await call()


def test_an_empty_variable_means_not_set(monkeypatch, tmp_path):
    monkeypatch.setenv("KINTSUGI_DATA_DIR", "")
    monkeypatch.chdir(tmp_path)
    mode = tmp_path.stat().st_mode
    assert Settings().data_dir != tmp_path
    assert settings(tmp_path).data_dir == tmp_path
    assert tmp_path.stat().st_mode == mode
    assert Venues(VirtualClock()).count() == 0


async def test_what_gets_out_of_reach_meanwhile_is_said(open_hub, venues, clock):
    """Its only candle is the oldest that the venue keeps, and an hour ends while our own quota is waited for."""
    async with open_hub() as hub:
        hour = clock.now() // 3600 * 3600
        await asyncio.sleep(hour + 3600 - 0.1 - clock.now())
        limiter = hub._world.guard.limiters["kraken"]
        while limiter.wait(1.0, clock.mono()) < 0.15:
            limiter.reserve(0.1, clock.mono(), 10.0)
        oldest = hour - 720 * 3600
        with pytest.raises(NoAnswer) as caught:
            await hub.candles("BTC/USDT", "1h", start=oldest, end=oldest + 3600, providers=["kraken"])
    (attempt,) = caught.value.attempts
    assert (attempt.outcome, attempt.reason) == ("skipped_unserved", "only the newest 720 candles by now")
    assert venues.count("kraken") == 0
