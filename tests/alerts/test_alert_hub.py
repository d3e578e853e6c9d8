"""Alerts of a whole hub on the lab: through a provider's fall and rise, over restarts, by price."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import Hub, NoAnswer, Settings
from core.ops.alerts import RULES


@pytest.fixture
def open_hub(tmp_path: Path) -> Callable[..., Hub]:
    def make(**knobs: Any) -> Hub:
        usual = {"mode": "lab", "monitor": "on", "alert_every": 0.05, "health_cooldown_seconds": 2}
        return Hub(Settings(data_dir=tmp_path, **{**usual, **knobs}))

    return make


def soon(condition: Callable[[], Any], seconds: float = 8.0) -> Any:
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.02)
    return result


def ask(hub: Hub, times: int = 1) -> None:
    for _ in range(times):
        try:
            hub.price("BTC/USDT", providers=["kraken"], refresh=True)
        except NoAnswer:
            time.sleep(0.02)


def fall(hub: Hub) -> Any:
    hub.lab.inject("kraken", "status:500")
    ask(hub, 4)
    return soon(lambda: hub.alerts(open_only=True))[0]


def test_a_provider_falls_and_rises_and_that_is_one_alert(open_hub: Callable[..., Hub]) -> None:
    with open_hub() as hub:
        hub.set_alert_rule("provider_down", clear=0.2, who="me")
        hub.set_alert_rule(
            "old_answers", enabled=False, who="me"
        )  # with nobody but kraken asked, it is right
        alert = fall(hub)
        assert (alert.rule, alert.subject, alert.state, alert.lab) == (
            "provider_down",
            "kraken",
            "firing",
            True,
        )
        assert alert.text == "Kraken is down: price (status: HTTP 500 Internal Server Error)."
        for _ in range(10):  # half open now and then, and open again
            ask(hub)
            time.sleep(0.05)
        assert [one.id for one in hub.alerts()] == [alert.id]
        hub.lab.clear()
        soon(lambda: ask(hub) or not hub.alerts(open_only=True))
        (over,) = hub.alerts()
        assert (over.id, over.state) == (alert.id, "resolved")
        assert over.resolved > over.fired
        time.sleep(0.6)
        noted = hub.journal.events(kinds=["alert"])
        assert [(event.alert, event.state, event.who) for event in noted] == [
            (alert.id, "resolved", "engine"),
            (alert.id, "firing", "engine"),
        ]


def test_what_a_person_said_outlives_the_process(open_hub: Callable[..., Hub]) -> None:
    with open_hub() as hub:
        alert = fall(hub)
        seen = hub.acknowledge(alert.id, who="me")
        assert (seen.state, seen.acknowledged_by) == ("acknowledged", "me")
        assert hub.acknowledge(alert.id, who="you").acknowledged_by == "me"
        hub.set_alert_rule("slow", level=9, enabled=False, who="me")
        hub.watch("eth/usdt", above=1e9, note="to the moon", who="me")
        hub.watch("BTC/USDT", below=1, who="me")
        hub.watch("ETH/USDT", above=2e9, who="me")
    with open_hub() as hub:
        (held,) = hub.alerts()
        assert held == seen
        slow = next(rule for rule in hub.alert_rules() if rule.name == "slow")
        assert (slow.level, slow.enabled, slow.hold) == (9, False, RULES["slow"].hold)
        assert [(one.symbol, one.above, one.below) for one in hub.watchlist()] == [
            ("ETH/USDT", 2e9, None),
            ("BTC/USDT", None, 1),
        ]
        who = [(event.action, event.who) for event in hub.journal.events(kinds=["admin"])]
        assert who == [("watch", "me"), ("watch", "me"), ("watch", "me"), ("alert_rule", "me")]


def test_a_price_crosses_a_level_and_comes_back(open_hub: Callable[..., Hub]) -> None:
    with open_hub() as hub:
        last = hub.price("BTC/USDT").value.last
        hub.watch("BTC/USDT", above=last / 2)
        alert = soon(lambda: hub.alerts(open_only=True))[0]
        assert (alert.rule, alert.subject) == ("price", f"BTC/USDT above {last / 2:g}")
        assert alert.value == pytest.approx(last, rel=0.05)
        hub.watch("BTC/USDT", above=last * 2)
        soon(lambda: not hub.alerts(open_only=True))
        hub.watch("BTC/USDT", below=last * 2)
        soon(lambda: hub.alerts(open_only=True))
        hub.unwatch("btc/usdt")
        soon(lambda: not hub.alerts(open_only=True))
        assert hub.watchlist() == ()


def test_a_rule_that_is_switched_off_says_nothing(open_hub: Callable[..., Hub]) -> None:
    with open_hub() as hub:
        hub.set_alert_rule("provider_down", enabled=False)
        hub.lab.inject("kraken", "status:500")
        ask(hub, 4)
        time.sleep(0.4)
        assert not hub.alerts()


def test_in_a_script_nobody_looks(open_hub: Callable[..., Hub]) -> None:
    with open_hub(monitor="auto") as hub:
        hub.lab.inject("kraken", "status:500")
        ask(hub, 4)
        time.sleep(0.3)
        assert not hub.alerts()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda hub: hub.acknowledge("nope"), "alert='nope': there is none of this id"),
        (lambda hub: hub.set_alert_rule("slwo", level=1), "rule='slwo': expected one of offline"),
        (lambda hub: hub.set_alert_rule("slow", level=1e9), "slow: level="),
        (lambda hub: hub.watch("BTC"), "symbol='BTC'"),
        (lambda hub: hub.unwatch("BTC/USDT"), "expected one of the watchlist"),
        (lambda hub: hub.alerts(limit=0), "limit=0: expected 1 to 10000"),
    ],
)
def test_a_bad_argument_is_named(open_hub: Callable[..., Hub], call: Callable[[Hub], Any], said: str) -> None:
    with open_hub() as hub, pytest.raises(ValueError, match=re.escape(said)):
        call(hub)
