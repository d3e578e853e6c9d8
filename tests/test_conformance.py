"""Every endpoint of the catalogue against the lab, whose bodies know nothing of the catalogue."""

import asyncio
import contextlib

import httpx
import pytest

from core.answer import BadPayload, Forbidden, ProviderDown, Throttled, UnknownSymbol, Untrue, WireError
from core.catalog import Catalog
from core.engine import truth
from core.engine.classify import EXPECTED
from core.lab import Lab
from core.lab.assets import BASES
from core.lab.venues import VENUES
from core.market import (
    INTERVALS,
    CandleQuery,
    MetadataQuery,
    NewsQuery,
    OnChainQuery,
    OrderBook,
    OrderBookQuery,
    PriceQuery,
    Quote,
    SentimentQuery,
    SocialQuery,
    TechnicalQuery,
    Volume,
    VolumeQuery,
)

CATALOG = Catalog.load()
ENDPOINTS = CATALOG.endpoints
NOW = 1_780_000_123.0


class Clock:
    def mono(self):
        return 0.0

    def now(self):
        return NOW


def offered(provider):
    """Interval → how many closed candles can be had in one request."""
    call = provider.declaration.ohlcv
    return {
        name: min(call.max_rows, call.kept(name) or call.max_rows)
        for name in INTERVALS
        if name in call.intervals
    }


def usual(provider):
    """An hour, or what is offered instead."""
    found = offered(provider)
    return "1h" if "1h" in found else list(found)[-1]


def unlisted(provider):
    """A symbol that the lab's venues do not list, and that can be asked for."""
    rules = provider.declaration.symbol
    if rules.named_only:
        known = [*(f"{base}/{(provider.quotes or ('USD',))[0]}" for base in rules.rename), *rules.overrides]
        return next(symbol for symbol in sorted(known) if symbol.split("/")[0] not in BASES)
    quote = "USDT" if "USDT" in (provider.quotes or ("USDT",)) else provider.quotes[0]
    return f"NOSUCHCOIN/{quote}"


def query_of(endpoint, symbol=None):
    provider = CATALOG[endpoint.provider]
    symbol = symbol or provider.check_symbol
    if endpoint.capability == "ohlcv":
        interval = usual(provider)
        return CandleQuery(symbol, interval, limit=min(200, offered(provider)[interval]))
    match endpoint.capability:
        case "price":
            return PriceQuery(symbol)
        case "volume":
            return VolumeQuery(symbol)
        case "orderbook":
            return OrderBookQuery(symbol, depth=20)
        case "metadata":
            return MetadataQuery() if provider.serves(MetadataQuery()) is None else MetadataQuery(symbol)
        case "news":
            return NewsQuery()
        case "sentiment":
            return SentimentQuery("Bitcoin rises") if provider.kind == "model" else SentimentQuery()
        case "social":
            return SocialQuery(symbol)
        case "technical":
            return TechnicalQuery(symbol, "1h")
        case "onchain":
            return OnChainQuery(next(iter(provider.declaration.onchain[0].metrics)))
    raise AssertionError(f"no query for {endpoint.capability}")


async def ask(lab, endpoint, query, now=NOW):
    provider = CATALOG[endpoint.provider]
    request = provider.request(query, host=endpoint.host, now=now)
    async with httpx.AsyncClient(transport=lab.transport()) as client:
        response = await client.request(
            request.method, request.url, headers=request.headers, content=request.content
        )
    value = provider.read(query, response, now=now)
    truth.check(query, value, now)
    return value


@pytest.fixture
def lab():
    return Lab(seed=11, clock=Clock())


each = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
# The hosts of a provider share their declarations; for what depends on those alone one host will do.
ONCE = [e for e in ENDPOINTS if e.host == CATALOG[e.provider].hosts[0].name]


def shared(endpoint):
    """Whether its call is that of the price, by which it is tried already."""
    calls = CATALOG[endpoint.provider].declaration.calls
    return endpoint.capability == "volume" and calls.get("price") == calls["volume"]


# What goes wrong with a call goes wrong with it whatever is read out of it.
once = pytest.mark.parametrize("endpoint", [e for e in ONCE if not shared(e)], ids=str)


about_symbols = pytest.mark.parametrize(
    "endpoint",
    [
        e
        for e in ENDPOINTS
        if e.host == CATALOG[e.provider].hosts[0].name
        and e.capability in {"ohlcv", "price", "volume", "orderbook", "social", "technical"}
    ],
    ids=str,
)


OHLCV = [e for e in ENDPOINTS if e.host == CATALOG[e.provider].hosts[0].name and e.capability == "ohlcv"]
candles = pytest.mark.parametrize("endpoint", OHLCV, ids=str)
# An aggregator that has one candle only has no order, no gap and no page.
series = pytest.mark.parametrize(
    "endpoint", [e for e in OHLCV if max(offered(CATALOG[e.provider]).values()) > 1], ids=str
)


