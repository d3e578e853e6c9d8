"""An archived series on the repair page: chosen, or fetched first; what its venue amended since."""

import pandas as pd
import streamlit as st

from core.answer import KintsugiError, NoAnswer
from core.candles.archive import Archive, Series, evidence
from core.candles.frame import venue_of
from core.hub import Hub
from core.market import INTERVALS, CandleQuery
from core.ui import authority, spending
from core.ui.asked import SYMBOLS, WINDOWS, rows_of
from core.ui.places import CANDLES
from core.ui.repair_desk import Desk, record
from core.ui.words import count, plain

KEY, SPAN = "series", "span"
ALL = "all"
SPANS = (*WINDOWS, ALL)
DEFAULT_SPAN = "1mo"
PROBLEM = "series_problem"
"""Session state: why a series could not be fetched."""


def choose(hub: Hub) -> Desk | None:
    """The series and its span; without any, what to do."""
    archive = hub.archive
    held = {str(series): series for series in archive.series()}
    asked = st.query_params.get(KEY)
    if asked is not None and asked not in held:
        st.warning(
            f"{plain(f'series={asked[:60]!r}')}: the archive has no such series. Fetch it first, or choose another.",
            icon=":material/link_off:",
        )
    with st.container(horizontal=True, vertical_alignment="bottom", key="series_choice"):
        name = _name(list(held)) if held else None
        span = _span() if held else ALL
        ask = _ask() if held else False
        _fetch_another(hub)
    if problem := st.session_state.pop(PROBLEM, ""):
        st.error(problem, icon=":material/cloud_off:")
    if name is None:
        st.info(
            "**Nothing is archived yet.** Candles that are looked at are kept: fetch some here, or look at them.",
            icon=":material/inbox:",
        )
        st.page_link(CANDLES, label="Look at candles", icon=":material/candlestick_chart:")
        return None
    desk = _desk(archive, held[name], span, ask=ask)
    if desk.raw.empty:
        st.info(f"The archive has no candles of {plain(name)} in this span.", icon=":material/inbox:")
        return None
    _revisions(archive, held[name])
    return desk


def _name(names: list[str]) -> str:
    found: str = st.selectbox(
        "Series",
        names,
        key=KEY,
        bind="query-params",
        width=280,
        help="Of the archive: provider, symbol, interval. Type to search.",
    )
    return found


def _span() -> str:
    found: str = st.selectbox(
        "Span",
        SPANS,
        index=SPANS.index(DEFAULT_SPAN),
        key=SPAN,
        bind="query-params",
        width=110,
        help="How far back from its newest candle the series is looked at.",
    )
    return found


def _ask() -> bool:
    return st.toggle(
        "Ask other sources",
        key="ask",
        bind="query-params",
        help=(
            "Over the network, within everybody's quotas: the venue again, finer candles, other venues of the same "
            "quote currency, and other symbols as witnesses. Else only what the archive holds is used."
        ),
    )


def _desk(archive: Archive, series: Series, span: str, *, ask: bool) -> Desk:
    held = archive.held(series)
    start = None
    if held.end is not None and span != ALL:
        start = held.end - pd.Timedelta(seconds=WINDOWS[span])
    mark = f"{series} {span} {archive.path} {held.rows} {held.end} {held.repairs} {held.revisions}"
    raw, siblings, reference = _frames(mark, archive, series, start)
    sources = None if reference is None else {str(venue_of(reference.attrs)): reference}
    key = f"{series} {span} {ask} {archive.path} {len(raw)} {held.end} {list(sources or ())}"
    return Desk(
        key,
        str(series),
        raw,
        series.interval,
        series.symbol,
        sources=sources,
        siblings=siblings,
        archive=archive,
        series=series,
        ask=ask,
    )


@st.cache_resource(max_entries=16, ttl=60, show_spinner=False)
def _frames(
    mark: str, _archive: Archive, _series: Series, _start: pd.Timestamp | None
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], pd.DataFrame | None]:
    """The series as repairs see it, and what the archive knows beside it; not read again at every click."""
    del mark  # stands for the rest
    raw = _archive.basis(_series, _start)
    if raw.empty:
        return raw, {}, None
    stop = raw.index[-1] + pd.Timedelta(seconds=_series.seconds)
    return raw, *evidence(_archive, _series, raw.index[0], stop)


def _fetch_another(hub: Hub) -> None:
    with st.popover("Fetch candles", icon=":material/download:"):
        st.selectbox("Symbol", SYMBOLS, key="fetch_symbol", accept_new_options=True)
        st.selectbox("Interval", list(INTERVALS), index=list(INTERVALS).index("1h"), key="fetch_interval")
        st.selectbox("Window", list(WINDOWS), index=list(WINDOWS).index("1mo"), key="fetch_window")
        st.button("Fetch", type="primary", key="fetch", on_click=_fetch, args=(hub,))


def _fetch(hub: Hub) -> None:
    if not spending.affordable():
        return
    state = st.session_state
    try:
        rows, _ = rows_of(state["fetch_interval"], state["fetch_window"])
        query = CandleQuery(state["fetch_symbol"] or "", state["fetch_interval"], limit=rows)
        answer = hub.fetch(query, refresh=True)
        hub.settled()
        series = Series(answer.source, query.symbol, query.interval)
        if series in hub.archive.series():
            state[KEY] = str(series)
        else:
            state[PROBLEM] = (
                "The candles were fetched, and the archive did not keep them: it is switched off "
                "(`KINTSUGI_ARCHIVE`), or another process writes this data folder."
            )
    except (NoAnswer, ValueError, KintsugiError) as error:
        state[PROBLEM] = f"**Nothing was fetched.** {plain(str(error))}."


def _revisions(archive: Archive, series: Series) -> None:
    """Closed candles that the venue says something else of now; the first version stays until accepted."""
    offered = archive.revisions(series)
    if offered.empty:
        return
    candles = count(offered["time"].nunique(), "candle")
    with st.expander(f"{candles} amended by the venue since", icon=":material/published_with_changes:"):
        times = {
            name: pd.to_datetime(offered[name], utc=True).dt.tz_localize(None) for name in ("time", "seen")
        }
        table = offered.assign(**times)
        st.dataframe(
            table.rename(
                columns={
                    "time": "Candle, UTC",
                    "field": "Field",
                    "before": "First",
                    "after": "Now",
                    "seen": "Seen, UTC",
                }
            ),
            hide_index=True,
            alt=f"{candles} amended, with what was first and what is said now",
        )
        if reason := authority.refused():
            st.caption(f"They cannot be accepted from here: {reason}.")
        else:
            st.button(
                "Accept them all", icon=":material/check:", key="revisions_accept", on_click=_accept,
                args=(archive, series),
            )  # fmt: skip


def _accept(archive: Archive, series: Series) -> None:
    if not authority.denied(f"accept amended candles of {series}"):
        record(series, f"{archive.accept(series):,} amended candles accepted")
