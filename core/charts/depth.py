"""The depth of an order book, as a figure."""

from collections.abc import Sequence
from itertools import accumulate

import plotly.graph_objects as go

from core.charts.palette import BLUE, CLEAR, PURPLE
from core.market import OrderBook


def depth_figure(book: OrderBook) -> go.Figure:
    """What can be sold and bought up to each price: sizes summed from the best price outwards, in base units."""
    base, _, quote = book.symbol.partition("/")
    figure = go.Figure()
    sides = (
        ("bids: somebody buys", book.bids, BLUE, "solid"),
        ("asks: somebody sells", book.asks, PURPLE, "dash"),
    )
    for name, levels, color, dash in sides:
        figure.add_scatter(
            x=[price for price, _ in levels],
            y=summed(levels),
            name=name,
            mode="lines",
            line={"shape": "hv", "color": color, "width": 2, "dash": dash},
            fill="tozeroy",
            hovertemplate=f"up to %{{x:,}} {quote}<br>%{{y:,.4~f}} {base}<extra></extra>",
        )
    figure.update_layout(
        height=260,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={
            "title": None,
            "ticksuffix": f" {quote}",
            "showticksuffix": "last",
            "nticks": 5,
            "tickformat": ",",
            "showgrid": False,
        },
        yaxis={"title": None, "side": "right", "rangemode": "tozero", "ticksuffix": f" {base}", "nticks": 5},
        uirevision=book.symbol,
    )
    return figure


def summed(levels: Sequence[tuple[float, float]]) -> list[float]:
    """Sizes up to and with each level."""
    return list(accumulate(size for _, size in levels))
