"""What happened: the journal, filtered, and to take along."""

from core.ui import activity, frame

activity.show(frame.hub())
