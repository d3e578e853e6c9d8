"""Spikes and wicks: prices that no trade around them supports.

A spike is a close far from the median of the rows before it *and* from that of the rows after it *and* from that
of both, so a jump that stays is none (Barndorff-Nielsen et al. 2009). Far is measured in a scale that is the
largest of a local median, the root mean square of the surrounding blocks and a share of the whole series': a
minute series that was calm and then grew busy has a local median near zero and would otherwise be flagged in
heaps. What a genuine crash leaves behind speaks for it: volume, neighbours with wide ranges, and a next open
where the close left off.

Everything is screened with sums and comparisons over the whole series; medians are taken only at the rows left
over (:mod:`core.candles.screen`). The screen is exact: :func:`find` equals the filter applied to every row.
"""

from dataclasses import dataclass

import numpy as np

from core.candles import screen
from core.candles.frame import Bars, Bools, Floats, Ints
from core.candles.lookup import distinct
from core.candles.scale import AROUND, Scale, locally, middle, window
from core.candles.screen import NEAR

SPIKE = 5.0
"""Scales from which a close that does not carry over into the next open is a spike."""
BOLD = 12.0
"""Scales from which it is one although the next open follows it."""
WICK = 5.0


@dataclass(frozen=True, slots=True)
class Spikes:
    """Positions of rows whose close (or open) is a spike, and of those with a stray high or low."""

    close: Ints
    open: Ints
    high: Ints
    low: Ints


def find(rows: Bars, x: Floats, scale: Scale) -> Spikes:
    """Spikes and wicks among rows that are sound otherwise; ``x`` are their log closes."""
    if len(x) < 2 * NEAR + 1 or scale.whole <= 0:
        none = np.zeros(0, dtype=np.int64)
        return Spikes(none, none, none, none)
    high, low = screen.wicks(rows, scale, WICK)
    return _among(rows, x, scale, screen.closes(x, scale, SPIKE), screen.opens(rows, scale, SPIKE), high, low)


def everywhere(rows: Bars, x: Floats, scale: Scale) -> Spikes:
    """The same without the screens, by medians at every row but the first and last: what :func:`find` must equal."""
    if len(x) < 2 * NEAR + 1 or scale.whole <= 0:
        return find(rows, x, scale)
    every = np.arange(len(x))
    return _among(rows, x, scale, every[1:-1], every[1:], every, every)


def _among(rows: Bars, x: Floats, scale: Scale, at: Ints, opening: Ints, high: Ints, low: Ints) -> Spikes:
    stray = np.zeros(len(x), bool)
    close = _closes(rows, x, scale, at, stray)
    # What is known to be false is no evidence: rows near it are looked at once more, without it.
    more = close
    while len(more):
        stray[more] = True
        more = _closes(rows, x, scale, _near(stray, more), stray)
    close = np.flatnonzero(stray)
    opens = np.union1d(_opens(rows, x, scale, opening, stray), _carried(rows, x, close))
    spiked = np.union1d(close, opens)
    stray[opens] = True
    top, bottom = np.maximum(rows.open[high], rows.close[high]), np.minimum(rows.open[low], rows.close[low])
    high = np.setdiff1d(_wicks(rows, x, scale, high, np.log(rows.high[high] / top), stray), spiked)
    low = np.setdiff1d(_wicks(rows, x, scale, low, np.log(bottom / rows.low[low]), stray), spiked)
    return Spikes(close, opens, high, low)


def _near(stray: Bools, found: Ints) -> Ints:
    """Rows that have stray ones among their neighbours, and enough others on both sides."""
    at = distinct((found[:, None] + np.r_[-NEAR:0, 1 : NEAR + 1]).ravel())
    at = at[(at >= 2) & (at < len(stray) - 2)]
    at = at[~stray[at]]
    sides = [(window(stray, at, first, last) == 0).sum(axis=1) for first, last in ((-NEAR, -1), (1, NEAR))]
    enough: Ints = at[np.minimum(*sides) >= 2]
    return enough


def deviation(x: Floats, at: Ints, without: Bools | None = None) -> Floats:
    """Distance from the nearest of the medians of the rows before, after, and on both sides, with its sign."""
    before, after = window(x, at, -NEAR, -1, without), window(x, at, 1, NEAR, without)
    both = np.concatenate((before, after), axis=1)
    away = np.array([x[at] - middle(part) for part in (before, after, both)])
    found: Floats = np.take_along_axis(away, np.abs(away).argmin(axis=0)[None, :], axis=0)[0]
    return found


