"""Rows from elsewhere: the same venue again, a finer interval, another venue made to fit."""

from dataclasses import dataclass

import numpy as np

from core.candles.agree import Second, possible
from core.candles.frame import Bars, Floats, Ints
from core.candles.policy import RepairPolicy

_FEWEST = 5
"""Neighbours that both venues need before one can be calibrated by the other."""
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


def elsewhere(
    second: Second, ours: Bars, slot: Ints, first: int, last: int, whole: float, policy: RepairPolicy
) -> Fill | str:
    """Another venue's candles for slots first … last, fitted to ours by the ratio of their neighbours.

    The ratio runs from the median just before the gap to the median just after it (in *as known* it stays at the
    one before). A text says why this venue is refused. ``whole``: one-bar standard deviation of ours.
    """
    wanted = np.arange(first, last + 1)
    at, there = second.find(wanted)
    if not there.all():
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
    rows = second.rows.take(at)
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
