"""Mend what can honestly be mended, record every change, leave the rest open."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from core.candles import fill as filling
from core.candles import mend as mending
from core.candles import venue as borrowing
from core.candles.agree import Second, possible, second_of
from core.candles.audit import Audit, audit, conclude, measure
from core.candles.cause import FETCH, UNKNOWN, Witness, causes_of
from core.candles.fill import Holes
from core.candles.frame import (
    LATEST,
    SECOND,
    Bars,
    Bools,
    Ints,
    Labels,
    is_candles,
    micros,
    venue_of,
)
from core.candles.inspection import Inspection, inspect
from core.candles.ledger import Book, apply, framed, replay
from core.candles.normalise import normalise
from core.candles.policy import RepairPolicy
from core.candles.structure import ordered
from core.candles.venue import Fill
from core.market import Moment

_SNAP = 50
"""A row within 1/50 of the interval of its slot is moved there without further evidence."""


@dataclass(frozen=True)
class Repair:
    """The result of :func:`repair`. ``print`` it for a summary."""

    interval: str
    frame: pd.DataFrame
    """The mended series: a candles frame with ``source`` and ``method``."""
    ledger: pd.DataFrame
    """Every change, field by field; see :mod:`core.candles.ledger`."""
    left_open: pd.DataFrame
    """Gaps that stay: ``start end count cause reason``."""
    policy: RepairPolicy
    raw: pd.DataFrame = field(repr=False)
    _found: Inspection = field(repr=False)
    _sources: Mapping[str, pd.DataFrame] | None = field(repr=False)
    _now: Moment | None = field(repr=False)
    _siblings: Mapping[str, pd.DataFrame] | None = field(repr=False)

    @cached_property
    def before(self) -> Audit:
        """The audit of the raw series, with what the sources said about its gaps."""
        return conclude(self._found)

    @cached_property
    def after(self) -> Audit:
        """The audit of the mended series. Filled rows count as missing, so its score is never above ``before``'s,
        unless the venue itself gave new observations.
        """
        return audit(self.frame, self.interval, now=self._now)

    @property
    def usable(self) -> float:
        """Mean trust in the mended rows over all expected candles, 0 … 1."""
        return self.after.usable

    @cached_property
    def causal(self) -> "Repair":
        """The same repair by the *as known* rules: with nothing in it later than each candle."""
        if self.policy.view == "as_known":
            return self
        policy = replace(self.policy, view="as_known")
        return repair(self.raw, self.interval, policy, self._sources, self._now, self._siblings)

    @property
    def as_known(self) -> pd.DataFrame:
        """The same series with nothing in it later than each candle."""
        return self.causal.frame

    def undo(self, repairs: int | Collection[int] | None = None) -> pd.DataFrame:
        """Take back everything (the raw frame, to the bit), or only the repairs of these numbers in the ledger.

        ValueError for a number that the ledger does not have.
        """
        if repairs is None:
            return self.raw.copy(deep=False)
        chosen = {int(repairs)} if isinstance(repairs, int | np.integer) else set(repairs)
        return replay(self.raw, self.ledger, without=chosen)

    def __str__(self) -> str:
        """A few honest lines."""
        methods = self.ledger.groupby("method", observed=True, sort=False)["time"].nunique()
        did = ", ".join(f"{count} {name}" for name, count in methods.items()) or "nothing to do"
        lines = [f"{len(self.frame)} rows at {self.interval} ({self.policy.view}), candles touched: {did}"]
        for name, seen in (("before", self.before), ("after", self.after)):
            score = "too little to judge" if seen.score is None else f"{seen.score:.3f}"
            lines.append(f"  {name:<7}score {score}, usable {seen.usable:.3f}")
        future = self.ledger.loc[self.ledger["uses_future"], "time"].nunique()
        if future:
            lines.append(f"  {future} candles rest on later ones; as_known has none of these")
        for reason, part in self.left_open.groupby("reason", sort=False):
            lines.append(f"  left open: {part['count'].sum()} candles in {len(part)} gaps: {reason}")
        return "\n".join(lines)


@np.errstate(all="ignore")  # values from outside overflow where they like
def repair(
    raw: pd.DataFrame,
    interval: str,
    policy: RepairPolicy | None = None,
    sources: Mapping[str, pd.DataFrame] | None = None,
    now: Moment | None = None,
    siblings: Mapping[str, pd.DataFrame] | None = None,
) -> Repair:
    """Repair a series by a policy. Pure: the raw frame stays as it is, and equal input gives equal output.

    ``sources`` are candles of the same symbol by provider id: of the same venue (then rows come back as they
    are), of a finer interval, or of another venue in the same quote currency (then fitted, or refused). Every
    step refuses rather than guesses; what stays open is listed with the reason. NotCandles when this is no candle
    table at all, ValueError for an unknown interval.
    """
    policy = policy or RepairPolicy()
    kept = raw if is_candles(raw) else normalise(raw)
    judged = "method" in kept.columns
    moment, causal = now if policy.drop_unclosed else None, policy.view == "as_known"
    found = inspect(kept, interval, moment, siblings, causal=causal)
    own = venue_of(kept.attrs) or "raw"
    seconds, refused = _seconds(found, sources, policy)
    if seconds and len(found.shape.conflicting):
        found = inspect(kept, interval, moment, siblings, model=seconds[0], causal=causal)
    found = _causes(found, seconds)
    book = Book()
    _record_order(found, book, own)
    seen = found
    found, stays = _off_grid(found, policy, book, own)
    _record_twins(found, policy, book, own)
    fills = _for_rows(found, seconds, policy, judged=judged)
    work = mending.mend(found, policy, fills, stays, judged=judged, own=own)
    mending.record(work, stays, book, own, future=policy.view == "best")
    rows, slot, genuine = _standing(found, work, stays & ~work.lost, book, own)
    open_gaps = _fill(found, rows, slot, genuine, seconds, refused, policy, book, own) if len(rows) else []
    ledger = book.frame()
    base = _base(found)
    repaired = apply(base, ledger, own)
    frame = framed(repaired, pd.DatetimeIndex(kept.index).unit)
    frame.attrs = {
        name: value for name, value in kept.attrs.items() if name not in {"unread", "notes", "time_unit"}
    }
    frame.attrs["repaired"] = _carried(seen, seconds, repaired, interval)
    frame.attrs["uses_future"] = _from_later(kept, repaired.time, ledger)
    gaps = filling.left_open(open_gaps, found.shape.offset, found.shape.step)
    return Repair(interval, frame, ledger, gaps, policy, raw.copy(deep=False), seen, sources, now, siblings)


def _from_later(kept: pd.DataFrame, time: Ints, ledger: pd.DataFrame) -> list[int]:
    """Open times, in nanoseconds, of rows that rest on later candles, by this repair or by an earlier one."""
    told = kept.attrs.get("uses_future")
    earlier = [moment for moment in told if isinstance(moment, int)] if isinstance(told, list) else []
    later = ledger[ledger["uses_future"].to_numpy()]
    moved = later.loc[later["field"] == "time", "after"].dropna().to_numpy(dtype=np.float64)
    rests = np.unique(np.concatenate([micros(pd.DatetimeIndex(later["time"])),
                                      np.round(moved * SECOND).astype(np.int64),
                                      np.array(earlier, dtype=np.int64) // 1000]))  # fmt: skip
    rests = rests[np.abs(rests) < LATEST]
    at = np.searchsorted(time, rests)
    stands = at < len(time)
    stands[stands] = time[at[stands]] == rests[stands]
    found: list[int] = (rests[stands] * 1000).tolist()
    return found


def _base(found: Inspection) -> Bars:
    """All rows in order, those of an earlier repair among them."""
    mask = found.bars.observed()
    rows = found.shape.given
    if mask is not None:
        rows = _joined(rows, found.bars.take(np.flatnonzero(~mask)))
    elif not len(found.shape.off_grid):
        return rows
    return rows.take(ordered(rows, rows.time))


def _joined(one: Bars, other: Bars) -> Bars:
    def pair(name: str, default: str) -> Labels:
        return Labels.joined([getattr(part, name) or Labels.all(default, len(part)) for part in (one, other)])

    columns = {name: np.concatenate((one.column(name), other.column(name))) for name in one.fields}
    return Bars(np.concatenate((one.time, other.time)), columns["open"], columns["high"], columns["low"],
                columns["close"], columns.get("volume"), pair("source", "raw"), pair("method", "observed"))  # fmt: skip


def _seconds(
    found: Inspection, sources: Mapping[str, pd.DataFrame] | None, policy: RepairPolicy
) -> tuple[list[Second], list[str]]:
    """Sources that can be used, best first, and why others cannot."""
    seconds, refused = [], []
    for name, frame in sorted((sources or {}).items()) if policy.use_sources else ():
        second, why = second_of(frame, name, found.attrs, (found.rows, found.shape.slot), found.shape.step,
                                found.shape.offset)  # fmt: skip
        if second is not None and len(second.slot):
            seconds.append(second)
        elif why:
            refused.append(why)
    return sorted(seconds, key=lambda second: ("again", "finer", "venue").index(second.kind)), refused


def _causes(found: Inspection, seconds: list[Second]) -> Inspection:
    """The causes once more, now that the same venue was asked again."""
    again = [second for second in seconds if second.kind != "venue"]
    if not again or not len(found.gaps):
        return found
    slots = np.sort(np.concatenate([second.slot for second in again]))
    slots = slots[np.r_[True, np.diff(slots) > 0]]  # numpy's own unique hashes, which is slow here
    witness = Witness(slots, int(slots[0]), int(slots[-1]))
    said = causes_of(found.rows, found.gaps, [], witness, None)
    causes = [new if new == FETCH else old for new, old in zip(said, found.causes, strict=True)]
    return replace(found, causes=causes)


def _record_order(found: Inspection, book: Book, own: str) -> None:
    shape = found.shape
    given = shape.given
    for first, _, count in shape.displaced:
        book.add(
            book.number(), np.array([first]), "order", None, None, "sort", own, f"{count} rows came too late"
        )
    wrong = shape.wrong_unit
    if len(wrong):
        _, first_of = np.unique(shape.unit_from[wrong], return_index=True)
        wrong = wrong[first_of]
        book.add(book.number(len(wrong)), given.time[wrong], "time", shape.unit_from[wrong] / SECOND,
                 given.time[wrong] / SECOND, "retimed", own, "read in another unit than the rest")  # fmt: skip
    if len(shape.unclosed):
        mending.set_aside(book, given.take(np.unique(shape.unclosed)), own, "not over yet")


def _record_twins(found: Inspection, policy: RepairPolicy, book: Book, own: str) -> None:
    """Duplicates that give way to the row kept, at the time where that row stands now."""
    shape = found.shape
    if not len(shape.same) and not len(shape.conflicting):
        return
    given = shape.given
    order = np.argsort(given.time[shape.kept], kind="stable")
    stand = given.time[shape.kept][order]
    for places, text, future in (
        (shape.same, "the same row again", False),
        (
            shape.conflicting,
            "says something else than the row that fits its neighbours",
            policy.view == "best",
        ),
    ):
        if not len(places):
            continue
        numbers = book.number(len(places))
        kept = shape.kept[order][np.searchsorted(stand, given.time[places])]
        for name in given.fields:
            values = given.column(name)
            book.add(
                numbers,
                given.time[places],
                name,
                values[places],
                values[kept],
                "merge",
                own,
                text,
                future=future,
            )


def _off_grid(found: Inspection, policy: RepairPolicy, book: Book, own: str) -> tuple[Inspection, Bools]:
    """Move rows that fit a free slot onto it, set the others aside.

    Returns the evidence with the new times, and which of the kept rows stay.
    """
    shape, rows = found.shape, found.rows
    stays = np.ones(len(rows), bool)
    if not len(shape.off_grid):
        return found, stays
    seated = np.isin(shape.kept, shape.off_grid)
    unseated = np.setdiff1d(
        shape.off_grid, np.concatenate((shape.kept, shape.same, shape.conflicting, shape.unclosed))
    )
    _, first_of = np.unique(shape.given.time[unseated], return_index=True)
    mending.set_aside(book, shape.given.take(unseated[first_of]), own, "off the grid, and its slot is taken")
    target = shape.time_of(shape.slot)
    fits = seated & _fits(found, target, causal=policy.view == "as_known") if policy.snap else seated & False
    moved = np.flatnonzero(fits)
    book.add(book.number(len(moved)), rows.time[moved], "time", rows.time[moved] / SECOND, target[moved] / SECOND,
             "snap", own, "a slip of the clock: it joins its neighbours on the grid",
             future=policy.view == "best")  # fmt: skip
    gone = np.flatnonzero(seated & ~fits)
    mending.set_aside(book, rows.take(gone), own, "off the grid, and it does not join its neighbours")
    stays[gone] = False
    time = shape.given.time.copy()
    for old, new in zip(rows.time[moved].tolist(), target[moved].tolist(), strict=True):
        time[shape.given.time == old] = new
    at = rows.time.copy()
    at[moved] = target[moved]
    return replace(found, shape=replace(shape, given=shape.given.at(time)), rows=rows.at(at)), stays


def _fits(found: Inspection, target: Ints, *, causal: bool) -> Bools:
    """Rows whose open joins the close before and whose close joins the next open, so that only the stamp is off."""
    rows, slot, step = found.rows, found.shape.slot, found.shape.step
    near = np.abs(rows.time - target) * _SNAP <= step
    gap = np.full(len(rows) + 1, np.nan)
    joined = np.diff(slot) == 1
    with np.errstate(all="ignore"):
        gap[1:-1][joined] = np.abs(np.log(rows.open[1:] / rows.close[:-1]))[joined]
    usual = np.nanmedian(gap) if np.isfinite(gap).any() else 0.0
    close = np.nan_to_num(gap, nan=np.inf) <= max(4 * usual, 0.25 * found.flaws.scale.whole, 1e-9)
    beside = close[:-1] if causal else close[:-1] & close[1:]
    return np.asarray(near | beside, dtype=bool)


def _for_rows(
    found: Inspection, seconds: list[Second], policy: RepairPolicy, *, judged: bool
) -> dict[int, Fill]:
    """What sources have for slots whose rows are not believed."""
    fills: dict[int, Fill] = {}
    if not seconds:
        return fills
    rows, slot = found.rows, found.shape.slot
    doubtful = mending.suspects_of(found, policy, judged=judged)
    sure = np.setdiff1d(np.arange(len(rows)), doubtful, assume_unique=True)
    clean, clean_slot = rows.take(sure), slot[sure]
    for place in slot[doubtful].tolist():
        for second in seconds:
            if second.kind == "venue":
                got = borrowing.elsewhere(
                    second, clean, clean_slot, place, place, found.flaws.scale.whole, policy
                )
            else:
                got = borrowing.same(second, np.array([place]), volume=rows.volume is not None) or ""
            if isinstance(got, Fill):
                fills[place] = got
                break
    return fills


def _standing(
    found: Inspection, work: mending.Mended, keep: Bools, book: Book, own: str
) -> tuple[Bars, Ints, Bools]:
    """The rows that stand after all corrections, their slots, and whose opens were observed."""
    shape = found.shape
    rows = work.bars()
    slot = shape.slot
    if not keep.all():
        places = np.flatnonzero(keep)
        rows, slot = rows.take(places), slot[places]
    guessed = [row for row, (method, *_) in work.touched.items() if method == "neighbour"]
    genuine = np.ones(shape.slot.size, bool)
    genuine[guessed] = work.columns["open"][guessed] == found.rows.open[guessed]
    genuine = genuine[keep]
    mask = found.bars.observed()
    if mask is None:
        return rows, slot, genuine
    made = found.bars.take(np.flatnonzero(~mask))
    made = made.take(ordered(made, made.time))
    made_slot = (made.time - shape.offset) // shape.step
    good = possible(made) & ((made.time - shape.offset) % shape.step == 0) & ~np.isin(made_slot, slot)
    twice = np.zeros(len(made), bool)
    twice[1:] = np.diff(made.time) == 0
    taken = ~possible(made) | ((made.time - shape.offset) % shape.step != 0)
    beside = np.flatnonzero(~good & ~taken | (twice & good))
    _merge_made(made, beside, rows, slot, made_slot, book, own)
    _, first_of = np.unique(made.time[taken], return_index=True)
    mending.set_aside(book, made.take(np.flatnonzero(taken)[first_of]), own, "a filled row that cannot be")
    fine = np.flatnonzero(good & ~twice)
    both = _joined(rows, made.take(fine))
    order = np.argsort(np.concatenate((slot, made_slot[fine])), kind="stable")
    genuine = np.concatenate((genuine, np.zeros(len(fine), bool)))[order]
    return both.take(order), np.concatenate((slot, made_slot[fine]))[order], genuine


def _merge_made(
    made: Bars, beside: Ints, rows: Bars, slot: Ints, made_slot: Ints, book: Book, own: str
) -> None:
    """Filled rows that stand beside an observed one, or beside their own like, give way."""
    numbers = book.number(len(beside))
    at = np.minimum(np.searchsorted(slot, made_slot[beside]), max(len(slot) - 1, 0))
    first = np.searchsorted(made.time, made.time[beside])
    seen = (slot[at] == made_slot[beside]) if len(slot) else np.zeros(len(beside), bool)
    for name in rows.fields:
        theirs = rows.column(name)[at] if len(slot) else made.column(name)[first]
        after = np.where(seen, theirs, made.column(name)[first])
        book.add(numbers, made.time[beside], name, made.column(name)[beside], after, "merge", own,
                 "a filled row beside an observed one")  # fmt: skip


def _fill(
    found: Inspection,
    rows: Bars,
    slot: Ints,
    genuine: Bools,
    seconds: list[Second],
    refused: list[str],
    policy: RepairPolicy,
    book: Book,
    own: str,
) -> list[tuple[int, int, str, str]]:
    """Fill gaps by the best that may be done for each; what stays open, with the reason."""
    shape, whole = found.shape, found.flaws.scale.whole
    step, offset = shape.step, shape.offset
    if not policy.fill_gaps:
        return [(int(a), int(n), str(why), "filling is switched off")
                for a, n, why in _plain(_holes(found, slot))]  # fmt: skip
    for second in seconds:
        if second.kind == "venue":
            continue
        inside = (
            second.slot[(second.slot > slot[0]) & (second.slot < slot[-1])] if len(slot) else second.slot[:0]
        )
        wanted = np.setdiff1d(inside, slot, assume_unique=True)
        got = borrowing.same(second, wanted, volume=rows.volume is not None) if len(wanted) else None
        if got is not None:
            believed, doubts = borrowing.vouched(got, second, rows, slot, whole, policy)
            refused += doubts
            rows, slot, genuine = _insert(rows, slot, genuine, [believed], offset, step, book)
    refusals: dict[int, str] = {}
    venues = [second for second in seconds if second.kind == "venue"]
    if policy.view == "best":
        venues = [borrowing.without_strays(second) for second in venues]
    if venues or policy.rules:
        made = []
        for first, length, cause in _plain(_holes(found, slot)):
            said = list(refused)
            for second in venues:
                got_here = borrowing.elsewhere(second, rows, slot, first, first + length - 1, whole, policy)
                if isinstance(got_here, Fill):
                    made.append(got_here)
                    break
                said.append(got_here)
            else:
                made += _ask(found, policy, (first, length, cause), rows, slot, own, said)
            refusals[first] = "; ".join(said)
        rows, slot, genuine = _insert(rows, slot, genuine, made, offset, step, book)
    holes = _holes(found, slot)
    may = filling.built_in(holes, genuine, policy, step // SECOND)
    rest = np.ones(len(holes), bool)
    for method, mask in may.items():
        filling.draw(method, holes.take(mask), rows, offset, step, book, own)
        rest &= ~mask
    limit = policy.short if policy.view == "as_known" else policy.limit(step // SECOND)
    out = []
    default = "; ".join(refused) or "no source was given"
    for first, length, cause in _plain(holes.take(rest)):
        why = f"longer than {limit} candles" if length > limit else "no genuine candle after it"
        out.append((first, length, cause, f"{why}; {refusals.get(first) or default}"))
    return out


def _plain(holes: Holes) -> list[tuple[int, int, str]]:
    return list(zip(holes.slot.tolist(), holes.length.tolist(), holes.cause.tolist(), strict=True))


def _holes(found: Inspection, slot: Ints) -> Holes:
    """Gaps as they stand now, each with the cause of the gap that it is part of."""
    steps = np.diff(slot)
    before = np.flatnonzero(steps > 1)
    first, length = slot[before] + 1, steps[before] - 1
    cause = np.full(len(before), UNKNOWN, dtype=object)
    if len(found.gaps):
        at = np.maximum(np.searchsorted(found.gaps.slot, first, "right") - 1, 0)
        known = (found.gaps.slot[at] <= first) & (
            first + length <= found.gaps.slot[at] + found.gaps.length[at]
        )
        cause[known] = np.array(found.causes, dtype=object)[at[known]]
    return Holes(first, length, cause, before, before + 1)


def _ask(
    found: Inspection, policy: RepairPolicy, hole: tuple[int, int, str], rows: Bars, slot: Ints, own: str,
    said: list[str],
) -> list[Fill]:  # fmt: skip
    after = int(np.searchsorted(slot, hole[0]))
    grid = (found.interval, found.shape.step, found.shape.offset)
    for rule in policy.rules:
        got = filling.by_rule(rule, hole, rows, after - 1, after, grid, policy)
        if isinstance(got, str):
            said.append(got)
        elif got is not None and len(got[0]):
            return [Fill(got[0], got[1], rule.name, own, rule.reason, rule.uses_future)]
    return []


def _insert(
    rows: Bars, slot: Ints, genuine: Bools, fills: list[Fill], offset: int, step: int, book: Book
) -> tuple[Bars, Ints, Bools]:
    """Add fills to the rows and to the ledger; each unbroken stretch is one repair."""
    fills = [made for made in fills if len(made.slot)]
    if not fills:
        return rows, slot, genuine
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
    slots = np.concatenate((slot, added))
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
    return joined, slots, np.concatenate((genuine, true))[order]


def _carried(found: Inspection, seconds: list[Second], repaired: Bars, interval: str) -> dict[str, object]:
    """Marks of the raw series that its repaired form keeps, so that a repair cannot raise them.

    Rows that the venue gave when asked again are observations: with them the raw series is judged anew.
    """
    fresh = (
        np.flatnonzero(repaired.method.among({"refetch"}))
        if repaired.method is not None and any(second.kind == "again" for second in seconds)
        else ()
    )
    out_of_order = bool(found.shape.displaced)
    if len(fresh):
        new = repaired.take(np.asarray(fresh))
        old = found.bars.take(np.flatnonzero(~np.isin(found.bars.time, new.time)))
        joined = _joined(old, new)
        joined = joined.take(np.argsort(joined.time, kind="stable"))
        now = None if found.now is None else found.now / SECOND
        found = inspect(framed(joined, "us"), interval, now)
    dimensions, gated = measure(found)
    return {"dimensions": dimensions, "gated": gated or out_of_order, "offset": found.shape.offset}
