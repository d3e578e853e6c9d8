"""Candle bodies in the shapes of the three venues, written here, and what must come of them."""

import json
import math
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from core.answer import BadPayload, Untrue
from core.catalog import Catalog
from core.market import CandleQuery

CATALOG = Catalog.load()
T0 = 1_790_000_000 // 3600 * 3600
HOUR = 3600


def candle(n: int) -> tuple[float, float, float, float, float]:
    return 100.0 + n, 104.0 + n, 99.0 + n, 103.5 + n, 7.25 + n


def binance(count: int, *, step: int = HOUR, start: int = T0) -> list[list[Any]]:
    rows = []
    for n in range(count):
        o, h, low, c, v = candle(n)
        opens = (start + n * step) * 1000
        rows.append([opens, f"{o:.8f}", f"{h:.8f}", f"{low:.8f}", f"{c:.8f}", f"{v:.8f}",
                     opens + step * 1000 - 1, f"{v * c:.8f}", 12, "1.0", "100.0", "0"])  # fmt: skip
    return rows


def kraken(count: int, key: str = "XXBTZUSD") -> dict[str, Any]:
    rows = []
    for n in range(count):
        o, h, low, c, v = candle(n)
        rows.append([T0 + n * HOUR, str(o), str(h), str(low), str(c), "101.0", str(v), 12])
    return {"error": [], "result": {key: rows, "last": T0 + (count - 2) * HOUR}}


def coinbase(count: int) -> list[list[Any]]:
    rows = []
    for n in reversed(range(count)):
        o, h, low, c, v = candle(n)
        rows.append([T0 + n * HOUR, low, h, o, c, v])
    return rows


def respond(body: Any, **headers: str) -> httpx.Response:
    return httpx.Response(200, json=body, headers=headers)


def read(provider: str, body: Any, *, now: float | None = T0 + 1000 * HOUR, **fields: Any) -> pd.DataFrame:
    symbol = "BTC/USDT" if provider == "binance" else "BTC/USD"
    query = CandleQuery(symbol, **{"interval": "1h", **fields})
    return CATALOG[provider].read(query, respond(body), now=now)


BODIES = {"binance": binance, "kraken": kraken, "coinbase": coinbase}
every_venue = pytest.mark.parametrize("venue", BODIES)


@every_venue
def test_columns_mean_what_they_mean(venue: str) -> None:
    frame = read(venue, BODIES[venue](5))
    assert list(frame.columns) == ["open", "high", "low", "close", "volume"]
    assert (frame.dtypes == np.float64).all()
    assert frame.index.name == "time"
    assert str(frame.index.tz) == "UTC"
    assert [int(stamp.timestamp()) for stamp in frame.index] == [T0 + n * HOUR for n in range(5)]
    assert [tuple(row) for row in frame.to_numpy()] == [candle(n) for n in range(5)]
    assert "wire" not in frame.attrs


@every_venue
def test_the_open_candle_is_left_out_unless_asked_for(venue: str) -> None:
    body = BODIES[venue](5)
    in_the_last = T0 + 4 * HOUR + 1800
    assert len(read(venue, body, now=in_the_last)) == 4
    assert len(read(venue, body, now=T0 + 5 * HOUR)) == 5, "closed on the second"
    assert len(read(venue, body, now=in_the_last, include_open=True)) == 5


@every_venue
def test_without_a_clock_the_date_header_tells_what_is_closed(venue: str) -> None:
    query = CandleQuery("BTC/USDT" if venue == "binance" else "BTC/USD", "1h")
    date = pd.Timestamp(T0 + 3 * HOUR, unit="s").strftime("%a, %d %b %Y %H:%M:%S GMT")
    frame = CATALOG[venue].read(query, respond(BODIES[venue](5), date=date))
    assert len(frame) == 3
    late = CATALOG[venue].read(query, respond(BODIES[venue](5), date=date), now=T0 + 99 * HOUR)
    assert len(late) == 5, "the argument goes before the header"


@every_venue
def test_with_neither_the_newest_row_goes_when_the_query_has_no_end(venue: str) -> None:
    body = BODIES[venue](5)
    assert len(read(venue, body, now=None)) == 4
    assert len(read(venue, body, now=None, include_open=True)) == 5
    assert len(read(venue, body, now=None, end=T0 + 5 * HOUR)) == 5


