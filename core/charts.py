"""Plotly figures from frames and attempts. Pure; the theme comes from whoever shows them.

Colours are Okabe & Ito's (2008), chosen to stand on porcelain and on ink alike. Its orange and yellow are
left out: gold means repaired data. Nothing is told by colour alone: rising candles are hollow, falling ones
filled, and every outcome has a sign and a word.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from core.answer import Attempt, Outcome
from core.chart_indicators import Overview, add
from core.market import INTERVALS, MONDAY, candles_frame

VISIBLE = 2000
"""Candles drawn at most, or one or two more: beyond it neighbours are drawn as one."""

GREEN, VERMILION, PURPLE, BLUE, SKY, GREY = "#009e73", "#d55e00", "#cc79a7", "#3f7fc1", "#56b4e9", "#858c98"
CLEAR = "rgba(0,0,0,0)"

_MARKUP = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Look:
    """How an outcome shows: sign, word, colour, and whether anything was sent."""

    sign: str
    word: str
    color: str
    sent: bool = True


OUTCOMES: dict[Outcome, Look] = {
    "ok": Look("✓", "answered", GREEN),
    "partial": Look("◐", "partial", SKY),
    "timeout": Look("✕", "timed out", VERMILION),
    "refused": Look("✕", "not reached", VERMILION),
    "status": Look("✕", "failing status", VERMILION),
    "payload": Look("✕", "unreadable", VERMILION),
    "truth": Look("✕", "not credible", VERMILION),
    "throttled": Look("‖", "throttled", PURPLE),
    "blocked": Look("⊘", "blocked", PURPLE),
    "unknown_symbol": Look("?", "no such symbol", SKY),
    "overtaken": Look("»", "overtaken", BLUE),
    "skipped_open": Look("○", "skipped: circuit open", GREY, sent=False),
    "skipped_cooling": Look("○", "skipped: cooling down", GREY, sent=False),
    "skipped_quota": Look("○", "skipped: own quota", GREY, sent=False),
    "skipped_isolated": Look("○", "skipped: isolated", GREY, sent=False),
    "skipped_disabled": Look("○", "skipped: disabled", GREY, sent=False),
    "skipped_unserved": Look("○", "skipped: not served", GREY, sent=False),
}


def digits(prices: "pd.Series[float]") -> int:
    """Decimals that these prices need, 0 to 10."""
    values = prices.to_numpy(np.float64)
    for places in range(10):
        if np.allclose(np.round(values, places), values, rtol=1e-9, atol=0.0):
            return places
    return 10


def visible(frame: pd.DataFrame, interval: str, most: int = VISIBLE) -> tuple[pd.DataFrame, int]:
    """The frame with at most about ``most`` rows, and how many intervals one row spans.

    Rows are joined on a grid that does not move as candles arrive: first open, highest high, lowest low, last
    close, summed volume. No high and no low is lost. The first and last row may cover less than the others.
    """
    per = -(-len(frame) // most)
    if per <= 1:
        return frame, 1
    size, anchor = INTERVALS[interval] * per, _anchor(interval)
    seconds = pd.DatetimeIndex(frame.index).as_unit("s").asi8
    last = last_rows(frame, interval, most)
    first = np.append(0, last[:-1] + 1)
    opened = (seconds[first] - anchor) // size * size + anchor
    columns = {
        "open": frame["open"].to_numpy()[first],
        "high": np.maximum.reduceat(frame["high"].to_numpy(), first),
        "low": np.minimum.reduceat(frame["low"].to_numpy(), first),
        "close": frame["close"].to_numpy()[last],
    }
    if "volume" in frame:
        columns["volume"] = np.add.reduceat(frame["volume"].to_numpy(), first)
    return candles_frame(opened, columns), per


def last_rows(frame: pd.DataFrame, interval: str, most: int = VISIBLE) -> npt.NDArray[np.intp]:
    """The last row of the frame in each candle that :func:`visible` draws."""
    per = max(1, -(-len(frame) // most))
    seconds = pd.DatetimeIndex(frame.index).as_unit("s").asi8
    slot = (seconds - _anchor(interval)) // (INTERVALS[interval] * per)
    return np.flatnonzero(np.append(np.diff(slot) != 0, [True] * bool(len(slot))))


def _anchor(interval: str) -> int:
    return MONDAY if interval == "1w" else 0


NONE = Overview()
"""No indicators."""
PRICE, VOLUME, PANE, BETWEEN = 343, 93, 92, 28
"""Heights in pixels: of the panes, and of the room between two, where the lower one's name stands."""
LINE = 17
"""Height of one line of names above the price."""


