"""What Bitstamp, Bitfinex, Gemini, HTX, CoinGecko and CoinPaprika say in the lab, in their own forms."""

import json
from datetime import UTC, datetime

import pytest

from core.lab import Lab
from core.lab.venue import Venue
from core.lab.venues import VENUES

NOW = 1_780_000_123.5
HOUR = 3600
OPEN = int(NOW // HOUR * HOUR)
DAY = int(NOW // 86400 * 86400)
HOSTS = {
    "bitstamp": "www.bitstamp.net",
    "bitfinex": "api-pub.bitfinex.com",
    "gemini": "api.gemini.com",
    "htx": "api.huobi.pro",
    "coingecko": "api.coingecko.com",
    "coinpaprika": "api.coinpaprika.com",
}
CANDLES = {
    "bitstamp": ("/api/v2/ohlc/btcusd/", "step=3600&limit=50"),
    "bitfinex": ("/v2/candles/trade:1h:tBTCUSD/hist", "limit=50"),
    "gemini": ("/v2/candles/btcusd/1hr", ""),
    "htx": ("/market/history/kline", "symbol=btcusdt&period=60min&size=50"),
    "coingecko": ("/api/v3/coins/bitcoin/ohlc", "vs_currency=usd&days=7"),
    "coinpaprika": ("/v1/coins/btc-bitcoin/ohlcv/latest", ""),
}
BOOKS = {
    "bitstamp": ("/api/v2/order_book/btcusd/", ""),
    "bitfinex": ("/v2/book/tBTCUSD/P0", "len=25"),
    "gemini": ("/v1/book/btcusd", ""),
    "htx": ("/market/depth", "symbol=btcusdt&type=step0"),
}
TICKERS = {
    "bitstamp": ("/api/v2/ticker/btcusd/", ""),
    "bitfinex": ("/v2/ticker/tBTCUSD", ""),
    "gemini": ("/v2/ticker/btcusd", ""),
    "htx": ("/market/detail/merged", "symbol=btcusdt"),
    "coingecko": ("/api/v3/simple/price", "ids=bitcoin&vs_currencies=usd&include_24hr_change=true"),
    "coinpaprika": ("/v1/tickers/btc-bitcoin", ""),
}
every_venue = pytest.mark.parametrize("venue", HOSTS)


class Clock:
    def __init__(self, now=NOW):
        self.time = now

    def mono(self):
        return 0.0

    def now(self):
        return self.time


@pytest.fixture
def lab():
    return Lab(7, Clock())


def get(lab, venue, path, query="", status=200):
    made = lab.handle("GET", HOSTS[venue], path, query)
    assert made.status == status, made.body[:200]
    return json.loads(made.body, parse_constant=pytest.fail)


def rows_of(venue, document):
    """Candle rows as the venue orders them."""
    if venue == "bitstamp":
        return document["data"]["ohlc"]
    return document["data"] if venue == "htx" else document


def iso(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@every_venue
def test_answers_are_repeatable_and_carry_their_headers(lab, venue):
    for asked in (CANDLES[venue], TICKERS[venue]):
        first, again = (lab.handle("GET", HOSTS[venue], *asked) for _ in range(2))
        assert first.body == again.body
        assert first.headers["Content-Type"].startswith("application/json")
        assert first.headers["Date"] == "Thu, 28 May 2026 20:28:43 GMT"
        assert int(first.headers["Content-Length"]) == len(first.body)
    assert Lab(8, Clock()).handle("GET", HOSTS[venue], *CANDLES[venue]).body != first.body


@every_venue
def test_before_the_market_opened_there_is_nothing(venue):
    lab = Lab(7, Clock(1_400_000_000.0))
    assert rows_of(venue, get(lab, venue, *CANDLES[venue])) == []


@every_venue
@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 429, 451, 500, 502, 503, 504, 520])
def test_every_status_can_be_played(lab, venue, status):
    lab.inject(venue, f"status:{status}")
    made = lab.handle("GET", HOSTS[venue], *TICKERS[venue])
    assert made.status == status
    assert made.body
    assert made.headers["Server"]
    lab.clear()
    assert lab.handle("GET", HOSTS[venue], "/no/such/path", "").status == 404


@every_venue
def test_data_faults_reach_the_rows_of_every_venue(lab, venue):
    clean = rows_of(venue, get(lab, venue, *CANDLES[venue]))
    for fault, moved in (("gap", -3), ("duplicate", 3)):
        lab.inject(venue, fault)
        # CoinPaprika has one row: nothing to leave out, and one to tell twice.
        changes = moved if len(clean) > 1 else max(0, moved // 3)
        assert len(rows_of(venue, get(lab, venue, *CANDLES[venue]))) == len(clean) + changes
        lab.clear()
    lab.inject(venue, "spike", factor=100.0)
    assert rows_of(venue, get(lab, venue, *CANDLES[venue])) != clean
    lab.clear()
    plain = get(lab, venue, *TICKERS[venue])
    lab.inject(venue, "schema_drift")
    assert get(lab, venue, *TICKERS[venue]) != plain
    lab.clear()
    lab.inject(venue, "frozen")
    frozen = get(lab, venue, *TICKERS[venue])
    lab.clock.time += 600
    assert get(lab, venue, *TICKERS[venue]) == frozen


def test_venues_agree_on_the_price_up_to_a_basis(lab):
    last = {
        "bitstamp": float(get(lab, "bitstamp", *TICKERS["bitstamp"])["last"]),
        "bitfinex": get(lab, "bitfinex", *TICKERS["bitfinex"])[6],
        "gemini": float(get(lab, "gemini", *TICKERS["gemini"])["close"]),
        "coingecko": get(lab, "coingecko", *TICKERS["coingecko"])["bitcoin"]["usd"],
        "coinpaprika": get(lab, "coinpaprika", *TICKERS["coinpaprika"])["quotes"]["USD"]["price"],
    }
    assert max(last.values()) / min(last.values()) - 1 < 1e-3
    assert len(set(last.values())) > 1
    assert get(lab, "htx", *TICKERS["htx"])["tick"]["close"] == pytest.approx(last["bitstamp"], rel=6e-3)


@pytest.mark.parametrize("venue", BOOKS)
def test_books_are_ordered(lab, venue):
    body = get(lab, venue, *BOOKS[venue])
    if venue == "bitfinex":
        bids = [row[0] for row in body if row[2] > 0]
        asks = [row[0] for row in body if row[2] < 0]
    else:
        sides = body["tick"] if venue == "htx" else body
        bids, asks = (
            [float(level["price"] if isinstance(level, dict) else level[0]) for level in sides[side]]
            for side in ("bids", "asks")
        )
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert bids[0] < asks[0]
    assert len(bids) >= 25
    assert len(asks) >= 25


# Bitstamp


def test_bitstamp_candles_are_texts_oldest_first(lab):
    rows = rows_of("bitstamp", get(lab, "bitstamp", *CANDLES["bitstamp"]))
    assert [int(row["timestamp"]) for row in rows] == [OPEN - (49 - k) * HOUR for k in range(50)]
    assert all(isinstance(value, str) for row in rows for value in row.values())
    done = get(lab, "bitstamp", "/api/v2/ohlc/btcusd/", "step=3600&limit=50&exclude_current_candle=true")
    assert rows_of("bitstamp", done) == rows[:-1]


def test_bitstamp_counts_from_a_lone_start_and_keeps_the_newest_of_a_range(lab):
    start = OPEN - 5000 * 60 + 33

    def times(query):
        return [
            int(row["timestamp"])
            for row in rows_of("bitstamp", get(lab, "bitstamp", "/api/v2/ohlc/btcusd/", query))
        ]

    from_there = times(f"step=60&limit=3&start={start}")
    assert from_there == [start - 33 + k * 60 for k in range(3)], (
        "the candle that contains the start is in it"
    )
    ranged = times(f"step=60&limit=1000&start={start}&end={OPEN}")
    assert (len(ranged), ranged[-1]) == (1000, OPEN)
    assert times(f"step=60&limit=2&end={OPEN + 59}") == [OPEN - 60, OPEN]


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/api/v2/ohlc/nopeusd/", "step=60&limit=1", 404, "404.003"),
        ("/api/v2/ticker/nopeusd/", "", 404, "404.003"),
        ("/api/v2/order_book/nopeusd/", "", 404, "404.003"),
        ("/api/v2/ohlc/btcusd/", "step=61&limit=1", 400, "400.001"),
        ("/api/v2/ohlc/btcusd/", "step=60&limit=1001", 400, "400.001"),
        ("/api/v2/ohlc/btcusd/", "step=60", 400, "400.001"),
        ("/api/v2/ohlc/btcusd/", "step=60&limit=1&start=soon", 400, "400.001"),
    ],
)
def test_bitstamp_errors(lab, path, query, status, code):
    body = get(lab, "bitstamp", path, query, status)
    assert (body["status"], body["code"]) == ("error", code)


