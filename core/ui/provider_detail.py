"""One target looked at closely: its state and why, its past, its errors by their signature, and what can be done."""

import time
from collections import Counter

import pandas as pd
import streamlit as st

from core.catalog import Provider
from core.charts import strips
from core.charts.latency import past_figure
from core.engine.snapshot import EndpointHealth
from core.engine.target import endpoints_of
from core.hub import Hub
from core.ops.events import AttemptFailed
from core.ops.patterns import Pattern, signature_of
from core.ops.rollup import Resolution
from core.ui import acting, activity, history, seen, states, words
from core.ui.overall import WHAT
from core.ui.places import ACTIVITY

PAST_KEPT, PATTERNS_KEPT = 20.0, 300.0
"""Seconds for which they are not read again."""
ERRORS = 200
"""Failures, the newest, that signatures are counted of."""
SHOWN = 8
"""Patterns, the latest."""
RESOLUTION: dict[str, Resolution] = {"90 days": "day", "30 days": "hour", "24 hours": "hour"}
PATTERNS = {
    "recurring_hour": ("schedule", "The same hour, day after day"),
    "flapping": ("swap_vert", "Flapping"),
    "our_network": ("wifi_off", "One error across providers: our network"),
    "their_outage": ("domain_disabled", "One error across a provider's hosts: theirs"),
    "latency_drift": ("trending_up", "Slower and slower"),
    "schema_drift": ("schema", "The answer changed its shape"),
}


