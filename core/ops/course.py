"""The steps of one healing, in the journal as they are taken."""

import uuid

from core.clock import Clock
from core.ops.events import HealStepped
from core.ops.journal import Journal
from core.ops.results import Step


class Course:
    """What one healing has done so far."""

    def __init__(self, journal: Journal, clock: Clock, target: str, who: str) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.steps: list[Step] = []
        self._journal = journal
        self._clock = clock
        self._target = target
        self._who = who

    def take(self, step: str, outcome: str, detail: str, elapsed: float = 0.0) -> None:
        """Note one step."""
        self.steps.append(Step(step, outcome, detail, elapsed))
        self._journal.note(
            HealStepped(
                time=self._clock.now(),
                target=self._target,
                who=self._who,
                detail=detail,
                healing=self.id,
                step=step,
                outcome=outcome,
                elapsed=elapsed,
            )
        )
