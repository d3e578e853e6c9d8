"""The exact requests of the three venues."""

from datetime import UTC, datetime

import pytest

from core.catalog import Catalog
from core.market import CandleQuery, OrderBookQuery, PriceQuery, VolumeQuery

CATALOG = Catalog.load()
NOW = datetime(2026, 11, 22, 3, 14, 15, tzinfo=UTC)


def url(venue: str, query: object, **more: object) -> str:
    return str(CATALOG[venue].request(query, **{"now": NOW, **more}).url)


def test_the_newest_candles_are_asked_for_without_bounds_and_one_more_for_the_open_one() -> None:
    query = CandleQuery("BTC/USDT", "1h", limit=100)
    assert url("binance", query) == (
        "https://api.binance.com/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=101"
    )
    assert url("binance", query.replace(include_open=True)).endswith("limit=100")
    assert url("kraken", query) == "https://api.kraken.com/0/public/OHLC?pair=XBTUSDT&interval=60"
    assert url("coinbase", query) == (
        "https://api.exchange.coinbase.com/products/BTC-USDT/candles?granularity=3600"
    )


def test_a_full_request_is_bounded_since_the_open_candle_would_not_fit() -> None:
    newest_closed = datetime(2026, 11, 22, 2, tzinfo=UTC)
    asked = url("binance", CandleQuery("BTC/USDT", "1h", limit=1000))
    assert f"endTime={int(newest_closed.timestamp()) * 1000}&limit=1000" in asked
    assert "startTime" not in asked
    asked = url("coinbase", CandleQuery("BTC/USD", "1h", limit=300))
    assert "start=2026-11-09T15%3A00%3A00Z&end=2026-11-22T02%3A00%3A00Z" in asked


def test_a_range_is_half_open_here_and_whatever_the_venue_has_there() -> None:
    query = CandleQuery("BTC/USD", "1h", start="2026-11-20", end="2026-11-20T05:00Z")
    first = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())
    usdt = query.replace(symbol="BTC/USDT")
    assert f"startTime={first * 1000}&endTime={(first + 4 * 3600) * 1000}&limit=5" in url("binance", usdt)
    assert url("kraken", query).endswith(f"since={first - 1}")
    assert url("coinbase", query).endswith("start=2026-11-20T00%3A00%3A00Z&end=2026-11-20T04%3A00%3A00Z")


def test_a_range_off_the_grid_asks_for_whole_candles_within_it() -> None:
    query = CandleQuery("BTC/USD", "1h", start="2026-11-20T00:00:01Z", end="2026-11-20T05:59Z")
    assert url("coinbase", query).endswith("start=2026-11-20T01%3A00%3A00Z&end=2026-11-20T05%3A00%3A00Z")


def test_an_end_without_a_start() -> None:
    query = CandleQuery("BTC/USD", "1d", end="2026-11-20", limit=3)
    assert "start=2026-11-17T00%3A00%3A00Z&end=2026-11-19T00%3A00%3A00Z" in url("coinbase", query)
    assert "since" not in url("kraken", query)
    assert "startTime" not in url("binance", query.replace(symbol="BTC/USDT"))


def test_requests_without_a_clock() -> None:
    query = CandleQuery("BTC/USDT", "1h", limit=100)
    assert url("binance", query, now=None).endswith("limit=101")
    first = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 1000
    bounded = query.replace(start="2026-11-01")
    last = first + 99 * 3_600_000
    assert f"startTime={first}&endTime={last}&limit=100" in url("binance", bounded, now=None)
    open_ended = query.replace(start="2026-11-01", limit=None)
    assert f"startTime={first}" in url("binance", open_ended, now=None)
    assert "limit=1000" in url("binance", open_ended, now=None)


def test_weeks_open_on_monday_or_are_not_offered() -> None:
    query = CandleQuery("BTC/USDT", "1w", start="2026-11-02", end="2026-11-16")
    assert "interval=1w" in url("binance", query)
    assert CATALOG["kraken"].serves(query, NOW) == "no 1w candles"
    assert CATALOG["coinbase"].serves(query, NOW) == "no 1w candles"


