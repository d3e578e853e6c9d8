"""Health of an endpoint on two axes: down (transport, parse) and dissenting (truth). Pure; seconds."""

import random
from collections import Counter, deque
from collections.abc import Iterable
from typing import Literal, NamedTuple

from core.answer import Outcome
from core.engine.balance import PeakEwma
from core.engine.breaker import CALL, Breaker, BreakerPolicy, State

HealthState = Literal[
    "unknown",
    "healthy",
    "degraded",
    "dissenting",
    "unavailable",
    "throttled",
    "blocked",
    "disabled",
    "isolated",
]
SEVERITY: tuple[HealthState, ...] = (
    "unknown",
    "healthy",
    "degraded",
    "dissenting",
    "throttled",
    "blocked",
    "unavailable",
    "isolated",
    "disabled",
)
"""Mildest first; a provider's state is the worst among its capabilities, each at its best host."""

WINDOW = 50
"""Calls over which the success rate is taken, and from which p50 and p95 are read."""
FEWEST = 10
"""Below this many calls a rate says nothing."""
FORGET = 3600.0
"""Seconds without traffic after which an endpoint is unknown again."""


class Permits(NamedTuple):
    """Leave for one call, on either axis; handed back with its result.

    Its quota is spent; ``delay`` is for how many seconds it has to wait for it.
    """

    circuit: int
    truth: int
    delay: float = 0.0

    @property
    def probe(self) -> bool:
        """Whether the call is a probe of a half-open circuit."""
        return self.circuit > CALL


