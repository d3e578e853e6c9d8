"""Failover: candidates in order, hedged when slow, until one complete value, inside one deadline."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from core.answer import Attempt, NoAnswer, Outcome, Tier
from core.clock import Clock
from core.engine.call import Call, Found, described, in_order, length, notes_on, nothing_new
from core.engine.candidates import Candidate, Ranking, Unserved, skipped
from core.engine.classify import Failure
from core.engine.connectivity import Connectivity
from core.engine.exchange import Exchange, Result
from core.engine.guard import Guard, Refusal
from core.engine.health import Permits
from core.engine.hedge import HedgeBudget, hedge_delay
from core.market import Query
from core.settings import Settings

DETACHED_MOST = 64
"""Overtaken attempts left to run; beyond it the oldest are cancelled."""
log = logging.getLogger(__name__)

TICK = 0.001
"""A timer may wake a hair early; this near to its moment it counts as due."""
PARTIALS_MOST = 3
"""After so many partial values more are not worth their requests: a young coin has no longer history."""
NETWORK_CHECK = 3.0
"""Seconds spent at most on finding out whether it is this machine that is offline."""


class Router:
    """Finds a value for a query among the endpoints of a catalogue."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        guard: Guard,
        exchange: Exchange,
        connectivity: Connectivity,
        network_there: Callable[[float, Collection[str]], Awaitable[bool]],
        rng: random.Random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._exchange = exchange
        self._connectivity = connectivity
        self._network_there = network_there
        self._ranking = Ranking(guard.catalog, guard, settings.balance, rng)
        self._hedges = HedgeBudget(settings.hedge_burst, settings.hedge_refill)
        self._detached: dict[asyncio.Task[Result], None] = {}
        self._chores: set[asyncio.Task[None]] = set()

    async def find(self, query: Query, deadline: float, providers: Sequence[str] | None = None) -> Found:
        """The first complete value, else the longest partial one. ``deadline`` in seconds from now.

        :class:`NoAnswer` when nobody could answer in time.
        """
        now = self._clock.mono()
        ranked = self._ranking.rank(query, providers, now, self._clock.now())
        mark = self._connectivity.responses
        call = Call(query, ranked, now + deadline, now, mark, self._settings.max_attempts)
        self._hedges.earn()
        try:
            winner = await self._race(call)
            self._detach(call)
            heard = await self._heard(call, winner)
        except BaseException:
            self._detach(call)
            self._settle(call, self._connectivity.heard_since(call.mark))
            raise
        offline = self._connectivity.offline
        if heard is None:
            self._chore(self._settle_later(call))
            offline = len(call.unreached) > 1 and self._connectivity.long_unheard(self._clock.mono())
        elif call.unblamed:
            self._settle(call, heard)
            await self._exchange.persist()
        if winner is None:
            raise NoAnswer(described(query), in_order(call.attempts), offline=offline)
        candidate = winner.candidate
        tier: Tier = "primary" if candidate.first else "fallback"
        return Found(
            winner.value, candidate, tier, in_order(call.attempts), notes_on(query, winner, self._clock.now())
        )

    async def close(self) -> None:
        """Cancel what still runs on its own."""
        tasks: list[asyncio.Task[Any]] = [*self._detached, *self._chores]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _race(self, call: Call) -> Result | None:
        """Run candidates until one wins; a hedge joins the slowest of them when its time has come."""
        hedge_at = self._start(call)
        while True:
            now = self._clock.mono()
            if now >= call.deadline - TICK:
                break
            if not call.running:
                if call.best is not None or not await self._rested(call):
                    break
                hedge_at = self._start(call)
                continue
            wake = min(hedge_at, call.deadline) - now
            done, _ = await asyncio.wait(
                call.running, timeout=max(0.0, wake), return_when=asyncio.FIRST_COMPLETED
            )
            for task in [task for task in call.running if task in done]:  # as they began
                call.running.pop(task)
                if self._take(call, task.result()):
                    return call.best
            now = self._clock.mono()
            if call.newest in done:
                hedge_at = self._start(call)
            elif now >= hedge_at - TICK:
                hedge_at = self._start(call, hedge=True)
        return call.best

    async def _rested(self, call: Call) -> bool:
        """When nothing but our own quota stands in the way: wait for it, if the deadline allows."""
        if not call.resting:
            return False
        wait = min(wait for wait, _ in call.resting) + TICK
        if self._clock.mono() + wait >= call.deadline:
            return False
        await asyncio.sleep(wait)
        call.left = [candidate for _, candidate in call.resting]
        call.done_with -= {(candidate.provider.id, candidate.query) for _, candidate in call.resting}
        call.resting = []
        return True

    def _take(self, call: Call, result: Result) -> bool:
        """Book a result in its call. True when it wins."""
        call.attempts += result.attempts
        call.unblamed += result.unblamed
        if result.failure is not None:
            self._otherwise(call, result.candidate, result.failure)
            if result.failure.whole_provider:
                call.done_with.add((result.candidate.provider.id, result.candidate.query))
            if result.failure.unreached:
                call.unreached.add(result.candidate.provider.id)
            return False
        if nothing_new(result):
            return False
        if call.best is None or length(result.value) > length(call.best.value):
            call.best = result
        call.partials += bool(result.partial)
        return not result.partial or call.partials >= PARTIALS_MOST

    def _otherwise(self, call: Call, candidate: Candidate, failure: Failure) -> None:
        """Put the endpoint in line once more, behind its provider's other hosts, where another form may help."""
        provider, host, query = candidate.provider, candidate.host, candidate.query
        form = self._guard.forms.after(provider, query.capability, host, candidate.form, failure)
        tried = call.forms.setdefault((host.name, query), set())
        tried.add(candidate.form)
        if form is None or form in tried:
            return
        tried.add(form)
        same = [n for n, entry in enumerate(call.left) if entry.provider is provider and _asks(entry, query)]
        call.left.insert(same[-1] + 1 if same else 0, replace(candidate, form=form))

    def _start(self, call: Call, *, hedge: bool = False) -> float:
        """Start the next candidate that its guard admits. Returns when to hedge it, or never."""
        # A probe is not waited for, and its hedge costs nothing: probes are few by themselves.
        free = all(run.probe for run in call.running.values())
        if hedge and not (call.left and (free or self._hedges.take())):
            return float("inf")
        if (chosen := self._next(call, hedge)) is None:
            return float("inf")
        candidate, permits = chosen
        call.asked.setdefault((candidate.provider.id, candidate.query), set()).add(candidate.host.name)
        call.spend()
        now = self._clock.mono()
        result = Result(
            candidate,
            call.deadline,
            self._connectivity.responses,
            call.spend,
            mono=now,
            wall=self._clock.now(),
            probe=permits.probe,
        )
        task = asyncio.create_task(self._exchange.ask(result, permits))
        call.running[task] = result
        call.newest = task
        p95 = self._guard.health(candidate.provider, call.query.capability, candidate.host).usual(0.95)
        delay = hedge_delay(p95, self._settings.hedge_after, self._settings.hedge_max)
        return now + delay

    def _next(self, call: Call, hedge: bool) -> tuple[Candidate, Permits] | None:
        """The next admitted candidate, recording those that are not. A hedge prefers another provider."""
        if not call.budget:
            return None
        busy = {run.candidate.provider.id for run in call.running.values()}
        passed: list[Candidate | Unserved] = []
        chosen: tuple[Candidate, Permits] | None = None
        while call.left and chosen is None:
            entry = call.left.pop(0)
            if hedge and entry.provider.id in busy:
                passed.append(entry)
            elif (permits := self._admit(call, entry)) is not None:
                chosen = entry, permits  # type: ignore[assignment]  # only a Candidate is admitted
        call.left[:0] = passed
        if chosen is None and passed:
            return self._next(call, hedge=False)
        return chosen

    def _admit(self, call: Call, entry: Candidate | Unserved) -> Permits | None:
        wall = self._clock.now()
        provider = entry.provider
        if isinstance(entry, Unserved):
            call.attempts.append(skipped(provider, None, entry.outcome, entry.reason, wall))
            return None
        query = entry.query
        key = (provider.id, query)
        asked = call.asked.get(key, ())
        enough = len(asked) >= self._settings.hosts_per_call and entry.host.name not in asked
        if key in call.done_with or enough:
            return None
        leave = self._guard.leave(provider, entry.host, entry.on_the_wire(wall), self._clock.mono(), wall)
        if isinstance(leave, Refusal):
            if leave.whole_provider:
                call.done_with.add(key)
            if leave.wait:
                call.resting.append((leave.wait, entry))
            if leave.scope not in call.refused:
                call.refused.add(leave.scope)
                host = None if leave.whole_provider else entry.host
                call.attempts.append(skipped(provider, host, leave.outcome, leave.reason, wall))
            return None
        return leave

    def _detach(self, call: Call) -> None:
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
            self._detached[task] = None
            task.add_done_callback(self._ended(candidate))
        call.running.clear()
        for task in list(self._detached)[:-DETACHED_MOST]:
            task.cancel()

    def _ended(self, candidate: Candidate) -> Callable[["asyncio.Task[Result]"], None]:
        health = self._guard.health(candidate.provider, candidate.query.capability, candidate.host)

        def ended(task: "asyncio.Task[Result]") -> None:
            health.silent = max(0, health.silent - 1)
            self._detached.pop(task, None)
            if task.cancelled():
                return
            if (error := task.exception()) is not None:
                log.error("an overtaken attempt at %s broke", candidate.host.name, exc_info=error)
                return
            for settle in task.result().unblamed:
                settle(self._connectivity.heard_since(task.result().mark))

        return ended

    async def _heard(self, call: Call, winner: Result | None) -> bool | None:
        """Whether anybody answered; when nobody did, whether anybody would. None: no time left to ask."""
        if winner is not None or not call.unreached or self._connectivity.heard_since(call.mark):
            return True
        left = min(NETWORK_CHECK, call.deadline - self._clock.mono())
        return await self._anybody(call, left) if left > TICK else None

    async def _anybody(self, call: Call, seconds: float) -> bool:
        there = await self._network_there(seconds, call.unreached)
        if not there:
            self._connectivity.nobody_answers()
        return there

    async def _settle_later(self, call: Call) -> None:
        """Find out after the call whether it was they or we who were silent."""
        heard = self._connectivity.heard_since(call.mark)
        try:
            heard = await self._anybody(call, NETWORK_CHECK)
        finally:
            self._settle(call, heard)
        await self._exchange.persist()

    def _chore(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(job)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    def _settle(self, call: Call, heard: bool) -> None:
        """Blame those who could not be reached, unless it is this machine that reaches nobody."""
        for settle in call.unblamed:
            settle(heard)


def _asks(entry: Candidate | Unserved, query: Query) -> bool:
    return isinstance(entry, Candidate) and entry.query == query
