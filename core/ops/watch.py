"""Hears what happens in the engine, and puts it into the journal: tries, circuits, pauses, states."""

import asyncio
from typing import Any

from core.answer import Outcome
from core.catalog import Endpoint
from core.clock import Clock
from core.engine.breaker import Breaker
from core.engine.connectivity import Connectivity
from core.engine.cooldown import Cooldown
from core.engine.guard import Guard
from core.engine.health import HealthState
from core.engine.observe import Axis
from core.engine.snapshot import provider_health
from core.ops.events import (
    AttemptFailed,
    CircuitClosed,
    CircuitHalfOpen,
    CircuitOpened,
    CooldownStarted,
    Dissent,
    Event,
    NetworkChanged,
    StateChanged,
)
from core.ops.journal import Journal
from core.ops.rollup import CHECK
from core.ops.shapes import Shapes
from core.ops.tally import GOOD, REFUSED

LOOK = 0.2
"""Seconds after something happened until the states are compared with those before."""
NOBODYS = frozenset({"overtaken", "unknown_symbol", "skipped_quota", "skipped_unserved"})
"""Outcomes that are counted, but no failed attempts: cancelled, a caller's error, our own thrift."""


class Watch:
    """The engine's observer in one world. States are compared a moment later, off the hot path."""

    def __init__(
        self, journal: Journal, guard: Guard, connectivity: Connectivity, clock: Clock, shapes: Shapes
    ) -> None:
        self.read = shapes.read
        self.unreadable = shapes.unreadable
        self._journal = journal
        self._guard = guard
        self._connectivity = connectivity
        self._clock = clock
        self._touched: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._wake: asyncio.TimerHandle | None = None
        self._offline = connectivity.offline
        now = clock.mono()
        self._states = {
            provider.id: provider_health(guard, provider, now).state for provider in guard.catalog.values()
        }
        self.heard: dict[tuple[str, str], float] = {}
        """(Provider, host) → when its last attempt ended, in ``mono`` seconds."""

    def attempted(
        self,
        endpoint: Endpoint,
        outcome: Outcome,
        reason: str,
        status: int | None,
        elapsed: float,
        *,
        blamed: bool,
    ) -> None:
        """Count it; a failed one is an event as well."""
        self._journal.count(endpoint, outcome, elapsed, blamed=blamed)
        self.heard[endpoint.provider, endpoint.host] = self._clock.mono()
        self._touch(endpoint.provider)
        if outcome in GOOD or outcome in NOBODYS:
            return
        common: dict[str, Any] = {"time": self._clock.now(), "target": str(endpoint), "detail": reason}
        failed: Event = (
            Dissent(elapsed=elapsed, **common)
            if outcome == "truth"
            else AttemptFailed(outcome=outcome, status=status, elapsed=elapsed, blamed=blamed, **common)
        )
        self._journal.note(failed)

    def checked(
        self, provider: str, host: str, outcome: Outcome, reason: str, status: int | None, elapsed: float
    ) -> None:
        """Count it as the host's own, beside its endpoints."""
        target = f"{provider}/{CHECK}@{host}"
        good = outcome in GOOD
        refused = outcome in REFUSED
        self._journal.count(target, outcome, elapsed, blamed=not (good or refused))
        self.heard[provider, host] = self._clock.mono()
        self._touch(provider)
        if not good:
            self._journal.note(
                AttemptFailed(
                    time=self._clock.now(),
                    target=target,
                    who="monitor",
                    detail=reason,
                    outcome=outcome,
                    status=status,
                    elapsed=elapsed,
                    blamed=not refused,
                )
            )

    def turned(self, endpoint: Endpoint, axis: Axis, circuit: Breaker, error: str) -> None:
        """A circuit opened, went half open, or closed."""
        now, target = self._clock.now(), str(endpoint)
        turn: Event
        if circuit.state == "open":
            seconds = circuit.left(self._clock.mono())
            turn = CircuitOpened(
                time=now, target=target, axis=axis, seconds=seconds, opens=circuit.opens, detail=error
            )
        elif circuit.state == "half_open":
            turn = CircuitHalfOpen(time=now, target=target, axis=axis)
        else:
            turn = CircuitClosed(time=now, target=target, axis=axis)
        self._journal.note(turn)
        self._touch(endpoint.provider)

    def paused(self, cooldown: Cooldown) -> None:
        """A provider wants to be left alone."""
        seconds = cooldown.until - self._clock.mono()
        self._journal.note(
            CooldownStarted(
                time=self._clock.now(),
                target=cooldown.scope,
                detail=cooldown.reason,
                cause=cooldown.kind,
                seconds=seconds,
            )
        )
        self._touch(cooldown.scope.partition("/")[0].partition("@")[0])

    def touch_all(self) -> None:
        """Anything may have changed: a person isolated, restored or reset something."""
        for provider in self._guard.catalog:
            self._touch(provider)

    def look(self) -> None:
        """Note every state that is not what it was."""
        self._timer = None
        touched, self._touched = self._touched, set()
        if self._connectivity.offline != self._offline:
            self._offline = self._connectivity.offline
            said = "no host could be reached: this machine seems to be offline"
            self._journal.note(
                NetworkChanged(
                    time=self._clock.now(),
                    offline=self._offline,
                    detail=said if self._offline else "a host answered again",
                )
            )
        now = self._clock.mono()
        for name in sorted(touched):
            if (provider := self._guard.catalog.get(name)) is not None:
                self._compare(name, provider_health(self._guard, provider, now).state)
        self._sleep(now)

    def close(self) -> None:
        """Look a last time."""
        self.look()
        for timer in (self._timer, self._wake):
            if timer is not None:
                timer.cancel()
        self._timer = self._wake = None

    def _compare(self, provider: str, state: HealthState) -> None:
        before = self._states[provider]
        if state != before:
            self._states[provider] = state
            detail = f"{before} → {state}"
            self._journal.note(
                StateChanged(
                    time=self._clock.now(), target=provider, before=before, after=state, detail=detail
                )
            )

    def _sleep(self, now: float) -> None:
        """Look again when the first pause ends: by itself nothing else tells of that."""
        ends = [pause.until for pause in self._guard.cooldowns.running(now)]
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if ends:
            delay = min(3600.0, max(0.0, min(ends) - now) + LOOK)
            self._wake = asyncio.get_running_loop().call_later(delay, self._woken)

    def _woken(self) -> None:
        self._wake = None
        self._touched.update(
            name for name, state in self._states.items() if state in {"throttled", "blocked"}
        )
        self.look()

    def _touch(self, provider: str) -> None:
        self._touched.add(provider)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK, self.look)
