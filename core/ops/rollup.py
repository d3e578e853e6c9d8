"""What a journal says of the attempts in stretches of time: roll-ups, bars, hours. Times in UTC seconds."""

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from core.ops.schema import DAY, HOUR, MINUTE
from core.ops.tally import Tally, unpacked

CHECK = "check"
"""Stands in the place of a capability where a host itself was asked: ``kraken/check@api.kraken.com``."""
Resolution = Literal["minute", "hour", "day"]
SECONDS: dict[Resolution, int] = {"minute": MINUTE, "hour": HOUR, "day": DAY}
By = Literal["provider", "capability", "endpoint"]


@dataclass(frozen=True, slots=True)
class Rollup:
    """What became of the attempts in one stretch of time. ``start`` UTC seconds; latencies in seconds.

    ``good + failed + refused + other`` are all attempts: ``failed`` are held against the endpoint, ``refused``
    were throttled or blocked, ``other`` have no verdict. Percentiles are of the good ones, within 2 %.
    """

    start: float
    seconds: int
    good: int
    failed: int
    refused: int
    other: int
    p50: float | None
    p95: float | None
    p99: float | None
    outcomes: dict[str, int]

    @property
    def attempts(self) -> int:
        """All of them."""
        return self.good + self.failed + self.refused + self.other


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a status history. ``share`` of the attempts with a verdict that were good; None: no data."""

    start: float
    seconds: int
    share: float | None
    good: int
    failed: int
    refused: int


class Hour(NamedTuple):
    """What patterns look at in an hour of one endpoint; counts and ``p50`` as in :class:`Rollup`."""

    start: float
    good: int
    failed: int
    refused: int
    p50: float | None


def rollup_of(start: float, seconds: int, tally: Tally) -> Rollup:
    return Rollup(
        start=float(start),
        seconds=seconds,
        good=tally.good,
        failed=tally.failed,
        refused=tally.refused,
        other=tally.other,
        p50=tally.percentile(0.5),
        p95=tally.percentile(0.95),
        p99=tally.percentile(0.99),
        outcomes=dict(sorted(tally.outcomes.items())),
    )


def stored(row: Any) -> Rollup:
    """A roll-up as it is stored."""
    names = ("seconds", "good", "failed", "refused", "other", "p50", "p95", "p99")
    stored = {name: row["resolution" if name == "seconds" else name] for name in names}
    return Rollup(
        start=float(row["start"]), outcomes=dict(sorted(unpacked(row["outcomes"]).items())), **stored
    )


def seconds_of(resolution: Resolution) -> int:
    if resolution not in SECONDS:
        raise ValueError(f"resolution={resolution!r}: expected one of {' '.join(SECONDS)}")
    return SECONDS[resolution]


def span_of(days: int | None, hours: int | None) -> tuple[int, int]:
    """How many bars, and how many seconds each is long."""
    if (days is None) == (hours is None):
        raise ValueError(f"days={days!r}, hours={hours!r}: expected one of the two")
    if days is not None and 1 <= days <= 365:
        return days, DAY
    if hours is not None and 1 <= hours <= 720:
        return hours, HOUR
    raise ValueError(f"days={days!r}, hours={hours!r}: expected days 1 to 365, or hours 1 to 720")


def no_data(now: float, count: int, seconds: int) -> list[Bar]:
    first = math.floor(now / seconds) - count + 1
    return [Bar(float((first + n) * seconds), seconds, None, 0, 0, 0) for n in range(count)]
