"""A person breaks something and watches, acknowledges an alert, acts with the token, follows a link, on a phone."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

Look = Callable[..., Any]

PAGES = sorted(path.stem for path in (Path(__file__).resolve().parents[2] / "pages").glob("*.py"))
STILL = "[data-testid=stApp][data-test-script-state=notRunning]"


def to(page: Page, url: str) -> None:
    """Open an address, and wait until the page stands still without an error."""
    page.goto(url)
    page.wait_for_selector(STILL, timeout=30_000)
    expect(page.get_by_text("LAB — simulated data.").first).to_be_visible(timeout=20_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_failover_is_seen_while_a_fault_is_in_force(server: Any, look: Look) -> None:
    page = look(1280, 1600).page
    to(page, f"{server.url}/lab?lab_kind=one+fault&lab_target=binance&lab_fault=status:500")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Wrong values")).to_be_visible(timeout=60_000)
    page.get_by_text("The slowest failover, attempt by attempt").click()
    expect(page.get_by_text("into the run, answered by")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Nothing has run yet.")).to_have_count(0)


def test_an_alert_is_acknowledged(server: Any, look: Look) -> None:
    api = httpx.Client(base_url=f"{server.url}/api/v1", trust_env=False, timeout=20)
    with api:
        api.post("/watchlist", json={"symbol": "BTC/USDT", "above": 1.0}).raise_for_status()
        until = time.monotonic() + 90
        while not api.get("/alerts", params={"open_only": True}).json()["alerts"]:
            assert time.monotonic() < until, "the watched price raised no alert"
            time.sleep(1)
        page = look().page
        to(page, f"{server.url}/alerts")
        page.get_by_role("button", name="Acknowledge").first.click()
        expect(page.get_by_text(re.compile("acknowledged by")).first).to_be_visible(timeout=15_000)
        states = {one["state"] for one in api.get("/alerts", params={"open_only": True}).json()["alerts"]}
        assert "acknowledged" in states
        api.delete("/watchlist", params={"symbol": "BTC/USDT"}).raise_for_status()


def rule(url: str, name: str) -> dict[str, Any]:
    rules = httpx.get(f"{url}/api/v1/alerts/rules", trust_env=False).json()["rules"]
    return next(one for one in rules if one["name"] == name)


def test_a_rule_is_edited_in_its_cell(server: Any, look: Look) -> None:
    page = look(1280, 1200).page
    to(page, f"{server.url}/alerts?show=Rules")
    save = page.get_by_role("button", name="Save")
    expect(save).to_be_disabled()
    table = page.get_by_test_id("stDataFrame")
    names = [
        one["name"] for one in httpx.get(f"{server.url}/api/v1/alerts/rules", trust_env=False).json()["rules"]
    ]
    on, title, level = 50, 230, 70  # widths of the columns
    row = table.bounding_box()["height"] / (len(names) + 1)
    at = {"x": on + title + level / 2, "y": row * (names.index("slow") + 1.5)}
    table.dblclick(position=at)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("4.5", delay=80)  # at once the cell drops the point
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save 1 changed rule").click(timeout=15_000)
    expect(page.get_by_text("Saved: An endpoint is slow.")).to_be_visible(timeout=15_000)
    assert rule(server.url, "slow")["level"] == 4.5
    expect(page.get_by_role("button", name="Save")).to_be_disabled()


def test_a_question_that_is_waved_away_does_nothing(server: Any, look: Look) -> None:
    page = look().page
    to(page, f"{server.url}/providers?target=kraken")
    for name in ("Reset", "Heal", "Isolate"):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("dialog").get_by_text(f"{name} kraken.")).to_be_visible(timeout=15_000)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    events = httpx.get(f"{server.url}/api/v1/journal?kinds=admin&target=kraken", trust_env=False).json()[
        "events"
    ]
    assert events == []
    assert "isolated" not in httpx.get(f"{server.url}/api/v1/providers/kraken", trust_env=False).text


def show_token(page: Page, token: str) -> None:
    """Into the field that *Admin* has opened."""
    page.locator("input[type=password]").fill(token)
    page.locator("input[type=password]").press("Enter")


def test_control_needs_the_token_and_has_it_then(guarded: Any, look: Look) -> None:
    page = look().page
    to(page, f"{guarded.url}/providers")
    expect(page.get_by_text("Acting is not possible from here: the admin token is needed")).to_be_visible()
    expect(page.get_by_role("button", name="Reset all")).to_have_count(0)
    page.get_by_role("button", name="Admin").click()
    show_token(page, "let-me-out")
    expect(page.get_by_text("Not accepted: that is not the admin token.")).to_be_visible(timeout=15_000)
    show_token(page, "let-me-in")
    page.get_by_role("button", name="Reset all").click(timeout=15_000)
    page.get_by_role("dialog").get_by_role("button", name="Reset", exact=True).click()
    expect(page.get_by_text("Reset: everything")).to_be_visible(timeout=15_000)
    other = look().page
    to(other, f"{guarded.url}/providers")
    expect(other.get_by_role("button", name="Reset all")).to_have_count(0)
    events = httpx.get(f"{guarded.url}/api/v1/journal?kinds=admin", trust_env=False).json()["events"]
    actions = [event["action"] for event in events]
    assert "reset" in actions
    assert "refused" in actions
    assert "let-me" not in str(events)


OWN_LAB = "Faults in this server's own lab"


def price(url: str) -> dict[str, Any]:
    """A fresh one, and who was asked for it."""
    asked = {"symbol": "BTC/USDT", "refresh": True}
    return httpx.get(f"{url}/api/v1/price", params=asked, trust_env=False, timeout=20).json()


def choose(page: Page, box: str, option: str) -> None:
    page.get_by_role("combobox", name=box, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_fault_in_the_servers_own_lab_is_set_by_an_admin_alone(guarded: Any, look: Look) -> None:
    visitor, admin = look(1280, 1400).page, look(1280, 1400).page
    for page in (visitor, admin):
        to(page, f"{guarded.url}/lab")
        page.get_by_text(OWN_LAB).click()
        expect(
            page.get_by_text("They cannot be changed from here: the admin token is needed.")
        ).to_be_visible()
        expect(page.get_by_role("button", name="Inject for a minute")).to_have_count(0)
    admin.get_by_role("button", name="Admin").click()
    show_token(admin, "let-me-in")
    inject = admin.get_by_role("button", name="Inject for a minute")
    expect(inject).to_be_visible(timeout=15_000)
    admin.keyboard.press("Escape")
    choose(admin, "Target", "binance")
    choose(admin, "Fault", "status:500")
    inject.click()
    expect(admin.get_by_role("table")).to_contain_text("status:500", timeout=15_000)

    answer = price(guarded.url)
    assert answer["source"] != "binance"
    assert ("binance", "status") in [(one["provider"], one["outcome"]) for one in answer["attempts"]]
    to(visitor, f"{guarded.url}/lab")
    visitor.get_by_text(OWN_LAB).click()
    expect(visitor.get_by_role("table")).to_contain_text("status:500", timeout=15_000)
    expect(visitor.get_by_role("button", name="Clear all")).to_have_count(0)

    admin.get_by_role("button", name="Clear all").click()
    expect(admin.get_by_text("None is in force.")).to_be_visible(timeout=15_000)
    assert "status" not in [one["outcome"] for one in price(guarded.url)["attempts"]]
    events = httpx.get(f"{guarded.url}/api/v1/journal?kinds=admin", trust_env=False).json()["events"]
    assert [event["action"] for event in events[:2]] == ["clear", "inject"]
    assert events[1]["detail"] == "status:500 in the lab for 60 s"


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("alerts?show=Rules", "What is looked for"),
        ("repair?of=a+file", "Hand in a file, and see what is wrong with it."),
        ("candles?symbol=garbage", "symbol='garbage': expected"),
        ("lab?lab_kind=one+fault", "Break something, and watch the answers go on."),
    ],
)
def test_a_deep_link_leads_there(server: Any, look: Look, link: str, said: str) -> None:
    page = look().page
    to(page, f"{server.url}/{link}")
    if "Rules" in link:
        expect(page.get_by_role("button", name="Save")).to_be_visible(timeout=15_000)
    else:
        expect(page.get_by_text(said).first).to_be_visible(timeout=15_000)


def test_on_a_phone_no_page_runs_over_the_edge(server: Any, look: Look) -> None:
    seen = look(390, 844)
    for name in PAGES:
        to(seen.page, f"{server.url}/{name if name != 'overview' else ''}")
        seen.page.wait_for_timeout(300)  # charts take their size a moment later
        width = seen.page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= 390, f"{name}: {width} px"
