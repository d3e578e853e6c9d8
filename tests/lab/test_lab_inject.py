"""Where faults apply, for how long, and what is refused."""

import asyncio

import pytest
from lab_world import CANDLES, EPOCH, HOSTS, TICKERS, HandClock, LoopClock, client, url

from core.lab import Lab


@pytest.fixture
def lab():
    return Lab(7, HandClock())


async def status(lab, provider="kraken", paths=CANDLES):
    async with client(lab) as http:
        return (await http.get(url(provider, paths))).status_code


@pytest.mark.parametrize(
    ("target", "met", "not_met"),
    [
        (None, ["kraken", "binance", "coinbase"], []),
        ("kraken", ["kraken"], ["binance", "coinbase"]),
        ("@api.kraken.com", ["kraken"], ["binance"]),
        ("kraken@api.kraken.com", ["kraken"], ["coinbase"]),
        ("binance@api1.binance.com", [], ["binance", "kraken"]),
        ("binance/ohlcv@api.binance.com", ["binance"], ["kraken"]),
    ],
)
async def test_targets(lab, target, met, not_met):
    lab.inject(target, "status:500")
    assert [await status(lab, one) for one in met] == [500] * len(met)
    assert [await status(lab, one) for one in not_met] == [200] * len(not_met)


async def test_a_capability_alone_is_met(lab):
    lab.inject("kraken/ohlcv", "status:500")
    assert (await status(lab), await status(lab, paths=TICKERS)) == (500, 200)
    lab.clear()
    lab.inject("kraken/volume", "status:500")
    assert (await status(lab), await status(lab, paths=TICKERS)) == (200, 500)


async def test_one_mirror_alone_is_met(lab):
    lab.inject("binance@api1.binance.com", "status:500")
    async with client(lab) as http:
        for host, expected in (("api.binance.com", 200), ("api1.binance.com", 500)):
            response = await http.get(f"https://{host}{CANDLES['binance']}")
            assert response.status_code == expected


async def test_only_so_many_requests(lab):
    lab.inject("kraken", "status:500", times=2)
    assert [await status(lab) for _ in range(4)] == [500, 500, 200, 200]
    assert lab.faults == ()


async def test_requests_for_others_do_not_count(lab):
    lab.inject("kraken/ohlcv", "status:500", times=1)
    assert await status(lab, "binance") == 200
    assert await status(lab, paths=TICKERS) == 200
    assert await status(lab) == 500


@pytest.mark.looptime
async def test_seconds_and_until_end_a_fault():
    lab = Lab(7, LoopClock(EPOCH))
    lab.inject("kraken", "status:500", seconds=60)
    lab.inject("binance", "status:500", until=lab.clock.now() + 30)
    await asyncio.sleep(29)
    assert [await status(lab, one) for one in ("kraken", "binance")] == [500, 500]
    await asyncio.sleep(2)
    assert [await status(lab, one) for one in ("kraken", "binance")] == [500, 200]
    await asyncio.sleep(30)
    assert await status(lab) == 200
    assert lab.faults == ()


async def test_chance_is_seeded():
    async def draw(seed):
        lab = Lab(seed, HandClock())
        lab.inject("kraken", "status:500", probability=0.5)
        return [await status(lab) for _ in range(40)]

    one, same, other = [await draw(seed) for seed in (1, 1, 2)]
    assert one == same != other
    assert 8 < one.count(500) < 32


async def test_chance_is_the_faults_own(lab):
    lab.inject("kraken", "status:500", probability=0.5)
    alone = [await status(lab) for _ in range(20)]
    lab = Lab(7, HandClock())
    lab.inject("kraken", "status:500", probability=0.5)
    lab.inject("binance", "garbage", probability=0.5)
    beside = []
    for _ in range(20):
        await status(lab, "binance")
        beside.append(await status(lab))
    assert beside == alone


async def test_the_same_fault_is_replaced_and_others_stay(lab):
    lab.inject("kraken", "latency", seconds=5)
    lab.inject("kraken", "latency", seconds=1)
    lab.inject("kraken", "status:500")
    lab.inject("kraken/ohlcv", "status:503")
    assert [(one.target, one.fault, one.seconds) for one in lab.faults] == [
        ("kraken", "latency", 1),
        ("kraken", "status:500", None),
        ("kraken/ohlcv", "status:503", None),
    ]
    lab.clear("kraken")
    assert [one.target for one in lab.faults] == ["kraken/ohlcv"]
    assert await status(lab) == 503
    lab.clear()
    assert (lab.faults, await status(lab)) == ((), 200)


async def test_the_snapshot_counts_and_is_plain_data(lab):
    made = lab.inject("kraken", "status:429", retry_after=120)
    assert made == lab.faults[0]
    await status(lab)
    (fault,) = lab.faults
    assert (fault.met, fault.since, fault.retry_after) == (1, EPOCH, "120")
    assert fault.as_dict()["fault"] == "status:429"


@pytest.mark.parametrize(
    ("target", "fault", "options", "says"),
    [
        ("krakken", "timeout", {}, "expected a provider among binance kraken coinbase"),
        ("kraken/news", "timeout", {}, "one of ohlcv orderbook"),
        ("/ohlcv", "timeout", {}, "expected provider/capability"),
        ("kraken@api.binance.com", "timeout", {}, "expected a host among api.kraken.com"),
        ("@nowhere.example", "timeout", {}, "expected a host among api.binance.com"),
        ("kraken@", "timeout", {}, "expected a host"),
        (["kraken"], "timeout", {}, "expected a provider"),
        ("kraken", "explode", {}, "expected one of latency timeout"),
        ("kraken", None, {}, "expected one of latency"),
        ("kraken", "latency:5", {}, "expected one of latency"),
        ("kraken", "status", {}, "status:400 to status:599"),
        ("kraken", "status:200", {}, "status:400 to status:599"),
        ("kraken", "status:99", {}, "from 200 to 599"),
        ("kraken", "status:abc", {}, "whole number"),
        ("kraken", "timeout", {"retry_after": 3}, "timeout allows probability seconds since times until"),
        ("kraken", "timeout", {"second": 3}, "second=3: timeout allows"),
        ("kraken", "timeout", {"seconds": -1}, "seconds=-1"),
        ("kraken", "timeout", {"seconds": "3"}, "seconds='3': expected a number"),
        ("kraken", "timeout", {"seconds": float("nan")}, "seconds=nan"),
        ("kraken", "timeout", {"probability": 1.5}, "from 0 to 1"),
        ("kraken", "timeout", {"times": 0}, "whole number"),
        ("kraken", "timeout", {"times": True}, "whole number"),
        ("kraken", "truncated", {"clean": 1}, "expected True or False"),
        ("kraken", "status:429", {"retry_after": "a\r\nb"}, "expected seconds, a date"),
        ("kraken", "spike", {"factor": 0}, "factor=0"),
    ],
)
def test_what_is_refused_and_how(lab, target, fault, options, says):
    with pytest.raises(ValueError, match=says):
        lab.inject(target, fault, **options)
    assert lab.faults == ()


def test_clear_refuses_what_it_does_not_know(lab):
    with pytest.raises(ValueError, match="krakken"):
        lab.clear("krakken")


def test_a_lab_by_default_runs_on_the_machines_clock():
    lab = Lab()
    assert lab.clock.now() > 1_700_000_000
    assert {url.removeprefix("https://") for url in HOSTS.values()} <= set(lab.hosts)
