"""Indicators on the candles page: chosen, in the address, drawn, and what they say."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.answer import NoAnswer
from core.chosen import parse_all
from core.hub import Hub
from core.ui.indicators import warm_up

App = Callable[..., AppTest]


def said(at: AppTest) -> str:
    groups = (at.markdown, at.warning, at.info, at.caption)
    return "\n".join(e.value.replace("\\", "").replace("\u2060", "") for group in groups for e in group)


def traces(at: AppTest) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in json.loads(at.get("plotly_chart")[0].proto.spec)["data"]}


def address(at: AppTest) -> list[str]:
    given = at.query_params.get("indicators", [])
    return [given] if isinstance(given, str) else given


def test_none_is_the_default_and_costs_nothing(lab_hub: Hub, app: App) -> None:
    at = app()
    assert at.multiselect(key="indicators").value == []
    assert set(traces(at)) == {"BTC/USDT", "volume"}
    assert address(at) == []
    assert [row.capability for row in lab_hub.health().endpoints.values() if row.calls] == ["ohlcv"]


def test_a_link_opens_what_it_says(lab_hub: Hub, app: App) -> None:
    at = app(indicators="rsi(14),ema(50),macd")
    assert at.multiselect(key="indicators").value == ["rsi(14)", "ema(50)", "macd(12,26,9)"]
    assert set(traces(at)) == {"BTC/USDT", "volume", "RSI(14)", "EMA(50)", "MACD(12, 26, 9)"}
    assert address(at) == ["rsi(14),ema(50),macd(12,26,9)"]
    assert "with EMA(50), RSI(14) and MACD(12, 26, 9)" in str(at.get("plotly_chart")[0].proto)


def test_what_is_chosen_goes_into_the_address(lab_hub: Hub, app: App) -> None:
    at = app()
    at.multiselect(key="indicators").set_value(["rsi(14)", "bollinger(20,2)"]).run()
    assert not at.exception
    assert address(at) == ["rsi(14),bollinger(20,2)"]
    at.multiselect(key="indicators").set_value([]).run()
    assert address(at) == []
    assert set(traces(at)) == {"BTC/USDT", "volume"}


def test_what_was_typed_stays_when_more_is_chosen(lab_hub: Hub, app: App) -> None:
    """Streamlit hands typed words back as they were shown."""
    at = app(indicators="rsi(21)")
    told = "rsi(21) · Relative strength index · momentum"
    at.multiselect(key="indicators").set_value([told, "obv"]).run()
    assert address(at) == ["rsi(21),obv"]
    assert not [warning for warning in at.warning if "Left out" in warning.value]


def test_other_parameters_are_typed(lab_hub: Hub, app: App) -> None:
    at = app()
    at.multiselect(key="indicators").set_value(["RSI(21)", "macd(8,21,5)"]).run()
    assert at.multiselect(key="indicators").value == ["rsi(21)", "macd(8,21,5)"]
    assert "RSI(21)" in traces(at)


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("rssi", "indicator='rssi' is unknown: did you mean rsi"),
        ("rsi(1)", "window='1': expected a whole number from 2 to 1000. Left out."),
        ("rsi(14,2)", "indicators='rsi(14,2)': expected rsi(window). Left out."),
        ("![x](http://evil.example)", "expected words like rsi(14)"),
    ],
)
def test_what_is_no_indicator_is_named_and_left_out(lab_hub: Hub, app: App, link: str, problem: str) -> None:
    at = app(indicators=f"{link},ema(20)")
    assert problem in said(at)
    assert not any("](http" in warning.value for warning in at.warning)
    assert address(at) == ["ema(20)"]
    assert at.multiselect(key="indicators").value == ["ema(20)"]
    at.run()
    assert problem not in said(at)  # said once


def test_too_many_at_once_are_named(lab_hub: Hub, app: App) -> None:
    at = app(indicators=",".join(f"sma({n})" for n in range(2, 16)))
    assert "indicators: at most 12 at once, so not sma(14), sma(15)." in said(at)
    assert len(at.multiselect(key="indicators").value) == 12


def test_the_chart_shows_the_window_and_values_from_its_first_candle(lab_hub: Hub, app: App) -> None:
    at = app(indicators="rsi(14)")
    answer = lab_hub.candles("BTC/USDT", "1h", limit=168 + 500)
    assert answer.tier == "cache"  # the page asked for just that
    shown = traces(at)
    assert "BTC/USDT, 168 candles of 1h" in str(at.get("plotly_chart")[0].proto)
    assert len(shown["RSI(14)"]["x"]) == len(shown["BTC/USDT"]["x"]) == 168
    assert "still settling" not in said(at)
    assert "Indicators warm up on the 500 candles before." in said(at)
    assert at.metric[1].value == f"{answer.value['high'].iloc[-168:].max():,.2f}"


@pytest.mark.parametrize(
    ("words", "rows"), [("", 0), ("sma(2)", 250), ("rsi", 500), ("adx", 750), ("kama", 1000)]
)
def test_the_warm_up_is_bounded(words: str, rows: int) -> None:
    assert warm_up(tuple(parse_all([words])[0])) == rows


def test_too_few_candles_are_said(lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = lab_hub.candles("BTC/USDT", "1h", limit=12)
    monkeypatch.setattr(lab_hub, "fetch", lambda *_, **__: answer)
    at = app(indicators="rsi(14),sma(5)")
    assert "RSI(14) needs 15 candles in a row, there are 12." in said(at)
    assert "SMA(5)" in traces(at)


def test_without_volume_it_is_said(lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = lab_hub.candles("BTC/USDT", "1h", limit=200)
    bare = replace(answer, value=answer.value.drop(columns="volume"))
    monkeypatch.setattr(lab_hub, "fetch", lambda *_, **__: bare)
    at = app(indicators="obv,rsi")
    assert "OBV needs volume, and these candles come without it." in said(at)
    assert set(traces(at)) == {"BTC/USDT", "RSI(14)"}


def test_what_rests_on_repaired_candles_is_gold(
    lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = lab_hub.candles("BTC/USDT", "1h", limit=200)
    answer.value["method"] = np.where(np.arange(200) == 150, "finer", "observed")
    monkeypatch.setattr(lab_hub, "fetch", lambda *_, **__: answer)
    at = app(indicators="sma(10)")
    assert "Gold, dashed: rests on repaired candles." in said(at)
    assert "#b8860b" in at.get("plotly_chart")[0].proto.spec
    assert "Gold, dashed" not in said(app())


def test_python_computes_the_same(lab_hub: Hub, app: App) -> None:
    at = app(indicators="rsi(21),obv")
    script = at.code[0].value
    assert "from core.indicators import compute" in script
    assert 'compute(answer.value, "rsi", interval="1h", window=21).loc["' in script
    assert 'compute(answer.value, "obv", interval="1h").loc["' in script
    assert "compute" not in app().code[0].value


def test_what_the_indicators_say_is_asked_only_when_opened(lab_hub: Hub, app: App) -> None:
    at = app()
    assert not [
        row for row in lab_hub.health().endpoints.values() if row.provider == "indicators" and row.calls
    ]
    opened(at)
    words = said(at)
    summary = lab_hub.technical("BTC/USDT", "1h")
    assert summary.tier == "cache"
    assert summary.value.reason in words
    assert "Rules of thumb, not advice; from 500 1h candles of binance" in words
    cells = [cell.replace("\\", "") for cell in at.table[0].value.to_numpy().ravel()]
    for signal in summary.value.signals:
        assert signal.reason in cells


def test_what_is_missing_is_said_too(lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    at = app()
    answer = lab_hub.technical("BTC/USDT", "1h")
    short = replace(answer, value=_short())
    monkeypatch.setattr(lab_hub, "fetch", _instead(lab_hub, "technical", short))
    opened(at)
    assert "No indicator has a value at the newest candle." in said(at)
    assert "- rsi needs 15 candles in a row, and there are 0" in said(at)


def test_when_nobody_says_anything_it_is_said(
    lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = app()
    monkeypatch.setattr(lab_hub, "fetch", _instead(lab_hub, "technical", NoAnswer("technical", ())))
    opened(at)
    assert "Nothing to say: " in said(at)


def opened(at: AppTest) -> None:
    """Open the expander, as a click would."""
    at.session_state["say"] = True
    at.run()
    assert not at.exception, at.exception


def _short() -> Any:
    from core.indicators import summary
    from core.market import candles_frame

    return summary(candles_frame([], {name: np.empty(0) for name in ("open", "high", "low", "close")}))


def _instead(hub: Hub, capability: str, result: Any) -> Callable[..., Any]:
    whole = hub.fetch

    def fetch(query: Any, **how: Any) -> Any:
        if query.capability != capability:
            return whole(query, **how)
        if isinstance(result, Exception):
            raise result
        return result

    return fetch