def test_bitstamp_open_is_of_the_day_and_open_24_of_the_day_before(lab):
    ticker = get(lab, "bitstamp", *TICKERS["bitstamp"])
    today = get(lab, "bitstamp", "/api/v2/ohlc/btcusd/", "step=86400&limit=1")["data"]["ohlc"][0]
    assert (int(today["timestamp"]), today["open"]) == (DAY, ticker["open"])
    assert ticker["open_24"] != ticker["open"]
    change = (float(ticker["last"]) / float(ticker["open_24"]) - 1) * 100
    assert float(ticker["percent_change_24"]) == pytest.approx(change, abs=0.01)
    assert len(get(lab, "bitstamp", "/api/v2/ticker/")) == len(get(lab, "bitstamp", "/api/v2/markets/"))


# Bitfinex


def test_bitfinex_candles_have_the_close_before_the_high(lab):
    rows = get(lab, "bitfinex", *CANDLES["bitfinex"])
    assert [row[0] for row in rows] == [(OPEN - k * HOUR) * 1000 for k in range(50)]
    for _, opened, closed, high, low, volume in rows:
        assert low <= min(opened, closed) <= max(opened, closed) <= high
        assert volume > 0
    assert len(get(lab, "bitfinex", "/v2/candles/trade:1h:tBTCUSD/hist")) == 100
    newest = get(lab, "bitfinex", "/v2/candles/trade:1h:tBTCUSD/last")
    assert newest == rows[0]


