"""How far a close usually moves from one row to the next, over a whole series and around a row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from core.candles.frame import Bools, Floats, Ints

AROUND = 30
"""Rows on either side for the local scale, range and volume."""
BLOCK = 256
CHUNK = 64 * BLOCK
"""Rows worked on at once: a few such columns stay in the processor's cache."""
FLOOR = 0.15
"""Share of the whole series' scale below which the scale never falls."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One-bar standard deviation of log returns: over the whole series, and a lower bound for each block of rows."""

    whole: float
    blocks: Floats

    def of(self, change: Callable[[Floats], Floats]) -> "Scale":
        """The same with each block's bound changed, so that nothing is computed row by row."""
        return Scale(self.whole, change(self.blocks))

    def least(self, at: Ints) -> Floats:
        """The lower bound at these rows."""
        found: Floats = self.blocks[at // BLOCK]
        return found

    def along(self, first: int, end: int) -> Floats:
        """The lower bound at rows first … end − 1; ``first`` begins a block."""
        return np.repeat(self.blocks[first // BLOCK : -(-end // BLOCK)], BLOCK)[: end - first]


def chunks(count: int) -> Iterator[tuple[int, int]]:
    """First row and end of each chunk."""
    for first in range(0, count, CHUNK):
        yield first, min(first + CHUNK, count)


def scale_of(x: Floats) -> Scale:
    """Winsorised scales of log closes: each return counts up to about the 99 % quantile of their sizes."""
    count = len(x)
    if count < 2:
        return Scale(0.0, np.zeros(count))
    stride = max(1, count // 25_000)
    sample = np.abs(x[1::stride] - x[: count - 1 : stride])
    most, nearly_all = np.quantile(sample, (0.9, 0.99))
    # when more than one return in a hundred is a defect, the 99 % quantile is one too
    cap = min(nearly_all, 2.5 * most) if most > 0 else nearly_all
    sums = np.zeros(-(-count // BLOCK))
    for first, end in chunks(count):
        size = np.empty(end - first)
        size[0] = x[first] - x[first - 1] if first else 0.0
        np.subtract(x[first + 1 : end], x[first : end - 1], out=size[1:])
        np.minimum(np.abs(size, out=size), cap, out=size)
        np.square(size, out=size)
        sums[first // BLOCK : -(-end // BLOCK)] = np.add.reduceat(size, np.arange(0, end - first, BLOCK))
    whole = float(np.sqrt(sums.sum() / count))
    lengths = np.full(len(sums), float(BLOCK))
    lengths[-1] = count - BLOCK * (len(sums) - 1)
    blocks = np.sqrt(sums / lengths)
    widest = np.maximum(blocks, np.maximum(np.r_[blocks[1:], 0.0], np.r_[0.0, blocks[:-1]]))
    return Scale(whole, np.maximum(widest, FLOOR * whole))


def window(values: Floats | Bools, at: Ints, first: int, last: int, without: Bools | None = None) -> Floats:
    """Rows ``at + first … at + last`` of each; NaN beyond the series' ends, and at rows that are to be left out."""
    if without is not None:
        hidden = window(without, at, first, last) != 0  # NaN counts too
        return np.where(hidden, np.nan, window(values, at, first, last))
    places = at[:, None] + np.arange(first, last + 1)
    if len(at) and at.min() + first >= 0 and at.max() + last < len(values):
        return np.asarray(values[places])
    inside = (places >= 0) & (places < len(values))
    return np.asarray(np.where(inside, values[np.clip(places, 0, len(values) - 1)], np.nan))


def middle(values: Floats) -> Floats:
    """Median of each row of a window."""
    found: Floats = np.nanmedian(values, axis=1) if np.isnan(values).any() else np.median(values, axis=1)
    return found


def locally(x: Floats, at: Ints, scale: Scale) -> Floats:
    """The scale at these rows: median size of the returns around, the blocks' bound, and a few price steps."""
    near = window(x, at, -AROUND - 1, AROUND)
    local = 1.4826 * middle(np.abs(np.diff(near, axis=1)))
    steps = np.diff(np.sort(near[:, 1:], axis=1), axis=1)
    steps[~(steps > 1e-9)] = np.inf
    tick = np.min(steps, axis=1, initial=np.inf)
    tick[np.isinf(tick)] = 0.0
    return np.asarray(np.maximum(np.maximum(local, scale.least(at)), tick))
