"""What is wrong with a series or a file, and how it can be mended."""

from core.ui import frame, repair

repair.show(frame.hub())
