"""A repair on its page: what was wrong, before and after in gold, the repairs one by one, and the way back."""

import pandas as pd
import streamlit as st

from core import charts, export_repair
from core.candles import Repair
from core.mend import Mended
from core.ui import mending, quality_parts, repair_chart, repair_desk, repair_table, words
from core.ui.repair_desk import Applied, Desk

LOOK = "repair_look"
SUGGESTED, APPLIED = "suggested", "applied"
WHEN = quality_parts.WHEN


def show(desk: Desk, result: Repair, *, raw: bool) -> None:
    """Everything about one repair. ``raw``: show the candles as they came."""
    standing = repair_desk.applied(desk, result)
    _figures(result)
    look = _look(standing)
    chart = st.container(key="repair_chart_place")
    _actions(desk, result, standing, look)
    # named without counts: a tab whose name changes is another, and the first opens again
    defects, repairs, quality = st.tabs(["What is wrong", "Repairs", "Quality"])
    with defects:
        focus = _defects(desk, result)
    with repairs:
        table = standing if standing is not None and look == APPLIED else None
        focus = _repairs(desk, result, table) or focus
    with quality:
        quality_parts.score(result.before)
    if isinstance(result, Mended):
        _asked(result)
    with chart:
        repair_chart.draw(
            desk, repair_chart.shown(result, standing if look == APPLIED else None, focus, raw=raw)
        )
    if standing is not None and look == APPLIED:
        _hand_over(desk, result, standing)


def _figures(result: Repair) -> None:
    before = result.before
    touched = charts.repaired(result.frame)
    with st.container(horizontal=True, gap="medium", key="repair_figures"):
        score = "–" if before.score is None else f"{before.score:.2f}"
        st.metric(
            "Quality",
            score,
            help="Of the candles as they came, 0 to 1. No repair raises it.",
            width="content",
        )
        st.metric(
            "Usable",
            f"{result.usable:.2f}",
            f"{gain:+.2f} by repair" if (gain := result.usable - before.usable) >= 0.005 else "as before",
            delta_color="off",
            delta_arrow="off",
            width="content",
            help="Mean trust in the candles over all that are expected, 0 to 1.",
        )
        st.metric("Candles", f"{before.rows:,}", f"{before.expected:,} expected", delta_color="off",
                  delta_arrow="off", width="content")  # fmt: skip
        st.metric("Repaired", f"{int(touched.sum()):,}", width="content")
        st.metric("Left open", f"{int(result.left_open['count'].sum()):,}", width="content")
    if said := mending.summary(result):
        st.markdown(said)


def _look(standing: Applied | None) -> str:
    """Whether the suggested repair is looked at, or what stands."""
    if standing is None:
        st.session_state.pop(LOOK, None)
        return SUGGESTED
    found = st.segmented_control(
        "Repairs",
        [SUGGESTED, APPLIED],
        default=None if LOOK in st.session_state else APPLIED,
        required=True,
        key=LOOK,
        help="What would be done by the limits below, or what was applied.",
    )
    return found or APPLIED


def _actions(desk: Desk, result: Repair, standing: Applied | None, look: str) -> None:
    count = int(result.ledger.index.nunique())
    if not count and standing is None:
        st.info("There is nothing to repair by these limits.", icon=":material/check_circle:")
        return
    reason = repair_desk.refused(desk)
    with st.container(horizontal=True, vertical_alignment="center", key="repair_actions"):
        if look == SUGGESTED:
            st.button(
                f"Apply {words.count(count, 'repair')}",
                type="primary",
                icon=":material/healing:",
                key="repair_apply",
                disabled=not count or bool(reason),
                on_click=_apply,
                args=(desk, result),
            )
            if standing is not None:
                st.caption("Repairs stand already; applying replaces those to the same candles.")
        elif standing is not None:
            st.button(
                "Undo all",
                icon=":material/undo:",
                key="repair_undo_all",
                disabled=bool(reason),
                on_click=_undo,
                args=(desk, result, None),
            )
            left = int(standing.ledger.index.nunique())
            where = "over the archived series" if desk.series else "in this session"
            st.markdown(f":material/check_circle: **{words.count(left, 'repair')} applied** {where}.")
        if reason:
            st.caption(f"Repairs of a shared series cannot be changed from here: {reason}.")


def _apply(desk: Desk, result: Repair) -> None:
    repair_desk.apply(desk, result)
    st.session_state[LOOK] = APPLIED


def _undo(desk: Desk, result: Repair, numbers: set[int] | None) -> None:
    repair_desk.undo(desk, result, numbers)


def _again(desk: Desk, result: Repair, numbers: set[int]) -> None:
    repair_desk.again(desk, result, numbers)


