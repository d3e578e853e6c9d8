"""What each venue says, in its own form."""

import ast
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lab_world import CANDLES, EPOCH, HOSTS, TICKERS, HandClock, client, rows_of, url

import core.lab
from core.lab import Lab

HOUR = 3600
OPEN = int(EPOCH // HOUR * HOUR)


@pytest.fixture
def lab():
    return Lab(7, HandClock())


async def get(lab, provider, path):
    async with client(lab) as http:
        return await http.get(HOSTS[provider] + path)


def test_the_lab_is_written_independently_of_the_catalogue_and_its_readers():
    for file in Path(core.lab.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            for name in filter(None, names):
                assert not name.startswith("core.") or name.startswith(("core.lab", "core.clock")), (
                    file,
                    name,
                )


async def test_two_labs_say_the_same_and_another_seed_says_something_else(lab):
    for path in (CANDLES, TICKERS):
        for provider in HOSTS:
            said = [(await get(Lab(seed, HandClock()), provider, path[provider])).text for seed in (7, 7, 8)]
            assert said[0] == said[1] != said[2]


async def test_answers_carry_the_headers_of_their_venue(lab):
    for provider in HOSTS:
        response = await get(lab, provider, CANDLES[provider])
        assert response.status_code == 200
        assert response.headers["date"] == "Mon, 02 Feb 2026 02:40:25 GMT"
        assert response.headers["content-type"].startswith("application/json")
        assert int(response.headers["content-length"]) == len(response.content)
    weights = [
        (await get(lab, "binance", "/api/v3/depth?symbol=BTCUSDT")).headers["x-mbx-used-weight-1m"]
        for _ in range(2)
    ]
    assert weights == ["7", "12"]  # 2 for the candles before
    lab.clock.time += 60
    assert (await get(lab, "binance", "/api/v3/ping")).headers["x-mbx-used-weight-1m"] == "1"


# Binance


async def klines(lab, **params):
    async with client(lab) as http:
        asked = {"symbol": "BTCUSDT", "interval": "1h", **params}
        return await http.get(f"{HOSTS['binance']}/api/v3/klines", params=asked)


async def test_binance_rows_have_twelve_columns_as_text_and_end_with_the_open_candle(lab):
    rows = (await klines(lab)).json()
    assert len(rows) == 500
    assert [row[0] for row in rows] == [(OPEN - (499 - k) * HOUR) * 1000 for k in range(500)]
    for row in rows:
        assert [type(value) for value in row] == [int, str, str, str, str, str, int, str, int, str, str, str]
        assert row[6] == row[0] + HOUR * 1000 - 1
        assert float(row[3]) <= min(float(row[1]), float(row[4]))
        assert float(row[2]) >= max(float(row[1]), float(row[4]))
        assert 0 < float(row[9]) <= float(row[5])
    assert len((await klines(lab, limit=5000)).json()) == 1000


async def test_binance_ranges_include_both_ends_and_round_the_start_up(lab):
    start = (OPEN - 10 * HOUR) * 1000
    one = (await klines(lab, startTime=start, endTime=start + 2 * HOUR * 1000)).json()
    assert [row[0] for row in one] == [start, start + HOUR * 1000, start + 2 * HOUR * 1000]
    later = (await klines(lab, startTime=start + 1, limit=2)).json()
    assert [row[0] for row in later] == [start + HOUR * 1000, start + 2 * HOUR * 1000]
    newest = (await klines(lab, endTime=start, limit=2)).json()
    assert [row[0] for row in newest] == [start - HOUR * 1000, start]
    assert (await klines(lab, startTime=(OPEN + HOUR) * 1000)).json() == []
    assert (await klines(lab, startTime=start, endTime=start - 1)).json() == []
    (week,) = (await klines(lab, interval="1w", limit=1)).json()
    assert datetime.fromtimestamp(week[0] / 1000, UTC).strftime("%A %H:%M") == "Monday 00:00"


async def test_binance_tickers_and_book_agree_with_the_candles(lab):
    day = (await get(lab, "binance", TICKERS["binance"])).json()
    minutes = (await klines(lab, interval="1m", limit=1000)).json()
    assert day["lastPrice"] == minutes[-1][4]
    assert day["closeTime"] == int(EPOCH * 1000) == day["openTime"] + 86_400_000
    first = int(EPOCH // 60 * 60 - 1439 * 60) * 1000
    older = (await klines(lab, interval="1m", startTime=first, limit=440)).json()
    assert day["openPrice"] == older[0][1]
    volume = sum(float(row[5]) for row in older + minutes)
    assert float(day["volume"]) == pytest.approx(volume)
    assert float(day["highPrice"]) == max(float(row[2]) for row in older + minutes)
    change = (float(day["lastPrice"]) / float(day["openPrice"]) - 1) * 100
    assert float(day["priceChangePercent"]) == pytest.approx(change, abs=6e-4)
    price = (await get(lab, "binance", "/api/v3/ticker/price?symbol=BTCUSDT")).json()
    assert price == {"symbol": "BTCUSDT", "price": day["lastPrice"]}
    depth = (await get(lab, "binance", "/api/v3/depth?symbol=BTCUSDT&limit=5")).json()
    assert depth["bids"][0] == [day["bidPrice"], day["bidQty"]]
    assert depth["asks"][0] == [day["askPrice"], day["askQty"]]
    assert len(depth["asks"]) == 5


async def test_binance_lists_its_symbols(lab):
    body = (await get(lab, "binance", "/api/v3/exchangeInfo")).json()
    names = {one["symbol"] for one in body["symbols"]}
    assert {"BTCUSDT", "ETHBTC", "BNBETH", "ADAEUR", "SOLUSDC"} <= names
    assert "BTCUSD" not in names
    every = (await get(lab, "binance", "/api/v3/ticker/price")).json()
    assert {one["symbol"] for one in every} == names
    some = (await get(lab, "binance", '/api/v3/ticker/price?symbols=["BTCUSDT","ETHUSDT"]')).json()
    assert [one["symbol"] for one in some] == ["BTCUSDT", "ETHUSDT"]


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("klines?symbol=NOPEUSDT&interval=1h", -1121, "Invalid symbol."),
        ("klines?symbol=btcusdt&interval=1h", -1100, "Illegal characters found in parameter 'symbol'"),
        ("klines?symbol=BTC/USDT&interval=1h", -1100, "Illegal characters found in parameter 'symbol'"),
        ("klines?symbol=BTCUSDT&interval=7h", -1120, "Invalid interval."),
        ("klines?symbol=BTCUSDT", -1102, "Mandatory parameter 'interval' was not sent"),
        ("klines?interval=1h", -1102, "Mandatory parameter 'symbol' was not sent"),
        ("klines?symbol=BTCUSDT&interval=1h&limit=many", -1100, "parameter 'limit'"),
        ("klines?symbol=BTCUSDT&interval=1h&limit=0", -1102, "parameter 'limit'"),
        ("klines?symbol=BTCUSDT&interval=1h&startTime=1.5", -1100, "parameter 'startTime'"),
        ("klines?symbol=BTCUSDT&interval=1h&since=1", -1104, "read '2' parameter(s) but was sent '3'"),
        ("depth?symbol=NOPE", -1121, "Invalid symbol."),
        ("ticker/price?symbols=BTCUSDT", -1100, "parameter 'symbols'"),
    ],
)
async def test_binance_errors(lab, path, code, says):
    response = await get(lab, "binance", f"/api/v3/{path}")
    assert response.status_code == 400
    assert response.json()["code"] == code
    assert says in response.json()["msg"]


async def test_unknown_paths_and_methods(lab):
    nowhere = await get(lab, "binance", "/api/v9/klines")
    assert (nowhere.status_code, nowhere.headers["content-type"][:9]) == (404, "text/html")
    assert (await get(lab, "kraken", "/0/public/Nothing")).json() == {"error": ["EGeneral:Unknown method"]}
    route = await get(lab, "coinbase", "/nothing")
    assert (route.status_code, route.json()) == (404, {"message": "Route not found"})
    async with client(lab) as http:
        assert (await http.post(url("kraken"))).status_code == 405


# Kraken


async def ohlc(lab, pair="XBTUSD", **params):
    async with client(lab) as http:
        response = await http.get(f"{HOSTS['kraken']}/0/public/OHLC", params={"pair": pair, **params})
    assert response.status_code == 200
    return response.json()


async def test_kraken_gives_720_closed_rows_and_the_open_one(lab):
    body = await ohlc(lab, interval=60)
    assert body["error"] == []
    rows = body["result"]["XXBTZUSD"]
    assert [row[0] for row in rows] == [OPEN - (720 - k) * HOUR for k in range(721)]
    assert body["result"]["last"] == OPEN - HOUR
    for row in rows:
        assert [type(value) for value in row] == [int, str, str, str, str, str, str, int]
        assert float(row[3]) <= float(row[5]) <= float(row[2])
        assert len(row[1].partition(".")[2]) == 1
    assert (await ohlc(lab))["result"]["XXBTZUSD"][-1][0] == EPOCH // 60 * 60


async def test_kraken_since_is_exclusive_and_does_not_reach_beyond_720(lab):
    rows = (await ohlc(lab, interval=60, since=OPEN - 3 * HOUR))["result"]["XXBTZUSD"]
    assert [row[0] for row in rows] == [OPEN - 2 * HOUR, OPEN - HOUR, OPEN]
    rows = (await ohlc(lab, interval=60, since=OPEN - 3 * HOUR - 1))["result"]["XXBTZUSD"]
    assert rows[0][0] == OPEN - 3 * HOUR
    assert len((await ohlc(lab, interval=60, since=0))["result"]["XXBTZUSD"]) == 721
    assert len((await ohlc(lab, interval=60, since=OPEN + 9 * HOUR))["result"]["XXBTZUSD"]) == 1


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("XBTUSD", "XXBTZUSD"),
        ("XXBTZUSD", "XXBTZUSD"),
        ("XBT/USD", "XXBTZUSD"),
        ("XBTUSDT", "XBTUSDT"),
        ("ETHEUR", "XETHZEUR"),
        ("ETHXBT", "XETHXXBT"),
        ("SOLUSD", "SOLUSD"),
        ("XDGUSD", "XDGUSD"),
        ("SOLXBT", "SOLXBT"),
    ],
)
async def test_kraken_names(lab, asked, answered):
    assert set((await ohlc(lab, asked, interval=1440))["result"]) == {answered, "last"}


