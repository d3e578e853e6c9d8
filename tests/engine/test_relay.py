"""The relay: asked last before the stale cache, without keys, and never to get around a refusal."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fakes import BINANCE, Venues, hang, refuse, status

from core.answer import NoAnswer
from core.async_hub import AsyncHub
from core.settings import Settings

pytestmark = pytest.mark.looptime

RELAY = "relay.example"
THREE = ("binance", "kraken", "coinbase")


class Forwarding(httpx.AsyncBaseTransport):
    """The venues, and a relay that reaches them by a way of its own."""

    def __init__(self, venues: Venues) -> None:
        self.venues = venues
        self.forwarded: list[httpx.Request] = []
        self.fault = None
        self.there = None
        """What the venues say to the relay; by default what they say when all is well."""

    async def handle_async_request(self, request):
        if request.url.host != RELAY:
            return await self.venues.handle_async_request(request)
        self.forwarded.append(request)
        if self.fault is not None:
            answer = self.fault(request)
            return await answer if asyncio.iscoroutine(answer) else answer
        (target,) = parse_qs(urlsplit(str(request.url)).query)["url"]
        return (self.there or self.venues.good)(httpx.Request(request.method, target))

    @property
    def targets(self):
        return [parse_qs(urlsplit(str(r.url)).query)["url"][0] for r in self.forwarded]


@pytest.fixture
def net(venues):
    return Forwarding(venues)


@pytest.fixture
def open_hub(net, clock, tmp_path):
    def make(**knobs):
        usual = {"mode": "live", "providers": THREE, "relay_url": f"https://{RELAY}/?token=s3cret"}
        return AsyncHub(Settings(data_dir=tmp_path, **{**usual, **knobs}), transport=net, clock=clock)

    return make


@pytest.mark.parametrize("fault", [status(500), refuse, hang])
async def test_when_nobody_answers_directly(open_hub, venues, net, fault):
    venues.everywhere(fault)
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USDT", "1h", limit=5)
        assert (answer.tier, answer.source, answer.host) == ("relay", "binance", RELAY)
        assert len(answer.value) == 5
        assert f"through the relay {RELAY}" in answer.notes
        last = answer.attempts[-1]
        assert (last.provider, last.host, last.outcome, last.status) == ("binance", RELAY, "ok", 200)
        assert {a.outcome for a in answer.attempts[:-1]}.isdisjoint({"ok"})
        assert net.targets[-1].startswith(f"https://{BINANCE[0]}/api/v3/klines?symbol=BTCUSDT")
        cached = await hub.candles("BTC/USDT", "1h", limit=5)
        assert (cached.tier, cached.host) == ("cache", RELAY)
        assert "s3cret" not in repr(answer) + repr(await hub.diagnostics())


async def test_not_while_anybody_answers(open_hub, venues, net):
    venues.on("binance", status(500))
    async with open_hub() as hub:
        assert (await hub.candles("BTC/USDT", "1h")).source == "kraken"
    assert not net.forwarded


async def test_before_the_stale_cache_which_stands_behind_it(open_hub, venues, net):
    async with open_hub() as hub:
        await hub.price("BTC/USDT")
        await asyncio.sleep(3600)
        venues.everywhere(status(500))
        assert (await hub.price("BTC/USDT")).tier == "relay"
        await asyncio.sleep(3600)
        net.fault = status(502)
        stale = await hub.price("BTC/USDT")
        assert stale.tier == "stale"
        assert RELAY in {attempt.host for attempt in stale.attempts}


@pytest.mark.parametrize("refusal", [status(451), status(403), status(429, {"Retry-After": "600"})])
async def test_who_refuses_us_is_not_asked_by_a_back_door(open_hub, venues, net, refusal):
    venues.everywhere(refusal)
    async with open_hub() as hub:
        with pytest.raises(NoAnswer):
            await hub.price("BTC/USDT")
    assert not net.forwarded


async def test_who_is_isolated_is_not_asked_either(open_hub, venues, net):
    venues.everywhere(status(500))
    async with open_hub() as hub:
        await hub.isolate("binance", "for a test")
        answer = await hub.price("BTC/USDT")
        assert answer.source == "kraken"
    assert not any("binance" in target for target in net.targets)


async def test_no_key_goes_through_it(open_hub, venues, net, monkeypatch):
    monkeypatch.setenv("COINGECKO_API_KEY", "CG-marked-key")
    seen = []

    async def down(request):
        seen.append(request)
        return httpx.Response(500)

    monkeypatch.setattr(Venues, "handle_async_request", lambda _, request: down(request))
    net.there = lambda _: httpx.Response(500)
    async with open_hub(providers=("coingecko",)) as hub:
        with pytest.raises(NoAnswer) as failed:
            await hub.price("BTC/USD")
    assert any("CG-marked-key" in repr(r.headers.raw) + str(r.url) for r in seen), "directly it is used"
    assert net.forwarded
    assert not any("CG-marked-key" in repr(r.headers.raw) + str(r.url) for r in net.forwarded)
    assert failed.value.attempts[-1].host == RELAY


async def test_a_relay_that_is_down_is_left_alone_and_blamed_alone(open_hub, venues, net):
    venues.everywhere(status(500))
    net.fault = refuse
    async with open_hub() as hub:
        for _ in range(3):
            with pytest.raises(NoAnswer):
                await hub.price("BTC/USDT", refresh=True)
        asked = len(net.forwarded)
        with pytest.raises(NoAnswer):
            await hub.price("BTC/USDT", refresh=True)
        assert len(net.forwarded) == asked
        await hub.journal.flushed()
        assert hub.journal.events(target=f"relay/price@{RELAY}")
        await asyncio.sleep(400)
        net.fault = None
        assert (await hub.price("BTC/USDT", refresh=True)).tier == "relay"


async def test_one_deadline_for_all_of_it(open_hub, venues, net):
    venues.everywhere(hang)
    net.fault = hang
    async with open_hub() as hub:
        began = asyncio.get_running_loop().time()
        with pytest.raises(NoAnswer):
            await hub.price("BTC/USDT", deadline=5)
        assert asyncio.get_running_loop().time() - began <= 5.01
    assert net.forwarded


async def test_the_place_of_the_address_can_be_named(open_hub, venues, net):
    venues.everywhere(status(500))
    net.fault = status(500)
    async with open_hub(relay_url=f"https://{RELAY}/get/{{url}}?k=1") as hub:
        with pytest.raises(NoAnswer):
            await hub.price("BTC/USDT", providers=["kraken"])
    (request,) = net.forwarded
    assert request.url.raw_path.startswith(b"/get/https%3A%2F%2Fapi.kraken.com%2F0%2Fpublic%2FTicker%3F")
    assert request.url.raw_path.endswith(b"?k=1")


def echo(request):
    said = f"cannot fetch {request.url}"
    return httpx.Response(500, json={"msg": said, "error": [f"EService:{said}"], "message": said})


def breaks(request):
    raise httpx.RemoteProtocolError(f"{request.url} went away")


@pytest.mark.parametrize("fault", [echo, breaks])
@pytest.mark.parametrize(
    "address",
    [
        f"https://{RELAY}/?token=s3cret",
        f"https://{RELAY}/forward/s3cret/{{url}}",
        f"https://someone:s3cret@{RELAY}/raw?url={{url}}",
        f"https://{RELAY}/raw?key=s3%2Fcret&url={{url}}",
    ],
)
async def test_the_relays_address_is_shown_by_its_host_alone(open_hub, venues, net, address, fault):
    venues.everywhere(status(500))
    net.fault = fault
    async with open_hub(relay_url=address) as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.candles("BTC/USDT", "1h")
        health = str((await hub.health()).as_dict())
        await hub.journal.flushed()
        journal = repr(hub.journal.events(limit=1000))
    assert [a.host for a in caught.value.attempts if a.host == RELAY], "the relay was asked"
    for text in (str(caught.value), health, journal):
        assert "s3cret" not in text
        assert "s3%2Fcret" not in text
        assert "s3/cret" not in text
