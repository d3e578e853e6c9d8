"""Indicators that say what they rest on. Pure: a candles frame in, a frame of values out."""

from core.indicators.declare import Declaration, Parameter
from core.indicators.guards import NotEnoughCandles, NoVolume
from core.indicators.run import compute, extend, find, indicators
from core.indicators.signals import Missing, Signal, Summary, summary

__all__ = [
    "Declaration",
    "Missing",
    "NoVolume",
    "NotEnoughCandles",
    "Parameter",
    "Signal",
    "Summary",
    "compute",
    "extend",
    "find",
    "indicators",
    "summary",
]
