"""Histories small enough to stand in a row: bars of a status page, and a line of latencies. HTML as text."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from html import escape

from core.charts.palette import GREEN, GREY, VERMILION
from core.ops.rollup import Bar

LEAST = 24
"""Per cent of a bar's height at which the smallest share of failures is still seen."""
WIDE, HIGH = 110, 24
"""Pixels of a line."""

STYLE = f"""
.kin-strip {{ display: flex; align-items: flex-end; gap: 2px; height: 26px; }}
.kin-strip i {{ flex: 1 1 0; min-width: 0; height: 100%; border-radius: 1px; background: {GREEN}; }}
.kin-strip i.n {{ height: 5px; background: {GREY}; opacity: .5; }}
.kin-strip i.b {{ background: linear-gradient({VERMILION} var(--bad), {GREEN} var(--bad)); }}
@media (max-width: 640px) {{ .kin-strip {{ gap: 1px; }} }}
"""


def share(bars: Sequence[Bar]) -> float | None:
    """Of all attempts with a verdict those that were good; None without any."""
    good = sum(bar.good for bar in bars)
    judged = good + sum(bar.failed + bar.refused for bar in bars)
    return good / judged if judged else None


def percent(part: float | None) -> str:
    """``99.98 %``, rounded down: 100 % means all of them. ``–`` for none."""
    return "–" if part is None else f"{int(part * 10_000) / 100:.2f} %".replace("100.00", "100")


def uptime_strip(bars: Sequence[Bar], label: str, when: Callable[[Bar], str]) -> str:
    """A bar each: green, from above vermilion by the share that failed; without data a grey stub.

    ``when`` says which stretch of time a bar is, for those in which something failed.
    """
    drawn = []
    for bar in bars:
        if bar.share is None:
            drawn.append('<i class="n"></i>')
        elif bar.share == 1:
            drawn.append("<i></i>")
        else:
            judged = bar.good + bar.failed + bar.refused
            said = f"{when(bar)}: {percent(bar.share)} of {judged:,} good"
            bad = max(LEAST, round((1 - bar.share) * 100))
            drawn.append(f'<i class="b" style="--bad:{bad}%" title="{escape(said)}"></i>')
    return f'<div class="kin-strip" role="img" aria-label="{escape(label)}">{"".join(drawn)}</div>'


def spark(points: Sequence[tuple[float, float]], since: float, until: float, label: str) -> str:
    """A line through (time, value) from 0 to the highest; one point alone is a dash."""
    most = max((value for _, value in points), default=0.0) or 1.0
    places = [
        (round((at - since) / (until - since) * WIDE, 1), round(HIGH - 2 - value / most * (HIGH - 4), 1))
        for at, value in points
    ]
    if len(places) == 1:
        x, y = places[0]
        places = [(x - 3, y), (x + 3, y)]
    line = " ".join(f"{x},{y}" for x, y in places)
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{HIGH}">'
        f'<polyline points="{line}" fill="none" stroke="{GREY}" stroke-width="1.6" stroke-linejoin="round"/></svg>'
    )
    # Streamlit takes SVG out of a page's HTML, but not out of pictures.
    source = f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}"
    return f'<img src="{source}" width="{WIDE}" height="{HIGH}" alt="{escape(label)}">'
