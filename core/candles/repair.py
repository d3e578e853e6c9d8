"""Mend what can honestly be mended, record every change, leave the rest open."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from core.candles.agree import Second
from core.candles.audit import Audit, audit, conclude, measure
from core.candles.frame import LATEST, SECOND, Bars, Ints, from_seconds, is_candles, micros, venue_of
from core.candles.gaps import fill_gaps, left_open
from core.candles.inspection import Inspection, inspect
from core.candles.ledger import Book, apply, framed, replay
from core.candles.mend import mend, record
from core.candles.normalise import normalise
from core.candles.policy import RepairPolicy
from core.candles.sources import asked_again, for_rows, usable
from core.candles.standing import base_rows, standing
from core.candles.timing import onto_grid, record_order, record_twins
from core.market import Moment


@dataclass(frozen=True)
class Repair:
    """The result of :func:`repair`. ``print`` it for a summary."""

    interval: str
    """The interval that was repaired by."""
    frame: pd.DataFrame
    """The mended series: a candles frame with ``source`` and ``method``; in ``attrs`` also ``uses_future``, open
    times in nanoseconds of rows that rest on later ones."""
    ledger: pd.DataFrame
    """Every change, field by field; see :mod:`core.candles.ledger`."""
    left_open: pd.DataFrame
    """Gaps that stay: ``start end count cause reason``; open times, both ends included."""
    policy: RepairPolicy
    """What the repair was allowed to do."""
    raw: pd.DataFrame = field(repr=False)
    """The series as it was given."""
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

    ``raw``, ``interval``, ``now`` and ``siblings`` are those of :func:`audit`. ``sources`` are candles of the same
    symbol by provider id: of the same venue (then rows come back as they are), of a finer interval, or of another
    venue in the same quote currency (then fitted, or refused). Every step refuses rather than guesses; what stays
    open is listed with the reason. The frame that comes out has one finite and possible candle a slot, ascending,
    UTC open times, and of rows that nothing is wrong with the values that went in, to the bit. NotCandles when this
    is no candle table at all, ValueError for an unknown interval or a ``now`` that is no moment.
    """
    policy = policy or RepairPolicy()
    kept = raw if is_candles(raw) else normalise(raw)
    judged = "method" in kept.columns
    moment, causal = now if policy.drop_unclosed else None, policy.view == "as_known"
    found = inspect(kept, interval, moment, siblings, causal=causal)
    own = venue_of(kept.attrs) or "raw"
    seconds, refused = usable(found, sources, policy)
    if seconds and len(found.shape.conflicting):
        found = inspect(kept, interval, moment, siblings, model=seconds[0], causal=causal)
    found = asked_again(found, seconds)
    book = Book()
    record_order(found, book, own)
    seen = found
    found, stays = onto_grid(found, policy, book, own)
    record_twins(found, policy, book, own)
    fills = for_rows(found, seconds, policy, judged=judged)
    work = mend(found, policy, fills, stays, judged=judged, own=own)
    record(work, stays, book, own, future=policy.view == "best")
    stand = standing(found, work, stays & ~work.lost, book, own)
    open_gaps = fill_gaps(found, stand, seconds, refused, policy, book, own) if len(stand.rows) else []
    ledger = book.frame()
    repaired = apply(base_rows(found), ledger, own)
    frame = framed(repaired, pd.DatetimeIndex(kept.index).unit)
    frame.attrs = {
        name: value for name, value in kept.attrs.items() if name not in {"unread", "notes", "time_unit"}
    }
    frame.attrs["repaired"] = _carried(seen, seconds, repaired, interval)
    frame.attrs["uses_future"] = _from_later(kept, repaired.time, ledger)
    gaps = left_open(open_gaps, found.shape.offset, found.shape.step)
    return Repair(interval, frame, ledger, gaps, policy, raw.copy(deep=False), seen, sources, now, siblings)


def _from_later(kept: pd.DataFrame, time: Ints, ledger: pd.DataFrame) -> list[int]:
    """Open times, in nanoseconds, of rows that rest on later candles, by this repair or by an earlier one."""
    told = kept.attrs.get("uses_future")
    earlier = [moment for moment in told if isinstance(moment, int)] if isinstance(told, list) else []
    future = ledger["uses_future"].to_numpy()
    moved = (
        ledger["after"][future & (ledger["field"] == "time").to_numpy()].dropna().to_numpy(dtype=np.float64)
    )
    rests = np.unique(np.concatenate([micros(pd.DatetimeIndex(ledger["time"]))[future],
                                      from_seconds(moved),
                                      np.array(earlier, dtype=np.int64) // 1000]))  # fmt: skip
    rests = rests[np.abs(rests) < LATEST]
    at = np.searchsorted(time, rests)
    stands = at < len(time)
    stands[stands] = time[at[stands]] == rests[stands]
    found: list[int] = (rests[stands] * 1000).tolist()
    return found


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
        joined = old.joined(new)
        joined = joined.take(np.argsort(joined.time, kind="stable"))
        now = None if found.now is None else found.now / SECOND
        found = inspect(framed(joined, "us"), interval, now)
    dimensions, gated = measure(found)
    return {"dimensions": dimensions, "gated": gated or out_of_order, "offset": found.shape.offset}