def belief(rows: Bars, at: Ints, local: Floats, *, after: int = 1, without: Bools | None = None) -> Floats:
    """How much more is believed of these rows than of quiet ones: a factor from 1 up.

    A genuine crash shows in the volume of its row and in the volumes and ranges of the rows beside it, of which
    those that follow begin ``after`` rows later. Where volumes leap about from row to row anyway, as in thin
    markets, a multiple says less and is damped.
    """
    ranges = [
        np.log(window(rows.high, at, first, first + 1, without) / window(rows.low, at, first, first + 1))
        for first in (-2, after)
    ]
    beside = np.concatenate(ranges, axis=1)
    wide = np.nanmax(beside[:, 1:3], axis=1, initial=0.0) / local
    found = np.maximum(1.0, wide / 2.5)
    found *= np.maximum(1.0, np.median(np.nan_to_num(beside), axis=1) / local / 1.5)
    if rows.volume is None:  # nothing can speak for a crash, so less is said
        return np.asarray(2 * found)
    stride = max(1, len(rows.volume) // 25_000)
    pairs = rows.volume[:-1:stride], rows.volume[1::stride]
    both = (pairs[0] > 0) & (pairs[1] > 0)
    leaps = np.abs(np.log(pairs[1][both] / pairs[0][both]))
    damping = min(1.0, 0.954 / max(float(np.median(leaps)), 0.1)) if len(leaps) else 1.0
    usually = middle(window(rows.volume, at, -AROUND, AROUND))
    for first, last, plenty, power in ((0, 0, 2.0, 1.5), (-2, 2, 1.5, 0.5)):
        with np.errstate(all="ignore"):
            ratio = np.nanmean(window(rows.volume, at, first, last), axis=1) / usually
        ratio = np.where(np.isfinite(ratio), ratio, 1.0) ** damping
        found = found * np.maximum(1.0, ratio / plenty) ** power
    return np.asarray(found)


def _closes(rows: Bars, x: Floats, scale: Scale, at: Ints, stray: Bools) -> Ints:
    """Stray closes among these rows; ``stray``: rows known to be, which are nobody's neighbours."""
    if not len(at):
        return at
    local = locally(x, at, scale)
    away = deviation(x, at, stray)
    size = np.abs(away)
    back = np.sign(away) * (x[at] - np.log(rows.open[_next(at, stray)]))
    torn = (back >= 0.4 * size) & (back <= 2.5 * size)  # farther is a jump that begins there
    # where opens do not follow closes anyway (thin markets), a way back that is torn says less
    stride = max(1, len(x) // 25_000)
    steps = np.abs(rows.open[1::stride] / rows.close[:-1:stride] - 1)
    loose = min(1.0, float(np.quantile(steps, 0.9)) / scale.whole)
    # a close that carries over makes the next row wide
    believed = belief(rows, at, local, after=2, without=stray)
    needed = np.where(torn, SPIKE * (1 + 0.4 * loose) * believed ** (0.5 * loose), BOLD * believed)
    return at[size > needed * local]


def _next(at: Ints, stray: Bools) -> Ints:
    """The first row after each that is not stray, or the last of all."""
    last = len(stray) - 1
    after = np.minimum(at + 1, last)
    for _ in range(NEAR):
        after = np.minimum(after + stray[after], last)
    return after


def _carried(rows: Bars, x: Floats, close: Ints) -> Ints:
    """Rows whose open takes over the stray close of the row before, and whose own close does not."""
    at = close[close < len(x) - 1]
    size = np.abs(deviation(x, at))
    taken = np.abs(np.log(rows.open[at + 1]) - x[at]) < 0.4 * size
    left = np.abs(x[at + 1] - x[at]) > 0.6 * size
    return at[taken & left] + 1


def _opens(rows: Bars, x: Floats, scale: Scale, at: Ints, stray: Bools) -> Ints:
    """Opens far from the close before and from their own close."""
    if not len(at):
        return at
    open_log = np.log(rows.open[at])
    size = np.minimum(np.abs(open_log - x[at - 1]), np.abs(open_log - x[at]))
    # an open between the two closes is a path, not a stray
    between = (open_log - x[at - 1]) * (open_log - x[at]) < 0
    local = locally(x, at, scale)
    return at[(size > 1.6 * SPIKE * local * belief(rows, at, local, without=stray)) & ~between]


def _wicks(rows: Bars, x: Floats, scale: Scale, at: Ints, size: Floats, stray: Bools) -> Ints:
    if not len(at):
        return at
    local = locally(x, at, scale)
    return at[size > WICK * local * belief(rows, at, local, without=stray)]
