"""Drills on virtual time: a seeded script, an engine that keeps answering, a report that cannot flatter."""

import asyncio
import json
from typing import Any

import pytest

from core.answer import Attempt
from core.drill import KNOBS, Report, Step, drill, one_fault, script, what_if
from core.drill.report import Recovery, Seen, conclude
from core.drill.script import FAULTS

pytestmark = pytest.mark.looptime


class LoopClock:
    """Wall time that follows the loop's."""

    def mono(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> float:
        return 1_780_000_000.0 + asyncio.get_running_loop().time()


async def run(steps: tuple[Step, ...], **how: Any) -> Report:
    return await drill(steps, clock=LoopClock(), **how)


def test_a_seed_gives_the_same_script_and_another_another() -> None:
    assert script(3) == script(3)
    assert script(3) != script(4)
    for seed in range(40):
        steps = script(seed, 20)
        assert steps[0].target == "binance"
        assert all(step.at >= 0 and step.over <= 20 * 0.75 + 0.02 and step.fault in FAULTS for step in steps)
    with pytest.raises(ValueError, match="expected 4 to 60"):
        script(1, 600)


async def test_without_faults_everything_is_fresh_and_true() -> None:
    report = await run((), seconds=5)
    assert report.calls >= 35
    assert (report.availability, report.stale_share, report.wrong, report.unchecked) == (1.0, 0.0, 0, 0)
    assert (report.failovers, report.opened, report.failover_p99) == (0, 0, None)
    assert report.score == 100.0


async def test_the_whole_drill_keeps_answering_and_serves_nothing_wrong() -> None:
    report = await run(script(11, 14), seconds=14, seed=11)
    assert report.wrong == 0
    assert report.availability >= 0.97
    assert report.failovers > 0
    assert report.opened > 0
    assert len(report.recovered) == len(report.steps) == 6
    assert json.loads(json.dumps(report.as_dict(), allow_nan=False))["seen"]


async def test_what_somebody_else_gives_is_seen_as_failover_and_the_venue_comes_back() -> None:
    report = await run(one_fault("binance", "status:500", 8), seconds=8)
    assert report.failovers > 0
    assert report.opened >= 1
    assert report.closed >= 1
    (back,) = report.recovered
    assert back.seconds is not None


async def test_a_wrong_value_is_found_and_costs_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.engine import truth
    from core.engine.peers import Peers

    monkeypatch.setattr(truth, "check", lambda *_: None)
    monkeypatch.setattr(Peers, "judge", lambda *_: "")
    report = await run(one_fault("binance", "spike", 5), seconds=5)
    assert report.wrong > 0
    assert report.score == 0.0


async def test_other_settings_show_in_the_same_drill() -> None:
    usual, other = await what_if(
        one_fault("binance", "timeout", 5),
        {"hedge_burst": 0, "request_timeout": 2.5},
        seconds=5,
        clock=LoopClock(),
    )
    assert other.knobs == {"hedge_burst": 0, "request_timeout": 2.5}
    assert other.failover_p99 is not None
    assert usual.failover_p99 is not None
    assert usual.failover_p99 < 1 < other.failover_p99
    with pytest.raises(ValueError, match="expected some of"):
        await run((), knobs={"data_dir": "/"}, seconds=4)
    assert "data_dir" not in KNOBS


def test_the_figures() -> None:
    def call(ended: str, elapsed: float, *outcomes: str, wrong: str = "") -> Seen:
        attempts = tuple(Attempt("a", "h", outcome, "", None, 0.0, 0.0) for outcome in outcomes)
        return Seen(0.0, "price BTC/USDT", ended, elapsed, "a", "primary", attempts, wrong)

    def of(*seen: Seen, recovered: tuple[Recovery, ...] = ()) -> Report:
        return conclude(
            seen, (), seconds=1, deadline=3.0, opened=2, closed=1, recovered=recovered, seed=1, knobs={}
        )

    report = of(
        call("fresh", 0.1, "ok"),
        call("fresh", 0.2, "skipped_open", "ok"),
        call("fresh", 0.6, "timeout", "ok"),
        call("stale", 0.0, "timeout"),
        recovered=(Recovery("a", "timeout", 1.0), Recovery("a", "html", None)),
    )
    assert (report.availability, report.stale_share, report.no_answer) == (0.75, 0.25, 0)
    assert (report.failovers, report.failover_p50, report.failover_p99) == (1, 0.6, 0.6)
    assert report.score == pytest.approx(100 * (0.6 * 0.75 + 0.2 * 0.8 + 0.1 * 0.75 + 0.1 * 0.5), abs=0.05)
    assert of(call("fresh", 0.1, "ok", wrong="said 3, had 1")).score == 0.0
    assert of().availability == 0.0
