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
from core.market import (
    INTERVALS,
    CandleQuery,
    OrderBook,
    OrderBookQuery,
    PriceQuery,
    Quote,
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


def query_of(endpoint, symbol=None):
    symbol = symbol or CATALOG[endpoint.provider].check_symbol
    return {
        "ohlcv": CandleQuery(symbol, "1h", limit=200),
        "price": PriceQuery(symbol),
        "volume": VolumeQuery(symbol),
        "orderbook": OrderBookQuery(symbol, depth=20),
    }[endpoint.capability]


async def ask(lab, endpoint, query, now=NOW):
    provider = CATALOG[endpoint.provider]
    request = provider.request(query, host=endpoint.host, now=now)
    async with httpx.AsyncClient(transport=lab.transport()) as client:
        response = await client.request(request.method, request.url, headers=request.headers)
    value = provider.read(query, response, now=now)
    truth.check(query, value, now)
    return value


@pytest.fixture
def lab():
    return Lab(seed=11, clock=Clock())


each = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
# The hosts of a provider share their declarations; for what depends on those alone one host will do.
once = pytest.mark.parametrize(
    "endpoint", [e for e in ENDPOINTS if e.host == CATALOG[e.provider].hosts[0].name], ids=str
)


candles = pytest.mark.parametrize(
    "endpoint",
    [e for e in ENDPOINTS if e.host == CATALOG[e.provider].hosts[0].name and e.capability == "ohlcv"],
    ids=str,
)


@each
async def test_it_answers_with_the_simulated_truth(lab, endpoint):
    query = query_of(endpoint)
    value = await ask(lab, endpoint, query)
    match endpoint.capability:
        case "ohlcv":
            assert len(value) == 200
            assert value.index[-1].timestamp() + 3600 <= NOW < value.index[-1].timestamp() + 7200
            assert (value["volume"] > 0).all()
            truly = value["close"].iloc[-1]
        case "price":
            assert isinstance(value, Quote)
            assert value.symbol == query.symbol
            truly = value.last
        case "volume":
            assert isinstance(value, Volume)
            assert value.volume_base > 0
            return
        case "orderbook":
            assert isinstance(value, OrderBook)
            bids, asks = [p for p, _ in value.bids], [p for p, _ in value.asks]
            assert bids == sorted(bids, reverse=True)
            assert asks == sorted(asks)
            assert len(bids) == len(asks) == 20
            truly = (bids[0] + asks[0]) / 2
    # All venues tell of one market, up to a basis of some basis points and an hour's move.
    others = []
    for other in ENDPOINTS:
        asked = PriceQuery(query.symbol)
        if other.capability == "price" and CATALOG[other.provider].serves(asked, NOW) is None:
            with contextlib.suppress(UnknownSymbol):  # its quote currency, but not this market
                others.append((await ask(lab, other, asked)).last)
    assert len(others) >= 2
    assert truly == pytest.approx(sorted(others)[len(others) // 2], rel=0.05)


@candles
async def test_every_interval_it_offers_is_read(lab, endpoint):
    provider = CATALOG[endpoint.provider]
    offered = []
    for interval, step in INTERVALS.items():
        query = CandleQuery(provider.check_symbol, interval, limit=50)
        if provider.serves(query, NOW) is not None:
            continue
        offered.append(interval)
        frame = await ask(lab, endpoint, query)
        assert len(frame) == 50
        steps = frame.index.to_series().diff().dropna().dt.total_seconds()
        assert (steps == step).all()
        first, stop = query.span(NOW)
        assert frame.index[0].timestamp() == first
        assert frame.index[-1].timestamp() == stop - step
    assert {"1m", "1h", "1d"} <= set(offered)


@candles
async def test_coarse_candles_are_the_sum_of_fine_ones(lab, endpoint):
    """Column order, volume units and open times cannot all be wrong in a way that still adds up."""
    symbol = CATALOG[endpoint.provider].check_symbol
    hours = await ask(lab, endpoint, CandleQuery(symbol, "1h", limit=3))
    minutes = await ask(lab, endpoint, CandleQuery(symbol, "1m", limit=240))
    for time, hour in hours.iterrows():
        inside = minutes[minutes.index.floor("h") == time]
        assert len(inside) == 60
        assert hour["open"] == inside["open"].iloc[0]
        assert hour["high"] == inside["high"].max()
        assert hour["low"] == inside["low"].min()
        assert hour["close"] == inside["close"].iloc[-1]
        assert hour["volume"] == pytest.approx(inside["volume"].sum(), rel=1e-6)


@candles
async def test_pages_join_without_a_seam(lab, endpoint):
    provider = CATALOG[endpoint.provider]
    query = CandleQuery(provider.check_symbol, "1h", limit=700)
    times = []
    for page in provider.pages(query, NOW):
        times += list((await ask(lab, endpoint, page)).index)
    assert len(times) == len(set(times)) == 700
    assert times == sorted(times)


@once
async def test_an_unknown_symbol_is_named(lab, endpoint):
    with pytest.raises(UnknownSymbol):
        await ask(lab, endpoint, query_of(endpoint, "NOSUCHCOIN/USDT"))


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
}


@once
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.looptime
async def test_every_fault_is_named(lab, endpoint, fault):
    options = {"seconds": 5.0} if fault == "timeout" else {}
    lab.inject(f"{endpoint.provider}/{endpoint.capability}", fault, **options)
    with pytest.raises(FAULTS[fault]) as caught:
        await ask(lab, endpoint, query_of(endpoint))
    assert isinstance(caught.value, EXPECTED)
    if isinstance(caught.value, WireError):
        assert caught.value.reason
    if fault == "status:429":
        assert caught.value.retry_after == 30


@candles
async def test_untrue_data_is_seen(lab, endpoint):
    lab.inject(endpoint.provider, "unsorted")
    with pytest.raises(Untrue, match="backwards"):
        await ask(lab, endpoint, query_of(endpoint))


@candles
async def test_gaps_and_duplicates_leave_a_clean_frame(lab, endpoint):
    lab.inject(endpoint.provider, "gap", rows=5)
    lab.inject(endpoint.provider, "duplicate", rows=4)
    provider = CATALOG[endpoint.provider]
    most = provider.declaration.calls["ohlcv"].max_rows
    frame = await ask(lab, endpoint, CandleQuery(provider.check_symbol, "1h", limit=most))
    assert frame.index.is_unique
    assert frame.index.is_monotonic_increasing
    slots = (frame.index[-1] - frame.index[0]).total_seconds() / 3600 + 1
    assert slots - len(frame) == 5
    assert frame.attrs["wire"]["duplicates"] == 4


@each
async def test_its_cheapest_call_answers(lab, endpoint):
    provider = CATALOG[endpoint.provider]
    request = provider.check_request(endpoint.host)
    async with httpx.AsyncClient(transport=lab.transport()) as client:
        response = await asyncio.wait_for(client.get(request.url), 5)
    provider.read_check(response, now=NOW)
