"""Gaps filled by the best that may be done for each: the venue itself, another one, a rule, a line, or nothing."""

import numpy as np
import pandas as pd

from core.candles import fill as filling
from core.candles import venue as borrowing
from core.candles.agree import Second
from core.candles.cause import UNKNOWN, find_gaps
from core.candles.fill import Holes
from core.candles.frame import SECOND, Bars, Ints, Labels, to_index
from core.candles.inspection import Inspection
from core.candles.ledger import Book
from core.candles.policy import RepairPolicy
from core.candles.standing import Standing
from core.candles.venue import Fill

Open = tuple[int, int, str, str]
"""A gap that stays: first slot, candles, cause, reason."""


def fill_gaps(
    found: Inspection,
    stand: Standing,
    seconds: list[Second],
    refused: list[str],
    policy: RepairPolicy,
    book: Book,
    own: str,
) -> list[Open]:
    """Fill gaps and record it; what stays open, with the reason. ``refused``: why sources cannot be used."""
    if not policy.fill_gaps:
        return [(*hole, "filling is switched off") for hole in _plain(_holes(found, stand.slot))]
    refused = list(refused)
    for second in seconds:
        if second.kind != "venue":
            stand = _again(found, stand, second, refused, policy, book)
    stand, refusals = _elsewhere(found, stand, seconds, refused, policy, book, own)
    step, offset = found.shape.step, found.shape.offset
    holes = _holes(found, stand.slot)
    rest = np.ones(len(holes), bool)
    for method, mask in filling.built_in(holes, stand.genuine, policy, step // SECOND).items():
        filling.draw(method, holes.take(mask), stand.rows, offset, step, book, own)
        rest &= ~mask
    limit = policy.short if policy.view == "as_known" else policy.limit(step // SECOND)
    default = "; ".join(refused) or "no source was given"
    out = []
    for first, length, cause in _plain(holes.take(rest)):
        why = f"longer than {limit} candles" if length > limit else "no genuine candle after it"
        out.append((first, length, cause, f"{why}; {refusals.get(first) or default}"))
    return out


def _again(
    found: Inspection, stand: Standing, second: Second, refused: list[str], policy: RepairPolicy, book: Book
) -> Standing:
    """With what the same venue has where candles are missing, at the end too if the series stops too early."""
    slot = stand.slot
    end = max(int(slot[-1]), int(found.shape.slot[-1]) + found.tail)
    inside = second.slot[(second.slot > slot[0]) & (second.slot <= end)]
    wanted = np.setdiff1d(inside, slot, assume_unique=True)
    got = borrowing.same(second, wanted, volume=stand.rows.volume is not None) if len(wanted) else None
    if got is None:
        return stand
    whole = found.flaws.scale.whole
    believed, doubts = borrowing.vouched(got, second, stand.rows, slot, whole, policy)
    refused += doubts
    return _insert(stand, [believed], found.shape.offset, found.shape.step, book)


def _elsewhere(
    found: Inspection,
    stand: Standing,
    seconds: list[Second],
    refused: list[str],
    policy: RepairPolicy,
    book: Book,
    own: str,
) -> tuple[Standing, dict[int, str]]:
    """With what other venues and a person's rules have, and by first slot why they have nothing."""
    venues = [second for second in seconds if second.kind == "venue"]
    if policy.view == "best":
        venues = [borrowing.without_strays(second) for second in venues]
    refusals: dict[int, str] = {}
    if not venues and not policy.rules:
        return stand, refusals
    made = []
    for hole in _plain(_holes(found, stand.slot)):
        got, said = _first(found, stand, venues, hole, policy, own)
        made += [got] if got is not None else []
        refusals[hole[0]] = "; ".join([*refused, *said])
    return _insert(stand, made, found.shape.offset, found.shape.step, book), refusals


def _first(
    found: Inspection,
    stand: Standing,
    venues: list[Second],
    hole: tuple[int, int, str],
    policy: RepairPolicy,
    own: str,
) -> tuple[Fill | None, list[str]]:
    """The first of the venues, then of the rules, that can fill this gap, and why those before it cannot."""
    first, length, _ = hole
    rows, slot, whole = stand.rows, stand.slot, found.flaws.scale.whole
    said: list[str] = []
    for second in venues:
        got = borrowing.elsewhere(second, rows, slot, first, first + length - 1, whole, policy)
        if isinstance(got, Fill):
            return got, said
        said.append(got)
    after = int(np.searchsorted(slot, first))
    grid = (found.interval, found.shape.step, found.shape.offset)
    for rule in policy.rules:
        by_rule = filling.by_rule(rule, hole, rows, after - 1, after, grid, policy)
        if isinstance(by_rule, str):
            said.append(by_rule)
        elif by_rule is not None and len(by_rule[0]):
            return Fill(*by_rule, rule.name, own, rule.reason, rule.uses_future), said
    return None, said


def _plain(holes: Holes) -> list[tuple[int, int, str]]:
    return list(zip(holes.slot.tolist(), holes.length.tolist(), holes.cause.tolist(), strict=True))


def _holes(found: Inspection, slot: Ints) -> Holes:
    """Gaps as they stand now, each with the cause of the gap that it is part of."""
    gaps = find_gaps(slot)
    first, length = gaps.slot, gaps.length
    cause = np.full(len(gaps), UNKNOWN, dtype=object)
    if len(found.gaps):
        at = np.maximum(np.searchsorted(found.gaps.slot, first, "right") - 1, 0)
        known = (found.gaps.slot[at] <= first) & (
            first + length <= found.gaps.slot[at] + found.gaps.length[at]
        )
        cause[known] = np.array(found.causes, dtype=object)[at[known]]
    return Holes(first, length, cause, gaps.after - 1, gaps.after)


def _insert(stand: Standing, fills: list[Fill], offset: int, step: int, book: Book) -> Standing:
    """Add fills to the rows and to the ledger; each unbroken stretch is one repair."""
    fills = [made for made in fills if len(made.slot)]
    if not fills:
        return stand
    rows = stand.rows
    added = np.concatenate([made.slot for made in fills])
    size = [len(made.slot) for made in fills]
    fill_of = np.repeat(np.arange(len(fills)), size)
    breaks = (np.diff(added) > 1) | (np.diff(fill_of) > 0)
    numbers = book.number(len(added))[np.cumsum(np.r_[0, breaks])]
    words = [
        Labels.of(pd.Series([getattr(made, name) for made in fills], dtype=object)).take(fill_of)
        for name in ("method", "source", "reason")
    ]
    future = np.array([made.future for made in fills])[fill_of]
    slots = np.concatenate((stand.slot, added))
    order = np.argsort(slots, kind="stable")
    columns = {}
    for name in rows.fields:
        values = np.concatenate([made.rows.column(name) for made in fills])
        book.add(
            numbers, added * step + offset, name, None, values, words[0], words[1], words[2], future=future
        )
        columns[name] = np.concatenate((rows.column(name), values))[order]
    true = words[0].among({"refetch", "finer", "venue"})
    slots = slots[order]
    joined = Bars(slots * step + offset, columns["open"], columns["high"], columns["low"], columns["close"],
                  columns.get("volume"))  # fmt: skip
    return Standing(joined, slots, np.concatenate((stand.genuine, true))[order])


def left_open(items: list[Open], offset: int, step: int) -> pd.DataFrame:
    """Gaps that stay: ``start end count cause reason``; times are open times, both included."""
    slots = np.array([item[0] for item in items], dtype=np.int64)
    sizes = np.array([item[1] for item in items], dtype=np.int64)
    return pd.DataFrame(
        {
            "start": to_index(slots * step + offset),
            "end": to_index((slots + sizes - 1) * step + offset),
            "count": sizes,
            "cause": np.array([item[2] for item in items], dtype=object),
            "reason": np.array([item[3] for item in items], dtype=object),
        }
    )
