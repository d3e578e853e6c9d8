"""Indicators over and under the candles of a figure. Pure.

Gold and dashed is what rests on repaired candles, and nothing else is either.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import GOLD
from core.chosen import Chosen
from core.indicators import NotEnoughCandles, NoVolume

MATTERS = 0.001
"""Share of a value on repaired candles from which it is drawn so: a fading memory never quite forgets."""

PANES = 4
"""Own panes that fit below the candles."""

STYLES = (
    ("#3f7fc1", "solid"),
    ("#cc79a7", "solid"),
    ("#8a6fd1", "solid"),
    ("#858c98", "solid"),
    ("#3f7fc1", "dot"),
    ("#cc79a7", "dot"),
    ("#8a6fd1", "dot"),
    ("#858c98", "dot"),
)
"""Colour and dash of one line after the other; no greens and reds, which are the candles', and no dashes."""

CHANNELS = {"bollinger", "keltner", "donchian"}
"""One colour for the whole channel."""
DOTS = {"psar": ("psar",)}
"""Drawn as dots; the outputs that are prices."""
AHEAD = {"ichimoku": ("window2", ("span_a", "span_b"))}
"""Drawn so many candles after the row they are computed from, as every chart does."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One indicator as it is drawn: values at the candles shown, NaN where there is none."""

    chosen: Chosen
    outputs: Mapping[str, Array]
    repaired: Array
    """Share on repaired candles, of the values at the same place."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything chosen, sorted by where it goes, and what a reader should know about it."""

    overlays: tuple[Drawn, ...] = ()
    panes: tuple[tuple[Drawn, ...], ...] = ()
    notes: tuple[str, ...] = ()
    gold: bool = False
    """Whether any of it rests on repaired candles."""

    def labels(self) -> list[str]:
        """Names of all that is drawn."""
        drawn = (*self.overlays, *(found for several in self.panes for found in several))
        return [found.chosen.label for found in drawn]


def overview(
    chosen: Sequence[Chosen], frame: pd.DataFrame, interval: str, last: npt.NDArray[np.intp], since: int
) -> Overview:
    """Compute over the whole frame, then take the values that are drawn.

    ``last`` are the rows of the frame whose values are shown (of candles drawn as one: the last), and
    ``since`` is the first row that the window shows; those before it are for the warm-up only.
    """
    drawn: list[Drawn] = []
    notes: list[str] = []
    for one in chosen:
        try:
            values = one.compute(frame, interval)
        except NotEnoughCandles as error:
            notes.append(f"{one.label} needs {error.needed} candles in a row, there are {error.got}.")
            continue
        except NoVolume:
            notes.append(f"{one.label} needs volume, and these candles come without it.")
            continue
        found = _drawn(one, values, frame, last, since)
        if not any(np.isfinite(line).any() for line in found.outputs.values()):
            notes.append(f"{one.label} has no value in this window: nothing moved, or candles are missing.")
            continue
        drawn.append(found)
        notes.extend(_on(one, values, frame.index[since]))
    by_name: dict[str, list[Drawn]] = {}
    for found in drawn:
        if not found.chosen.declared.overlay:
            by_name.setdefault(found.chosen.declared.name, []).append(found)
    panes = [tuple(several) for several in by_name.values()]
    for several in panes[PANES:]:
        labels = " and ".join(found.chosen.label for found in several)
        notes.append(f"{labels}: not drawn, {PANES} panes are all that fit. Remove another to see it.")
    overlays = tuple(found for found in drawn if found.chosen.declared.overlay)
    shown = (*overlays, *(found for several in panes[:PANES] for found in several))
    gold = any((found.repaired >= MATTERS).any() for found in shown)
    return Overview(overlays, tuple(panes[:PANES]), tuple(notes), gold)


def _drawn(
    one: Chosen, values: pd.DataFrame, frame: pd.DataFrame, last: npt.NDArray[np.intp], since: int
) -> Drawn:
    name = one.declared.name
    shift, shifted = AHEAD.get(name, ("", ()))
    whole = values.reindex(frame.index)
    outputs = {}
    for output in DOTS.get(name, one.declared.outputs):
        column = whole[output].shift(int(one.params[shift])) if output in shifted else whole[output]
        outputs[output] = column.to_numpy(np.float64)[last]
    share = np.zeros(len(last))
    if "repaired" in whole and len(last):
        each = np.nan_to_num(whole["repaired"].to_numpy(np.float64))
        share = np.maximum.reduceat(each, np.append(since, last[:-1] + 1))
    return Drawn(one, outputs, share)


def _on(one: Chosen, values: pd.DataFrame, first: pd.Timestamp) -> Iterator[str]:
    """What a reader should know of values that are there."""
    attrs = values.attrs
    if one.declared.memory == "origin" and one.declared.name not in DOTS:
        begun = pd.Timestamp(attrs["run_from"])
        yield f"{one.label} counts from {begun:%d %b %Y %H:%M} UTC: only its changes mean something."
    elif attrs["converged_from"] is None:
        yield (
            f"{one.label} is still settling: its values depend on where the candles begin until "
            f"there are {attrs['converged']} in a row."
        )
    elif (settled := pd.Timestamp(attrs["converged_from"])) > first and one.declared.memory == "fading":
        yield f"{one.label} is settled from {settled:%d %b %Y %H:%M} UTC on."


