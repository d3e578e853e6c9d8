"""Every setting and where its value comes from, keys and what they unlock, and this server."""

from core.ui import frame, settings

settings.show(frame.hub())
