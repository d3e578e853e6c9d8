"""The watcher: sees every permit, pause, request and answer of a run, and holds them against the invariants.

It looks at the engine from outside, by wrapping, and judges by rules of its own, so that a broken engine
cannot talk its way out. What is broken is kept and raised at the next :meth:`Watch.check`, because an
assertion raised within the engine's own tasks might be swallowed there.
"""

from collections import Counter
from typing import Any

import httpx
import pandas as pd
from chaos_books import left_over, sizes
from chaos_spy import FLIGHT, TRY, Flight, Permitting, SeenLab, Try, loop_time
from chaos_truth import LISTED, same, window, wrong_candles, wrong_now

from core.answer import Answer, NoAnswer
from core.engine.breaker import Breaker
from core.engine.guard import scopes
from core.market import OrderBook, Quote

TICK = 0.01
"""Virtual seconds that a timer may be late."""


class Broken(AssertionError):
    """An invariant that did not hold; its name comes first."""


class Watch(httpx.AsyncBaseTransport):
    """The way out of every request, and the judge of everything that was seen."""

    def __init__(self, lab: SeenLab, settings: Any) -> None:
        self.lab = lab
        self.settings = settings
        self.broken: list[Broken] = []
        self.seen: Counter[str] = Counter()
        self.checked: Counter[str] = Counter()
        self._inner = lab.transport()
        self._moment = 0
        self._circuits: dict[int, Permitting] = {}
        self._isolated: dict[str, int] = {}
        self._paused: dict[str, int] = {}
        self._until: dict[str, float] = {}
        """Scope or circuit → the latest end of its pause, which nothing but a reset may bring forward."""
        self._fetched: dict[tuple[str, float], tuple[Any, float, int, float]] = {}
        self._lives = 0
        self._hidden = 0.0
        self._finished: Counter[str] = Counter()
        self._world: Any = None

    # What the harness tells.

    def opened(self, hub: Any) -> None:
        """A hub was opened: look at its world from now on."""
        world = self._world = hub._world
        self._lives += 1
        self._circuits = {
            id(circuit): Permitting(f"{endpoint} {axis}", self._moment if circuit.state != "closed" else 0)
            for endpoint, health in world.guard.records().items()
            for axis, circuit in (("circuit", health.circuit), ("truth", health.truth))
        }
        self._isolated = dict.fromkeys(world.guard.isolated, 0)
        self._finished.clear()
        world._router.find = self._finding(world._router.find)
        exchange = world._router._exchange
        exchange._try = self._trying(exchange._try)
        self.look()

    def isolate(self, scope: str) -> None:
        self._isolated[scope] = self._tick()

    def reset(self) -> None:
        """A person's reset: pauses may end now."""
        self._until.clear()

    def hidden(self, seconds: float) -> None:
        """So much of a time in which no hub ran was taken back by the wall clock, where none could see it."""
        self._hidden += seconds

    def forgive(self, seconds: float) -> None:
        """The wall clock is put forward: a stored pause may end so much earlier."""
        for name in self._until:
            self._until[name] -= seconds

    def check(self) -> None:
        self.look()
        if self.broken:
            raise self.broken[0]

    # What must hold, seen from the engine's parts.

    def look(self) -> None:
        """No pause may end earlier than it once was to; nothing may grow without bound."""
        now, guard = loop_time(), self._world.guard
        running = {f"pause {c.scope}": c.until for c in guard.cooldowns.running(now)}
        for endpoint, health in guard.records().items():
            for axis, circuit in (("circuit", health.circuit), ("truth", health.truth)):
                if circuit.state == "open":
                    running[f"{axis} {endpoint}"] = circuit.until
                elif circuit.state == "half_open" or circuit.until <= now:
                    self._until.pop(f"{axis} {endpoint}", None)
        for name, until in list(self._until.items()):
            if until <= now + TICK:
                del self._until[name]
            elif running.get(name, 0.0) < until - TICK:
                self._break("pause shortened", f"{name}: {running.get(name)} instead of {until}, at {now}")
        self._until.update(running)
        for name, (size, most) in sizes(self._world, self.settings).items():
            if size > most:
                self._break("unbounded", f"{name}: {size}, at most {most}")

    def permitted(self, circuit: Breaker, state: str, until: float, permit: int, now: float) -> None:
        known = self._circuits.get(id(circuit))
        if known is None or not permit:
            return
        known.admitted = self._tick()
        if state == "closed":
            return
        if state == "open" and now < until:
            self._break("asked while open", f"{known.name} let one through {until - now:.1f} s early")
        known.probes = known.probes + 1 if state == "half_open" else 1
        self.seen["probes"] += 1
        if known.probes > self.settings.half_open_probes:
            self._break("too many probes", f"{known.name}: {known.probes} at once")

    def handed_back(self, circuit: Breaker, permit: int) -> None:
        known = self._circuits.get(id(circuit))
        if known is not None and circuit.state == "half_open" and permit == circuit._spell:
            known.probes -= 1

    def turned(self, circuit: Breaker) -> None:
        """Opened, doubted, restored or reset: a new count of probes begins."""
        known = self._circuits.get(id(circuit))
        if known is not None:
            known.probes = 0
            known.opened = self._tick()
            self.seen["openings"] += circuit.state == "open"

    def pausing(self, scope: str, before: float | None, after: float, now: float) -> None:
        if before is None or before <= now:
            self._paused[scope] = self._tick()
        elif after < before - TICK:
            self._break("pause shortened", f"{scope}: from {before - now:.0f} s to {after - now:.0f} s")
        self.seen["pauses"] += 1

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen["requests"] += 1
        trying = TRY.get()
        if trying is None:
            self._connectivity_check(request)
        else:
            self._may_send(trying, request)
            trying.sent.append((loop_time(), set()))
        return await self._inner.handle_async_request(request)

    def _may_send(self, trying: Try, request: httpx.Request) -> None:
        candidate, now, guard = trying.candidate, loop_time(), self._world.guard
        provider, capability, host = candidate.provider, candidate.query.capability, candidate.host
        where = f"{provider.id}/{capability}@{host.name}"
        if request.url.host != host.name:
            self._break("wrong host", f"{request.url.host} asked for {where}")
        for scope in scopes(provider, capability, host):
            if scope in guard.isolated and trying.admitted > self._isolated.get(scope, 0):
                self._break("asked while isolated", where)
            pause = guard.cooldowns._running.get(scope)
            if pause and now < pause.until - TICK and trying.admitted > self._paused.get(scope, 0):
                self._break("asked while cooling", f"{where}: {scope} for {pause.until - now:.1f} s more")
        health = guard.health(provider, capability, host)
        for circuit in (health.circuit, health.truth):
            known = self._circuits[id(circuit)]
            if circuit.state == "open" and now < circuit.until - TICK and trying.admitted > known.opened:
                self._break("asked while open", f"{known.name}, {circuit.until - now:.1f} s early")

    def _connectivity_check(self, request: httpx.Request) -> None:
        """The look for a network asks nobody who is isolated or who asked for rest."""
        self.seen["checks"] += 1
        guard = self._world.guard
        for provider in self._world.catalog.values():
            for host in provider.hosts:
                if host.name != request.url.host:
                    continue
                whole = (provider.id, f"{provider.id}@{host.group}")
                if any(scope in guard.isolated for scope in whole):
                    self._break("asked while isolated", f"{host.name}, to find out about the network")
                if guard.cooldowns.holding(whole, loop_time()):
                    self._break("asked while cooling", f"{host.name}, to find out about the network")

    # Whole calls.

    def _finding(self, find: Any) -> Any:
        async def finding(query: Any, deadline: float, providers: Any = None) -> Any:
            flight = Flight(query, deadline, loop_time())
            FLIGHT.set(flight)
            try:
                found = await find(query, deadline, providers)
            except NoAnswer as error:
                self._attempts(flight, error.attempts)
                lines = str(error)
                if not all(str(attempt) in lines for attempt in error.attempts):
                    self._break("attempts", "a NoAnswer does not list them all")
                raise
            self._attempts(flight, found.attempts)
            self._true(flight, found)
            return found

        return finding

    def _trying(self, real: Any) -> Any:
        async def trying(result: Any, health: Any, permits: Any) -> None:
            candidate = result.candidate
            flight = FLIGHT.get()
            one = Try(flight, candidate, self._circuits[id(health.circuit)].admitted)
            flight.tries.append(one)
            TRY.set(one)
            try:
                await real(result, health, permits)
            finally:
                name = f"{candidate.provider.id}/{candidate.query.capability}@{candidate.host.name}"
                self._finished[name] += 1

        return trying

    def _attempts(self, flight: Flight, attempts: Any) -> None:
        took = loop_time() - flight.began
        what = f"{flight.query.key()} in {took:.3f} s: {[str(a) for a in attempts]}"
        if took > flight.deadline + TICK:
            self._break("deadline", f"{flight.deadline:g} s, {what}")
        if not attempts:
            self._break("attempts", f"none, {what}")
        if [a.started for a in attempts] != sorted(a.started for a in attempts):
            self._break("attempts", f"out of order, {what}")
        made = sum(not a.outcome.startswith("skipped_") or a.status is not None for a in attempts)
        # A try that ran out of quota is told as skipped, though it may have sent its first pages.
        fewest = sum(bool(one.sent) for one in flight.tries)
        fewest -= sum(a.outcome == "skipped_quota" and bool(a.host) for a in attempts)
        if not fewest <= made <= len(flight.tries):
            self._break("attempts", f"{len(flight.tries)} tries, told of {made}, {what}")
        if len(flight.tries) > self.settings.max_attempts:
            self._break("budget", f"{len(flight.tries)} tries, {what}")
        self.seen["calls"] += 1

    def _true(self, flight: Flight, found: Any) -> None:
        """What is given must be what the venue said, unless the fault was in the data."""
        candidate = found.candidate
        one = next(one for one in reversed(flight.tries) if one.candidate is candidate)
        faults = set().union(*(met for _, met in one.sent))
        listing = LISTED.get((candidate.provider.id, getattr(candidate.query, "symbol", "")))
        if candidate.provider.kind != "exchange" or listing is None or faults & {"spike", "frozen"}:
            return
        wrong = ""
        if isinstance(found.value, pd.DataFrame) and len(found.value):
            now = self.lab.clock.now()
            if candidate.finer:  # whether one built by us is still open, is told by our own clock
                now = min(now, self._world._clock.now() - (loop_time() - one.sent[0][0]))
            wrong = wrong_candles(self.lab, candidate.query, found.value, listing, now)
        elif isinstance(found.value, Quote | OrderBook):
            at = self.lab.clock.now() - (loop_time() - one.sent[-1][0])
            wrong = wrong_now(self.lab, found.value, listing, at)
        else:
            return
        self.checked["values"] += 1
        if wrong:
            self._break("wrong value", f"{candidate.provider.id} {flight.query.key()} ({faults}): {wrong}")

    # Answers, as callers get them.

    def answered(self, query: Any, answer: Answer[Any], providers: Any = ()) -> None:
        self.seen[answer.tier] += 1
        if not answer.lab:
            self._break("not marked as lab", query.key())
        if not answer.attempts:
            self._break("attempts", f"none with an answer from {answer.source}")
        key = (f"{query.key()} {providers}", answer.fetched)
        live = answer.tier in {"primary", "fallback", "relay"}
        if live:
            if answer.age > TICK:
                self._break("stale as fresh", f"{answer.tier} with an age of {answer.age:g} s")
            self._fetched[key] = (answer.value, loop_time(), self._lives, self._hidden)
            while len(self._fetched) > 4000:
                del self._fetched[next(iter(self._fetched))]
            return
        most = window(query, answer.fetched)
        if answer.tier == "cache" and answer.age > most + TICK:
            self._break("stale as fresh", f"cache after {answer.age:.1f} s: {query.key()}")
        if answer.tier == "stale" and not any(note.startswith("stale") for note in answer.notes):
            self._break("stale as fresh", f"stale without a note: {query.key()}")
        if (known := self._fetched.get(key)) is not None:
            self.checked["kept"] += 1
            value, fetched, life, hidden = known
            if not same(value, answer.value):
                self._break("wrong value", f"{answer.tier} differs from what was fetched: {query.key()}")
            age = loop_time() - fetched
            if life == self._lives and abs(answer.age - age) > TICK:
                self._break("age", f"{answer.age:.3f} s, in truth {age:.3f} s: {query.key()}")
            if answer.tier == "cache" and age - (self._hidden - hidden) > most + TICK:
                self._break("stale as fresh", f"cache, in truth after {age:.1f} s: {query.key()}")

    def failed(self, query: Any, error: NoAnswer) -> None:
        """A caller got no answer. One who joined a longer call may give up before any attempt has ended."""
        self.seen["no answer"] += 1
        if not error.attempts and "another caller's request" not in str(error):
            self._break("attempts", f"none with {error}")

    def took(self, query: Any, seconds: float, deadline: float) -> None:
        if seconds > deadline + TICK:
            self._break("deadline", f"{seconds:.3f} s instead of {deadline:g} s for {query.key()}")

    def at_rest(self, hub: Any) -> None:
        """Nothing runs: no permit, no counter and no task may be left over, and the books must balance."""
        for invariant, detail in left_over(hub, self._world, self._finished):
            self._break(invariant, detail)
        self.seen["rests"] += 1
        self.check()

    def _tick(self) -> int:
        self._moment += 1
        return self._moment

    def _break(self, invariant: str, detail: str) -> None:
        self.broken.append(Broken(f"{invariant}: {detail}"))
