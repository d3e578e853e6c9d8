"""The quality page: how good every archived series is, the worst first, and how that went."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.candles.archive import Archive, Series, assess
from core.candles.score import WEIGHTS
from core.charts.quality import history_figure
from core.hub import Hub
from core.ui import authority, words
from core.ui.asked import not_offered, say_wrong
from core.ui.places import CANDLES, REPAIR
from core.ui.quality_table import MEASURES, Judged, grid, shade, texts
from core.ui.work import SOON, Job, progress
from core.uploads import Cancelled

JUDGING = "quality_judging"
"""Session state: the audits under way, or those that this session keeps to itself."""
FRESH = 20
"""Seconds for which scores are not read again."""
ALL = "all"
GOOD = 0.95
"""From here on a series is called good."""


def show(hub: Hub) -> None:
    """The heatmap, then the chosen series; without any, what to do."""
    archive = hub.archive
    series = archive.series()
    if not series:
        st.info(
            "**Nothing is archived yet.** Every candle that is fetched is kept here, and judged. Look at some candles, "
            "or fill the archive on the command line with `kintsugi backfill`.",
            icon=":material/inbox:",
        )
        st.page_link(CANDLES, label="Look at candles", icon=":material/candlestick_chart:")
        return
    own = _judging(archive)
    if own is None:
        return
    entries = [judged(archive, one, own) for one in series]
    provider, measure = _controls(entries)
    entries = [entry for entry in entries if provider in (ALL, entry.series.provider)]
    st.markdown(f"##### {sentence(entries)}")
    chosen = _heatmap(entries, measure)
    _judge(archive, entries)
    if chosen is not None:
        _detail(archive, chosen)


def sentence(entries: Sequence[Judged]) -> str:
    """All series in one sentence."""
    scores = [value for entry in entries if (value := entry.value("quality")) is not None]
    never = sum(entry.newest is None for entry in entries)
    told = [f"{len(entries):,} archived series"]
    if scores:
        good = sum(score >= GOOD for score in scores)
        told.append(
            f"{good:,} of {len(scores):,} judged are at {GOOD} or better, the worst at {min(scores):.2f}"
        )
    if never:
        told.append(f"{never:,} never judged" if scores else "none judged yet")
    return f"{', '.join(told)}."


def judged(archive: Archive, series: Series, own: Mapping[Series, dict[str, Any]]) -> Judged:
    """A series with its newest scores: ``own`` ones of this session, else the archive's."""
    if series in own:
        return Judged(series, own[series])
    scores = _scores(archive, str(archive.path), series)
    return Judged(
        series, None if scores.empty else {str(name): value for name, value in scores.iloc[-1].items()}
    )


@st.cache_resource(ttl=FRESH, max_entries=2000, show_spinner=False)
def _scores(_archive: Archive, path: str, series: Series) -> pd.DataFrame:
    del path  # stands for the archive
    return _archive.scores(series)


def _controls(entries: Sequence[Judged]) -> tuple[str, str]:
    providers = [ALL, *sorted({entry.series.provider for entry in entries})]
    wrong = not_offered("provider", providers, ALL), not_offered("measure", MEASURES, MEASURES[0])
    with st.container(horizontal=True, vertical_alignment="bottom", key="quality_controls"):
        provider = st.selectbox(
            "Provider",
            providers,
            key="provider",
            bind="query-params",
            width=170,
        )
        measure = st.selectbox(
            "Measure",
            MEASURES,
            key="measure",
            bind="query-params",
            width=170,
            help=(
                "*Quality* is the score of the raw candles, *usable* how far their repaired form can be relied on; "
                "the rest are the dimensions of the score."
            ),
        )
    say_wrong(*wrong)
    return provider, measure


def _heatmap(entries: Sequence[Judged], measure: str) -> Judged | None:
    cells = grid(entries, measure)
    shown = texts(cells, entries, measure)
    chosen = st.dataframe(
        shown.style.map(shade, subset=list(cells.columns)),
        hide_index=True,
        height="content" if len(shown) <= 12 else 460,
        column_config={
            "Symbol": st.column_config.TextColumn(pinned=True),
            **{
                name: st.column_config.TextColumn(width="small", alignment="center") for name in cells.columns
            },
        },
        key="quality_heatmap",
        on_select="rerun",
        selection_mode="single-cell",
        placeholder="",
        alt=f"{measure.capitalize()} of every archived series by symbol and interval, the worst first",
    )
    st.caption("0 to 1, the worst first, the stronger the shade the worse. Choose a cell to see its series.")
    picked = chosen["selection"]["cells"]
    if not picked:
        return None
    row, column = picked[0]
    if column not in cells.columns or row >= len(cells):
        return None
    place = int(cells.iloc[row][column])
    return entries[place] if place >= 0 else None


