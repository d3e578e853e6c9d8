"""The overview page: how everything does, in one screenful; the past and the mends below."""

import time

import streamlit as st

from core import charts
from core.answer import NoAnswer
from core.engine.snapshot import Snapshot
from core.hub import Hub
from core.market import CandleQuery
from core.ops.events import CircuitClosed, Event, Healed, Repaired
from core.ui import history, quality, seen, words
from core.ui.overall import NOT_SEEN, WHAT, Capability, capabilities, overall
from core.ui.places import ACTIVITY, ALERTS, CANDLES, PROVIDERS, QUALITY
from core.ui.provenance import TIERS

PREVIEW = CandleQuery("BTC/USDT", "1h", limit=72)
SHOWN = 5
"""Rows of a list; the rest is on the page that a link leads to."""
SCORES_KEPT = 60.0
"""Seconds for which scores are not read again."""
SERIES_MOST = 300
"""Archived series whose scores are read for the summary."""


def show(hub: Hub) -> None:
    """State and alerts beside candles; then the past; then data and mends."""
    with st.container(horizontal=True, gap="medium", key="overview_top"):
        with st.container(width=520, key="overview_now"):
            _now(hub)
        preview = st.container(width="stretch", key="overview_candles")
    st.markdown("##### Providers asked, and how that went")
    _past(hub, *history.choose())
    with preview:
        _candles(hub)


@st.fragment(run_every=seen.EVERY)
def _now(hub: Hub) -> None:
    snapshot = seen.glance(hub)
    whole = overall(snapshot)
    st.markdown(f"#### {whole.sign} {whole.word}")
    st.markdown(whole.sentence)
    wanted = capabilities(snapshot)
    asked = [one for one in wanted if one.asked]
    if asked:
        with st.container(horizontal=True, gap="small", key="tiles"):
            for one in asked:
                _tile(one)
    if rest := [WHAT.get(one.name, one.name) for one in wanted if not one.asked]:
        st.caption(f"○ Not asked for yet: {words.listed(rest)}.")
    _alerts(hub)


def _tile(one: Capability) -> None:
    look = one.look
    with st.container(border=True, width=156, gap=None, key=f"tile_{one.name}"):
        st.markdown(f"**{look.sign} {WHAT.get(one.name, one.name).capitalize()}**")
        st.caption(
            f"{one.well} of {one.asked} healthy",
            help=f"{one.asked} of {words.count(one.known, 'provider')} were asked for it; {one.serving} of them serve.",
        )


def _alerts(hub: Hub) -> None:
    alerts = seen.open_alerts(hub)
    if not alerts:
        st.markdown(":material/notifications_off: No open alert.")
        return
    now = time.time()
    for one in alerts[-SHOWN:][::-1]:
        icon = "emergency_home" if one.severity == "critical" else "warning"
        said = "acknowledged, " if one.state == "acknowledged" else ""
        st.markdown(
            f":red[:material/{icon}:] {words.plain(one.text)} :gray[{said}{words.ago(now - one.fired)}]"
        )
    more = f"All {len(alerts)} open alerts" if len(alerts) > SHOWN else "Acknowledge them"
    st.page_link(ALERTS, label=more, icon=":material/notifications:")


@st.fragment(run_every=seen.EVERY)
def _past(hub: Hub, span: str, everyone: bool) -> None:
    snapshot = seen.glance(hub)
    if drawn := history.rows(hub, snapshot, span, everyone=everyone):
        st.html(drawn)
        st.caption(
            "Full green: all good. Vermilion from above: the share that failed or was refused. Grey stub: no data. "
            "The line is the median latency by the hour, over 24 hours."
        )
    else:
        st.info(
            "**Nobody was asked yet.** The monitor begins by itself; looking at candles asks somebody at once.",
            icon=":material/hourglass_empty:",
        )
    if hidden := _hidden(snapshot):
        st.caption(f"Not shown: {hidden}.")
    st.page_link(PROVIDERS, label="All endpoints and circuits", icon=":material/lan:")
    with st.container(horizontal=True, gap="medium", key="overview_lately"):
        with st.container(width=520):
            _quality(hub)
        with st.container(width="stretch"):
            _healed(hub)


