"""A histogram of latencies that can be merged: logarithmic buckets, as in DDSketch. Pure; seconds.

Bucket ``i`` holds (γ^(i−1), γ^i]; a quantile is given as the middle of its bucket, so it is within
:data:`ERROR` of the true value (relative). Merging adds counts and loses nothing.
"""

import math
from collections.abc import Mapping

ERROR = 0.02
"""Greatest relative error of a quantile, for values within the bounds."""
LEAST, MOST = 1e-4, 1e3
"""Seconds; what lies outside counts as the bound. At most 404 buckets lie between."""

_GAMMA = (1 + ERROR) / (1 - ERROR)
_PER_E = 1 / math.log(_GAMMA)
_MIDDLE = 2 / (_GAMMA + 1)

Buckets = dict[int, int]
"""Bucket → how many values fell into it."""


def bucket(seconds: float) -> int:
    """The bucket of a value."""
    return math.ceil(math.log(min(MOST, max(LEAST, seconds))) * _PER_E)


def quantile(buckets: Mapping[int, int], share: float) -> float | None:
    """The value that this share of all stayed at or below; None of nothing."""
    total = sum(buckets.values())
    if not total:
        return None
    rank = share * (total - 1)
    seen = 0
    for index in sorted(buckets):
        seen += buckets[index]
        if seen > rank:
            break
    return float(_GAMMA**index * _MIDDLE)


def merge(into: Buckets, other: Mapping[int, int]) -> None:
    """Add the counts of another histogram."""
    for index, count in other.items():
        into[index] = into.get(index, 0) + count


def values(buckets: Mapping[int, int], most: int) -> list[float]:
    """Up to so many values that are spread as the histogram is, smallest first."""
    count = min(most, sum(buckets.values()))
    found = (quantile(buckets, (n + 0.5) / count) for n in range(count))
    return [value for value in found if value is not None]
