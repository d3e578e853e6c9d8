"""What a finding is. Times are UTC seconds since 1970."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

PatternName = Literal[
    "recurring_hour", "flapping", "our_network", "their_outage", "latency_drift", "schema_drift"
]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One finding. ``since`` … ``until``: the rows that it rests on."""

    name: PatternName
    target: str
    since: float
    until: float
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)
