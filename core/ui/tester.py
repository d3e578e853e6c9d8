"""The endpoint tester: one endpoint asked and looked at closely, or all of them, a few at a time."""

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError

import pandas as pd
import streamlit as st

from core.answer import KintsugiError
from core.budget import PerMinute
from core.charts import OUTCOMES
from core.engine.limiter import Limiter
from core.hub import Hub
from core.tester import MOST_BODY, Trial, plain_value
from core.ui import authority, words
from core.ui.work import Job, progress
from core.uploads import Cancelled

JOB, LAST, BEFORE = "tester_job", "tester_last", "tester_before"
"""Session state: the test under way, the newest result of every endpoint, and the one before that."""
ALL = "all endpoints"
MOST_SHOWN = 20_000
"""Signs of a body that are drawn; the rest of what was kept can be downloaded."""
LAB = "lab"


_limiter = Limiter((PerMinute(600),), time.monotonic())
_lock = threading.Lock()
"""Endpoints that all sessions together may test: 600 at a stroke, and as many a minute."""

SIGNS = {"good": "● good", "failed": "✕ failed", "not asked": "○ not asked"}
"""Verdicts as sign and word."""


def show(hub: Hub) -> None:
    """Choose, test, look."""
    st.markdown("##### Ask an endpoint what it certainly has, and see everything that goes over the wire.")
    job: Job[tuple[Trial, ...]] | None = st.session_state.get(JOB)
    if job is not None and not job.wait(0):
        progress(job)
        return
    if job is not None:
        _finished(job)
    names = [str(endpoint) for endpoint in hub.catalog.endpoints]
    with st.container(horizontal=True, vertical_alignment="bottom", key="tester_controls"):
        chosen = st.selectbox(
            "Endpoint", names, key="endpoint", bind="query-params", width=420, filter_mode="contains"
        )
        reason = _refused(hub)
        for label, icon, which in (
            ("Test", "play_arrow", [chosen] if chosen else []),
            (f"Test all {len(names)}", "playlist_play", names),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                key="test_one" if len(which) < 2 else "test_all",
                type="primary" if len(which) < 2 else "secondary",
                disabled=bool(reason) or not which,
                on_click=_start,
                args=(hub, label, which),
            )
    if reason:
        st.caption(f":material/lock: Live endpoints cannot be tested from here: {words.plain(reason)}.")
    st.caption(
        "Five at a time, within each provider's quota; the result counts like any other call's. Open circuits, pauses "
        "and isolations hold."
    )
    if said := st.session_state.pop("tester_said", ""):
        st.info(said, icon=":material/hourglass:")
    last: dict[str, Trial] = st.session_state.get(LAST, {})
    if len(last) > 1:
        _all(last)
    if chosen in last:
        _one(hub, last[chosen], st.session_state.get(BEFORE, {}).get(chosen))
    else:
        st.info("**Not tested in this session yet.** Press *Test*.", icon=":material/inbox:")


def _refused(hub: Hub) -> str:
    """Why this person may not test: in the lab anybody may."""
    return "" if hub.hub.simulated else authority.refused()


def _start(hub: Hub, title: str, names: Sequence[str]) -> None:
    if _refused(hub) or st.session_state.get(JOB) is not None:
        return
    with _lock:
        now = time.monotonic()
        if not _limiter.take(len(names), now):
            wait = words.span(_limiter.wait(len(names), now) + 1)
            st.session_state["tester_said"] = (
                f"Too many tests just now, by all who look here. Again in {wait}."
            )
            return
    who = authority.who()
    target = names[0] if len(names) == 1 else None

    def work(job: Job[tuple[Trial, ...]]) -> tuple[Trial, ...]:
        def told(done: int, of: int, which: str) -> None:
            job.share, job.said = done / max(1, of), f"{done} of {of}, {which}"

        future = hub.begin(hub.hub.test(target, who=who, progress=told))
        try:
            job.step(0.0, "asking", future.cancel)
        except Cancelled:
            future.cancel()
            raise
        return future.result()

    job = Job(title, work)
    job.wait(0.4)
    st.session_state[JOB] = job


def _finished(job: "Job[tuple[Trial, ...]]") -> None:
    del st.session_state[JOB]
    try:
        found = job.result()
    except (Cancelled, CancelledError):
        st.info("The test was cancelled. What was asked until then counts.", icon=":material/stop_circle:")
        return
    except (KintsugiError, ValueError, OSError) as error:
        st.error(f"The test came to no end: {words.plain(str(error))}", icon=":material/error:")
        return
    last = st.session_state.setdefault(LAST, {})
    for one in found:
        name = str(one.endpoint)
        if name in last:
            st.session_state.setdefault(BEFORE, {})[name] = last[name]
        last[name] = one