def test_bitfinex_sort_says_where_the_limit_counts_from(lab):
    start = (OPEN - 10 * HOUR) * 1000
    path = "/v2/candles/trade:1h:tBTCUST/hist"
    ranged = f"start={start}&end={start + 5 * HOUR * 1000}&limit=2"
    assert [row[0] for row in get(lab, "bitfinex", path, ranged + "&sort=1")] == [start, start + HOUR * 1000]
    assert [row[0] for row in get(lab, "bitfinex", path, ranged)] == [
        start + 5 * HOUR * 1000,
        start + 4 * HOUR * 1000,
    ]
    ((oldest, *_),) = get(lab, "bitfinex", path, "sort=1&limit=1")
    assert oldest == 1_483_315_200_000, "with no start the oldest candle of all"
    week = get(lab, "bitfinex", "/v2/candles/trade:1W:tBTCUSD/hist", "limit=1")[0][0]
    assert datetime.fromtimestamp(week / 1000, UTC).strftime("%A %H:%M") == "Monday 00:00"


def test_bitfinex_names(lab):
    (pairs,) = get(lab, "bitfinex", "/v2/conf/pub:list:pair:exchange")
    assert {"BTCUSD", "BTCUST", "ETHBTC", "DOGE:USD", "LINK:UST"} <= set(pairs)
    assert not any("USDT" in pair for pair in pairs)
    listed = get(lab, "bitfinex", "/v2/tickers", "symbols=ALL")
    assert [row[0] for row in listed] == [f"t{pair}" for pair in pairs]
    assert {len(row) for row in listed} == {11}
    assert get(lab, "bitfinex", "/v2/tickers", "symbols=tNOPE,tBTCUSD")[0][1:] == get(
        lab, "bitfinex", *TICKERS["bitfinex"]
    )


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("/v2/ticker/tNOPE", "", "symbol: invalid"),
        ("/v2/ticker/BTCUSD", "", "symbol: invalid"),
        ("/v2/book/tNOPE/P0", "", "symbol: invalid"),
        ("/v2/book/tBTCUSD/P0", "len=20", "len: invalid"),
        ("/v2/candles/trade:2h:tBTCUSD/hist", "", "time_interval: invalid"),
        ("/v2/candles/trade:1h:tBTCUSD/hist", "limit=10001", "limit: invalid"),
        ("/v2/candles/trade:1h:tBTCUSD/hist", "start=soon", "start: invalid"),
        ("/v2/tickers", "", "symbols: invalid"),
    ],
)
def test_bitfinex_errors_have_status_500(lab, path, query, says):
    assert get(lab, "bitfinex", path, query, 500) == ["error", 10020, says]


