"""What a look at the world gives the alerts to go by."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.engine.snapshot import Snapshot
from core.ops.scores import Score
from core.ops.stats import Stats


@dataclass(frozen=True, slots=True)
class Sight:
    """One moment."""

    snapshot: Snapshot
    stats: Stats
    quotas: Mapping[str, float]
    """What they are of, in words → units left."""
    scores: Mapping[str, Score]
    """Archived series → its newest score."""
