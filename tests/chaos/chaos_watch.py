"""The watcher: sees every permit, pause, request and answer of a run, and holds them against the invariants.

It looks at the engine from outside, by wrapping, and judges by rules of its own, so that a broken engine
cannot talk its way out. What is broken is kept and raised at the next :meth:`Watch.check`, because an
assertion raised within the engine's own tasks might be swallowed there.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpx
import pandas as pd

from core.answer import Answer, NoAnswer
from core.engine.breaker import Breaker
from core.engine.cooldown import Cooldowns
from core.engine.guard import scopes
from core.lab import Lab
from core.lab.venues import VENUES
from core.market import CandleQuery, OrderBook, Quote

TICK = 0.01
"""Virtual seconds that a timer may be late."""
WINDOWS = {"technical": 3600.0, "price": 5.0, "orderbook": 2.0, "volume": 30.0}
LISTED = {(venue.id, one.symbol): one for venue in VENUES for one in venue.listed}


class Broken(AssertionError):
    """An invariant that did not hold; its name comes first."""


@dataclass(eq=False, slots=True)
class Flight:
    """One call through the router."""

    query: Any
    deadline: float
    began: float
    tries: list["Try"] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Try:
    """One try at an endpoint, and what it sent: (time, names of the faults met)."""

    flight: Flight
    candidate: Any
    admitted: int
    sent: list[tuple[float, set[str]]] = field(default_factory=list)


@dataclass(slots=True)
class Permitting:
    """What is known of one circuit."""

    name: str
    opened: int = 0
    admitted: int = 0
    probes: int = 0
    """Probes let through since it was last opened, doubted or reset, and not yet handed back."""


TRY: ContextVar[Try | None] = ContextVar("try", default=None)
FLIGHT: ContextVar[Flight | None] = ContextVar("flight", default=None)


class SeenLab(Lab):
    """A lab that tells which faults each request met."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        meet = self._faults.meet

        def noting(*where: Any) -> Any:
            found = meet(*where)
            if (trying := TRY.get()) is not None:
                trying.sent[-1][1].update(fault.fault for fault in found)
            return found

        self._faults.meet = noting  # type: ignore[method-assign]


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
        now, guard = _now(), self._world.guard
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
        sizes = {
            "memory": (len(self._world.cache._memory), self.settings.cache_entries),
            "unknown": (len(guard._unknown), 2000),
            "pauses": (len(guard.cooldowns._running), 5 * len(guard.records())),
            "detached": (len(self._world._router._detached), 64),
            "peers": (len(self._world._router._exchange._peers._subjects), 500),
        }
        for name, (size, most) in sizes.items():
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
            trying.sent.append((_now(), set()))
        return await self._inner.handle_async_request(request)

    def _may_send(self, trying: Try, request: httpx.Request) -> None:
        candidate, now, guard = trying.candidate, _now(), self._world.guard
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
                if guard.cooldowns.holding(whole, _now()):
                    self._break("asked while cooling", f"{host.name}, to find out about the network")

    # Whole calls.

    def _finding(self, find: Any) -> Any:
        async def finding(query: Any, deadline: float, providers: Any = None) -> Any:
            flight = Flight(query, deadline, _now())
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
        took = _now() - flight.began
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
            wrong = self._wrong_candles(candidate.query, found.value, listing)
        elif isinstance(found.value, Quote | OrderBook):
            at = self.lab.clock.now() - (_now() - one.sent[-1][0])
            wrong = self._wrong_now(found.value, listing, at)
        else:
            return
        self.checked["values"] += 1
        if wrong:
            self._break("wrong value", f"{candidate.provider.id} {flight.query.key()} ({faults}): {wrong}")

    def _wrong_candles(self, query: CandleQuery, frame: pd.DataFrame, listing: Any) -> str:
        tail = frame.iloc[-30:]
        first, last = (int(time.timestamp()) for time in (tail.index[0], tail.index[-1]))
        now = self.lab.clock.now()
        bars = self.lab.market.bars(listing, query.seconds, first, last + query.seconds, now)
        truth = dict(zip(bars.time.tolist(), bars.close.tolist(), strict=True))
        if not query.include_open and last + query.seconds > now:
            return f"the candle of {tail.index[-1]} is not closed"
        for time, close in tail["close"].items():
            at = int(time.timestamp())
            if at + query.seconds <= now and abs(close / truth[at] - 1) > 1e-9:
                return f"close {close} at {time}, the market says {truth[at]}"
        return ""

    def _wrong_now(self, value: Quote | OrderBook, listing: Any, at: float) -> str:
        if isinstance(value, Quote):
            truth = self.lab.market.last(listing, at)
            return "" if abs(value.last / truth - 1) < 1e-9 else f"last {value.last}, market {truth}"
        book = self.lab.market.book(listing, at, 1)
        said, truth = ((b.bids[0][0], b.asks[0][0]) for b in (value, book))
        same = all(abs(one / other - 1) < 1e-9 for one, other in zip(said, truth, strict=True))
        return "" if same else f"best {said}, market {truth}"

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
            self._fetched[key] = (answer.value, _now(), self._lives, self._hidden)
            while len(self._fetched) > 4000:
                del self._fetched[next(iter(self._fetched))]
            return
        window = _window(query, answer.fetched)
        if answer.tier == "cache" and answer.age > window + TICK:
            self._break("stale as fresh", f"cache after {answer.age:.1f} s: {query.key()}")
        if answer.tier == "stale" and not any(note.startswith("stale") for note in answer.notes):
            self._break("stale as fresh", f"stale without a note: {query.key()}")
        if (known := self._fetched.get(key)) is not None:
            self.checked["kept"] += 1
            value, fetched, life, hidden = known
            if not _same(value, answer.value):
                self._break("wrong value", f"{answer.tier} differs from what was fetched: {query.key()}")
            age = _now() - fetched
            if life == self._lives and abs(answer.age - age) > TICK:
                self._break("age", f"{answer.age:.3f} s, in truth {age:.3f} s: {query.key()}")
            if answer.tier == "cache" and age - (self._hidden - hidden) > window + TICK:
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
        world = self._world
        for endpoint, health in world.guard.records().items():
            left = {
                "in flight": health.ewma.in_flight,
                "silent": health.silent,
                "probes": health.circuit._probing * (health.circuit.state == "half_open"),
                "truth probes": health.truth._probing * (health.truth.state == "half_open"),
            }
            if any(left.values()):
                self._break("leak", f"{endpoint}: {left}")
            total = sum(health.totals.values())
            if total != self._finished[str(endpoint)]:
                self._break("totals", f"{endpoint}: {total} on record, {self._finished[str(endpoint)]} made")
        told = sum(entry.calls for entry in self._told(hub).values())
        if told != self._finished.total():
            self._break("totals", f"health tells of {told} calls, {self._finished.total()} were made")
        if hub._flights or world._router._detached:
            self._break("leak", f"{len(hub._flights)} flights, {len(world._router._detached)} detached")
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if (feed := world.feed) is not None:
            tasks.discard(feed._keeping)  # it looks after the archive as long as the hub is open
        if tasks:
            self._break("leak", f"tasks: {tasks}")
        self.seen["rests"] += 1
        self.check()

    def _told(self, hub: Any) -> dict[str, Any]:
        from core.engine.snapshot import endpoints_health

        return endpoints_health(self._world.guard, _now())

    def _tick(self) -> int:
        self._moment += 1
        return self._moment

    def _break(self, invariant: str, detail: str) -> None:
        self.broken.append(Broken(f"{invariant}: {detail}"))