def add(
    figure: go.Figure, several: Sequence[Drawn], times: pd.DatetimeIndex, axis: str, price: str | None = None
) -> list[str]:
    """Draw indicators on one y axis. ``price`` is the number format of an overlay.

    Returns its legend: for each a sign in the line's own colour, and the name.
    """
    legend = []
    style = 0
    for found in several:
        name = found.chosen.declared.name
        channel, single = name in CHANNELS, len(found.outputs) == 1
        hovers = _hovers(found, price)
        keys = []
        for output, line in found.outputs.items():
            color, dash = STYLES[style % len(STYLES)]
            kind = "dots" if name in DOTS else "bars" if output == "histogram" else "line"
            dash = "dot" if channel and output == "middle" else dash
            stroke = _Line(found.chosen.label, times, line, found.repaired, color, dash, axis)
            _draw(figure, stroke, kind, hovers.get(output))
            sign = {"dots": "●", "bars": "▮"}.get(kind, "┅" if dash == "dot" else "━")
            key = f'<span style="color:{color}">{sign}</span>'
            keys.append(key if single or channel else f"{key} {output.replace('_', ' ')}")
            style += not channel
        style += channel
        label = found.chosen.label
        legend.append(f"{keys[0]} {label}" if single or channel else f"{label}: {' '.join(keys)}")
    return legend


@dataclass(frozen=True, slots=True)
class _Hover:
    """One row at the cursor: what it says, and the values in it."""

    said: str
    data: Array


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    times: pd.DatetimeIndex
    values: Array
    repaired: Array
    color: str
    dash: str
    axis: str


def _hovers(found: Drawn, price: str | None) -> dict[str, _Hover]:
    """One row an indicator, on its first output; outputs defined at other candles have a row of their own."""
    groups: dict[bytes, list[str]] = {}
    for output, line in found.outputs.items():
        groups.setdefault(np.isfinite(line).tobytes(), []).append(output)
    rows = {}
    for outputs in groups.values():
        lines = [found.outputs[output] for output in outputs]
        values = [
            f"%{{customdata[{number}]:{price or _format(line)}}}" for number, line in enumerate(lines, 1)
        ]
        own = f" {outputs[0].replace('_', ' ')}" if len(groups) > 1 and len(outputs) == 1 else ""
        told = "<br>".join(" · ".join(values[at : at + 3]) for at in range(0, len(values), 3))
        data = np.column_stack([found.repaired, *lines])
        rows[outputs[0]] = _Hover(f"{found.chosen.label}{own}  {told}", data)
    return rows


def _draw(figure: go.Figure, line: _Line, kind: str, hover: _Hover | None) -> None:
    """One output: as it is where candles were observed, in gold where they were repaired."""
    there = np.isfinite(line.values)
    touched = (line.repaired >= MATTERS) & there
    common = {"x": line.times, "name": line.name, "yaxis": line.axis}
    told: dict[str, object] = {"hoverinfo": "skip"}
    if hover is not None and there.all() and not touched.any():
        told = {"customdata": hover.data, "hovertemplate": f"{hover.said}<extra></extra>"}
    clean = np.where(touched, np.nan, line.values)
    gold = np.where(touched, line.values, np.nan)
    if kind in ("bars", "dots"):
        for values, color in ((clean, line.color), (gold, GOLD)):
            if not np.isfinite(values).any():
                continue
            if kind == "bars":
                figure.add_bar(y=values, marker={"color": color, "opacity": 0.6}, **common, **told)
            else:
                dots = {"size": 3, "color": color}
                figure.add_scatter(y=values, mode="markers", marker=dots, **common, **told)
    else:
        stroke = {"width": 1.5, "color": line.color, "dash": line.dash}
        figure.add_scatter(y=clean, mode="lines", line=stroke, **common, **told)
        if touched.any():
            joined = touched | np.append(touched[1:], False) | np.append(False, touched[:-1])
            stroke = {"width": 2, "color": GOLD, "dash": "dash"}
            dashes = np.where(joined, line.values, np.nan)
            figure.add_scatter(y=dashes, mode="lines", line=stroke, **common, hoverinfo="skip")
    if hover is not None and "customdata" not in told:
        _say(figure, common, line, hover, touched)


def _say(
    figure: go.Figure, common: Mapping[str, Any], line: _Line, hover: _Hover, touched: npt.NDArray[np.bool_]
) -> None:
    """What is said at the cursor where it is not the same everywhere.

    Where there is no value a point stands in: Plotly would show the nearest one as if it were here.
    """
    plain, none = f"{hover.said}<extra></extra>", f"{line.name}  no value<extra></extra>"
    repaired = f"{hover.said}<br>%{{customdata[0]:.1%}} of it repaired<extra></extra>"
    there = np.isfinite(line.values)
    shown: dict[str, object] = {"color": line.color, "opacity": 0}
    if touched.any():
        scale = [[0, line.color], [1, GOLD]]
        shown = {"color": touched.astype(np.int8), "colorscale": scale, "cmin": 0, "cmax": 1}
        shown["opacity"] = touched.astype(np.float64)
    figure.add_scatter(
        y=pd.Series(line.values).ffill().bfill(),
        mode="markers",
        marker={"size": 3, **shown},
        customdata=np.where(there[:, None], hover.data, 0.0),
        hovertemplate=np.where(touched, repaired, np.where(there, plain, none)),
        **common,
    )


def _format(values: Array) -> str:
    """How these numbers are best written."""
    largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    return ",.4~s" if largest >= 1e5 else ",.2f" if largest >= 1 else ".4~g"
