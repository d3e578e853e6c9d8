"""Kinds of trouble that real venues have: outages, maintenance, slow decay, delisting, a change overnight."""

import asyncio

import httpx
import pytest
from lab_world import CANDLES, EPOCH, HOSTS, TICKERS, HandClock, LoopClock, client, url

from core import AsyncHub, NoAnswer, Settings
from core.answer import BadPayload, ProviderDown, UnknownSymbol
from core.catalog import Catalog
from core.lab import Lab
from core.lab.venues import VENUES
from core.market import PriceQuery

pytestmark = pytest.mark.looptime
CATALOG = Catalog.load()
DEX = {"geckoterminal", "dexscreener"}
"""Here they play one pool a coin, and Hyperliquid has no words for a coin that is not there."""
PROVIDERS = [provider.id for provider in CATALOG.serving("price")]


@pytest.fixture
def lab():
    return Lab(7, HandClock())


@pytest.fixture
def open_hub(tmp_path):
    """A hub over a lab of its own, both on virtual time."""

    def make(**knobs):
        clock = LoopClock()
        lab = Lab(7, clock)
        settings = Settings(mode="live", data_dir=tmp_path, **knobs)
        return lab, AsyncHub(settings, transport=lab.transport(), clock=clock)

    return make


async def ask(lab, provider="kraken", paths=CANDLES):
    async with client(lab) as http:
        return await http.get(url(provider, paths))


async def answer_of(lab, provider_id, symbol=None):
    """The price at a venue, by its catalogue entry."""
    provider = CATALOG[provider_id]
    query = PriceQuery(symbol or provider.check_symbol)
    request = provider.request(query, now=EPOCH)
    async with client(lab) as http:
        response = await http.request(
            request.method, request.url, headers=request.headers, content=request.content
        )
    return provider.read(query, response, now=EPOCH)


@pytest.mark.parametrize("fault", ["refuse", "timeout"])
async def test_outage_of_one_host_of_one_venue_and_of_everything(open_hub, fault):
    lab, hub = open_hub(providers=("binance", "kraken", "okx"))
    async with hub:
        lab.inject("@api.binance.com", fault)
        answer = await hub.price("BTC/USDT")
        assert answer.source in {"binance", "kraken"}  # a hanging host may be overtaken
        assert answer.host != "api.binance.com"
        lab.inject("binance", fault)
        answer = await hub.price("BTC/USDT", refresh=True)
        assert (answer.source, answer.tier) == ("kraken", "fallback")
        lab.inject(None, fault)
        answer = await hub.price("BTC/USDT", refresh=True)
        assert (answer.source, answer.tier) == ("kraken", "stale")
        with pytest.raises(NoAnswer):
            await hub.price("ETH/USDT")
        lab.clear()
        await asyncio.sleep(400)
        assert (await hub.price("BTC/USDT", refresh=True)).source == "binance"


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [503, 200])
async def test_maintenance_is_a_failure_of_the_venue(lab, provider, status):
    lab.inject(provider, "maintenance", status=status)
    with pytest.raises((ProviderDown, BadPayload)) as caught:
        await answer_of(lab, provider)
    assert caught.value.status == status
    lab.clear()
    assert (await answer_of(lab, provider)).last > 0


async def test_maintenance_is_503_and_a_page_unless_the_venue_has_words_for_it(lab):
    lab.inject(None, "maintenance")
    response = await ask(lab, "coinbase")
    assert response.status_code == 503
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "maintenance" in response.text
    response = await ask(lab, "kraken")
    assert (response.status_code, response.json()) == (503, {"error": ["EService:Unavailable"]})
    async with client(lab) as http:
        response = await http.get(f"{HOSTS['kraken']}/0/public/SystemStatus")
        assert response.json()["result"]["status"] == "maintenance"
        with pytest.raises(ProviderDown):
            CATALOG["kraken"].read_check(response, now=EPOCH)
        assert (await http.get("https://api-pub.bitfinex.com/v2/platform/status")).json() == [0]
        response = await http.get("https://api-pub.bitfinex.com/v2/ticker/tBTCUSD")
        assert response.json() == ["error", 20060, "maintenance"]
        response = await http.get("https://api.gemini.com/v1/pubticker/btcusd")
        assert response.json()["reason"] == "Maintenance"


async def test_decay_makes_answers_ever_slower():
    lab = Lab(7, LoopClock())
    lab.inject("kraken", "decay", slope=0.02)

    async def took():
        start = asyncio.get_running_loop().time()
        await ask(lab)
        return asyncio.get_running_loop().time() - start

    assert await took() == pytest.approx(0, abs=1e-6)
    await asyncio.sleep(100)
    assert await took() == pytest.approx(2)
    await asyncio.sleep(98)
    assert await took() == pytest.approx(4)
    lab.inject("kraken", "decay", slope=0.02, since=lab.clock.now() - 500)
    assert await took() == pytest.approx(10)
    lab.clear()
    assert await took() == pytest.approx(0, abs=1e-6)


async def test_a_decaying_venue_is_overtaken_before_it_is_silent(open_hub):
    lab, hub = open_hub(providers=("binance", "kraken"))
    async with hub:
        for _ in range(30):
            assert (await hub.price("BTC/USDT", refresh=True)).source == "binance"
            await asyncio.sleep(60)
        lab.inject("binance", "decay", slope=0.005)
        sources = []
        for _ in range(20):
            sources.append((await hub.price("BTC/USDT", refresh=True)).source)
            await asyncio.sleep(60)
        assert "kraken" in sources