@contextlib.contextmanager
def spying(watch: Watch) -> Iterator[None]:
    """See what circuits and pauses do, whatever their methods are at this moment."""
    names = ("allow", "success", "failure", "release", "_open", "doubt", "restore", "reset")
    own = {name: getattr(Breaker, name) for name in names}
    add = Cooldowns.add

    def allow(self: Breaker, now: float) -> int:
        state, until = self.state, self.until
        permit = own["allow"](self, now)
        watch.permitted(self, state, until, permit, now)
        return permit

    def giving(name: str) -> Any:
        def give(self: Breaker, permit: int, *args: Any) -> None:
            if permit > 1:
                watch.handed_back(self, permit)
            own[name](self, permit, *args)

        return give

    def turning(name: str) -> Any:
        def turn(self: Breaker, *args: Any) -> None:
            before = self.state
            own[name](self, *args)
            if name != "doubt" or before == "closed":
                watch.turned(self)

        return turn

    def adding(self: Cooldowns, cooldown: Any) -> Any:
        before = self._running.get(cooldown.scope)
        holds = add(self, cooldown)
        after = self._running[cooldown.scope].until
        watch.pausing(cooldown.scope, before and before.until, after, _now())
        return holds

    Breaker.allow = allow  # type: ignore[method-assign]
    for name in ("success", "failure", "release"):
        setattr(Breaker, name, giving(name))
    for name in ("_open", "doubt", "restore", "reset"):
        setattr(Breaker, name, turning(name))
    Cooldowns.add = adding  # type: ignore[method-assign]
    try:
        yield
    finally:
        for name, method in own.items():
            setattr(Breaker, name, method)
        Cooldowns.add = add  # type: ignore[method-assign]


def _now() -> float:
    return asyncio.get_running_loop().time()


def _window(query: Any, fetched: float) -> float:
    """For how long an answer may be called fresh at most, in seconds."""
    if not isinstance(query, CandleQuery):
        return WINDOWS[query.capability]
    if query.include_open:
        return 10.0
    if query.end is not None and query.end.timestamp() <= fetched:
        return 3600.0
    anchor = 4 * 86400 if query.interval == "1w" else 0
    closes = ((fetched - anchor) // query.seconds + 1) * query.seconds + anchor
    return min(3600.0, closes + 1.0 - fetched)


def _same(one: Any, other: Any) -> bool:
    return one.equals(other) if isinstance(one, pd.DataFrame) else one == other
