"""Ask one endpoint or all of them, and look at everything that goes over the wire."""

from core.ui import frame, tester

tester.show(frame.hub())