@every_venue
def test_rows_outside_the_half_open_range_are_dropped(venue: str) -> None:
    frame = read(venue, BODIES[venue](10), start=T0 + 2 * HOUR, end=T0 + 6 * HOUR)
    assert [int(stamp.timestamp() - T0) // HOUR for stamp in frame.index] == [2, 3, 4, 5]


@every_venue
def test_a_limit_counts_from_the_start_else_from_the_newest(venue: str) -> None:
    body = BODIES[venue](10)
    oldest = read(venue, body, start=T0, limit=3)
    newest = read(venue, body, limit=3)
    before = read(venue, body, limit=2, end=T0 + 5 * HOUR)
    assert [list(frame["open"]) for frame in (oldest, newest, before)] == [
        [100.0, 101.0, 102.0],
        [107.0, 108.0, 109.0],
        [103.0, 104.0],
    ]


def test_no_limit_is_the_newest_500_or_all_from_the_start() -> None:
    body = binance(700)
    assert len(read("binance", body)) == 500
    assert read("binance", body).index[-1].timestamp() == T0 + 699 * HOUR
    assert len(read("binance", body, start=T0)) == 700


@every_venue
def test_no_rows_are_an_empty_frame(venue: str) -> None:
    frame = read(venue, BODIES[venue](0))
    assert frame.empty
    assert list(frame.columns) == ["open", "high", "low", "close", "volume"]
    assert str(frame.index.tz) == "UTC"


def test_rows_out_of_order_are_sorted_and_counted() -> None:
    body = binance(6)
    body[1], body[4] = body[4], body[1]
    frame = read("binance", body)
    assert frame.index.is_monotonic_increasing
    assert list(frame["open"]) == [100.0 + n for n in range(6)]
    assert frame.attrs["wire"] == {"unsorted": 2}


def test_a_row_told_twice_is_merged_and_counted() -> None:
    body = binance(4)
    frame = read("binance", [*body[:2], body[1], *body[2:]])
    assert len(frame) == 4
    assert frame.attrs["wire"] == {"duplicates": 1}
    descending = coinbase(4)
    frame = read("coinbase", [descending[0], *descending])
    assert frame.index.is_unique
    assert frame.attrs["wire"] == {"duplicates": 1}


def test_one_time_with_two_values_is_untrue() -> None:
    body = binance(4)
    other = [*body[1]]
    other[4] = "1.0"
    with pytest.raises(Untrue, match="different close"):
        read("binance", [*body, other])


def test_impossible_prices_are_left_for_the_truth_check() -> None:
    body = binance(3)
    body[1][2] = "1.00000000"  # a high below its low
    body[2][1] = "-5.00000000"
    assert read("binance", body)["high"].iloc[1] == 1.0


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (2, "abc", "row 3: high is 'abc', expected a number"),
        (2, None, "row 3: high is null, expected a number"),
        (2, True, "row 3: high is True, expected a number"),
        (3, "NaN", "row 3: low is 'NaN'"),
        (3, "Infinity", "row 3: low is 'Infinity'"),
        (3, "1_000", "row 3: low is '1_000'"),
        (3, " 1", "row 3: low is ' 1'"),
        (3, "", "row 3: low is ''"),
        (4, "1e999", "row 3: close is '1e999'"),
        (4, 10**400, "row 3: close is 1000"),
        (4, [1], "row 3: close is [1]"),
        (4, {}, "row 3: close is {}"),
        (4, "१२", "row 3: close is '१२'"),
        (5, "-0.5", "row 3: volume is '-0.5', expected none below zero"),
        (0, "soon", "row 3: time is 'soon'"),
        (0, T0, "row 3: time 1789999200 is not plausible in ms"),
        (0, T0 * 10**6, "not plausible in ms"),
        (0, -1, "not plausible in ms"),
    ],
)
def test_a_cell_that_is_no_number_is_named(place: int, value: Any, says: str) -> None:
    body = binance(5)
    body[2][place] = value
    with pytest.raises(BadPayload) as caught:
        read("binance", body)
    assert says in str(caught.value)


