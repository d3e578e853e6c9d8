"""Lists of symbols: every venue's own form, and what is no list, or no market."""

import json

import httpx
import pytest
from listing_bodies import MORE_BODIES
from pydantic import ValidationError
from wire_bodies import CATALOG, RECORDED

from core.answer import BadPayload, ProviderDown, Throttled, WireError
from core.wire.listing import ListingCall

LISTING = [provider for provider in CATALOG.values() if provider.declaration.listing is not None]

each = pytest.mark.parametrize("provider", LISTING, ids=lambda provider: provider.id)


def read(provider: str, body: object, status: int = 200) -> frozenset[str]:
    return CATALOG[provider].read_listing(httpx.Response(status, json=body))


def binance(*rows: tuple[str, str, str, bool]) -> dict[str, object]:
    return {
        "timezone": "UTC",
        "symbols": [
            {"symbol": b + q, "status": s, "baseAsset": b, "quoteAsset": q, "isSpotTradingAllowed": spot}
            for b, q, s, spot in rows
        ],
    }


def bitstamp(base: str, quote: str, **other: str) -> dict[str, object]:
    return {
        "name": f"{base}/{quote}",
        "market_symbol": f"{base}{quote}".lower(),
        "base_currency": base,
        "counter_currency": quote,
        "trading": "Enabled",
        "market_type": "SPOT",
        **other,
    }


