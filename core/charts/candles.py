"""Candles over volume, with indicators, on one time axis.

Rising candles are hollow, falling ones filled, so that neither is told by colour alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from core.charts import mended
from core.charts.drawn import digits, visible
from core.charts.indicators import Overview, add
from core.charts.mended import UNTOUCHED, Repairs
from core.charts.palette import BLUE, CLEAR, GOLD, GREEN, GREY, VERMILION

_MARKUP = re.compile(r"<[^<>]*>")

NONE = Overview()
"""No indicators."""
PRICE, VOLUME, PANE, BETWEEN = 343, 93, 92, 28
"""Heights in pixels: of the panes, and of the room between two, where the lower one's name stands."""
LINE = 17
"""Height of one line of names above the price."""


def candle_figure(
    frame: pd.DataFrame,
    symbol: str,
    interval: str,
    *,
    view: str,
    over: Overview = NONE,
    repairs: Repairs = UNTOUCHED,
) -> go.Figure:
    """Candlesticks over volume, then a pane an indicator, all on one time axis.

    ``view`` names what is looked at: while it is the same, zoom is kept. Candles that the frame's ``method``
    says are repaired are gold; of candles drawn as one, all are when one is.
    """
    shown, _ = visible(frame, interval)
    base, _, quote = symbol.partition("/")
    times = pd.DatetimeIndex(shown.index).tz_localize(None)
    looks = (shown["close"] >= shown["open"]).to_numpy().astype(np.int8)
    places = digits(frame["close"][~mended.repaired(frame)])
    price = f",.{places}f" if len(frame) else ",.2f"
    counts = mended.golden(frame, interval)
    said = mended.told(frame, interval, repairs.ledger, counts, places) if counts.any() else None
    figure = go.Figure()
    if repairs.before is not None:
        mended.ghost(figure, repairs.before, frame)
    figure.add_candlestick(
        x=times,
        open=shown["open"],
        high=shown["high"],
        low=shown["low"],
        close=shown["close"],
        name=symbol,
        increasing={"line": {"color": GREEN, "width": 1.25}, "fillcolor": CLEAR},
        decreasing={"line": {"color": VERMILION, "width": 1.25}, "fillcolor": VERMILION},
        whiskerwidth=0,
        text=said,
    )
    mended.draw(figure, shown, times, counts)
    panes = [_Pane("y", PRICE, f"price, {quote}" if quote else "price", price)]
    if "volume" in shown:
        unit = f", {base}" if base else ""
        panes.append(_Pane("y2", VOLUME, f"volume{unit}", "~s", {"nticks": 4, "rangemode": "tozero"}))
        looks[mended.volumes(frame, interval, repairs.ledger, counts)] = 2
        figure.add_bar(
            x=times,
            y=shown["volume"],
            name="volume",
            yaxis="y2",
            # numbers and a scale: Plotly looks at every single colour word, for 50 ms
            marker={
                **_by(looks, (VERMILION, CLEAR, GOLD)),
                "line": {**_by(looks, (VERMILION, GREEN, GOLD)), "width": 1},
            },
            hovertemplate=f"volume %{{y:,.4~s}} {base}<extra></extra>",
        )
    else:
        panes[0].height += VOLUME + BETWEEN
    names = add(figure, over.overlays, times, "y", price)
    for number, several in enumerate(over.panes, 3):
        (name,) = {found.chosen.declared.name for found in several}
        legend = "  ".join(add(figure, several, times, f"y{number}"))
        panes.append(
            _Pane(f"y{number}", PANE, legend, ",.4~s", {"nticks": 4, "uirevision": f"{view} {name}"})
        )
    _stack(figure, panes, names)
    figure.update_layout(
        modebar={"bgcolor": CLEAR, "color": GREY, "activecolor": BLUE},
        showlegend=False,
        hovermode="x unified",
        hoversubplots="axis",
        dragmode="zoom",
        uirevision=view,
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        bargap=0.25,
        barmode="overlay",
        shapes=() if repairs.gaps is None else mended.shapes(repairs.gaps, frame, interval),
        xaxis={
            "rangeslider": {"visible": False},
            "anchor": panes[-1].axis,
            "hoverformat": "%a %d %b %Y %H:%M UTC",
            "spikethickness": 1,
            "spikecolor": GREY,
            "showgrid": False,
            "title": None,
        },
        yaxis={"hoverformat": price, "ticklabelstandoff": 4},
    )
    return figure


def _by(number: npt.NDArray[np.int8], colors: Sequence[str]) -> dict[str, object]:
    """A colour for each point, by its number. What no point has is not named."""
    most = max(1, int(number.max(initial=0)))
    scale = [[at / most, color] for at, color in enumerate(colors[: most + 1])]
    return {"color": number, "colorscale": scale, "cmin": 0, "cmax": most}


@dataclass(slots=True)
class _Pane:
    """One y axis of the stack: its height in pixels, name, number format and what else it has."""

    axis: str
    height: int
    name: str
    format: str
    more: Mapping[str, object] = field(default_factory=dict)


def _stack(figure: go.Figure, panes: Sequence[_Pane], names: Sequence[str]) -> None:
    """Put the panes under one another, names above each, those of the overlays above the price."""
    whole = sum(pane.height for pane in panes) + BETWEEN * (len(panes) - 1)
    lines = _wrapped(names)
    above = 28 + LINE * len(lines)
    figure.update_layout(height=whole + above + 8, margin={"l": 8, "r": 8, "t": above, "b": 8})
    top = whole
    for pane in panes:
        figure.update_layout(
            {
                f"yaxis{pane.axis[1:]}": {
                    "domain": [max(0.0, (top - pane.height) / whole), top / whole],
                    "side": "right",
                    "tickformat": pane.format,
                    "title": None,
                    **pane.more,
                }
            }
        )
        rows = [pane.name, *lines] if pane is panes[0] else [pane.name]
        _label(figure, "<br>".join(rows), (top + 3) / whole)
        top -= pane.height + BETWEEN


def _wrapped(names: Sequence[str], most: int = 44) -> list[str]:
    """Names in as few lines as fit a phone. Markup counts nothing."""
    lines: list[str] = []
    for name in names:
        joined = f"{lines[-1]}   {name}" if lines else name
        if lines and len(_MARKUP.sub("", joined)) <= most:
            lines[-1] = joined
        else:
            lines.append(name)
    return lines


def _label(figure: go.Figure, text: str, bottom: float) -> None:
    """Name an axis above its upper end, where it costs no width."""
    figure.add_annotation(
        text=text,
        x=0,
        y=bottom,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        align="left",
        showarrow=False,
    )
