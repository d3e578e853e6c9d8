"""What was counted within the last minutes, of counts that only grow. Pure."""

from collections import Counter, deque

from core.ops.stats import Stats

WINDOW = 300.0
"""Seconds over which shares of answers and failed writes are taken."""


class Lately:
    """Answers by tier, and failed writes."""

    def __init__(self) -> None:
        self._counts: deque[tuple[float, Counter[str], int]] = deque()
        """When (``mono`` seconds) → answers by tier, failed writes; all since the hub was opened."""

    def seen(self, stats: Stats, now: float) -> tuple[dict[str, int], int]:
        """Those of the last five minutes."""
        tiers: Counter[str] = Counter()
        for counted in stats.answers.values():
            tiers.update(counted)
        if not self._counts:
            self._counts.append((now, Counter(), 0))
        self._counts.append((now, tiers, stats.write_errors))
        while len(self._counts) > 2 and self._counts[1][0] <= now - WINDOW:
            self._counts.popleft()
        _, before, errors = self._counts[0]
        return dict(tiers - before), stats.write_errors - errors
