"""kintsugi catalog: a file explained and tried on a body, and the example of keys."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.catalog import Catalog
from core.catalog.explain import explain
from core.cli import main
from core.features import env_example

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / ".." / "shared" / "data" / "responses"
CATALOG = Catalog.load()

FILE = """
id = "mine"
name = "Mine"
kind = "exchange"
home = "https://mine.example"
docs = "https://mine.example/docs"
read_on = 2026-11-25
read_from = ["documentation", "recorded body"]
priority = 15
check_symbol = "BTC/USD"
check_every = 90
quotes = ["USD", "EUR"]
limits = [{ cost = 60, seconds = 30 }]
hosts = [{ name = "api.mine.example" }]
check = { path = "/ping" }
[symbol]
template = "{base}-{quote}"
rename = { BTC = "XBT" }
[auth]
name = "mine"
env = "MINE_KEY"
header = "x-key"
[[errors]]
status = 404
path = "error"
contains = "no such market"
means = "unknown_symbol"
[price]
path = "/ticker/{symbol}"
root = "data"
last = "last"
volume_base = "vol"
change = "chg"
change_unit = "fraction"
[ohlcv]
path = "/candles"
params = { market = "{symbol}", step = "{interval}", count = "{rows}" }
rows = "data.rows"
max_rows = 300
columns = ["time", "open", "close", "high", "low", "turnover"]
time_unit = "ms"
[ohlcv.intervals]
1m = "60"
1h = "3600"
"""


def run(*args):
    return CliRunner().invoke(main, ["catalog", *map(str, args)])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    return path


def test_a_file_is_explained(file):
    found = run("check", file)
    assert found.exit_code == 0, found.output
    for text in (
        "mine: Mine, exchange; https://mine.example/docs, read on 2026-11-25 from documentation, recorded body",
        "host https://api.mine.example",
        "at most 60 in 30 s",
        "health check GET https://api.mine.example/ping, every 90 s",
        "key welcome, in the header x-key, from MINE_KEY",
        "BTC/USD is 'XBT-USD' there; quote currencies: USD EUR",
        "price: priority 15, asked as number 2 of",
        "GET https://api.mine.example/ticker/XBT-USD",
        "last = data.last",
        "change is a fraction",
        "GET https://api.mine.example/candles?market=XBT-USD&step=3600&count=2",
        "rows at data.rows, at most 300; intervals 1m 1h",
        "time = column 1 (ms, of the candle's open)",
        "close = column 3",
        "no volume in base units: answers say so",
        "the newest row is still open",
        "status 404 and error contains 'no such market': unknown symbol",
    ):
        assert text in found.output, text


def test_a_body_is_read_or_refused_by_name(file, tmp_path):
    body = tmp_path / "ticker.json"
    body.write_text(json.dumps({"data": {"last": "101.5", "vol": 7, "chg": "0.02"}}))
    found = run("check", file, "--body", body)
    assert found.exit_code == 0
    assert "as price: read" in found.output
    assert "last = 101.5" in found.output
    assert "change_24h_pct = 2.0" in found.output
    assert "as ohlcv: refused, BadPayload" in found.output
    rows = [[1_790_000_000_000 + hour * 3_600_000, 1, 2, 3, 0.5, 9] for hour in range(-4, 0)]
    body.write_text(json.dumps({"data": {"rows": rows}}))
    found = run("check", file, "--body", body, "--capability", "ohlcv", "--now", "2026-12-01")
    assert found.exit_code == 0, found.output
    assert "4 candles" in found.output
    assert "volume in base units is not offered" in found.output
    body.write_text('{"error": "no such market"}')
    found = run("check", file, "--body", body, "--status", "404", "--capability", "price")
    assert found.exit_code == 3
    assert "refused, UnknownSymbol" in found.output
    body.write_text("<html>sorry</html>")
    assert "HTML instead of JSON" in run("check", file, "--body", body).output


@pytest.mark.parametrize(
    ("change", "args", "says"),
    [
        (("priority = 15", 'priority = "first"'), (), "priority = 'first'"),
        (("[price]", "[price]\ncolour = 1"), (), "price.colour"),
        (("id =", "id ="), ("--capability", "news"), "mine has ohlcv price"),
        (("id =", "id ="), ("--interval", "4h"), "no 4h candles"),
        (("id =", "id ="), ("--symbol", "BTC/JPY"), "no markets quoted in JPY"),
        (("id =", "id ="), ("--symbol", "nonsense"), "expected BASE/QUOTE"),
        (("id =", "id ="), ("--now", "soon"), "now="),
    ],
)
def test_what_is_wrong_is_named(file, change, args, says):
    file.write_text(file.read_text().replace(*change, 1))
    found = run("check", file, *args, *(("--body", file) if args else ()))
    assert found.exit_code == 2
    assert says in found.output


def test_a_host_here_and_an_override_are_told(file):
    text = file.read_text().replace('"api.mine.example"', '"127.0.0.1:9000", scheme = "http"')
    file.write_text(text.replace('id = "mine"', 'id = "kraken"'))
    found = run("check", file)
    assert "replaces the provider of that id" in found.output
    assert "127.0.0.1:9000 is asked only when KINTSUGI_PRIVATE_HOSTS names it" in found.output


def test_the_example_of_keys_is_printed():
    found = run("env")
    assert found.output == env_example(CATALOG.values())


@pytest.mark.parametrize("provider", CATALOG.values(), ids=list(CATALOG))
def test_every_file_of_the_package_is_explained(provider):
    lines = explain(provider, tuple(CATALOG.values()))
    text = "\n".join(lines)
    assert "replaces the provider of that id" in text
    for capability in provider.capabilities:
        assert f"\n{capability}: priority" in text
    assert "{" not in text or "{" in str(provider.declaration.calls)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded bodies beside the repository")
def test_a_recorded_body_of_the_package_itself():
    file = ROOT / "core" / "catalog" / "providers" / "kraken.toml"
    body = RECORDED / "kraken" / "ticker.xbtusdt.json"
    found = run("check", file, "--body", body, "--symbol", "BTC/USDT", "--capability", "price")
    assert found.exit_code == 0
    assert "last = 105899.4" in found.output


def test_what_must_be_of_a_length_is_told():
    said = "\n".join(line for name in ("bitfinex", "bybit", "kraken") for line in explain(CATALOG[name], ()))
    assert "  that row has 11 members, or the answer is refused" in said
    assert "  result.*.c has 2 members, or the answer is refused" in said
    assert "  a level has 3 columns, or the answer is refused" in said
    assert "  status 403 and the body contains 'too frequent': throttled, for 600 s" in said
