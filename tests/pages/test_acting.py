"""Probe, heal, reset, isolate and restore from a page: asked first, done once, on record, and told."""

import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.hub import Hub
from core.ui import acting

App = Callable[..., AppTest]

KRAKEN = "kraken/price@api.kraken.com"


pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture(autouse=True)
def rested() -> None:
    """Nobody has acted yet."""
    acting._last.clear()


def said(at: AppTest) -> str:
    groups = (at.markdown, at.warning, at.error, at.info, at.caption, at.success)
    return "\n".join(e.value.replace("\\", "").replace("\u2060", "") for group in groups for e in group)


def fall(hub: Hub) -> None:
    """Kraken's prices: circuit open."""
    hub.lab.inject("kraken", "status:500")
    for _ in range(3):
        hub.price("BTC/USD", refresh=True)
    assert circuit(hub) == "open"


def circuit(hub: Hub) -> str:
    return hub.health().endpoints[KRAKEN].circuit


def press(at: AppTest, name: str, target: str | None) -> AppTest:
    """The button, up to the question."""
    return at.button(key=f"act_{name}_{target or 'all'}").click().run()


def confirm(at: AppTest) -> AppTest:
    at.button(key="confirmed").click().run()
    assert not at.exception
    until = time.monotonic() + 30
    while at.get("progress"):
        assert time.monotonic() < until, "the work does not end"
        at.run()
    return at


def acts(hub: Hub) -> list[tuple[str, str, str]]:
    """Action, target, and by whom, oldest first."""
    found = reversed(hub.journal.events(kinds=["admin"]))
    return [(one.action, one.target, one.who.partition(",")[0]) for one in found]


@pytest.mark.parametrize("name", ["probe", "heal", "reset", "isolate"])
def test_nothing_is_done_before_it_is_confirmed(lab_hub: Hub, app: App, name: str) -> None:
    fall(lab_hub)
    at = app("providers", target=KRAKEN)
    before = lab_hub.stats().attempts
    press(at, name, KRAKEN)
    assert f"**{name.capitalize()}** `{KRAKEN}`. {acting.ACTIONS[name].means}" in said(at)
    assert at.button(key="confirmed").label == name.capitalize()
    at.run()
    assert not [one for one in at.button if one.key == "confirmed"], "the question is gone with the next look"
    assert acts(lab_hub) == []
    assert (circuit(lab_hub), lab_hub.stats().attempts) == ("open", before)


def test_what_is_reset_may_be_asked_again_at_once(lab_hub: Hub, app: App) -> None:
    fall(lab_hub)
    at = app("providers", target=KRAKEN)
    assert "· circuit open ·" in said(at)
    confirm(press(at, "reset", KRAKEN))
    assert f"Reset: {KRAKEN}." in said(at)
    assert "· circuit open ·" not in said(at)
    assert circuit(lab_hub) == "closed"
    assert acts(lab_hub) == [("reset", KRAKEN, "page")]


def test_everything_is_reset_by_one_button(lab_hub: Hub, app: App) -> None:
    fall(lab_hub)
    at = app("providers")
    press(at, "reset", None)
    assert "**Reset** everything in the catalogue." in said(at)
    confirm(at)
    assert "Reset: everything." in said(at)
    assert circuit(lab_hub) == "closed"
    assert acts(lab_hub) == [("reset", "", "page")]


def test_what_is_healed_answers_again_and_says_by_which_steps(lab_hub: Hub, app: App) -> None:
    fall(lab_hub)
    lab_hub.lab.clear()
    at = app("providers", target=KRAKEN)
    confirm(press(at, "heal", KRAKEN))
    assert f"Healed {KRAKEN}" in said(at)
    assert "1 of 1 target answer again." in said(at)
    (row,) = at.dataframe[0].value.to_dict("records")
    assert (row["Target"], row["Outcome"]) == (KRAKEN, "healed")
    assert row["Steps"].startswith("ask")
    assert lab_hub.health().endpoints[KRAKEN].state == "healthy"
    (event,) = lab_hub.journal.events(kinds=["heal"])
    assert (event.target, event.outcome, event.who.partition(",")[0]) == (KRAKEN, "healed", "page")
    assert acts(lab_hub) == [("heal", KRAKEN, "page")]


def test_what_does_not_heal_says_who_stands_in(lab_hub: Hub, app: App) -> None:
    fall(lab_hub)
    at = app("providers", target=KRAKEN)
    confirm(press(at, "heal", KRAKEN))
    assert "0 of 1 target answer again." in said(at)
    (row,) = at.dataframe[0].value.to_dict("records")
    assert row["Outcome"] == "covered"
    assert "answers in its place" in row["Detail"]


def test_healing_all_heals_what_is_ill_and_nothing_else(lab_hub: Hub, app: App) -> None:
    fall(lab_hub)
    lab_hub.lab.clear()
    at = app("providers")
    confirm(press(at, "heal", None))
    assert [one.target for one in lab_hub.journal.events(kinds=["heal"])] == [KRAKEN]
    acting._last.clear()
    confirm(press(at, "heal", None))
    assert "Nothing was ill." in said(at)


def test_the_same_twice_at_once_is_done_once(lab_hub: Hub, app: App) -> None:
    fall(lab_hub)
    at = app("providers", target=KRAKEN)
    confirm(press(at, "reset", KRAKEN))
    confirm(press(at, "reset", KRAKEN))
    assert "Not done: the same was done just now; again in" in said(at)
    assert len(acts(lab_hub)) == 1


def test_a_reason_that_is_not_given_is_by_hand(lab_hub: Hub, app: App) -> None:
    at = app("providers", target="kraken")
    confirm(press(at, "isolate", "kraken"))
    assert "Isolated: kraken." in said(at)
    (event,) = lab_hub.journal.events(kinds=["admin"])
    assert (event.action, event.detail) == ("isolate", "by hand")
    assert {one.state for one in lab_hub.health().endpoints.values() if one.provider == "kraken"} == {
        "isolated"
    }
    confirm(press(at, "restore", "kraken"))
    assert "Restored: kraken." in said(at)
    assert acts(lab_hub) == [("isolate", "kraken", "page"), ("restore", "kraken", "page")]
