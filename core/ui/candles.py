"""The candles page: ask, draw, explain, hand over."""

import time
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from core import charts, export
from core.answer import Answer, Attempt, NoAnswer
from core.charts.indicators import Overview, overview
from core.chosen import Chosen, columns
from core.hub import Hub
from core.market import INTERVALS, floor_time
from core.ui import frame, indicators, mending, provenance, words
from core.ui.asked import REFRESH, Asked, ask_again

LOOK_EVERY = 30
"""Seconds between looks at the clock: age, and candles that have closed since. Nothing is fetched."""


def fetch(hub: Hub, asked: Asked, chosen: tuple[Chosen, ...]) -> Answer[pd.DataFrame] | None:
    """Ask the hub for the window, and before it what the indicators warm up on.

    None when nobody could answer: then the reasons and the next steps are on the page.
    """
    query = asked.query.replace(limit=asked.rows + indicators.warm_up(chosen))
    refresh = st.session_state.pop(REFRESH, False)
    seen = "candles_seen" in st.session_state
    try:
        if seen:
            answer = hub.fetch(query, refresh=refresh)
        else:
            with st.skeleton(height=640):
                answer = hub.fetch(query, refresh=refresh)
    except NoAnswer as failed:
        _no_answer(hub, asked, failed)
        return None
    st.session_state["candles_seen"] = True
    return answer


def show(hub: Hub, asked: Asked, whole: Answer[pd.DataFrame], chosen: tuple[Chosen, ...]) -> None:
    """Provenance, chart, reasons, downloads. ``whole`` begins before the window when indicators warm up."""
    mended = None if whole.value.empty else mending.mend(asked, whole)
    whole = whole if mended is None else replace(whole, value=mended.frame)
    since = _begins(asked, whole.value)
    answer = replace(whole, value=whole.value.iloc[since:])
    _strip(hub, asked, answer)
    if mended is None:
        st.info(
            f"{words.plain(_name(hub, answer.source))} has no {asked.query.symbol} candles in this window. "
            "Choose a longer window or another symbol.",
            icon=":material/inbox:",
        )
    else:
        _figures(asked, answer)
        _chart(asked, mended, since, chosen)
        mending.quality(asked, mended, since)
        indicators.say(hub, asked)
    _why(hub, answer)
    _hand_over(hub, asked, whole, since, chosen)


def _begins(asked: Asked, value: pd.DataFrame) -> int:
    """The first row of the window."""
    if value.empty:
        return 0
    before = value.index[-1] - pd.Timedelta(seconds=asked.rows * asked.query.seconds)
    return int(value.index.searchsorted(before, side="right"))


@st.fragment(run_every=LOOK_EVERY)
def _strip(hub: Hub, asked: Asked, answer: Answer[pd.DataFrame]) -> None:
    """Where it comes from and how old it is; redrawn alone as time goes by."""
    now = time.time()
    color, icon, tier = provenance.TIERS[answer.tier]
    parts = [
        ":violet-badge[:material/science: LAB]" if answer.lab else "",
        f"**{words.plain(_name(hub, answer.source))}**",
        words.plain(answer.host),
        f":{color}-badge[:material/{icon}: {tier}]",
        f"fetched {words.ago(now - answer.fetched)} ({words.utc(answer.fetched)})",
    ]
    with st.container(horizontal=True, vertical_alignment="center", key="provenance"):
        st.markdown(" · ".join(filter(None, parts)).replace("] · ", "] "), width="content")
        if (closed := _closed_since(asked, answer, now)) and st.button(
            f"{closed:,} new candle{'s' * (closed > 1)}: load", icon=":material/update:", key="load_new"
        ):
            ask_again()
            st.rerun()
    for note in answer.notes:
        st.caption(f":material/info: {words.plain(note)}")


