"""Repaired candles in gold over the others, what they were before in grey beneath, gaps that stay open shaded.

Gold is the second candlestick trace, with a diamond above each candle for those who do not see colours, and all
gaps are one list of shapes: both cost the same for one repair as for hundreds.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from core.candles import words
from core.candles.frame import OBSERVED, PRICES, micros
from core.charts.drawn import last_rows
from core.charts.palette import CLEAR, GOLD, GREY
from core.market import CANDLE_FIELDS, INTERVALS

GAPS = 250
"""Shaded spans drawn at most: those closer than the eye can part are drawn as one."""
NAMED = 0.08
"""Share of the chart's width from which a gap has room for its words."""
DIAMONDS = 120
"""Candles marked with a diamond at most; of more, the first of each stretch."""

_SHADE = "rgba(133,140,152,0.16)"
_LABEL = {"textposition": "top center", "padding": 6, "font": {"size": 11, "color": GREY}}


@dataclass(frozen=True, slots=True)
class Repairs:
    """What a chart of a repaired series shows beside its candles. Nothing given, nothing shown."""

    ledger: pd.DataFrame | None = None
    """Says of a candle at the cursor what was done to it, and what it was."""
    gaps: pd.DataFrame | None = None
    """Stretches without candles: ``start end count cause``, open times, both included."""
    before: pd.DataFrame | None = None
    """The series as it was; where it was changed, it is drawn beneath in grey."""


UNTOUCHED = Repairs()
"""No repairs."""


