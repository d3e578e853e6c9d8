"""The endpoint tester's page: in the lab for anybody, live for those who may; foreign bodies as text."""

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.hub import Hub
from core.ui import authority, tester
from core.ui.places import PAGES

ROUTER = Path(authority.__file__).with_name("router.py")
KRAKEN = "kraken/price@api.kraken.com"


def at_tester(endpoint: str = KRAKEN) -> AppTest:
    at = AppTest.from_file(str(ROUTER), default_timeout=30)
    at.query_params["endpoint"] = endpoint
    at.switch_page(str(PAGES / "tester.py")).run()
    assert not at.exception, at.exception
    return at


def pressed(at: AppTest, button: str = "test_one", seconds: float = 60.0) -> AppTest:
    at.button(key=button).click().run()
    until = time.monotonic() + seconds
    while tester.JOB in at.session_state and time.monotonic() < until:
        at.session_state[tester.JOB].wait(seconds)
        at.run()
    assert not at.exception, at.exception
    return at


def test_before_a_test_it_says_so(lab_hub: Hub) -> None:
    assert any("Not tested in this session" in info.value for info in at_tester().info)


def test_one_endpoint_twice_is_compared(lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "refused", lambda: "not from here")
    at = pressed(at_tester())
    metrics = {metric.label: metric.value for metric in at.metric}
    assert metrics["Verdict"] == "● good"
    assert metrics["Status"] == "200"
    codes = [code.value for code in at.code]
    assert any(code.startswith("GET https://api.kraken.com/") for code in codes)
    assert any(code.startswith("curl ") for code in codes)
    assert any('"last":' in code for code in codes)
    assert any("first run" in one.value for one in at.caption)
    lab_hub.lab.inject("kraken", "status:500")
    at = pressed(at)
    assert {metric.label: metric.value for metric in at.metric}["Verdict"] == "✕ failed"
    assert any("HTTP 200 → 500" in one.value.replace("\\", "") for one in at.caption)


def test_a_body_of_markup_is_code(lab_hub: Hub) -> None:
    lab_hub.lab.inject("kraken", "html")
    at = pressed(at_tester())
    assert any("<" in code.value for code in at.code)
    assert not any("<html" in one.value for one in at.markdown)


def test_live_endpoints_are_for_those_who_may(offline_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "refused", lambda: "not from here")
    at = at_tester()
    assert at.button(key="test_one").proto.disabled
    assert at.button(key="test_all").proto.disabled
    assert any("not from here" in one.value for one in at.caption)


@pytest.mark.slow
def test_all_of_them_from_the_page(lab_hub: Hub) -> None:
    at = pressed(at_tester(), "test_all", 90)
    (table,) = at.dataframe
    assert len(table.value) == len(lab_hub.catalog.endpoints)
    assert set(table.value["Verdict"]) == {"● good"}
