"""A drill as a figure: every call at its moment, the faults beneath."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from core.charts.palette import BLUE, CLEAR, GREEN, PURPLE, VERMILION
from core.drill.report import Report, Seen
from core.drill.script import Step

SLATE = "#5c6470"
"""White stands on it in light and dark."""
TICKS = (1, 3, 10, 30, 100, 300, 1000, 3000)
"""Milliseconds."""
KINDS = (
    ("first choice", GREEN, "circle"),
    ("failed over", BLUE, "diamond"),
    ("stale", PURPLE, "square-open"),
    ("no answer", VERMILION, "x"),
    ("wrong", VERMILION, "star"),
)
"""How a call ended: word, colour and sign, each of its own."""


def kind_of(call: Seen) -> str:
    """The word for how a call ended."""
    if call.wrong:
        return "wrong"
    if call.ended != "fresh":
        return "stale" if call.ended == "stale" else "no answer"
    return "failed over" if call.failed_over else "first choice"


def drill_figure(report: Report) -> go.Figure:
    """Latency of every call over the drill, on a logarithmic scale; bars at the bottom say what was broken when."""
    figure = go.Figure()
    for word, color, sign in KINDS:
        calls = [call for call in report.seen if kind_of(call) == word]
        if calls:
            figure.add_scatter(
                x=[call.at for call in calls],
                y=[max(call.elapsed * 1000, 0.5) for call in calls],
                name=f"{word} ({len(calls)})",
                mode="markers",
                marker={"color": color, "symbol": sign, "size": 8},
                customdata=[_told(call) for call in calls],
                hovertemplate="%{customdata}<extra></extra>",
            )
    lanes = _lanes(report.steps)
    for step, lane in zip(report.steps, lanes, strict=True):
        figure.add_bar(
            x=[step.seconds],
            y=[lane],
            base=[step.at],
            orientation="h",
            width=0.8,
            yaxis="y2",
            marker={"color": SLATE},
            textfont={"color": "#ffffff"},
            text=[f"{escape(step.target)}: {escape(step.fault)}"],
            textposition="inside",
            insidetextanchor="start",
            constraintext="none",
            hovertemplate=f"{escape(step.target)}: {escape(step.fault)}<br>{step.at:.1f} s to {step.over:.1f} s"
            "<extra></extra>",
            showlegend=False,
        )
    share = min(0.45, 0.08 * (max(lanes, default=-1) + 1))
    figure.update_layout(
        height=420,
        margin={"l": 8, "r": 8, "t": 32, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={
            "range": [0, report.seconds],
            "ticksuffix": " s",
            "showgrid": False,
            "title": None,
            "anchor": "y2",
        },
        yaxis={
            "type": "log",
            "tickvals": TICKS,
            "ticktext": [f"{tick:,} ms" for tick in TICKS],
            "domain": [share + 0.06, 1],
            "title": None,
        },
        yaxis2={"domain": [0, share], "visible": False, "autorange": "reversed"},
    )
    return figure


def _lanes(steps: Sequence[Step]) -> list[int]:
    """The row of each fault, so that none lies over another."""
    free: list[float] = []
    found = []
    for step in steps:
        lane = next((number for number, until in enumerate(free) if until <= step.at), len(free))
        free[lane : lane + 1] = [step.over]
        found.append(lane)
    return found


def _told(call: Seen) -> str:
    lines = [f"{escape(call.what)} at {call.at:.1f} s: {call.elapsed * 1000:,.0f} ms"]
    lines += [escape(str(attempt)[:90]) for attempt in call.attempts[:6]]
    if call.wrong:
        lines.append(escape(call.wrong))
    return "<br>".join(lines)
