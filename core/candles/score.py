"""One number for a series that no repair can raise, and another for how far its repaired form can be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np

from core.candles.frame import Floats

FEWEST = 20
"""Rows below which there is too little to judge."""
WEIGHTS: dict[str, float] = {
    "completeness": 0.30,
    "uniqueness": 0.10,
    "validity": 0.20,
    "plausibility": 0.15,
    "agreement": 0.10,
    "timeliness": 0.15,
}
TOLERANCE = {
    "completeness": 0.05,
    "uniqueness": 0.01,
    "validity": 0.005,
    "plausibility": 0.005,
    "agreement": 0.02,
}
"""Rate of defects at which a dimension has fallen to 1/e. A plain 1 − rate would call 1 % broken candles 0.99."""
_FLOOR = 0.001
_GATE = 0.5


@dataclass(frozen=True, slots=True)
class Tally:
    """Defects and what they were found among, its own exposure for each dimension."""

    defects: float
    exposure: float

    @property
    def rate(self) -> float:
        """Share of defects, at most 1."""
        return min(1.0, self.defects / self.exposure) if self.exposure > 0 else 0.0


def quality(dimension: str, rate: float) -> float:
    """exp(−rate ÷ tolerance)."""
    return exp(-rate / TOLERANCE[dimension])


def timeliness(overdue: float) -> float:
    """2^(−overdue bars ÷ 3)."""
    return float(2 ** (-max(0.0, overdue) / 3))


def completeness(tally: Tally, longest: float) -> float:
    """Quality by the share missing, less when it is missing in one piece."""
    whole = max(tally.exposure, 1.0)
    return quality("completeness", tally.rate) * sqrt(max(0.0, 1 - min(longest, whole) / whole))


def combine(dimensions: Mapping[str, float], *, gated: bool) -> float:
    """Weighted geometric mean of the assessed dimensions: a dead feed cannot hide behind five good marks."""
    total = sum(WEIGHTS[name] for name in dimensions)
    logs = sum(WEIGHTS[name] * np.log(max(value, _FLOOR)) for name, value in dimensions.items())
    found = float(np.exp(logs / total))
    return min(found, _GATE) if gated else found


def assessed(dimensions: Mapping[str, float]) -> float:
    """Share of the weights that could be assessed."""
    return round(sum(WEIGHTS[name] for name in dimensions), 6)


def wilson(tally: Tally) -> tuple[float, float]:
    """95 % bounds of a defect rate: nothing found among 20 rows still permits 16 %."""
    n = tally.exposure
    if n <= 0:
        return 0.0, 1.0
    z = 1.96
    p = tally.rate
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def trust(method: str, length: Floats) -> Floats:
    """How far rows of a method can be relied on, 0 to 1, by the length of the gap that they fill.

    Fitted to the close errors that ``benchmarks/defects.py`` prints: a row whose expected error is one bar's
    standard deviation is worth about a half.
    """
    size = np.maximum(np.asarray(length, dtype=np.float64), 1.0)
    start, decay = {
        "observed": (1.0, 0.0),
        "refetch": (1.0, 0.0),
        "flat": (0.95, 0.0),
        "finer": (0.95, 0.0),
        "venue": (0.9, 0.0),
        "rescaled": (0.95, 0.0),
        "bounded": (0.85, 0.0),
        "line": (0.82, 0.25),
        "forward": (0.65, 0.25),
    }.get(method, (0.6, 0.25))
    return np.asarray(start * size**-decay)
