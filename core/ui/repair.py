"""The repair page: a file or a series, what is wrong with it, and how it can be mended."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.answer import NoAnswer
from core.candles import NotCandles, Repair, RepairPolicy, repair
from core.candles.archive import Series
from core.hub import Hub
from core.ui import asked, repair_file, repair_policy, repair_result, repair_series
from core.ui.repair_desk import Desk, View
from core.ui.words import plain
from core.ui.work import SOON, Job, progress
from core.uploads import Cancelled

SERIES, FILE = "a series", "a file"
MENDING = "repair_mending"
"""Session state: the repair under way or done last, and what it is of."""


@dataclass
class _Mending:
    key: tuple[str, RepairPolicy]
    job: Job[Repair]


def show(hub: Hub) -> None:
    """Choose, look, apply, undo, take along."""
    wrong = [
        asked.not_offered("of", (SERIES, FILE), SERIES),
        asked.not_offered("view", asked.VERSIONS, asked.DEFAULTS["view"]),
        asked.not_offered("span", repair_series.SPANS, repair_series.DEFAULT_SPAN),
    ]
    with st.container(horizontal=True, vertical_alignment="bottom", key="repair_origin"):
        origin = st.segmented_control(
            "Candles of", [SERIES, FILE], default=SERIES, required=True, key="of", bind="query-params"
        )
        shown = asked.version(hub)
    asked.say_wrong(*wrong)
    desk = repair_file.choose(lab=hub.health().lab) if origin == FILE else repair_series.choose(hub)
    if desk is None:
        return
    place = st.container(key="repair_place")
    view: View = "as_known" if shown == "as_known" else "best"
    policy = repair_policy.choose(hub, view, sources=desk.series is not None)
    with place:
        result = _mended(hub, desk, policy)
        if result is not None:
            repair_result.show(desk, result, raw=shown == "raw")


def _mended(hub: Hub, desk: Desk, policy: RepairPolicy) -> Repair | None:
    """The repair, once it is done; until then its progress is on the page, or what went wrong."""
    held: _Mending | None = st.session_state.get(MENDING)
    if held is None or held.key != (desk.key, policy):
        if held is not None:
            held.job.cancel()
        held = _Mending((desk.key, policy), Job("Repair", lambda job: _work(job, hub, desk, policy)))
        st.session_state[MENDING] = held
    if not held.job.cancelled and not held.job.wait(SOON):
        progress(held.job)
        return None
    try:
        if held.job.cancelled:
            raise Cancelled("cancelled")
        return held.job.result()
    except Cancelled:
        st.info("The repair was cancelled. Nothing was changed.", icon=":material/cancel:")
        st.button("Start again", icon=":material/refresh:", key="mend_again", on_click=_forget)
    except (NoAnswer, NotCandles, ValueError) as error:
        st.error(f"**{plain(desk.name)} cannot be repaired.** {plain(str(error))}.", icon=":material/error:")
    return None


def _work(job: Job[Repair], hub: Hub, desk: Desk, policy: RepairPolicy) -> Repair:
    job.step(0.05, f"looking at {len(desk.raw):,} candles")
    made = (
        _asking(job, hub, desk, desk.series, policy)
        if desk.ask and desk.series is not None
        else repair(desk.raw, desk.interval, policy, desk.sources, desk.now, desk.siblings)
    )
    job.step(0.9, "judging them as they came, and as repaired")
    _ = made.before, made.after
    return made


def _asking(job: Job[Repair], hub: Hub, desk: Desk, series: Series, policy: RepairPolicy) -> Repair:
    stop = desk.raw.index[-1] + pd.Timedelta(seconds=series.seconds)
    return hub.mend(
        series.symbol,
        series.interval,
        start=desk.raw.index[0],
        end=stop,
        provider=series.provider,
        policy=policy,
        apply=False,
        progress=lambda told: job.step(0.05 + 0.85 * told.share, told.doing),
    )


def _forget() -> None:
    st.session_state.pop(MENDING, None)