def _all(last: dict[str, Trial]) -> None:
    """Every result of this session, the bad ones first."""
    order = {"failed": 0, "not asked": 1, "good": 2}
    rows = sorted(last.values(), key=lambda one: (order[one.verdict], str(one.endpoint)))
    counts = {verdict: sum(one.verdict == verdict for one in rows) for verdict in order}
    st.markdown(
        f"**{counts['good']} of {len(rows)} good**, {counts['failed']} failed, {counts['not asked']} not asked."
    )
    before: dict[str, Trial] = st.session_state.get(BEFORE, {})
    table = {
        "Endpoint": [str(one.endpoint) for one in rows],
        "Verdict": [SIGNS[one.verdict] for one in rows],
        "Status": [one.attempt.status for one in rows],
        "Took, ms": [round(one.attempt.elapsed * 1000, 1) for one in rows],
        "Reason": [words.cell(one.attempt.reason) for one in rows],
        "Since the last run": [compared(one, before.get(str(one.endpoint))) for one in rows],
    }
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height=300,
        key="tested",
        alt="What each test of this session came to",
    )


def compared(now: Trial, before: Trial | None) -> str:
    """What differs from the run before, in words."""
    if before is None:
        return "first run"
    parts = []
    if (was := before.attempt.outcome) != now.attempt.outcome:
        parts.append(f"{OUTCOMES[was].word} → {OUTCOMES[now.attempt.outcome].word}")
    if before.attempt.status != now.attempt.status:
        parts.append(f"HTTP {before.attempt.status} → {now.attempt.status}")
    sizes = [one.pages[-1].size if one.pages else 0 for one in (before, now)]
    if sizes[0] and sizes[1] and not 0.5 <= sizes[1] / sizes[0] <= 2:
        parts.append(f"{sizes[0]:,} → {sizes[1]:,} bytes")
    took = [one.attempt.elapsed * 1000 for one in (before, now)]
    if max(took) > 3 * min(took) and max(took) - min(took) > 50:
        parts.append(f"{took[0]:,.0f} → {took[1]:,.0f} ms")
    return ", ".join(parts) or "the same"


def _one(hub: Hub, one: Trial, before: Trial | None) -> None:
    look, attempt = OUTCOMES[one.attempt.outcome], one.attempt
    st.markdown(f"##### {words.plain(str(one.endpoint))}")
    with st.container(horizontal=True, gap="medium", key="tested_one"):
        st.metric("Verdict", SIGNS[one.verdict], width="content")
        st.metric("Outcome", f"{look.sign} {look.word}", width="content")
        st.metric("Status", "–" if attempt.status is None else f"{attempt.status}", width="content")
        st.metric("Took", f"{attempt.elapsed * 1000:,.0f} ms", width="content")
    said = f"{words.utc(attempt.started)} · since the last run: {words.plain(compared(one, before))}"
    st.caption(said + (f" · {words.plain(attempt.reason)}" if attempt.reason else ""))
    if one.question:
        st.caption(f"Asked for {words.plain(one.question)}")
    request, body, value = st.tabs(["Request", "Raw body", "Value"], key="tested_tabs")
    with request:
        if not one.pages:
            st.info(_nothing(hub, one), icon=":material/inbox:")
        for page in one.pages:
            st.code(f"{page.request.method} {page.request.url}", language=None, wrap_lines=True)
            if page.request.content is not None:
                st.code(page.request.content.decode("utf-8", "replace"), language=None, wrap_lines=True)
            st.caption("As a command; a key, where one is needed, is read from its variable:")
            st.code(page.curl, language="bash", wrap_lines=True)
    with body:
        for number, page in enumerate(one.pages):
            _body(one, page.body, page.size, page.content_type, number)
    with value:
        if one.value is None:
            st.info("No value was read: see the outcome above.", icon=":material/inbox:")
        else:
            st.code(
                json.dumps(plain_value(one.value), indent=1, ensure_ascii=False, allow_nan=False),
                language="json",
                wrap_lines=True,
            )


def _nothing(hub: Hub, one: Trial) -> str:
    if one.verdict == "not asked":
        return f"Nothing was sent: {words.plain(one.attempt.reason)}."
    if not hasattr(hub.catalog[one.endpoint.provider], "work"):
        return "No whole response came back."
    return "It works in this process: nothing is sent."


def _body(one: Trial, body: bytes, size: int, kind: str, number: int) -> None:
    text = body.decode("utf-8", "replace")
    cut = f"; the first {MOST_SHOWN:,} signs are shown" if len(text) > MOST_SHOWN else ""
    kept = f", {MOST_BODY:,} of them kept" if size > len(body) else ""
    st.caption(f"{size:,} bytes{kept}, {words.plain(kind) or 'no content type'}{cut}.")
    st.code(text[:MOST_SHOWN], language=None, wrap_lines=True, height=400)
    st.download_button(
        "Body",
        body,
        file_name=f"{one.endpoint.provider}-{one.endpoint.capability}.txt",
        mime="text/plain",
        icon=":material/download:",
        on_click="ignore",
        key=f"body_{number}",
    )
