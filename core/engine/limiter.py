"""Quota: token buckets over a provider's declared limits. Pure; ``mono`` seconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Limit(Protocol):
    """``cost`` units in ``seconds``; ``used_header`` tells how many are used, where there is one."""

    @property
    def cost(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    @property
    def used_header(self) -> str | None: ...


@dataclass(slots=True)
class _Bucket:
    header: str | None
    capacity: float
    rate: float
    tokens: float
    at: float

    def fill(self, now: float) -> None:
        self.tokens = min(self.capacity, self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = now


class Limiter:
    """All limits of one provider; a call must fit every one of them."""

    __slots__ = ("_buckets",)

    def __init__(self, limits: Iterable[Limit], now: float) -> None:
        self._buckets = [
            _Bucket(limit.used_header, float(limit.cost), limit.cost / limit.seconds, float(limit.cost), now)
            for limit in limits
        ]

    def wait(self, cost: float, now: float) -> float:
        """Seconds until a call of this cost fits; 0 when it fits now.

        A call dearer than a whole bucket fits when the bucket is full: refusing it for ever helps nobody.
        """
        longest = 0.0
        for bucket in self._buckets:
            bucket.fill(now)
            short = min(cost, bucket.capacity) - bucket.tokens
            if short > 1e-9:
                longest = max(longest, short / bucket.rate)
        return longest

    def take(self, cost: float, now: float) -> bool:
        """Spend, if it fits now."""
        return self.reserve(cost, now, 0.0) is not None

    def reserve(self, cost: float, now: float, patience: float) -> float | None:
        """Spend for a call in up to ``patience`` seconds: the wait, or None when it would be longer.

        What is reserved is gone for those who come after, so that they see how long the queue is.
        """
        wait = self.wait(cost, now)
        if wait > patience:
            return None
        for bucket in self._buckets:
            bucket.tokens -= min(cost, bucket.capacity)
        return wait

    def told(self, headers: Mapping[str, str], now: float) -> None:
        """The provider's own count, which also holds what others spend from this address."""
        for bucket in self._buckets:
            used = headers.get(bucket.header, "") if bucket.header else ""
            if used.isascii() and used.isdigit() and len(used) < 10:
                bucket.fill(now)
                bucket.tokens = min(bucket.tokens, max(0.0, bucket.capacity - int(used)))

    def levels(self, now: float) -> list[tuple[float, float, float]]:
        """Of each limit: its units, in how many seconds, and how many of them are left."""
        for bucket in self._buckets:
            bucket.fill(now)
        return [(b.capacity, b.capacity / b.rate, max(0.0, b.tokens)) for b in self._buckets]

    def restore(self, capacity: float, seconds: float, left: float, now: float) -> None:
        """So much was left of this limit before a restart, with what has come back since."""
        for bucket in self._buckets:
            if (bucket.capacity, bucket.capacity / bucket.rate) == (capacity, seconds):
                bucket.fill(now)
                bucket.tokens = min(bucket.tokens, max(0.0, left))

    def room(self, share: float, now: float) -> float:
        """Seconds until this share of every quota is left."""
        longest = 0.0
        for bucket in self._buckets:
            bucket.fill(now)
            longest = max(longest, (share * bucket.capacity - bucket.tokens) / bucket.rate)
        return longest

    def left(self, now: float) -> float | None:
        """Share of the tightest quota that is left, 0 to 1; None without limits."""
        shares = []
        for bucket in self._buckets:
            bucket.fill(now)
            shares.append(max(0.0, bucket.tokens) / bucket.capacity)
        return min(shares, default=None)
