"""What a drill came to. Pure: from what was seen to figures."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.answer import Attempt
from core.drill.script import Step

Ended = Literal["fresh", "stale", "none"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One call of a drill. ``at`` seconds from its start, ``elapsed`` in seconds."""

    at: float
    what: str
    ended: Ended
    elapsed: float
    source: str
    tier: str
    attempts: tuple[Attempt, ...]
    wrong: str = ""
    """How the value differs from what the venue truly had; empty when it does not."""
    checked: bool = True
    """Whether the lab knows what that venue truly had."""

    @property
    def failed_over(self) -> bool:
        """An answer that somebody gave after another had failed, or was too slow."""
        return self.ended == "fresh" and any(
            attempt.outcome not in {"ok", "partial"} and not attempt.outcome.startswith("skipped")
            for attempt in self.attempts
        )


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long after a fault's end its venue answered well again; None when it did not within the drill."""

    target: str
    fault: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A drill's result. Latencies in seconds, shares 0 … 1; None where nothing of that kind happened."""

    seed: int | None
    seconds: float
    knobs: dict[str, Any]
    calls: int
    availability: float
    """Share of calls with a fresh answer."""
    stale_share: float
    no_answer: int
    wrong: int
    """Wrong values served. Must be 0."""
    unchecked: int
    """Answers of sources whose truth the lab does not keep."""
    failovers: int
    failover_p50: float | None
    failover_p99: float | None
    p50: float | None
    p99: float | None
    opened: int
    closed: int
    """Circuits opened and closed again."""
    recovered: tuple[Recovery, ...]
    score: float
    steps: tuple[Step, ...]
    seen: tuple[Seen, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, every call and attempt included."""
        return dataclasses.asdict(self)

    def summary(self) -> dict[str, Any]:
        """The figures alone."""
        found = dataclasses.asdict(dataclasses.replace(self, seen=()))
        del found["seen"], found["steps"]
        return found


def conclude(
    seen: Sequence[Seen],
    steps: Sequence[Step],
    *,
    seconds: float,
    deadline: float,
    opened: int,
    closed: int,
    recovered: Sequence[Recovery],
    seed: int | None,
    knobs: dict[str, Any],
) -> Report:
    """The figures of a drill.

    The score is 100 × (0.6 availability + 0.2 (1 − failover p99 / deadline) + 0.1 (1 − stale share) + 0.1 share
    of faults recovered from), and 0 as soon as one wrong value was served.
    """
    fresh = [call for call in seen if call.ended == "fresh"]
    over = [call.elapsed for call in fresh if call.failed_over]
    calls = len(seen)
    availability = len(fresh) / calls if calls else 0.0
    stale = sum(call.ended == "stale" for call in seen) / calls if calls else 0.0
    wrong = sum(bool(call.wrong) for call in seen)
    p99 = percentile(over, 0.99)
    healed = sum(one.seconds is not None for one in recovered) / len(recovered) if recovered else 1.0
    swift = 1.0 if p99 is None else max(0.0, 1 - p99 / deadline)
    score = 100 * (0.6 * availability + 0.2 * swift + 0.1 * (1 - stale) + 0.1 * healed)
    return Report(
        seed=seed,
        seconds=seconds,
        knobs=knobs,
        calls=calls,
        availability=availability,
        stale_share=stale,
        no_answer=sum(call.ended == "none" for call in seen),
        wrong=wrong,
        unchecked=sum(not call.checked for call in seen),
        failovers=len(over),
        failover_p50=percentile(over, 0.5),
        failover_p99=p99,
        p50=percentile([call.elapsed for call in fresh], 0.5),
        p99=percentile([call.elapsed for call in fresh], 0.99),
        opened=opened,
        closed=closed,
        recovered=tuple(recovered),
        score=0.0 if wrong else round(score, 1),
        steps=tuple(steps),
        seen=tuple(seen),
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else None