def _hidden(snapshot: Snapshot) -> str:
    counts = {state: sum(one.state == state for one in snapshot.providers.values()) for state in NOT_SEEN}
    words_of = {"unknown": "not asked lately", "disabled": "disabled (a key is missing, or switched off)"}
    return words.listed([f"{counts[state]} {word}" for state, word in words_of.items() if counts[state]])


def _quality(hub: Hub) -> None:
    st.markdown("##### Quality of archived candles")
    archive = hub.archive
    entries = seen.kept(
        hub,
        "scores",
        lambda: [quality.judged(archive, one, {}) for one in archive.series()[:SERIES_MOST]],
        SCORES_KEPT,
    )
    if not entries:
        st.caption("Nothing is archived yet: every candle that is fetched is kept, and judged.")
        return
    st.markdown(quality.sentence(entries))
    scored = sorted(
        (score, str(one.series)) for one in entries if (score := one.value("quality")) is not None
    )
    for score, name in scored[:SHOWN]:
        if score < quality.GOOD:
            st.markdown(f"- {words.plain(name)}: **{score:.2f}**")
    st.page_link(QUALITY, label="All series, the worst first", icon=":material/grid_on:")


def _healed(hub: Hub) -> None:
    st.markdown("##### Healed lately")
    kinds = (Healed.kind, Repaired.kind, CircuitClosed.kind)
    events = seen.told(hub, "healed", lambda: hub.journal.events(kinds=kinds, limit=50), seen.EVERY)
    told = [said for one in events if (said := _mended(one))][:SHOWN]
    if told:
        st.markdown("\n".join(f"- {line}" for line in told))
    else:
        st.caption("Nothing was healed or repaired lately.")
    st.page_link(ACTIVITY, label="All that happened", icon=":material/history:")


def _mended(event: Event) -> str:
    """One line, or ``""`` for a healing that did not help."""
    when = f":gray[{words.ago(time.time() - event.time)}, {words.utc(event.time)}]"
    target = words.plain(event.target)
    if isinstance(event, Repaired):
        series = words.plain(f"{event.symbol} {event.interval}")
        return f"{series}: {words.count(event.changes, 'change')} {'taken back' if event.undone else 'repaired'} {when}"
    if isinstance(event, CircuitClosed):
        return (
            f"{target}: circuit closed {when}"
            if event.axis == "circuit"
            else f"{target}: agrees again {when}"
        )
    if isinstance(event, Healed) and event.outcome == "healed":
        return f"{target}: healed, {words.plain(event.detail)} {when}"
    return ""


def _candles(hub: Hub) -> None:
    """A look at the newest candles, and who gave them; the page of their own is a click away."""
    query = PREVIEW
    place = st.empty()
    try:
        with place, st.skeleton(height=300):
            answer = hub.fetch(query)
    except NoAnswer as failed:
        place.error(
            f"**No candles of {query.symbol} right now.** "
            + (
                "This machine seems to be offline."
                if failed.offline
                else "Nobody who serves them could answer."
            ),
            icon=":material/cloud_off:",
        )
        st.page_link(CANDLES, label="See why, and what can be done", icon=":material/candlestick_chart:")
        return
    color, icon, tier = TIERS[answer.tier]
    name = words.plain(hub.catalog[answer.source].name)
    last = f"{answer.value['close'].iloc[-1]:,.8g}" if len(answer.value) else "–"
    place.markdown(
        f"**{query.symbol}** {last} {query.quote} · {'LAB · ' if answer.lab else ''}{name} "
        f":{color}-badge[:material/{icon}: {tier}] fetched {words.ago(time.time() - answer.fetched)}"
    )
    if len(answer.value):
        figure = charts.candle_figure(answer.value, query.symbol, query.interval, view="preview")
        figure.update_layout(height=270, dragmode=False)
        st.plotly_chart(
            figure,
            key="preview",
            config={"displayModeBar": False},
            alt=f"{query.symbol}, the newest {len(answer.value)} candles of {query.interval}, last close {last}",
        )
    st.page_link(
        CANDLES, label="Candles of any symbol",
        icon=":material/candlestick_chart:", query_params={"symbol": query.symbol, "interval": query.interval},
    )  # fmt: skip
