"""An audit on a page: one line, the score in its dimensions, the table of defects worst first."""

import numpy as np
import pandas as pd
import streamlit as st

from core.candles import Audit
from core.candles import words as said
from core.candles.score import FEWEST, TOLERANCE, WEIGHTS
from core.ui.words import listed, plain

SHOWN = 500
"""Rows of a table of defects; the rest is counted."""
_NO_TOLERANCE = 0.05


def line(a: Audit) -> str:
    """The audit in a line: score, usable, and what is wrong, the worst three first."""
    found = [f"{count:,} {name}" for name, count in groups(a.defects)]
    wrong = ", ".join(found[:3]) + (f" and {len(found) - 3} more kinds" if len(found) > 3 else "")
    if a.score is None:
        start = f"Quality: too little to judge, {a.rows:,} of at least {FEWEST} candles"
    else:
        start = f"Quality {a.score:.2f} · usable {a.usable:.2f}"
    return f"{start} · {wrong or f'nothing wrong found in {a.rows:,} candles'}"


def groups(defects: pd.DataFrame) -> list[tuple[str, int]]:
    """Defects by kind and cause in words, with their candles, those first that cost the score most."""
    if defects.empty:
        return []
    sums = defects.groupby(["kind", "cause"], observed=True, sort=False)["count"].sum()
    kinds, causes = (sums.index.get_level_values(name).astype(str) for name in ("kind", "cause"))
    entries = list(zip(kinds, causes, sums.tolist(), strict=True))
    entries.sort(key=lambda entry: -entry[2] * _weight(entry[0]))
    return [(said.kind(kind) + _why(cause), count) for kind, cause, count in entries]


def worst_first(defects: pd.DataFrame) -> pd.DataFrame:
    """The defects, those first that cost the score most; their index says where they stood."""
    cost = defects["count"].to_numpy() * defects["kind"].astype(str).map(_weight).to_numpy(np.float64)
    return defects.iloc[np.argsort(-cost, kind="stable")]


def _weight(kind: str) -> float:
    return 1 / TOLERANCE.get(said.FALLS_UNDER[kind], _NO_TOLERANCE)


def _why(cause: str) -> str:
    return "" if cause == "unknown" else f" ({said.cause(cause)})"


def score(a: Audit) -> None:
    """The dimensions, how sure they are, and what could not be assessed."""
    if a.score is None:
        st.markdown(
            f"**Too little to judge**: {a.rows:,} candles, and a score needs {FEWEST}. What was found is below."
        )
    rows = [
        (
            name.capitalize(),
            f"{value:.3f}",
            f"at most {a.bounds[name][1]:.2%}" if name in a.bounds else "",
            said.DIMENSIONS[name],
        )
        for name, value in a.dimensions.items()
    ]
    if rows:
        table = pd.DataFrame(rows, columns=["Dimension", "Quality", "Defect rate, 95 % sure", "What it says"])
        st.table(table.set_index("Dimension"), border="horizontal", alt="Quality by dimension")
    left = [name for name in WEIGHTS if name not in a.dimensions]
    notes = [f"Assessed: {a.assessed:.0%} of the score's weights."]
    if left:
        notes.append(f"Not assessed, for want of evidence: {listed(left)}.")
    if a.gated:
        notes.append("Capped at 0.5: candles were out of order, or held values that are no numbers.")
    notes.append("No repair raises the score; *usable* is how far the repaired series can be relied on.")
    st.caption(" ".join(notes))
    for note in a.notes:
        st.caption(f":material/info: {plain(note)}")


def rows_of(defects: pd.DataFrame) -> pd.DataFrame:
    """Defects as people read them: when in UTC, what, why, how many candles."""
    part = worst_first(defects).head(SHOWN)
    kinds = part["kind"].astype(str)
    return pd.DataFrame(
        {
            "Defect": [said.kind(kind).capitalize() for kind in kinds],
            "From": part["start"].dt.tz_localize(None),
            "To": part["end"].dt.tz_localize(None),
            "Candles": part["count"].to_numpy(),
            "Cause": [said.cause(str(cause)) for cause in part["cause"]],
            "Detail": [
                detail or said.KINDS[kind][1] for detail, kind in zip(part["detail"], kinds, strict=True)
            ],
        }
    )


WHEN = {
    name: st.column_config.DatetimeColumn(name + ", UTC", format="YYYY-MM-DD HH:mm", width=130)
    for name in ("From", "To")
}
"""Column settings of :func:`rows_of`."""


def defects(a: Audit) -> None:
    """The table, to be read only."""
    if a.defects.empty:
        st.markdown(":material/check_circle: Nothing wrong was found.")
        return
    st.dataframe(
        rows_of(a.defects),
        hide_index=True,
        height="content" if len(a.defects) <= 8 else 320,
        column_config={**WHEN, "Detail": st.column_config.TextColumn(width="large")},
        alt=f"{len(a.defects)} defects, the worst first",
    )
    if len(a.defects) > SHOWN:
        st.caption(f"The worst {SHOWN} of {len(a.defects):,}.")
