"""A row a provider: its state, its past as bars, and its latency."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape

import streamlit as st

from core.charts import strips
from core.engine.snapshot import ProviderHealth, Snapshot
from core.hub import Hub
from core.ops.rollup import Bar
from core.ui import seen, states, words
from core.ui.asked import not_offered, say_wrong
from core.ui.overall import NOT_SEEN, WHAT
from core.ui.overall import seen as asked_ones

SPANS: dict[str, dict[str, int]] = {
    "90 days": {"days": 90},
    "30 days": {"days": 30},
    "24 hours": {"hours": 24},
}
BARS_KEPT, LATENCY_KEPT = 20.0, 20.0
"""Seconds for which bars and latencies are not read again, whatever is written meanwhile."""

STYLE = (
    f"<style>{strips.STYLE}"
    """
.kin-rows { display: grid; gap: .55rem; }
.kin-row { display: grid; grid-template-columns: minmax(150px, 15rem) 1fr 5.2rem 10.5rem; gap: .2rem 1rem;
  align-items: center; }
.kin-name { font-weight: 600; overflow-wrap: anywhere; line-height: 1.25; }
.kin-name small, .kin-more { font-weight: 400; opacity: .72; font-size: .8rem; }
.kin-share { text-align: right; }
.kin-spark { display: flex; align-items: center; gap: .5rem; font-size: .8rem; justify-content: flex-end; }
.kin-ends { display: flex; justify-content: space-between; font-size: .75rem; opacity: .72; }
@media (max-width: 640px) {
  .kin-row { grid-template-columns: 1fr auto; }
  .kin-bars { grid-column: 1 / -1; grid-row: 2; }
  .kin-spark { grid-column: 1 / -1; justify-content: flex-start; }
  .kin-ends { grid-column: 1 / -1; }
  .kin-gap { display: none; }
}
</style>"""
)


def choose() -> tuple[str, bool]:
    """How far back, and whether those are shown too of whom only the monitor asked whether they are there."""
    wrong = not_offered("back", SPANS, "24 hours")
    with st.container(horizontal=True, vertical_alignment="center", key="history_controls"):
        span = st.segmented_control(
            "How far back", list(SPANS), default="24 hours", required=True, key="back", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        everyone = st.toggle(
            "Also those only checked",
            key="checked",
            bind="query-params",
            help="Providers that nobody asked for data in the last hour, but whose hosts the monitor checks.",
        )
    say_wrong(wrong)
    return span, bool(everyone)


def rows(hub: Hub, snapshot: Snapshot, span: str, *, everyone: bool) -> str:
    """Providers that were asked lately, the worst first; then ``everyone`` with a past in this span.

    Drawn once for all pages, until a state changes or the past is due to be read again.
    """
    held = tuple((one.provider, one.state, *one.capabilities.values()) for one in snapshot.providers.values())
    stamp = (held, snapshot.time // BARS_KEPT)
    return seen.kept(
        hub, ("rows", span, everyone), lambda: _rows(hub, snapshot, span, everyone=everyone), 0, stamp
    )


def _rows(hub: Hub, snapshot: Snapshot, span: str, *, everyone: bool) -> str:
    now = snapshot.time
    bars = past(hub, span, now)
    latencies = seen.told(hub, "latencies", lambda: hub.journal.latencies("provider", now=now), LATENCY_KEPT)
    shown = asked_ones(snapshot)
    if everyone:
        known = {one.provider for one in shown}
        others = [one for one in snapshot.providers.values() if one.provider in bars.keys() - known]
        shown += sorted(others, key=lambda one: one.name.lower())
    if not shown:
        return ""
    drawn = [
        _row(one, bars.get(one.provider, ()), latencies.get(one.provider, ()), span, now) for one in shown
    ]
    ends = f'<div class="kin-gap"></div><div class="kin-ends"><span>{span} ago</span><span>now</span></div>'
    return f'{STYLE}<div class="kin-rows">{"".join(drawn)}<div class="kin-row">{ends}</div></div>'


def past(hub: Hub, span: str, now: float) -> Mapping[str, Sequence[Bar]]:
    """Provider → its bars, oldest first."""
    return seen.told(
        hub, ("bars", span), lambda: hub.journal.uptimes("provider", now=now, **SPANS[span]), BARS_KEPT
    )


def _row(
    one: ProviderHealth, bars: Sequence[Bar], latency: Sequence[tuple[float, float]], span: str, now: float
) -> str:
    look = states.of(one.state)
    part = strips.share(bars)
    tries = sum(bar.good + bar.failed + bar.refused for bar in bars)
    empty = sum(bar.share is None for bar in bars)
    said = (
        f"{one.name}: {strips.percent(part)} of {tries:,} tries good in {span}; "
        f"no data in {empty} of {len(bars)} bars"
    )
    counted = words.count(tries, "try", "tries")
    kinds = ", ".join(
        f"{states.of(state).sign} {WHAT.get(name, name)}"
        for name, state in one.capabilities.items()
        if state not in NOT_SEEN
    )
    milliseconds = f"{latency[-1][1] * 1000:,.0f} ms" if latency else ""
    line = (
        strips.spark(latency, now - 86_400, now, f"Latency of {one.name} over 24 hours, now {milliseconds}")
        if latency
        else ""
    )
    drawn = strips.uptime_strip(bars, said, when) if bars else "<small>no data in this span</small>"
    return (
        f'<div class="kin-row"><div class="kin-name"><span style="color:{look.color}">{look.sign}</span> '
        f"{escape(one.name)} <small>{look.word}<br>{escape(kinds)}</small></div>"
        f'<div class="kin-bars">{drawn}</div>'
        f'<div class="kin-share">{strips.percent(part)}<div class="kin-more">{counted}</div></div>'
        f'<div class="kin-spark">{line}<span>{milliseconds}</span></div></div>'
    )


def when(bar: Bar) -> str:
    """Which stretch of time a bar is."""
    start = datetime.fromtimestamp(bar.start, UTC)
    return f"{start:%d %b %Y}" if bar.seconds > 3600 else f"{start:%d %b %H:%M} UTC"
