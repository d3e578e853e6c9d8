"""Rows from elsewhere: the same venue again, a finer interval, another venue made to fit."""

from dataclasses import dataclass

import numpy as np

from core.candles.agree import Second, possible
from core.candles.frame import Bars, Floats, Ints
from core.candles.policy import RepairPolicy
from core.candles.scale import scale_of
from core.candles.spikes import BOLD, find

_FEWEST = 5
"""Neighbours that both venues need before one can be calibrated by the other."""
_MOST = 0.8
"""Share of a gap's candles that another venue must have."""
_CLOSE_BY = 8
"""Rows next to the gap whose median ratio anchors each side."""


@dataclass(frozen=True, slots=True)
class Fill:
    """Candles for slots."""

    slot: Ints
    rows: Bars
    method: str
    source: str
    reason: str
    future: bool


def same(second: Second, wanted: Ints, *, volume: bool) -> Fill | None:
    """What the same venue (or its finer candles) has for these slots."""
    at, there = second.find(wanted)
    if not there.any():
        return None
    rows = second.rows.take(at[there])
    if volume and rows.volume is None:
        return None
    if second.kind == "finer":
        return Fill(
            wanted[there], rows, "finer", second.name, "built from finer candles of the same venue", False
        )
    return Fill(wanted[there], rows, "refetch", second.name, "the same venue gave it when asked again", False)


def vouched(
    got: Fill, second: Second, ours: Bars, slot: Ints, whole: float, policy: RepairPolicy
) -> tuple[Fill, list[str]]:
    """Of rows that the venue gave anew those that go with the rest, and why others are refused.

    Around their gap it must still say what it said, a stretch must join the rows beside it on one side at least,
    and no row among them may be a spike. In *as known* only rows before the gap can speak.
    """
    best = policy.view == "best"
    first = np.flatnonzero(np.r_[True, np.diff(got.slot) > 1])
    last = np.r_[first[1:], len(got.slot)] - 1
    after = np.searchsorted(slot, got.slot[first])
    at, there = second.find(slot)
    with np.errstate(all="ignore"):
        away = np.abs(np.log(ours.close / second.rows.close[at]))
    differs = there & ~(away <= max(policy.max_residual * whole, 1e-9))
    shared, other = (np.r_[0, np.cumsum(mask)] for mask in (there, differs))
    low = np.maximum(after - policy.neighbours, 0)
    high = np.minimum(after + policy.neighbours * best, len(slot))
    count = shared[high] - shared[low]
    changed = (count >= _FEWEST) & ((other[high] - other[low]) * 2 > count)
    torn, stray = np.zeros(len(first), bool), np.zeros(len(got.slot), bool)
    if best and whole > 0:
        inner = (after > 0) & (after < len(slot))
        before, behind = np.maximum(after - 1, 0), np.minimum(after, len(slot) - 1)
        up = np.log(got.rows.open[first] / ours.close[before])
        back = np.log(got.rows.close[last] / ours.open[behind])
        inner &= (slot[before] == got.slot[first] - 1) & (slot[behind] == got.slot[last] + 1)
        torn = inner & (np.minimum(up * np.sign(back), np.abs(back)) > BOLD * whole)
        slots = np.concatenate((slot, got.slot))
        order = np.argsort(slots, kind="stable")
        both = {
            name: np.concatenate((ours.column(name), got.rows.column(name)))[order] for name in ours.fields
        }
        joined = Bars(
            slots[order], both["open"], both["high"], both["low"], both["close"], both.get("volume")
        )
        x = np.log(joined.close)
        spikes = find(joined, x, scale_of(x))
        stray = np.isin(got.slot, joined.time[np.union1d(spikes.close, spikes.open)])
    length = last - first + 1
    keep = ~np.repeat(changed | torn, length) & ~stray
    said = [
        text
        for text, some in (
            (f"{second.name} no longer says what it said around the gap", changed.any()),
            (f"{second.name} gives a stretch that joins the rows beside it nowhere", torn.any()),
            (f"{second.name} gives a spike", stray.any()),
        )
        if some
    ]
    return Fill(got.slot[keep], got.rows.take(keep), got.method, got.source, got.reason, got.future), said


