"""Noise with random access: any moment's value without walking there from the beginning."""

import hashlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

BRANCH = 4
"""Each lattice is this much finer than the one above it."""

COARSEST = 10
"""The top lattice has one point in 4**10 minutes, about two years."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_UNIT = 2.0**-53


@lru_cache(maxsize=4096)
def key(*parts: object) -> np.uint64:
    """A stable 64-bit key of a seed and some names."""
    text = "\x1f".join(map(str, parts)).encode()
    return np.uint64(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big"))


def words(name: np.uint64, index: Ints) -> Words:
    """64 random bits for each index: splitmix64 of the key and the index."""
    z = index.astype(np.uint64)
    z *= _GOLDEN
    z += name
    z ^= z >> np.uint64(30)
    z *= _MIX1
    z ^= z >> np.uint64(27)
    z *= _MIX2
    z ^= z >> np.uint64(31)
    return z


def field(bits: Words, place: int) -> Floats:
    """One of four independent 16-bit fields of each word as a float in (0, 1)."""
    part = (bits >> np.uint64(16 * place)) & np.uint64(0xFFFF)
    return (part.astype(np.float64) + 0.5) / 65536.0


def walk(
    name: np.uint64, first: int, stop: int, sigma: float, *, finest: int = 0, coarsest: int = COARSEST
) -> Floats:
    """A wandering curve at the minutes ``first ≤ m < stop``.

    The sum of noise on nested lattices, each linear between its points: lattice k has a point every 4**k
    minutes and noise within ±sigma·2**k, so that the curve spreads with the square root of time, as a random
    walk does, but stays within sigma·2**(coarsest+1). Every value depends on its own minute alone.
    """
    low, high = _cover(first, stop, coarsest)
    curve = _noise(name, coarsest, low, high, sigma)
    for level in range(coarsest - 1, -1, -1):
        curve = _refine(curve)
        origin = low * BRANCH
        low, high = _cover(first, stop, level)
        curve = curve[low - origin : high - origin]
        if level >= finest:
            curve += _noise(name, level, low, high, sigma)
    return curve


def _cover(first: int, stop: int, level: int) -> tuple[int, int]:
    """Lattice points ``[low, high)`` that enclose these minutes."""
    period = BRANCH**level
    return first // period, -(-(stop - 1) // period) + 1


def _noise(name: np.uint64, level: int, low: int, high: int, sigma: float) -> Floats:
    index = np.arange(low, high, dtype=np.int64) * 64 + level
    unit = (words(name, index) >> np.uint64(11)).astype(np.float64)
    unit *= sigma * 2.0**level * 2.0 * _UNIT
    unit -= sigma * 2.0**level
    return unit


def _refine(curve: Floats) -> Floats:
    """The same curve on the next finer lattice: three points between each two."""
    slope = np.diff(curve)
    finer = np.empty((len(curve) - 1) * BRANCH + 1)
    finer[::BRANCH] = curve
    for j in range(1, BRANCH):
        finer[j::BRANCH] = curve[:-1] + slope * (j / BRANCH)
    return finer
