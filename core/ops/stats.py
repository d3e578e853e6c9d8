"""What a hub has done since it was opened, in numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.ops.capacity import Capacity

NOBODY = "none"
"""Stands where a tier would, for a question that nobody could answer."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since ``since`` (UTC seconds). ``seconds``: how long that is."""

    since: float
    seconds: float
    lab: bool
    answers: Mapping[str, Mapping[str, int]]
    """Capability → tier → answers given; :data:`NOBODY` where there was none."""
    attempts: Mapping[str, Mapping[str, int]]
    """Provider → outcome → tries."""
    cached: int
    """Answers in the cache."""
    under_way: int
    """Questions that are being worked on."""
    write_errors: int
    capacity: Capacity


@dataclass(slots=True)
class Given:
    """Counts answers as they are given."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, capability: str, tier: str) -> None:
        """One more."""
        self.counts[capability, tier] += 1

    def by_capability(self) -> dict[str, dict[str, int]]:
        """Capability → tier → how many."""
        found: dict[str, dict[str, int]] = {}
        for (capability, tier), count in sorted(self.counts.items()):
            found.setdefault(capability, {})[tier] = count
        return found
