"""The chart of a repair: the candles as they came, as they would be, or as they stand, near what was chosen."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.candles import Repair
from core.candles.frame import SECOND, micros
from core.charts import Repairs
from core.market import CANDLE_FIELDS, INTERVALS
from core.ui import mending, words
from core.ui.repair_desk import Applied, Desk

AROUND, WHOLE = 60, 300
"""Candles shown on either side of what was chosen; and how many are too few to look closer."""


@dataclass(frozen=True)
class Shown:
    """What the chart shows: a frame, what is said of it, and the span that was chosen in a table."""

    frame: pd.DataFrame
    repairs: Repairs
    focus: tuple[pd.Timestamp, pd.Timestamp] | None = None


def shown(
    result: Repair, standing: Applied | None, focus: tuple[pd.Timestamp, pd.Timestamp] | None, *, raw: bool
) -> Shown:
    """What is to be drawn: the raw candles, the suggested repair, or what stands."""
    if raw:
        gaps = result.before.defects
        return Shown(drawable(result.raw), Repairs(gaps=gaps[gaps["kind"] == "missing"]), focus)
    before = drawable(result.raw)
    if standing is None:
        return Shown(result.frame, Repairs(result.ledger, result.left_open, before), focus)
    gaps = holes(standing.frame, result.interval)
    return Shown(drawable(standing.frame), Repairs(standing.ledger, gaps, before), focus)


def drawable(raw: pd.DataFrame) -> pd.DataFrame:
    """Candles of any order as a chart can draw them: by time, and no infinity in them."""
    frame = raw if raw.index.is_monotonic_increasing else raw.sort_index(kind="stable")
    numbers = [name for name in CANDLE_FIELDS if name in frame]
    values = frame[numbers].to_numpy()
    return frame.assign(**frame[numbers].where(~np.isinf(values))) if np.isinf(values).any() else frame


def holes(frame: pd.DataFrame, interval: str) -> pd.DataFrame:
    """Stretches without candles: ``start end count cause``."""
    index = pd.DatetimeIndex(frame.index)
    step = pd.Timedelta(seconds=INTERVALS[interval])
    missing = np.diff(micros(index)) // (INTERVALS[interval] * SECOND) - 1
    before = np.flatnonzero(missing > 0)
    ends = {"start": index[before] + step, "end": index[before + 1] - step}
    return pd.DataFrame({**ends, "count": missing[before], "cause": "unknown"})


def draw(desk: Desk, shown: Shown) -> None:
    """The chart, and how to read it."""
    frame = near(shown.frame, shown.focus)
    if frame.empty:
        st.info("No candle is left to draw.", icon=":material/inbox:")
        return
    _, per = charts.visible(frame, desk.interval)
    touched = int(charts.repaired(frame).sum())
    span = f"{words.utc(frame.index[0])} to {words.utc(frame.index[-1])}"
    st.plotly_chart(
        charts.candle_figure(
            frame,
            desk.symbol,
            desk.interval,
            view=f"{desk.key} {frame.index[0]} {frame.index[-1]}",
            repairs=shown.repairs,
        ),
        key="repair_chart",
        config={"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]},
        alt=f"{len(frame):,} candles of {desk.interval} from {span}, {touched:,} of them repaired",
    )
    said = [f"Each candle drawn is {per} × {desk.interval}." if per > 1 else "", f"{span}, opening times."]
    if len(frame) < len(shown.frame):
        said.append(f"{len(frame):,} of {len(shown.frame):,} candles, around what is chosen below.")
    if touched:
        where = "where any of them is" if per > 1 else "with ◆ above"
        said.append(f"Gold, {where}: {touched:,} repaired. Grey: as it was.")
    if left := mending.open_in(shown.repairs.gaps, frame):
        said.append(f"Shaded: {left:,} open.")
    st.caption(" ".join(filter(None, said)))


def near(frame: pd.DataFrame, focus: tuple[pd.Timestamp, pd.Timestamp] | None) -> pd.DataFrame:
    """The candles around what was chosen, or all."""
    if focus is None or len(frame) <= WHOLE:
        return frame
    first = max(0, int(frame.index.searchsorted(focus[0])) - AROUND)
    last = int(frame.index.searchsorted(focus[1], side="right")) + AROUND
    return frame.iloc[first:last]
