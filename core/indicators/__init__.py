"""Indicators that say what they rest on. Pure: a candles frame in, a frame of values out."""

from core.indicators.declare import Declaration, Parameter
from core.indicators.guards import NotEnoughCandles, NoVolume
from core.indicators.run import compute, extend, find, indicators
from core.indicators.signals import summary

__all__ = [
    "Declaration",
    "NoVolume",
    "NotEnoughCandles",
    "Parameter",
    "compute",
    "extend",
    "find",
    "indicators",
    "summary",
]
