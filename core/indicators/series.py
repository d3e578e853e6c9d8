"""Windowed numbers over one run of candles.

Each result has the length of its input and NaN where a window is not full. A value is computed from its own
window alone, afresh: no running sum, so nothing that left the window leaves dust behind, a flat window gives
exactly its value, zero spread and zero sum, and the future can change nothing.
"""

from collections.abc import Callable

import numpy as np

from core.indicators.declare import Array

Merge = Callable[[tuple[Array, ...], int, tuple[Array, ...], int], tuple[Array, ...]]
"""From an older stretch and its rows, and the newer stretch beside it and its rows, to both as one."""


def total(values: Array, window: int) -> Array:
    """Sum of the last ``window`` values."""
    return _merged((values,), window, _add)[0]


def mean(values: Array, window: int) -> Array:
    """Plain mean of the last ``window`` values."""
    return _merged((values,), window, _middle)[0]


def mean_and_deviation(values: Array, window: int) -> tuple[Array, Array]:
    """Plain mean and standard deviation (divisor ``window``) of the last ``window`` values."""
    middle, squares = _merged((values, np.zeros(len(values))), window, _moments)
    squares /= window
    return middle, np.sqrt(squares, out=squares)


def weighted(values: Array, window: int) -> Array:
    """Mean of the last ``window`` values with weights 1, 2 … ``window``, the newest heaviest."""
    out, count = _room(values, window)
    if count:
        weights = np.arange(window, 0, -1) / (window * (window + 1) / 2)
        out[window - 1 :] = np.convolve(values, weights, "valid")
    return out


def spread(values: Array, centre: Array, window: int) -> Array:
    """Mean absolute distance of the last ``window`` values from ``centre``."""
    out, count = _room(values, window)
    if count:
        result, middle = out[window - 1 :], centre[window - 1 :]
        away = np.empty(count)
        result[:] = 0.0
        for back in range(window):
            np.subtract(values[back : back + count], middle, out=away)
            np.abs(away, out=away)
            result += away
        result /= window
    return out


def newest(values: Array, extreme: Array, window: int) -> Array:
    """How many rows ago the newest of the last ``window`` values that equal ``extreme`` stood."""
    out, count = _room(values, window)
    if count:
        result, wanted = out[window - 1 :], extreme[window - 1 :]
        for back in range(window):  # from the oldest to the newest, which has the last word
            result[values[back : back + count] == wanted] = window - 1 - back
    return out


def before(values: Array, rows: int = 1) -> Array:
    """The value ``rows`` earlier."""
    out = np.full(len(values), np.nan)
    out[rows:] = values[: max(0, len(values) - rows)]
    return out


def true_range(high: Array, low: Array, close: Array) -> Array:
    """Wilder's true range; NaN in the first row, which has no close before it."""
    earlier = before(close)
    return np.asarray(np.maximum(high, earlier) - np.minimum(low, earlier))


def alive(amounts: Array, rows: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where at least one of the last ``rows`` amounts was above zero.

    In a market that stood still for longer, a ratio of two means is the ratio of two vanishing remainders.
    """
    moved = np.flatnonzero(amounts > 0)
    here = np.zeros(len(amounts), dtype=np.bool_)
    if len(moved):
        here[moved[0] :] = True
        ends = np.append(moved[1:], len(amounts))
        for at in np.flatnonzero(ends - moved > rows):
            here[moved[at] + rows : ends[at]] = False
    return here


def _room(values: Array, window: int) -> tuple[Array, int]:
    return np.full(len(values), np.nan), max(0, len(values) - window + 1)


def _merged(values: tuple[Array, ...], window: int, merge: Merge) -> tuple[Array, ...]:
    """What ``merge`` makes of each window, from stretches of 1, 2, 4 … rows: log2(window) passes."""
    count = len(values[0]) - window + 1
    if count <= 0:
        return tuple(np.full(len(one), np.nan) for one in values)
    stretch, size = values, 1
    merged: tuple[Array, ...] = ()
    held = 0
    while True:
        if window & size:
            piece = tuple(one[held : held + count] for one in stretch)
            merged = merge(merged, held, piece, size) if held else piece
            held += size
        if held == window:
            break
        stretch = merge(
            tuple(one[:-size] for one in stretch), size, tuple(one[size:] for one in stretch), size
        )
        size *= 2
    out = tuple(np.empty(len(one)) for one in values)
    for whole, part in zip(out, merged, strict=True):
        whole[: window - 1] = np.nan
        whole[window - 1 :] = part
    return out


def _add(older: tuple[Array, ...], _: int, newer: tuple[Array, ...], __: int) -> tuple[Array, ...]:
    return (older[0] + newer[0],)


def _middle(older: tuple[Array, ...], rows: int, newer: tuple[Array, ...], more: int) -> tuple[Array, ...]:
    """Mean of two stretches; of equal ones exactly their value."""
    middle = newer[0] - older[0]
    middle *= more / (rows + more)
    middle += older[0]
    return (middle,)


def _moments(older: tuple[Array, ...], rows: int, newer: tuple[Array, ...], more: int) -> tuple[Array, ...]:
    """Mean and squared distances from it, of two stretches (Chan, Golub and LeVeque 1979)."""
    apart = newer[0] - older[0]
    middle = apart * (more / (rows + more))
    middle += older[0]
    apart *= apart
    apart *= rows * more / (rows + more)
    apart += older[1]
    apart += newer[1]
    return middle, apart
