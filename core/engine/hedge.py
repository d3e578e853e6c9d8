"""When to ask a second endpoint while the first is still silent (Dean & Barroso, The Tail at Scale, 2013).

Hedges are paid from a token bucket, so that a slow field cannot double the traffic. Pure; seconds.
"""


class HedgeBudget:
    """A bucket of ``burst`` hedges; every call earns ``refill`` of one."""

    __slots__ = ("_burst", "_refill", "tokens")

    def __init__(self, burst: int, refill: float) -> None:
        self._burst = float(burst)
        self._refill = refill
        self.tokens = float(burst)

    def earn(self) -> None:
        """One call was made."""
        self.tokens = min(self._burst, self.tokens + self._refill)

    def take(self) -> bool:
        """Spend one hedge, if there is one."""
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


MARGIN = 1.1
"""Beyond the p95: where latency hardly varies, the hedge would else go out as the answer comes in."""
SHORTEST = 0.05
"""Below this a hedge answers the noise of a fast endpoint, not its tail."""


QUICKER = 0.1
"""No endpoint without samples is given less than this, however many before it were silent."""


def hedge_delay(p95: float | None, unknown: float, longest: float, silent: int = 0) -> float:
    """Seconds to wait before a hedge: the endpoint's p95 within bounds, or ``unknown`` without samples.

    Half of that for each other one that is ``silent`` in the same call already: then many may be dead, and to
    wait for each in its turn would use up the call's time.
    """
    if p95 is None:
        return min(longest, max(min(unknown, QUICKER), unknown * 0.5**silent))
    return min(longest, max(SHORTEST, p95 * MARGIN))
