"""The lab page: break something in a market of one's own, watch the engine answer, and see a score."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd
import streamlit as st

from core.charts.attempts import waterfall_figure
from core.charts.drill import drill_figure
from core.drill import FAULTS, KNOBS, Report, Step, drill, one_fault, script, what_if
from core.drill.script import VICTIMS
from core.hub import Hub
from core.settings import Settings
from core.ui import lab_faults, words
from core.ui.work import Job, progress
from core.uploads import Cancelled

JOB, DONE = "lab_job", "lab_reports"
LONGEST = 60.0
"""Seconds after which an experiment is given up, whatever happens."""
KINDS = ("one fault", "drill", "what-if")

Reports: TypeAlias = tuple[Report, ...]


def show(hub: Hub) -> None:
    """Choose, run, read. Below it, for those who may, the lab of this server itself."""
    st.markdown("##### Break something, and watch the answers go on.")
    st.caption(
        "Every run has a simulated market, an engine and a folder of its own: nothing that others see is touched. "
        "Two runs at a time on this server; others wait their turn."
    )
    job: Job[Reports] | None = st.session_state.get(JOB)
    if job is not None and not job.wait(0):
        progress(job)
        return
    if job is not None:
        _finished(job)
    _controls()
    if reports := st.session_state.get(DONE):
        _results(reports)
    else:
        st.info(
            "**Nothing has run yet.** A drill takes some twenty seconds: faults come and go by a script, and the "
            "report says how many answers came, how late, how many stale, and that none was wrong.",
            icon=":material/science:",
        )
    lab_faults.show(hub)


def _finished(job: "Job[Reports]") -> None:
    del st.session_state[JOB]
    try:
        st.session_state[DONE] = job.result()
    except Cancelled:
        st.info("The run was cancelled.", icon=":material/stop_circle:")
    except (TimeoutError, OSError, ValueError) as error:
        st.error(f"The run came to no end: {error}. Try again, or a shorter one.", icon=":material/error:")


def _controls() -> None:
    kind = st.segmented_control("Run", KINDS, default="drill", key="lab_kind", bind="query-params") or "drill"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if kind == "one fault":
            target = st.selectbox("Provider", VICTIMS, key="lab_target", bind="query-params", width=180)
            fault = st.selectbox("Fault", list(FAULTS), key="lab_fault", bind="query-params", width=180)
            seconds = st.slider("Seconds", 6, 30, 12, key="lab_one_seconds", width=180)
            steps: tuple[Step, ...] = one_fault(target or VICTIMS[0], fault or "timeout", seconds)
            seed = None
        else:
            seed = int(
                st.number_input(
                    "Seed", 0, 2**31, 7, key="lab_script", help="The same seed is the same script.", width=140
                )
            )
            seconds = st.slider("Seconds", 8, 40, 24, key="lab_seconds", width=180)
            steps = script(seed, seconds)
        others = _others() if kind == "what-if" else {}
        ready = kind != "what-if" or bool(others)
        st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            key="lab_start",
            disabled=not ready,
            on_click=_start,
            args=(kind, steps, float(seconds), seed, others),
        )
    if not ready:
        st.caption("Choose at least one setting that is to differ.")


def _others() -> dict[str, Any]:
    """Settings of the second run, beside those of the first."""
    with st.popover("Other settings", icon=":material/tune:"):
        names = st.multiselect("Settings that differ", KNOBS, key="lab_knobs")
        found = {name: _knob(name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _knob(name: str) -> Any:
    field = Settings.model_fields[name]
    if name == "balance":
        return st.selectbox(name, ("round_robin", "p2c"), key=f"lab_knob_{name}", help=field.description)
    low, high = 0.0, 1000.0
    for limit in field.metadata:
        low = getattr(limit, "ge", getattr(limit, "gt", low))
        high = getattr(limit, "le", high)
    usual = field.default
    if isinstance(usual, int):
        return st.number_input(
            name, int(low), int(high), int(usual), key=f"lab_knob_{name}", help=field.description
        )
    value = st.number_input(
        name, float(low), float(high), float(usual), key=f"lab_knob_{name}", help=field.description
    )
    return (
        value if value > low or any(getattr(limit, "ge", None) == low for limit in field.metadata) else None
    )


def _start(
    kind: str, steps: tuple[Step, ...], seconds: float, seed: int | None, others: Mapping[str, Any]
) -> None:
    if st.session_state.get(JOB) is None:
        st.session_state.pop(DONE, None)
        st.session_state[JOB] = Job(kind.capitalize(), lambda job: _run(job, steps, seconds, seed, others))


def _run(
    job: "Job[Reports]", steps: tuple[Step, ...], seconds: float, seed: int | None, others: Mapping[str, Any]
) -> Reports:
    """In the job's thread, on a loop of its own."""

    async def run() -> Reports:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None  # noqa: S101 - this is one

        def told(share: float, call: object) -> None:
            del call
            job.share = share

        job.step(0.0, f"{words.count(len(steps), 'fault')} over {seconds:g} s", lambda: _cancel(loop, task))
        async with asyncio.timeout(LONGEST):
            if others:
                return await what_if(steps, others, seconds=seconds, seed=seed, told=told)
            return (await drill(steps, seconds=seconds, seed=seed, told=told),)

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise Cancelled("cancelled") from None


