"""The activity page: the journal, filtered, page by page, and to take along."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from core.export_events import events_csv, events_json
from core.hub import Hub
from core.ops.events import BY_KIND, Event
from core.ops.read_events import MOST
from core.ui import pager, words
from core.ui.asked import not_offered, say_wrong

PAGE = 50
PLACE = "activity_place"
"""Session state: which page of the list."""
SINCE: dict[str, float | None] = {"1 hour": 3600.0, "24 hours": 86_400.0, "7 days": 604_800.0, "all": None}
KINDS = {
    "attempt": ("✕", "attempt failed"),
    "dissent": ("≠", "untrue data"),
    "circuit_opened": ("╱", "circuit opened"),
    "circuit_half_open": ("┄", "circuit half open"),
    "circuit_closed": ("─", "circuit closed"),
    "cooldown": ("‖", "cooldown"),
    "state": ("◐", "state changed"),
    "network": ("⌁", "network"),
    "heal_step": ("·", "healing step"),
    "heal": ("✚", "healing"),
    "repair": ("◆", "candles repaired"),
    "alert": ("!", "alert"),
    "admin": ("☞", "a person's action"),
    "test": ("?", "endpoints tested"),
    "setting": ("⚙", "setting changed"),
    "hub": ("◉", "hub opened or closed"),
    "shape": ("≢", "shape changed"),
    "lost": ("∅", "rows lost"),
}
"""Kind of event → sign and word."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for; as :meth:`core.ops.read_events.EventReader.events` takes it."""

    kinds: tuple[str, ...]
    target: str | None
    who: str | None
    text: str
    since: float | None

    def arguments(self) -> dict[str, Any]:
        """For the reader."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @property
    def any(self) -> bool:
        """Whether something is left out, time aside."""
        return bool(self.kinds or self.target or self.who or self.text)


def show(hub: Hub) -> None:
    """Filters, a page of the journal, one event in full, files."""
    filters = _filters()
    same = (filters.kinds, filters.target, filters.who, filters.text, st.session_state["since"])
    before = pager.before(PLACE, same)
    events = hub.journal.events(
        **filters.arguments(), limit=PAGE + 1, before=None if before is None else int(before)
    )
    shown = events[:PAGE]
    if not shown:
        _empty(hub, filters, before)
        return
    _table(shown)
    _pages(shown, more=len(events) > PAGE)
    _take(hub, filters)


def line(event: Event) -> str:
    """Sign and word of its kind."""
    return " ".join(KINDS[event.kind])


def table(events: Sequence[Event], now: float) -> pd.DataFrame:
    """A row an event."""
    return pd.DataFrame(
        {
            "Time (UTC)": pd.to_datetime([one.time for one in events], unit="s"),
            "": [words.ago(now - one.time) for one in events],
            "What": [line(one) for one in events],
            "About": [words.cell(one.target) or "the hub" for one in events],
            "Who": [words.cell(one.who) for one in events],
            "Detail": [words.cell(" ".join(one.detail.split())) for one in events],
        }
    )


def _filters() -> Filters:
    wrong = [not_offered("since", SINCE, "24 hours")]
    wrong += [
        words.plain(f"kind={kind[:20]!r}: expected some of {words.listed(list(KINDS))}") + ". It is left out."
        for kind in _given("kind")
        if kind not in KINDS
    ]
    with st.container(horizontal=True, vertical_alignment="bottom", key="activity_filters"):
        kinds = st.multiselect(
            "What",
            list(BY_KIND),
            key="kind",
            bind="query-params",
            placeholder="everything",
            width=320,
        )
        target = st.text_input(
            "About",
            key="target",
            bind="query-params",
            placeholder="kraken/ohlcv",
            help="A provider, `kraken/ohlcv`, an endpoint, or `model:NAME`: and all within it.",
            width=190,
        )
        text = st.text_input("Detail contains", key="text", bind="query-params", width=170)
        who = st.text_input(
            "Who", key="who", bind="query-params", placeholder="engine, monitor, heal …", width=170
        )
        since = st.selectbox("Since", list(SINCE), index=1, key="since", bind="query-params", width=120)
    say_wrong(*wrong)
    seconds = SINCE[since]
    # To the minute, so that pages of one list begin at the same place.
    start = None if seconds is None else (time.time() - seconds) // 60 * 60
    return Filters(
        tuple(kinds), (target or "").strip() or None, (who or "").strip() or None, text or "", start
    )


def _given(field: str) -> list[str]:
    return [part for one in st.query_params.get_all(field) for part in one.split(",") if part]


def _table(events: Sequence[Event]) -> None:
    chosen = st.dataframe(
        table(events, time.time()),
        hide_index=True,
        height=560,
        column_config={
            "Time (UTC)": st.column_config.DatetimeColumn(format="DD MMM YYYY HH:mm:ss", width=160),
            "": st.column_config.TextColumn(width=90),
            "What": st.column_config.TextColumn(width=150),
            "About": st.column_config.TextColumn(width=230),
            "Who": st.column_config.TextColumn(width=90),
            "Detail": st.column_config.TextColumn(width=420),
        },
        key="activity_table",
        on_select="rerun",
        selection_mode="single-row",
        placeholder="",
        alt=f"{len(events)} events of the journal, the newest first",
    )
    rows = chosen["selection"]["rows"]
    if rows and rows[0] < len(events):
        event = events[rows[0]]
        st.markdown(f"**{line(event)}**, {words.utc(event.time)}, event {event.id}")
        st.json(event.as_dict())
    else:
        st.caption("Choose a row to see all of an event.")


def _pages(shown: Sequence[Event], *, more: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="activity_pages"):
        pager.ways(PLACE, shown[-1].id if more else None)
        st.caption(
            f"Page {pager.number(PLACE)}: {words.count(len(shown), 'event')}, {words.utc(shown[-1].time)} "
            f"to {words.utc(shown[0].time)}"
        )


def _take(hub: Hub, filters: Filters) -> None:
    told = {
        "what": "Kintsugi journal",
        "lab": "yes: simulated data" if hub.hub.simulated else "no",
        "kinds": ", ".join(filters.kinds) or "all",
        "about": filters.target or "everything",
        "text": filters.text or "any",
        "who": filters.who or "anybody",
        "since": "all" if filters.since is None else words.utc(filters.since),
        "order": f"newest first, at most {MOST:,}",
    }

    def found() -> list[Event]:
        return hub.journal.events(**filters.arguments(), limit=MOST)

    name = f"kintsugi_journal{'_LAB' if hub.hub.simulated else ''}"
    with st.container(horizontal=True, vertical_alignment="center", key="activity_take"):
        st.download_button(
            "CSV",
            lambda: events_csv(told, found()),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/csv:",
            on_click="ignore",
            key="journal_csv",
        )
        st.download_button(
            "JSON",
            lambda: events_json(told, found()),
            file_name=f"{name}.json",
            mime="application/json",
            icon=":material/data_object:",
            on_click="ignore",
            key="journal_json",
        )
        st.caption(f"All that the filters let through, at most {MOST:,} events.")


def _empty(hub: Hub, filters: Filters, before: float | None) -> None:
    if before is not None:
        said = "**No older events.** Go back with *Newer*."
    elif filters.any:
        said = "**Nothing fits these filters.** Leave one out, or look further back."
    elif any(hub.journal.counts().values()):
        said = "**Nothing happened in this time.** Look further back."
    else:
        said = "**The journal is empty.** What happens from now on is written here."
    st.info(said, icon=":material/inbox:")
    if before is not None:
        pager.ways(PLACE, None)
