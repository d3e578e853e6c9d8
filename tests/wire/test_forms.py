"""Forms that other venues need: each declared here as a person would, in TOML."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.answer import BadPayload, ProviderDown, UnknownSymbol
from core.catalog import Catalog, CatalogError, Provider
from core.catalog.load import read_provider
from core.market import CandleQuery, OrderBookQuery, PriceQuery, VolumeQuery

HOUR = 3600
T0 = 1_790_000_000 // HOUR * HOUR
NOW = T0 + 100 * HOUR

HEAD = """
id = "{id}"
name = "A Venue"
kind = "exchange"
home = "https://venue.example"
docs = "https://venue.example/docs"
read_on = 2026-11-22
priority = 50
check_symbol = "BTC/USDT"
check_every = 60
limits = [{{ cost = 10, seconds = 1 }}]
hosts = [{{ name = "api.venue.example" }}]
"""


@pytest.fixture
def declare(tmp_path: Path) -> Any:
    def declared(text: str) -> Provider:
        file = tmp_path / "venue.toml"
        check = "" if "[check]" in text else '\n[check]\npath = "/time"\n'
        file.write_text(HEAD.format(id="venue") + text + check, encoding="utf-8")
        return Catalog.load(file)["venue"]

    return declared


def read(provider: Provider, query: Any, body: Any, now: float | None = NOW) -> Any:
    return provider.read(query, httpx.Response(200, json=body), now=now)


FLAGGED = """
message_at = "msg"
errors = [
  { path = "code", equals = "51001", means = "unknown_symbol" },
  { path = "code", differs = "0", means = "down" },
]
[symbol]
template = "{base}-{quote}"
[ohlcv]
path = "/api/v5/market/candles"
params = { instId = "{symbol}", bar = "{interval}", limit = "{rows}", before = "{start}", after = "{end}" }
intervals = { 1h = "1H", 1d = "1Dutc" }
max_rows = 300
rows = "data"
time_unit = "ms"
columns = ["time", "open", "high", "low", "close", "volume", "ccy", "quote", "closed"]
closed = { yes = ["1"], no = ["0"] }
window = { unit = "ms", start = "exclusive", end = "exclusive" }
"""


def test_a_flag_of_its_own_says_which_candle_is_closed(declare: Any) -> None:
    venue = declare(FLAGGED)
    rows = [[str((T0 + n * HOUR) * 1000), "1", "2", "0.5", "1.5", "9", "1", "1", "1"] for n in range(3)]
    rows[-1][-1] = "0"
    body = {"code": "0", "msg": "", "data": rows[::-1]}
    query = CandleQuery("BTC/USDT", "1h")
    assert len(read(venue, query, body)) == 2, "though the clock would call all three closed"
    assert len(read(venue, query, body, now=None)) == 2
    assert len(read(venue, query.replace(include_open=True), body)) == 3
    rows[0][-1] = "maybe"
    with pytest.raises(BadPayload, match="closed is 'maybe'"):
        read(venue, query, body)


def test_bounds_may_exclude_and_intervals_have_other_names(declare: Any) -> None:
    venue = declare(FLAGGED)
    asked = venue.request(CandleQuery("BTC/USDT", "1d", start=T0 // 86400 * 86400, limit=2), now=NOW + 9e6)
    first = T0 // 86400 * 86400 * 1000
    assert dict(asked.url.params) == {
        "instId": "BTC-USDT",
        "bar": "1Dutc",
        "limit": "2",
        "before": str(first - 1),
        "after": str(first + 2 * 86_400_000),
    }


def test_a_code_that_must_be_zero(declare: Any) -> None:
    venue = declare(FLAGGED)
    query = CandleQuery("BTC/USDT", "1h")
    with pytest.raises(UnknownSymbol, match="does not exist"):
        read(venue, query, {"code": "51001", "msg": "Instrument ID does not exist", "data": []})
    with pytest.raises(ProviderDown, match="busy"):
        read(venue, query, {"code": 50013, "msg": "Systems are busy", "data": []})


KEYED = """
volume = "price"
[symbol]
template = "{base}{quote}"
case = "lower"
[ohlcv]
path = "/market/history/kline"
params = { symbol = "{symbol}", period = "{interval}", size = "{rows}" }
intervals = { 1h = "60min" }
max_rows = 2000
rows = "data"
keys = { time = "id", open = "open", high = "high", low = "low", close = "close", volume = "amount" }
[price]
path = "/market/detail/merged"
params = { symbol = "{symbol}", full = true }
root = "tick"
last = "close"
bid = "bid.0"
ask = "ask.0"
change = "rise"
change_unit = "fraction"
volume_base = "amount"
volume_quote = "vol"
[orderbook]
path = "/market/depth"
params = { symbol = "{symbol}", depth = "{depth}" }
depths = { 5 = "5", 20 = "20", 150 = "" }
max_depth = 150
bids = "tick.bids"
asks = "tick.asks"
price = "p"
size = "s"
time = "ts"
time_unit = "ms"
"""


def test_rows_that_are_objects(declare: Any) -> None:
    venue = declare(KEYED)
    rows = [
        {"id": T0 + n * HOUR, "open": 5, "close": 6, "low": 4, "high": 7, "amount": 3.5, "vol": 20}
        for n in range(3)
    ]
    frame = read(venue, CandleQuery("BTC/USDT", "1h"), {"data": rows[::-1]})
    assert frame.iloc[0].to_dict() == {"open": 5, "high": 7, "low": 4, "close": 6, "volume": 3.5}
    del rows[1]["amount"]
    with pytest.raises(BadPayload, match="row 2 has no 'amount'"):
        read(venue, CandleQuery("BTC/USDT", "1h"), {"data": rows})
    with pytest.raises(BadPayload, match="row 1 is a list, expected an object"):
        read(venue, CandleQuery("BTC/USDT", "1h"), {"data": [[1, 2]]})


def test_a_fraction_becomes_per_cent_and_one_call_gives_price_and_volume(declare: Any) -> None:
    venue = declare(KEYED)
    tick = {"close": 98, "bid": [97, 1], "ask": [99, 1], "rise": "-0.0068", "amount": 10, "vol": 990}
    quote = read(venue, PriceQuery("BTC/USDT"), {"tick": tick})
    assert quote.change_24h_pct == pytest.approx(-0.68)
    assert (quote.bid, quote.ask, quote.volume_base, quote.volume_quote) == (97, 99, 10, 990)
    volume = read(venue, VolumeQuery("BTC/USDT"), {"tick": tick})
    assert (volume.volume_base, volume.volume_quote) == (10, 990)
    asked = venue.request(PriceQuery("BTC/USDT"))
    assert dict(asked.url.params) == {"symbol": "btcusdt", "full": "true"}


def test_depths_in_steps_and_levels_that_are_objects(declare: Any) -> None:
    venue = declare(KEYED)
    for depth, step in ((1, "5"), (5, "5"), (6, "20"), (150, "")):
        assert venue.request(OrderBookQuery("BTC/USDT", depth)).url.params["depth"] == step
    assert venue.serves(OrderBookQuery("BTC/USDT", 151)) == "at most 150 levels of the order book"
    body = {"tick": {"bids": [{"p": 1, "s": 2}, {"p": 3, "s": 4}], "asks": []}, "ts": T0 * 1000}
    book = read(venue, OrderBookQuery("BTC/USDT"), body)
    assert book.bids == ((3, 4), (1, 2))
    assert book.time is not None
    assert book.time.timestamp() == T0


RPC = """
auth = { name = "venue", env = ["VENUE_API_KEY"], header = "X-Key", prefix = "Bearer ", required = true }
[ohlcv]
method = "POST"
path = "/info/{base}"
headers = { "x-symbol" = "{symbol}" }
intervals = { 1h = 1 }
max_rows = 100
rows = "result"
columns = ["time", "open", "high", "low", "close"]
time_unit = "iso"
window = { unit = "us", both = true }
[ohlcv.json]
jsonrpc = "2.0"
id = 1
method = "candles"
params = [{ coin = "{base}", step = "{seconds}", from = "{start}", to = "{end}" }]
"""


def test_json_rpc_with_a_key_slot(declare: Any) -> None:
    venue = declare(RPC)
    asked = venue.request(CandleQuery("BTC/USDT", "1h", start=T0, limit=2), now=NOW)
    assert (asked.method, asked.auth) == ("POST", "venue")
    assert str(asked.url) == "https://api.venue.example/info/BTC"
    assert asked.headers["content-type"] == "application/json"
    assert asked.content is not None
    assert json.loads(asked.content) == {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "candles",
        "params": [{"coin": "BTC", "step": 3600, "from": T0 * 10**6, "to": (T0 + HOUR) * 10**6}],
    }
    assert venue.auth is not None
    assert (venue.auth.env, venue.auth.required) == (("VENUE_API_KEY",), True)


def test_iso_times_and_no_volume(declare: Any) -> None:
    venue = declare(RPC)
    rows = [[f"2026-09-21T{hour:02}:00:00Z", 1, 2, 0.5, 1.5] for hour in (14, 15)]
    frame = read(venue, CandleQuery("BTC/USDT", "1h"), {"result": rows})
    assert list(frame.columns) == ["open", "high", "low", "close"]
    assert frame.attrs["notes"] == ("volume in base units is not offered",)
    assert frame.index[0].isoformat() == "2026-09-21T14:00:00+00:00"
    rows[1][0] = "yesterday"
    with pytest.raises(BadPayload, match="row 2: time is 'yesterday', expected an ISO 8601 time"):
        read(venue, CandleQuery("BTC/USDT", "1h"), {"result": rows})


def test_headers_may_name_the_symbol(declare: Any) -> None:
    venue = declare(RPC)
    asked = venue.request(CandleQuery("BTC/USDT", "1h", limit=2), now=NOW)
    assert asked.headers["x-symbol"] == "BTCUSDT"


def test_a_reader_function_of_the_package(tmp_path: Path) -> None:
    text = HEAD.format(id="venue") + '[check]\npath = "/time"\n[price]\npath = "/p"\nlast = "last"\n'
    file = tmp_path / "venue.toml"
    file.write_text(text + 'reader = "core.wire.tickers:read_price"\n', encoding="utf-8")
    assert read(read_provider(file, own=True), PriceQuery("BTC/USDT"), {"last": 7}).last == 7
    file.write_text(text + 'reader = "core.wire.books:read_book"\n', encoding="utf-8")
    with pytest.raises(BadPayload, match="AttributeError in the reader"):
        read(read_provider(file, own=True), PriceQuery("BTC/USDT"), {"last": 7})
    file.write_text(text + 'reader = "core.wire.tickers:nothing"\n', encoding="utf-8")
    with pytest.raises(CatalogError, match="no such function"):
        read_provider(file, own=True)


RANGED = """
[ohlcv]
path = "/recent"
params = {{ from = "{{start}}", to = "{{end}}", limit = "{{newest}}" }}
intervals = {{ 1h = 60 }}
max_rows = 50
columns = ["time", "open", "high", "low", "close", "volume"]
expects = {{ {expects} = "spot" }}
archive = {{ path = "{archive}", beyond = 100, max_rows = 20 }}
window = {{ unit = "ms", end = "within", both = true, always = {always} }}
"""


def ranged(always: str = "false", expects: str = '"meta.kind"', archive: str = "/old") -> str:
    return RANGED.format(always=always, expects=expects, archive=archive)


def test_a_count_is_sent_only_where_no_bounds_are(declare: Any) -> None:
    provider = declare(ranged())
    query = CandleQuery("BTC/USDT", "1h", limit=10)
    assert provider.request(query, now=NOW).url.query == b"limit=11"
    first = T0 + 50 * HOUR
    asked = provider.request(query.replace(start=first), now=NOW).url.query.decode()
    assert asked == f"from={first * 1000}&to={(first + 10 * HOUR) * 1000 - 1}", (
        "within the last wanted candle"
    )


def test_a_venue_may_need_bounds_always(declare: Any) -> None:
    asked = declare(ranged("true")).request(CandleQuery("BTC/USDT", "1h", limit=10), now=NOW).url.query
    assert asked.decode() == f"from={(NOW - 10 * HOUR) * 1000}&to={NOW * 1000 - 1}"


def test_the_archive_has_its_own_path_and_its_own_most(declare: Any) -> None:
    provider = declare(ranged())
    pages = provider.pages(CandleQuery("BTC/USDT", "1h", limit=130), NOW)
    asked = [provider.request(page, now=NOW) for page in pages]
    assert [one.url.path for one in asked] == ["/old", "/old", "/recent", "/recent"]
    starts = [(NOW - page.start.timestamp()) // HOUR for page in pages]
    assert starts == [130, 110, 90, 40]


def test_what_the_answer_says_of_itself_must_be_so(declare: Any) -> None:
    provider = declare(ranged())
    query = CandleQuery("BTC/USDT", "1h")
    with pytest.raises(BadPayload, match=r"meta.kind is 'futures', expected 'spot'"):
        read(provider, query, {"meta": {"kind": "futures"}})
    with pytest.raises(BadPayload, match="expected a list of candles"):
        read(provider, query, {"meta": {"kind": "spot"}})
    assert read(provider, query, []).empty, "what says nothing contradicts nothing"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"expects": '"a..b"'}, "no path"), ({"archive": "/old/{nope}"}, "archive uses")],
)
def test_wrong_forms_are_named(declare: Any, wrong: dict[str, str], says: str) -> None:
    with pytest.raises(CatalogError, match=says):
        declare(ranged(**wrong))
