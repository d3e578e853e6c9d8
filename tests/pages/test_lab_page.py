"""The lab page: anybody may run an experiment of their own; the server's own lab is for those who may act."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.drill import FAULTS, one_fault
from core.drill.report import Recovery, Report, Seen
from core.hub import Hub
from core.ui import lab as page
from core.ui.places import PAGES

Opened = Callable[..., AppTest]


def at_lab(app: Opened, **address: str) -> AppTest:
    at = app(**address)
    at.switch_page(str(PAGES / "lab.py")).run()
    assert not at.exception, at.exception
    return at


def report(**changes: object) -> Report:
    seen = (
        Seen(0.1, "price BTC/USDT", "fresh", 0.02, "binance", "primary", ()),
        Seen(0.2, "price BTC/USDT", "stale", 0.9, "binance", "stale", ()),
    )
    usual = {
        "seed": 7,
        "seconds": 8.0,
        "knobs": {},
        "calls": 2,
        "availability": 0.5,
        "stale_share": 0.5,
        "no_answer": 0,
        "wrong": 0,
        "unchecked": 0,
        "failovers": 0,
        "failover_p50": None,
        "failover_p99": None,
        "p50": 0.02,
        "p99": 0.02,
        "opened": 1,
        "closed": 0,
        "recovered": (Recovery("binance", "timeout", None),),
        "score": 55.0,
        "steps": one_fault("binance", "timeout", 8),
        "seen": seen,
    }
    return Report(**(usual | changes))


def test_before_anything_ran_it_says_what_there_is(lab_hub: Hub, app: Opened) -> None:
    at = at_lab(app)
    assert any("Nothing has run yet" in info.value for info in at.info)
    assert at.button(key="lab_start").proto.disabled is False
    assert "another market" not in at.markdown[0].value


def test_a_what_if_needs_something_that_differs(lab_hub: Hub, app: Opened) -> None:
    at = at_lab(app, lab_kind="what-if")
    assert at.button(key="lab_start").proto.disabled
    at.multiselect(key="lab_knobs").set_value(["hedge_burst", "balance"]).run()
    assert not at.exception
    assert not at.button(key="lab_start").proto.disabled


def test_a_report_is_told_in_figures(lab_hub: Hub, app: Opened) -> None:
    at = app()
    at.session_state[page.DONE] = (report(), report(wrong=2, score=0.0, knobs={"retries": 0}))
    at.switch_page(str(PAGES / "lab.py")).run()
    assert not at.exception, at.exception
    told = {(metric.label, metric.value) for metric in at.metric}
    assert ("Score", "55 / 100") in told
    assert ("Score", "0 / 100") in told
    assert ("Wrong values", "2") in told
    assert ("Failover p99", "–") in told
    assert "not within the run" in at.table[0].value["Back after, as usual"].tolist()


def test_a_stranger_sees_the_servers_faults_and_cannot_touch_them(lab_hub: Hub, app: Opened) -> None:
    lab_hub.lab.inject("kraken", "timeout")
    at = at_lab(app)
    assert any("cannot be changed from here" in caption.value for caption in at.caption)
    assert "kraken" in at.table[0].value["Target"].tolist()
    assert not [button for button in at.button if button.key == "lab_clear"]


@pytest.mark.usefixtures("at_home")
def test_who_may_injects_and_clears_and_it_is_on_record(lab_hub: Hub, app: Opened) -> None:
    at = at_lab(app)
    at.selectbox(key="lab_own_target").set_value("kraken")
    at.selectbox(key="lab_own_fault").set_value("status:500")
    next(button for button in at.button if "Inject" in button.label).click().run()
    assert not at.exception, at.exception
    (fault,) = lab_hub.lab.faults
    assert (fault.target, fault.fault) == ("kraken", "status:500")
    assert fault.until is not None
    at.button(key="lab_clear").click().run()
    assert lab_hub.lab.faults == ()
    actions = [event.detail for event in lab_hub.journal.events(kinds=["admin"])]
    assert any("status:500 in the lab" in detail for detail in actions)
    assert any("all faults" in detail for detail in actions)


@pytest.mark.slow
def test_a_run_from_start_to_report(lab_hub: Hub, app: Opened) -> None:
    import time

    at = at_lab(app, lab_kind="one fault", lab_fault="status:500")
    at.slider(key="lab_one_seconds").set_value(6)
    at.button(key="lab_start").click().run()
    job = at.session_state[page.JOB]
    assert job.wait(90)
    at.run()
    deadline = time.monotonic() + 20
    while page.DONE not in at.session_state and time.monotonic() < deadline:
        at.run()
    assert not at.exception, at.exception
    (done,) = at.session_state[page.DONE]
    assert done.wrong == 0
    assert done.calls > 20
    assert "status:500" in FAULTS
    assert not lab_hub.lab.faults
