"""How fear and greed went, as a figure."""

from collections.abc import Sequence
from datetime import datetime

import plotly.graph_objects as go

from core.charts.palette import BLUE, CLEAR, GREY


def mood_figure(history: Sequence[tuple[datetime, float]]) -> go.Figure:
    """Scores from -1 to 1 as an index from 0 (fear) to 100 (greed), over UTC days."""
    figure = go.Figure()
    figure.add_hline(y=50, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=[moment.replace(tzinfo=None) for moment, _ in history],
        y=[round((score + 1) * 50) for _, score in history],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 4},
        hovertemplate="%{x|%a %d %b %Y}: %{y}<extra></extra>",
    )
    figure.update_layout(
        height=150,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        showlegend=False,
        dragmode=False,
        xaxis={"title": None, "showgrid": False, "nticks": 4},
        yaxis={"title": None, "side": "right", "range": [0, 100], "tickvals": [0, 25, 50, 75, 100]},
    )
    return figure