def without_strays(second: Second) -> Second:
    """Another venue without its own spikes and wicks, which are not to be borrowed."""
    x = np.log(second.rows.close)
    spikes = find(second.rows, x, scale_of(x))
    keep = np.ones(len(x), bool)
    for places in (spikes.close, spikes.open, spikes.high, spikes.low):
        keep[places] = False
    return Second(second.name, second.kind, second.rows.take(keep), second.slot[keep])


def elsewhere(
    second: Second, ours: Bars, slot: Ints, first: int, last: int, whole: float, policy: RepairPolicy
) -> Fill | str:
    """Another venue's candles for slots first … last, fitted to ours by the ratio of their neighbours.

    The ratio runs from the median just before the gap to the median just after it (in *as known* it stays at the
    one before). A text says why this venue is refused. ``whole``: one-bar standard deviation of ours.
    """
    wanted = np.arange(first, last + 1)
    at, there = second.find(wanted)
    if np.count_nonzero(there) < _MOST * len(wanted):
        return f"{second.name} lacks {int(np.count_nonzero(~there))} of {len(wanted)} candles"
    best = policy.view == "best"
    left = _ratios(second, ours, slot, first - policy.neighbours, first - 1)
    right = _ratios(second, ours, slot, last + 1, last + policy.neighbours) if best else left[:0]
    if len(left) + len(right) < _FEWEST or not len(left):
        return f"{second.name} shares too few candles around the gap"
    before = float(np.median(left[-_CLOSE_BY:]))
    after = float(np.median(right[:_CLOSE_BY])) if len(right) else before
    middle = np.median(np.concatenate((left, right)))
    residual = 1.4826 * float(np.median(np.abs(np.concatenate((left, right)) - middle)))
    drift = abs(after - before)
    if residual > policy.max_residual * whole or drift > 4 * max(
        residual, 0.25 * policy.max_residual * whole
    ):
        worst = max(residual, drift)
        return f"{second.name} does not agree around the gap ({worst:.2%} apart, one bar moves {whole:.2%})"
    shift = before + (after - before) * np.arange(1, len(wanted) + 1) / (len(wanted) + 1)
    wanted, shift = wanted[there], shift[there]
    rows = second.rows.take(at[there])
    with np.errstate(over="ignore"):
        ratio: Floats = np.exp(shift)
        volume, said = _volume(second, ours, slot, rows, first, last, policy)
        fitted = Bars(
            wanted, rows.open * ratio, rows.high * ratio, rows.low * ratio, rows.close * ratio, volume
        )
    if not possible(fitted).all():
        return f"{second.name} gives values that cannot be"
    shown = float(np.exp((before + after) / 2))
    reason = (
        f"{second.name} x {shown:.6g} by {len(left) + len(right)} neighbours, residual {residual:.3%}; {said}"
    )
    return Fill(wanted, fitted, "venue", second.name, reason, bool(len(right)))


def _ratios(second: Second, ours: Bars, slot: Ints, first: int, last: int) -> Floats:
    """Log ratios of closes, ours over theirs, of rows from slot first to last."""
    low, high = np.searchsorted(slot, first), np.searchsorted(slot, last, "right")
    at, there = second.find(slot[low:high])
    with np.errstate(all="ignore"):
        found = np.log(ours.close[low:high][there] / second.rows.close[at[there]])
    return np.asarray(found[np.isfinite(found)])


def _volume(
    second: Second, ours: Bars, slot: Ints, rows: Bars, first: int, last: int, policy: RepairPolicy
) -> tuple[Floats | None, str]:
    if ours.volume is None:
        return None, "no volume"
    if not policy.borrow_volume or rows.volume is None:
        return np.zeros(len(rows)), "volume unknown, written as 0"
    reach = 4 * policy.neighbours
    low = np.searchsorted(slot, first - reach)
    high = np.searchsorted(slot, last + (reach if policy.view == "best" else 0), "right")
    at, there = second.find(slot[low:high])
    theirs = second.rows.volume
    assert theirs is not None  # noqa: S101 (rows is a part of it)
    pair = ours.volume[low:high][there], theirs[at[there]]
    traded = (pair[0] > 0) & (pair[1] > 0)
    if np.count_nonzero(traded) < _FEWEST:
        return np.zeros(len(rows)), "volume unknown, written as 0"
    factor = float(np.exp(np.median(np.log(pair[0][traded] / pair[1][traded]))))
    return rows.volume * factor, f"volume borrowed x {factor:.4g}"
