"""Attempts and latencies over time, as a figure."""

from collections.abc import Sequence
from datetime import UTC, datetime

import plotly.graph_objects as go

from core.charts.palette import BLUE, CLEAR, GREEN, GREY, SKY, VERMILION
from core.ops.rollup import Rollup


def past_figure(rollups: Sequence[Rollup], since: float, until: float) -> go.Figure:
    """p50 and p95 above, in milliseconds; attempts by what became of them below. A stretch without any is a gap."""
    width = rollups[0].seconds if rollups else 3600
    times, rows = _with_gaps(rollups, width)
    figure = go.Figure()
    for name, color, dash in (("p50", BLUE, "solid"), ("p95", SKY, "dot")):
        figure.add_scatter(
            x=times,
            y=[
                None if row is None or (value := getattr(row, name)) is None else value * 1000 for row in rows
            ],
            name=name,
            mode="lines+markers",
            line={"color": color, "width": 2, "dash": dash},
            marker={"size": 4},
            connectgaps=False,
            hovertemplate=f"{name} %{{y:,.0f}} ms<extra></extra>",
        )
    for name, color in (("good", GREEN), ("failed", VERMILION), ("refused", "#8a6fd1"), ("other", GREY)):
        figure.add_bar(
            x=times,
            y=[0 if row is None else getattr(row, name) for row in rows],
            name=name,
            yaxis="y2",
            width=width * 900,
            offset=width * 50,
            marker={"color": color},
            hovertemplate=f"{name} %{{y:,}}<extra></extra>",
        )
    side = {"side": "right", "title": None}
    figure.update_layout(
        height=260,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        barmode="stack",
        hovermode="x unified",
        dragmode=False,
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={
            "range": [_stamp(since), _stamp(until)],
            "hoverformat": "%a %d %b %Y %H:%M UTC",
            "showgrid": False,
            "anchor": "y2",
            "title": None,
        },
        yaxis={**side, "domain": [0.42, 1], "rangemode": "tozero", "ticksuffix": " ms", "nticks": 4},
        yaxis2={**side, "domain": [0, 0.34], "nticks": 3},
    )
    return figure


def _with_gaps(rollups: Sequence[Rollup], width: int) -> tuple[list[datetime], list[Rollup | None]]:
    """The rows, and nothing between two that do not follow on each other, so that no line joins them."""
    times: list[datetime] = []
    rows: list[Rollup | None] = []
    for row in rollups:
        if rows and rows[-1] is not None and row.start - rows[-1].start > width:
            times.append(_stamp(rows[-1].start + width))
            rows.append(None)
        times.append(_stamp(row.start))
        rows.append(row)
    return times, rows


def _stamp(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)