BODIES = {
    "binance": (
        binance(
            ("BTC", "USDT", "TRADING", True),
            ("PEPE", "USDT", "TRADING", True),
            ("LUNA", "USDT", "BREAK", True),
            ("BTC", "EUR", "HALT", True),
            ("ETH", "USDT", "TRADING", False),
            ("币安人生", "USDT", "TRADING", True),
        ),
        {"BTC/USDT", "PEPE/USDT"},
    ),
    "binance_us": (
        binance(("123", "456", "TRADING", True), ("BTC", "USD", "TRADING", True)),
        {"BTC/USD"},
    ),
    "kraken": (
        {
            "error": [],
            "result": {
                "XXBTZUSD": {"altname": "XBTUSD", "wsname": "XBT/USD", "status": "online"},
                "XDGUSDT": {"altname": "XDGUSDT", "wsname": "XDG/USDT", "status": "post_only"},
                "GONEUSD": {"altname": "GONEUSD", "wsname": "GONE/USD", "status": "cancel_only"},
                "AAPLxUSD": {"altname": "AAPLxUSD", "wsname": "AAPLx/USD", "status": "online"},
                "XETHXXBT": {"altname": "ETHXBT", "wsname": "ETH/XBT", "status": "online"},
                "XETHXXBT.d": {"altname": "ETHXBT.d"},
            },
        },
        {"BTC/USD", "DOGE/USDT", "ETH/BTC"},
    ),
    "coinbase": (
        [
            {"id": "BTC-USD", "base_currency": "BTC", "quote_currency": "USD", "status": "online"},
            {"id": "OLD-USD", "base_currency": "OLD", "quote_currency": "USD", "status": "delisted"},
            {
                "id": "NEW-USD",
                "base_currency": "NEW",
                "quote_currency": "USD",
                "status": "online",
                "trading_disabled": True,
            },
            {"id": "00-USD", "base_currency": "00", "quote_currency": "USD", "trading_disabled": False},
        ],
        {"BTC/USD", "00/USD"},
    ),
    "okx": (
        {
            "code": "0",
            "msg": "",
            "data": [
                {"instType": "SPOT", "baseCcy": "BTC", "quoteCcy": "USDT", "state": "live"},
                {"instType": "SPOT", "baseCcy": "FOO", "quoteCcy": "USDT", "state": "suspend"},
                {"instType": "SPOT", "baseCcy": "BAR", "quoteCcy": "USDT", "state": "test"},
                {
                    "instType": "SWAP",
                    "baseCcy": "",
                    "quoteCcy": "",
                    "instId": "ETH-USDT-SWAP",
                    "state": "live",
                },
            ],
        },
        {"BTC/USDT"},
    ),
    "bybit": (
        {
            "retCode": 0,
            "retMsg": "OK",
            "result": {
                "category": "spot",
                "list": [
                    {"symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "status": "Trading"},
                    {"symbol": "NEWUSDT", "baseCoin": "NEW", "quoteCoin": "USDT", "status": "PreLaunch"},
                ],
            },
        },
        {"BTC/USDT"},
    ),
    "kucoin": (
        {
            "code": "200000",
            "data": [
                {"symbol": "BTC-USDT", "baseCurrency": "BTC", "quoteCurrency": "USDT", "enableTrading": True},
                {
                    "symbol": "OFF-USDT",
                    "baseCurrency": "OFF",
                    "quoteCurrency": "USDT",
                    "enableTrading": False,
                },
                # There, ALT is another coin than the one that goes by this name elsewhere.
                {"symbol": "ALT-USDT", "baseCurrency": "ALT", "quoteCurrency": "USDT", "enableTrading": True},
                {"symbol": "WAX-BTC", "baseCurrency": "WAX", "quoteCurrency": "BTC", "enableTrading": True},
            ],
        },
        {"BTC/USDT", "WAXP/BTC"},
    ),
    "gateio": (
        [
            {"id": "BTC_USDT", "base": "BTC", "quote": "USDT", "trade_status": "tradable", "type": "normal"},
            {"id": "SEL_USDT", "base": "SEL", "quote": "USDT", "trade_status": "sellable"},
            {"id": "OFF_USDT", "base": "OFF", "quote": "USDT", "trade_status": "untradable"},
            {
                "id": "PRE_USDT",
                "base": "PRE",
                "quote": "USDT",
                "trade_status": "tradable",
                "type": "premarket",
            },
        ],
        {"BTC/USDT", "SEL/USDT"},
    ),
    "bitstamp": (
        [
            bitstamp("BTC", "USD"),
            bitstamp("OLD", "EUR", trading="Disabled"),
            bitstamp("ETH", "USD", market_symbol="ethusd-perp", market_type="PERPETUAL"),
        ],
        {"BTC/USD"},
    ),
    "bitfinex": (
        [
            ["tBTCUSD", 9131, 29.3, 9132, 37.9, -25.7, -0.002, 9137, 5723, 9467, 8982],
            ["tBTCUST", 9131, 29.3, 9132, 37.9, -25.7, -0.002, 9137, 5723, 9467, 8982],
            ["tAVAX:UST", 31, 29.3, 31.1, 37.9, -25.7, -0.002, 31, 5723, 33, 29],
            ["tUSTUSD", 1, 29.3, 1, 37.9, 0, 0, 1, 5723, 1, 1],
            ["tBTCF0:USTF0", 9131, 29.3, 9132, 37.9, -25.7, -0.002, 9137, 5723, 9467, 8982],
            ["tTESTBTC:TESTUSD", 9131, 29.3, 9132, 37.9, -25.7, -0.002, 9137, 5723, 9467, 8982],
            ["fUSD", 0.0002, 0.0002, 30, 1e6, 0.0002, 2, 3e5, 0, 0, 0.0002, 1e8, 0.001, 0, None, None, 1e5],
        ],
        {"BTC/USD", "BTC/USDT", "AVAX/USDT", "USDT/USD"},
    ),
    "gemini": (
        ["btcusd", "btcgusd", "ethbtc", "ethgusd", "ethusd", "dogusd", "paxgusd", "paxgbtc", "btcgusdperp"],
        {
            "BTC/USD",
            "BTC/GUSD",
            "ETH/BTC",
            "ETH/GUSD",
            "ETH/USD",
            "DOG/USD",
            "PAXG/USD",
            "PAXG/BTC",
        },
    ),
    "mexc": (
        {
            "timezone": "CST",
            "symbols": [
                {"symbol": "BTCUSDT", "status": "1", "baseAsset": "BTC", "quoteAsset": "USDT"},
                {"symbol": "OFFUSDT", "status": "3", "baseAsset": "OFF", "quoteAsset": "USDT"},
                {"symbol": "STEPNUSDT", "status": "ENABLED", "baseAsset": "STEPN", "quoteAsset": "USDT"},
            ],
        },
        {"BTC/USDT", "GMT/USDT"},
    ),
    "htx": (
        {
            "status": "ok",
            "data": [
                {"sc": "btcusdt", "bc": "btc", "qc": "usdt", "state": "online", "te": True},
                {"sc": "oldusdt", "bc": "old", "qc": "usdt", "state": "offline", "te": False},
                {"sc": "newusdt", "bc": "new", "qc": "usdt", "state": "pre-online", "te": False},
            ],
            "full": 1,
        },
        {"BTC/USDT"},
    ),
    **MORE_BODIES,
}


WITHOUT = {"independent_reserve"}
"""Exchanges whose documentation knows no list of markets in one answer."""


def test_every_exchange_has_a_list() -> None:
    assert {provider.id for provider in LISTING} == set(BODIES)
    exchanges = {provider.id for provider in CATALOG.values() if provider.kind == "exchange"}
    assert exchanges - WITHOUT <= set(BODIES)
    assert not WITHOUT & set(BODIES)


@pytest.mark.parametrize("provider", BODIES)
def test_markets_that_are_traded(provider: str) -> None:
    body, symbols = BODIES[provider]
    assert read(provider, body) == symbols


@each
def test_the_request_is_plain(provider) -> None:
    request = provider.listing_request()
    assert request.method == ("GET" if request.content is None else "POST")
    assert request.url.host == provider.hosts[0].name
    assert "{" not in str(request.url)
    assert provider.listing_request(provider.hosts[-1]).url.host == provider.hosts[-1].name


def test_who_has_no_list_says_so() -> None:
    with pytest.raises(ValueError, match="coingecko: no list of symbols"):
        CATALOG["coingecko"].listing_request()


@each
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>down</html>", b"{}", b"[]", b"[1, 2, 3]", b"[[]]", b"null", b'{"symbols": []}', b'"x"'],
)
def test_what_is_no_list(provider, body: bytes) -> None:
    with pytest.raises(WireError):
        provider.read_listing(httpx.Response(200, content=body))