def candle_figure(
    frame: pd.DataFrame, symbol: str, interval: str, *, view: str, over: Overview = NONE
) -> go.Figure:
    """Candlesticks over volume, then a pane an indicator, all on one time axis.

    ``view`` names what is looked at: while it is the same, zoom is kept.
    """
    shown, _ = visible(frame, interval)
    base, quote = symbol.split("/")
    times = pd.DatetimeIndex(shown.index).tz_localize(None)
    rising = shown["close"] >= shown["open"]
    price = f",.{digits(frame['close'])}f" if len(frame) else ",.2f"
    figure = go.Figure()
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
    )
    panes = [_Pane("y", PRICE, f"price, {quote}", price)]
    if "volume" in shown:
        panes.append(_Pane("y2", VOLUME, f"volume, {base}", "~s", {"nticks": 4, "rangemode": "tozero"}))
        figure.add_bar(
            x=times,
            y=shown["volume"],
            name="volume",
            yaxis="y2",
            # numbers and a scale: Plotly looks at every single colour word, for 50 ms
            marker={
                **_two(rising, (VERMILION, CLEAR)),
                "line": {**_two(rising, (VERMILION, GREEN)), "width": 1},
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


def _two(second: "pd.Series[bool]", colors: tuple[str, str]) -> dict[str, object]:
    """A colour for each point: the second where it is so, else the first."""
    scale = [[0, colors[0]], [1, colors[1]]]
    return {"color": second.to_numpy(np.int8), "colorscale": scale, "cmin": 0, "cmax": 1}


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


def waterfall_figure(attempts: Sequence[Attempt]) -> go.Figure:
    """What was tried, when, for how long, with which outcome. Bars were sent, rings were not."""
    begin = min((attempt.started for attempt in attempts), default=0.0)
    rows = [f"{number}  {escape(attempt.provider)}" for number, attempt in enumerate(attempts, 1)]
    starts = [(attempt.started - begin) * 1000 for attempt in attempts]
    lengths = [attempt.elapsed * 1000 for attempt in attempts]
    looks = [OUTCOMES[attempt.outcome] for attempt in attempts]
    end = max((start + length for start, length in zip(starts, lengths, strict=True)), default=0.0)
    end = max(end, 1.0)
    figure = go.Figure()
    figure.add_bar(
        y=rows,
        base=starts,
        x=lengths,
        orientation="h",
        marker={"color": [look.color if look.sent else CLEAR for look in looks]},
        customdata=[_told(attempt) for attempt in attempts],
        hovertemplate="%{customdata}<extra></extra>",
        width=0.5,
    )
    figure.add_scatter(
        y=[row for row, look in zip(rows, looks, strict=True) if not look.sent],
        x=[start for start, look in zip(starts, looks, strict=True) if not look.sent],
        mode="markers",
        marker={"symbol": "circle-open", "size": 10, "color": GREY, "line": {"width": 2}},
        hoverinfo="skip",
        cliponaxis=False,
    )
    for row, start, length, look in zip(rows, starts, lengths, looks, strict=True):
        said = f"{look.sign} {look.word} · {length:,.0f} ms" if look.sent else look.word
        figure.add_annotation(
            x=start + length,
            y=row,
            text=said,
            showarrow=False,
            xanchor="left",
            xshift=6 if look.sent else 12,
        )
    figure.update_layout(
        height=64 + 34 * max(1, len(attempts)),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        showlegend=False,
        dragmode=False,
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        xaxis={"range": [-end * 0.02, end * 1.8], "ticksuffix": " ms", "nticks": 5, "title": None},
        yaxis={"autorange": "reversed", "showgrid": False, "title": None, "fixedrange": True},
    )
    return figure


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


def _told(attempt: Attempt) -> str:
    status = "" if attempt.status is None else f"<br>HTTP {attempt.status}"
    where = f"{attempt.provider} {attempt.host}".strip()
    return f"{escape(where)}{status}<br>{escape(attempt.reason)}"
