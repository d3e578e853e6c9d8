"""Whole arrays of numbers looked up in others, by order."""

import numpy as np

from core.candles.frame import SECOND, Bools, Floats, Ints


def distinct(values: Ints) -> Ints:
    """Each value once, ascending. numpy's own ``unique`` hashes, which is slow on long arrays."""
    values = np.sort(values)
    return values[np.r_[True, values[1:] != values[:-1]]] if len(values) else values


def at_times(time: Ints, wanted: Ints) -> Bools:
    """Mask over ascending times, repeats and all: those that are among the wanted ones."""
    wanted = distinct(wanted)
    first, end = np.searchsorted(time, wanted), np.searchsorted(time, wanted, "right")
    there = end > first
    edges = np.zeros(len(time) + 1, dtype=np.int8)
    edges[first[there]] += 1
    edges[end[there]] -= 1
    return np.asarray(np.cumsum(edges[:-1], dtype=np.int8) > 0)


def moved_times(time: Ints, before: Floats, after: Ints) -> Ints:
    """Times of any order, in microseconds, with those that lie at one of ``before`` put to the one of ``after`` there.

    ``before`` are seconds, each once, as a ledger holds them: far away they tell microseconds no longer, and so they
    are held against the times' own seconds.
    """
    if not len(before):
        return time
    order = np.argsort(before)
    before, after = before[order], after[order]
    seconds = time / SECOND
    at = np.minimum(np.searchsorted(before, seconds), len(before) - 1)
    return np.where(before[at] == seconds, after[at], time)