@each
async def test_it_answers_with_the_simulated_truth(lab, endpoint):
    query = query_of(endpoint)
    value = await ask(lab, endpoint, query)
    match endpoint.capability:
        case "ohlcv":
            assert len(value) == query.limit
            assert value.index[-1].timestamp() + query.seconds <= NOW
            assert value.index[-1].timestamp() + 2 * query.seconds > NOW
            assert (value["volume"] > 0).all() if "volume" in value else value.attrs["notes"]
            truly = value["close"].iloc[-1]
        case "price":
            assert isinstance(value, Quote)
            assert value.symbol == query.symbol
            truly = value.last
        case "volume":
            assert isinstance(value, Volume)
            assert (value.volume_base or value.volume_quote) > 0
            return
        case "orderbook":
            assert isinstance(value, OrderBook)
            bids, asks = [p for p, _ in value.bids], [p for p, _ in value.asks]
            assert bids == sorted(bids, reverse=True)
            assert asks == sorted(asks)
            assert len(bids) == len(asks) == 20
            truly = (bids[0] + asks[0]) / 2
        case _:
            return  # what is around a price has tests of its own
    # All venues tell of one market, up to a basis of some basis points and an hour's move.
    others = []
    for other in ENDPOINTS:
        asked = PriceQuery(query.symbol)
        if len(others) == 7:
            break
        if other.capability == "price" and CATALOG[other.provider].serves(asked, NOW) is None:
            with contextlib.suppress(UnknownSymbol):  # its quote currency, but not this market
                others.append((await ask(lab, other, asked)).last)
    assert len(others) >= 2
    assert truly == pytest.approx(sorted(others)[len(others) // 2], rel=0.05)


@candles
async def test_every_interval_it_offers_is_read(lab, endpoint):
    provider = CATALOG[endpoint.provider]
    for interval, most in offered(provider).items():
        step = INTERVALS[interval]
        query = CandleQuery(provider.check_symbol, interval, limit=min(50, most))
        assert provider.serves(query, NOW) is None
        frame = await ask(lab, endpoint, query)
        assert len(frame) == query.limit
        steps = frame.index.to_series().diff().dropna().dt.total_seconds()
        assert (steps == step).all()
        first, stop = query.span(NOW)
        assert frame.index[0].timestamp() == first
        assert frame.index[-1].timestamp() == stop - step
    assert provider.id in {"coingecko", "coinpaprika"} or {"1m", "1h"} <= set(offered(provider))


@series
async def test_coarse_candles_are_the_sum_of_fine_ones(lab, endpoint):
    """Column order, volume units and open times cannot all be wrong in a way that still adds up."""
    provider = CATALOG[endpoint.provider]
    # The finest of which four coarse ones fit into one answer.
    coarse, step = usual(provider), INTERVALS[usual(provider)]
    finer = (name for name, most in offered(provider).items() if most * INTERVALS[name] >= 4 * step)
    fine = next(finer, next(iter(offered(provider))))
    many = step // INTERVALS[fine]
    hours = await ask(lab, endpoint, CandleQuery(provider.check_symbol, coarse, limit=3))
    minutes = await ask(
        lab, endpoint, CandleQuery(provider.check_symbol, fine, limit=min(offered(provider)[fine], 4 * many))
    )
    for time, hour in hours.iterrows():
        inside = minutes[minutes.index.floor(f"{step}s") == time]
        assert len(inside) == many
        assert hour["open"] == inside["open"].iloc[0]
        assert hour["high"] == inside["high"].max()
        assert hour["low"] == inside["low"].min()
        assert hour["close"] == inside["close"].iloc[-1]
        if "volume" in hour:
            assert hour["volume"] == pytest.approx(inside["volume"].sum(), rel=1e-6)


@series
async def test_pages_join_without_a_seam(lab, endpoint):
    provider = CATALOG[endpoint.provider]
    query = CandleQuery(provider.check_symbol, usual(provider), limit=700)
    if not provider.covers(query, NOW):
        query = query.replace(limit=offered(provider)[query.interval])
    times = []
    for page in provider.pages(query, NOW):
        times += list((await ask(lab, endpoint, page)).index)
    assert len(times) == len(set(times)) == query.limit
    assert times == sorted(times)


@about_symbols
async def test_an_unknown_symbol_is_named(lab, endpoint):
    provider = CATALOG[endpoint.provider]
    query = query_of(endpoint, unlisted(provider))
    if str(endpoint) in SILENT:
        assert (await ask(lab, endpoint, query)).empty
        return
    with pytest.raises(untold(endpoint)):
        await ask(lab, endpoint, query)


@about_symbols
async def test_a_delisted_symbol_is_named(lab, endpoint):
    provider = CATALOG[endpoint.provider]
    base = provider.check_symbol.partition("/")[0]
    for venue in VENUES:
        if venue.id == provider.id:
            for market in venue.listed:
                if market.base == base:
                    lab.inject(provider.id, f"delisted:{market.symbol}")
    query = query_of(endpoint)
    if str(endpoint) in SILENT:
        assert (await ask(lab, endpoint, query)).empty
        return
    with pytest.raises(untold(endpoint)):
        await ask(lab, endpoint, query)


@about_symbols
def test_an_asset_without_a_known_id_is_not_asked_for(endpoint):
    provider = CATALOG[endpoint.provider]
    query = query_of(endpoint, f"NOSUCHCOIN/{provider.check_symbol.split('/')[1]}")
    reason = provider.serves(query, NOW)
    assert reason == (
        "its name for NOSUCHCOIN is not known" if provider.declaration.symbol.named_only else None
    )


SILENT = {"bitfinex/ohlcv@api-pub.bitfinex.com"}
"""These answer an empty list about a symbol that is not there, as about a time without trades."""

UNTOLD = {
    "hyperliquid": (BadPayload, ProviderDown),
    "reddit/social": ProviderDown,
    "lunarcrush/social": ProviderDown,
    "coinlore/social": BadPayload,
}
"""Who has no words for a symbol that is not there; so only what is known to be there is asked for."""


def untold(endpoint):
    """How a symbol that is not there shows."""
    by_capability = f"{endpoint.provider}/{endpoint.capability}"
    return UNTOLD.get(by_capability) or UNTOLD.get(endpoint.provider, UnknownSymbol)


FAULTS = {
    "timeout": httpx.TimeoutException,
    "refuse": httpx.ConnectError,
    "reset": httpx.TransportError,
    "status:500": ProviderDown,
    # A 404 may be the form for an unknown symbol; of its check symbol the engine does not believe that.
    "status:404": (ProviderDown, UnknownSymbol),
    "status:429": Throttled,
    "status:418": Throttled,
    "status:451": Forbidden,
    "status:401": Forbidden,
    "status:403": Forbidden,
    "html": BadPayload,
    "empty": BadPayload,
    "wrong_type": BadPayload,
    "partial_206": BadPayload,
    "garbage": BadPayload,
    "schema_drift": BadPayload,
    "truncated": (BadPayload, httpx.RemoteProtocolError),
    "maintenance": ProviderDown,
}


@once
@pytest.mark.looptime
async def test_every_fault_is_named(lab, endpoint, subtests):
    for fault, expected in FAULTS.items():
        with subtests.test(fault=fault):
            lab.clear()
            options = {"seconds": 5.0} if fault == "timeout" else {}
            lab.inject(f"{endpoint.provider}/{endpoint.capability}", fault, **options)
            with pytest.raises(expected) as caught:
                await ask(lab, endpoint, query_of(endpoint))
            assert isinstance(caught.value, EXPECTED)
            if isinstance(caught.value, WireError):
                assert caught.value.reason
            if fault == "status:429":
                assert caught.value.retry_after == 30


@series
async def test_untrue_data_is_seen(lab, endpoint):
    lab.inject(endpoint.provider, "unsorted")
    with pytest.raises(Untrue, match="backwards"):
        await ask(lab, endpoint, query_of(endpoint))


@series
async def test_gaps_and_duplicates_leave_a_clean_frame(lab, endpoint):
    lab.inject(endpoint.provider, "gap", rows=5)
    lab.inject(endpoint.provider, "duplicate", rows=4)
    provider = CATALOG[endpoint.provider]
    interval = usual(provider)
    query = CandleQuery(provider.check_symbol, interval, limit=offered(provider)[interval])
    frame = await ask(lab, endpoint, query)
    assert frame.index.is_unique
    assert frame.index.is_monotonic_increasing
    slots = (frame.index[-1] - frame.index[0]).total_seconds() / query.seconds + 1
    assert slots - len(frame) == 5
    assert frame.attrs["wire"]["duplicates"] == 4


@each
async def test_its_cheapest_call_answers(lab, endpoint):
    provider = CATALOG[endpoint.provider]
    request = provider.check_request(endpoint.host)
    async with httpx.AsyncClient(transport=lab.transport()) as client:
        asked = client.request(request.method, request.url, headers=request.headers, content=request.content)
        response = await asyncio.wait_for(asked, 5)
    provider.read_check(response, now=NOW)


LISTING = [
    (provider, host)
    for provider in CATALOG.values()
    if provider.declaration.listing
    for host in provider.hosts
]
listing = pytest.mark.parametrize(
    ("provider", "host"), LISTING, ids=[f"{provider.id}@{host.name}" for provider, host in LISTING]
)


async def ask_list(lab, provider, host):
    request = provider.listing_request(host)
    async with httpx.AsyncClient(transport=lab.transport()) as client:
        response = await client.request(
            request.method, request.url, headers=request.headers, content=request.content
        )
    return provider.read_listing(response, now=NOW)


@listing
async def test_its_list_of_symbols_is_that_of_the_venue(lab, provider, host):
    venue = next(venue for venue in VENUES if venue.id == provider.id)
    there = {market.symbol for market in venue.listed}
    assert provider.check_symbol in there
    # Of what the venue lists, all can be asked for.
    assert await ask_list(lab, provider, host) == there


@listing
@pytest.mark.parametrize(
    "fault", ["status:500", "status:429", "html", "empty", "truncated", "garbage", "wrong_type"]
)
@pytest.mark.looptime
async def test_a_list_that_fails_is_named(lab, provider, host, fault):
    lab.inject(provider.id, fault)
    with pytest.raises(FAULTS[fault]):
        await ask_list(lab, provider, host)
