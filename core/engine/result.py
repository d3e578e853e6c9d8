"""What becomes of one candidate that is asked, while it is asked and after."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from core.answer import Attempt
from core.engine.candidates import Candidate
from core.engine.classify import Failure
from core.engine.keys import Used
from core.wire import WireRequest


@dataclass(slots=True)
class Result:
    """What becomes of one candidate. ``unblamed`` failures wait until it is known whether anybody answers."""

    candidate: Candidate
    until: float
    """``mono``: no further page and no wait for quota is begun after it."""
    mark: int
    """Responses that anybody had given when it began."""
    spend: Callable[[], bool]
    """Takes one more try from the call's budget, if there is one left."""
    mono: float
    """When the try under way began; ``wall`` as UTC seconds."""
    wall: float
    probe: bool = False
    tries: int = 0
    waited: float = 0.0
    """Seconds of the try that went into waiting for our own quota."""
    value: Any = None
    partial: str = ""
    notes: tuple[str, ...] = ()
    used: Used | None = None
    """The key that the last request of the try went out with."""
    failure: Failure | None = None
    attempts: list[Attempt] = field(default_factory=list)
    unblamed: list[Callable[[bool], None]] = field(default_factory=list)
    seen: list[tuple[WireRequest, httpx.Response]] | None = None
    """What went out and what came back, without keys, where somebody wants to look at it."""

    @property
    def under_way(self) -> bool:
        """Whether a try has no outcome yet; between two tries there is none."""
        return not self.tries or self.tries > len(self.attempts)
