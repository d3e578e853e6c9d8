"""What needs a person, what is looked for, and where alerts are sent."""

from core.ui import alerts, frame

alerts.show(frame.hub())
