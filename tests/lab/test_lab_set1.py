"""What Binance.US, OKX, Bybit, KuCoin, Gate and MEXC say in the lab, each in its own form."""

import json
from datetime import UTC, datetime

import pytest

from core.lab import Lab
from core.lab.grid import MONDAY, plain, span
from core.lab.venues import VENUES

NOW = 1_780_000_123.5
HOUR = 3600
OPEN = int(NOW // HOUR * HOUR)
HOSTS = {
    "binance_us": "api.binance.us",
    "okx": "www.okx.com",
    "bybit": "api.bybit.com",
    "kucoin": "api.kucoin.com",
    "gateio": "api.gateio.ws",
    "mexc": "api.mexc.com",
}
CANDLES = {
    "binance_us": ("/api/v3/klines", "symbol=BTCUSDT&interval=1h"),
    "okx": ("/api/v5/market/candles", "instId=BTC-USDT&bar=1H"),
    "bybit": ("/v5/market/kline", "category=spot&symbol=BTCUSDT&interval=60"),
    "kucoin": ("/api/v1/market/candles", "symbol=BTC-USDT&type=1hour"),
    "gateio": ("/api/v4/spot/candlesticks", "currency_pair=BTC_USDT&interval=1h"),
    "mexc": ("/api/v3/klines", "symbol=BTCUSDT&interval=60m"),
}
BOOKS = {
    "binance_us": ("/api/v3/depth", "symbol=BTCUSDT&limit=20"),
    "okx": ("/api/v5/market/books", "instId=BTC-USDT&sz=20"),
    "bybit": ("/v5/market/orderbook", "category=spot&symbol=BTCUSDT&limit=20"),
    "kucoin": ("/api/v1/market/orderbook/level2_20", "symbol=BTC-USDT"),
    "gateio": ("/api/v4/spot/order_book", "currency_pair=BTC_USDT&limit=20"),
    "mexc": ("/api/v3/depth", "symbol=BTCUSDT&limit=20"),
}
TICKERS = {
    "binance_us": ("/api/v3/ticker/24hr", "symbol=BTCUSDT"),
    "okx": ("/api/v5/market/ticker", "instId=BTC-USDT"),
    "bybit": ("/v5/market/tickers", "category=spot&symbol=BTCUSDT"),
    "kucoin": ("/api/v1/market/stats", "symbol=BTC-USDT"),
    "gateio": ("/api/v4/spot/tickers", "currency_pair=BTC_USDT"),
    "mexc": ("/api/v3/ticker/24hr", "symbol=BTCUSDT"),
}
NAMES = {  # last, bid, ask, base volume, quote volume, change, of a whole
    "binance_us": ("lastPrice", "bidPrice", "askPrice", "volume", "quoteVolume", "priceChangePercent", 100),
    "okx": ("last", "bidPx", "askPx", "vol24h", "volCcy24h", None, 1),
    "bybit": ("lastPrice", "bid1Price", "ask1Price", "volume24h", "turnover24h", "price24hPcnt", 1),
    "kucoin": ("last", "buy", "sell", "vol", "volValue", "changeRate", 1),
    "gateio": ("last", "highest_bid", "lowest_ask", "base_volume", "quote_volume", "change_percentage", 100),
    "mexc": ("lastPrice", "bidPrice", "askPrice", "volume", "quoteVolume", "priceChangePercent", 1),
}
# Time, open, high, low, close, base volume, turnover; and a second of the venue's time.
COLUMNS = {
    "binance_us": ((0, 1, 2, 3, 4, 5, 7), 1000),
    "okx": ((0, 1, 2, 3, 4, 5, 7), 1000),
    "bybit": ((0, 1, 2, 3, 4, 5, 6), 1000),
    "kucoin": ((0, 1, 3, 4, 2, 5, 6), 1),
    "gateio": ((0, 5, 3, 4, 2, 6, 1), 1),
    "mexc": ((0, 1, 2, 3, 4, 5, 7), 1000),
}
OLDEST_FIRST = {"binance_us", "gateio", "mexc"}
every_venue = pytest.mark.parametrize("venue", HOSTS)


class Clock:
    def mono(self):
        return 0.0

    def now(self):
        return NOW


@pytest.fixture
def lab():
    return Lab(7, Clock())


def ask(lab, venue, path, query=""):
    made = lab.handle("GET", HOSTS[venue], path, query)
    return made, json.loads(made.body)


def rows_of(venue, body):
    match venue:
        case "okx" | "kucoin":
            return body["data"]
        case "bybit":
            return body["result"]["list"]
    return body


def candles(lab, venue, more=""):
    path, query = CANDLES[venue]
    made, body = ask(lab, venue, path, f"{query}{more}")
    assert made.status == 200, body
    places, second = COLUMNS[venue]
    rows = [[float(row[place]) for place in places] for row in rows_of(venue, body)]
    return [[row[0] / second, *row[1:]] for row in rows]


def times(rows):
    return [int(row[0]) for row in rows]


@every_venue
def test_rows_stand_in_the_venues_order_and_end_with_the_open_candle(lab, venue):
    rows = candles(lab, venue)
    assert times(rows) == sorted(times(rows), reverse=venue not in OLDEST_FIRST)
    assert max(times(rows)) == OPEN
    assert len(rows) >= 100
    for _, o, high, low, close, volume, turnover in rows:
        assert low <= min(o, close) <= max(o, close) <= high
        assert volume * low * 0.999 <= turnover <= volume * high * 1.001, (
            "base volume and turnover change places"
        )


RANGES = {
    # What asks for T0, T0 + 1h and T0 + 2h, by each venue's own sense of the two ends.
    "binance_us": lambda t: f"&startTime={t * 1000}&endTime={(t + 2 * HOUR) * 1000}",
    "okx": lambda t: f"&before={t * 1000 - 1}&after={(t + 3 * HOUR) * 1000}",
    "bybit": lambda t: f"&start={t * 1000}&end={(t + 2 * HOUR) * 1000}",
    "kucoin": lambda t: f"&startAt={t}&endAt={t + 3 * HOUR}",
    "gateio": lambda t: f"&from={t}&to={t + 2 * HOUR}",
    "mexc": lambda t: f"&startTime={t * 1000}&endTime={(t + 2 * HOUR) * 1000}",
}


@every_venue
def test_ranges_have_the_venues_sense_of_their_ends(lab, venue):
    start = OPEN - 30 * HOUR
    assert sorted(times(candles(lab, venue, RANGES[venue](start)))) == [start + k * HOUR for k in range(3)]


def test_half_ranges(lab):
    start = OPEN - 30 * HOUR
    forward = candles(lab, "bybit", f"&start={start * 1000}&limit=2")
    assert times(forward) == [start + HOUR, start]
    back = candles(lab, "bybit", f"&start={start * 1000}&end={OPEN * 1000}&limit=2")
    assert times(back) == [OPEN, OPEN - HOUR]
    assert times(candles(lab, "mexc", f"&startTime={start * 1000}&limit=2")) == [OPEN - HOUR, OPEN]
    newer = candles(lab, "okx", f"&before={start * 1000}&limit=2")
    assert times(newer) == [OPEN, OPEN - HOUR]


def test_okx_keeps_recent_and_older_candles_apart(lab):
    old = OPEN - 2000 * HOUR
    assert candles(lab, "okx", f"&after={old * 1000}") == []
    _, body = ask(
        lab, "okx", "/api/v5/market/history-candles", f"instId=BTC-USDT&bar=1H&after={old * 1000}&limit=2"
    )
    assert [int(row[0]) // 1000 for row in body["data"]] == [old - HOUR, old - 2 * HOUR]
    _, body = ask(lab, "okx", "/api/v5/market/history-candles", "instId=BTC-USDT&bar=1H&limit=1")
    assert body["data"][0][-1] == "1", "only closed ones"
    for path, most in (("candles", 300), ("history-candles", 100)):
        _, body = ask(lab, "okx", f"/api/v5/market/{path}", "instId=BTC-USDT&bar=1H&limit=500")
        assert len(body["data"]) == most


@pytest.mark.parametrize(
    ("bar", "hour", "weekday"), [("1D", 16, None), ("1Dutc", 0, None), ("1Wutc", 0, 0), ("1W", 16, 6)]
)
def test_an_okx_day_is_one_of_hong_kong_unless_it_says_utc(lab, bar, hour, weekday):
    _, body = ask(lab, "okx", "/api/v5/market/candles", f"instId=BTC-USDT&bar={bar}&limit=2")
    opened = datetime.fromtimestamp(int(body["data"][0][0]) / 1000, UTC)
    assert opened.hour == hour
    assert weekday is None or opened.weekday() == weekday
    assert body["data"][0][-1] == "0"


def test_candles_tell_whether_they_are_closed(lab):
    for venue, yes, no in (("okx", "1", "0"), ("gateio", "true", "false")):
        _, body = ask(lab, venue, *CANDLES[venue])
        flags = [row[-1] for row in rows_of(venue, body)]
        assert flags.count(no) == 1
        assert flags.count(yes) == len(flags) - 1


def test_mexc_rows_close_when_the_next_one_opens(lab):
    _, body = ask(lab, "mexc", *CANDLES["mexc"])
    assert {len(row) for row in body} == {8}
    assert len(body) == 500
    assert len(candles(lab, "mexc", "&limit=5000")) == 1000
    assert {row[6] - row[0] for row in body} == {HOUR * 1000}


def test_kucoin_leaves_quiet_candles_out(lab):
    query = f"symbol=TRX-ETH&type=1min&startAt={OPEN - 90000}&endAt={OPEN}"
    _, body = ask(lab, "kucoin", "/api/v1/market/candles", query.replace("TRX-ETH", "ADA-ETH"))
    assert 0 < len(body["data"]) < 1500
    assert all(float(row[5]) > 0 for row in body["data"])


def ticker_of(venue, body):
    rows = rows_of(venue, body)
    return rows[0] if isinstance(rows, list) else rows


@every_venue
def test_tickers_agree_with_candles_and_book(lab, venue):
    last, bid, ask_, base, quote, change, whole = NAMES[venue]
    row = ticker_of(venue, ask(lab, venue, *TICKERS[venue])[1])
    newest = max(candles(lab, venue))
    assert float(row[last]) == newest[4]
    assert float(row[bid]) < float(row[ask_])
    assert float(row[base]) * newest[4] == pytest.approx(float(row[quote]), rel=0.1)
    if change is not None:
        day = int(NOW // 60 * 60) - 1439 * 60
        (player,) = [one for one in VENUES if one.id == venue]
        (listing,) = [one for one in player.listed if one.symbol == "BTC/USDT"]
        opened = lab.market.bars(listing, 60, day, day + 60, NOW).open[0]
        assert float(row[change]) / whole == pytest.approx(newest[4] / opened - 1, abs=1e-4)
    book = ask(lab, venue, *BOOKS[venue])[1]
    found = book.get("data", book.get("result", book))
    found = found[0] if isinstance(found, list) else found
    bids, asks = (found.get(name, found.get(name[0])) for name in ("bids", "asks"))
    assert len(bids) == len(asks) == 20
    assert [bids[0][0], asks[0][0]] == [row[bid], row[ask_]]


GATE = "/api/v4/spot/candlesticks"
TOO_OLD = "Candlestick too long ago. Maximum 10000 points ago are allowed"
REFUSED = [
    ("binance_us", "/api/v3/klines", "symbol=NOPEUSDT&interval=1h", 400, "code", -1121),
    ("binance_us", "/api/v3/klines", "symbol=BTCUSDT&interval=7h", 400, "code", -1120),
    ("okx", "/api/v5/market/candles", "instId=NOPE-USDT", 200, "code", "51001"),
    ("okx", "/api/v5/market/candles", "instId=BTC-USDT&bar=7H", 400, "code", "51000"),
    ("okx", "/api/v5/market/books", "instId=BTC-USDT&sz=401", 400, "code", "51000"),
    ("okx", "/api/v5/market/ticker", "", 400, "code", "50014"),
    ("bybit", "/v5/market/tickers", "category=spot&symbol=NOPE", 200, "retMsg", "Not supported symbols"),
    ("bybit", "/v5/market/kline", "category=spot&symbol=BTCUSDT&interval=7", 200, "retCode", 10001),
    ("bybit", "/v5/market/kline", "symbol=BTCUSDT&interval=60", 200, "retMsg", "Illegal category"),
    ("kucoin", "/api/v1/market/candles", "symbol=NOPE-USDT&type=1hour", 200, "code", "400100"),
    ("kucoin", "/api/v1/market/candles", "symbol=BTC-USDT&type=7hour", 200, "code", "400100"),
    ("gateio", "/api/v4/spot/tickers", "currency_pair=NOPE_USDT", 400, "label", "INVALID_CURRENCY"),
    ("gateio", "/api/v4/spot/tickers", "currency_pair=BTC_ETH", 400, "label", "INVALID_CURRENCY_PAIR"),
    ("gateio", GATE, "currency_pair=BTC_USDT&limit=5&from=1779000000", 400, "label", "INVALID_PARAM_VALUE"),
    ("gateio", GATE, "currency_pair=BTC_USDT&from=1600000000&to=1600006000", 400, "message", TOO_OLD),
    ("mexc", "/api/v3/klines", "symbol=NOPEUSDT&interval=60m", 400, "msg", "Invalid symbol."),
    ("mexc", "/api/v3/klines", "symbol=BTCUSDT&interval=1h", 400, "msg", "Invalid interval."),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "path", "query", "status", "key", "value"), REFUSED)
def test_what_is_wrong_with_a_request_is_said_in_the_venues_words(
    lab, venue, path, query, status, key, value
):
    made, body = ask(lab, venue, path, query)
    assert (made.status, body[key]) == (status, value)


def test_kucoin_says_nothing_about_a_symbol_that_is_not_there(lab):
    _, stats = ask(lab, "kucoin", "/api/v1/market/stats", "symbol=NOPE-USDT")
    assert (stats["code"], stats["data"]["last"]) == ("200000", None)
    _, level = ask(lab, "kucoin", "/api/v1/market/orderbook/level1", "symbol=NOPE-USDT")
    assert level == {"code": "200000", "data": None}


@every_venue
def test_failures_and_unknown_paths_have_a_body_of_their_own(lab, venue):
    (player,) = [one for one in VENUES if one.id == venue]
    for status in (401, 403, 404, 418, 429, 451, 500, 502, 503, 504):
        reply = player.failure(status)
        assert reply.status == status
        assert reply.body
    made = lab.handle("GET", HOSTS[venue], "/nowhere", "")
    assert made.status == 404


def test_quotas_are_told(lab):
    assert ask(lab, "kucoin", "/api/v1/timestamp")[0].headers["gw-ratelimit-remaining"] == "1999"
    assert ask(lab, "kucoin", *CANDLES["kucoin"])[0].headers["gw-ratelimit-remaining"] == "1996"
    assert ask(lab, "gateio", "/api/v4/spot/time")[0].headers["X-Gate-Ratelimit-Requests-Remain"] == "199"
    assert ask(lab, "binance_us", *CANDLES["binance_us"])[0].headers["x-mbx-used-weight-1m"] == "1"
    _, about = ask(lab, "binance_us", "/api/v3/exchangeInfo")
    assert about["rateLimits"][0]["limit"] == 1200
    assert {"BTCUSD", "BTCUSDT"} <= {one["symbol"] for one in about["symbols"]}


def test_listings_name_their_symbols(lab):
    listed = {
        "okx": ("/api/v5/public/instruments", "instType=SPOT", "instId", "BTC-USDT"),
        "bybit": ("/v5/market/instruments-info", "category=spot", "symbol", "BTCUSDT"),
        "kucoin": ("/api/v2/symbols", "", "symbol", "BTC-USDT"),
        "gateio": ("/api/v4/spot/currency_pairs", "", "id", "BTC_USDT"),
    }
    for venue, (path, query, key, name) in listed.items():
        assert name in {row[key] for row in rows_of(venue, ask(lab, venue, path, query)[1])}
    assert "BTCUSDT" in {one["symbol"] for one in ask(lab, "mexc", "/api/v3/exchangeInfo")[1]["symbols"]}


def test_span_counts_on_the_venues_grid():
    assert span(60, 5, 1000.0) == (720.0, 1020.0)
    assert span(60, 5, 1000.0, start=301) == (720.0, 1020.0)
    assert span(60, 5, 1000.0, start=301, keep="oldest") == (360, 660)
    assert span(60, 5, 1000.0, start=300, end=420) == (300, 480)
    week = 7 * 86400
    assert (span(week, 1, NOW, anchor=MONDAY)[0] - MONDAY) % week == 0
    assert [plain(value) for value in (100.0, 0.00001234, 1.50)] == ["100", "0.00001234", "1.5"]
