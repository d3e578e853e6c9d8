"""Further exchanges and aggregators: genuine bodies where at hand, and own ones in the documented shapes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from wire_bodies import CATALOG, NOW, RECORDED, T0, breaks_on_no_body, golden, of_a_market, read, recorded

from core.answer import BadPayload, CallerError, Forbidden, ProviderDown, Throttled, UnknownSymbol, WireError
from core.market import CandleQuery, OrderBookQuery, PriceQuery, Query, VolumeQuery

SET = (
    "bitget", "bitvavo", "coincap", "coindesk_data", "coinlore", "coinmarketcap", "crypto_com", "defillama",
    "dexscreener", "dydx", "geckoterminal", "hitbtc", "hyperliquid", "independent_reserve", "luno", "poloniex",
    "upbit", "whitebit",
)  # fmt: skip
USD, USDT = "BTC/USD", "BTC/USDT"

every_venue = pytest.mark.parametrize("venue", SET)


def asked(venue: str, query: Query, now: float | None = NOW) -> tuple[str, Any]:
    request = CATALOG[venue].request(query, now=now)
    if request.content is not None:
        return request.url.path, json.loads(request.content)
    return request.url.path, dict(request.url.params)


# Recorded


@recorded
def test_recorded_coinlore() -> None:
    quote = golden("coinlore", "coinlore/tickers.json", PriceQuery(USD))
    assert (quote.last, quote.change_24h_pct) == (91492.61, 0.95)
    assert (quote.volume_base, quote.volume_quote) == (None, 39551743260.857254)
    assert golden("coinlore", "coinlore/tickers.json", VolumeQuery(USD)).volume_quote == 39551743260.857254
    with pytest.raises(BadPayload, match="no row is about '80'"):
        golden("coinlore", "coinlore/tickers.json", PriceQuery("ETH/USD"))


@recorded
def test_recorded_coincap() -> None:
    quote = golden("coincap", "coincap/v3.assets_bitcoin.json", PriceQuery(USD))
    assert quote.last == pytest.approx(69704.78)
    assert quote.change_24h_pct == pytest.approx(3.934756709445493)
    assert quote.volume_quote == pytest.approx(30717175906.6048)
    with pytest.raises(BadPayload, match="asked for 'ethereum'"):
        golden("coincap", "coincap/v3.assets_bitcoin.json", PriceQuery("ETH/USD"))
    # The old version's answers had the same shape while it lived.
    assert golden("coincap", "coincap/v2.assets_bitcoin.json", PriceQuery(USD)).last == pytest.approx(
        97988.577
    )


@recorded
def test_recorded_coinmarketcap() -> None:
    quote = golden("coinmarketcap", "coinmarketcap/listing_item.json", PriceQuery(USD))
    assert quote.last == 48827.989730634145
    assert (quote.change_24h_pct, quote.volume_quote) == (1.25693894, 29502617632.520878)
    assert quote.time == datetime(2021, 8, 28, 16, 13, 19, tzinfo=UTC)
    with pytest.raises(BadPayload, match="asked for '1027'"):
        golden("coinmarketcap", "coinmarketcap/listing_item.json", PriceQuery("ETH/USD"))
    with pytest.raises(BadPayload, match="no last price"):
        golden("coinmarketcap", "coinmarketcap/listing_item.json", PriceQuery("BTC/EUR"))


@recorded
def test_recorded_coindesk_data() -> None:
    hours = CandleQuery(USD, "1h", start="2010-07-17", end="2010-07-25")
    frame = golden("coindesk_data", "cryptocompare/coindesk_index_cc_hours.json", hours)
    assert len(frame) == 171
    assert frame.index[0].timestamp() == 1_279_324_800
    assert frame.iloc[0].tolist() == [0.04951, 0.04951, 0.04951, 0.04951, 0]
    with pytest.raises(BadPayload, match="asked for 'ETH-USD'"):
        golden("coindesk_data", "cryptocompare/coindesk_index_cc_hours.json", CandleQuery("ETH/USD", "1h"))
    with pytest.raises(BadPayload, match="3600 s apart"):
        golden("coindesk_data", "cryptocompare/coindesk_index_cc_hours.json", CandleQuery(USD, "1d"))
    with pytest.raises(CallerError, match="was not trading on cadli"):
        golden("coindesk_data", "cryptocompare/coindesk_index_cc_hours.error-404.json", hours)
    with pytest.raises(BadPayload, match="missing"):
        golden("coindesk_data", "cryptocompare/price.json", PriceQuery("WETH/EUR"))


@recorded
def test_recorded_defillama() -> None:
    file = "defillama/coins_prices_current.json"
    quote = golden("defillama", file, PriceQuery("LINK/USD"))
    assert (quote.last, quote.time) == (17.22, datetime(2025, 3, 6, 15, 56, 55, tzinfo=UTC))
    assert golden("defillama", file, PriceQuery("DAI/USD")).last == 0.99972
    with pytest.raises(BadPayload, match="missing"):
        golden("defillama", file, PriceQuery(USD))


@recorded
def test_recorded_pools() -> None:
    frame = golden(
        "geckoterminal", "geckoterminal/pool_ohlcv_hour.json", CandleQuery("LINK/USD", "1h"), 1_788_851_000
    )
    assert [time.timestamp() for time in frame.index] == [1788843600, 1788847200]
    assert frame.iloc[0].tolist() == [
        1.00042842389096, 1.00490025333728, 0.995799441886115, 1.00071817151757,
    ]  # fmt: skip
    assert "volume" not in frame, "it is in dollars"
    with pytest.raises(BadPayload, match="no row is about"):
        golden("dexscreener", "dexscreener/search_pairs.json", PriceQuery("LINK/USD"))


@recorded
@every_venue
def test_foreign_failures_are_the_providers(venue: str) -> None:
    for file in sorted((RECORDED / "generic_failures").iterdir()):
        if ".error-" in file.name:
            with pytest.raises(ProviderDown):
                golden(venue, f"generic_failures/{file.name}", PriceQuery(CATALOG[venue].check_symbol))


@recorded
@every_venue
def test_no_recorded_body_breaks_a_reader(venue: str) -> None:
    breaks_on_no_body(venue, *of_a_market(CATALOG[venue].check_symbol))


# Own bodies in the documented shapes


def ms(seconds: int) -> int:
    return seconds * 1000


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


BEFORE = T0 - 3600
CANDLES: dict[str, tuple[str, Any]] = {
    # T0 and the hour before it, as each orders and writes them.
    "bitget": (
        USDT,
        {
            "code": "00000",
            "data": [
                [str(ms(BEFORE)), "10", "14", "9", "12", "3.5", "38", "38"],
                [str(ms(T0)), "12", "15", "11", "13", "2.5", "32.5", "32.5"],
            ],
        },
    ),
    "poloniex": (
        USDT,
        [
            ["9", "14", "10", "12", "38", "3.5", "1", "1", 4, 0, "11", "HOUR_1", ms(BEFORE), ms(T0) - 1],
            ["11", "15", "12", "13", "32.5", "2.5", "1", "1", 4, 0, "13", "HOUR_1", ms(T0), ms(T0 + 3600) - 1],
        ],
    ),
    "crypto_com": (
        USD,
        {
            "code": 0,
            "result": {
                "interval": "1h",
                "data": [
                    {"o": "10", "h": "14", "l": "9", "c": "12", "v": "3.5", "t": ms(BEFORE)},
                    {"o": "12", "h": "15", "l": "11", "c": "13", "v": "2.5", "t": ms(T0)},
                ],
                "instrument_name": "BTC_USD",
            },
        },
    ),
    "bitvavo": (
        "BTC/EUR",
        [[ms(T0), "12", "15", "11", "13", "2.5"], [ms(BEFORE), "10", "14", "9", "12", "3.5"]],
    ),
    "upbit": (
        USDT,
        [
            {
                "market": "USDT-BTC",
                "candle_date_time_utc": iso(time),
                "candle_date_time_kst": iso(time + 9 * 3600),
                "opening_price": open_,
                "high_price": high,
                "low_price": low,
                "trade_price": close,
                "timestamp": ms(time + 3599),
                "candle_acc_trade_price": 38.5,
                "candle_acc_trade_volume": volume,
                "unit": 60,
            }
            for time, open_, high, low, close, volume in (
                (T0, 12, 15, 11, 13, 2.5),
                (BEFORE, 10, 14, 9, 12, 3.5),
            )
        ],
    ),
    "whitebit": (
        USDT,
        {
            "success": True,
            "message": "",
            "result": [
                [BEFORE, "10", "12", "14", "9", "3.5", "38"],
                [T0, "12", "13", "15", "11", "2.5", "32.5"],
            ],
        },
    ),
    "hitbtc": (
        USDT,
        [
            {
                "timestamp": iso(T0) + ".000Z",
                "open": "12",
                "close": "13",
                "min": "11",
                "max": "15",
                "volume": "2.5",
                "volume_quote": "32.5",
            },
            {
                "timestamp": iso(BEFORE) + ".000Z",
                "open": "10",
                "close": "12",
                "min": "9",
                "max": "14",
                "volume": "3.5",
                "volume_quote": "38",
            },
        ],
    ),
    "hyperliquid": (
        "BTC/USDC",
        [
            {"t": ms(BEFORE), "T": ms(T0) - 1, "s": "@142", "i": "1h", "o": "10", "c": "12", "h": "14", "l": "9"}
            | {"v": "3.5", "n": 3},
            {"t": ms(T0), "T": ms(T0 + 3600) - 1, "s": "@142", "i": "1h", "o": "12", "c": "13", "h": "15"}
            | {"l": "11", "v": "2.5", "n": 2},
        ],
    ),
    "dydx": (
        USD,
        {
            "candles": [
                {
                    "startedAt": iso(time) + ".000Z",
                    "ticker": "BTC-USD",
                    "resolution": "1HOUR",
                    "low": low,
                    "high": high,
                    "open": open_,
                    "close": close,
                    "baseTokenVolume": volume,
                    "usdVolume": "400",
                    "trades": 7,
                }
                for time, open_, high, low, close, volume in (
                    (T0, "12", "15", "11", "13", "2.5"),
                    (BEFORE, "10", "14", "9", "12", "3.5"),
                )
            ]
        },
    ),
    "coindesk_data": (
        USD,
        {
            "Data": [
                {"UNIT": "HOUR", "TIMESTAMP": time, "MARKET": "cadli", "INSTRUMENT": "BTC-USD", "OPEN": open_}
                | {"HIGH": high, "LOW": low, "CLOSE": close, "VOLUME": volume, "QUOTE_VOLUME": 400}
                for time, open_, high, low, close, volume in (
                    (BEFORE, 10, 14, 9, 12, 3.5),
                    (T0, 12, 15, 11, 13, 2.5),
                )
            ],
            "Err": {},
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("venue", CANDLES)
def test_candles_are_ascending_with_the_base_volume(venue: str) -> None:
    symbol, body = CANDLES[venue]
    frame = read(venue, CandleQuery(symbol, "1h"), body)
    assert [time.timestamp() for time in frame.index] == [BEFORE, T0]
    assert frame.to_numpy().tolist() == [[10, 14, 9, 12, 3.5], [12, 15, 11, 13, 2.5]]
    assert len(read(venue, CandleQuery(symbol, "1h"), body, now=T0 + 3599.0)) == 1, "the newest is open"
    assert len(read(venue, CandleQuery(symbol, "1h"), body, now=None)) == 1


def test_every_one_with_candles_is_above() -> None:
    with_candles = {venue for venue in SET if "ohlcv" in CATALOG[venue].capabilities}
    assert with_candles - set(CANDLES) == {"geckoterminal"}


CALM = {"code": "00000", "msg": "success"}
QUOTES: list[tuple[str, str, Any, tuple[float | None, ...]]] = [
    # venue, symbol, body, (last, bid, ask, change in per cent, base volume, quote volume)
    (
        "bitget",
        USDT,
        CALM
        | {
            "data": [
                {"symbol": "BTCUSDT", "lastPr": "100", "bidPr": "99", "askPr": "101", "change24h": "0.0321"}
                | {"baseVolume": "5", "quoteVolume": "500", "usdtVolume": "500", "ts": str(ms(T0))}
            ]
        },
        (100, 99, 101, 3.21, 5, 500),
    ),
    (
        "poloniex",
        USDT,
        {"symbol": "BTC_USDT", "open": "98", "close": "100", "quantity": "5", "amount": "500", "ts": ms(T0)}
        | {"dailyChange": "0.0151", "bid": "99", "ask": "101"},
        (100, 99, 101, 1.51, 5, 500),
    ),
    (
        "crypto_com",
        USD,
        {"code": 0, "result": {"data": [{"i": "BTC_USD", "a": "100", "b": "99", "k": "101", "v": "5"}
         | {"vv": "500", "c": "-0.0583", "t": ms(T0)}]}},
        (100, 99, 101, -5.83, 5, None),
    ),
    (
        "bitvavo",
        "BTC/EUR",
        {"market": "BTC-EUR", "open": "80", "last": "100", "volume": "5", "volumeQuote": "500", "bid": "99"}
        | {"ask": "101", "timestamp": ms(T0)},
        (100, 99, 101, 25, 5, 500),
    ),
    (
        "upbit",
        USDT,
        [{"market": "USDT-BTC", "trade_price": 100.0, "prev_closing_price": 90.0, "signed_change_rate": 0.11}
         | {"acc_trade_volume": 1, "acc_trade_volume_24h": 5, "acc_trade_price_24h": 500, "timestamp": ms(T0)}],
        (100, None, None, None, 5, 500),
    ),
    (
        "whitebit",
        USDT,
        {"success": True, "message": "", "result": {"bid": "99", "ask": "101", "open": "98", "last": "100"}
         | {"volume": "5", "deal": "500", "change": "0.76"}},
        (100, 99, 101, 0.76, 5, 500),
    ),
    (
        "hitbtc",
        USDT,
        {"ask": "101", "bid": "99", "last": "100", "open": "80", "volume": "5", "volume_quote": "500"}
        | {"timestamp": iso(T0) + ".123Z"},
        (100, 99, 101, 25, 5, 500),
    ),
    (
        "luno",
        "BTC/EUR",
        {"pair": "XBTEUR", "timestamp": ms(T0), "bid": "99.0", "ask": "101.0", "last_trade": "100.0"}
        | {"rolling_24_hour_volume": "5.0", "status": "ACTIVE"},
        (100, 99, 101, None, 5, None),
    ),
    (
        "independent_reserve",
        USD,
        {"DayVolumeXbt": 44.5, "DayVolumeXbtInSecondaryCurrrency": 5, "CurrentLowestOfferPrice": 101}
        | {"CurrentHighestBidPrice": 99, "LastPrice": 100, "PrimaryCurrencyCode": "Xbt"}
        | {"SecondaryCurrencyCode": "Usd", "CreatedTimestampUtc": "2022-01-14T22:52:29.5029223Z"},
        (100, 99, 101, None, 5, None),
    ),
    (
        "hyperliquid",
        "BTC/USDC",
        [{"tokens": [], "universe": []}, [{"coin": "PURR/USDC", "midPx": "0.2"},
         {"coin": "@142", "midPx": "100", "markPx": "98", "prevDayPx": "80", "dayNtlVlm": "500"}]],
        (100, None, None, 25, None, 500),
    ),
    (
        "dydx",
        USD,
        {"trades": [{"id": "1", "side": "BUY", "size": "1", "price": "100", "createdAt": iso(T0) + ".000Z"}]},
        (100, None, None, None, None, None),
    ),
    (
        "coindesk_data",
        USD,
        {"Data": {"BTC-USD": {"INSTRUMENT": "BTC-USD", "VALUE": 100, "VALUE_LAST_UPDATE_TS": T0}
         | {"MOVING_24_HOUR_VOLUME": 5, "MOVING_24_HOUR_QUOTE_VOLUME": 500}
         | {"MOVING_24_HOUR_CHANGE_PERCENTAGE": -1.5}}, "Err": {}},
        (100, None, None, -1.5, 5, 500),
    ),
    (
        "geckoterminal",
        "LINK/USD",
        {"data": {"id": "eth_0xa6", "attributes": {"address": "0xA6Cc3C2531FdaA6Ae1A3CA84c2855806728693e8"}
         | {"base_token_price_usd": "100", "price_change_percentage": {"h24": "2.5"}}
         | {"volume_usd": {"h24": "500"}}}},
        (100, None, None, 2.5, None, 500),
    ),
    (
        "dexscreener",
        "LINK/USD",
        {"pairs": [{"pairAddress": "0xa6Cc3C2531FdaA6Ae1A3CA84c2855806728693e8", "priceUsd": "100"}
         | {"baseToken": {"symbol": "LINK"}, "volume": {"h24": 500}, "priceChange": {"h24": 2.5}}]},
        (100, None, None, 2.5, None, 500),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "symbol", "body", "figures"), QUOTES, ids=[row[0] for row in QUOTES])
def test_tickers(venue: str, symbol: str, body: Any, figures: tuple[float | None, ...]) -> None:
    quote = read(venue, PriceQuery(symbol), body)
    found = (quote.last, quote.bid, quote.ask, quote.change_24h_pct, quote.volume_base, quote.volume_quote)
    assert found == pytest.approx(figures)


NULLS = [
    ("coinmarketcap", {"data": {"1": {"id": 1, "symbol": "BTC", "quote": {"USD": {"price": None}}}}}),
    ("coincap", {"data": {"id": "bitcoin", "symbol": "BTC", "priceUsd": None}, "timestamp": ms(T0)}),
    ("coinlore", [{"id": "90", "symbol": "BTC", "price_usd": None}]),
    ("defillama", {"coins": {"coingecko:bitcoin": {"symbol": "BTC", "price": None, "timestamp": T0}}}),
    ("crypto_com", {"code": 0, "result": {"data": [{"i": "BTC_USD", "a": None, "b": "99"}]}}),
]


@pytest.mark.parametrize(("venue", "body"), NULLS)
def test_a_null_price_is_no_price(venue: str, body: Any) -> None:
    with pytest.raises(BadPayload, match="no last price"):
        read(venue, PriceQuery(USD), body)


def test_a_coin_of_another_name_is_refused() -> None:
    """A number that we have wrong gives another coin: the name beside it says so."""
    with pytest.raises(BadPayload, match="'WRONG'"):
        read("coinlore", PriceQuery(USD), [{"id": "90", "symbol": "WRONG", "price_usd": "1"}])
    body: Any = {"data": {"1": {"id": 1, "symbol": "WRONG", "quote": {"USD": {"price": 1}}}}}
    with pytest.raises(BadPayload, match="'WRONG'"):
        read("coinmarketcap", PriceQuery(USD), body)
    body = {"data": {"attributes": {"ohlcv_list": []}}, "meta": {"base": {"symbol": "WETH"}}}
    with pytest.raises(BadPayload, match="'WETH'"):
        read("geckoterminal", CandleQuery("LINK/USD", "1h"), body)
    body = {"coins": {"coingecko:bitcoin": {"symbol": "PEPE", "price": 1, "timestamp": T0}}}
    with pytest.raises(BadPayload, match="'PEPE'"):
        read("defillama", PriceQuery(USD), body)


def test_books() -> None:
    body: Any = {"time": ms(T0), "asks": ["101", "3", "102", "1"], "bids": ["100", "0.5", "99", "5"]}
    book = read("poloniex", OrderBookQuery(USDT), body)
    assert (book.bids, book.asks) == (((100, 0.5), (99, 5)), ((101, 3), (102, 1)))
    with pytest.raises(BadPayload, match="has 3 entries"):
        read("poloniex", OrderBookQuery(USDT), body | {"asks": ["101", "3", "102"]})
    unit = {"ask_price": 101, "bid_price": 100, "ask_size": 3, "bid_size": 0.5}
    body = [{"market": "USDT-BTC", "timestamp": ms(T0), "orderbook_units": [unit]}]
    book = read("upbit", OrderBookQuery(USDT), body)
    assert (book.bids, book.asks) == (((100, 0.5),), ((101, 3),))
    levels = [[{"px": "100", "sz": "0.5", "n": 2}], [{"px": "101", "sz": "3", "n": 1}]]
    book = read("hyperliquid", OrderBookQuery("BTC/USDC"), {"coin": "@142", "time": ms(T0), "levels": levels})
    assert (book.bids, book.asks) == (((100, 0.5),), ((101, 3),))
    with pytest.raises(BadPayload, match="asked for '@151'"):
        read("hyperliquid", OrderBookQuery("ETH/USDC"), {"coin": "@142", "time": 0, "levels": levels})
    body = {"BuyOrders": [{"Price": 100, "Volume": 0.5}], "SellOrders": [{"Price": 101, "Volume": 3}]}
    assert read("independent_reserve", OrderBookQuery(USD), body).asks == ((101, 3),)


SUNSET = "We are deprecating this version of the CoinCap API on March 31, 2025. Sign up for our new V3 API"
OVER = {
    "Response": "Error",
    "Message": "You are over your rate limit please upgrade your account!",
    "Type": 99,
}
TICKER = "ticker must be a valid ticker (BTC-USD, etc)"
WRONG_COIN = {"type": 1, "message": "x", "other_info": {"param": "instrument"}}
NO_MARKET = {"market": ["Market is not available"]}


def cmc(code: int, text: str) -> Any:
    return {"status": {"timestamp": "2026-01-01T00:00:00.000Z", "error_code": code, "error_message": text}}


REFUSALS: list[tuple[str, int, Any, type[WireError]]] = [
    ("coincap", 200, {"data": {"message": SUNSET}, "timestamp": 1742}, ProviderDown),
    ("coincap", 429, {"data": {"message": SUNSET}, "timestamp": 1742}, ProviderDown),
    ("coincap", 404, {"error": "nope not found", "timestamp": 1}, UnknownSymbol),
    ("coincap", 403, {"error": "Invalid API key"}, Forbidden),
    ("coincap", 429, {"error": "slow down"}, Throttled),
    ("coindesk_data", 200, OVER, Throttled),
    ("coindesk_data", 200, {"Response": "Error", "Message": "market does not exist for this coin pair"}, UnknownSymbol),
    ("coindesk_data", 200, {"Response": "Error", "Message": "You need a valid api key"}, Forbidden),
    ("coindesk_data", 200, {"Response": "Error", "Message": "else", "Type": 1}, ProviderDown),
    ("coindesk_data", 429, {"Data": {}, "Err": {"type": 99, "message": "slow"}}, Throttled),
    ("coindesk_data", 404, {"Data": [], "Err": WRONG_COIN}, UnknownSymbol),
    ("coindesk_data", 401, {"Data": {}, "Err": {"type": 2, "message": "An API key is required"}}, Forbidden),
    ("coinmarketcap", 401, cmc(1001, "This API Key is invalid."), Forbidden),
    ("coinmarketcap", 402, cmc(1003, "paid plan"), Forbidden),
    ("coinmarketcap", 429, cmc(1008, "minute"), Throttled),
    ("coinmarketcap", 200, cmc(1010, "month"), Throttled),
    ("coinmarketcap", 400, cmc(400, 'Invalid value for "id": "0"'), UnknownSymbol),
    ("coinmarketcap", 400, cmc(400, '"convert" is bad'), CallerError),
    ("coinmarketcap", 500, cmc(500, "x"), ProviderDown),
    ("defillama", 200, {"coins": {}}, UnknownSymbol),
    ("dexscreener", 200, {"schemaVersion": "1.0.0", "pairs": None, "pair": None}, UnknownSymbol),
    ("geckoterminal", 404, {"errors": [{"status": "404", "title": "Not Found"}]}, UnknownSymbol),
    ("geckoterminal", 400, {"errors": [{"status": "400", "title": "Bad Request"}]}, CallerError),
    ("geckoterminal", 429, {"status": {"error_code": 429, "error_message": "x"}}, Throttled),
    ("bitget", 400, CALM | {"code": "40034", "msg": "Parameter X does not exist"}, UnknownSymbol),
    ("bitget", 400, CALM | {"code": "400171", "msg": "granularity"}, CallerError),
    ("bitget", 429, {"code": "429", "msg": "Too Many Requests"}, Throttled),
    ("bitget", 200, CALM | {"code": "40200", "msg": "upgrade"}, ProviderDown),
    ("bitget", 200, CALM | {"code": "99999", "msg": "?"}, ProviderDown),
    ("poloniex", 400, {"code": 24101, "message": "Invalid symbol"}, UnknownSymbol),
    ("poloniex", 400, {"code": 601, "message": "Invalid parameter"}, CallerError),
    ("poloniex", 200, {"code": 24201, "message": "busy"}, ProviderDown),
    ("crypto_com", 400, {"code": 40004, "message": "Invalid instrument_name"}, UnknownSymbol),
    ("crypto_com", 400, {"code": 40001, "message": "MISSING"}, CallerError),
    ("crypto_com", 429, {"code": 42901, "message": "RATE"}, Throttled),
    ("crypto_com", 200, {"code": 9010001, "message": "SYSTEM_MAINTENANCE"}, ProviderDown),
    ("bitvavo", 400, {"errorCode": 205, "error": "market parameter is invalid."}, UnknownSymbol),
    ("bitvavo", 400, {"errorCode": 205, "error": "interval parameter is invalid."}, CallerError),
    ("bitvavo", 403, {"errorCode": 105, "error": "banned. The ban expires at 1790000200000."}, Throttled),
    ("upbit", 404, {"error": {"name": 404, "message": "Code not found"}}, UnknownSymbol),
    ("upbit", 400, {"error": {"name": 400, "message": "Type mismatch error."}}, CallerError),
    ("upbit", 429, {"error": {"name": "too_many_requests", "message": "x"}}, Throttled),
    ("whitebit", 200, {"success": False, "message": NO_MARKET, "result": []}, UnknownSymbol),
    ("whitebit", 422, {"code": 0, "message": "Validation failed", "errors": {"market": ["x"]}}, UnknownSymbol),
    ("whitebit", 200, {"success": False, "message": {"interval": ["x"]}, "result": []}, CallerError),
    ("hitbtc", 400, {"error": {"code": 2001, "message": "No such a symbol"}}, UnknownSymbol),
    ("hitbtc", 400, {"error": {"code": 10001, "message": "Validation error"}}, CallerError),
    ("hitbtc", 503, {"error": {"code": 503, "message": "x"}}, ProviderDown),
    ("luno", 400, {"error": "Invalid market pair.", "error_code": "ErrInvalidMarketPair"}, UnknownSymbol),
    ("luno", 429, {"error": "x", "error_code": "ErrTooManyRequests"}, Throttled),
    ("luno", 503, {"error": "x", "error_code": "ErrUnderMaintenance"}, ProviderDown),
    ("dydx", 400, {"errors": [{"msg": TICKER, "param": "ticker"}]}, UnknownSymbol),
    ("dydx", 400, {"errors": [{"msg": "limit must be a positive integer", "param": "limit"}]}, CallerError),
    ("dydx", 429, {"errors": [{"msg": "Too many requests"}]}, Throttled),
    ("hyperliquid", 500, None, ProviderDown),
    ("hyperliquid", 429, None, Throttled),
    ("independent_reserve", 400, {"Message": "Invalid primary currency code"}, UnknownSymbol),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "status", "body", "kind"), REFUSALS)
def test_refusals_have_their_names(venue: str, status: int, body: Any, kind: type[WireError]) -> None:
    provider = CATALOG[venue]
    with pytest.raises(WireError) as caught:
        read(venue, PriceQuery(provider.check_symbol), body, status)
    assert type(caught.value) is kind
    if "expires" in str(body):
        assert caught.value.retry_after == pytest.approx(100.0)


# Requests


def test_hyperliquid_is_asked_by_post() -> None:
    hours = CandleQuery("BTC/USDC", "1h", start=T0 - 7200, end=T0)
    assert asked("hyperliquid", hours) == (
        "/info",
        {
            "type": "candleSnapshot",
            "req": {"coin": "@142", "interval": "1h", "startTime": ms(T0 - 7200), "endTime": ms(T0) - 1},
        },
    )
    assert asked("hyperliquid", PriceQuery("SOL/USDC"))[1] == {"type": "spotMetaAndAssetCtxs"}
    provider = CATALOG["hyperliquid"]
    assert provider.serves(PriceQuery("XRP/USDC")) == "its name for XRP is not known"
    assert provider.serves(PriceQuery(USDT)) == "no markets quoted in USDT"
    check = provider.check_request()
    assert (check.method, check.content) == ("POST", b'{"type":"exchangeStatus"}')


def test_who_begins_a_while_ago_is_always_told_where() -> None:
    newest = CandleQuery(USDT, "1h", limit=3)
    _, params = asked("whitebit", newest)
    stop = int(NOW // 3600) * 3600
    assert (params["start"], params["end"], params["limit"]) == (str(stop - 3 * 3600), str(stop - 1), "3")
    _, params = asked("crypto_com", newest.replace(symbol=USD))
    assert (params["start_ts"], params["end_ts"]) == (str(ms(stop - 3 * 3600) - 1), str(ms(stop) - 1))


def test_bitget_has_older_candles_elsewhere() -> None:
    hours = CandleQuery(USDT, "1h", limit=100)
    assert asked("bitget", hours)[0] == "/api/v2/spot/market/candles"
    path, params = asked("bitget", hours.replace(end=T0 - 3600 * 5000))
    assert path == "/api/v2/spot/market/history-candles"
    assert params["endTime"] == str(ms(T0 - 3600 * 5000) - 1)
    assert len(CATALOG["bitget"].pages(hours.replace(end=T0 - 3600 * 5000, limit=1000), NOW)) == 5
    assert asked("bitget", CandleQuery(USDT, "1d", limit=1))[1]["granularity"] == "1Dutc"


def test_names() -> None:
    def native(venue: str, symbol: str) -> str:
        return CATALOG[venue].native(symbol)

    assert native("upbit", "ETH/BTC") == "BTC-ETH"
    assert native("luno", "BTC/EUR") == "XBTEUR"
    assert native("hitbtc", "GMT/USDT") == "STEPNUSDT"
    assert native("defillama", USD) == "coingecko:bitcoin"
    assert native("dydx", "SOL/USD") == "SOL-USD"
    assert asked("independent_reserve", PriceQuery(USD))[1] == {
        "primaryCurrencyCode": "xbt",
        "secondaryCurrencyCode": "usd",
    }
    assert CATALOG["upbit"].serves(PriceQuery("TON/USDT")) == "its TON is another coin"
    assert CATALOG["hitbtc"].serves(CandleQuery("STX/USDT", "1h")) == "its STX is another coin"


def test_a_contract_says_that_it_is_one() -> None:
    assert "perpetual contract" in CATALOG["dydx"].notes[0]
    assert "bridged" in CATALOG["hyperliquid"].notes[0]