def _judge(archive: Archive, entries: Sequence[Judged]) -> None:
    never = [entry.series for entry in entries if entry.newest is None]
    every = [entry.series for entry in entries]
    with st.container(horizontal=True, vertical_alignment="center", key="quality_judge"):
        if never and len(never) < len(every):
            _button(
                archive, never, f"Judge the {len(never):,} that never were", "quality_never", primary=True
            )
        _button(archive, every, "Judge all now", "quality_all", primary=len(never) == len(every))
        if authority.refused():
            st.caption("From here the scores are for you alone: whoever runs this server keeps them.")


def _button(archive: Archive, series: Sequence[Series], label: str, key: str, *, primary: bool) -> None:
    st.button(
        label,
        icon=":material/rule:",
        key=key,
        type="primary" if primary else "secondary",
        on_click=_start,
        args=(archive, tuple(series)),
    )


def _start(archive: Archive, series: tuple[Series, ...]) -> None:
    record = not authority.refused()

    def work(job: Job[dict[Series, dict[str, Any]]]) -> dict[Series, dict[str, Any]]:
        found: dict[Series, dict[str, Any]] = {}
        for number, one in enumerate(series):
            job.step(number / len(series), f"{number + 1} of {len(series)}, {one}")
            held = assess(archive, one, record=record)
            newest = {
                "score": held.raw.score,
                "usable": held.usable,
                "rows": held.raw.rows,
                "expected": held.raw.expected,
            }
            found[one] = {**newest, **{name: held.raw.dimensions.get(name) for name in WEIGHTS}}
        return found

    st.session_state[JUDGING] = (str(archive.path), Job("Judging", work))
    _scores.clear()


def _judging(archive: Archive) -> Mapping[Series, dict[str, Any]] | None:
    """Scores that this session has just made; None while they are being made."""
    path, job = st.session_state.get(JUDGING, ("", None))
    if job is None or path != str(archive.path):
        return {}
    if job.cancelled:
        st.info("Judging was cancelled; what was judged until then is kept.", icon=":material/cancel:")
        del st.session_state[JUDGING]
        _scores.clear()
        return {}
    if not job.wait(SOON):
        progress(job)
        return None
    try:
        found: Mapping[Series, dict[str, Any]] = job.result()
    except (OSError, ValueError, Cancelled) as error:
        st.error(f"**Not all could be judged.** {words.plain(str(error))}.", icon=":material/error:")
        return {}
    return found


def _detail(archive: Archive, chosen: Judged) -> None:
    series = chosen.series
    st.markdown(f"##### {words.plain(str(series))}")
    if chosen.newest is not None:
        with st.container(horizontal=True, gap="medium", key="quality_dimensions"):
            for name in MEASURES:
                value = chosen.value(name)
                st.metric(name.capitalize(), "–" if value is None else f"{value:.2f}", width="content")
    scores = _scores(archive, str(archive.path), series)
    if len(scores) > 1:
        st.plotly_chart(
            history_figure(scores),
            key="quality_history",
            config={"displayModeBar": False},
            alt=f"Quality of {series} over {len(scores)} audits, now {_last(scores)}",
        )
    elif chosen.newest is not None:
        st.caption("Its history begins with this audit: the next one draws a line.")
    with st.container(horizontal=True, key="quality_ways"):
        st.page_link(
            REPAIR, label="See what is wrong, and repair it", icon=":material/healing:",
            query_params={"series": str(series)},
        )  # fmt: skip
        st.page_link(
            CANDLES, label="Look at its candles", icon=":material/candlestick_chart:",
            query_params={"symbol": series.symbol, "interval": series.interval},
        )  # fmt: skip


def _last(scores: pd.DataFrame) -> str:
    newest = scores["score"].iloc[-1]
    return "too little to judge" if pd.isna(newest) else f"{newest:.2f}"
