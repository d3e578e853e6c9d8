"""What the hours of one endpoint say: an hour of the day that goes badly, a latency that drifts. Pure."""

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from core.ops.patterns.pattern import Pattern
from core.ops.rollup import Hour
from core.ops.schema import HOUR

HOUR_DAYS = 3
"""Days on which the same hour must have gone badly, and the share of its days that it must be."""
HOUR_SHARE = 0.6
HOUR_CALLS = 3
"""Attempts below which an hour says nothing; and from which share of failures on it went badly."""
HOUR_BAD = 0.5
DRIFT_HOURS = 12
"""Hours with answers that a trend of latency is taken from; its significance in standard deviations (Mann and
Kendall's), and from which change on it matters."""
DRIFT_SIGMAS = 3.0
DRIFT_CHANGE = 0.5
DRIFT_LEAST = 0.05
"""Seconds below which no change of latency matters."""


def recurring_hour(target: str, hours: Sequence[Hour]) -> list[Pattern]:
    """An hour of the day (UTC) in which it goes badly day after day, while other hours go well.

    ``hours``: oldest first.
    """
    shares: dict[int, dict[float, float]] = defaultdict(dict)
    for row in hours:
        judged = row.good + row.failed + row.refused
        if judged >= HOUR_CALLS:
            shares[int(row.start // HOUR) % 24][row.start] = (row.failed + row.refused) / judged
    found = []
    for hour, days in shares.items():
        bad = [start for start, share in days.items() if share >= HOUR_BAD]
        if len(bad) < HOUR_DAYS or len(bad) < HOUR_SHARE * len(days):
            continue
        others = [share for other, rest in shares.items() if other != hour for share in rest.values()]
        if not others:
            continue
        elsewhere = sum(share >= HOUR_BAD for share in others) / len(others)
        if elsewhere > len(bad) / len(days) / 3:
            continue
        found.append(
            Pattern(
                "recurring_hour",
                target,
                min(bad),
                max(bad) + HOUR,
                f"{target} fails between {hour:02d}:00 and {(hour + 1) % 24:02d}:00 UTC on {len(bad)} of "
                f"{len(days)} days",
                {
                    "hour": hour,
                    "days": [_day(start) for start in sorted(bad)],
                    "seen": len(days),
                    "bad_elsewhere": round(elsewhere, 3),
                },
            )
        )
    return found


def latency_drift(target: str, hours: Sequence[Hour]) -> list[Pattern]:
    """A slow trend of the median latency: Theil and Sen's slope, held against Mann and Kendall's test."""
    points = [(row.start, row.p50) for row in hours if row.p50 is not None and row.good >= HOUR_CALLS]
    count = len(points)
    if count < DRIFT_HOURS:
        return []
    starts, values = np.array(points).T
    earlier, later = np.triu_indices(count, 1)
    rises = values[later] - values[earlier]
    sigmas = float(np.sign(rises).sum()) / math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    if abs(sigmas) < DRIFT_SIGMAS:
        return []
    slope, usual = float(np.median(rises / (starts[later] - starts[earlier]))), float(np.median(values))
    since, until = points[0][0], points[-1][0]
    change = slope * (until - since)
    if abs(change) < max(DRIFT_LEAST, DRIFT_CHANGE * usual):
        return []
    before, after = usual - change / 2, usual + change / 2
    word = "slower" if change > 0 else "quicker"
    days = (until - since) / 86_400
    return [
        Pattern(
            "latency_drift",
            target,
            since,
            until + HOUR,
            f"{target} grows {word}: about {max(0.0, before) * 1000:.0f} ms to {max(0.0, after) * 1000:.0f} ms "
            f"in {days:.1f} days",
            {
                "milliseconds_a_day": round(slope * 86_400_000, 1),
                "sigmas": round(sigmas, 1),
                "hours": count,
                "median_seconds": usual,
            },
        )
    ]


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