@pytest.mark.parametrize("provider", [one for one in PROVIDERS if one not in {"hyperliquid", *DEX}])
async def test_a_delisted_symbol_is_unknown_to_the_venue(lab, provider):
    venue = next(venue for venue in VENUES if venue.id == provider)
    symbol = CATALOG[provider].check_symbol
    other = next(
        listing.symbol
        for listing in venue.listed
        if not symbol.startswith(f"{listing.base}/")
        and CATALOG[provider].serves(PriceQuery(listing.symbol)) is None
    )
    for listing in venue.listed:  # an aggregator drops a coin in all currencies at once
        if listing.symbol.startswith(symbol.partition("/")[0] + "/"):
            lab.inject(provider, "delisted", symbol=listing.symbol)
    with pytest.raises(UnknownSymbol):
        await answer_of(lab, provider)
    assert (await answer_of(lab, provider, other)).last > 0
    lab.clear(provider)
    assert (await answer_of(lab, provider)).last > 0


async def test_a_delisted_symbol_is_off_the_list_and_several_add_up(lab):
    async def listed():
        provider = CATALOG["kraken"]
        async with client(lab) as http:
            return provider.read_listing(await http.get(provider.listing_request().url))

    before = await listed()
    assert lab.inject("kraken", "delisted:SOL/USD").symbol == "SOL/USD"
    lab.inject("kraken", "delisted", symbol="ada/usd")
    assert before - await listed() == {"SOL/USD", "ADA/USD"}
    with pytest.raises(UnknownSymbol):
        await answer_of(lab, "kraken", "SOL/USD")
    assert (await answer_of(lab, "coinbase", "SOL/USD")).last > 0


async def test_after_a_delisting_another_venue_answers(open_hub):
    lab, hub = open_hub(providers=("binance", "kraken", "okx"))
    async with hub:
        assert (await hub.price("SOL/USDT")).source == "binance"
        lab.inject("binance", "delisted:SOL/USDT")
        answer = await hub.price("SOL/USDT", refresh=True)
        assert answer.source != "binance"
        assert answer.attempts[0].outcome == "unknown_symbol"
        assert (await hub.health()).as_dict()["totals"]["unavailable"] == 0
        await asyncio.sleep(2 * 86_400)
        assert "not listed at binance" in str(await hub.symbols("SOL/USDT"))
        attempts = (await hub.price("SOL/USDT", refresh=True)).attempts
        assert (attempts[0].outcome, attempts[0].reason) == (
            "skipped_unserved",
            "Binance does not list SOL/USDT",
        )


async def test_a_shape_changes_overnight_and_is_put_right_in_the_morning():
    lab = Lab(7, LoopClock())
    night = lab.clock.now() + 3600
    made = lab.inject("kraken", "schema_drift", since=night, seconds=7200)
    assert (made.since, made.until) == (night, night + 7200)
    assert lab.faults == (made,)
    assert "result" in (await ask(lab)).json()
    await asyncio.sleep(3601)
    assert "result" not in (await ask(lab)).json()
    await asyncio.sleep(7200)
    assert "result" in (await ask(lab)).json()
    assert lab.faults == ()


async def test_the_hub_outlives_the_night(open_hub):
    lab, hub = open_hub(providers=("binance", "kraken"))
    async with hub:
        assert (await hub.candles("BTC/USDT", "1h", limit=10)).source == "binance"
        lab.inject("binance", "schema_drift", since=lab.clock.now() + 6 * 3600, seconds=3600)
        await asyncio.sleep(6.5 * 3600)
        answer = await hub.candles("BTC/USDT", "1h", limit=10)
        assert answer.source == "kraken"
        assert answer.attempts[0].outcome == "payload"
        await asyncio.sleep(3600)
        assert (await hub.candles("BTC/USDT", "1h", limit=10)).source == "binance"


async def test_everything_refused_later_is_reachable_now():
    lab = Lab(7, LoopClock())
    lab.inject(None, "refuse", since=lab.clock.now() + 60)
    assert not lab.unreachable
    assert (await ask(lab, paths=TICKERS)).status_code == 200
    await asyncio.sleep(61)
    assert lab.unreachable
    with pytest.raises(httpx.ConnectError):
        await ask(lab)


@pytest.mark.parametrize(
    ("fault", "options", "says"),
    [
        ("delisted", {}, "expected a symbol, as in delisted:BTC/USD"),
        ("delisted", {"symbol": "XBTUSD"}, "expected BASE/QUOTE"),
        ("delisted", {"symbol": 7}, "expected BASE/QUOTE"),
        ("delisted:FOO/USD", {}, "expected one that is listed at kraken"),
        ("schema_drift", {"since": "tonight"}, "since='tonight': expected a number"),
        ("schema_drift", {"since": 2e9, "until": 1.9e9}, "expected a time after since"),
        ("decay", {"slope": -1}, "slope=-1"),
        ("maintenance", {"status": 7}, "from 200 to 599"),
        ("maintenance:503", {}, "expected one of latency"),
    ],
)
def test_what_is_refused(lab, fault, options, says):
    with pytest.raises(ValueError, match=says):
        lab.inject("kraken", fault, **options)
    assert lab.faults == ()


def test_a_venue_without_a_listing_is_a_copy():
    kraken = next(venue for venue in VENUES if venue.id == "kraken")
    assert kraken.without(()) is kraken
    assert len(kraken.without({"BTC/USD"}).listed) == len(kraken.listed) - 1
    assert any(listing.symbol == "BTC/USD" for listing in kraken.listed)
