"""Candles that tell the truth."""

from core.candles.audit import Audit, audit
from core.candles.frame import NotCandles
from core.candles.normalise import normalise
from core.candles.policy import Hole, RepairPolicy, Rule

__all__ = ["Audit", "Hole", "NotCandles", "RepairPolicy", "Rule", "audit", "normalise"]