@each
def test_names_that_moved(provider) -> None:
    def drifted(part):
        if isinstance(part, dict):
            return {f"{name}V2": drifted(value) for name, value in part.items()}
        if isinstance(part, list):
            moved = part[1:] + part[:1] if part and not isinstance(part[0], dict | list) else part
            return [drifted(value) for value in moved]
        return part

    body, symbols = BODIES[provider.id]
    if provider.id == "gemini":  # nothing but names: there is nothing to move
        assert read("gemini", drifted(body)) == symbols
        return
    with pytest.raises(WireError):
        read(provider.id, drifted(body))


def test_a_list_that_is_mostly_unread_is_refused() -> None:
    rows = [{"base_currency": "BTC", "quote_currency": "USD"}, {"base": "ETH"}, {"base": "LTC"}]
    with pytest.raises(BadPayload, match=r"row 2 is .*no names of a market"):
        read("coinbase", rows)


def test_a_market_of_another_kind_is_refused() -> None:
    body = json.loads(json.dumps(BODIES["bybit"][0]))
    body["result"]["category"] = "linear"
    with pytest.raises(BadPayload, match=r"result\.category is 'linear'"):
        read("bybit", body)


def test_everything_halted_is_no_list() -> None:
    with pytest.raises(BadPayload, match="none of 1 rows is a market that is traded"):
        read("binance", binance(("BTC", "USDT", "BREAK", True)))


def test_errors_keep_their_names() -> None:
    with pytest.raises(ProviderDown, match="EService:Unavailable"):
        read("kraken", {"error": ["EService:Unavailable"]})
    with pytest.raises(Throttled):
        read("binance", {"code": -1003, "msg": "Too many requests"}, 429)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "base and quote, or pair"),
        ({"base": "b"}, "base and quote, or pair"),
        ({"base": "b", "quote": "q", "pair": "p"}, "base and quote, or pair"),
        ({"base": "b", "quote": "q", "form": "x"}, "expected a pair to take apart"),
        ({"pair": "p", "form": "("}, "form="),
        ({"pair": "p", "form": "(?P<base>.)(.)"}, "the groups base and quote"),
        ({"pair": "p", "skip": [{"path": "x"}]}, "either equals or differs"),
        ({"pair": "p", "params": {"symbol": "{symbol}"}}, "params uses"),
    ],
)
def test_declarations_that_cannot_be(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ListingCall.model_validate({"path": "/list", **fields})


GOLDEN = {
    "binance/exchange_info.json": ("binance", {"ETH/BTC", "BTC/USDT"}, {"BCC/BTC"}, 12),
    "binanceus/exchange_info.json": ("binance_us", {"BTC/USD", "BTC/USDT", "XRP/USD"}, {"123/456"}, 13),
    "coinbase_exchange/products.json": ("coinbase", {"LTC/EUR", "BTC/GBP"}, set(), 9),
    "coinbase_exchange/products.2021.json": ("coinbase", {"ETH/GBP", "DOGE/EUR"}, set(), 3),
    "bitfinex/tickers_all.json": (
        "bitfinex",
        {"BTC/USD", "BTC/USDT", "USDT/USD", "ALGO/BTC", "BTC/CNHT", "DUSK/USD"},
        {"BTC/UST", "ALG/BTC", "BTCF0/USTF0", "BTC/XCH", "BTC/XCHF", "UST/CNH"},
        413,
    ),
}


@pytest.mark.parametrize("file", GOLDEN)
def test_recorded(file: str) -> None:
    if not RECORDED.is_dir():
        pytest.skip("recorded responses are not here")
    provider, there, absent, count = GOLDEN[file]
    symbols = CATALOG[provider].read_listing(httpx.Response(200, content=(RECORDED / file).read_bytes()))
    assert there <= symbols
    assert not absent & symbols
    assert len(symbols) == count


def test_another_body_of_the_same_venue_is_no_list() -> None:
    if not RECORDED.is_dir():
        pytest.skip("recorded responses are not here")
    for provider in LISTING:
        for folder in (provider.id, f"{provider.id}_exchange", provider.id.replace("_", "")):
            for file in sorted((RECORDED / folder).glob("*.json")):
                if f"{folder}/{file.name}" not in GOLDEN:
                    with pytest.raises(WireError):
                        provider.read_listing(httpx.Response(200, content=file.read_bytes()))