async def test_kraken_quiet_minutes_are_flat_rows(lab):
    rows = (await ohlc(lab, "LTCXBT", interval=1))["result"]["XLTCXXBT"]
    assert len(rows) == 721
    quiet = [row for row in rows if float(row[6]) == 0]
    assert 50 < len(quiet) < 650
    for row in quiet:
        assert row[1] == row[2] == row[3] == row[4]
        assert row[5:] == ["0.0", "0.00000000", 0]


async def test_kraken_ticker_agrees_with_candles_and_book(lab):
    ticker = (await get(lab, "kraken", TICKERS["kraken"])).json()["result"]["XXBTZUSD"]
    today = (await ohlc(lab, interval=1440))["result"]["XXBTZUSD"][-1]
    newest = (await ohlc(lab, interval=1))["result"]["XXBTZUSD"][-1]
    assert float(ticker["c"][0]) == float(newest[4])
    assert float(ticker["o"]) == float(today[1])
    assert float(ticker["h"][0]) == float(today[2])
    assert float(ticker["l"][0]) == float(today[3])
    assert ticker["v"][0] == today[6]
    assert float(ticker["v"][1]) > float(ticker["v"][0])
    book = (await get(lab, "kraken", "/0/public/Depth?pair=XBTUSD&count=3")).json()["result"]["XXBTZUSD"]
    assert book["asks"][0][0] == ticker["a"][0]
    assert book["bids"][0][0] == ticker["b"][0]
    assert [len(book[side]) for side in ("asks", "bids")] == [3, 3]
    both = (await get(lab, "kraken", "/0/public/Ticker?pair=XBTUSD,ETHUSDT")).json()["result"]
    assert list(both) == ["XXBTZUSD", "ETHUSDT"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("OHLC?pair=NOPE", "EQuery:Unknown asset pair"),
        ("OHLC?pair=BTCUSDC", "EQuery:Unknown asset pair"),
        ("Ticker?pair=XBTUSD,NOPE", "EQuery:Unknown asset pair"),
        ("OHLC", "EGeneral:Invalid arguments"),
        ("OHLC?pair=XBTUSD&interval=7", "EGeneral:Invalid arguments"),
        ("OHLC?pair=XBTUSD&interval=1h", "EGeneral:Invalid arguments"),
        ("OHLC?pair=XBTUSD&since=nan", "EGeneral:Invalid arguments"),
        ("Depth?pair=XBTUSD&count=501", "EGeneral:Invalid arguments"),
    ],
)
async def test_kraken_errors_come_with_200(lab, path, says):
    response = await get(lab, "kraken", f"/0/public/{path}")
    assert (response.status_code, response.json()) == (200, {"error": [says]})


