"""A provider falls and rises on a real socket, and an open page says so within five seconds, as do API and journal."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser_server import started
from lab_thread import lab_on_a_socket
from playwright.sync_api import Browser, Page, expect

from core.lab import Lab

pytestmark = pytest.mark.slow

SOON = 5.0
STILL = "[data-testid=stApp][data-test-script-state=notRunning]"
KRAKEN = "kraken/price@api.kraken.com"


class Walk:
    """One page that stays open, the API beside it, and how long the page took to say what the API said."""

    def __init__(self, api: httpx.Client, page: Page) -> None:
        self.page = page
        self.api = api
        self.took: dict[str, float] = {}

    def get(self, path: str, **params: Any) -> Any:
        return self.api.get(path, params=params).json()

    def ask(self, times: int = 1) -> None:
        for _ in range(times):
            self.get("/price", symbol="BTC/USD", refresh=True, providers="kraken")

    def state(self) -> str:
        (one,) = (one for one in self.get("/endpoints")["endpoints"] if one["endpoint"] == KRAKEN)
        return str(one["state"])

    def sees(self, state: str, shown: str, *, asking: bool = False) -> None:
        """The API says so, soon with the asking; from then on the page has five seconds, where nobody touches it."""
        until = time.monotonic() + 40
        while self.state() != state:
            assert time.monotonic() < until, f"the API says {self.state()}, not {state}"
            if asking:
                self.ask()
            time.sleep(0.05)
        began = time.monotonic()
        line = self.page.get_by_text(f"{shown}, price at api.kraken.com")
        expect(line).to_be_visible(timeout=15_000)
        self.took[state] = max(self.took.get(state, 0.0), time.monotonic() - began)


@pytest.fixture
def lab_server(browser: Browser, tmp_path: Path) -> Iterator[tuple[Lab, str]]:
    """A lab on a socket, and the app over it; a circuit is open for about eight seconds at first."""
    with lab_on_a_socket() as (lab, url):
        knobs = {
            "KINTSUGI_MODE": "lab",
            "KINTSUGI_LAB_URL": url,
            "KINTSUGI_PROVIDERS": "kraken,coinbase,bitstamp",
            "KINTSUGI_HEDGE_BURST": "0",
            "KINTSUGI_RETRIES": "0",
            "KINTSUGI_ALERT_EVERY": "1",
            "HEALTH_COOLDOWN_SECONDS": "80",
        }
        with started(tmp_path, silence=0, **knobs) as server:
            yield lab, server.url


def test_every_step_of_a_fall_and_a_rise_is_on_the_page(
    lab_server: tuple[Lab, str], look: Callable[..., Any]
) -> None:
    lab, url = lab_server
    with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=20) as api:
        walk = Walk(api, look().page)
        walks(walk, lab, url)
    print(f"the page said so after {walk.took}")  # noqa: T201 - shown with -s, to be quoted


def walks(walk: Walk, lab: Lab, url: str) -> None:
    page = walk.page
    for rule, change in {"provider_down": {"clear": 2}, "old_answers": {"enabled": False}}.items():
        walk.api.post(f"/alerts/rules/{rule}", json=change).raise_for_status()
    walk.ask()
    page.goto(f"{url}/providers?target={KRAKEN}")
    walk.sees("healthy", "● healthy")
    page.wait_for_selector(STILL, timeout=30_000)

    lab.inject("kraken/price", "status:500")
    walk.ask(2)
    walk.sees("degraded", "◐ degraded")
    walk.ask()
    walk.sees("unavailable", "✕ unavailable")
    expect(page.get_by_text("asked again in").first).to_be_visible()
    expect(page.get_by_text("Kraken unavailable").first).to_be_visible()
    expect(page.get_by_text("1 open alert").first).to_be_visible(timeout=SOON * 1000)

    lab.clear()
    walk.sees("healthy", "● healthy", asking=True)
    expect(page.get_by_text("open alert")).to_have_count(0, timeout=15_000)

    busy = max(1.0, os.getloadavg()[0] / (2 * (os.cpu_count() or 1)))
    assert max(walk.took.values()) < SOON * busy, f"{walk.took}, and the machine {busy:.1f} times too busy"
    states = [one["after"] for one in walk.get("/journal", kinds="state", target="kraken")["events"]]
    assert states[::-1][:3] == ["healthy", "degraded", "unavailable"]
    assert states[0] == "healthy"
    turns = [one["kind"] for one in walk.get("/journal", target=KRAKEN)["events"]]
    for kind in ("circuit_opened", "circuit_half_open", "circuit_closed"):
        assert turns.count(kind) == 1, turns
    alerts = walk.get("/journal", kinds="alert")["events"]
    assert [(one["rule"], one["target"], one["state"]) for one in alerts] == [
        ("provider_down", "kraken", "resolved"),
        ("provider_down", "kraken", "firing"),
    ]
