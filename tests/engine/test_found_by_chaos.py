"""What the chaos suite found once, each as small as it can be told."""

import asyncio
import time

import pytest
from fakes import KRAKEN, hang, refuse, reset, status

from core.answer import NoAnswer

pytestmark = pytest.mark.looptime


async def test_the_look_for_a_network_spares_who_is_isolated_or_rests(open_hub, venues):
    venues.on("binance", status(429, {"Retry-After": "300"}))
    async with open_hub() as hub:
        await hub.price("BTC/USDT")
        await hub.isolate("coinbase", "a person said so")
        before = venues.count("binance"), venues.count("coinbase")
        venues.on("kraken", refuse)
        with pytest.raises(NoAnswer):
            await hub.price("BTC/USD")
        assert (venues.count("binance"), venues.count("coinbase")) == before


async def test_with_everybody_at_rest_nobody_is_asked_and_nobody_is_offline(open_hub, venues):
    venues.everywhere(status(429, {"Retry-After": "300"}))
    async with open_hub() as hub:
        with pytest.raises(NoAnswer):
            await hub.price("BTC/USDT")
        asked = venues.count()
        assert await hub._world.network.there(1.0)
        assert venues.count() == asked


async def test_a_retry_asks_the_guard_again(open_hub, venues):
    async def reset_and_be_isolated(request):
        await hub.isolate("binance", "meanwhile")
        return reset(request)

    venues.on("binance", reset_and_be_isolated)
    async with open_hub() as hub:
        answer = await hub.price("BTC/USDT")
        assert answer.source == "kraken"
        assert venues.count("binance") == 1


async def test_retries_are_paid_from_the_budget_of_the_call(open_hub, venues):
    venues.everywhere(reset)
    async with open_hub(max_attempts=3) as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.price("BTC/USDT")
    assert venues.count() == 3
    assert [attempt.outcome for attempt in caught.value.attempts] == ["refused"] * 3


async def test_a_try_that_failed_before_one_that_hangs_is_told_too(open_hub, venues):
    tries = []

    def reset_then_hang(request):
        tries.append(request)
        return reset(request) if len(tries) == 1 else hang(request)

    venues.on("binance", reset_then_hang)
    async with open_hub() as hub:
        answer = await hub.price("BTC/USDT")
    assert [a.outcome for a in answer.attempts if a.provider == "binance"] == ["refused", "overtaken"]


async def test_who_joins_a_longer_call_keeps_a_deadline_of_its_own(open_hub, venues):
    loop = asyncio.get_running_loop()
    async with open_hub() as hub:
        for kept in (False, True):
            venues.everywhere(venues.good)
            if kept:
                await hub.price("BTC/USDT")
                await asyncio.sleep(10)
            venues.everywhere(hang)
            first = asyncio.create_task(hub.price("BTC/USDT", deadline=8.0))
            await asyncio.sleep(0.1)
            began = loop.time()
            if kept:
                answer = await hub.price("BTC/USDT", deadline=0.5)
                assert (answer.tier, answer.notes[-1]) == ("stale", "stale: being fetched again")
            else:
                with pytest.raises(NoAnswer, match=r"under way after 0\.5 s"):
                    await hub.price("BTC/USDT", deadline=0.5)
            assert loop.time() - began == pytest.approx(0.5, abs=0.01)
            await asyncio.gather(first, return_exceptions=True)
            await asyncio.sleep(10)
            await hub.reset()


@pytest.mark.parametrize("later", [1.0, 3.0])
async def test_a_clock_set_back_while_nobody_looked_makes_no_old_answer_fresh(open_hub, venues, clock, later):
    async with open_hub() as hub:
        await hub.price("BTC/USDT")
        await asyncio.sleep(60)
    clock.jump -= 58
    async with open_hub() as hub:
        await asyncio.sleep(later)
        venues.everywhere(status(503))
        answer = await hub.price("BTC/USDT")
        assert answer.tier == "stale"
    venues.everywhere(venues.good)
    async with open_hub() as hub:  # the same era still
        assert (await hub.price("BTC/USDT", refresh=True)).tier == "primary"
    async with open_hub() as hub:
        assert (await hub.price("BTC/USDT")).tier == "cache"


async def test_a_clock_set_back_lengthens_no_pause(open_hub, venues, clock):
    venues.on("kraken", status(429, {"Retry-After": "300"}))
    async with open_hub() as hub:
        with pytest.raises(NoAnswer):
            await hub.price("BTC/USD", providers=["kraken"])
        await asyncio.sleep(200)
    clock.jump -= 3600
    async with open_hub() as hub:
        left = (await hub.health()).endpoints[f"kraken/price@{KRAKEN}"].cooldown
        assert left == pytest.approx(100, abs=2)


async def test_an_answer_fetched_over_and_over_is_written_once_and_not_lost(open_hub, venues):
    async with open_hub() as hub:
        stored = []
        store = hub._world.cache._store
        hub._world.cache._store = lambda key, entry: (stored.append(key), store(key, entry))
        for _ in range(20):
            await hub.price("BTC/USDT", refresh=True)
        hub._world.cache._memory.clear()
        assert (await hub.price("BTC/USDT")).tier == "cache"
        assert stored == []
        await asyncio.sleep(1)
        hub._folder._writer.submit(time.monotonic).result()
        assert len(stored) == 1
    async with open_hub() as hub:
        assert (await hub.price("BTC/USDT")).tier == "cache"


async def test_a_length_that_is_no_length_is_counted_byte_by_byte(open_hub, venues):
    def absurd(request):
        response = venues.good(request)
        response.headers["content-length"] = "9" * 5000
        return response

    venues.on("binance", absurd)
    async with open_hub() as hub:
        assert (await hub.price("BTC/USDT")).source == "binance"