async def test_kraken_says_who_it_is(lab):
    status = (await get(lab, "kraken", "/0/public/SystemStatus")).json()["result"]
    assert status == {"status": "online", "timestamp": "2026-02-02T02:40:25Z"}
    assert (await get(lab, "kraken", "/0/public/Time")).json()["result"]["unixtime"] == int(EPOCH)
    pairs = (await get(lab, "kraken", "/0/public/AssetPairs")).json()["result"]
    assert pairs["XXBTZUSD"]["altname"] == "XBTUSD"
    assert pairs["XXBTZUSD"]["tick_size"] == "0.1"
    assert set(await _pairs(lab, "XBTUSDT")) == {"XBTUSDT"}


async def _pairs(lab, name):
    return (await get(lab, "kraken", f"/0/public/AssetPairs?pair={name}")).json()["result"]


# Coinbase


async def candles(lab, product="BTC-USD", **params):
    async with client(lab) as http:
        return await http.get(f"{HOSTS['coinbase']}/products/{product}/candles", params=params)


def iso(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat()


async def test_coinbase_gives_300_numbers_newest_first(lab):
    rows = (await candles(lab, granularity=HOUR)).json()
    assert [row[0] for row in rows] == [OPEN - k * HOUR for k in range(300)]
    for _, low, high, opened, closed, volume in rows:
        assert low <= min(opened, closed) <= max(opened, closed) <= high
        assert volume > 0
    minutes = (await candles(lab)).json()
    assert minutes[0][0] - minutes[1][0] == 60


async def test_coinbase_ranges(lab):
    start = OPEN - 10 * HOUR
    rows = (await candles(lab, granularity=HOUR, start=iso(start), end=iso(start + 2 * HOUR))).json()
    assert [row[0] for row in rows] == [start + 2 * HOUR, start + HOUR, start]
    seconds = (await candles(lab, granularity=HOUR, start=start, end=start + 2 * HOUR)).json()
    assert seconds == rows
    one_alone = (await candles(lab, granularity=HOUR, start=iso(start))).json()
    assert len(one_alone) == 300
    assert (
        await candles(lab, granularity=HOUR, start=iso(OPEN + HOUR), end=iso(OPEN + 3 * HOUR))
    ).json() == []
    assert len((await candles(lab, granularity=HOUR, start=start - 300 * HOUR, end=start)).json()) == 300


async def test_coinbase_leaves_out_quiet_minutes(lab):
    start = int(EPOCH // 60 * 60) - 200 * 60
    rows = (await candles(lab, "LTC-BTC", start=iso(start), end=iso(start + 100 * 60))).json()
    assert 10 < len(rows) < 101
    assert all(row[5] > 0 for row in rows)
    assert all((row[0] - start) % 60 == 0 for row in rows)


async def test_coinbase_ticker_stats_and_book_agree(lab):
    ticker = (await get(lab, "coinbase", TICKERS["coinbase"])).json()
    stats = (await get(lab, "coinbase", "/products/BTC-USD/stats")).json()
    book = (await get(lab, "coinbase", "/products/BTC-USD/book?level=2")).json()
    newest = (await candles(lab)).json()[0]
    assert float(ticker["price"]) == newest[4] == float(stats["last"])
    assert ticker["volume"] == stats["volume"]
    assert (book["bids"][0][0], book["asks"][0][0]) == (ticker["bid"], ticker["ask"])
    assert len((await get(lab, "coinbase", "/products/BTC-USD/book")).json()["bids"]) == 1
    assert ticker["time"] == "2026-02-02T02:40:25.500000Z"


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/products/NO-PE/candles", 404, "NotFound"),
        ("/products/BNB-USD/ticker", 404, "NotFound"),
        ("/products/BTC-USD/candles?granularity=1800", 400, "Unsupported granularity"),
        ("/products/BTC-USD/candles?granularity=60&start=2026-01-01&end=2026-01-02", 400, "exceeds 300"),
        ("/products/BTC-USD/candles?granularity=60&start=yesterday&end=today", 400, "Invalid start"),
        ("/products/BTC-USD/book?level=9", 400, "Invalid level"),
    ],
)
async def test_coinbase_errors(lab, path, status, says):
    response = await get(lab, "coinbase", path)
    assert response.status_code == status
    assert says in response.json()["message"]


