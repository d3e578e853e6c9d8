"""Drills: faults by a seeded script, a hub of its own that answers meanwhile, and a scored report.

Nothing here touches the process's own hub: every drill opens an :class:`core.async_hub.AsyncHub` over a
:class:`core.lab.Lab` of its own in a temporary folder.
"""

from core.drill.report import Report
from core.drill.run import KNOBS, drill, what_if
from core.drill.script import FAULTS, Step, one_fault, script

__all__ = ["FAULTS", "KNOBS", "Report", "Step", "drill", "one_fault", "script", "what_if"]
