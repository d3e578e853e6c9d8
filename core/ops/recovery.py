"""The recovery of an endpoint, in the order of DESIGN 6: again, other form, other host, who stands in for it."""

import asyncio
import random

from core.catalog import Endpoint
from core.clock import Clock
from core.engine.check import Checks
from core.engine.connectivity import Connectivity
from core.engine.guard import Guard
from core.engine.health import HealthState
from core.ops.course import Course
from core.ops.results import HealOutcome
from core.ops.tally import GOOD
from core.settings import Settings

BACKOFF = (0.5, 1.5)
"""Seconds before an endpoint is asked again, drawn at random between these."""
ASKED_INSTEAD = 2
"""Other hosts, and other providers, that are asked when none is known to be well."""
WELL: frozenset[HealthState] = frozenset({"healthy", "degraded"})
AGAIN = frozenset({"timeout", "refused", "status"})
"""Outcomes after which asking once more may help."""


class Recovery:
    """Recovers endpoints of one world."""

    def __init__(
        self, settings: Settings, clock: Clock, guard: Guard, checks: Checks, connectivity: Connectivity
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._checks = checks
        self._connectivity = connectivity

    async def of(self, endpoint: Endpoint, course: Course) -> tuple[HealOutcome, str]:
        """Ask it until it is well; else find who stands in for it. What came of it, and in words."""
        if await self._ask(endpoint, course):
            return "healed", "it answers again"
        if self._connectivity.offline:
            return "offline", "this machine reaches nobody: there is nothing to heal there"
        state = self._state(endpoint)
        for step, others in (
            ("other host", self._other_hosts(endpoint)),
            ("next provider", self._other_providers(endpoint)),
        ):
            if stands_in := await self._covered(step, others, course):
                return "covered", f"{state}; {stands_in} answers in its place"
        if self._settings.relay_url is not None:
            course.take("relay", "ready", "calls that nobody answers go through it")
        course.take("stale cache", "ready", "what it holds is given, and said to be stale")
        left = (
            "only the stale cache"
            if self._settings.relay_url is None
            else "only the relay, or the stale cache,"
        )
        outcome: HealOutcome = "resting" if state in {"throttled", "blocked"} else "ill"
        return outcome, f"{state}, and nobody else answers: until one does {left} stands in"

    async def _ask(self, endpoint: Endpoint, course: Course) -> bool:
        """Ask it, in another form or a second time where that can help, and on until it counts as healthy."""
        good = bad = 0
        step = "ask"
        forms = {self._form(endpoint)}
        while True:
            attempt = await self._checks.endpoint(endpoint, early=True)
            course.take(step, attempt.outcome, attempt.reason, attempt.elapsed)
            if attempt.outcome in GOOD:
                good += 1
                if self._state(endpoint) == "healthy" or good >= self._settings.health_recovery_count + 1:
                    return True
                continue
            if (form := self._form(endpoint)) not in forms:
                forms.add(form)
                step = "other form"
                continue
            bad += 1
            step = "retry"
            if attempt.outcome not in AGAIN or bad > 1 or self._connectivity.offline:
                return False
            await asyncio.sleep(random.uniform(*BACKOFF))  # noqa: S311 - jitter

    async def _covered(self, step: str, others: list[Endpoint], course: Course) -> str:
        """Who stands in for an ill endpoint; empty for nobody. Whoever is known to be well is not asked."""
        if well := next((other for other in others if self._state(other) in WELL), None):
            course.take(step, "ok", f"{well} is well")
            return str(well)
        for other in [one for one in others if self._state(one) == "unknown"][:ASKED_INSTEAD]:
            attempt = await self._checks.endpoint(other)
            course.take(step, attempt.outcome, f"{other} {attempt.reason}".strip(), attempt.elapsed)
            if attempt.outcome in GOOD:
                return str(other)
        if not others:
            course.take(step, "none", "there is no other")
        return ""

    def _other_hosts(self, endpoint: Endpoint) -> list[Endpoint]:
        provider = self._guard.catalog[endpoint.provider]
        return [
            one for one in provider.endpoints if one.capability == endpoint.capability and one != endpoint
        ]

    def _other_providers(self, endpoint: Endpoint) -> list[Endpoint]:
        return [
            one
            for provider in self._guard.catalog.serving(endpoint.capability)
            if provider.id != endpoint.provider
            for one in provider.endpoints
            if one.capability == endpoint.capability
        ]

    def _form(self, endpoint: Endpoint) -> int:
        provider = self._guard.catalog[endpoint.provider]
        host = next(host for host in provider.hosts if host.name == endpoint.host)
        return self._guard.forms.of(provider, endpoint.capability, host)

    def _state(self, endpoint: Endpoint) -> HealthState:
        return self._guard.state(endpoint, self._clock.mono())
