"""Start here: what is live and what is not, and where to go; put away, it stays away."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from core.hub import Hub
from core.ui.places import CANDLES, OVERVIEW

Opened = Callable[..., AppTest]


def text(at: AppTest) -> str:
    return "\n".join(entry.value for entry in at.markdown)


def test_in_the_lab_it_says_so_and_that_a_stranger_reads_only(lab_hub: Hub, app: Opened) -> None:
    at = app("overview")
    said = text(at)
    assert "Start here" in said
    assert "simulated" in said
    assert "can be asked without any key" in said
    assert "You can read everything and change nothing" in said


def test_offline_it_says_what_is_missing_and_what_keys_would_add(offline_hub: Hub, app: Opened) -> None:
    at = app("overview")
    said = text(at)
    assert "would answer with a key" in said
    assert "simulated" not in said


def test_put_away_it_stays_away(lab_hub: Hub, app: Opened) -> None:
    at = app("overview")
    at.button(key="start_close").click().run()
    assert "Start here" not in text(at)
    at.switch_page(str(CANDLES)).run()
    at.switch_page(str(OVERVIEW)).run()
    assert not at.exception
    assert "Start here" not in text(at)
