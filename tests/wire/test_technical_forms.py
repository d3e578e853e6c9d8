"""Indicators over HTTP: how they are asked for, what is read, and what is refused with its name."""

import copy
import json
from typing import Any

import httpx
import pandas as pd
import pytest

from core.answer import BadPayload, Forbidden, ProviderDown, Throttled, UnknownSymbol, WireError
from core.catalog import Catalog, CatalogError
from core.catalog.explain import explain
from core.indicators import indicators, summary
from core.market import TechnicalQuery
from core.market.readings import RULES, impossible, signal_of

TAAPI = Catalog.load()["taapi"]
HOUR = TechnicalQuery("BTC/USDT", "1h")
T0 = 1_790_000_000 // 3600 * 3600
NOW = T0 + 3600 + 5.0
"""The candle of T0 has closed just now."""


def told(result: Any, *errors: str, indicator: str = "rsi") -> dict[str, Any]:
    return {"indicator": indicator, "params": {"backtrack": 1}, "result": result, "errors": list(errors)}


def at(**values: float) -> dict[str, Any]:
    return {**{name: [value] for name, value in values.items()}, "timestamp": [T0]}


BODY: dict[str, Any] = {
    "reading": {
        "macd": told(at(valueMACD=12.5, valueMACDSignal=14.0, valueMACDHist=-1.5)),
        "adx": told(at(adx=31.2, plusdi=12.0, minusdi=28.4)),
        "rsi": told(at(value=72.4)),
        "cmf": told(at(value=-0.21)),
    }
}


def read(body: Any, query: TechnicalQuery = HOUR, status: int = 200, now: float | None = NOW) -> Any:
    return TAAPI.read(query, httpx.Response(status, json=body), now=now)


def changed(*path: str, to: Any) -> dict[str, Any]:
    body = copy.deepcopy(BODY)
    part: Any = body["reading"]
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = to
    return body


def test_one_request_asks_for_the_last_closed_candle_and_carries_no_key() -> None:
    request = TAAPI.request(TechnicalQuery("ETH/BTC", "4h"))
    assert (request.method, str(request.url), request.auth) == ("POST", "https://v2.taapi.io/bulk", "taapi")
    document = json.loads(request.content)
    (construct,) = document["constructs"]
    assert document["verbose"] is True
    assert (construct["exchange"], construct["symbol"], construct["timeframe"]) == ("binance", "ETHBTC", "4h")
    asked = {one["id"]: one for one in construct["indicators"]}
    assert {one["backtrack"] for one in asked.values()} == {1}
    assert (asked["rsi"]["period"], asked["adx"]["period"], asked["cmf"]["period"]) == (14, 14, 20)
    assert "secret" not in request.content.decode()
    assert "authorization" not in request.headers


@pytest.mark.parametrize("interval", ["3m", "30m", "2h", "6h", "12h"])
def test_an_interval_that_it_has_not_is_not_asked_for(interval: str) -> None:
    query = TechnicalQuery("BTC/USDT", interval)
    assert TAAPI.serves(query) == f"no indicators of {interval} candles"
    with pytest.raises(ValueError, match="no indicators of"):
        TAAPI.request(query)


def test_values_become_readings_by_the_rules_of_our_own_engine() -> None:
    value = read(BODY)
    assert (value.time, value.close, value.reading) == ("2026-09-21T14:00:00+00:00", None, "down")
    assert value.reason == "Of 4 signals 0 lean up and 4 down."
    said = {one.indicator: (one.value, one.reading, one.reason) for one in value.signals}
    assert said == {
        "macd": (-1.5, "below signal", "MACD 12.5 is below its signal line 14."),
        "adx": (31.2, "trend down", "ADX 31 shows a trend down: +DI 12 against -DI 28."),
        "rsi": (72.4, "overbought", "RSI 72 is at or above 70: overbought."),
        "cmf": (-0.21, "selling", "Chaikin money flow -0.21 is below -0.05: selling pressure."),
    }
    assert {one.converged for one in value.signals} == {one.repaired for one in value.signals} == {None}
    assert [one.indicator for one in value.missing] == ["sma", "stochastic", "bollinger_percent", "atr"]
    assert all(one.reason.startswith(f"{one.indicator} is not asked for: ") for one in value.missing)


