"""Loading: what a file may say, and how an error in it is told."""

from pathlib import Path

import pytest

from core.answer import KintsugiError
from core.catalog import Catalog, CatalogError
from core.market import PriceQuery

GOOD = """
id = "venue"
name = "A Venue"
kind = "exchange"
home = "https://venue.example"
docs = "https://venue.example/docs"
read_on = 2026-11-22
priority = 15
check_symbol = "BTC/USD"
check_every = 60
quotes = ["USD"]
hosts = [{ name = "api.venue.example" }]
[check]
path = "/time"
[price]
path = "/ticker/{symbol}"
last = "last"
[ohlcv]
path = "/candles/{symbol}"
params = { from = "{start}", to = "{end}" }
intervals = { 1h = 60 }
max_rows = 100
columns = ["time", "open", "high", "low", "close", "volume"]
[orderbook]
path = "/book/{symbol}"
max_depth = 100
bids = "bids"
asks = "asks"
"""


def write(folder: Path, text: str, name: str = "venue.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def error_of(folder: Path, text: str) -> CatalogError:
    with pytest.raises(CatalogError) as caught:
        Catalog.load(write(folder, text))
    assert "venue.toml" in str(caught.value)
    return caught.value


def test_the_package_holds_the_three_venues_in_order_of_priority() -> None:
    catalog = Catalog.load()
    assert [catalog[name].priority for name in ("binance", "kraken", "coinbase")] == [10, 20, 30]
    assert [name for name in catalog if name in {"binance", "kraken", "coinbase"}] == [
        "binance",
        "kraken",
        "coinbase",
    ]
    assert len(catalog) == len(list(catalog)) == len(catalog.items())
    assert "kraken" in catalog
    assert "nobody" not in catalog
    with pytest.raises(KeyError):
        catalog["nobody"]


def test_endpoints_are_provider_by_capability_by_host() -> None:
    catalog = Catalog.load()
    assert "kraken/ohlcv@api.kraken.com" in map(str, catalog.endpoints)
    assert len(set(catalog.endpoints)) == len(catalog.endpoints)
    assert len(catalog.endpoints) == sum(
        len(provider.capabilities) * len(provider.hosts) for provider in catalog.values()
    )
    assert sum(endpoint.provider == "binance" for endpoint in catalog.endpoints) == 4 * 6


def test_serving_lists_providers_of_a_capability() -> None:
    catalog = Catalog.load()
    assert [provider.id for provider in catalog.serving("orderbook")][:2] == ["binance", "kraken"]
    assert [provider.id for provider in catalog.serving("technical")] == ["taapi"]


def test_an_extra_file_adds_and_one_with_a_known_id_replaces(tmp_path: Path) -> None:
    added = Catalog.load(write(tmp_path, GOOD))
    assert list(added)[:3] == ["binance", "venue", "kraken"]
    assert str(added["venue"].request(PriceQuery("BTC/USD")).url) == "https://api.venue.example/ticker/BTCUSD"
    replaced = Catalog.load(write(tmp_path, GOOD.replace('"venue"', '"kraken"', 1)))
    assert replaced["kraken"].name == "A Venue"
    assert len(replaced) == len(Catalog.load())


def test_a_folder_is_read_whole_and_later_sources_win(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    write(folder, GOOD)
    write(folder, GOOD.replace('"venue"', '"second"', 1), "second.toml")
    write(folder, "not toml at all", "notes.txt")
    later = write(tmp_path, GOOD.replace("A Venue", "Another"), "later.toml")
    catalog = Catalog.load(folder, str(later))
    assert {"venue", "second"} <= set(catalog)
    assert catalog["venue"].name == "Another"


def test_two_files_of_one_folder_with_one_id(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "a.toml")
    write(tmp_path, GOOD, "b.toml")
    with pytest.raises(CatalogError, match=r"b\.toml:\n  id = 'venue': a\.toml has it already"):
        Catalog.load(tmp_path)


def test_a_catalog_error_is_a_value_error_of_ours(tmp_path: Path) -> None:
    error = error_of(tmp_path, "")
    assert isinstance(error, ValueError)
    assert isinstance(error, KintsugiError)
    assert error.file.name == "venue.toml"


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("priority = 15", 'priority = "high"')
        .replace('home = "https://venue.example"', 'home = "http://venue.example"')
        .replace("max_rows = 100", "max_rows = 0")
        .replace('name = "A Venue"\n', "")
        + '\n[volume]\npath = "/x"\nvolume_base = "v"\ntypo = 1\n'
    )
    said = str(error_of(tmp_path, text))
    assert "  name: field required" in said
    assert "  home = 'http://venue.example': expected an address that begins with https://" in said
    assert "  priority = 'high': " in said
    assert "  ohlcv.max_rows = 0: " in said
    assert "  volume.typo = 1: " in said
    assert len(said.splitlines()) == 6


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("BTC/USD", "BTCUSD", "check_symbol = 'BTCUSD': symbol='BTCUSD': expected BASE/QUOTE"),
        ('"BTC/USD"', '"BTC/EUR"', "check_symbol='BTC/EUR': its quote currency is not in quotes"),
        ("api.venue.example", "api.venue.example/path", "hosts.0.name"),
        ("api.venue.example", "evil.example#@x", "hosts.0.name"),
        ('hosts = [{ name = "api.venue.example" }]', "hosts = []", "hosts: "),
        ("/ticker/{symbol}", "/ticker/{sybmol}", "price: path uses ['sybmol']: expected names among"),
        ("/book/{symbol}", "/book/{rows}", "orderbook: path uses ['rows']"),
        ("/ticker/{symbol}", "ticker", "price.path = 'ticker'"),
        ('last = "last"', 'last = "data..last"', "price.last = 'data..last': 'data..last' is no path"),
        ('last = "last"', 'bid = "bid"', "price: expected a path for last"),
        ("1h = 60", "1hour = 60", "intervals ['1hour']: expected some of 1m 3m"),
        ('"close", "volume"', '"volume", "x"', "columns or keys lack ['close']"),
        ('"close", "volume"', '"close", "close"', "columns name ['close'] twice"),
        ('"close", "volume"', '"close", "closed"', "a column closed and its values yes and no go together"),
        ('columns = ["time"', 'keys = { time = "t" }\ncolumns = ["time"', "expected either columns or keys"),
        ("max_depth = 100", "max_depth = 100\ndepths = { 5 = 5 }", "depths end below max_depth=100"),
        ("[price]", '[[errors]]\nmeans = "down"\n[price]', "expected a path with a condition, or a status"),
        ("[price]", '[[errors]]\nmeans = "oops"\nstatus = 1\n[price]', "errors.0.means = 'oops'"),
        (
            "[price]",
            '[[errors]]\nmeans = "down"\npath = "a"\nequals = 1\nstarts = "x"\n[price]',
            "expected one of equals, starts",
        ),
        (
            "[price]",
            '[auth]\nname = "k"\nenv = "KEY"\n[price]',
            "auth: expected one of header, parameter, path",
        ),
        ("[price]", '[symbol]\ntemplate = "{x}"\n[price]', "symbol: template uses ['x']"),
        ("[price]", "[price]\njson = { a = 1 }", 'price: json needs method = "POST"'),
        ("read_on = 2026-11-22\n", "", "read_on: field required"),
        (
            "[check]",
            'read_from = "memory"\n[check]',
            "read_from.0 = 'memory': input should be 'documentation'",
        ),
        ('id = "venue"', 'id = "A Venue"', "id = 'A Venue'"),
        ('id = "venue"', 'id = "venue', "no TOML in UTF-8"),
        (
            "[price]",
            '[price]\nreader = "core.wire.tickers:read_price"',
            "price.reader: only the package's own providers may name a function; name an entry point",
        ),
        ("[price]", '[price]\nreader = "os:system"', "price.reader = 'os:system'"),
        ('"api.venue.example"', '"https://api.venue.example"', "a name in small letters, without https://"),
        ('id = "venue"', 'id = "A Venue"', "id = 'A Venue': expected small letters, digits and _"),
        ("/ticker/{symbol}", "ticker", "price.path = 'ticker': expected a path that begins with /"),
        ("/ticker/{symbol}", "/ticker/{symbol", "expected curly brackets around names only"),
        (
            "[price]",
            '[symbol]\ntemplate = "{base}{quote"\n[price]',
            "symbol.template = '{base}{quote': expected",
        ),
        ("[price]", "[prices]", "prices: no such name here (did you mean price?): expected some of id name"),
        (
            'last = "last"',
            'last = "last"\nlsat = "x"',
            "price.lsat = 'x': no such name here (did you mean last?)",
        ),
        ("[price]", '[price]\nheaders = { Host = "x" }', "header Host: the connection sets it"),
        ("[price]", '[price]\nheaders = { Authorization = "x" }', "expected no key in a file; a table auth"),
        (
            "[price]",
            '[price]\nheaders = { X = "a\\r\\nB: c" }',
            "header X: expected printable signs on one line",
        ),
        ("[price]", "[price]\nmax_bytes = 999999999999", "price.max_bytes = 999999999999: "),
    ],
)
def test_an_error_names_file_key_and_reason(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    assert says in str(error_of(tmp_path, GOOD.replace(old, new)))


def test_a_faulty_member_is_told_once(tmp_path: Path) -> None:
    said = str(error_of(tmp_path, GOOD.replace('"api.venue.example"', '"API.venue.example"')))
    assert len(said.splitlines()) == 2


def test_a_mark_of_the_byte_order_is_no_fault(tmp_path: Path) -> None:
    assert "venue" in Catalog.load(write(tmp_path, "\ufeff" + GOOD))


def test_a_provider_that_serves_nothing(tmp_path: Path) -> None:
    assert "no capability" in str(error_of(tmp_path, GOOD[: GOOD.index("[price]")]))


def test_a_missing_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no such file or folder"):
        Catalog.load(tmp_path / "nothing")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogError, match="no TOML in UTF-8"):
        Catalog.load(file)


def test_volume_may_share_the_call_of_price(tmp_path: Path) -> None:
    text = GOOD.replace('last = "last"', 'last = "last"\nvolume_base = "v"')
    catalog = Catalog.load(write(tmp_path, 'volume = "price"\n' + text))
    assert "volume" in catalog["venue"].capabilities
    assert "volume" in str(error_of(tmp_path, 'volume = "prize"\n' + text))


def test_coins_have_their_full_names() -> None:
    names = Catalog.load().names
    assert (names["BTC"], names["ETH"], names["PEPE"], names["SHIB"]) == (
        "bitcoin",
        "ethereum",
        "pepe",
        "shiba inu",
    )
    assert not any(name.isdecimal() or ":" in name for name in names.values())
