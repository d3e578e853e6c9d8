"""Forms that aggregators and venues without ranges need: each declared here as a person would, in TOML."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from core.answer import BadPayload, UnknownSymbol
from core.catalog import Catalog, CatalogError, Provider
from core.market import CandleQuery, OrderBookQuery, PriceQuery, VolumeQuery

HOUR = 3600
T0 = 1_790_000_000 // HOUR * HOUR
NOW = T0 + 600.0

HEAD = """
id = "venue"
name = "A Venue"
kind = "exchange"
home = "https://venue.example"
docs = "https://venue.example/docs"
read_on = 2026-11-22
priority = 50
check_symbol = "BTC/USD"
check_every = 60
limits = [{ cost = 10, seconds = 1 }]
hosts = [{ name = "api.venue.example" }]
check = { path = "/time" }
"""


@pytest.fixture
def declare(tmp_path: Path) -> Any:
    def declared(text: str) -> Provider:
        file = tmp_path / "venue.toml"
        file.write_text(HEAD + text, encoding="utf-8")
        return Catalog.load(file)["venue"]

    return declared


def read(provider: Provider, query: Any, body: Any, now: float | None = NOW) -> Any:
    return provider.read(query, httpx.Response(200, json=body), now=now)


RANGELESS = """
[ohlcv]
path = "/candles/{symbol}"
max_rows = 100
history = { 30m = 47, 1h = 99 }
days = { 30m = [1], 1h = [2, 4] }
stamp = "close"
columns = ["time", "open", "high", "low", "close"]
params = { size = "{back}", days = "{days}" }
intervals = { 30m = "30m", 1h = "1h" }
"""


def test_history_may_differ_by_interval(declare: Any) -> None:
    venue = declare(RANGELESS)
    for interval, most in (("30m", 47), ("1h", 99)):
        assert venue.covers(CandleQuery("BTC/USD", interval, limit=most), NOW)
        assert not venue.covers(CandleQuery("BTC/USD", interval, limit=most + 1), NOW)
        step = 1800 if interval == "30m" else HOUR
        past = CandleQuery("BTC/USD", interval, end=T0 - most * step, limit=5)
        assert venue.serves(past, NOW) == f"only the newest {most} candles"


def test_a_venue_without_ranges_is_asked_back_to_the_first_wanted(declare: Any) -> None:
    venue = declare(RANGELESS)

    def asked(now: float | None = NOW, **fields: Any) -> dict[str, str]:
        return dict(venue.request(CandleQuery("BTC/USD", "1h", **fields), now=now).url.params)

    assert asked(limit=5) == {"size": "6", "days": "2"}
    assert asked(limit=47) == {"size": "48", "days": "2"}
    assert asked(limit=48) == {"size": "49", "days": "4"}
    assert asked(start=T0 - 60 * HOUR, end=T0 - 55 * HOUR) == {"size": "61", "days": "4"}
    assert asked(None, limit=5) == {"size": "6", "days": "2"}
    assert asked(None, end=T0, limit=5) == {"size": "100", "days": "4"}, "nobody knows how far back that is"


def test_a_time_may_be_that_of_the_end(declare: Any) -> None:
    venue = declare(RANGELESS)
    rows = [[T0 - HOUR, 1, 2, 1, 2], [T0, 2, 3, 2, 3], [T0 + HOUR, 3, 4, 3, 4]]
    frame = read(venue, CandleQuery("BTC/USD", "1h"), rows)
    assert [time.timestamp() for time in frame.index] == [T0 - 2 * HOUR, T0 - HOUR]
    assert len(read(venue, CandleQuery("BTC/USD", "1h"), rows, None)) == 2


PICKED = """
volume = "price"
[symbol]
template = "{base}"
long = "{base}:{quote}"
named_only = true
rename = { BTC = "xbt", DOGE = "doge" }
[price]
path = "/tickers"
pick = "id"
last = "{quote}.price"
volume_base = "volumes.{base}"
"""


def test_a_row_is_picked_from_a_list_and_names_stand_in_paths(declare: Any) -> None:
    venue = declare(PICKED)
    rows = [
        {"id": "doge:EUR", "EUR": {"price": 2}},
        {"id": "XBT", "USD": {"price": 5}, "EUR": {"price": 4}, "volumes": {"BTC": 7, "USD": 35}},
    ]
    quote = read(venue, PriceQuery("BTC/USD"), rows)
    assert (quote.last, quote.volume_base) == (5, 7)
    assert read(venue, PriceQuery("BTC/EUR"), rows).last == 4
    assert read(venue, PriceQuery("DOGE/EUR"), rows).last == 2, "the long form of the symbol"
    assert read(venue, PriceQuery("BTC/USD"), rows[1]).last == 5, "one alone may come as it is"
    assert read(venue, VolumeQuery("BTC/USD"), rows).volume_base == 7
    with pytest.raises(UnknownSymbol):
        read(venue, PriceQuery("BTC/USD"), [])
    with pytest.raises(BadPayload, match="no row is about 'xbt'"):
        read(venue, PriceQuery("BTC/USD"), [{"id": "xbt2", "USD": {"price": 5}}, 7, None])
    assert venue.serves(PriceQuery("LTC/USD")) == "its name for LTC is not known"


BOOK = """
[orderbook]
path = "/book/{symbol}"
max_depth = 25
bids = "rows"
asks = "rows"
size = 2
signed = true
orders = 1
expects = { of = "book {symbol}" }
"""


def test_one_list_holds_both_sides_and_the_answer_repeats_the_symbol(declare: Any) -> None:
    venue = declare(BOOK)
    rows = [[11, 1, -2], [10, 3, 4], [9, 1, 1], [12, 1, -1]]
    book = read(venue, OrderBookQuery("BTC/USD", 5), {"of": "book BTCUSD", "rows": rows})
    assert (book.bids, book.asks) == (((10, 4), (9, 1)), ((11, 2), (12, 1)))
    with pytest.raises(BadPayload, match="expected 'book BTCUSD'"):
        read(venue, OrderBookQuery("BTC/USD"), {"of": "book ETHUSD", "rows": rows})
    for orders in (0, -1, 1.5):
        with pytest.raises(BadPayload, match=r"row 2 of rows: .* is no number of orders"):
            read(venue, OrderBookQuery("BTC/USD"), {"rows": [rows[0], [10, orders, 4]]})


NULL = """
errors = [{ path = "data.last", null = true, means = "unknown_symbol" }]
[price]
path = "/ticker"
last = "data.last"
"""


def test_null_may_be_the_form_of_an_unknown_symbol(declare: Any) -> None:
    venue = declare(NULL)
    with pytest.raises(UnknownSymbol):
        read(venue, PriceQuery("BTC/USD"), {"data": {"last": None}})
    with pytest.raises(BadPayload):
        read(venue, PriceQuery("BTC/USD"), {"data": {}})
    assert read(venue, PriceQuery("BTC/USD"), {"data": {"last": 0.5}}).last == 0.5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (RANGELESS.replace("30m = 47, ", ""), "history: expected one entry for each interval"),
        (RANGELESS.replace("30m = [1], ", ""), "days: expected one entry for each interval"),
        (PICKED.replace('pick = "id"', 'pick = "id"\nroot = "data"'), "pick: expected no root"),
        (PICKED.replace("volumes.{base}", "volumes.{asset}"), "volume_base: expected {base}"),
        (PICKED.replace('"{base}:{quote}"', '"{asset}"'), "long uses"),
        (BOOK.replace("book {symbol}", "book {day}"), "expects uses"),
        (NULL.replace("null = true", 'null = true, equals = "x"'), "expected one of equals"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(declare: Any, text: str, says: str) -> None:
    with pytest.raises(CatalogError) as caught:
        declare(text)
    assert says in str(caught.value)
