"""Candles that tell the truth: read, audited, scored, mended, and every mend recorded and undoable.

Pure: no HTTP, no clock, no page. ``normalise`` reads a file or frame, ``audit`` says what is wrong and why,
``plan`` what is worth fetching, ``repair`` mends by a :class:`RepairPolicy` and keeps a ledger.
"""

from core.candles.audit import Audit, audit
from core.candles.frame import NotCandles
from core.candles.ledger import replay
from core.candles.ledger_files import read_ledger, write_ledger
from core.candles.normalise import normalise
from core.candles.plan import Want, plan
from core.candles.policy import Hole, RepairPolicy, Rule
from core.candles.repair import Repair, repair

__all__ = ["Audit", "Hole", "NotCandles", "Repair", "RepairPolicy", "Rule", "Want", "audit", "normalise", "plan",
           "read_ledger", "repair", "replay", "write_ledger"]  # fmt: skip