async def test_coinbase_lists_its_products(lab):
    ids = {one["id"] for one in (await get(lab, "coinbase", "/products")).json()}
    assert {"BTC-USD", "ETH-BTC", "SOL-USDT"} <= ids
    assert "BNB-USD" not in ids
    assert (await get(lab, "coinbase", "/products/ETH-EUR")).json()["base_currency"] == "ETH"
    assert (await get(lab, "coinbase", "/time")).json()["epoch"] == EPOCH


# All


async def test_bodies_hold_no_nan_and_venues_agree_on_the_price(lab):
    closes = {}
    for provider in HOSTS:
        response = await get(lab, provider, CANDLES[provider])
        rows = rows_of(provider, json.loads(response.text, parse_constant=pytest.fail))
        newest = max(rows, key=lambda row: row[0])
        closes[provider] = float(newest[4])
    assert abs(closes["kraken"] / closes["coinbase"] - 1) < 8e-4
    assert 0 < abs(closes["binance"] / closes["coinbase"] - 1) < 6e-3  # USDT beside USD


async def test_before_the_market_opened_venues_are_empty_but_well_formed():
    lab = Lab(7, HandClock(1_400_000_000.0))
    for provider in HOSTS:
        response = await get(lab, provider, CANDLES[provider])
        assert response.status_code == 200
        assert rows_of(provider, response.json()) == []
