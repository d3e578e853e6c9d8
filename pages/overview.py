"""How everything does: what is served and by whom, what is wrong, what was mended."""

from core.ui import frame, overview, start

hub = frame.hub()
start.panel(hub)
overview.show(hub)