def test_bitfinex_candles_of_an_unknown_symbol_are_an_empty_list(lab):
    assert get(lab, "bitfinex", "/v2/candles/trade:1h:tNOPE/hist") == []


# Gemini


def test_gemini_gives_all_it_has_newest_first(lab):
    rows = get(lab, "gemini", *CANDLES["gemini"])
    assert [row[0] for row in rows] == [(OPEN - k * HOUR) * 1000 for k in range(len(rows))]
    assert len(rows) == 1440
    assert get(lab, "gemini", CANDLES["gemini"][0], "limit=1&since=5") == rows, "it knows no parameters"
    quiet = get(lab, "gemini", "/v2/candles/ltcbtc/1m")
    assert 100 < len(quiet) < 1440
    assert all(row[5] > 0 for row in quiet)


def test_geminis_day_opens_at_four(lab):
    for frame in ("1day", "6hr"):
        opens = [
            datetime.fromtimestamp(row[0] / 1000, UTC).hour
            for row in get(lab, "gemini", f"/v2/candles/btcusd/{frame}")
        ]
        assert {hour % 6 for hour in opens} == {4}


def test_gemini_tickers(lab):
    new, old = get(lab, "gemini", *TICKERS["gemini"]), get(lab, "gemini", "/v1/pubticker/btcusd")
    hours = get(lab, "gemini", *CANDLES["gemini"])
    assert new["symbol"] == "BTCUSD"
    assert [float(close) for close in new["changes"]] == [row[4] for row in hours[1:25]]
    assert (new["close"], new["bid"], new["ask"]) == (old["last"], old["bid"], old["ask"])
    assert old["volume"]["timestamp"] % 300_000 == 0
    assert float(old["volume"]["USD"]) / float(old["volume"]["BTC"]) == pytest.approx(
        float(old["last"]), rel=0.1
    )
    assert "ethbtc" in get(lab, "gemini", "/v1/symbols")
    assert get(lab, "gemini", "/v1/symbols/details/ethbtc")["quote_currency"] == "BTC"
    book = get(lab, "gemini", "/v1/book/btcusd", "limit_bids=2&limit_asks=3")
    assert (len(book["bids"]), len(book["asks"])) == (2, 3)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/v2/candles/nopeusd/1hr", "InvalidSymbol"),
        ("/v2/ticker/nopeusd", "InvalidSymbol"),
        ("/v1/book/nopeusd", "Bad Request"),
        ("/v1/pubticker/nopeusd", "Bad Request"),
        ("/v2/candles/btcusd/2hr", "Bad Request"),
    ],
)
def test_gemini_errors(lab, path, reason):
    body = get(lab, "gemini", path, status=400)
    assert (body["result"], body["reason"]) == ("error", reason)


