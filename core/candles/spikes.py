"""Spikes and wicks: prices that no trade around them supports.

A spike is a close far from the median of the rows before it *and* from that of the rows after it *and* from that
of both, so a jump that stays is none (Barndorff-Nielsen et al. 2009). Far is measured in a scale that is the
largest of a local median, the root mean square of the surrounding blocks and a share of the whole series': a
minute series that was calm and then grew busy has a local median near zero and would otherwise be flagged in
heaps. What a genuine crash leaves behind speaks for it: volume, neighbours with wide ranges, and a next open
where the close left off.

Everything is screened with sums and comparisons over the whole series; medians are taken only at the rows left
over. The screen is exact: :func:`find` equals the filter applied to every row.
"""

from dataclasses import dataclass

import numpy as np

from core.candles.frame import Bars, Bools, Floats, Ints

NEAR = 5
"""Rows on either side whose median a close is held against."""
AROUND = 30
"""Rows on either side for the local scale, range and volume."""
BLOCK = 256
SPIKE = 5.0
"""Scales from which a close that does not carry over into the next open is a spike."""
BOLD = 16.0
"""Scales from which it is one although the next open follows it."""
WICK = 5.0
FLOOR = 0.15
"""Share of the whole series' scale below which the scale never falls."""


@dataclass(frozen=True, slots=True)
class Spikes:
    """Positions of rows whose close (or open) is a spike, and of those with a stray high or low."""

    close: Ints
    open: Ints
    high: Ints
    low: Ints


@dataclass(frozen=True, slots=True)
class Scale:
    """One-bar standard deviation of log returns: over the whole series, and a lower bound at every row."""

    whole: float
    least: Floats


