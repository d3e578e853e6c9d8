"""What a call leaves behind: overtaken attempts that run on, and the question who was to blame for silence."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from core.answer import Attempt, Outcome
from core.clock import Clock
from core.engine.call import TICK, Call
from core.engine.candidates import Candidate
from core.engine.connectivity import Connectivity
from core.engine.guard import Guard
from core.engine.result import Result

DETACHED_MOST = 64
"""Overtaken attempts left to run; beyond it the oldest are cancelled."""
NETWORK_CHECK = 3.0
"""Seconds spent at most on finding out whether it is this machine that is offline."""
log = logging.getLogger(__name__)


class Aftermath:
    """Lets attempts run on after their call, and settles what could not be settled within it."""

    def __init__(
        self,
        clock: Clock,
        guard: Guard,
        connectivity: Connectivity,
        network_there: Callable[[float, Collection[str]], Awaitable[bool]],
        persist: Callable[[], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._guard = guard
        self._connectivity = connectivity
        self._network_there = network_there
        self._persist = persist
        self.detached: dict[asyncio.Task[Result], None] = {}
        self._chores: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Cancel what still runs."""
        tasks: list[asyncio.Task[Any]] = [*self.detached, *self._chores]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def detach(self, call: Call) -> None:
        """Let overtaken attempts run on to their own end: only that says how the endpoint does."""
        won = call.best is not None
        call.budget = 0  # nobody waits for it any more: no retries
        for task, run in call.running.items():
            candidate = run.candidate
            elapsed = self._clock.mono() - run.mono
            reason = (
                f"still silent after {elapsed:.2f} s, when another answered"
                if won
                else f"no answer within the call's {call.deadline - call.began:g} s"
            )
            outcome: Outcome = "overtaken" if won else "timeout"
            call.attempts += run.attempts
            if run.under_way:
                host = candidate.host.name
                call.attempts.append(
                    Attempt(candidate.provider.id, host, outcome, reason, None, run.wall, elapsed)
                )
            if not won:
                call.unreached.add(candidate.provider.id)
            self._guard.health(candidate.provider, call.query.capability, candidate.host).silent += 1
            self.detached[task] = None
            task.add_done_callback(self._ended(candidate))
        call.running.clear()
        for task in list(self.detached)[:-DETACHED_MOST]:
            task.cancel()

    async def heard(self, call: Call, *, answered: bool) -> bool | None:
        """Whether anybody answered; when nobody did, whether anybody would. None: no time left to ask."""
        if answered or not call.unreached or self._connectivity.heard_since(call.mark):
            return True
        left = min(NETWORK_CHECK, call.deadline - self._clock.mono())
        return await self._anybody(call, left) if left > TICK else None

    def settle(self, call: Call, heard: bool) -> None:
        """Blame those who could not be reached, unless it is this machine that reaches nobody."""
        for settle in call.unblamed:
            settle(heard)

    def settle_later(self, call: Call) -> None:
        """Find out after the call whether it was they or we who were silent."""
        task = asyncio.create_task(self._settle_later(call))
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _settle_later(self, call: Call) -> None:
        heard = self._connectivity.heard_since(call.mark)
        try:
            heard = await self._anybody(call, NETWORK_CHECK)
        finally:
            self.settle(call, heard)
        await self._persist()

    async def _anybody(self, call: Call, seconds: float) -> bool:
        there = await self._network_there(seconds, call.unreached)
        if not there:
            self._connectivity.nobody_answers()
        return there

    def _ended(self, candidate: Candidate) -> Callable[["asyncio.Task[Result]"], None]:
        health = self._guard.health(candidate.provider, candidate.query.capability, candidate.host)

        def ended(task: "asyncio.Task[Result]") -> None:
            health.silent = max(0, health.silent - 1)
            self.detached.pop(task, None)
            if task.cancelled():
                return
            if (error := task.exception()) is not None:
                log.error("an overtaken attempt at %s broke", candidate.host.name, exc_info=error)
                return
            for settle in task.result().unblamed:
                settle(self._connectivity.heard_since(task.result().mark))

        return ended
