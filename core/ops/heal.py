"""Probing and healing: endpoints by the recovery of DESIGN 6, whatever else there is by a way of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from core.answer import KintsugiError
from core.catalog import Endpoint
from core.clock import Clock
from core.engine.check import Checks
from core.engine.connectivity import Connectivity
from core.engine.guard import Guard
from core.engine.health import HealthState
from core.engine.target import MODEL, UnknownTarget, endpoints_of
from core.ops.course import Course
from core.ops.data_target import DATA, DataTarget
from core.ops.events import Healed
from core.ops.journal import Journal
from core.ops.recovery import Recovery
from core.ops.results import Healing, HealOutcome, HealResult, Probe, ProbeResult
from core.settings import Settings

T = TypeVar("T")

MODELS = "model:*"
"""All models as a target: those that are ill, or every one by force."""
AT_ONCE = 5
"""Endpoints probed or healed at once, whoever asks."""
ILL: frozenset[HealthState] = frozenset({"degraded", "dissenting", "unavailable", "throttled", "blocked"})
Tell = Callable[[int, int, str], None]
"""Called with how many are done, of how many, and which was the last."""


Mend = Callable[[DataTarget, bool], Awaitable[str]]
"""From candles, and whether it comes by itself, to what their mend came to, in words."""


@dataclass(frozen=True, slots=True)
class Healable:
    """Something beside endpoints: a model that can be started anew.

    ``ill`` says why it needs that, and is empty when it does not; ``heal`` does it and says what it did.
    """

    ill: Callable[[], str]
    heal: Callable[[], Awaitable[str]]


class Healer:
    """Probes and heals in one world. Every step is in the journal, and in the result."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        guard: Guard,
        checks: Checks,
        connectivity: Connectivity,
        journal: Journal,
        others: dict[str, Healable],
        mend: Mend,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._checks = checks
        self._recovery = Recovery(settings, clock, guard, checks, connectivity)
        self._journal = journal
        self._others = others
        self._mend = mend
        self._places = asyncio.Semaphore(AT_ONCE)
        self._last: dict[str, float] = {}
        """Target → when its last healing began, in ``mono`` seconds."""
        now, wall = clock.mono(), clock.now()
        for event in journal.events(
            kinds=["heal"], since=wall - settings.health_reinit_cooldown, limit=10_000
        ):
            self._last.setdefault(event.target, now - max(0.0, wall - event.time))

    async def probe(self, target: str | None, tell: Tell | None = None) -> ProbeResult:
        """Ask every endpoint of a target now, open circuits included. UnknownTarget for one of nothing."""
        endpoints = endpoints_of(self._guard.catalog, target)

        async def one(endpoint: Endpoint) -> Probe:
            async with self._places:
                before = self._state(endpoint)
                attempt = await self._checks.endpoint(endpoint, early=True)
                after = self._state(endpoint)
            return Probe(
                str(endpoint),
                attempt.outcome,
                attempt.reason,
                attempt.status,
                attempt.elapsed,
                before,
                after,
            )

        probes = await _in_order([one(endpoint) for endpoint in endpoints], list(map(str, endpoints)), tell)
        return ProbeResult(target, self._clock.now(), tuple(probes))

    async def heal(
        self, target: str | None, *, force: bool, who: str, tell: Tell | None = None
    ) -> HealResult:
        """Heal what is ill of a target; with ``force`` also what is not, and however short ago the last was.

        UnknownTarget for one of nothing.
        """
        meant = self._meant(target, force)
        jobs = [self.heal_one(each, force=force, who=who) for each in meant]
        healings = await _in_order(jobs, list(map(str, meant)), tell)
        return HealResult(target, self._clock.now(), tuple(healings))

    def check(self, target: str | None) -> None:
        """UnknownTarget for a target of nothing."""
        self._meant(target, force=True)

    def may(self, target: str, times: float = 1.0) -> bool:
        """Whether its last healing is long enough ago, or ``times`` as long."""
        return not self._wait(target, times)

    async def heal_one(
        self, target: Endpoint | str, *, force: bool, who: str, automatic: bool = False
    ) -> Healing:
        """Heal one endpoint, or one of the others by its name; ``automatic``: nobody asked for it."""
        name = str(target)
        if (refusal := self._refusal(target, force)) is not None:
            return refusal
        self._last[name] = began = self._clock.mono()
        course = Course(self._journal, self._clock, name, who)
        async with self._places:
            if isinstance(target, Endpoint):
                outcome, detail = await self._recovery.of(target, course)
            else:
                outcome, detail = await self._other(target, course, automatic)
        elapsed = self._clock.mono() - began
        await self._journal.record(
            Healed(
                time=self._clock.now(),
                target=name,
                who=who,
                detail=detail,
                healing=course.id,
                outcome=outcome,
                elapsed=elapsed,
            )
        )
        return Healing(name, outcome, detail, tuple(course.steps), elapsed)

    def _meant(self, target: str | None, force: bool) -> list[Endpoint | str]:
        if not isinstance(target, str | None):
            raise UnknownTarget(f"target={str(target)[:80]!r}: expected text, or None for all")
        if target is not None and target.startswith(DATA):
            return [str(DataTarget.of(target))]
        if target == MODELS:
            return [name for name, other in self._others.items() if force or other.ill()]
        if target is not None and target.startswith(MODEL):
            if target not in self._others:
                known = " ".join(sorted(self._others)) or "none"
                raise UnknownTarget(f"target={target[:80]!r}: expected one of the models: {known}")
            return [target]
        endpoints = endpoints_of(self._guard.catalog, target)
        named = len(endpoints) == 1
        chosen = [one for one in endpoints if force or named or self._state(one) in ILL]
        if target is not None:
            return [*chosen]
        # A model is healed by its own way, which ends with asking its endpoint.
        chosen = [one for one in chosen if MODEL + one.provider not in self._others]
        return [*chosen, *(name for name, other in self._others.items() if force or other.ill())]

    def _refusal(self, target: Endpoint | str, force: bool) -> Healing | None:
        name = str(target)
        if isinstance(target, Endpoint):
            state = self._state(target)
            if state == "isolated":
                return Healing(name, "isolated", "a person isolated it; restore it first")
            if state == "disabled":
                return Healing(name, "disabled", "it is switched off, or its key is missing")
            if not force and state in {"healthy", "unknown"}:
                return Healing(name, "well", "nothing is known to be wrong with it")
        elif not force and target in self._others and not self._others[target].ill():
            return Healing(name, "well", "nothing is known to be wrong with it")
        if not force and (wait := self._wait(name, 1.0)):
            return Healing(name, "too_soon", f"healed a while ago: again in {wait:.0f} s, or by force")
        return None

    def _wait(self, target: str, times: float) -> float:
        """Seconds until it may be healed again; 0 when it may."""
        if (last := self._last.get(target)) is None:
            return 0.0
        return max(0.0, last + times * self._settings.health_reinit_cooldown - self._clock.mono())

    async def _other(self, name: str, course: Course, automatic: bool) -> tuple[HealOutcome, str]:
        began = self._clock.mono()
        data = name.startswith(DATA)
        step = "mend" if data else "start anew"
        try:
            done = await (self._mend(DataTarget.of(name), automatic) if data else self._others[name].heal())
        except (KintsugiError, OSError, ValueError, RuntimeError) as error:
            said = f"{type(error).__name__}: {error}"
            course.take(step, "failed", said, self._clock.mono() - began)
            return "failed", said
        course.take(step, "ok", done, self._clock.mono() - began)
        return "healed", done

    def _state(self, endpoint: Endpoint) -> HealthState:
        return self._guard.state(endpoint, self._clock.mono())


async def _in_order(jobs: Iterable[Awaitable[T]], names: list[str], tell: Tell | None) -> list[T]:
    """All results as the jobs were given, telling of each as it ends."""
    done = 0

    async def told(job: Awaitable[T], name: str) -> T:
        nonlocal done
        result = await job
        done += 1
        if tell is not None:
            tell(done, len(names), name)
        return result

    return await asyncio.gather(*(told(job, name) for job, name in zip(jobs, names, strict=True)))
