"""Failover: candidates in order, hedged when slow, until one complete value, inside one deadline."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from core.answer import NoAnswer, Tier
from core.clock import Clock
from core.engine.aftermath import Aftermath
from core.engine.call import TICK, Call, Found, described, in_order, length, notes_on, nothing_new
from core.engine.candidates import Candidate, Ranking, Unserved, skipped
from core.engine.classify import Failure
from core.engine.connectivity import Connectivity
from core.engine.exchange import Exchange
from core.engine.guard import Guard, Refusal
from core.engine.health import Health, Permits
from core.engine.hedge import SHORTEST, HedgeBudget, hedge_delay
from core.engine.line import Line
from core.engine.local import LocalProvider
from core.engine.result import Result
from core.market import Query
from core.settings import Settings

PARTIALS_MOST = 3
"""After so many partial values more are not worth their requests: a young coin has no longer history."""


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
        self._aftermath = Aftermath(clock, guard, connectivity, network_there, exchange.persist)
        self._ranking = Ranking(guard.catalog, guard, settings.balance, rng)
        self._hedges = HedgeBudget(settings.hedge_burst, settings.hedge_refill)

    async def find(self, query: Query, deadline: float, providers: Sequence[str] | None = None) -> Found:
        """The first complete value, else the longest partial one. ``deadline`` in seconds from now.

        :class:`NoAnswer` when nobody could answer in time.
        """
        now = self._clock.mono()
        ranked = self._ranking.rank(query, providers, now, self._clock.now())
        mark = self._connectivity.responses
        call = Call(query, Line(ranked), now + deadline, now, mark, self._settings.max_attempts)
        self._hedges.earn()
        try:
            winner = await self._race(call)
            self._aftermath.detach(call)
            heard = await self._aftermath.heard(call, answered=winner is not None)
        except BaseException:
            self._aftermath.detach(call)
            self._aftermath.settle(call, self._connectivity.heard_since(call.mark))
            raise
        offline = self._connectivity.offline
        if heard is None:
            self._aftermath.settle_later(call)
            offline = len(call.unreached) > 1 and self._connectivity.long_unheard(self._clock.mono())
        elif call.unblamed:
            self._aftermath.settle(call, heard)
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
        await self._aftermath.close()

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
        call.left.put_back(candidate for _, candidate in call.resting)
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
        call.left.again(replace(candidate, form=form))

    def _start(self, call: Call, *, hedge: bool = False) -> float:
        """Start the next candidate that its guard admits. Returns when to hedge it, or never."""
        # Its hedge costs nothing where no answer is to be counted on: such calls are few by themselves.
        free = all(run.probe or self._unproven(run.candidate) for run in call.running.values())
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
        if isinstance(candidate.provider, LocalProvider) and not candidate.provider.outside:
            return float("inf")  # what it waits for is asked through the hub, and hedged there
        health = self._health(candidate)
        if health.answered is False:
            return now + SHORTEST
        p95, silent = health.usual(0.95), len(call.running) - 1
        return now + hedge_delay(p95, self._settings.hedge_after, self._settings.hedge_max, silent)

    def _unproven(self, candidate: Candidate) -> bool:
        """Whether an endpoint never answered, or not the last time.

        After a few more such calls its circuit opens, so their hedges cannot double the traffic as those of a
        slow field would; as many as open it are let off at once.
        """
        health = self._health(candidate)
        few = health.ewma.in_flight <= self._settings.health_error_threshold
        return not health.answered and few and self._settings.hedge_burst > 0

    def _health(self, candidate: Candidate) -> Health:
        return self._guard.health(candidate.provider, candidate.query.capability, candidate.host)

    def _next(self, call: Call, hedge: bool) -> tuple[Candidate, Permits] | None:
        """The next admitted candidate, recording those that are not. A hedge prefers another provider."""
        if not call.budget:
            return None
        busy = {run.candidate.provider.id for run in call.running.values()}
        passed: list[Candidate | Unserved] = []
        chosen: tuple[Candidate, Permits] | None = None
        while call.left and chosen is None:
            entry = call.left.take()
            if hedge and entry.provider.id in busy:
                passed.append(entry)
            elif (permits := self._admit(call, entry)) is not None:
                chosen = entry, permits  # type: ignore[assignment]  # only a Candidate is admitted
        call.left.put_back(passed)
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
