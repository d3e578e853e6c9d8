"""How good every archived series is, the worst first."""

from core.ui import frame, quality

quality.show(frame.hub())