def _closed_since(asked: Asked, answer: Answer[pd.DataFrame], now: float) -> int:
    """Candles that have closed since the newest one shown."""
    if answer.value.empty:
        return 0
    step = INTERVALS[asked.query.interval]
    newest = answer.value.index[-1].timestamp()
    return max(0, int((floor_time(now, asked.query.interval) - step - newest) // step))


def _figures(asked: Asked, answer: Answer[pd.DataFrame]) -> None:
    value, query = answer.value, asked.query
    places = charts.digits(value["close"][~charts.repaired(value)])
    first, last = value["open"].iloc[0], value["close"].iloc[-1]
    with st.container(horizontal=True, gap="medium", key="figures"):
        st.metric(
            f"Last close, {query.quote}",
            f"{last:,.{places}f}",
            f"{(last / first - 1) * 100:+.2f} % in {words.span(len(value) * query.seconds)}",
            width="content",
        )
        st.metric(f"Highest, {query.quote}", f"{value['high'].max():,.{places}f}", width="content")
        st.metric(f"Lowest, {query.quote}", f"{value['low'].min():,.{places}f}", width="content")
        if "volume" in value:
            st.metric(f"Volume, {query.base}", f"{value['volume'].sum():,.0f}", width="content")


def _chart(asked: Asked, mended: mending.Mended, since: int, chosen: tuple[Chosen, ...]) -> None:
    whole, query = mended.frame, asked.query
    value = whole.iloc[since:]
    _, per = charts.visible(value, query.interval)
    first, last = value.index[0], value.index[-1]
    over = overview(chosen, whole, query.interval, since + charts.last_rows(value, query.interval), since)
    with_them = f", with {words.listed(drawn)}" if (drawn := over.labels()) else ""
    st.plotly_chart(
        charts.candle_figure(
            value, query.symbol, query.interval, view=asked.view, over=over, repairs=mended.drawn()
        ),
        key="candles_chart",
        config={"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]},
        alt=(
            f"{query.symbol}, {len(value):,} candles of {query.interval} from {words.utc(first)} to "
            f"{words.utc(last)}: between {value['low'].min():g} and {value['high'].max():g} {query.quote}, "
            f"last close {value['close'].iloc[-1]:g}{mending.alt(mended, value)}{with_them}"
        ),
    )
    joined = f"Each candle drawn is {per} × {query.interval}, true high and low kept. " if per > 1 else ""
    said = " ".join((*mending.caption(mended, value), *asked.notes, *_about(over, since)))
    st.caption(
        f"{joined}{words.utc(first)} to {words.utc(last)}, opening times. Hollow: rose. Filled: fell. {said}"
    )
    for note in over.notes:
        st.caption(f":material/info: {words.plain(note)}")


def _about(over: Overview, since: int) -> list[str]:
    """How to read the lines."""
    said = []
    if over.gold:
        said.append("Gold, dashed: rests on repaired candles.")
    if over.labels() and since:
        said.append(f"Indicators warm up on the {since:,} candles before.")
    return said


def _why(hub: Hub, answer: Answer[pd.DataFrame]) -> None:
    with st.expander("Why this provider?", icon=":material/route:", key="why"):
        name = words.plain(_name(hub, answer.source))
        then = [attempt for attempt in answer.attempts if attempt.started <= answer.fetched]
        now = [attempt for attempt in answer.attempts if attempt.started > answer.fetched]
        if answer.tier in ("cache", "stale"):
            st.markdown(f"Kept from {words.utc(answer.fetched)}, when **{name}** answered:")
        else:
            st.markdown(f"**{name}** gave the first complete answer:")
        _attempts(then, "attempts_then")
        asked_of = {attempt.provider for attempt in then}
        left = [words.plain(entry.name) for entry in hub.catalog.serving("ohlcv") if entry.id not in asked_of]
        if left:
            st.markdown(f"Not asked, because {name} had answered: {words.listed(left)}.")
        if now:
            st.markdown("Asked again just now, and nobody could answer:")
            _attempts(now, "attempts_now")


def _attempts(attempts: Sequence[Attempt], key: str) -> None:
    """The attempts as a waterfall, and in words."""
    answered = ", ".join(f"{entry.provider} {charts.OUTCOMES[entry.outcome].word}" for entry in attempts)
    st.plotly_chart(
        charts.waterfall_figure(attempts),
        key=key,
        config={"displayModeBar": False},
        alt=f"Attempts in order: {answered}",
    )
    provenance.tried(attempts)


def _hand_over(
    hub: Hub, asked: Asked, whole: Answer[pd.DataFrame], since: int, chosen: tuple[Chosen, ...]
) -> None:
    query = asked.query
    answer = replace(whole, value=whole.value.iloc[since:])

    def beside() -> pd.DataFrame:
        return columns(chosen, whole.value, query.interval).iloc[since:]

    with st.expander("Take it with you", icon=":material/download:", key="take"):
        with st.container(horizontal=True):
            st.download_button(
                "CSV",
                lambda: export.to_csv(answer, query, beside()),
                file_name=export.file_name(answer, query, "csv"),
                mime="text/csv",
                icon=":material/csv:",
                on_click="ignore",
                key="csv",
            )
            st.download_button(
                "Parquet",
                lambda: export.to_parquet(answer, query, beside()),
                file_name=export.file_name(answer, query, "parquet"),
                mime="application/vnd.apache.parquet",
                icon=":material/table:",
                on_click="ignore",
                key="parquet",
            )
        too = " and the indicators chosen" if chosen else ""
        st.caption(f"Both carry where the candles come from{too}. The same from Python:")
        begin = None if answer.value.empty else pd.Timestamp(answer.value.index[0])
        script = export.to_python(whole, query, lab_seed=hub.settings.lab_seed, chosen=chosen, since=begin)
        st.code(script, language="python", wrap_lines=True)


def _no_answer(hub: Hub, asked: Asked, failed: NoAnswer) -> None:
    """What happened, why, and what can be done about it."""
    snapshot = hub.health()
    st.error(
        f"**No candles of {asked.query.symbol} right now.** "
        + (
            "This machine seems to be offline: no provider could be reached."
            if failed.offline
            else "Nobody who serves them could answer, and nothing was kept from earlier."
        ),
        icon=":material/cloud_off:",
    )
    waits = {
        entry.provider: entry.cooldown
        for entry in sorted(snapshot.endpoints.values(), key=lambda entry: -entry.cooldown)
        if entry.capability == "ohlcv" and entry.cooldown > 0
    }
    unlisted = {
        entry.provider for entry in failed.attempts if entry.outcome in ("unknown_symbol", "skipped_unserved")
    }
    failing = {entry.provider for entry in failed.attempts} - unlisted
    steps = []
    if failed.offline:
        steps.append("Check this machine's network, then press Refresh.")
    if len(unlisted) > len(failing):
        who = "Most providers do not" if failing else "No provider can"
        steps.append(f"{who} serve it: check the spelling, or try another quote currency or interval.")
    if waits:
        provider, wait = min(waits.items(), key=lambda entry: entry[1])
        name = words.plain(_name(hub, provider))
        steps.append(f"{name} may be asked again in {words.span(wait)}: press Refresh then.")
    if hub.lab is not None and (faults := len(hub.lab.faults)):
        said = "1 fault in force: clear it" if faults == 1 else f"{faults} faults in force: clear them"
        steps.append(f"The lab has {said}, then press Refresh.")
    st.markdown("\n".join(f"- {step}" for step in steps or ["Press Refresh to try again."]))
    if not snapshot.lab:
        frame.offer_lab()
    if failed.attempts:
        _attempts(failed.attempts, "attempts_failed")


def _name(hub: Hub, provider: str) -> str:
    return hub.catalog[provider].name if provider in hub.catalog else provider
