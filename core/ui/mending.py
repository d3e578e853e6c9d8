"""The candles page's repairs: which version is shown, what was done, and how good the series is."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import streamlit as st

from core.answer import Answer
from core.candles import Repair, RepairPolicy, repair
from core.candles import words as said
from core.charts import Repairs, repaired
from core.market import CandleQuery
from core.ui import quality_parts
from core.ui.asked import Asked
from core.ui.places import REPAIR
from core.ui.words import count, listed, plain

KEEPING = ("merge", "snap", "retimed", "dropped", "sort")
"""Methods that move, keep or set aside whole candles."""
KEPT = 24
"""Repaired answers kept in memory, for all sessions."""


@dataclass(frozen=True, slots=True)
class Mended:
    """An answer's candles in the version that is shown, and the repair behind it."""

    frame: pd.DataFrame
    repair: Repair
    gaps: pd.DataFrame
    """Gaps in the frame: ``start end count cause``."""
    raw: bool
    source: str
    """Who gave the candles."""

    def drawn(self) -> Repairs:
        """What the chart shows beside the candles."""
        return Repairs(None if self.raw else self.repair.ledger, self.gaps)


def mend(asked: Asked, answer: Answer[pd.DataFrame]) -> Mended:
    """Repair an answer's candles by themselves: nothing is fetched, and equal answers are repaired once."""
    query: CandleQuery = asked.query
    view: Literal["best", "as_known"] = "as_known" if asked.shown == "as_known" else "best"
    key = f"{query.key()} {answer.source} {answer.host} {answer.fetched} {answer.lab} {len(answer.value)}"
    result = _repaired(key, view, query.interval, answer.value, answer.fetched, query.seconds)
    if asked.shown != "raw":
        return Mended(result.frame, result, result.left_open, raw=False, source=answer.source)
    defects = result.before.defects
    return Mended(answer.value, result, defects[defects["kind"] == "missing"], raw=True, source=answer.source)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _repaired(
    key: str,
    view: Literal["best", "as_known"],
    interval: str,
    _frame: pd.DataFrame,
    fetched: float,
    seconds: int,
) -> Repair:
    del key  # stands for the frame
    # The hub hands out closed candles only, by its providers' clocks; ours may be behind them.
    now = max(fetched, _frame.index[-1].timestamp() + seconds)
    return repair(_frame, interval, RepairPolicy(view=view), now=now)


def caption(mended: Mended, window: pd.DataFrame) -> list[str]:
    """How to read gold and shade in this window."""
    touched = int(repaired(window).sum())
    told = []
    if touched:
        told.append(f"Gold, with ◆ above: {touched:,} repaired.")
    if left := open_in(mended.gaps, window):
        told.append(f"Shaded: {left:,} {'missing' if mended.raw else 'left open'}.")
    return told


def alt(mended: Mended, window: pd.DataFrame) -> str:
    """The same for those who do not see the chart."""
    left = open_in(mended.gaps, window)
    parts = [
        f"{int(repaired(window).sum()):,} of them repaired" if repaired(window).any() else "",
        f"{left:,} {'missing' if mended.raw else 'left open'}" if left else "",
    ]
    return "".join(f", {part}" for part in parts if part)


def open_in(gaps: pd.DataFrame | None, window: pd.DataFrame) -> int:
    """Candles of gaps that reach into these candles."""
    if gaps is None or gaps.empty or window.empty:
        return 0
    inside = (gaps["end"] >= window.index[0]) & (gaps["start"] <= window.index[-1])
    return int(gaps["count"].to_numpy()[inside.to_numpy()].sum())


@st.fragment
def quality(asked: Asked, mended: Mended, before: int) -> None:
    """A line that opens to the whole audit. ``before``: candles in it that stand before the window."""
    found = mended.repair.before
    defects = found.defects
    outside = before and len(defects) and not (defects["end"] >= mended.frame.index[before]).any()
    opened = st.expander(
        quality_parts.line(found) + (" · all before this window" if outside else ""),
        icon=":material/rule:",
        key="quality_detail",
        on_change="rerun",
    )
    if not opened.open:
        return
    with opened:
        if before:
            st.caption(f"The {before:,} candles before the window, for the indicators, are counted too.")
        if said := summary(mended.repair):
            st.markdown(said)
        quality_parts.score(found)
        quality_parts.defects(found)
        _left_open(mended.repair.left_open)
        st.page_link(
            REPAIR,
            label="Repair it with your own limits, one by one, and with the way back",
            icon=":material/healing:",
            query_params={"series": f"{mended.source} {asked.query.symbol} {asked.query.interval}"},
        )


def summary(result: Repair) -> str:
    """What the repair did, in a few sentences; ``""`` for nothing."""
    frame, ledger = result.frame, result.ledger
    view = "best estimate" if result.policy.view == "best" else "as known"
    methods = Counter(frame["method"].astype(str).to_numpy()[repaired(frame)].tolist())
    parts = []
    if methods:
        parts.append(f"**{count(sum(methods.values()), 'candle')} repaired** ({view}): {_each(methods)}.")
    if again := int((frame["method"] == "refetch").sum()):
        parts.append(f"{count(again, 'candle')} fetched again from the venue: observed, so not gold.")
    others = ledger.loc[ledger["method"].isin(KEEPING)]
    if kinds := Counter(others.groupby(level="repair")["method"].first().astype(str).tolist()):
        parts.append(f"No value made up: {_each(kinds)}.")
    later = ledger.loc[ledger["uses_future"].to_numpy(np.bool_), "time"].nunique()
    if later:
        parts.append(f"{later:,} rest{'s' * (later == 1)} on later candles; *as known* has none of these.")
    if left := int(result.left_open["count"].sum()):
        parts.append(f"{count(left, 'candle')} stay{'s' * (left == 1)} open.")
    return " ".join(parts)


def _each(counts: Mapping[str, int]) -> str:
    return listed([f"{number:,} {plain(said.method(name))}" for name, number in sorted(counts.items())])


def _left_open(gaps: pd.DataFrame) -> None:
    for reason, part in gaps.groupby("reason", sort=False):
        left = count(int(part["count"].sum()), "candle")
        st.markdown(f"- Left open, {left} in {count(len(part), 'gap')}: {plain(str(reason))}")
