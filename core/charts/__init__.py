"""Plotly figures from frames and attempts. Pure; the theme comes from whoever shows them."""

from core.charts.attempts import OUTCOMES, Look, waterfall_figure
from core.charts.candles import NONE, candle_figure
from core.charts.drawn import VISIBLE, digits, last_rows, visible
from core.charts.mended import UNTOUCHED, Repairs, golden, repaired
from core.charts.palette import BLUE, CLEAR, GOLD, GREEN, GREY, PURPLE, SKY, VERMILION
from core.charts.records import records_figure

__all__ = ["BLUE", "CLEAR", "GOLD", "GREEN", "GREY", "NONE", "OUTCOMES", "PURPLE", "SKY", "UNTOUCHED", "VERMILION",
           "VISIBLE", "Look", "Repairs", "candle_figure", "digits", "golden", "last_rows", "records_figure", "repaired",
           "visible", "waterfall_figure"]  # fmt: skip