def test_what_is_missing_or_in_error_is_said_beside_the_rest() -> None:
    for body, why in (
        (changed("rsi", to=told(None, "Not enough <b>candles</b>")), ": Not enough candles"),
        (changed("rsi", to=told(None)), ""),
        (changed("rsi", to=None), ""),
        (changed("rsi", "result", "value", to=[None]), ""),
        (changed("rsi", "result", "value", to=[]), ""),
        (changed("rsi", "result", to={"timestamp": [T0]}), ""),
        (changed("rsi", "result", "timestamp", to=[T0 - 3600]), " since 2026-09-21T13:00:00+00:00"),
    ):
        value = read(body)
        assert [one.indicator for one in value.signals] == ["macd", "adx", "cmf"]
        assert {one.indicator: one.reason for one in value.missing}["rsi"] == f"rsi has no value{why}"
    partly = read(changed("adx", "result", "plusdi", to=None))
    assert "adx" in [one.indicator for one in partly.missing]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("rsi", "result", "value"), [140], "rsi: rsi is 140, expected 0 to 100"),
        (("rsi", "result", "value"), [-0.5], "rsi: rsi is -0.5, expected 0 to 100"),
        (("adx", "result", "minusdi"), [100.1], "adx: minus_di is 100.1, expected 0 to 100"),
        (("cmf", "result", "value"), [1.2], "cmf: cmf is 1.2, expected -1 to 1"),
        (("rsi", "result", "value"), ["NaN"], "rsi: rsi is 'NaN', expected a number"),
        (("rsi", "result", "value"), ["1e999"], "expected a number"),
        (("rsi", "result", "value"), [True], "rsi: rsi is True, expected a number"),
        (("rsi", "result", "value"), [[72]], "expected a number"),
        (("macd", "result", "valueMACD"), ["up"], "macd: macd is 'up', expected a number"),
        (("rsi", "result", "timestamp"), [T0 * 1000], "rsi: time"),
        (("rsi", "result", "timestamp"), [T0 + 3600], "the candle of 2026-09-21T15:00:00+00:00, which is still open"),
        (("rsi", "result", "timestamp"), [T0 + 9 * 3600], "still open"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_bad_payload(path: tuple[str, ...], value: Any, says: str) -> None:
    with pytest.raises(BadPayload) as caught:
        read(changed(*path, to=value))
    assert says in str(caught.value)
    assert "in the reader" not in str(caught.value)


def test_a_hair_beyond_the_bounds_is_rounding() -> None:
    assert read(changed("rsi", "result", "value", to=[100.00000000001])).signals
    assert read(changed("rsi", "result", "value", to=[0])).signals


def test_an_answer_without_any_value_is_no_answer() -> None:
    for body in (
        {"reading": dict.fromkeys(BODY["reading"])},
        {"reading": {}},
        {"reading": {name: told(None, "Not enough candles") for name in BODY["reading"]}},
        {"other": BODY["reading"]},
        {"reading": [1]},
        {"readingV2": {"rsiV2": 1}},
        BODY["reading"],
    ):
        with pytest.raises(BadPayload):
            read(body)


def test_a_value_without_a_time_is_taken_and_says_none() -> None:
    body = copy.deepcopy(BODY)
    for entry in body["reading"].values():
        del entry["result"]["timestamp"]
    value = read(body)
    assert (value.time, len(value.signals)) == (None, 4)
    assert read(changed("rsi", "result", "timestamp", to=[])).time == "2026-09-21T14:00:00+00:00"
    assert len(read(BODY, now=None).signals) == 4, "without a clock no candle is open"


FETCH = "Failed to fetch candles: {} — check exchange, symbol and timeframe"


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (401, {"error": "Invalid or missing API key."}, Forbidden, "Invalid or missing API key."),
        (403, {"error": "Your plan does not include this."}, Forbidden, "Your plan does not include this."),
        (429, {"error": "Rate limit exceeded. Your plan allows 1 requests per 15 seconds."}, Throttled, "plan"),
        (400, {"error": "Invalid timeframe: 2h"}, ProviderDown, "Invalid timeframe: 2h"),
        (400, {"error": "Unknown indicator: dmi"}, ProviderDown, "Unknown indicator: dmi"),
        (404, {"error": "Exchange not found: binance"}, ProviderDown, "Exchange not found: binance"),
        (500, {"error": "Internal server error"}, ProviderDown, "Internal server error"),
        (200, {"error": "Token is not active"}, Forbidden, "Token is not active"),
        (200, {"reading": {"_error": FETCH.format("404 Not Found"), "rsi": None}}, UnknownSymbol, "404 Not Found"),
        (200, {"reading": {"_error": FETCH.format("400 Bad Request")}}, UnknownSymbol, "400 Bad Request"),
        (200, {"reading": {"_error": FETCH.format("503"), "rsi": None}}, ProviderDown, "503"),
        (202, {"pending": True, "key": "ta:binance:BTCUSDT:1h:rsi:abc123:rmax"}, Throttled, "pending: true"),
    ],
)  # fmt: skip
def test_refusals_have_their_name(status: int, body: Any, kind: type[WireError], says: str) -> None:
    with pytest.raises(kind) as caught:
        read(body, status=status)
    assert type(caught.value) is kind
    assert says in str(caught.value)
    if kind is Forbidden and status != 403:
        assert caught.value.cause == "key"


