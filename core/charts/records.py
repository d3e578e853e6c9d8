"""How often methods of prediction were right, as a figure."""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.charts.palette import BLUE, CLEAR, GREY
from core.market import Prediction


def records_figure(rows: Sequence[tuple[str, Prediction]]) -> go.Figure:
    """A line a method: its hit rate with the 95 % interval, and the base rate as a bar across. Per cent."""
    told = [(name, one) for name, one in rows if one.hit_rate is not None]
    names = [name for name, _ in told]
    figure = go.Figure()
    figure.add_scatter(
        x=[100 * (one.base_rate or 0.0) for _, one in told],
        y=names,
        name="always saying the more frequent direction",
        mode="markers",
        marker={"symbol": "line-ns", "size": 26, "line": {"width": 3, "color": GREY}},
        hovertemplate="base rate %{x:.1f} %<extra></extra>",
    )
    figure.add_scatter(
        x=[100 * (one.hit_rate or 0.0) for _, one in told],
        y=names,
        name="right out of sample, with its 95 % interval",
        mode="markers",
        marker={"size": 11, "color": BLUE},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [100 * ((one.hit_high or 0.0) - (one.hit_rate or 0.0)) for _, one in told],
            "arrayminus": [100 * ((one.hit_rate or 0.0) - (one.hit_low or 0.0)) for _, one in told],
            "color": BLUE,
            "thickness": 2,
            "width": 6,
        },
        customdata=[one.tested for _, one in told],
        hovertemplate="right in %{x:.1f} % of %{customdata} tests<extra></extra>",
    )
    figure.add_vline(x=50, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_layout(
        height=90 + 44 * len(told),
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={"ticksuffix": " %", "showgrid": False, "zeroline": False, "title": None},
        yaxis={"autorange": "reversed", "title": None, "automargin": True},
    )
    return figure
