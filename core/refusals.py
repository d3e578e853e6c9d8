"""Refused actions on record: what somebody wanted to do, who it was, and why they were not let."""

import threading
import time
from collections import deque
from collections.abc import Callable

from core.async_hub import AsyncHub
from core.ops.events import AdminAction


class Refusals:
    """Lets so many a minute go on record: a stranger can be refused any number of times, and must not fill the
    journal with it. From any thread.
    """

    def __init__(self, a_minute: int = 30, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_minute = a_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: deque[float] = deque()
        self._passed_over = 0

    def take(self) -> int | None:
        """How many were passed over since the last that went on record; None when this one is, too."""
        with self._lock:
            now = self._clock()
            while self._noted and self._noted[0] <= now - 60:
                self._noted.popleft()
            if len(self._noted) >= self._a_minute:
                self._passed_over += 1
                return None
            self._noted.append(now)
            passed, self._passed_over = self._passed_over, 0
            return passed


REFUSALS = Refusals()
"""Those of this process, whichever way they come in."""


async def refused(hub: AsyncHub, what: str, reason: str, *, who: str, refusals: Refusals = REFUSALS) -> None:
    """Put it into the journal with its next batch. To be run on the hub's loop."""
    passed = refusals.take()
    if passed is None:
        return
    more = f" ({passed} more since the last on record)" if passed else ""
    detail = f"{what}: {reason}{more}"
    hub.journal.note(AdminAction(time=time.time(), who=who, detail=detail, action="refused"))
