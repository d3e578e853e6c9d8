"""What became of the attempts of one stretch of time: counts, latencies, the last of them. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.answer import Outcome
from core.ops.sketch import Buckets, bucket, merge, quantile

GOOD = frozenset({"ok", "partial"})
REFUSED = frozenset({"throttled", "blocked"})


@dataclass(slots=True)
class Tally:
    """Counts per outcome, and four groups of them that add up to all attempts."""

    outcomes: dict[str, int] = field(default_factory=dict)
    good: int = 0
    """ok and partial."""
    failed: int = 0
    """Held against the endpoint."""
    refused: int = 0
    """Throttled and blocked: it answered, but would not serve."""
    other: int = 0
    """No verdict: a caller's error, cancelled, or this machine was offline."""
    latency: Buckets = field(default_factory=dict)
    """Of the good ones."""
    last: float = 0.0
    """When the last attempt ended, and the last good one: UTC seconds, 0 for never."""
    last_good: float = 0.0

    def add(self, outcome: Outcome, elapsed: float, at: float, *, blamed: bool) -> None:
        """Count one attempt."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.last = at
        if outcome in GOOD:
            self.good += 1
            self.last_good = at
            index = bucket(elapsed)
            self.latency[index] = self.latency.get(index, 0) + 1
        elif blamed:
            self.failed += 1
        elif outcome in REFUSED:
            self.refused += 1
        else:
            self.other += 1

    def merge(self, other: "Tally") -> None:
        """Add another stretch of time."""
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
        self.good += other.good
        self.failed += other.failed
        self.refused += other.refused
        self.other += other.other
        merge(self.latency, other.latency)
        self.last = max(self.last, other.last)
        self.last_good = max(self.last_good, other.last_good)

    @property
    def attempts(self) -> int:
        """All of them."""
        return self.good + self.failed + self.refused + self.other

    def percentile(self, share: float) -> float | None:
        """Latency of the good ones in seconds; None without any."""
        return quantile(self.latency, share)


def packed(counts: Mapping[int, int] | Mapping[str, int]) -> str:
    """Counts as JSON."""
    return json.dumps(counts, separators=(",", ":"))


def unpacked(text: str) -> dict[str, int]:
    """And back."""
    return {str(name): int(count) for name, count in json.loads(text).items()}


def unpacked_buckets(text: str) -> Buckets:
    """Histogram counts back from JSON."""
    return {int(index): count for index, count in unpacked(text).items()}