def repaired(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which rows of a frame were not observed; none when it does not say."""
    if "method" not in frame:
        return np.zeros(len(frame), dtype=np.bool_)
    return ~frame["method"].isin(OBSERVED).to_numpy(dtype=np.bool_)


def golden(frame: pd.DataFrame, interval: str) -> npt.NDArray[np.int64]:
    """How many repaired candles are in each one that :func:`core.charts.visible` draws."""
    last = last_rows(frame, interval)
    counts: npt.NDArray[np.int64] = np.diff(np.append(0, repaired(frame).cumsum()[last]))
    return counts


def told(
    frame: pd.DataFrame,
    interval: str,
    ledger: pd.DataFrame | None,
    counts: npt.NDArray[np.int64],
    places: int,
) -> list[str]:
    """What is said at the cursor of each drawn candle; ``""`` where it is as it was observed."""
    last = last_rows(frame, interval)
    first = np.append(0, last[:-1] + 1)
    places_of = np.flatnonzero(repaired(frame))
    methods = frame["method"].astype(str).to_numpy()[places_of].tolist()
    sources = frame["source"].astype(str).to_numpy()[places_of].tolist() if "source" in frame else None
    times = micros(pd.DatetimeIndex(frame.index))[places_of].tolist()
    before = _before(ledger, frame.index[places_of]) if ledger is not None else {}
    said = [""] * len(last)
    start = 0
    for at in np.flatnonzero(counts).tolist():
        end = start + int(counts[at])
        size = int(last[at] - first[at]) + 1
        if size == 1:
            source = sources[start] if sources else ""
            said[at] = _one(methods[start], source, before.get(times[start]), places)
        else:
            each = ", ".join(f"{n} {words.method(name)}" for name, n in Counter(methods[start:end]).items())
            said[at] = escape(f"◆ {end - start} of {size} candles repaired: {each}")
        start = end
    return said


def _one(method: str, source: str, entry: "_Entry | None", places: int) -> str:
    line = f"◆ repaired: {words.method(method)}{f', source {source}' if source else ''}"
    if entry is None:
        return escape(line)
    what = [line, *_wrapped(entry.reason)]
    values = ", ".join(
        f"{name} {value:,.{places if name != 'volume' else 4}f}" for name, value in entry.values.items()
    )
    what += _wrapped(f"was: {values or 'not there'}")
    what.append("rests on later candles" if entry.future else "nothing later used")
    return "<br>".join(map(escape, what))


def _wrapped(text: str, most: int = 44) -> list[str]:
    """Text in lines short enough for a phone."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


@dataclass(slots=True)
class _Entry:
    reason: str
    future: bool
    values: dict[str, float]


def _before(ledger: pd.DataFrame, times: pd.Index) -> Mapping[int, _Entry]:
    """By time in microseconds: why, whether later candles were used, and the values that were there."""
    lines = ledger[_among(ledger["time"], times) & ledger["field"].isin(CANDLE_FIELDS)]
    found: dict[int, _Entry] = {}
    for time, name, old, after, method, future, reason in zip(
        micros(pd.DatetimeIndex(lines["time"])).tolist(),
        lines["field"].astype(str),
        lines["before"].to_numpy(dtype=np.float64, na_value=np.nan).tolist(),
        lines["after"].notna(),
        lines["method"].astype(str),
        lines["uses_future"],
        lines["reason"].astype(str),
        strict=True,
    ):
        entry = found.setdefault(time, _Entry(reason, False, {}))
        entry.future = entry.future or bool(future)
        if np.isfinite(old):
            entry.values.setdefault(name, old)
        if after and method != "merge":
            entry.reason = reason
    return found


def volumes(
    frame: pd.DataFrame, interval: str, ledger: pd.DataFrame | None, counts: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which drawn candles hold a volume that was not observed."""
    if ledger is None:
        return counts > 0
    changed = ledger.loc[(ledger["field"] == "volume") & ledger["after"].notna(), "time"]
    touched = repaired(frame) & _among(frame.index, changed)
    ends = touched.cumsum()[last_rows(frame, interval)]
    return np.asarray(np.diff(np.append(0, ends)) > 0)


def _among(times: "pd.Index | pd.Series[Any]", others: "pd.Index | pd.Series[Any]") -> npt.NDArray[np.bool_]:
    """Which times are among others, whatever unit either is in and however far it reaches."""
    one, other = (micros(pd.DatetimeIndex(given)) for given in (times, others))
    return np.isin(one, other)


def draw(
    figure: go.Figure, shown: pd.DataFrame, times: pd.DatetimeIndex, counts: npt.NDArray[np.int64]
) -> None:
    """The gold trace, and its diamonds. What is said at the cursor is said by the candles beneath."""
    gold = counts > 0
    if not gold.any():
        return
    part, at = shown[gold], times[gold]
    figure.add_candlestick(
        x=at,
        open=part["open"],
        high=part["high"],
        low=part["low"],
        close=part["close"],
        name="repaired",
        increasing={"line": {"color": GOLD, "width": 2}, "fillcolor": CLEAR},
        decreasing={"line": {"color": GOLD, "width": 2}, "fillcolor": GOLD},
        whiskerwidth=0,
        hoverinfo="skip",
    )
    marked = np.flatnonzero(gold)
    if len(marked) > DIAMONDS:
        marked = marked[np.append(True, np.diff(marked) > 1)]
    spread = float(shown["high"].max() - shown["low"].min())
    figure.add_scatter(
        x=times[marked],
        y=shown["high"].to_numpy()[marked] + 0.025 * spread,
        mode="markers",
        name="repaired",
        marker={"symbol": "diamond", "size": 6, "color": GOLD},
        hoverinfo="skip",
    )


def ghost(figure: go.Figure, before: pd.DataFrame, frame: pd.DataFrame) -> None:
    """What repaired candles were, hollow and grey; nothing where there was nothing.

    The price axis stays with the repaired series: what was a hundred times too high leaves the picture.
    """
    there = _among(before.index, frame.index[repaired(frame)])
    old: pd.DataFrame = before.loc[there & np.isfinite(before[list(PRICES)].to_numpy()).all(axis=1)]
    if old.empty:
        return
    line = {"line": {"color": GREY, "width": 1}, "fillcolor": CLEAR}
    figure.add_candlestick(
        x=pd.DatetimeIndex(old.index).tz_localize(None),
        open=old["open"],
        high=old["high"],
        low=old["low"],
        close=old["close"],
        name="as it was",
        increasing=line,
        decreasing=line,
        whiskerwidth=0,
        hoverinfo="skip",
    )
    bottom, top = float(frame["low"].min()), float(frame["high"].max())
    room = 0.08 * (top - bottom) or 0.01 * top
    figure.update_layout(yaxis={"range": [bottom - room, top + room]})


def shapes(gaps: pd.DataFrame, frame: pd.DataFrame, interval: str) -> list[dict[str, object]]:
    """Shaded spans for gaps within the frame, in order of time."""
    if gaps.empty or frame.empty:
        return []
    step = INTERVALS[interval]
    seconds = pd.DatetimeIndex(frame.index).as_unit("s").asi8
    begin, end = int(seconds[0]), int(seconds[-1])
    starts = pd.DatetimeIndex(gaps["start"]).as_unit("s").asi8
    ends = pd.DatetimeIndex(gaps["end"]).as_unit("s").asi8
    order = np.argsort(starts, kind="stable")
    order = order[(ends[order] >= begin) & (starts[order] <= end)]
    starts, ends = starts[order], ends[order]
    counts, causes = gaps["count"].to_numpy()[order], gaps["cause"].astype(str).to_numpy()[order]
    whole = max(end - begin, step)
    apart = np.flatnonzero(starts[1:] - ends[:-1] > max(whole / GAPS, step)) + 1
    found = []
    for part in np.split(np.arange(len(starts)), apart):
        if not len(part):
            continue
        # a candle stands around its open time, half an interval to either side
        left, right = int(starts[part[0]]) - step / 2, int(ends[part[-1]]) + step / 2
        why = set(causes[part].tolist()) - {"unknown"}
        named = f"{counts[part].sum():,} missing" + (f"<br>{words.cause(why.pop())}" if len(why) == 1 else "")
        found.append(
            {
                "type": "rect",
                "xref": "x",
                "yref": "paper",
                "x0": _stamp(left),
                "x1": _stamp(right),
                "y0": 0,
                "y1": 1,
                "line": {"width": 0},
                "fillcolor": _SHADE,
                "layer": "below",
                **({"label": {"text": named, **_LABEL}} if (right - left) / whole >= NAMED else {}),
            }
        )
    return found


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
