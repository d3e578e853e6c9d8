"""The alerts page: open ones, rules, watchlist, delivery."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.hub import Hub

App = Callable[..., AppTest]


def said(at: AppTest) -> str:
    groups = (at.markdown, at.warning, at.error, at.info, at.caption, at.success)
    return "\n".join(e.value.replace("\\", "").replace("\u2060", "") for group in groups for e in group)


def raise_alarm(hub: Hub) -> str:
    """One provider down; the id of its alert."""
    hub.lab.inject("kraken", "status:500")
    for _ in range(3):
        hub.price("BTC/USD", refresh=True)
    hub._thread.wait(hub.hub._alarms.patrol.look())
    (alert,) = (one for one in hub.alerts(open_only=True) if one.rule == "provider_down")
    return alert.id


def test_nothing_open_says_so(lab_hub: Hub, app: App) -> None:
    words = said(app("alerts"))
    assert "No open alert" in words
    assert "No alert has come and gone yet." in words


@pytest.mark.usefixtures("at_home")
def test_acknowledged_by_whom(lab_hub: Hub, app: App) -> None:
    alert = raise_alarm(lab_hub)
    at = app("alerts")
    assert "Kraken is down" in said(at)
    assert "1 new" in at.get("page_link")[0].proto.label
    at.button(key=f"ack_{alert}").click().run()
    (one,) = (one for one in lab_hub.alerts(open_only=True) if one.id == alert)
    assert one.state == "acknowledged"
    assert one.acknowledged_by.startswith("page, ")
    assert "acknowledged by page" in said(at)
    assert not [one for one in at.button if one.key == f"ack_{alert}"]


def test_who_may_not_cannot_acknowledge(lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    raise_alarm(lab_hub)
    monkeypatch.setattr("core.ui.authority.refused", lambda: "the door is shut")
    at = app("alerts")
    assert "Acknowledging is not possible from here: the door is shut." in said(at)
    assert not at.button or all(not (one.key or "").startswith("ack_") for one in at.button)


@pytest.mark.usefixtures("at_home")
def test_a_rule_is_changed_as_a_whole_or_not_at_all(lab_hub: Hub, app: App) -> None:
    at = app("alerts", show="Rules")
    names = [rule.name for rule in lab_hub.alert_rules()]
    slow = names.index("slow")
    at.session_state["alert_rules_table"] = {"edited_rows": {slow: {"Level": 700, "On": False}}}
    save = lambda: at.button(key="save_rules").click().run()  # noqa: E731 - said twice
    at.run()
    save()
    assert "slow: level=700: expected 0.05 to 60 s" in said(at)
    assert lab_hub.alert_rules()[slow].enabled


@pytest.mark.usefixtures("at_home")
def test_a_symbol_is_watched_changed_and_removed(lab_hub: Hub, app: App) -> None:
    at = app("alerts", show="Watchlist")
    assert "Nothing is watched." in said(at)
    at.text_input(key="watch_symbol").set_value("btc/usdt")
    at.number_input(key="watch_above").set_value(99_000.0)
    at.button[-1].click().run()
    assert not at.exception
    (one,) = lab_hub.watchlist()
    assert (one.symbol, one.above, one.below) == ("BTC/USDT", 99_000.0, None)
    assert "**BTC/USDT** above 99,000 USDT" in said(at)
    at.number_input(key="watch_below").set_value(99_500.0)
    at.button[-1].click().run()
    assert "Not done: below=99500: expected less than above=99000" in said(at)
    at.button(key="unwatch_BTC/USDT").click().run()
    assert lab_hub.watchlist() == ()


def test_where_alerts_go(lab_hub: Hub, app: App) -> None:
    assert "Alerts are sent nowhere." in said(app("alerts", show="Delivery"))