class Health:
    """The one record of an endpoint: circuits, window, latencies, totals."""

    __slots__ = (
        "_last_at",
        "_low",
        "_oks",
        "_policy",
        "_seconds",
        "_since",
        "answered",
        "circuit",
        "ewma",
        "last_error",
        "last_error_at",
        "last_ok_at",
        "silent",
        "totals",
        "truth",
    )

    def __init__(self, policy: BreakerPolicy, rng: random.Random) -> None:
        self._policy = policy
        self.circuit = Breaker(policy, rng)
        self.truth = Breaker(policy, rng)
        self.ewma = PeakEwma()
        self.totals: Counter[Outcome] = Counter()
        self.answered: bool | None = None
        """Whether the last call that came to its end was answered at all; None before there was one."""
        self.silent = 0
        """Calls overtaken by a hedge that still have no result of their own."""
        self.last_error = ""
        self.last_error_at: float | None = None
        """UTC seconds, as is ``last_ok_at``."""
        self.last_ok_at: float | None = None
        self._last_at: float | None = None
        self._oks: deque[bool] = deque(maxlen=WINDOW)
        self._seconds: deque[float] = deque(maxlen=WINDOW)
        self._low = False
        """Half the errors that open the circuit were there, and not all of them are worn down."""
        self._since = 0
        """Calls since the circuit last opened: those before have led to that already."""

    @property
    def hanging(self) -> bool:
        """As many unanswered calls as it takes errors to open the circuit: asking again helps nobody."""
        return bool(self.silent) and self.silent + self.circuit.errors >= self._policy.threshold

    def allow(self, now: float) -> Permits | None:
        """Leave for one call, or None: a circuit is open, or too many calls hang."""
        if self.hanging or not (circuit := self.circuit.allow(now)):
            return None
        if truth := self.truth.allow(now):
            return Permits(circuit, truth)
        self.circuit.release(circuit)
        return None

    def refusal(self, now: float) -> str:
        """Why :meth:`allow` refuses, for a person."""
        if self.hanging:
            return f"{self.silent} earlier requests still unanswered"
        axis, name = (
            (self.truth, "quarantined after untrue data")
            if self.circuit.state == "closed"
            else (
                self.circuit,
                "circuit open",
            )
        )
        if left := axis.left(now):
            return f"{name} for {left:.0f} s more; last error: {self.last_error}"
        return f"{name}, a probe is under way; last error: {self.last_error}"

    def succeeded(
        self,
        permits: Permits,
        outcome: Outcome,
        elapsed: float,
        now: float,
        wall: float,
        *,
        judged: bool = True,
    ) -> None:
        """A value came back, and it held; or whether it does is still to be :meth:`judged`."""
        self.circuit.success(permits.circuit, now, elapsed)
        if errors := self.circuit.errors:
            self._low = self._low or errors >= self._policy.half
        else:
            self._low = False
        if judged:
            self.truth.success(permits.truth)
        else:
            self.truth.release(permits.truth)
        self.answered = True
        self.totals[outcome] += 1
        self.last_ok_at = wall
        self._oks.append(True)
        self._since += 1
        self._seconds.append(elapsed)
        self.ewma.observe(elapsed, now)
        self._last_at = now

    def failed(
        self, permits: Permits, outcome: Outcome, reason: str, elapsed: float, now: float, wall: float
    ) -> None:
        """A failure that is the endpoint's own."""
        self.last_error, self.last_error_at = f"{outcome}: {reason}", wall
        if outcome == "truth":
            self.circuit.success(permits.circuit)
            self.truth.failure(permits.truth, now)
        else:
            self.circuit.failure(permits.circuit, now)
            self.truth.release(permits.truth)
        self.answered = outcome != "timeout"
        self.totals[outcome] += 1
        self._oks.append(False)
        self._low = self._low or self.circuit.errors >= self._policy.half
        self._since = 0 if self.circuit.state == "open" else self._since + 1
        self.ewma.observe(elapsed, now)
        self._last_at = now

    def judged(self, reason: str, now: float, wall: float) -> None:
        """What others say of a value that came back a moment ago; empty when it holds."""
        permit = self.truth.allow(now)
        if not reason:
            self.truth.success(permit)
            return
        self.truth.failure(permit, now)
        self.last_error, self.last_error_at = f"truth: {reason}", wall
        self.totals["truth"] += 1
        self._oks.append(False)
        self._since += 1

    def follow(self, policy: BreakerPolicy) -> None:
        """Go by this policy from now on."""
        self._policy = policy
        self.circuit.follow(policy)
        self.truth.follow(policy)

    def hasten(self) -> None:
        """End the pause of an open circuit, on either axis."""
        self.circuit.hasten()
        self.truth.hasten()

    def recall(
        self, good: int, failed: int, seconds: Iterable[float], last_ok: float, ago: float, now: float
    ) -> None:
        """What is known of it from before a restart: the calls of its last hour, and how long ago the last was.

        In which order they went is not known. ``last_ok`` in UTC seconds, 0 for never.
        """
        share = min(1.0, WINDOW / max(1, good + failed))
        self._oks.extend([False] * round(failed * share) + [True] * round(good * share))
        self._since = 0 if self.shut else len(self._oks)
        self._seconds.extend(seconds)
        self.last_ok_at = last_ok or None
        self._last_at = now - max(0.0, ago)

    def release(self, permits: Permits) -> None:
        """Leave that was not used."""
        self.circuit.release(permits.circuit)
        self.truth.release(permits.truth)

    def noted(self, permits: Permits, outcome: Outcome) -> None:
        """An end with no verdict on health: throttled, blocked, a caller's error, cancelled, offline."""
        self.release(permits)
        if outcome != "overtaken":
            self.answered = outcome != "timeout"
        self.totals[outcome] += 1

    def shown(self, now: float) -> State:
        """The circuit as a person sees it; calls that hang hold it open."""
        return "open" if self.hanging else self.circuit.shown(now)

    @property
    def shut(self) -> bool:
        """Whether it is held back on the down axis, or was and is being probed."""
        return self.hanging or self.circuit.state != "closed"

    def usual(self, share: float) -> float | None:
        """:meth:`percentile`, or None while there are too few samples to speak of a tail."""
        return self.percentile(share) if len(self._seconds) >= FEWEST else None

    def success_rate(self) -> float | None:
        """Share of the window that went well; None while it is empty."""
        return sum(self._oks) / len(self._oks) if self._oks else None

    def percentile(self, share: float) -> float | None:
        """Latency in seconds that this share of the successes stayed below; None without any."""
        if not self._seconds:
            return None
        ordered = sorted(self._seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def state(self, now: float) -> HealthState:
        """State on the down axis, with dissent where that axis is well. Pauses and persons come on top."""
        if self.circuit.state != "closed" or self.hanging:
            return "unavailable"
        if self.truth.state != "closed":
            return "dissenting"
        if self._last_at is None or now - self._last_at > FORGET:
            return "unknown"
        recent = list(self._oks)[-self._since :] if self._since else []
        poor = len(recent) >= FEWEST and sum(recent) < 0.5 * len(recent)
        low = self._low or self.circuit.errors >= self._policy.half
        return "degraded" if poor or low else "healthy"

    def forget_failures(self) -> None:
        """Forget old failures as they are shown and as they weigh in the success rate; circuits stay as they are."""
        self.last_error, self.last_error_at = "", None
        self._oks.clear()

    def reset(self) -> None:
        """Forget what was held against it."""
        self.circuit.reset()
        self.truth.reset()
        self._low = False
        self._oks.clear()
