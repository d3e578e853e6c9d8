"""Bitstamp, Bitfinex, Gemini, HTX, CoinGecko, CoinPaprika: genuine bodies where at hand, and own ones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from wire_bodies import CATALOG, NOW, RECORDED, T0, at, breaks_on_no_body, golden, of_a_market, read, recorded

from core.answer import BadPayload, CallerError, Forbidden, ProviderDown, Throttled, UnknownSymbol, WireError
from core.market import CandleQuery, OrderBookQuery, PriceQuery, Query, VolumeQuery

SET = ("bitstamp", "bitfinex", "gemini", "htx", "coingecko", "coinpaprika")
USD, USDT = "BTC/USD", "BTC/USDT"

every_venue = pytest.mark.parametrize("venue", SET)


def params(venue: str, query: Query, now: float | None = NOW) -> dict[str, str]:
    return dict(CATALOG[venue].request(query, now=now).url.params)


# Recorded


@recorded
def test_recorded_bitstamp() -> None:
    year = CandleQuery(USD, "1m", start="2019-01-01", end="2020-01-01")
    frame = golden("bitstamp", "bitstamp/ohlc.1m.json", year)
    assert len(frame) == 1000
    assert frame.index[0] == datetime(2019, 12, 31, 7, 20, tzinfo=UTC)
    assert frame.index[-1] == datetime(2019, 12, 31, 23, 59, tzinfo=UTC)
    assert frame.iloc[2].tolist() == [7218.24, 7218.24, 7215.39, 7215.39, 0.05353944]
    assert (frame["volume"] == 0).sum() == 13
    hour = CandleQuery(USDT, "1h", include_open=True)
    frame = golden("bitstamp", "bitstamp/ohlc.1h.2024.json", hour)
    assert frame.iloc[0].tolist() == [73241, 73293, 73240, 73285, 0.01076655]
    assert golden("bitstamp", "bitstamp/ohlc.1h.2024.json", hour.replace(include_open=False)).empty
    with pytest.raises(BadPayload, match="asked for 'btcusd'"):
        golden("bitstamp", "bitstamp/ohlc.1h.2024.json", CandleQuery(USD, "1h"))
    quote = golden("bitstamp", "bitstamp/ticker.json", PriceQuery(USD))
    assert (quote.last, quote.bid, quote.ask, quote.volume_base) == (2211, 2188.97, 2211, 213.268011)
    assert (quote.change_24h_pct, quote.volume_quote) == (13.57, None)
    assert quote.time == datetime(2022, 1, 31, 14, 43, 6, tzinfo=UTC)
    quote = golden("bitstamp", "bitstamp/ticker.2017.json", PriceQuery(USD))
    assert (quote.last, quote.bid, quote.change_24h_pct) == (4402.16, 4401.37, None)
    book = golden("bitstamp", "bitstamp/order_book.json", OrderBookQuery(USD, 2))
    assert book.bids == ((8200.59, 2.0), (8196.66, 1.9072))
    assert book.asks[0][0] > book.bids[0][0]
    assert book.time == datetime(2019, 6, 14, 3, 13, 21, tzinfo=UTC)


@recorded
def test_recorded_bitfinex() -> None:
    query = CandleQuery(USDT, "1h", include_open=True)
    frame = golden("bitfinex", "bitfinex/candles.1h.oldest.json", query)
    assert frame.index[0] == datetime(2019, 3, 11, 10, tzinfo=UTC)
    assert frame.iloc[0].tolist() == [3870.1, 3890, 3870.1, 3890, 0.05], "the close stands second"
    file = "bitfinex/tickers_all.json"
    quote = golden("bitfinex", file, PriceQuery(USD))
    assert (quote.last, quote.bid, quote.ask, quote.volume_base) == (9137, 9131, 9132.6, 5723.038617)
    assert quote.change_24h_pct == pytest.approx(-0.28)
    quote = golden("bitfinex", file, PriceQuery("LTC/BTC"))
    assert (quote.last, quote.bid) == (0.0063621, 0.0063608)
    assert golden("bitfinex", file, VolumeQuery("ETH/USD")).volume_base == 26353.68958365
    with pytest.raises(BadPayload, match="no row is about"):
        golden("bitfinex", file, PriceQuery("NOPE/USD"))


@recorded
def test_recorded_gemini() -> None:
    hour = CandleQuery(USDT, "1h")
    frame = golden("gemini", "gemini/candles.1h.json", hour, at(2024, 3, 13, 11, 10))
    assert frame.index[0] == datetime(2024, 3, 13, 10, tzinfo=UTC)
    assert frame.iloc[0].tolist() == [73402.61, 73402.61, 73268.24, 73268.24, 0.05445598]
    quote = golden("gemini", "gemini/pubticker.json", PriceQuery(USD))
    assert (quote.last, quote.bid, quote.ask) == (11381.47, 11381.50, 11388.08)
    assert (quote.volume_base, quote.volume_quote) == (915.6534281291, 10394749.066094352)
    quote = golden("gemini", "gemini/pubticker.2017.json", PriceQuery(USD))
    assert (quote.last, quote.volume_base) == (4407.82, 4835.1549187912)
    book = golden("gemini", "gemini/book.json", OrderBookQuery(USD, 2))
    assert book.asks == ((11385.22, 5.34093158), (11390.45, 0.13914442))
    assert book.bids[0][0] < book.asks[0][0]
    for file in ("gemini/ticker_v2.json", "gemini/symbol_details.json", "gemini/book.json"):
        with pytest.raises(BadPayload):
            golden("gemini", file, PriceQuery(USD))


@recorded
def test_recorded_htx() -> None:
    query = CandleQuery(USDT, "5m")
    now = at(2021, 8, 24, 1, 40, 47)
    frame = golden("htx", "htx/history_kline.5m.json", query, now)
    assert len(frame) == 1
    assert frame.index[0] == datetime(2021, 8, 24, 1, 35, tzinfo=UTC)
    assert frame.iloc[0].tolist() == [48994.61, 49072.46, 48966.72, 49056.37, 30.72223099519689]
    assert len(golden("htx", "htx/history_kline.5m.json", query.replace(include_open=True), now)) == 2
    with pytest.raises(BadPayload, match=r"expected 'market\.btcusdt\.kline\.60min'"):
        golden("htx", "htx/history_kline.5m.json", query.replace(interval="1h"), now)
    with pytest.raises(BadPayload, match="ethusdt"):
        golden("htx", "htx/history_kline.5m.json", CandleQuery("ETH/USDT", "5m"), now)
    quote = golden("htx", "htx/ticker_merged.2021.json", PriceQuery(USDT))
    assert (quote.last, quote.bid, quote.ask) == (49820.92, 49819.48, 49819.49)
    assert (quote.volume_base, quote.volume_quote) == (12055.365781937457, 598561868.5709001)
    assert quote.change_24h_pct == pytest.approx((49820.92 / 50080 - 1) * 100)
    assert quote.time == datetime(2021, 8, 24, 7, 6, 3, 750000, tzinfo=UTC)
    book = golden("htx", "htx/depth.step0.json", OrderBookQuery(USDT, 3))
    assert book.bids == ((49790.87, 0.779876), (49785.9, 0.000182), (49784.48, 0.002758))
    assert book.asks[0] == (49790.88, 2.980472)
    with pytest.raises(BadPayload, match="detail"):
        golden("htx", "htx/ticker_merged.2021.json", OrderBookQuery(USDT))


@recorded
def test_recorded_coingecko() -> None:
    query = CandleQuery(USD, "4h")
    now = at(2021, 5, 15, 15, 34)
    frame = golden("coingecko", "coingecko/ohlc.7d.json", query, now)
    assert len(frame) == 41, "the last row ends after this moment"
    assert frame.index[0] == datetime(2021, 5, 8, 16, tzinfo=UTC), "a row's time is that of its end"
    assert frame.iloc[-1].tolist() == [48810.93, 49065.53, 48572.17, 48574.71]
    assert "volume" not in frame
    assert frame.attrs["notes"] == ("volume in base units is not offered",)
    assert len(golden("coingecko", "coingecko/ohlc.7d.json", query)) == 41
    quote = golden("coingecko", "coingecko/coins_markets.json", PriceQuery(USD))
    assert (quote.last, quote.change_24h_pct) == (49053, -4.37931)
    assert (quote.volume_base, quote.volume_quote) == (None, 61679663434)
    assert quote.time == datetime(2021, 5, 15, 15, 59, 43, 867000, tzinfo=UTC)
    with pytest.raises(BadPayload, match="no row is about 'ethereum'"):
        golden("coingecko", "coingecko/coins_markets.json", PriceQuery("ETH/USD"))
    with pytest.raises(Throttled):
        golden("coingecko", "coingecko/any.error-429.json", PriceQuery(USD))
    with pytest.raises(CallerError):
        golden("coingecko", "coingecko/coins_markets.error-422.json", PriceQuery(USD))
    with pytest.raises(ProviderDown):
        golden("coingecko", "coingecko/ohlc.error-500.json", query)
    for file in ("simple_price", "coins_bitcoin", "global", "search_trending", "market_chart.1d"):
        for asked in (PriceQuery(USD), query):
            with pytest.raises(BadPayload):
                golden("coingecko", f"coingecko/{file}.json", asked)


@recorded
def test_recorded_coinpaprika() -> None:
    day = CandleQuery(USD, "1d", limit=1)
    file = "coinpaprika/ohlcv_today.json"
    assert golden("coinpaprika", file, day, at(2025, 9, 25, 16, 42)).empty, "the day is not over"
    frame = golden("coinpaprika", file, day.replace(include_open=True), at(2025, 9, 25, 16, 42))
    assert frame.index[0] == datetime(2025, 9, 25, tzinfo=UTC)
    assert frame["close"].iloc[0] == 111180.83800107271
    assert "volume" not in frame, "it is in dollars"
    quote = golden("coinpaprika", "coinpaprika/tickers.json", PriceQuery(USD))
    assert (quote.last, quote.change_24h_pct) == (30538.078793975994, 1.24)
    assert (quote.volume_base, quote.volume_quote) == (None, 13441600877.886246)
    assert quote.time == datetime(2023, 7, 11, 8, 40, 17, tzinfo=UTC)
    with pytest.raises(BadPayload, match="no row is about 'eth-ethereum'"):
        golden("coinpaprika", "coinpaprika/tickers.json", PriceQuery("ETH/USD"))


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


# Own bodies in the same shapes

KEYS = ("timestamp", "open", "high", "low", "close", "volume")
BITSTAMP = [(T0 - 3600, 10, 14, 9, 12, 3.5), (T0, 12, 15, 11, 13, 2.5)]
HTX = [
    {"id": T0, "open": 12, "close": 13, "low": 11, "high": 15, "amount": 2.5, "vol": 32.5, "count": 4},
    {"id": T0 - 3600, "open": 10, "close": 12, "low": 9, "high": 14, "amount": 3.5, "vol": 38, "count": 5},
]
CANDLES: dict[str, tuple[str, Any]] = {
    # T0 and the hour before it, as each venue orders and writes them.
    "bitstamp": (
        USD,
        {"data": {"pair": USD, "ohlc": [dict(zip(KEYS, map(str, row), strict=True)) for row in BITSTAMP]}},
    ),
    "bitfinex": (USD, [[T0 * 1000, 12, 13, 15, 11, 2.5], [(T0 - 3600) * 1000, 10, 12, 14, 9, 3.5]]),
    "gemini": (USD, [[T0 * 1000, 12, 15, 11, 13, 2.5], [(T0 - 3600) * 1000, 10, 14, 9, 12, 3.5]]),
    "htx": (USDT, {"ch": "market.btcusdt.kline.60min", "status": "ok", "ts": T0 * 1000, "data": HTX}),
}


@pytest.mark.parametrize("venue", CANDLES)
def test_candles_are_ascending_with_the_base_volume(venue: str) -> None:
    symbol, body = CANDLES[venue]
    frame = read(venue, CandleQuery(symbol, "1h"), body)
    assert [time.timestamp() for time in frame.index] == [T0 - 3600, T0]
    assert frame.to_numpy().tolist() == [[10, 14, 9, 12, 3.5], [12, 15, 11, 13, 2.5]]
    assert len(read(venue, CandleQuery(symbol, "1h"), body, now=T0 + 3599.0)) == 1, "the newest is open"
    assert len(read(venue, CandleQuery(symbol, "1h"), body, now=None)) == 1


def test_an_aggregators_candles_have_no_volume() -> None:
    end = T0 // 14400 * 14400
    rows = [[(end - 14400 * back) * 1000, 10, 14, 9, 12] for back in (2, 1, 0)]
    frame = read("coingecko", CandleQuery(USD, "4h"), rows, now=float(end))
    assert [time.timestamp() for time in frame.index] == [end - 14400 * back for back in (3, 2, 1)]
    assert list(frame.columns) == ["open", "high", "low", "close"]
    midnight = NOW // 86400 * 86400 - 86400
    row = {
        "time_open": datetime.fromtimestamp(midnight, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "time_close": datetime.fromtimestamp(midnight + 86399, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "open": 10.5,
        "high": 14,
        "low": 9,
        "close": 12,
        "volume": 7,
        "market_cap": 8,
    }
    frame = read("coinpaprika", CandleQuery(USD, "1d", limit=1), [row])
    assert frame.index[0].timestamp() == midnight
    assert frame.to_numpy().tolist() == [[10.5, 14, 9, 12]]


def test_tickers() -> None:
    body = [
        ["tETH:BTC", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        ["tBTCUST", 99, 5, 101, 6, 1, 0.015, 100, 2000, 104, 98],
    ]
    quote = read("bitfinex", PriceQuery(USDT), body)
    assert (quote.last, quote.bid, quote.ask, quote.volume_base) == (100, 99, 101, 2000)
    assert quote.change_24h_pct == pytest.approx(1.5)
    with pytest.raises(UnknownSymbol, match="empty list"):
        read("bitfinex", PriceQuery(USDT), [])
    volume = {"BTC": "7.5", "USD": "750", "timestamp": T0 * 1000}
    body = {"bid": "99", "ask": "101", "last": "100", "volume": volume}
    quote = read("gemini", PriceQuery(USD), body)
    assert (quote.volume_base, quote.volume_quote) == (7.5, 750)
    assert read("gemini", VolumeQuery(USD), body).volume_base == 7.5
    assert read("gemini", PriceQuery("ETH/USD"), body).volume_base is None, "the volume of another coin"
    tick = {"open": 80, "close": 100, "amount": 5, "vol": 450, "bid": [99, 1], "ask": [101, 2]}
    quote = read(
        "htx", PriceQuery(USDT), {"ch": "market.btcusdt.detail.merged", "status": "ok", "tick": tick}
    )
    assert (quote.change_24h_pct, quote.volume_base, quote.volume_quote) == (25, 5, 450)
    with pytest.raises(UnknownSymbol):
        read("coingecko", PriceQuery(USD), [])
    one = {"id": "btc-bitcoin", "quotes": {"USD": {"price": 100, "volume_24h": 9, "percent_change_24h": -2}}}
    quote = read("coinpaprika", PriceQuery(USD), one)
    assert (quote.last, quote.volume_quote, quote.change_24h_pct) == (100, 9, -2)
    with pytest.raises(BadPayload, match="asked for 'eth-ethereum'"):
        read("coinpaprika", PriceQuery("ETH/USD"), one)


def test_a_signed_book_has_its_asks_below_zero() -> None:
    rows = [[101, 2, -3], [99, 1, 5], [100, 4, 0.5], [102, 1, -1]]
    book = read("bitfinex", OrderBookQuery(USD), rows)
    assert book.bids == ((100, 0.5), (99, 5))
    assert book.asks == ((101, 3), (102, 1))
    for moved in ([[2, -3, 101]], [[101, -3, 2]], [[1, 0.5, 100]]):
        with pytest.raises(BadPayload, match="no number of orders"):
            read("bitfinex", OrderBookQuery(USD), moved)


WRONG = {"status": "error", "err-code": "invalid-parameter"}
REFUSALS: list[tuple[str, int, Any, type[WireError]]] = [
    ("bitstamp", 404, {"status": "error", "reason": "Market not found.", "code": "404.003"}, UnknownSymbol),
    ("bitstamp", 404, {"response_code": "404.003", "response_explanation": "x"}, UnknownSymbol),
    ("bitstamp", 400, {"status": "error", "reason": "x", "code": "400.002"}, Throttled),
    ("bitstamp", 400, {"status": "error", "reason": "limit", "code": "400.011"}, CallerError),
    ("bitstamp", 403, {"status": "error", "reason": "x", "code": "API0001"}, Forbidden),
    ("bitstamp", 200, {"status": "error", "reason": "x"}, ProviderDown),
    ("bitfinex", 500, ["error", 10020, "symbol: invalid"], UnknownSymbol),
    ("bitfinex", 500, ["error", 10020, "limit: invalid"], CallerError),
    ("bitfinex", 429, {"error": "ERR_RATE_LIMIT"}, Throttled),
    ("bitfinex", 500, ["error", 11010, "ratelimit: error"], Throttled),
    ("bitfinex", 503, ["error", 20060, "maintenance"], ProviderDown),
    ("bitfinex", 200, ["error", 10001, "unknown"], ProviderDown),
    ("gemini", 400, {"result": "error", "reason": "InvalidSymbol", "message": "x"}, UnknownSymbol),
    (
        "gemini",
        400,
        {"result": "error", "reason": "Bad Request", "message": "Supplied value 'x' is not a valid symbol"},
        UnknownSymbol,
    ),
    ("gemini", 400, {"result": "error", "reason": "Bad Request", "message": "no"}, CallerError),
    ("gemini", 429, {"result": "error", "reason": "RateLimit", "message": "slow down"}, Throttled),
    ("gemini", 503, {"result": "error", "reason": "Maintenance", "message": "back soon"}, ProviderDown),
    ("htx", 200, {**WRONG, "err-msg": "invalid symbol"}, UnknownSymbol),
    ("htx", 200, {**WRONG, "err-msg": "invalid period"}, CallerError),
    ("htx", 200, {"status": "error", "err-code": "too-many-request", "err-msg": "x"}, Throttled),
    ("htx", 200, {"status": "error", "err-code": "system-maintenance", "err-msg": "x"}, ProviderDown),
    ("coingecko", 404, {"error": "coin not found"}, UnknownSymbol),
    ("coingecko", 400, {"error": "invalid vs_currency"}, CallerError),
    ("coingecko", 401, {"error": {"status": {"error_code": 10012, "error_message": "x"}}}, CallerError),
    ("coingecko", 401, {"status": {"error_code": 10002, "error_message": "API Key Missing"}}, Forbidden),
    ("coinpaprika", 404, {"error": "id not found"}, UnknownSymbol),
    ("coinpaprika", 400, {"error": "invalid parameters"}, CallerError),
    ("coinpaprika", 402, {"error": "payment required"}, Throttled),
    ("coinpaprika", 200, {"error": "sorry"}, ProviderDown),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "status", "body", "kind"), REFUSALS)
def test_refusals_have_their_names(venue: str, status: int, body: Any, kind: type[WireError]) -> None:
    provider = CATALOG[venue]
    for query in (PriceQuery(provider.check_symbol), CandleQuery(provider.check_symbol, "1h")):
        with pytest.raises(WireError) as caught:
            read(venue, query, body, status)
        assert type(caught.value) is kind


def test_numbers_that_look_like_codes_are_no_errors() -> None:
    rows = [[(T0 + hour * 3600) * 1000, 10020, 11010, 20060, 10001, 1] for hour in (-2, -1, 0)]
    assert len(read("bitfinex", CandleQuery(USD, "1h"), rows)) == 3


# Requests


def test_bitfinex_names() -> None:
    native = CATALOG["bitfinex"].native
    assert [native(s) for s in (USD, USDT, "LINK/USD", "DASH/BTC", "DOGE/USDT", "ATOM/USD")] == [
        "tBTCUSD", "tBTCUST", "tLINK:USD", "tDSHBTC", "tDOGE:UST", "tATOUSD",
    ]  # fmt: skip


def test_htx_counts_back_from_now() -> None:
    hours = CandleQuery(USDT, "1h")
    assert params("htx", hours.replace(limit=10)) == {"symbol": "btcusdt", "period": "60min", "size": "11"}
    past = hours.replace(start=T0 - 9 * 3600, end=T0 - 6 * 3600)
    assert params("htx", past)["size"] == "12", "the rows up to the open one come first"
    assert params("htx", past, None)["size"] == "2000"
    assert (
        CATALOG["htx"].serves(hours.replace(start=0, end=T0 - 3000 * 3600), NOW)
        == "only the newest 1999 candles"
    )


def test_coingecko_asks_for_days() -> None:
    four = CandleQuery(USD, "4h")
    days = [params("coingecko", four.replace(limit=limit))["days"] for limit in (1, 41, 42, 83, 84, 179)]
    assert days == ["7", "7", "14", "14", "30", "30"]
    assert params("coingecko", CandleQuery("ETH/EUR", "30m", limit=47)) == {"vs_currency": "eur", "days": "1"}
    provider = CATALOG["coingecko"]
    assert (
        str(provider.request(CandleQuery("AVAX/USD", "4h", limit=3)).url.path)
        == "/api/v3/coins/avalanche-2/ohlc"
    )
    assert not provider.covers(CandleQuery(USD, "30m", limit=48), NOW)
    assert provider.covers(CandleQuery(USD, "4h", limit=48), NOW)


@pytest.mark.parametrize("venue", ["coingecko", "coinpaprika"])
def test_an_aggregator_is_asked_only_for_ids_that_are_known(venue: str) -> None:
    provider = CATALOG[venue]
    assert len(provider.declaration.symbol.rename) > 40
    assert provider.serves(PriceQuery("NOPE/USD")) == "its name for NOPE is not known"
    assert provider.serves(PriceQuery(USDT)) == "no markets quoted in USDT", "a dollar is not a tether"
    with pytest.raises(ValueError, match="not known"):
        provider.request(PriceQuery("NOPE/USD"))


def test_days_that_are_no_utc_days_are_not_offered() -> None:
    for venue in ("gemini", "htx"):
        assert CATALOG[venue].serves(CandleQuery(CATALOG[venue].check_symbol, "1d")) == "no 1d candles"
    for venue in SET:
        assert CATALOG[venue].serves(CandleQuery(CATALOG[venue].check_symbol, "1w")) == "no 1w candles"