def show(hub: Hub, target: str) -> None:
    """Heading, actions, state, past, errors, events."""
    st.markdown(f"##### {words.plain(target)}")
    isolated = any(one.state == "isolated" for one in _entries(hub, target))
    with st.container(horizontal=True, vertical_alignment="center", key="act_on_one"):
        acting.buttons(hub, target, ("probe", "heal", "reset", "restore" if isolated else "isolate"))
    _documentation(hub.catalog[next(iter(endpoints_of(hub.catalog, target))).provider])
    _state(hub, target)
    span = st.segmented_control(
        "How far back", list(history.SPANS), default="24 hours", required=True, key="back", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    _past(hub, target, span)


def _documentation(provider: Provider) -> None:
    """Where its declaration comes from, and how well founded it is."""
    if provider.docs:
        read = words.listed(list(provider.read_from))
        with st.container(horizontal=True, vertical_alignment="center", key="documentation"):
            st.page_link(
                provider.docs, label="Its documentation", icon=":material/menu_book:", width="content"
            )
            if read and provider.read_on:
                st.caption(f"Declared from: {read}, read on {provider.read_on}.", width="content")


@st.fragment(run_every=seen.EVERY)
def _state(hub: Hub, target: str) -> None:
    """A line an endpoint that was asked, or where something holds it."""
    entries = _entries(hub, target)
    told = [line for one in entries if (line := _line(one))]
    st.markdown("\n".join(f"- {line}" for line in told) or "No endpoint of it was asked yet.")


def _entries(hub: Hub, target: str) -> list[EndpointHealth]:
    within = {str(one) for one in endpoints_of(hub.catalog, target)}
    return [one for one in seen.glance(hub).endpoints.values() if one.endpoint in within]


def _line(one: EndpointHealth) -> str:
    if one.state == "unknown" and not one.reason:
        return ""
    look = states.of(one.state)
    what = WHAT.get(one.capability, one.capability)
    parts = [f"**{look.sign} {look.word}**, {what} at {words.plain(one.host)}"]
    if one.circuit == "half_open":
        parts.append("circuit half open: the next call is its probe")
    elif one.circuit == "open":
        parts.append("circuit open")
    if one.truth != "closed":
        parts.append(f"quarantine for untrue data {states.CIRCUITS[one.truth][2:]}")
    if one.cooldown:
        parts.append(f"asked again in {words.left(one.cooldown)}")
    if said := one.reason or (one.last_error if one.state != "healthy" else ""):
        parts.append(words.plain(said))
    return " · ".join(parts)


@st.fragment(run_every=seen.SLOWLY)
def _past(hub: Hub, target: str, span: str) -> None:
    now = time.time()
    bars = seen.told(
        hub,
        ("bars", target, span),
        lambda: hub.journal.uptime(target, now=now, **history.SPANS[span]),
        PAST_KEPT,
    )
    seconds = bars[0].seconds * len(bars)
    rollups = seen.told(
        hub,
        ("rollups", target, span),
        lambda: hub.journal.rollups(target, RESOLUTION[span], since=now - seconds),
        PAST_KEPT,
    )
    if not rollups:
        st.caption(f"Nothing was asked of it in {span}.")
    else:
        tries = sum(one.attempts for one in rollups)
        part = strips.percent(strips.share(bars))
        said = f"{words.count(tries, 'try', 'tries')} in {span}, {part} of those with a verdict good"
        st.html(
            f"<style>{strips.STYLE}</style>{strips.uptime_strip(bars, f'{target}: {said}', history.when)}"
        )
        st.caption(f"{said}. Grey: no data.")
        st.plotly_chart(
            past_figure(rollups, now - seconds, now),
            key="past",
            config={"displayModeBar": False},
            alt=f"Attempts and latency of {target} in {span}: {said}",
        )
    _errors(hub, target, now - seconds, span)


def _errors(hub: Hub, target: str, since: float, span: str) -> None:
    failed = seen.told(
        hub,
        ("errors", target, span),
        lambda: hub.journal.events(kinds=[AttemptFailed.kind], target=target, since=since, limit=ERRORS),
        seen.EVERY,
    )
    found = [one for one in failed if isinstance(one, AttemptFailed)]
    counts = Counter(signature_of(one) for one in found)
    if counts:
        newest = {signature_of(one): one for one in reversed(found)}
        now = time.time()
        st.table(
            pd.DataFrame(
                {
                    "Error signature": [words.plain(name) for name, _ in counts.most_common(5)],
                    "Times": [count for _, count in counts.most_common(5)],
                    "Last": [words.ago(now - newest[name].time) for name, _ in counts.most_common(5)],
                    "The newest in full": [
                        words.plain(newest[name].detail) for name, _ in counts.most_common(5)
                    ],
                }
            ).set_index("Error signature"),
            alt="The most frequent failures of the time that is shown",
        )
    events = seen.told(
        hub, ("events", target), lambda: hub.journal.events(target=target, limit=8), seen.EVERY
    )
    if events:
        now = time.time()
        lines = [
            f"- {activity.line(one)}: {words.plain(one.detail)} "
            f":gray[{words.plain(one.who)}, {words.ago(now - one.time)}]"
            for one in events
        ]
        with st.expander("Its newest events", icon=":material/history:", key="its_events"):
            st.markdown("\n".join(lines))
    st.page_link(
        ACTIVITY, label="All of its events", icon=":material/history:", query_params={"target": target}
    )


def patterns(hub: Hub, target: str) -> None:
    """What the failures of the last week have in common, each with its evidence."""
    title = "Patterns in the failures of the last 7 days"
    opened = st.expander(title, icon=":material/troubleshoot:", key="patterns", on_change="rerun")
    if opened.open:
        with opened, st.spinner("Reading a week of the journal"):
            found = seen.kept(hub, "patterns", hub.patterns, PATTERNS_KEPT)
        with opened:
            _patterns(found, target)


def _patterns(found: list[Pattern], target: str) -> None:
    provider = target.partition("/")[0]
    those = [one for one in found if not target or not one.target or one.target.partition("/")[0] == provider]
    if not those:
        st.caption("None found: no recurring hour, no flapping, no error shared by many, no drift.")
        return
    for place, one in enumerate(those[:SHOWN]):
        icon, title = PATTERNS[one.name]
        with st.container(border=True, key=f"pattern_{place}"):
            st.markdown(f":material/{icon}: **{title}**: {words.plain(one.summary)}")
            st.caption(
                f"{words.utc(one.since)} to {words.utc(one.until)}, {words.plain(one.target or 'all')}"
            )
            st.json(dict(one.evidence), expanded=False)
    if len(those) > SHOWN:
        st.caption(f"{len(those) - SHOWN} older ones are not shown.")
