"""The repair page: a file or a series, what is wrong with it, and how it can be mended."""

from dataclasses import dataclass

import streamlit as st

from core.candles import NotCandles, Repair, RepairPolicy, repair
from core.hub import Hub
from core.ui import repair_file, repair_policy, repair_result, repair_series
from core.ui.asked import DEFAULTS, VERSION_HELP, VERSIONS
from core.ui.repair_desk import Desk
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
    with st.container(horizontal=True, vertical_alignment="bottom", key="repair_origin"):
        origin = st.segmented_control(
            "Candles of", [SERIES, FILE], default=SERIES, required=True, key="of", bind="query-params"
        )
        version = _version()
    desk = repair_file.choose(lab=hub.health().lab) if origin == FILE else repair_series.choose(hub)
    if desk is None:
        return
    place = st.container(key="repair_place")
    shown = VERSIONS[version]
    policy = repair_policy.choose("as_known" if shown == "as_known" else "best", sources=bool(desk.sources))
    with place:
        result = _mended(desk, policy)
        if result is not None:
            repair_result.show(desk, result, raw=shown == "raw")


def _version() -> str:
    found: str = st.segmented_control(
        "Version",
        list(VERSIONS),
        default=DEFAULTS["view"],
        required=True,
        key="view",
        bind="query-params",
        help=VERSION_HELP,
    )
    return found


def _mended(desk: Desk, policy: RepairPolicy) -> Repair | None:
    """The repair, once it is done; until then its progress is on the page, or what went wrong."""
    held: _Mending | None = st.session_state.get(MENDING)
    if held is None or held.key != (desk.key, policy):
        if held is not None:
            held.job.cancel()
        held = _Mending((desk.key, policy), Job("Repair", lambda job: _work(job, desk, policy)))
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
    except (NotCandles, ValueError) as error:
        st.error(f"**{plain(desk.name)} cannot be repaired.** {plain(str(error))}.", icon=":material/error:")
    return None


def _work(job: Job[Repair], desk: Desk, policy: RepairPolicy) -> Repair:
    job.step(0.1, f"looking at {len(desk.raw):,} candles")
    made = repair(desk.raw, desk.interval, policy, desk.sources, desk.now, desk.siblings)
    job.step(0.6, "judging them as they came")
    _ = made.before
    job.step(0.7, "judging them as repaired")
    _ = made.after
    return made


def _forget() -> None:
    st.session_state.pop(MENDING, None)
