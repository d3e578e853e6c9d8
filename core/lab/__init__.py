"""The embedded market simulator: the providers' own wire formats, and every way in which they fail."""

from core.lab.faults import FAULTS, Fault
from core.lab.lab import Lab

__all__ = ["FAULTS", "Fault", "Lab"]
