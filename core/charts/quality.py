"""How the quality of a series went, as a figure."""

import pandas as pd
import plotly.graph_objects as go

from core.charts.palette import BLUE, CLEAR, GREY


def history_figure(scores: pd.DataFrame) -> go.Figure:
    """Quality and usable share over time, 0 to 1. ``scores`` as the archive keeps them; breaks where unjudged."""
    times = pd.DatetimeIndex(scores["time"]).tz_localize(None)
    figure = go.Figure()
    for name, title, color, dash in (("score", "quality", BLUE, "solid"), ("usable", "usable", GREY, "dot")):
        figure.add_scatter(
            x=times,
            y=scores[name],
            name=title,
            mode="lines+markers",
            line={"color": color, "width": 2, "dash": dash},
            marker={"size": 5},
            connectgaps=False,
            hovertemplate=f"{title} %{{y:.3f}}<extra></extra>",
        )
    figure.update_layout(
        height=220,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        hovermode="x unified",
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={"hoverformat": "%a %d %b %Y %H:%M UTC", "showgrid": False, "title": None},
        yaxis={"range": [-0.02, 1.04], "side": "right", "tickformat": ".1f", "nticks": 6, "title": None},
    )
    return figure
