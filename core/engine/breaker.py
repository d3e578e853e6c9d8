"""Circuit breaker: a pure state machine over ``mono`` seconds.

States and half-open permits as in resilience4j; the pause grows and is jittered as in Finagle's failure
accrual. Errors are worn down by successes one by one, so a flapping endpoint does not look well after one.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.settings import Settings

State = Literal["closed", "open", "half_open"]
REFUSED, CALL = 0, 1
"""Permits of a circuit that refuses and of one that is closed; larger: a probe of one half-open spell."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """What opens a circuit: ``threshold`` errors, or a window of calls of which too many failed or were slow.

    Pauses run from ``first`` to ``longest`` seconds, doubling. With ``observe`` nothing is ever refused; how
    often the circuit would have opened is counted instead.
    """

    threshold: int = 3
    recovery: int = 2
    first: float = 30.0
    longest: float = 300.0
    jitter: float = 0.2
    probes: int = 1
    window: int = 20
    """Calls that the two rates are taken over; below as many they say nothing."""
    failure_rate: float = 0.5
    slow_rate: float = 0.8
    slow_after: float = 3.0
    """Seconds from which on a call is slow, although it went well."""
    observe: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "BreakerPolicy":
        """What the knobs say."""
        return cls(
            threshold=settings.health_error_threshold,
            recovery=settings.health_recovery_count,
            first=settings.health_cooldown_seconds / 10,
            longest=settings.health_cooldown_seconds,
            probes=settings.half_open_probes,
            failure_rate=settings.failure_rate,
            slow_rate=settings.slow_rate,
            slow_after=settings.slow_after,
            observe=settings.observe_only,
        )

    @property
    def half(self) -> int:
        """Errors that make an endpoint degraded."""
        return math.ceil(self.threshold / 2)


class Breaker:
    """One circuit. Every permit that :meth:`allow` gives is handed back by exactly one of
    :meth:`success`, :meth:`failure` and :meth:`release`.
    """

    __slots__ = (
        "_calls",
        "_failed",
        "_mask",
        "_most_failed",
        "_most_slow",
        "_policy",
        "_probing",
        "_random",
        "_slow",
        "_slow_after",
        "_spell",
        "_window",
        "errors",
        "listener",
        "opens",
        "state",
        "streak",
        "until",
        "would_open",
    )

    def __init__(self, policy: BreakerPolicy, rng: random.Random) -> None:
        self._random = rng
        self.listener: Callable[[Breaker], None] | None = None
        """Told of every turn, after it."""
        self._probing = 0
        self._spell = CALL
        # The window, a bit a call, the latest lowest: counting bits is the cheapest rate there is.
        self._calls = 0
        self._failed = 0
        self._slow = 0
        self.follow(policy)
        self.would_open = 0
        """Openings that an observing circuit left out."""
        self.state: State = "closed"
        self.errors = 0
        self.streak = 0
        self.opens = 0
        """Openings since it was last healthy; the pause doubles with each."""
        self.until = 0.0
        """End of the running pause, ``mono`` seconds."""

    def follow(self, policy: BreakerPolicy) -> None:
        """Go by this policy from now on; a pause that runs stays as long as it was to be."""
        self._policy = policy
        self._window = policy.window
        self._slow_after = policy.slow_after
        self._mask = (1 << policy.window) - 1
        self._most_failed = math.ceil(policy.failure_rate * policy.window)
        self._most_slow = math.ceil(policy.slow_rate * policy.window)

    def allow(self, now: float) -> int:
        """A permit for one call: ``CALL``, the number of a probe, or ``REFUSED``."""
        if self.state == "closed":
            return CALL
        if self.state == "open":
            if now < self.until:
                return REFUSED
            self._half_open()
        if self._probing >= self._policy.probes:
            return REFUSED
        self._probing += 1
        return self._spell

    def success(self, permit: int, now: float = 0.0, seconds: float = 0.0) -> None:
        """A call went well, in so many seconds."""
        if self.state == "closed":
            self.streak += 1
            if self.errors:
                self._wear()
            if self._failed:
                self._failed = (self._failed << 1) & self._mask
            if self._slow:
                self._slow = (self._slow << 1) & self._mask
            if self._calls < self._window:
                self._calls += 1
            if seconds >= self._slow_after:
                self._slow |= 1
                if self._calls >= self._window and self._slow.bit_count() >= self._most_slow:
                    self._open(now)
        elif self._probes(permit):
            self.state = "closed"
            self.errors = self._policy.half
            self.streak = 1
            if self.streak >= self._policy.recovery:
                self._heal()
            self._tell()

    def failure(self, permit: int, now: float) -> None:
        """A call failed. What comes back late from before the circuit opened changes nothing."""
        self.streak = 0
        if self.state == "closed":
            self.errors += 1
            self._failed = (self._failed << 1 | 1) & self._mask
            self._slow = (self._slow << 1) & self._mask
            if self._calls < self._window:
                self._calls += 1
            often = self._calls >= self._window and self._failed.bit_count() >= self._most_failed
            if often or self.errors >= self._policy.threshold:
                self._open(now)
        elif self._probes(permit):
            self._open(now)

    def release(self, permit: int) -> None:
        """A call ended with no verdict: cancelled, or no fault of the endpoint."""
        if self._probes(permit):
            self._probing -= 1

    def doubt(self) -> None:
        """Go half open without having failed: its next call is a probe."""
        if self.state == "closed" and not self._policy.observe:
            self._half_open()

    @property
    def probing(self) -> bool:
        """Whether a probe is under way."""
        return self.state == "half_open" and self._probing > 0

    def hasten(self) -> None:
        """End a pause now, at a person's wish: the next call is a probe."""
        if self.state == "open":
            self._half_open()

    def left(self, now: float) -> float:
        """Seconds of pause left; 0 when the circuit is not open."""
        return max(0.0, self.until - now) if self.state == "open" else 0.0

    def shown(self, now: float) -> State:
        """The state as a person sees it: a pause that is over counts as half open."""
        return "half_open" if self.state == "open" and now >= self.until else self.state

    def restore(self, left: float, opens: int, now: float) -> None:
        """Open again as before a restart, for at most the pause that was left."""
        self.state = "open"
        self.errors = self._policy.threshold
        self.opens = max(1, opens)
        self.until = max(self.until, now + min(max(0.0, left), self._policy.longest))

    def recall(self, errors: int) -> None:
        """Errors of a circuit that was closed before a restart; they alone never open it."""
        self.errors = max(self.errors, min(errors, self._policy.threshold - 1))

    def reset(self) -> None:
        """Closed, with a clean slate."""
        was, self.state = self.state, "closed"
        self.streak = 0
        self.until = 0.0
        self._heal()
        if was != "closed":
            self._tell()

    def _probes(self, permit: int) -> bool:
        return self.state == "half_open" and permit == self._spell

    def _half_open(self) -> None:
        self.state = "half_open"
        self._probing = 0
        self._spell += 1
        self._tell()

    def _tell(self) -> None:
        if self.listener is not None:
            self.listener(self)

    def _wear(self) -> None:
        self.errors -= 1
        if not self.errors or self.streak >= self._policy.recovery:
            self._heal()

    def _heal(self) -> None:
        self.errors = 0
        self.opens = 0

    def _open(self, now: float) -> None:
        policy = self._policy
        self._calls = self._failed = self._slow = 0
        if policy.observe:
            self.would_open += 1
            self._heal()
            return
        pause = policy.first * 2.0 ** min(self.opens, 32) * (1 + policy.jitter * self._random.random())
        self.state = "open"
        self.errors = policy.threshold
        self.opens += 1
        self.until = max(self.until, now + min(pause, policy.longest))
        self._tell()