def _defects(desk: Desk, result: Repair) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    found = result.before.defects
    if found.empty:
        st.markdown(":material/check_circle: Nothing wrong was found.")
        return None
    chosen = st.dataframe(
        quality_parts.rows_of(found),
        hide_index=True,
        height="content" if len(found) <= 8 else 320,
        column_config={**WHEN, "Detail": st.column_config.TextColumn(width="large")},
        key=f"defects_{desk.key}",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"{words.count(len(found), 'defect')}, the worst first",
    )
    more = f" The worst {quality_parts.SHOWN} of {len(found):,}." if len(found) > quality_parts.SHOWN else ""
    st.caption(f"Choose one to see it in the chart.{more}")
    rows = chosen["selection"]["rows"]
    if not rows:
        return None
    row = quality_parts.worst_first(found).iloc[rows[0]]
    return row["start"], row["end"]


def _repairs(
    desk: Desk, result: Repair, standing: Applied | None
) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    table = standing.repairs if standing is not None else repair_table.repairs(result.ledger)
    if table.empty:
        st.markdown("None.")
        return None
    undone = set(standing.undone) if standing is not None else set()
    chosen = st.dataframe(
        repair_table.shown(table, undone),
        hide_index=True,
        height="content" if len(table) <= 8 else 320,
        column_config={**WHEN, "Reason": st.column_config.TextColumn(width="large")},
        key=f"repairs_{desk.key}_{standing is not None}",
        on_select="rerun",
        selection_mode="multi-row",
        alt=f"{words.count(len(table), 'repair')}, in order",
    )
    rows = chosen["selection"]["rows"]
    numbers = {int(table.index[row]) for row in rows if row < len(table)}
    if standing is not None:
        _take_back(desk, result, numbers - undone, numbers & undone)
    else:
        st.caption("Choose one to see it in the chart. Once applied, each can be taken back by itself.")
    if not numbers:
        return None
    part = table.loc[sorted(numbers)]
    return part["start"].min(), part["end"].max()


def _take_back(desk: Desk, result: Repair, back: set[int], forth: set[int]) -> None:
    reason = repair_desk.refused(desk)
    with st.container(horizontal=True, vertical_alignment="center", key="repair_some"):
        st.button(
            f"Undo {len(back):,} chosen" if back else "Undo chosen",
            icon=":material/undo:",
            key="repair_undo",
            disabled=not back or bool(reason),
            on_click=_undo,
            args=(desk, result, back),
        )
        if desk.series is None:
            st.button(
                f"Apply {len(forth):,} again" if forth else "Apply again",
                icon=":material/redo:",
                key="repair_again",
                disabled=not forth,
                on_click=_again,
                args=(desk, result, forth),
            )


def _asked(result: Mended) -> None:
    """Who was asked for this repair, and what came."""
    with st.expander(
        f"{words.count(len(result.asked), 'request')} to other sources", icon=":material/forum:", key="asked"
    ):
        if not result.asked:
            st.markdown("Nothing was worth asking for.")
        st.markdown("\n".join(f"- {words.plain(str(one))}" for one in result.asked))
        if result.witnesses:
            st.markdown(
                f"Heard as witnesses: {words.listed([words.plain(one) for one in result.witnesses])}."
            )
        for note in result.notes:
            st.caption(f":material/info: {words.plain(note)}")


def _hand_over(desk: Desk, result: Repair, standing: Applied) -> None:
    with st.expander("Take it with you", icon=":material/download:", key="repair_take"):
        with st.container(horizontal=True, key="repair_downloads"):
            for form, icon, mime in (
                ("csv", "csv", "text/csv"),
                ("parquet", "table", "application/vnd.apache.parquet"),
            ):
                _download(desk, result, standing, "repaired", form, icon, mime)
                _download(desk, result, standing, "ledger", form, icon, mime)
        st.caption(
            "Every candle says its source and method, repaired ones also why and whether later candles were used. "
            "The ledger holds every value before and after: with the file as it was it gives the same again."
        )


def _download(
    desk: Desk, result: Repair, standing: Applied, what: str, form: str, icon: str, mime: str
) -> None:
    def data() -> bytes:
        if what == "ledger":
            return export_repair.ledger(standing.ledger, form)  # type: ignore[arg-type]
        return export_repair.result(result, standing.frame, desk.name, form)  # type: ignore[arg-type]

    title = {"repaired": "Result", "ledger": "Ledger"}[what]
    st.download_button(
        f"{title}, {'CSV' if form == 'csv' else 'Parquet'}",
        data,
        file_name=export_repair.file_name(desk.name, what, form),  # type: ignore[arg-type]
        mime=mime,
        icon=f":material/{icon}:",
        on_click="ignore",
        key=f"repair_{what}_{form}",
    )
