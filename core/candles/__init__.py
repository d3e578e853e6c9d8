"""Candles that tell the truth."""

from core.candles.frame import NotCandles
from core.candles.normalise import normalise

__all__ = ["NotCandles", "normalise"]
