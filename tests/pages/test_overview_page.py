"""The overview page, the line about everything, and what they are drawn from."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.charts import strips
from core.hub import Hub
from core.ops.rollup import Bar
from core.ui import history, overall, seen

App = Callable[..., AppTest]


def said(at: AppTest) -> str:
    groups = (at.markdown, at.warning, at.error, at.info, at.caption)
    return "\n".join(e.value.replace("\\", "").replace("\u2060", "") for group in groups for e in group)


def rows(at: AppTest) -> str:
    return "".join(one.proto.body for one in at.get("html"))


def ask(hub: Hub, *symbols: str) -> None:
    """And let the journal take it in."""
    for symbol in symbols:
        hub.price(symbol, refresh=True)
    hub._thread.wait(hub.hub.journal.flushed())


def test_it_is_the_first_page_and_candles_are_on_it(lab_hub: Hub, app: App) -> None:
    at = app("overview")
    words = said(at)
    assert "LAB — simulated data" in words
    assert "candlestick" in at.get("plotly_chart")[0].proto.spec
    assert "**BTC/USDT**" in words
    assert "first choice" in words
    links = [one.proto.page for one in at.get("page_link") if "candles" in one.proto.page]
    assert links == ["candles", "candles"], "in Start here, and beneath the chart"


def test_when_all_is_well_that_is_said(lab_hub: Hub, app: App) -> None:
    ask(lab_hub, "BTC/USD")
    at = app("overview")
    words = said(at)
    assert "#### ● Operational" in words
    assert "asked so far, all healthy." in words
    assert "No open alert." in words
    assert "**● Price**" in words
    assert "Not asked for yet:" in words


def test_a_failing_provider_is_named_and_its_past_drawn(lab_hub: Hub, app: App) -> None:
    ask(lab_hub, "BTC/USD")
    lab_hub.lab.inject("kraken", "status:500")
    ask(lab_hub, *["BTC/USD"] * 4)
    at = app("overview")
    words = said(at)
    assert "#### ◐ Served, with failures" in words
    assert "Kraken unavailable" in words
    drawn = rows(at)
    kraken = drawn[drawn.index("Kraken") :]
    assert kraken.startswith("Kraken <small>unavailable")
    assert drawn.index("Kraken") < drawn.index("Coinbase"), "the worst first"
    label = re.search(r'aria-label="(Kraken: [^"]*)"', kraken)
    assert label is not None
    assert "no data in 23 of 24 bars" in label[1]


def test_while_somebody_was_not_asked_yet_nobody_says_that_nobody_serves(lab_hub: Hub, app: App) -> None:
    lab_hub.lab.inject("binance", "status:451")
    ask(lab_hub, "BTC/USDT")
    held = {one.name: one for one in overall.capabilities(lab_hub.snapshot())}
    assert not held["volume"].gone, "binance is blocked for all it has; nobody else was asked for a volume"
    assert "Nobody serves" not in overall.overall(lab_hub.snapshot()).sentence


def test_what_nobody_serves_is_an_outage(lab_hub: Hub, app: App) -> None:
    ask(lab_hub, "BTC/USDT")
    for provider in lab_hub.catalog:
        lab_hub.isolate(f"{provider}/price", "testing") if any(
            one.capability == "price" for one in lab_hub.catalog[provider].endpoints
        ) else None
    assert "Nobody serves" in overall.overall(seen.look(lab_hub)).sentence
    assert "outage" in said(app("overview"))


@pytest.mark.parametrize(("span", "bars"), [("24 hours", 24), ("30 days", 30), ("90 days", 90)])
def test_the_span_is_in_the_address(lab_hub: Hub, app: App, span: str, bars: int) -> None:
    ask(lab_hub, "BTC/USD")
    at = app("overview", back=span)
    assert f"no data in {bars - 1} of {bars} bars" in rows(at)


def test_a_wrong_span_is_said(lab_hub: Hub, app: App) -> None:
    assert "back='a year': expected 90 days, 30 days and 24 hours" in said(app("overview", back="a year"))


def test_what_healed_is_listed(lab_hub: Hub, app: App) -> None:
    lab_hub.lab.inject("kraken", "status:500")
    ask(lab_hub, *["BTC/USD"] * 4)
    lab_hub.lab.clear()
    lab_hub.reset("kraken", who="a test")
    lab_hub._thread.wait(lab_hub.hub.journal.flushed())
    assert "kraken/price@api.kraken.com: circuit closed" in said(app("overview"))


def test_offline_blames_nobody(offline_hub: Hub, app: App) -> None:
    at = app("overview")
    assert "No candles of BTC/USDT right now" in said(at)
    assert "This machine is offline: nobody is to blame." in said(app("overview"))


def test_the_line_is_on_other_pages(lab_hub: Hub, app: App) -> None:
    at = app("candles")
    assert any(
        "-badge[" in one.value and "healthy" in one.value for one in at.markdown
    ) or "Nothing asked" in said(at)


def test_what_happened_is_on_every_page_within_five_seconds() -> None:
    assert seen.EVERY + seen.SAME < 5


def test_rows_are_drawn_once_for_all_pages_until_a_state_changes(lab_hub: Hub) -> None:
    ask(lab_hub, "BTC/USD")
    first = lab_hub.snapshot()
    begun = history.BARS_KEPT * (first.time // history.BARS_KEPT)
    drawn = [
        history.rows(lab_hub, replace(first, time=begun + second), "24 hours", everyone=False)
        for second in (0, 1, history.BARS_KEPT - 1)
    ]
    assert all(one is drawn[0] for one in drawn)
    lab_hub.isolate("kraken", "testing")
    changed = replace(lab_hub.snapshot(), time=begun + 1)
    assert "Kraken <small>isolated" in history.rows(lab_hub, changed, "24 hours", everyone=False)
    assert history.rows(lab_hub, changed, "30 days", everyone=False) is not drawn[0]


def test_many_pages_ask_once(lab_hub: Hub) -> None:
    asked = []
    for _ in range(5):
        seen.kept(lab_hub, "x", lambda: asked.append(1), 60)
    assert len(asked) == 1
    seen.forget(lab_hub)
    seen.kept(lab_hub, "x", lambda: asked.append(1), 60)
    assert len(asked) == 2


def test_the_journal_is_read_again_only_when_it_says_more(
    lab_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen.time, "time", lambda: 120.0)
    asked = []
    for _ in range(3):
        seen.told(lab_hub, "x", lambda: asked.append(1), 0)
    assert len(asked) == 1
    lab_hub.record_action("test", "", "something happened", who="a test")
    seen.told(lab_hub, "x", lambda: asked.append(1), 0)
    assert len(asked) == 2


def test_bars_differ_in_form_and_never_round_up_to_all() -> None:
    bars = [Bar(0.0, 3600, None, 0, 0, 0), Bar(3600.0, 3600, 1.0, 5, 0, 0), Bar(7200.0, 3600, 0.5, 1, 1, 0)]
    drawn = strips.uptime_strip(bars, "<of this>", lambda bar: f"{bar.start:.0f} s")
    assert drawn.count("<i") == 3
    assert 'class="n"' in drawn
    assert '--bad:50%" title="7200 s: 50.00 % of 2 good"' in drawn
    assert "&lt;of this&gt;" in drawn
    assert strips.percent(strips.share(bars)) == "85.71 %"
    assert strips.percent(0.99999) == "99.99 %"
    assert strips.percent(1.0) == "100 %"
    assert strips.percent(None) == "–"