# HTX


def test_htx_amount_is_base_and_vol_is_quote(lab):
    body = get(lab, "htx", *CANDLES["htx"])
    assert body["ch"] == "market.btcusdt.kline.60min"
    assert [row["id"] for row in body["data"]] == [OPEN - k * HOUR for k in range(50)]
    for row in body["data"]:
        assert row["low"] <= row["vol"] / row["amount"] <= row["high"]
    tick = get(lab, "htx", *TICKERS["htx"])["tick"]
    assert tick["vol"] / tick["amount"] == pytest.approx(tick["close"], rel=0.1)
    assert tick["bid"][0] < tick["ask"][0]
    assert len(get(lab, "htx", "/market/history/kline", "symbol=btcusdt&period=1min")["data"]) == 150


def test_htx_days_open_in_singapore_on_both_hosts(lab):
    path, query = "/market/history/kline", "symbol=btcusdt&period=1day&size=2"
    rows = get(lab, "htx", path, query)["data"]
    assert {datetime.fromtimestamp(row["id"], UTC).hour for row in rows} == {16}
    other = json.loads(lab.handle("GET", "api-aws.huobi.pro", path, query).body)["data"]
    assert other == rows


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("/market/history/kline", "symbol=nope&period=1min", "invalid symbol"),
        ("/market/history/kline", "symbol=BTCUSDT&period=1min", "invalid symbol"),
        ("/market/history/kline", "symbol=btcusdt&period=1h", "invalid period"),
        ("/market/history/kline", "symbol=btcusdt&period=1min&size=2001", "invalid size"),
        ("/market/detail/merged", "symbol=nope", "invalid symbol"),
        ("/market/depth", "symbol=btcusdt", "invalid type"),
        ("/market/depth", "symbol=btcusdt&type=step0&depth=21", "invalid depth"),
    ],
)
def test_htx_errors_come_with_200(lab, path, query, says):
    body = get(lab, "htx", path, query)
    assert (body["status"], body["err-code"]) == ("error", "invalid-parameter")
    assert says in body["err-msg"]


# CoinGecko


