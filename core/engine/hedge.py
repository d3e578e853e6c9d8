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


def hedge_delay(p95: float | None, unknown: float, longest: float) -> float:
    """Seconds to wait before a hedge: the endpoint's p95 within bounds, or ``unknown`` without samples."""
    return min(longest, max(SHORTEST, unknown if p95 is None else p95 * MARGIN))
