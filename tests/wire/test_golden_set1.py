"""Binance.US, OKX, Bybit, KuCoin, Gate.io, MEXC: genuine bodies where at hand, own ones in their shape."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from wire_bodies import CATALOG, NOW, RECORDED, T0, at, breaks_on_no_body, golden, of_a_market, read, recorded

from core.answer import (
    BadPayload,
    CallerError,
    Forbidden,
    ProviderDown,
    Throttled,
    UnknownSymbol,
    WireError,
)
from core.market import CandleQuery, OrderBookQuery, PriceQuery, Query, VolumeQuery

SET = ("binance_us", "okx", "bybit", "kucoin", "gateio", "mexc")
SYMBOL = "BTC/USDT"
HOUR = CandleQuery(SYMBOL, "1h")

every_venue = pytest.mark.parametrize("venue", SET)


@recorded
def test_recorded_candles() -> None:
    minutes = CandleQuery(SYMBOL, "1m")
    frame = golden("okx", "okx/candles.1m.json", minutes)
    assert len(frame) == 1, "the venue's own flag says that the other is open, without any clock"
    assert frame.index[0] == datetime(2026, 10, 4, 18, 11, tzinfo=UTC)
    assert frame.iloc[0].tolist() == [85319.5, 85319.6, 85319.5, 85319.5, 0.06891249]
    assert len(golden("okx", "okx/candles.1m.json", minutes.replace(include_open=True))) == 2

    frame = golden("kucoin", "kucoin/candles.1h.json", HOUR, at(2024, 2, 1))
    assert frame.index[0] == datetime(2024, 1, 30, 16, tzinfo=UTC)
    assert frame.iloc[0].tolist() == [43383.7, 43521.9, 43222.8, 43501.0, 101.30420492]
    assert len(frame) == 3

    frame = golden("gateio", "gateio/candlesticks.1h.json", HOUR)
    assert frame.index[0] == datetime(2024, 6, 1, 13, tzinfo=UTC)
    assert frame.iloc[0].tolist() == [67715.1, 67839.9, 67715.0, 67772.5, 17.0779]

    ten_past = at(2024, 3, 13, 11, 10)
    assert golden("mexc", "mexc/klines.1h.json", HOUR, ten_past).empty
    frame = golden("mexc", "mexc/klines.1h.json", HOUR.replace(include_open=True), ten_past)
    assert frame.index[0] == datetime(2024, 3, 13, 11, tzinfo=UTC)
    assert frame.iloc[0].tolist() == [73260.0, 73442.95, 73238.69, 73414.21, 49.560236]


@recorded
def test_a_contracts_candles_are_no_spot_candles() -> None:
    for symbol in ("BTC/USD", SYMBOL):
        with pytest.raises(BadPayload, match=r"category is 'inverse', expected 'spot'"):
            golden("bybit", "bybit/kline.inverse.json", CandleQuery(symbol, "1h"))


@recorded
def test_recorded_prices() -> None:
    quote = golden("okx", "okx/ticker.ws_frame.json", PriceQuery(SYMBOL))
    assert (quote.last, quote.bid, quote.ask) == (83766.8, 83774.1, 83774.2)
    assert (quote.volume_base, quote.volume_quote) == (5449.95415651, 458903124.056360828)
    assert quote.change_24h_pct == pytest.approx(-0.49097, abs=1e-5), "against the price 24 hours ago"
    assert quote.time == datetime(2026, 9, 25, 17, 49, 24, 77000, tzinfo=UTC)

    quote = golden("bybit", "bybit/tickers.spot.json", PriceQuery(SYMBOL))
    assert (quote.last, quote.bid, quote.ask) == (20533.13, 20517.96, 20527.77)
    assert quote.change_24h_pct == pytest.approx(0.68), "a fraction there, per cent here"
    assert (quote.volume_base, quote.volume_quote) == (11801.27771, 243765620.65899866)
    assert golden("bybit", "bybit/tickers.spot.json", VolumeQuery(SYMBOL)).volume_base == 11801.27771
    with pytest.raises(BadPayload, match="asked for 'ETHUSDT'"):
        golden("bybit", "bybit/tickers.spot.json", PriceQuery("ETH/USDT"))


@recorded
def test_recorded_books() -> None:
    book = golden("binance_us", "binanceus/depth.json", OrderBookQuery("COMP/USDT", 2))
    assert book.bids == ((296.58, 1.4), (296.57, 0.58454))
    assert book.asks[0][0] > book.bids[0][0]
    book = golden("okx", "okx/books.json", OrderBookQuery(SYMBOL))
    assert (book.bids, book.asks) == (((41006.3, 0.30178218),), ((41006.8, 0.60038921),))
    assert book.time == datetime(2021, 8, 26, 8, 27, 16, 396000, tzinfo=UTC)
    book = golden("bybit", "bybit/orderbook.json", OrderBookQuery(SYMBOL))
    assert (book.bids, book.asks) == (((62710.2, 5.52),), ((62710.3, 0.01),))
    assert book.time == datetime(2024, 2, 29, 9, 42, 51, 584000, tzinfo=UTC)
    book = golden("kucoin", "kucoin/orderbook_level2_20.json", OrderBookQuery(SYMBOL))
    assert book.bids == ((67539.7, 1.1829567), (67538.5, 0.25229199))
    assert book.time == datetime(2024, 3, 8, 11, 48, 28, 55000, tzinfo=UTC)
    whole = golden("kucoin", "kucoin/orderbook_full.json", OrderBookQuery("SNX/BTC", 100))
    assert whole.bids[0] == (0.00028678, 3.70422021)
    assert list(whole.bids) == sorted(whole.bids, reverse=True)
    book = golden("gateio", "gateio/order_book.json", OrderBookQuery("HAI/ETH", 2))
    assert book.asks == ((0.00010396, 5876.967), (0.0001052, 16944.291))
    assert book.time is None, "it said no time in 2021"
    book = golden("mexc", "mexc/depth.json", OrderBookQuery(SYMBOL))
    assert (book.bids, book.asks) == (((45995.47, 10.337165),), ((45995.48, 13.457322),))
    assert book.time == datetime(2024, 1, 10, 17, 42, 6, 228000, tzinfo=UTC)


@recorded
@pytest.mark.parametrize("query", [PriceQuery(SYMBOL), VolumeQuery(SYMBOL), HOUR, OrderBookQuery(SYMBOL)])
def test_older_apis_other_calls_and_other_venues_are_refused(query: Query) -> None:
    for venue, file in (
        ("gateio", "gateio/tickers.v2-legacy.json"),
        ("binance_us", "binanceus/exchange_info.json"),
    ):
        with pytest.raises(BadPayload):
            golden(venue, file, query)
    for venue in SET:
        for file in sorted((RECORDED / "generic_failures").iterdir()):
            if ".error-" in file.name:
                with pytest.raises(ProviderDown):
                    golden(venue, f"generic_failures/{file.name}", query)


@recorded
@every_venue
def test_no_recorded_body_breaks_a_reader(venue: str) -> None:
    breaks_on_no_body(venue, *of_a_market(SYMBOL))


def candle(n: int) -> tuple[float, float, float, float, float]:
    """Open, high, low, close, base volume; the quote volume is told as a hundred times the latter."""
    return 100.0 + n, 104.0 + n, 99.0 + n, 103.5 + n, 7.25 + n


def rows(venue: str, count: int) -> Any:
    """``count`` hours from T0 on, as the venue would tell them at NOW: the third is still open."""
    found: list[list[Any]] = []
    for n in range(count):
        opens = T0 + n * 3600
        o, h, low, c, v = (str(number) for number in candle(n))
        quote, done = str(candle(n)[4] * 100), opens + 3600 <= NOW
        found.append(
            {
                "binance_us": [
                    opens * 1000,
                    o,
                    h,
                    low,
                    c,
                    v,
                    opens * 1000 + 3_599_999,
                    quote,
                    9,
                    v,
                    quote,
                    "0",
                ],
                "okx": [str(opens * 1000), o, h, low, c, v, quote, quote, "1" if done else "0"],
                "bybit": [str(opens * 1000), o, h, low, c, v, quote],
                "kucoin": [str(opens), o, c, h, low, v, quote],
                "gateio": [str(opens), quote, c, h, low, o, v, "true" if done else "false"],
                "mexc": [opens * 1000, o, h, low, c, v, (opens + 3600) * 1000, quote],
            }[venue]
        )
    newest_first = found[::-1]
    return {
        "okx": {"code": "0", "msg": "", "data": newest_first},
        "bybit": {
            "retCode": 0,
            "retMsg": "OK",
            "result": {"category": "spot", "symbol": "BTCUSDT", "list": newest_first},
        },
        "kucoin": {"code": "200000", "data": newest_first},
    }.get(venue, found)


@every_venue
def test_columns_mean_what_they_mean_and_the_open_candle_is_left_out(venue: str) -> None:
    frame = read(venue, HOUR, rows(venue, 3))
    assert [int(stamp.timestamp()) for stamp in frame.index] == [T0, T0 + 3600]
    assert [tuple(row) for row in frame.to_numpy()] == [candle(0), candle(1)]
    assert len(read(venue, HOUR.replace(include_open=True), rows(venue, 3))) == 3
    assert read(venue, HOUR, rows(venue, 0)).empty


@every_venue
def test_without_a_clock_the_open_candle_is_known_by_its_flag_or_its_place(venue: str) -> None:
    assert len(read(venue, HOUR, rows(venue, 3), now=None)) == 2


TICKERS: dict[str, Any] = {
    "binance_us": {
        "symbol": "BTCUSDT", "priceChangePercent": "2.500", "lastPrice": "102.5", "bidPrice": "102.4",
        "askPrice": "102.6", "volume": "10", "quoteVolume": "1010", "closeTime": 1_790_000_000_000,
    },
    "okx": {
        "code": "0", "msg": "",
        "data": [{"instId": "BTC-USDT", "last": "102.5", "askPx": "102.6", "bidPx": "102.4", "open24h": "100",
                  "vol24h": "10", "volCcy24h": "1010", "ts": "1790000000000"}],
    },
    "bybit": {
        "retCode": 0, "retMsg": "OK",
        "result": {"category": "spot", "list": [
            {"symbol": "BTCUSDT", "lastPrice": "102.5", "bid1Price": "102.4", "ask1Price": "102.6",
             "price24hPcnt": "0.025", "volume24h": "10", "turnover24h": "1010"}]},
        "time": 1_790_000_000_000,
    },
    "kucoin": {
        "code": "200000",
        "data": {"time": 1_790_000_000_000, "symbol": "BTC-USDT", "buy": "102.4", "sell": "102.6",
                 "changeRate": "0.025", "vol": "10", "volValue": "1010", "last": "102.5"},
    },
    "gateio": [
        {"currency_pair": "BTC_USDT", "last": "102.5", "lowest_ask": "102.6", "highest_bid": "102.4",
         "change_percentage": "2.5", "base_volume": "10", "quote_volume": "1010"},
    ],
    "mexc": {
        "symbol": "BTCUSDT", "priceChangePercent": "0.025", "lastPrice": "102.5", "bidPrice": "102.4",
        "askPrice": "102.6", "volume": "10", "quoteVolume": "1010", "closeTime": 1_790_000_000_000,
    },
}  # fmt: skip


@every_venue
def test_prices_say_the_same_in_every_venues_words(venue: str) -> None:
    quote = read(venue, PriceQuery(SYMBOL), TICKERS[venue])
    assert (quote.last, quote.bid, quote.ask) == (102.5, 102.4, 102.6)
    assert quote.change_24h_pct == pytest.approx(2.5)
    assert (quote.volume_base, quote.volume_quote) == (10, 1010)
    timed = venue not in {"bybit", "gateio"}
    assert quote.time == (datetime.fromtimestamp(1_790_000_000, UTC) if timed else None)
    volume = read(venue, VolumeQuery(SYMBOL), TICKERS[venue])
    assert (volume.volume_base, volume.volume_quote) == (10, 1010)
    with pytest.raises(BadPayload, match="asked for"):
        read(venue, PriceQuery("ETH/USDT"), TICKERS[venue])


BOOKS: dict[str, Any] = {
    "binance_us": {"lastUpdateId": 1, "bids": [["99.5", "2"]], "asks": [["100.5", "3"]]},
    "okx": {
        "code": "0",
        "data": [
            {"bids": [["99.5", "2", "0", "1"]], "asks": [["100.5", "3", "0", "1"]], "ts": "1790000000000"}
        ],
    },
    "bybit": {
        "retCode": 0,
        "result": {"s": "BTCUSDT", "b": [["99.5", "2"]], "a": [["100.5", "3"]], "ts": 1_790_000_000_000},
    },
    "kucoin": {
        "code": "200000",
        "data": {"time": 1_790_000_000_000, "bids": [["99.5", "2"]], "asks": [["100.5", "3"]]},
    },
    "gateio": {"current": 1_790_000_000_000, "bids": [["99.5", "2"]], "asks": [["100.5", "3"]]},
    "mexc": {"timestamp": 1_790_000_000_000, "bids": [["99.5", "2"]], "asks": [["100.5", "3"]]},
}


@every_venue
def test_books_say_the_same_in_every_venues_words(venue: str) -> None:
    book = read(venue, OrderBookQuery(SYMBOL), BOOKS[venue])
    assert (book.bids, book.asks) == (((99.5, 2.0),), ((100.5, 3.0),))
    assert book.time == (None if venue == "binance_us" else datetime.fromtimestamp(1_790_000_000, UTC))


def test_kucoin_says_nulls_of_a_symbol_that_is_not_there() -> None:
    for query, body in (
        (PriceQuery("NOPE/USDT"), {"code": "200000", "data": {"symbol": "NOPE-USDT", "last": None}}),
        (OrderBookQuery("NOPE/USDT"), {"code": "200000", "data": {"time": 1, "bids": None, "asks": None}}),
    ):
        with pytest.raises(UnknownSymbol):
            read("kucoin", query, body)


def test_the_price_24_hours_ago_gives_the_change_only_where_it_can() -> None:
    body = {"code": "0", "data": [{"instId": "BTC-USDT", "last": "102.5", "open24h": "0"}]}
    assert read("okx", PriceQuery(SYMBOL), body).change_24h_pct is None
    del body["data"][0]["open24h"]  # type: ignore[union-attr]
    assert read("okx", PriceQuery(SYMBOL), body).change_24h_pct is None


def bybit(code: int, text: str) -> dict[str, Any]:
    return {"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}, "time": 1_790_000_000_000}


REFUSALS: list[tuple[str, int, Any, type[WireError]]] = [
    ("binance_us", 400, {"code": -1121, "msg": "Invalid symbol."}, UnknownSymbol),
    ("binance_us", 429, {"code": -1003, "msg": "Too much request weight used"}, Throttled),
    ("binance_us", 400, {"code": -1120, "msg": "Invalid interval."}, CallerError),
    ("binance_us", 403, {"code": 0, "msg": "restricted location"}, Forbidden),
    ("okx", 200, {"code": "51001", "msg": "Instrument ID doesn't exist.", "data": []}, UnknownSymbol),
    ("okx", 200, {"code": "51000", "msg": "Parameter bar error", "data": []}, CallerError),
    ("okx", 429, {"code": "50011", "msg": "Too Many Requests"}, Throttled),
    ("okx", 200, {"code": "50011", "msg": "Too Many Requests", "data": []}, Throttled),
    ("okx", 200, {"code": "50001", "msg": "Service temporarily unavailable", "data": []}, ProviderDown),
    ("okx", 503, {"code": "50001", "msg": "Service temporarily unavailable"}, ProviderDown),
    ("okx", 200, {"code": "59999", "msg": "Something new", "data": []}, ProviderDown),
    ("okx", 401, {"code": "50111", "msg": "Invalid OK-ACCESS-KEY"}, Forbidden),
    ("bybit", 200, bybit(10001, "Not supported symbols"), UnknownSymbol),
    ("bybit", 200, bybit(10001, "params error: Symbol Invalid"), UnknownSymbol),
    ("bybit", 200, bybit(10001, "Invalid period!"), CallerError),
    ("bybit", 200, bybit(10006, "Too many visits!"), Throttled),
    ("bybit", 403, bybit(10018, "Exceeded the IP Rate Limit."), Throttled),
    ("bybit", 200, bybit(10016, "Server error."), ProviderDown),
    ("bybit", 200, bybit(10024, "Compliance rules triggered"), Forbidden),
    ("bybit", 200, bybit(77777, "Something new"), ProviderDown),
    ("kucoin", 200, {"code": "400100", "msg": "This pair is not provided at present."}, UnknownSymbol),
    ("kucoin", 400, {"code": "400100", "msg": "Incorrect candlestick type."}, CallerError),
    ("kucoin", 429, {"code": "429000", "msg": "Too Many Requests"}, Throttled),
    ("kucoin", 200, {"code": "429000", "msg": "Too Many Requests"}, Throttled),
    ("kucoin", 200, {"code": "500000", "msg": "Internal Server Error"}, ProviderDown),
    ("kucoin", 200, {"code": "777777", "msg": "Something new"}, ProviderDown),
    ("kucoin", 200, {"code": "400003", "msg": "KC-API-KEY not exists"}, Forbidden),
    (
        "gateio",
        400,
        {"label": "INVALID_CURRENCY_PAIR", "message": "Invalid currency pair NO_PE"},
        UnknownSymbol,
    ),
    ("gateio", 400, {"label": "INVALID_CURRENCY", "message": "Invalid currency NO"}, UnknownSymbol),
    ("gateio", 400, {"label": "INVALID_PARAM_VALUE", "message": "Candlestick too long ago"}, CallerError),
    ("gateio", 429, {"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded"}, Throttled),
    ("gateio", 500, {"label": "SERVER_ERROR", "message": "Internal error"}, ProviderDown),
    ("gateio", 400, {"label": "SOMETHING_NEW", "message": "What nobody has seen"}, ProviderDown),
    ("mexc", 400, {"code": -1121, "msg": "Invalid symbol."}, UnknownSymbol),
    ("mexc", 400, {"code": -1121, "msg": "Invalid interval."}, CallerError),
    ("mexc", 400, {"code": 10007, "msg": "bad symbol"}, UnknownSymbol),
    ("mexc", 429, {"code": 429, "msg": "Too Many Requests"}, Throttled),
    ("mexc", 403, {"code": 403, "msg": "Access Denied"}, Forbidden),
    ("mexc", 500, {"code": 500, "msg": "Internal error"}, ProviderDown),
    ("mexc", 400, {"code": 99999, "msg": "Something new"}, ProviderDown),
]


@pytest.mark.parametrize(("venue", "status", "body", "kind"), REFUSALS)
def test_a_declared_form_has_its_name(venue: str, status: int, body: Any, kind: type[WireError]) -> None:
    for query in (PriceQuery(SYMBOL), HOUR, OrderBookQuery(SYMBOL)):
        with pytest.raises(WireError) as caught:
            read(venue, query, body, status)
        assert type(caught.value) is kind
        assert caught.value.status == status
        said = body.get("msg") or body.get("retMsg") or body.get("message")
        assert said in str(caught.value), "the venue's own words are told"


ASKED = datetime(2026, 11, 22, 3, 14, 15, tzinfo=UTC)


def url(venue: str, query: Query) -> str:
    return str(CATALOG[venue].request(query, now=ASKED).url)


def test_the_newest_candles() -> None:
    query = HOUR.replace(limit=100)
    assert url("binance_us", query) == (
        "https://api.binance.us/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=101"
    )
    assert url("okx", query) == "https://www.okx.com/api/v5/market/candles?instId=BTC-USDT&bar=1H&limit=101"
    assert url("bybit", query) == (
        "https://api.bybit.com/v5/market/kline?category=spot&symbol=BTCUSDT&interval=60&limit=101"
    )
    assert url("gateio", query) == (
        "https://api.gateio.ws/api/v4/spot/candlesticks?currency_pair=BTC_USDT&interval=1h&limit=101"
    )
    assert url("mexc", query) == "https://api.mexc.com/api/v3/klines?symbol=BTCUSDT&interval=60m&limit=101"
    stop = int(datetime(2026, 11, 22, 3, tzinfo=UTC).timestamp())
    assert url("kucoin", query) == (
        "https://api.kucoin.com/api/v1/market/candles?symbol=BTC-USDT&type=1hour"
        f"&startAt={stop - 100 * 3600}&endAt={stop - 1}"
    ), "without bounds it would send what it likes"


def test_ranges_are_asked_for_in_each_venues_sense() -> None:
    query = HOUR.replace(start="2026-11-20", end="2026-11-20T05:00Z")
    first = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())
    stop = first + 5 * 3600
    assert url("binance_us", query).endswith(f"startTime={first}000&endTime={stop - 3600}000&limit=5")
    assert url("okx", query).endswith(f"before={first * 1000 - 1}&after={stop}000&limit=5")
    assert url("bybit", query).endswith(f"start={first}000&end={stop * 1000 - 1}&limit=5")
    assert url("kucoin", query).endswith(f"startAt={first}&endAt={stop - 1}")
    assert url("gateio", query).endswith(f"from={first}&to={stop - 3600}"), (
        "limit would be refused beside them"
    )
    assert url("mexc", query).endswith(f"startTime={first}000&endTime={stop * 1000 - 1}&limit=5")


def test_utc_days_and_the_uncommon_names() -> None:
    assert "bar=1Dutc&" in url("okx", CandleQuery(SYMBOL, "1d", limit=9))
    assert "bar=6Hutc&" in url("okx", CandleQuery(SYMBOL, "6h", limit=9))
    assert "interval=D&" in url("bybit", CandleQuery(SYMBOL, "1d", limit=9))
    for venue in ("okx", "bybit", "kucoin", "gateio", "mexc"):
        assert CATALOG[venue].serves(CandleQuery(SYMBOL, "1w")) == "no 1w candles"


def test_older_candles_of_okx_come_from_its_archive_in_smaller_pages() -> None:
    okx, now = CATALOG["okx"], ASKED.timestamp()
    query = HOUR.replace(limit=2000)
    pages = okx.pages(query, now)
    spans = [page.span(now) for page in pages]
    assert (spans[0][0], spans[-1][1]) == query.span(now)
    assert all(left[1] == right[0] for left, right in itertools.pairwise(spans))
    paths = [okx.request(page, now=now).url.path for page in pages]
    assert paths == ["/api/v5/market/history-candles"] * 6 + ["/api/v5/market/candles"] * 5
    sizes = [(stop - first) // 3600 for first, stop in spans]
    assert sizes[:6] == [100] * 6
    assert max(sizes) == 300
    old = HOUR.replace(start="2020-01-01", limit=101)
    with pytest.raises(ValueError, match="at most 100 in one request"):
        okx.request(old, now=now)
    assert okx.request(old.replace(limit=100), now=now).url.path.endswith("history-candles")
    assert okx.request(old, now=None).url.path.endswith("/candles"), "without a clock nothing is old"


def test_gateio_has_no_more_than_its_newest_ten_thousand() -> None:
    gateio, now = CATALOG["gateio"], ASKED.timestamp()
    assert gateio.serves(HOUR.replace(start="2026-01-01"), now) is None
    assert gateio.covers(HOUR.replace(start="2026-01-01"), now)
    assert not gateio.covers(HOUR.replace(start="2025-01-01"), now)
    assert gateio.serves(HOUR.replace(start="2020-01-01", limit=10), now) == "only the newest 9990 candles"


def test_books_and_hosts() -> None:
    assert url("kucoin", OrderBookQuery(SYMBOL, 20)).endswith("level2_20?symbol=BTC-USDT")
    assert url("kucoin", OrderBookQuery(SYMBOL, 21)).endswith("level2_100?symbol=BTC-USDT")
    assert CATALOG["kucoin"].serves(OrderBookQuery(SYMBOL, 101)) == "at most 100 levels of the order book"
    assert [host.name for host in CATALOG["bybit"].hosts] == ["api.bybit.com", "api.bytick.com"]
    assert CATALOG["binance_us"].cost(OrderBookQuery(SYMBOL, 500)) == 5
    assert [CATALOG[venue].priority for venue in SET] == [75, 40, 45, 60, 65, 80]


def test_a_name_that_is_another_coins_there_is_not_asked_for() -> None:
    assert CATALOG["kucoin"].native("ALT/USDT") == "KALT-USDT"
    assert CATALOG["kucoin"].native("WAXP/USDT") == "WAX-USDT"
    assert CATALOG["mexc"].native("GMT/USDT") == "STEPNUSDT"
    assert CATALOG["mexc"].native("GAS/USDT") == "GASNEOUSDT"
    assert CATALOG["gateio"].native("GMT/USDT") == "GMT_USDT"
