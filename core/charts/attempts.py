"""Attempts of an answer as a waterfall."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from core.answer import Attempt, Outcome
from core.charts.palette import BLUE, CLEAR, GREEN, GREY, PURPLE, SKY, VERMILION


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


def _told(attempt: Attempt) -> str:
    status = "" if attempt.status is None else f"<br>HTTP {attempt.status}"
    where = f"{attempt.provider} {attempt.host}".strip()
    return f"{escape(where)}{status}<br>{escape(attempt.reason)}"
