"""Scores of archived series as a heatmap of symbols and intervals. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.candles.archive import Series
from core.candles.score import WEIGHTS
from core.market import INTERVALS

MEASURES = ("quality", "usable", *WEIGHTS)
"""What the heatmap may show: the score, how far the series can be used, and the dimensions."""
UNJUDGED, TOO_LITTLE = "not judged", "too little"


@dataclass(frozen=True, slots=True)
class Judged:
    """A series and its newest score, None when it was never judged."""

    series: Series
    newest: Mapping[str, object] | None

    def value(self, measure: str) -> float | None:
        """The measure, None where it was not assessed."""
        if self.newest is None:
            return None
        found = self.newest["score" if measure == "quality" else measure]
        return float(found) if isinstance(found, float | int) and np.isfinite(found) else None


def grid(entries: Sequence[Judged], measure: str) -> pd.DataFrame:
    """Symbols and providers down, intervals across, the worst row first; a cell is the entry's place, or -1."""
    rows = sorted({(entry.series.symbol, entry.series.provider) for entry in entries})
    columns = [name for name in INTERVALS if any(entry.series.interval == name for entry in entries)]
    cells = pd.DataFrame(
        -1, index=pd.MultiIndex.from_tuples(rows, names=["Symbol", "Provider"]), columns=columns
    )
    for place, entry in enumerate(entries):
        cells.loc[(entry.series.symbol, entry.series.provider), entry.series.interval] = place
    worst = dict.fromkeys(rows, 2.0)
    for entry in entries:
        row, value = (entry.series.symbol, entry.series.provider), entry.value(measure)
        worst[row] = min(worst[row], 2.0 if value is None else value)
    return cells.reindex(sorted(rows, key=lambda row: (worst[row], row)))


def texts(cells: pd.DataFrame, entries: Sequence[Judged], measure: str) -> pd.DataFrame:
    """The grid as people read it, symbol and provider as columns."""
    return cells.map(lambda place: _text(entries[place], measure) if place >= 0 else "").reset_index()


def _text(entry: Judged, measure: str) -> str:
    if entry.newest is None:
        return UNJUDGED
    value = entry.value(measure)
    if value is None:
        return TOO_LITTLE if measure == "quality" else "not assessed"
    return f"{value:.2f}"


def shade(text: object) -> str:
    """The worse a cell, the stronger its shade; its number says the same without."""
    try:
        value = float(str(text))
    except ValueError:
        return ""
    return (
        f"background-color: rgba(160, 81, 149, {min(0.75, 0.9 * (1 - value)):.2f})" if value < 0.995 else ""
    )