def test_every_rule_is_that_of_an_indicator_and_takes_its_outputs() -> None:
    for name, rule in RULES.items():
        declared = indicators()[name]
        assert rule.family == declared.family
        assert set(rule.inputs) <= {*declared.outputs, "close", "usual"}
        assert set(rule.bounds) <= set(rule.inputs)
        declared.check(rule.params)


def test_a_price_that_is_none_is_impossible_and_a_market_that_wakes_is_lively() -> None:
    assert impossible("sma", {"sma": 0.0, "close": 5.0}) == "sma is 0, expected a price"
    assert (
        impossible("atr", {"atr": -1.0, "usual": 1.0, "close": 5.0}) == "atr is -1, expected none below zero"
    )
    assert impossible("atr", {"atr": 0.0, "usual": 0.0, "close": 5.0}) == ""
    woken = signal_of("atr", {"atr": 0.5, "usual": 0.0, "close": 10.0})
    assert (woken.reading, woken.reason) == ("lively", "ATR is 5.0% of the close, after none.")


def test_candles_that_stood_still_for_long_are_no_error() -> None:
    times = pd.date_range("2026-01-01", periods=300, freq="h", tz="UTC", name="time")
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), 5.0), index=times)
    frame.iloc[-1, frame.columns.get_loc("high")] = 6.0
    atr = next(one for one in summary(frame).signals if one.indicator == "atr")
    assert (atr.reading, atr.reason.endswith("after none.")) == ("lively", True)


# A provider of one's own


OWN = """
id = "one"
name = "One"
kind = "indicators"
home = "https://one.example"
docs = "https://one.example/docs"
read_on = 2026-11-26
priority = 1
check_every = 3600
check_symbol = "BTC/USD"
limits = [{ cost = 60, seconds = 60 }]
hosts = [{ name = "api.one.example" }]
check = { path = "/ping" }
[technical]
path = "/ta/{base}-{quote}/{interval}"
intervals = { 1h = "60" }
time = "at"
time_unit = "ms"
[technical.indicators.sma]
values = { sma = "sma50", close = "close" }
[technical.indicators.rsi]
values = { rsi = "rsi14" }
"""


def own(tmp_path: Any, text: str) -> Any:
    file = tmp_path / "one.toml"
    file.write_text(text)
    return Catalog.load(file)["one"]


def test_a_flat_answer_with_the_close(tmp_path: Any) -> None:
    one = own(tmp_path, OWN)
    query = TechnicalQuery("BTC/USD", "1h")
    assert str(one.request(query).url) == "https://api.one.example/ta/BTC-USD/60"
    body = {"sma50": 100, "close": 103, "rsi14": "28.5", "at": T0 * 1000}
    value = one.read(query, httpx.Response(200, json=body), now=NOW)
    assert (value.reading, value.close) == ("up", 103.0)
    assert [signal.reason for signal in value.signals] == [
        "The close is 3.0% above its mean of 50 candles.",
        "RSI 28 is at or below 30: oversold.",
    ]
    for hostile in (0, -1, 1e-320):
        with pytest.raises(BadPayload, match="expected a price"):
            one.read(query, httpx.Response(200, json={**body, "sma50": hostile}), now=NOW)
    lines = explain(one)
    assert "  sma: sma at sma50, close at close" in lines
    assert any("GET https://api.one.example/ta/BTC-USD/60" in line for line in lines)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("indicators.rsi", "indicators.rsx", "rsx: expected some of sma macd adx rsi"),
        ('{ rsi = "rsi14" }', '{ value = "rsi14" }', "rsi: expected values rsi"),
        (', close = "close"', "", "sma: expected values sma close"),
        ('{ 1h = "60" }', '{ 1x = "60" }', "1x: expected some of 1m"),
        ("{interval}", "{intervall}", "expected names among"),
        ('check_symbol = "BTC/USD"\n', "", "check_symbol: expected one, for technical"),
        ("[technical.indicators.sma]", "without = { rsi = 'x' }\n[technical.indicators.sma]", "rsi: both among"),
        ("[technical.indicators.sma]", "without = { rsx = 'x' }\n[technical.indicators.sma]", "rsx: expected"),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_be_is_named(tmp_path: Any, old: str, new: str, says: str) -> None:
    assert old in OWN
    with pytest.raises(CatalogError) as caught:
        own(tmp_path, OWN.replace(old, new))
    assert says in str(caught.value)
