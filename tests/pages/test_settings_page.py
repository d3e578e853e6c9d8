"""The settings page: what each is and may be, who may change it, and that no secret is on it."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.hub import Hub
from core.settings import Settings
from core.ui import authority, settings_change
from core.ui import knobs as subjects
from core.ui.places import PAGES

ROUTER = Path(authority.__file__).with_name("router.py")


def at_settings() -> AppTest:
    at = AppTest.from_file(str(ROUTER), default_timeout=30)
    at.switch_page(str(PAGES / "settings.py")).run()
    assert not at.exception, at.exception
    return at


def everything(at: AppTest) -> str:
    texts = [one.value for kind in (at.markdown, at.caption, at.info, at.success, at.error) for one in kind]
    return "\n".join([*texts, *(table.value.to_csv() for table in at.table)])


def test_every_setting_is_there_once_with_what_it_may_be(lab_hub: Hub) -> None:
    at = at_settings()
    names = [
        name.replace("\\", "") for table in at.table for name in table.value.index if "_keys" not in name
    ]
    for name in Settings.model_fields:
        assert names.count(name) == 1, name
    told = everything(at)
    assert r"numbers above 0 up to 300" in told.replace("\\", "")
    assert "■ environment: KINTSUGI_MODE" in told.replace("\\", ""), "a locked one says its variable"


def test_no_subject_is_left_over(lab_hub: Hub) -> None:
    assert subjects.OTHERS not in subjects.groups(lab_hub.knobs())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("deadline", "numbers above 0 up to 300"),
        ("retries", "whole numbers from 0 up to 5"),
        ("balance", "p2c or round_robin"),
        ("archive", "true or false"),
        ("admins", "a list"),
        ("relay_url", "text"),
        ("lab_seed", "whole numbers from 0 up to 4.29497e+09"),
    ],
)
def test_what_is_allowed_in_words(name: str, said: str) -> None:
    assert subjects.allowed(name) == said


def test_who_may_not_changes_nothing(lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "refused", lambda: "not from here")
    at = at_settings()
    assert "not from here" in everything(at)
    assert not [box for box in at.selectbox if box.key == "setting"]
    assert not [button for button in at.button if button.key == "reload_settings"]


def test_the_callback_asks_again_who_may(lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "refused", lambda: "not from here")
    before = lab_hub.settings.deadline
    settings_change._set(lab_hub, "deadline", 77.0)
    assert lab_hub.settings.deadline == before


@pytest.mark.usefixtures("at_home")
def test_a_change_is_confirmed_holds_and_is_on_record(lab_hub: Hub) -> None:
    at = at_settings()
    at.selectbox(key="setting").set_value("deadline").run()
    at.number_input(key="to_deadline").set_value(12.5).run()
    at.button(key="change_setting").click().run()
    assert not at.exception, at.exception
    assert lab_hub.settings.deadline == 10.0, "not before it is confirmed"
    at.button(key="confirmed_setting").click().run()
    assert not at.exception, at.exception
    assert lab_hub.settings.deadline == 12.5
    assert any("deadline from 10.0 to 12.5" in one.value.replace("\\", "") for one in at.success)
    (event,) = lab_hub.journal.events(kinds=["setting"])
    assert event.who.startswith("page")
    at.button(key="take_back").click().run()
    at.button(key="confirmed_setting").click().run()
    assert lab_hub.settings.deadline == 10.0


@pytest.mark.usefixtures("at_home")
def test_what_holds_from_the_next_start_says_so(lab_hub: Hub) -> None:
    lab_hub.configure({"hedge_refill": 0.5})
    at = at_settings()
    assert "waiting for the next start: hedge_refill" in everything(at).replace("\\", "")


@pytest.mark.usefixtures("at_home")
def test_files_are_read_again(lab_hub: Hub) -> None:
    at = at_settings()
    (lab_hub.settings.data_dir / "overrides.toml").write_text("deadline = 7.0\n")
    at.button(key="reload_settings").click().run()
    assert not at.exception, at.exception
    assert lab_hub.settings.deadline == 7.0


def test_no_secret_is_on_the_page(lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = {"ETHERSCAN_API_KEY": "MARKEDetherscan", "COINGECKO_API_KEY": "MARKEDa,MARKEDb"}
    for name, value in marked.items():
        monkeypatch.setenv(name, value)
    at = at_settings()
    told = everything(at)
    assert "MARKED" not in told
    assert "● there: ETHERSCAN_API_KEY" in told.replace("\\", "")
    assert "2 used in turn" in told
    assert "MARKED" not in json.dumps(lab_hub.diagnostics(), default=str)
