"""Choice among equals: two random choices by peak-EWMA latency (Finagle), or in turn. Pure."""

import math
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

DECAY = 10.0
"""Seconds in which an old latency loses 63 % of its weight."""


class PeakEwma:
    """Latency that jumps to a peak at once and decays slowly; multiplied by the calls in flight."""

    __slots__ = ("_at", "_seconds", "in_flight")

    def __init__(self) -> None:
        self._seconds = 0.0
        self._at = 0.0
        self.in_flight = 0

    def observe(self, seconds: float, now: float) -> None:
        """Take in one call's latency."""
        if seconds >= self._seconds:
            self._seconds = seconds
        else:
            keep = math.exp(-max(0.0, now - self._at) / DECAY)
            self._seconds = self._seconds * keep + seconds * (1 - keep)
        self._at = now

    def load(self, now: float) -> float:
        """What another call is expected to cost; 0 for one that was never tried, so that it gets tried."""
        keep = math.exp(-max(0.0, now - self._at) / DECAY)
        return self._seconds * keep * (self.in_flight + 1)


def p2c(equals: Sequence[T], loads: Sequence[float], rng: random.Random) -> list[T]:
    """Order: the lighter of two drawn at random first, the others behind it by load."""
    if len(equals) < 2:
        return list(equals)
    one, two = rng.sample(range(len(equals)), 2)
    first = one if loads[one] <= loads[two] else two
    rest = sorted((i for i in range(len(equals)) if i != first), key=lambda i: loads[i])
    return [equals[i] for i in (first, *rest)]


def in_turn(equals: Sequence[T], turn: int) -> list[T]:
    """Order: rotated by ``turn``."""
    start = turn % len(equals) if equals else 0
    return [*equals[start:], *equals[:start]]
