"""The alerts page: open ones, rules, watchlist, delivery."""

import socket
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.candles.archive import Series, assess
from core.hub import Hub
from core.ops.alerts import RULES, Rule
from core.ui import seen

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


def test_an_alert_about_a_series_leads_to_its_repair(lab_hub: Hub, app: App) -> None:
    series = Series("kraken", "BTC/USD", "1h")
    times = pd.date_range("2026-01-01", periods=200, freq="1h", tz="UTC", name="time")
    close = pd.Series(100 + np.sin(np.arange(200) / 9), index=times)
    opened = close.shift(fill_value=100.0)
    whole = pd.DataFrame({"open": opened, "high": 102.0, "low": 98.0, "close": close, "volume": 1.0})
    lab_hub.archive.add(series, whole.drop(times[50:150]))
    assess(lab_hub.archive, series)
    lab_hub._thread.wait(lab_hub.hub._alarms.patrol.look())
    at = app("alerts")
    assert "kraken BTC/USD 1h: of 100 archived candles 50 % can be relied on" in said(at)
    links = [
        link.proto for link in at.get("page_link") if link.proto.label == "See what is wrong, and repair it"
    ]
    assert links
    assert all("series=kraken+BTC%2FUSD+1h" in link.query_string for link in links)


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


def edit(at: AppTest, hub: Hub, **changes: dict[str, object]) -> AppTest:
    """Rules by name, and what is typed into their cells, as the table tells of it. Not saved yet."""
    names = [rule.name for rule in hub.alert_rules()]
    at.session_state["alert_rules_table"] = {
        "edited_rows": {names.index(name): cells for name, cells in changes.items()}
    }
    return at.run()


def rule(hub: Hub, name: str) -> Rule:
    (one,) = (one for one in hub.alert_rules() if one.name == name)
    return one


@pytest.mark.usefixtures("at_home")
def test_rules_are_changed_and_kept(lab_hub: Hub, app: App) -> None:
    at = app("alerts", show="Rules")
    assert at.button(key="save_rules").disabled, "nothing was changed"
    edit(at, lab_hub, slow={"Level": 1.5, "Hold, s": 5, "Clear, s": 7}, refused={"On": False})
    save = at.button(key="save_rules")
    assert (save.label, save.disabled) == ("Save 2 changed rules", False)
    assert rule(lab_hub, "slow") == RULES["slow"], "not before it is saved"
    save.click().run()
    assert not at.exception
    assert "Saved: An endpoint is slow and A provider refuses us." in said(at)
    slow = rule(lab_hub, "slow")
    assert (slow.enabled, slow.level, slow.hold, slow.clear) == (True, 1.5, 5, 7)
    assert not rule(lab_hub, "refused").enabled
    assert at.button(key="save_rules").disabled, "nothing is left to save"
    found = lab_hub.journal.events(kinds=["admin"])
    assert {(one.action, one.detail) for one in found} == {
        ("alert_rule", "slow: level=1.5, hold=5, clear=7"),
        ("alert_rule", "refused: enabled=False"),
    }
    assert {one.who.partition(",")[0] for one in found} == {"page"}
    edit(at, lab_hub, slow={"Level": RULES["slow"].level}, refused={"On": True})
    at.button(key="save_rules").click().run()
    assert rule(lab_hub, "slow").level == RULES["slow"].level
    assert rule(lab_hub, "refused").enabled


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"Level": 700, "On": False}, "slow: level=700: expected 0.05 to 60 s"),
        ({"Level": None}, "slow: level=None: expected 0.05 to 60 s"),
        ({"Hold, s": -1}, "slow: hold=-1: expected 0 to 604800 seconds"),
    ],
)
def test_rules_are_changed_all_or_none(lab_hub: Hub, app: App, cells: dict[str, object], why: str) -> None:
    at = app("alerts", show="Rules")
    before = lab_hub.alert_rules()
    edit(at, lab_hub, refused={"On": False}, slow=cells)
    at.button(key="save_rules").click().run()
    assert f"Not done: {why}" in said(at)
    assert lab_hub.alert_rules() == before
    assert not lab_hub.journal.events(kinds=["admin"])
    assert at.button(key="save_rules").label == "Save 2 changed rules", "what was typed is still there"


@pytest.mark.usefixtures("at_home")
def test_an_alert_whose_rule_is_switched_off_is_over(lab_hub: Hub, app: App) -> None:
    alert = raise_alarm(lab_hub)
    at = app("alerts", show="Rules")
    edit(at, lab_hub, provider_down={"On": False})
    at.button(key="save_rules").click().run()
    lab_hub._thread.wait(lab_hub.hub._alarms.patrol.look())
    assert alert not in {one.id for one in lab_hub.alerts(open_only=True)}
    at = app("alerts", show="History")
    history = at.dataframe[0].value.set_index("Rule").loc["provider_down"]
    assert (history["State"], history["Severity"]) == ("○ over", "warning")
    assert "Kraken is down" in history["Alert"]


def test_who_may_not_cannot_change_rules_or_the_list(
    lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab_hub.watch("BTC/USDT", above=1e9)
    monkeypatch.setattr("core.ui.authority.refused", lambda: "the door is shut")
    at = app("alerts", show="Rules")
    assert "Rules cannot be changed from here: the door is shut." in said(at)
    at = app("alerts", show="Watchlist")
    assert "The list cannot be changed from here: the door is shut." in said(at)
    forbidden = {"save_rules", "unwatch_BTC/USDT"}
    assert not forbidden & {one.key for one in at.button}


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


@pytest.mark.usefixtures("at_home")
def test_a_test_message_goes_to_every_address(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, app: App
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("KINTSUGI_ALERT_URLS", f"json://127.0.0.1:{port}/a-secret-path")
    hub: Hub = request.getfixturevalue("lab_hub")
    at = app("alerts", show="Delivery")
    assert "0 messages delivered, none yet" in said(at)
    at.button(key="send_test").click().run()
    assert "A test message is on its way." in said(at)
    until = time.monotonic() + 20
    while "tried again in" not in said(at):
        assert time.monotonic() < until, said(at)
        time.sleep(0.1)
        at.run()
    assert "1 waiting" in said(at)
    assert "secret" not in said(at)
    assert [one.action for one in hub.journal.events(kinds=["admin"])] == ["alert_test"]


def test_a_channel_that_hangs_holds_up_no_page(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, app: App
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes calls, and says nothing
        monkeypatch.setenv("KINTSUGI_ALERT_URLS", f"json://127.0.0.1:{silent.getsockname()[1]}")
        hub: Hub = request.getfixturevalue("lab_hub")
        pages = [app("alerts", show="Delivery"), app("providers"), app("candles")]
        raise_alarm(hub)
        caller, _ = silent.accept()
        with caller:  # it is being delivered now, and waits for at least four seconds
            seen.forget(hub)
            began = time.monotonic()
            for at in pages:
                at.run()
                labels = [link.proto.label for link in at.get("page_link")]
                assert any("open alert" in label for label in labels), labels
            assert time.monotonic() - began < 3
            assert "1 waiting" in said(pages[0])


def test_where_alerts_go(lab_hub: Hub, app: App) -> None:
    assert "Alerts are sent nowhere." in said(app("alerts", show="Delivery"))
