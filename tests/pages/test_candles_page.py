"""The candles page under AppTest: what it says when all is well, and when it is not."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from core import charts
from core.answer import Attempt, NoAnswer, Outcome
from core.hub import Hub
from core.ui import asked

App = Callable[..., AppTest]


def bare(text: str) -> str:
    """Without what keeps foreign text from being Markdown."""
    return text.replace("\\", "").replace("\u2060", "")


def said(at: AppTest) -> str:
    """All words on the page."""
    groups = (at.markdown, at.warning, at.error, at.info, at.caption)
    return "\n".join(bare(entry.value) for group in groups for entry in group)


def figure(at: AppTest, number: int = 0) -> dict[str, list[dict[str, object]]]:
    return json.loads(at.get("plotly_chart")[number].proto.spec)


def table(at: AppTest) -> list[list[str]]:
    """The attempts in words, without their numbers."""
    return [[bare(cell) for cell in row] for row in at.table[0].value.iloc[:, 1:].to_numpy().tolist()]


def test_candles_with_their_provenance(lab_hub: Hub, app: App) -> None:
    at = app()
    words = said(at)
    assert "LAB — simulated data" in words
    assert ":violet-badge[:material/science: LAB] **Binance**" in words
    assert "api.binance.com" in words
    assert "first choice" in words
    assert "fetched just now" in words
    assert "UTC)" in words
    kinds = [trace["type"] for trace in figure(at)["data"]]
    assert kinds == ["candlestick", "bar"]
    chart = at.get("plotly_chart")[0].proto
    assert "BTC/USDT, 168 candles of 1h" in str(chart)  # the words for those who do not see it


def test_the_reasons_are_shown_as_waterfall_and_in_words(lab_hub: Hub, app: App) -> None:
    lab_hub.lab.inject("binance", "status:500")
    lab_hub.lab.inject("kraken", "html")
    at = app()
    answer = lab_hub.candles("BTC/USDT", "1h", limit=168)
    assert (answer.tier, answer.attempts[-1].outcome) == ("cache", "ok")
    words = said(at)
    assert f"**{lab_hub.catalog[answer.source].name}**" in words
    assert "fallback" in words
    rows = table(at)
    assert [row[0] for row in rows] == [attempt.provider for attempt in answer.attempts]
    for row, attempt in zip(rows, answer.attempts, strict=True):
        look = charts.OUTCOMES[attempt.outcome]
        assert row[1].startswith(f"{look.sign} {look.word}")
        assert attempt.host in row[2]
        assert attempt.reason in row[2]
    first = next(row for row in rows if row[0] == "binance")
    assert first[1].startswith("✕ failing status, ")
    assert "500" in first[2]
    bars = figure(at, 1)["data"][0]
    assert len(bars["y"]) == len(rows)
    assert bars["base"][0] == 0
    assert bars["base"] == sorted(bars["base"])
    assert charts.VERMILION in bars["marker"]["color"]
    assert bars["marker"]["color"][-1] == charts.GREEN


def test_who_was_not_asked_is_named(lab_hub: Hub, app: App) -> None:
    lines = said(app()).splitlines()
    answer = lab_hub.candles("BTC/USDT", "1h", limit=168)
    tried = {attempt.provider for attempt in answer.attempts}
    told = f"Not asked, because {lab_hub.catalog[answer.source].name} had answered: "
    line = next(line for line in lines if line.startswith(told))
    named = set(re.split(", | and ", line.removeprefix(told).removesuffix(".")))
    assert named == {entry.name for entry in lab_hub.catalog.serving("ohlcv") if entry.id not in tried}
    assert named


def test_a_cached_answer_keeps_the_attempts_of_its_fetch(lab_hub: Hub, app: App) -> None:
    lab_hub.lab.inject("binance", "status:500")
    first = table(app())
    again = app()
    assert "cache, still fresh" in said(again)
    assert table(again) == first
    assert f"when **{lab_hub.catalog[first[-1][0]].name}** answered" in said(again)


def test_stale_is_never_called_fresh(lab_hub: Hub, app: App) -> None:
    app()
    lab_hub.lab.inject(None, "status:500")
    at = app()
    at.button(key="refresh").click().run()
    assert not at.exception
    words = said(at)
    assert ":red-badge[:material/history: STALE]" in words
    assert "Asked again just now, and nobody could answer:" in words
    assert len(at.table) == 2
    assert "still fresh" not in words


def test_refresh_passes_over_the_cache(lab_hub: Hub, app: App) -> None:
    at = app()
    at.run()
    assert "cache, still fresh" in said(at)
    at.button(key="refresh").click().run()
    assert "first choice" in said(at)
    at.run()
    assert "cache, still fresh" in said(at)


def test_a_deep_link_opens_what_it_says(lab_hub: Hub, app: App) -> None:
    at = app(symbol="ETH/USDT", interval="15m", window="3d")
    assert [at.selectbox(key=key).value for key in ("interval", "window")] == ["15m", "3d"]
    assert "ETH/USDT, 288 candles of 15m" in str(at.get("plotly_chart")[0].proto)
    assert not [warning for warning in at.warning if "LAB" not in warning.value]


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ({"symbol": "garbage"}, "symbol='garbage': expected BASE/QUOTE"),
        ({"interval": "7h"}, "interval='7h': expected 1m, 3m"),
        ({"window": "never"}, "window='never': expected 6h, 1d"),
        ({"symbol": "[x](http://evil.example)"}, "symbol='[x](http://evil.example)': expected"),
    ],
)
def test_an_invalid_deep_link_says_so_and_shows_the_default(
    lab_hub: Hub, app: App, address: dict[str, str], problem: str
) -> None:
    at = app(**address)
    assert problem in said(at)
    assert f"Showing {asked.DEFAULTS[next(iter(address))]} instead." in said(at)
    assert "BTC/USDT, 168 candles of 1h" in str(at.get("plotly_chart")[0].proto)
    assert not any("[x](http" in warning.value for warning in at.warning)  # foreign text is no Markdown


def test_lower_case_is_no_mistake(lab_hub: Hub, app: App) -> None:
    at = app(symbol="eth/usdt")
    assert "ETH/USDT, 168 candles" in str(at.get("plotly_chart")[0].proto)


def test_a_window_too_long_says_what_it_shows(lab_hub: Hub, app: App) -> None:
    at = app(interval="1m", window="1y")
    assert "1y in candles of 1m would be 525,600: these are the newest 10,000." in said(at)
    assert "Each candle drawn is 5 × 1m, true high and low kept." in said(at)
    assert len(figure(at)["data"][0]["x"]) <= 2001


def test_a_window_shorter_than_its_candles_says_so(lab_hub: Hub, app: App) -> None:
    assert "6h holds 0 candles of 1d: the newest 12 are shown." in said(app(interval="1d", window="6h"))


def test_nobody_answers(lab_hub: Hub, app: App) -> None:
    lab_hub.lab.inject(None, "status:500")
    at = app()
    assert "No candles of BTC/USDT right now." in at.error[0].value
    assert "The lab has 1 fault in force: clear it" in said(at)
    rows = table(at)
    assert {row[0] for row in rows} >= {"binance", "kraken", "coinbase"}
    for _ in range(3):
        at.button(key="refresh").click().run()
    assert "may be asked again in" in said(at)
    lab_hub.lab.clear()
    lab_hub.reset()
    at.button(key="refresh").click().run()
    assert not at.error
    assert len(at.metric) == 4


@pytest.mark.parametrize(
    ("outcomes", "step"),
    [
        (("unknown_symbol", "skipped_unserved"), "No provider can serve it: check the spelling"),
        (
            ("unknown_symbol", "unknown_symbol", "timeout"),
            "Most providers do not serve it: check the spelling",
        ),
        (("skipped_unserved", "timeout", "status"), "Press Refresh to try again."),
    ],
)
def test_the_next_step_fits_the_reasons(
    lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch, outcomes: tuple[Outcome, ...], step: str
) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise NoAnswer(
            "it", [Attempt(f"venue{n}", "", o, "", None, 0.0, 0.0) for n, o in enumerate(outcomes)]
        )

    monkeypatch.setattr(lab_hub, "fetch", nobody)
    assert step in said(app(symbol="NOPE/USDT"))


def test_what_a_provider_says_is_no_markup(lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = lab_hub.candles("BTC/USDT", "1h", limit=168)
    told = Attempt("kraken", "", "payload", "![x](https://evil.example/x.png) **b** <i>", None, 0.0, 0.0)
    monkeypatch.setattr(lab_hub, "fetch", lambda *_, **__: replace(answer, attempts=(told,)))
    at = app()
    assert "https://evil" in table(at)[0][2]
    shown = at.table[0].value["Host and reason"].iloc[0]
    assert "](" not in shown
    assert "://evil" not in shown.replace("\\", "")
    assert not re.search(r"(?<!\\)[*<>!]", shown)


def test_offline_is_said_and_the_lab_offered(offline_hub: Hub, at_home: None, app: App) -> None:
    at = app()
    assert "This machine seems to be offline" in at.error[0].value
    assert "Check this machine's network" in said(at)
    assert "LAB" not in said(at)
    at.button(key="open_lab").click().run()
    assert not at.exception
    assert "LAB — simulated data" in said(at)
    assert len(at.metric) == 4


def test_from_elsewhere_nobody_opens_the_lab(
    offline_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ui.authority.refused", lambda: "the request comes from another machine")
    at = app()
    assert "open_lab" not in [button.key for button in at.button]
    assert "The lab cannot be opened from here: the request comes from another machine." in said(at)


def test_an_action_checks_authority_when_it_runs(
    offline_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ui.authority.refused", lambda: "")
    at = app()
    monkeypatch.setattr("core.ui.authority.refused", lambda: "not from there")
    at.button(key="open_lab").click().run()
    assert not offline_hub.health().lab


def test_live_is_offered_when_it_is_back(offline_hub: Hub, at_home: None, app: App) -> None:
    offline_hub.open_lab()
    offline_hub.hub.live_again = True
    at = app()
    assert "Live data is reachable again." in said(at)
    assert offline_hub.health().lab  # nothing changed under the reader
    at.button(key="go_live").click().run()
    assert not offline_hub.health().lab


def test_the_notice_stays_while_simulated_numbers_do(
    offline_hub: Hub, at_home: None, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline_hub.open_lab()
    lab = offline_hub.health()
    offline_hub.go_live()
    live = offline_hub.health()
    health = iter([lab, live])  # somebody switched between the page and a later look of its notice
    monkeypatch.setattr(offline_hub, "health", lambda: next(health, live))
    at = app()
    assert "LAB — simulated data" in said(at)
    assert "Live data is on again." in said(at)
    at.button(key="show_live").click().run()
    assert "LAB" not in said(at)


def test_new_candles_are_counted_and_loaded_on_demand(
    lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = app()
    with monkeypatch.context() as patch:
        patch.setattr("core.ui.candles.time", SimpleNamespace(time=lambda: time.time() + 3 * 3600))
        at.run()
        assert at.button(key="load_new").label == "3 new candles: load"
        assert "fetched 3 h ago" in said(at)
        assert "cache, still fresh" in said(at)
    at.button(key="load_new").click().run()
    assert not at.exception
    assert "load_new" not in [button.key for button in at.button]


def test_an_empty_window_is_an_answer(lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = lab_hub.candles("BTC/USDT")
    monkeypatch.setattr(lab_hub, "fetch", lambda *_, **__: replace(answer, value=answer.value[:0]))
    at = app()
    assert "has no BTC/USDT candles in this window" in said(at)
    assert "Choose a longer window" in said(at)