def test_numbers_and_texts_may_be_mixed() -> None:
    body = binance(3)
    body[1][1:6] = [101, 105.0, "100.0", "104.5", 8]
    assert list(read("binance", body)["open"]) == [100.0, 101.0, 102.0]


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_json_does_not_have_are_refused(raw: str) -> None:
    text = json.dumps(coinbase(3)).replace("7.25", raw)
    query = CandleQuery("BTC/USD", "1h")
    with pytest.raises(BadPayload):
        CATALOG["coinbase"].read(query, httpx.Response(200, content=text.encode()), now=T0 * 2)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([[T0 * 1000, "1", "2"]], "row 1 has 3 columns, expected 12"),
        ([*binance(2), binance(3)[2][:-1]], "row 3 has 11 columns, expected 12"),
        ([*binance(2), [*binance(3)[2], "more"]], "row 3 has 13 columns, expected 12"),
        ([*binance(2), {"t": 1}], "row 3 is an object with ['t'], expected a list"),
        ([*binance(2), None], "row 3 is null, expected a list"),
        ([[]], "row 1 has 0 columns"),
        ({"rows": []}, "the body is an object with ['rows'], expected a list of candles"),
    ],
)
def test_a_changed_shape_is_named(rows: Any, says: str) -> None:
    with pytest.raises(BadPayload) as caught:
        read("binance", rows)
    assert says in str(caught.value)


def test_candles_finer_than_asked_for_are_refused() -> None:
    body = binance(10, step=60)
    with pytest.raises(BadPayload, match="rows are 60 s apart, asked for 3600 s"):
        read("binance", body)
    assert len(read("binance", body, interval="1m")) == 10
    assert len(read("binance", binance(2, step=60))) == 2, "two rows tell no spacing"
    sparse = [row for n, row in enumerate(binance(30)) if n % 7 in {0, 1, 3}]
    assert len(read("binance", sparse)) == len(sparse), "missing candles are for the audit"


def test_kraken_answers_under_its_own_name_for_the_pair() -> None:
    for key in ("XXBTZUSD", "XBTUSD", "BTC/USD", "BTCUSD"):
        assert len(read("kraken", kraken(3, key))) == 3
    with pytest.raises(BadPayload, match="about 'XETHZUSD', asked for 'XBTUSD'"):
        read("kraken", kraken(3, "XETHZUSD"))
    doge = CandleQuery("DOGE/BTC", "1h")
    body = respond(kraken(3, "XXDGXXBT"))
    assert len(CATALOG["kraken"].read(doge, body, now=T0 + 9 * HOUR)) == 3


def test_kraken_with_two_lists_is_no_answer() -> None:
    body = kraken(3)
    body["result"]["XETHZUSD"] = body["result"]["XXBTZUSD"]
    with pytest.raises(BadPayload, match="missing"):
        read("kraken", body)
    with pytest.raises(BadPayload, match="missing"):
        read("kraken", {"error": [], "result": {"last": 1}})


def test_coinbases_other_api_is_refused() -> None:
    rows = [{"start": str(T0), "low": "1", "high": "2", "open": "1", "close": "2", "volume": "3"}]
    with pytest.raises(BadPayload, match="candles"):
        read("coinbase", {"candles": rows})
    with pytest.raises(BadPayload, match="row 1 is an object"):
        read("coinbase", rows)


def test_nothing_in_a_frame_is_ever_non_finite() -> None:
    frame = read("binance", binance(50))
    assert all(math.isfinite(value) for value in frame.to_numpy().ravel())


def test_coarser_candles_than_asked_for_are_refused() -> None:
    hours = binance(20)
    with pytest.raises(BadPayload, match="all rows are 3600 s apart"):
        read("binance", hours, interval="1m")
    # A quiet market leaves out candles, but not evenly.
    quiet = [row for n, row in enumerate(binance(60, step=60)) if n % 7 or n in {7, 14, 21}]
    assert len(read("binance", quiet, interval="1m")) == len(quiet)
    assert len(read("binance", binance(5), interval="1m")) == 5


@pytest.mark.parametrize(("interval", "hours"), [("1d", 16), ("1d", 4), ("1w", 72)])
def test_days_on_another_clock_are_no_days_of_ours(interval: str, hours: int) -> None:
    step = {"1d": 24 * HOUR, "1w": 7 * 24 * HOUR}[interval]
    monday = 1_789_948_800  # 2026-09-21
    body = binance(4, step=step, start=monday)
    now = float(monday + 10 * step)
    assert len(read("binance", body, interval=interval, now=now)) == 4
    with pytest.raises(BadPayload, match="which is not where ours do"):
        read("binance", binance(4, step=step, start=monday + hours * HOUR), interval=interval, now=now)
    # One that stands apart is for the audit.
    body[1][0] += HOUR * 1000
    assert len(read("binance", body, interval=interval, now=now)) == 4
