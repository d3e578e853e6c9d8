"""Price, volume and book bodies in the shapes of the three venues."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from core.answer import BadPayload
from core.catalog import Catalog
from core.market import OrderBook, OrderBookQuery, PriceQuery, Quote, Volume, VolumeQuery

CATALOG = Catalog.load()
WHEN = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

TICKERS: dict[str, dict[str, Any]] = {
    "binance": {
        "symbol": "BTCUSDT", "priceChange": "-12.5", "priceChangePercent": "-1.250",
        "lastPrice": "98765.43000000", "bidPrice": "98765.42000000", "askPrice": "98765.44000000",
        "openPrice": "100000.0", "volume": "1234.50000000", "quoteVolume": "121925925.00000000",
        "openTime": int(WHEN.timestamp() - 86400) * 1000, "closeTime": int(WHEN.timestamp()) * 1000,
    },
    "kraken": {"error": [], "result": {"XXBTZUSD": {
        "a": ["98765.44", "1", "1.000"], "b": ["98765.42", "2", "2.000"], "c": ["98765.43", "0.01"],
        "v": ["17.5", "1234.5"], "p": ["98000.1", "98100.2"], "t": [10, 20], "l": ["1", "1"],
        "h": ["2", "2"], "o": "97000.0",
    }}},
    "coinbase": {
        "ask": "98765.44", "bid": "98765.42", "volume": "1234.5", "trade_id": 7, "price": "98765.43",
        "size": "0.01", "time": "2026-11-22T03:00:00.000000Z", "rfq_volume": "3.1",
    },
}  # fmt: skip
every_venue = pytest.mark.parametrize("venue", TICKERS)


def symbol(venue: str) -> str:
    return CATALOG[venue].check_symbol


def price(venue: str, body: Any) -> Quote:
    return CATALOG[venue].read(PriceQuery(symbol(venue)), httpx.Response(200, json=body))


def book(venue: str, body: Any, depth: int = 20) -> OrderBook:
    return CATALOG[venue].read(OrderBookQuery(symbol(venue), depth), httpx.Response(200, json=body))


@every_venue
def test_a_quote_says_what_the_venue_says_and_no_more(venue: str) -> None:
    quote = price(venue, TICKERS[venue])
    assert (quote.symbol, quote.last, quote.bid, quote.ask) == (symbol(venue), 98765.43, 98765.42, 98765.44)
    assert quote.volume_base == 1234.5
    assert quote.change_24h_pct == (-1.25 if venue == "binance" else None)
    assert quote.volume_quote == (121925925.0 if venue == "binance" else None)
    assert quote.time == (None if venue == "kraken" else WHEN)


@every_venue
def test_volume_is_its_own_value(venue: str) -> None:
    query = VolumeQuery(symbol(venue))
    volume = CATALOG[venue].read(query, httpx.Response(200, json=TICKERS[venue]))
    assert isinstance(volume, Volume)
    assert volume.volume_base == 1234.5


def changed(venue: str, **fields: Any) -> dict[str, Any]:
    return {**TICKERS[venue], **fields}


@pytest.mark.parametrize("value", [None, "", "0.00000000"])
def test_an_empty_side_is_none(value: Any) -> None:
    quote = price("binance", changed("binance", bidPrice=value))
    assert quote.bid is None
    assert quote.ask == 98765.44


def test_what_is_left_out_is_none_but_the_price_must_be_there() -> None:
    assert price("coinbase", {"price": 5.5}) == Quote("BTC/USD", 5.5)
    for body in ({}, {"price": None}, {"price": ""}, {"bid": "1", "ask": "2"}):
        with pytest.raises(BadPayload, match="price is missing"):
            price("coinbase", body)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"lastPrice": "abc"}, "last is 'abc', expected a number"),
        ({"lastPrice": True}, "last is True"),
        ({"lastPrice": [1]}, "last is [1]"),
        ({"lastPrice": "nan"}, "last is 'nan'"),
        ({"lastPrice": "1e400"}, "last is '1e400'"),
        ({"bidPrice": "x"}, "bid is 'x'"),
        ({"volume": "-1"}, "volume_base is -1"),
        ({"closeTime": 1790000000}, "not plausible in ms"),
        ({"closeTime": "noon"}, "time is 'noon'"),
        ({"symbol": "ETHUSDT"}, "about 'ETHUSDT', asked for 'BTCUSDT'"),
        ({"symbol": {"a": 1}}, "about {'a': 1}"),
    ],
)
def test_a_field_that_cannot_be_is_named(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(BadPayload) as caught:
        price("binance", changed("binance", **fields))
    assert says in str(caught.value)


def test_a_time_must_be_iso_where_it_is_declared_so() -> None:
    with pytest.raises(BadPayload, match="ISO 8601"):
        price("coinbase", changed("coinbase", time=1790000000))


def test_a_volume_without_volume_is_refused() -> None:
    with pytest.raises(BadPayload, match="no volume"):
        CATALOG["coinbase"].read(VolumeQuery("BTC/USD"), httpx.Response(200, json={"price": "1"}))


BIDS = [["98.5", "1.5", 3], ["99.0", "2.0", 1], ["97.0", "0.25", 2]]
ASKS = [["101.0", "1.0", 1], ["100.0", "4.0", 2], ["103.0", "9.0", 1]]


@pytest.mark.parametrize(
    ("venue", "body"),
    [
        (
            "binance",
            {"lastUpdateId": 1, "bids": [row[:2] for row in BIDS], "asks": [row[:2] for row in ASKS]},
        ),
        ("kraken", {"error": [], "result": {"XXBTZUSD": {"asks": ASKS, "bids": BIDS}}}),
        ("coinbase", {"bids": BIDS, "asks": ASKS, "sequence": 1, "time": "2026-11-22T03:00:00Z"}),
    ],
)
def test_a_book_is_best_first_and_cut_to_depth(venue: str, body: Any) -> None:
    found = book(venue, body)
    assert found.bids == ((99.0, 2.0), (98.5, 1.5), (97.0, 0.25))
    assert found.asks == ((100.0, 4.0), (101.0, 1.0), (103.0, 9.0))
    assert found.time == (WHEN if venue == "coinbase" else None)
    best = book(venue, body, depth=1)
    assert (best.bids, best.asks) == (((99.0, 2.0),), ((100.0, 4.0),))


def test_an_empty_book_is_a_value() -> None:
    assert book("binance", {"bids": [], "asks": []}) == OrderBook("BTC/USDT", (), ())


@pytest.mark.parametrize(
    ("bids", "says"),
    [
        (None, "bids is null"),
        ({}, "bids is {}"),
        ([["1"]], "has no 1"),
        ([[]], "has no 0"),
        (["1"], "row 1 of bids is '1'"),
        ([{"price": 1}], "row 1 of bids"),
        ([["1", "2"], ["x", "2"]], "row 2: price of bids is 'x'"),
        ([["1", "2"], ["1", None]], "row 2: size of bids is null"),
        ([["1", "-2"]], "row 1: size of bids is below zero"),
    ],
)
def test_a_broken_level_is_named(bids: Any, says: str) -> None:
    with pytest.raises(BadPayload) as caught:
        book("binance", {"bids": bids, "asks": []})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("venue", "field", "value", "says"),
    [
        ("kraken", "c", ["0.01"], "has 1 members, expected a list of 2"),
        ("kraken", "a", ["98765.44", "1"], "has 2 members, expected a list of 3"),
        ("kraken", "b", "98765.42", "is '98765.42', expected a list of 3"),
        ("kraken", "v", ["1234.5"], "expected a list of 2"),
    ],
)
def test_a_list_of_another_length_means_something_else(venue: str, field: str, value: Any, says: str) -> None:
    ticker = {**TICKERS["kraken"]["result"]["XXBTZUSD"], field: value}
    body = {"error": [], "result": {"XXBTZUSD": ticker}}
    with pytest.raises(BadPayload) as caught:
        price(venue, body)
    assert says in str(caught.value)
    with pytest.raises(BadPayload):
        CATALOG[venue].read(VolumeQuery(symbol(venue)), httpx.Response(200, json=body))


def test_a_side_with_nothing_on_it_is_none() -> None:
    body = {"ch": "market.btcusdt.detail.merged", "status": "ok", "ts": 1_790_000_000_000,
            "tick": {"close": 5, "open": 4, "amount": 7, "vol": 30, "bid": [], "ask": [6, 1]}}  # fmt: skip
    quote = CATALOG["htx"].read(PriceQuery("BTC/USDT"), httpx.Response(200, json=body))
    assert (quote.last, quote.bid, quote.ask) == (5, None, 6)


def test_a_row_without_one_of_its_columns_is_refused() -> None:
    row = ["tBTCUSD", 70526, 1.5, 70527, 2.5, -2163, -0.0298, 70527, 1798.7, 72977, 70000]
    assert price("bitfinex", [row]).last == 70527
    for place in range(1, len(row)):
        with pytest.raises(BadPayload, match="has 10 members, expected a list of 11"):
            price("bitfinex", [row[:place] + row[place + 1 :]])


@pytest.mark.parametrize("venue", ["kraken", "coinbase", "okx", "bitfinex", "crypto_com"])
def test_a_level_without_its_price_is_no_other_level(venue: str) -> None:
    row: list[Any] = ["98.5", 3, "1.5"] if venue == "bitfinex" else ["98.5", "1.5", 3]
    whole = [*row, "7"] if venue == "okx" else row

    def wrapped(level: list[Any]) -> Any:
        sides = {"bids": [level], "asks": []}
        return {
            "kraken": {"error": [], "result": {"XXBTZUSD": sides}},
            "coinbase": sides,
            "okx": {"code": "0", "msg": "", "data": [sides]},
            "bitfinex": [level],
            "crypto_com": {"code": 0, "result": {"data": [sides]}},
        }[venue]

    assert book(venue, wrapped(whole)).bids == ((98.5, 1.5),)
    for level in (whole[1:], [*whole, "1"]):
        with pytest.raises(BadPayload, match="columns, expected"):
            book(venue, wrapped(level))


def test_a_crossed_book_is_left_for_the_truth_check() -> None:
    assert book("binance", {"bids": [["5", "1"]], "asks": [["4", "1"]]}).bids[0][0] == 5.0


def test_a_whole_book_of_a_large_market_is_cut() -> None:
    levels = [[f"{1000 - n / 100:.2f}", "0.5", 1] for n in range(20_000)]
    found = book("coinbase", {"bids": levels, "asks": []}, depth=50)
    assert len(found.bids) == 50
    assert found.bids[-1] == (999.51, 0.5)
