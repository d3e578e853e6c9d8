"""A provider walks through its states on a real socket: in the API, in the journal, and as one alert."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_thread import lab_on_a_socket

from core import Hub, NoAnswer, Settings
from core.lab import Lab

pytestmark = pytest.mark.slow


@pytest.fixture
def served() -> Iterator[tuple[Lab, str]]:
    with lab_on_a_socket() as there:
        yield there


def within(seconds: float, condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, f"it did not come to be within {seconds} s"
        time.sleep(0.05)
    return result


def test_from_healthy_to_unavailable_and_back_is_one_alert(served: tuple[Lab, str], tmp_path: Path) -> None:
    lab, url = served
    knobs = Settings(
        mode="lab", lab_url=url, data_dir=tmp_path, monitor="on", alert_every=1, health_cooldown_seconds=10
    )
    with Hub(knobs) as hub:
        hub.set_alert_rule("provider_down", clear=2)
        hub.set_alert_rule("old_answers", enabled=False)

        def ask() -> None:
            try:
                hub.price("BTC/USDT", providers=["kraken"], refresh=True)
            except NoAnswer:
                time.sleep(0.05)

        def state() -> str:
            return hub.health().providers["kraken"].state

        ask()
        assert state() == "healthy"
        within(
            5, lambda: hub.journal.events(kinds=["state"], target="kraken")
        )  # it is looked at now and then
        lab.inject("kraken", "reset")
        began = time.monotonic()
        within(5, lambda: ask() or state() == "unavailable")
        (alert,) = within(5, lambda: hub.alerts(open_only=True))
        assert time.monotonic() - began < 5
        assert (alert.rule, alert.subject) == ("provider_down", "kraken")
        time.sleep(3)
        lab.clear()
        # the healer asks, too: with its probe between two looks of ours, degraded is over before it is seen
        within(30, lambda: ask() or state() in {"degraded", "healthy"})
        within(30, lambda: ask() or state() == "healthy")
        within(10, lambda: not hub.alerts(open_only=True))
        time.sleep(1)
        turns = [(one.alert, one.state) for one in hub.journal.events(kinds=["alert"])]
        assert turns == [(alert.id, "resolved"), (alert.id, "firing")]
        walked = [one.after for one in reversed(hub.journal.events(kinds=["state"], target="kraken"))]
        assert walked[0] == "healthy"
        assert walked.index("unavailable") < len(walked) - 1 - walked[::-1].index("healthy")
        circuits = [one.kind for one in reversed(hub.journal.events(target="kraken/price@api.kraken.com"))]
        assert "circuit_opened" in circuits
        assert circuits[-1] != "circuit_opened"
        assert "circuit_closed" in circuits