def test_tickers_and_books() -> None:
    assert url("binance", PriceQuery("ETH/BTC")).endswith("/api/v3/ticker/24hr?symbol=ETHBTC")
    assert url("binance", VolumeQuery("ETH/BTC")) == url("binance", PriceQuery("ETH/BTC"))
    assert url("kraken", PriceQuery("DOGE/BTC")).endswith("/0/public/Ticker?pair=XDGXBT")
    assert url("coinbase", PriceQuery("ETH/EUR")).endswith("/products/ETH-EUR/ticker")
    assert url("binance", OrderBookQuery("BTC/USDT", 7)).endswith("/api/v3/depth?symbol=BTCUSDT&limit=7")
    assert url("kraken", OrderBookQuery("BTC/USD", 7)).endswith("/0/public/Depth?pair=XBTUSD&count=7")
    assert url("coinbase", OrderBookQuery("BTC/USD", 1)).endswith("/products/BTC-USD/book?level=1")
    assert url("coinbase", OrderBookQuery("BTC/USD", 2)).endswith("/products/BTC-USD/book?level=2")


def test_a_host_by_name_or_as_it_is() -> None:
    binance = CATALOG["binance"]
    mirror = binance.hosts[-1]
    assert (mirror.name, mirror.group) == ("data-api.binance.vision", "data")
    assert {host.group for host in binance.hosts[:-1]} == {"api"}
    query = PriceQuery("BTC/USDT")
    assert url("binance", query, host=mirror) == url("binance", query, host=mirror.name)
    assert url("binance", query, host=mirror).startswith("https://data-api.binance.vision/api/v3/")


def test_what_is_not_served_is_said_and_refused() -> None:
    for venue, query, reason in (
        ("binance", PriceQuery("BTC/USD"), "no markets quoted in USD"),
        ("kraken", CandleQuery("BTC/USD", "3m"), "no 3m candles"),
        ("kraken", OrderBookQuery("BTC/USD", 501), "at most 500 levels of the order book"),
        ("coinbase", CandleQuery("BTC/USD", "4h"), "no 4h candles"),
    ):
        assert CATALOG[venue].serves(query, NOW) == reason
        with pytest.raises(ValueError, match=reason):
            CATALOG[venue].request(query, now=NOW)
    assert CATALOG["binance"].serves(PriceQuery("BTC/USDT", allow_quote=("USD",)), NOW) is None


def test_krakens_history_ends_after_720_candles() -> None:
    kraken = CATALOG["kraken"]
    edge = datetime(2026, 11, 22, 3, tzinfo=UTC).timestamp()
    query = CandleQuery("BTC/USD", "1h", start=edge - 720 * 3600)
    assert kraken.covers(query, NOW)
    assert not kraken.covers(query.replace(start=edge - 721 * 3600), NOW)
    assert kraken.serves(query.replace(start=edge - 721 * 3600), NOW) is None, "a part can be had"
    past = query.replace(start=edge - 900 * 3600, end=edge - 720 * 3600)
    assert kraken.serves(past, NOW) == "only the newest 720 candles"
    assert not kraken.covers(CandleQuery("BTC/USD", "1h", limit=721), NOW)
    assert CATALOG["binance"].covers(query.replace(start=0), NOW)
    assert kraken.covers(PriceQuery("BTC/USD"), NOW)
    pages = kraken.pages(CandleQuery("BTC/USD", "1h", limit=2000), NOW)
    assert [kraken.serves(page, NOW) is None for page in pages] == [False, True, True]


def test_costs_follow_the_documentation() -> None:
    binance = CATALOG["binance"]
    assert binance.cost(CandleQuery("BTC/USDT", "1h")) == 2
    assert binance.cost(PriceQuery("BTC/USDT")) == 2
    costs = [
        binance.cost(OrderBookQuery("BTC/USDT", depth)) for depth in (1, 100, 101, 500, 1000, 1001, 5000)
    ]
    assert costs == [5, 5, 25, 25, 50, 250, 250]
    assert (binance.limits[0].cost, binance.limits[0].seconds) == (6000, 60)
    assert CATALOG["coinbase"].cost(OrderBookQuery("BTC/USD", 50)) == 1


def test_a_whole_book_may_be_larger_than_other_answers() -> None:
    coinbase = CATALOG["coinbase"]
    book = coinbase.request(OrderBookQuery("BTC/USD"), now=NOW)
    assert book.max_bytes > coinbase.request(PriceQuery("BTC/USD"), now=NOW).max_bytes


def test_the_native_symbol() -> None:
    assert [CATALOG[venue].native("DOGE/BTC") for venue in ("binance", "kraken", "coinbase")] == [
        "DOGEBTC",
        "XDGXBT",
        "DOGE-BTC",
    ]