def test_coingecko_candles_say_when_they_end_and_how_wide_they_are_by_the_days(lab):
    for days, step, rows_there in (
        ("1", 1800, 48),
        ("7", 14400, 42),
        ("30", 14400, 180),
        ("365", 345_600, 92),
    ):
        rows = get(lab, "coingecko", "/api/v3/coins/bitcoin/ohlc", f"vs_currency=usd&days={days}")
        ends = [row[0] // 1000 for row in rows]
        assert ends == [ends[0] + k * step for k in range(rows_there)]
        assert ends[-1] - step <= NOW < ends[-1], "the newest is still running"
        assert {len(row) for row in rows} == {5}


def test_coingecko_leaves_out_what_it_does_not_know(lab):
    path = "/api/v3/simple/price"
    asked = "include_24hr_vol=true&include_24hr_change=true&include_last_updated_at=true"
    whole = get(lab, "coingecko", path, f"ids=bitcoin,ethereum,nope&vs_currencies=usd,eur,xxx&{asked}")
    assert set(whole) == {"bitcoin", "ethereum"}
    assert set(whole["bitcoin"]) == {
        "usd", "usd_24h_vol", "usd_24h_change", "eur", "eur_24h_vol", "eur_24h_change", "last_updated_at",
    }  # fmt: skip
    assert set(get(lab, "coingecko", path, "ids=bitcoin,%20ethereum&vs_currencies=usd")) == {"bitcoin"}
    assert get(lab, "coingecko", path, "ids=nope&vs_currencies=usd") == {}
    (row,) = get(lab, "coingecko", "/api/v3/coins/markets", "vs_currency=usd&ids=bitcoin")
    assert row["price_change_percentage_24h"] == pytest.approx(whole["bitcoin"]["usd_24h_change"], abs=1e-4)
    chart = get(lab, "coingecko", "/api/v3/coins/bitcoin/market_chart", "vs_currency=usd&days=1")
    assert chart["prices"][-1] == [int(NOW * 1000), whole["bitcoin"]["usd"]]


@pytest.mark.parametrize(
    ("path", "query", "status", "says"),
    [
        ("/api/v3/coins/nope/ohlc", "vs_currency=usd&days=7", 404, "coin not found"),
        ("/api/v3/coins/bitcoin/ohlc", "vs_currency=usd&days=8", 400, "Invalid days"),
        ("/api/v3/coins/bitcoin/ohlc", "vs_currency=xxx&days=7", 400, "invalid vs_currency"),
        ("/api/v3/coins/bitcoin/ohlc", "", 500, "Internal Server Error"),
        ("/api/v3/coins/markets", "", 422, "Missing parameter vs_currency"),
        ("/api/v3/simple/price", "ids=bitcoin", 422, "Missing parameter vs_currencies"),
    ],
)
def test_coingecko_errors(lab, path, query, status, says):
    assert says in get(lab, "coingecko", path, query, status)["error"]


# CoinPaprika


def test_coinpaprika_days_are_utc_and_their_volume_is_in_the_quote(lab):
    (today,) = get(lab, "coinpaprika", "/v1/coins/btc-bitcoin/ohlcv/today/")
    (latest,) = get(lab, "coinpaprika", *CANDLES["coinpaprika"])
    assert (today["time_open"], today["time_close"]) == (iso(DAY), iso(NOW // 60 * 60))
    assert (latest["time_open"], latest["time_close"]) == (iso(DAY - 86400), iso(DAY - 1))
    assert latest["close"] == today["open"]
    assert latest["volume"] > 1e9
    ticker = get(lab, "coinpaprika", "/v1/tickers/btc-bitcoin", "quotes=USD,EUR")
    assert set(ticker["quotes"]) == {"USD", "EUR"}
    assert ticker["quotes"]["USD"]["price"] == today["close"]
    assert len(get(lab, "coinpaprika", "/v1/tickers")) == len(get(lab, "coinpaprika", "/v1/coins"))


@pytest.mark.parametrize(
    ("path", "query", "status", "says"),
    [
        ("/v1/tickers/nope", "", 404, "id not found"),
        ("/v1/coins/nope/ohlcv/today", "", 404, "id not found"),
        ("/v1/tickers/btc-bitcoin", "quotes=XXX", 400, "invalid parameters"),
        ("/v1/coins/btc-bitcoin/ohlcv/historical", "", 400, "invalid parameters: start"),
        ("/v1/coins/btc-bitcoin/ohlcv/historical", "start=2026-05-20", 402, "not allowed in this plan"),
        (
            "/v1/coins/btc-bitcoin/ohlcv/historical",
            "start=2026-05-28&interval=1h",
            402,
            "not allowed in this plan",
        ),
    ],
)
def test_coinpaprika_errors(lab, path, query, status, says):
    assert says in get(lab, "coinpaprika", path, query, status)["error"]


def test_each_venue_is_there_once():
    ids = [venue.id for venue in VENUES]
    assert len(ids) == len(set(ids))
    assert set(HOSTS) <= set(ids)
    hosts = [host for venue in VENUES for host in venue.hosts]
    assert len(hosts) == len(set(hosts))
    for venue in VENUES:
        assert isinstance(venue, Venue)
        assert venue.capabilities
        assert {one.venue for one in venue.listed} <= {venue.id}
        # What has prices says of which markets.
        assert "price" not in venue.capabilities or venue.listed
