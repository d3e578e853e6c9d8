"""Colours, from Okabe & Ito (2008), chosen to stand on porcelain and on ink alike.

Its orange and yellow are left out: gold means repaired data. Nothing is told by colour alone.
"""

GREEN, VERMILION, PURPLE, BLUE, SKY, GREY = "#009e73", "#d55e00", "#cc79a7", "#3f7fc1", "#56b4e9", "#858c98"
GOLD = "#b8860b"
"""Repaired data, and nothing else."""
CLEAR = "rgba(0,0,0,0)"