def scale_of(x: Floats) -> Scale:
    """Winsorised scales of log closes: each return counts up to about the 99 % quantile of their sizes."""
    returns = np.diff(x, prepend=x[:1])
    size = np.abs(returns)
    sample = size[:: max(1, len(size) // 100_000)]
    most, nearly_all = np.quantile(sample, (0.9, 0.99)) if len(sample) else (0.0, 0.0)
    # when more than one return in a hundred is a defect, the 99 % quantile is one too
    cap = min(nearly_all, 2.5 * most) if most > 0 else nearly_all
    squares = np.minimum(size, cap) ** 2
    whole = float(np.sqrt(squares.mean())) if len(squares) else 0.0
    blocks = np.sqrt(np.add.reduceat(squares, np.arange(0, len(x), BLOCK)) / _block_sizes(len(x)))
    widest = np.maximum(blocks, np.maximum(np.r_[blocks[1:], 0.0], np.r_[0.0, blocks[:-1]]))
    least = np.repeat(np.maximum(widest, FLOOR * whole), BLOCK)[: len(x)]
    return Scale(whole, least)


def _block_sizes(count: int) -> Floats:
    sizes = np.full(-(-count // BLOCK), float(BLOCK))
    if count % BLOCK:
        sizes[-1] = count % BLOCK
    return sizes


def find(rows: Bars, x: Floats, scale: Scale) -> Spikes:
    """Spikes and wicks among rows that are sound otherwise; ``x`` are their log closes."""
    none = np.zeros(0, dtype=np.int64)
    if len(x) < 2 * NEAR + 1 or scale.whole <= 0:
        return Spikes(none, none, none, none)
    close = _closes(rows, x, scale, _screen(x, SPIKE * scale.least))
    opens = _opens(rows, x, scale)
    top, bottom = np.maximum(rows.open, rows.close), np.minimum(rows.open, rows.close)
    bound = np.expm1(WICK * scale.least)
    high = np.flatnonzero(rows.high > top + top * bound)
    low = np.flatnonzero(bottom > rows.low + rows.low * bound)
    spiked = np.union1d(close, opens)
    high = np.setdiff1d(_wicks(rows, x, scale, high, np.log(rows.high[high] / top[high])), spiked)
    low = np.setdiff1d(_wicks(rows, x, scale, low, np.log(bottom[low] / rows.low[low])), spiked)
    return Spikes(close, opens, high, low)


def _screen(x: Floats, bound: Floats) -> Ints:
    """Rows that may be a spike: most of the rows before them, and most of those after, lie beyond the bound."""
    count = len(x)
    far = np.zeros((2, count), dtype=np.int8)
    for reach in range(1, NEAR + 1):
        gap = np.abs(x[reach:] - x[:-reach])
        far[0, reach:] += gap > bound[reach:]
        far[1, :-reach] += gap > bound[:-reach]
    most = NEAR // 2 + 1
    inner = np.flatnonzero((far[0] >= most) & (far[1] >= most))
    ends = np.r_[2:NEAR, count - NEAR : count - 2]  # fewer neighbours there: always looked at
    return np.union1d(inner, ends)


def _window(values: Floats, at: Ints, first: int, last: int) -> Floats:
    """Rows ``at + first … at + last`` of each; NaN beyond the series' ends."""
    places = at[:, None] + np.arange(first, last + 1)
    inside = (places >= 0) & (places < len(values))
    return np.where(inside, values[np.clip(places, 0, len(values) - 1)], np.nan)


def locally(x: Floats, at: Ints, scale: Scale) -> Floats:
    """The scale at these rows: median size of the returns around, the blocks' bound, and a few price steps."""
    size = np.abs(np.diff(x, prepend=x[:1]))
    local = 1.4826 * np.nanmedian(_window(size, at, -AROUND, AROUND), axis=1)
    levels = np.sort(_window(x, at, -AROUND, AROUND), axis=1)
    steps = np.diff(levels, axis=1)
    steps = np.where(steps > 1e-9, steps, np.inf)
    tick = np.nanmin(steps, axis=1, initial=np.inf)
    return np.maximum(np.maximum(local, scale.least[at]), np.where(np.isfinite(tick), tick, 0.0))


def deviation(x: Floats, at: Ints) -> Floats:
    """Distance from the nearest of the medians of the rows before, after, and on both sides, with its sign."""
    before, after = _window(x, at, -NEAR, -1), _window(x, at, 1, NEAR)
    both = np.concatenate((before, after), axis=1)
    away = np.array([x[at] - np.nanmedian(part, axis=1) for part in (before, after, both)])
    found: Floats = np.take_along_axis(away, np.abs(away).argmin(axis=0)[None, :], axis=0)[0]
    return found


def belief(rows: Bars, at: Ints, local: Floats) -> Floats:
    """How much more is believed of these rows than of quiet ones: a factor from 1 up.

    A genuine crash shows in the volume of its row and in the volumes and ranges of the rows beside it. Where
    volumes leap about from row to row anyway, as in thin markets, a multiple says less and is damped.
    """
    ranges = np.log(rows.high / rows.low)
    beside = np.concatenate((_window(ranges, at, -2, -1), _window(ranges, at, 1, 2)), axis=1)
    wide = np.nanmax(beside[:, 1:3], axis=1, initial=0.0) / local
    usual = np.nanmedian(np.nan_to_num(beside), axis=1) / local
    found = np.maximum(1.0, wide / 2.5) * np.maximum(1.0, usual / 1.5)
    if rows.volume is None:  # nothing can speak for a crash, so less is said
        return np.asarray(2 * found)
    traded = rows.volume[rows.volume > 0]
    leaps = np.abs(
        np.diff(np.log(traded[: 2 * (len(traded) // 2)].reshape(-1, 2)[:: max(1, len(traded) // 100_000)]))
    )
    damping = min(1.0, 0.954 / max(float(np.median(leaps)), 0.1)) if len(leaps) else 1.0
    middle = np.nanmedian(_window(rows.volume, at, -AROUND, AROUND), axis=1)
    for first, last, plenty, power in ((0, 0, 2.0, 1.5), (-2, 2, 1.5, 0.5)):
        with np.errstate(all="ignore"):
            ratio = np.nanmean(_window(rows.volume, at, first, last), axis=1) / middle
        ratio = np.where(np.isfinite(ratio), ratio, 1.0) ** damping
        found = found * np.maximum(1.0, ratio / plenty) ** power
    return np.asarray(found)


def _closes(rows: Bars, x: Floats, scale: Scale, at: Ints) -> Ints:
    if not len(at):
        return at
    local = locally(x, at, scale)
    away = deviation(x, at)
    size = np.abs(away)
    after = np.minimum(at + 1, len(x) - 1)
    back = np.sign(away) * (x[at] - np.log(rows.open[after]))
    torn = (back >= 0.4 * size) & (back <= 2.5 * size)  # farther is a jump that begins there
    # where opens do not follow closes anyway (thin markets), a way back that is torn says less
    steps = np.abs(rows.open[1:] / rows.close[:-1] - 1)[:: max(1, len(x) // 50_000)]
    loose = min(1.0, float(np.quantile(steps, 0.9)) / scale.whole)
    believed = belief(rows, at, local)
    needed = np.where(torn, SPIKE * (1 + 0.4 * loose) * believed ** (0.5 * loose), BOLD * believed)
    return at[size > needed * local]


def _opens(rows: Bars, x: Floats, scale: Scale) -> Ints:
    """Opens far from the close before and from their own close."""
    before = np.r_[rows.open[:1], rows.close[:-1]]
    bound = np.expm1(SPIKE * scale.least)
    at = np.flatnonzero(
        (np.abs(rows.open - before) > bound * before) & (np.abs(rows.open - rows.close) > bound * rows.close)
    )
    at = at[at > 0]
    if not len(at):
        return at
    open_log = np.log(rows.open[at])
    size = np.minimum(np.abs(open_log - x[at - 1]), np.abs(open_log - x[at]))
    # an open between the two closes is a path, not a stray
    between = (open_log - x[at - 1]) * (open_log - x[at]) < 0
    local = locally(x, at, scale)
    return at[(size > 1.6 * SPIKE * local * belief(rows, at, local)) & ~between]


def _wicks(rows: Bars, x: Floats, scale: Scale, at: Ints, size: Floats) -> Ints:
    if not len(at):
        return at
    local = locally(x, at, scale)
    return at[size > WICK * local * belief(rows, at, local)]


def everywhere(rows: Bars, x: Floats, scale: Scale) -> Bools:
    """The filter for closes without the screen, at every row that has two neighbours: what the screen must equal."""
    found = np.zeros(len(x), bool)
    found[_closes(rows, x, scale, np.arange(2, len(x) - 2))] = True
    return found
