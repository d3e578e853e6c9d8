"""Faults, drills and what-ifs in a simulated market of one's own."""

from core.ui import frame, lab

lab.show(frame.hub())