def _cancel(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[Any]") -> None:
    loop.call_soon_threadsafe(task.cancel)


def _results(reports: Sequence[Report]) -> None:
    names = ["As usual", "With the other settings"] if len(reports) > 1 else [""]
    for column, name, report in zip(st.columns(len(reports)), names, reports, strict=True):
        with column:
            if name:
                said = ", ".join(f"{knob} = {value}" for knob, value in report.knobs.items())
                st.markdown(f"**{name}** {words.plain(said)}")
            _figures(report)
            st.plotly_chart(
                drill_figure(report),
                key=f"lab_chart_{name}",
                config={"displayModeBar": False},
                alt=f"{report.calls} calls over {report.seconds:g} seconds: {sentence(report)}",
            )
    first = reports[0]
    with st.expander("Faults, and how long recovery took", icon=":material/healing:", key="lab_recovery"):
        st.table(_recovery(reports), alt="Each fault with its time, and how long until its venue was back")
    slowest = max(
        (call for call in first.seen if call.failed_over), key=lambda call: call.elapsed, default=None
    )
    if slowest is not None:
        with st.expander(
            "The slowest failover, attempt by attempt", icon=":material/route:", key="lab_slowest"
        ):
            st.caption(
                f"{slowest.what}, {slowest.at:.1f} s into the run, answered by {words.plain(slowest.source)}"
            )
            st.plotly_chart(
                waterfall_figure(slowest.attempts),
                key="lab_waterfall",
                config={"displayModeBar": False},
                alt="Attempts of the slowest failover in order",
            )
    st.download_button(
        "Report as JSON",
        lambda: json.dumps([report.as_dict() for report in reports], allow_nan=False).encode(),
        file_name=f"kintsugi-drill-{first.seed if first.seed is not None else 'one-fault'}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        key="lab_download",
    )


def sentence(report: Report) -> str:
    """The report in one sentence."""
    wrong = "no wrong value" if not report.wrong else words.count(report.wrong, "WRONG value")
    return (
        f"{report.availability:.1%} answered fresh, {words.count(report.failovers, 'failover')}, "
        f"{report.stale_share:.1%} stale, {wrong}"
    )


def _figures(report: Report) -> None:
    def ms(seconds: float | None) -> str:
        return "–" if seconds is None else f"{seconds * 1000:,.0f} ms"

    with st.container(horizontal=True, gap="medium"):
        st.metric("Score", f"{report.score:.0f} / 100", width="content", help=SCORE)
        st.metric("Answered fresh", f"{report.availability:.1%}", width="content")
        st.metric("Wrong values", f"{report.wrong}", width="content")
        st.metric("Failover p50", ms(report.failover_p50), width="content")
        st.metric("Failover p99", ms(report.failover_p99), width="content")
        st.metric("Stale", f"{report.stale_share:.1%}", width="content")
        st.metric("Circuit openings / closings", f"{report.opened} / {report.closed}", width="content")


SCORE = (
    "60 points for fresh answers, 20 for swift failover (its p99 against the deadline of 3 s), 10 for few stale "
    "answers, 10 for venues that came back after their fault. One wrong value: 0."
)


def _recovery(reports: Sequence[Report]) -> pd.DataFrame:
    def told(seconds: float | None) -> str:
        return "not within the run" if seconds is None else f"{seconds:.1f} s"

    first = reports[0]
    table = {
        "Fault": [f"{step.target}: {step.fault}" for step in first.steps],
        "From – to": [f"{step.at:.1f} – {step.over:.1f} s" for step in first.steps],
    }
    for number, report in enumerate(reports):
        name = (
            "Back after"
            if len(reports) == 1
            else ("Back after, as usual", "Back after, other settings")[number]
        )
        table[name] = [told(one.seconds) for one in report.recovered]
    return pd.DataFrame(table, index=pd.RangeIndex(1, len(first.steps) + 1, name="No."))
