"""The record of every change, and how to apply it again or take it back.

A ledger is a DataFrame with the columns ``time field before after method source uses_future reason`` and the index
``repair``: lines with the same number are one repair and are undone together. ``field`` is a value column, or
``time`` (seconds since 1970: a row moved, or set aside when ``after`` is null), or ``order``. ``before`` is null
where a row was added or a value was no number. The raw frame and its ledger together give the repaired frame, to
the bit; without some repairs they give the frame without these.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.candles.agree import bars_from
from core.candles.frame import (
    Bars,
    Bools,
    Floats,
    Ints,
    Labels,
    from_seconds,
    to_index,
    venue_of,
)
from core.candles.lookup import at_times, moved_times
from core.candles.structure import ordered
from core.market import CANDLE_FIELDS

COLUMNS = ("time", "field", "before", "after", "method", "source", "uses_future", "reason")
FIELDS = (*CANDLE_FIELDS, "time", "order")
METHODS = (
    "observed",
    "refetch",
    "finer",
    "venue",
    "flat",
    "line",
    "forward",
    "rescaled",
    "bounded",
    "neighbour",
    "merge",
    "snap",
    "retimed",
    "dropped",
    "sort",
)
_QUIET = ("merge", "snap", "retimed", "dropped", "sort")
"""Methods after which the row that stands there is still the venue's own."""


@dataclass
class Book:
    """Lines being written."""

    lines: list[tuple[Any, ...]] = field(default_factory=list)
    words: tuple[list[Labels], list[Labels], list[Labels]] = field(default_factory=lambda: ([], [], []))
    """Method, source and reason of each part of ``lines``."""
    repairs: int = 0

    def number(self, count: int = 1) -> Ints:
        """New repair numbers."""
        first = self.repairs
        self.repairs += count
        return np.arange(first, self.repairs, dtype=np.int64)

    def add(
        self,
        repair: Ints,
        time: Ints,
        name: str,
        before: Floats | None,
        after: Floats | None,
        method: str | Labels,
        source: str | Labels,
        reason: str | Labels,
        *,
        future: bool | Bools = False,
    ) -> None:
        """Lines of one field. ``before`` and ``after`` None for null."""
        size = len(time)
        if not size:
            return
        null = np.full(size, np.nan)
        self.lines.append((
            repair, time, np.full(size, FIELDS.index(name), dtype=np.int8), null if before is None else before,
            null if after is None else after, np.full(size, future),
        ))  # fmt: skip
        for part, word in zip(self.words, (method, source, reason), strict=True):
            part.append(Labels.all(word, size) if isinstance(word, str) else word)

    def frame(self) -> pd.DataFrame:
        """The ledger."""
        if self.lines:
            parts = [np.concatenate(column) for column in zip(*self.lines, strict=True)]
            words = [Labels.joined(column) for column in self.words]
        else:
            parts = [np.zeros(0, kind) for kind in ("i8", "i8", "i1", "f8", "f8", "?")]
            words = [Labels.all("", 0)] * 3
        order = np.argsort(parts[0], kind="stable")
        repair, time, name, before, after, future = (part[order] for part in parts)
        method, source, reason = (word.take(order) for word in words)
        return pd.DataFrame(
            {
                "time": to_index(time),
                "field": pd.Categorical.from_codes(name, categories=pd.Index(FIELDS, dtype="str")),
                "before": nullable(before),
                "after": nullable(after),
                "method": method.categorical(known_methods(method.used())),
                "source": source.categorical(source.used()),
                "uses_future": future,
                "reason": reason.categorical(reason.used()),
            },
            index=pd.Index(repair, name="repair"),
            copy=False,
        )


def nullable(values: Floats) -> pd.arrays.FloatingArray:
    """A column of numbers that are null where they are none."""
    null = ~np.isfinite(values)
    return pd.arrays.FloatingArray(np.where(null, 0.0, values), null)


def known_methods(words: Iterable[str]) -> list[str]:
    """The categories of a method column: the usual ones, then a person's own."""
    return [*METHODS, *sorted(set(words) - set(METHODS))]


def apply(base: Bars, ledger: pd.DataFrame, own: str) -> Bars:
    """Rows in order with the ledger's changes made. ``own``: source of rows that nobody touched."""
    time = _micros(ledger)
    code = ledger["field"].cat.codes.to_numpy()
    after = ledger["after"].to_numpy(dtype=np.float64, na_value=np.nan)
    method, source = Labels.of(ledger["method"]), Labels.of(ledger["source"])
    merge, values = method.among({"merge"}), code < len(CANDLE_FIELDS)
    columns = {name: base.column(name) for name in base.fields}
    keep = np.ones(len(base), bool)
    if merge.any():
        keep[1:] &= ~((np.diff(base.time) == 0) & at_times(base.time, time[merge])[1:])
        for number, name in enumerate(base.fields):
            lines = np.flatnonzero(merge & (code == number))
            rows = np.searchsorted(base.time, time[lines])
            there = base.time[np.minimum(rows, len(base) - 1)] == time[lines]
            columns[name] = columns[name].copy()
            columns[name][rows[there]] = after[lines[there]]
    gone = (code == FIELDS.index("time")) & np.isnan(after)
    if gone.any():
        keep &= ~at_times(base.time, time[gone])
    kept = base
    if not keep.all():
        kept = base.take(keep)
        columns = {name: part[keep] for name, part in columns.items()}
    at = kept.time
    made_by, made_from = kept.method, kept.source
    lines = np.flatnonzero(values & ~merge & ~np.isnan(after) & ~gone)
    stamps, which, fields = np.unique(time[lines], return_inverse=True, return_counts=True)
    rows = np.searchsorted(at, stamps)
    there = rows < len(at)
    there[there] = at[rows[there]] == stamps[there]
    # a value for a row that is not there (its own repair was taken back) makes no row
    known = there | (fields >= len(base.fields))
    if not there.all():
        wide = _Wider.by(at, stamps[known & ~there])
        at, columns = wide.times, {name: wide.put(part) for name, part in columns.items()}
        made_by, made_from = (
            part and Labels(wide.put(part.codes), part.names) for part in (made_by, made_from)
        )
        rows = np.searchsorted(at, stamps)
    made_by = made_by or Labels(np.zeros(len(at), dtype=np.int8), METHODS)
    made_from = made_from or Labels.all(own, len(at))
    lines, rows = lines[known[which]], rows[which][known[which]]
    for number, name in enumerate(base.fields):
        mine = code[lines] == number
        if mine.any():
            if columns[name] is base.column(name):
                columns[name] = columns[name].copy()
            columns[name][rows[mine]] = after[lines[mine]]
    if len(lines):
        made_by = made_by.overwritten(rows, method.take(lines))
        made_from = made_from.overwritten(rows, source.take(lines))
    return Bars(at, columns["open"], columns["high"], columns["low"], columns["close"], columns.get("volume"),
                made_from, made_by)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Wider:
    """Room for new rows between others: the new times, which rows are old, and whose values a new one has at first."""

    times: Ints
    old: Bools
    spots: Ints
    before: Ints

    @classmethod
    def by(cls, at: Ints, fresh: Ints) -> "_Wider":
        """``at`` and ``fresh`` ascending, with nothing in common."""
        places = np.searchsorted(at, fresh)
        spots = places + np.arange(len(fresh))
        old = np.ones(len(at) + len(fresh), bool)
        old[spots] = False
        times = np.empty(len(old), dtype=np.int64)
        times[old], times[spots] = at, fresh
        return cls(times, old, spots, np.maximum(places - 1, 0))

    def put(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A column with room; zeros where there were no rows at all (a part of a series that lies in a gap)."""
        wide = np.empty(len(self.old), dtype=values.dtype)
        wide[self.old] = values
        wide[self.spots] = values[self.before] if len(values) else 0
        return wide


def framed(rows: Bars, unit: str) -> pd.DataFrame:
    """Rows as a repaired frame, with ``source`` and ``method``."""
    assert rows.source is not None  # noqa: S101 (for the type checker: apply always sets both)
    assert rows.method is not None  # noqa: S101
    columns: dict[str, Any] = {name: rows.column(name) for name in rows.fields}
    columns["source"] = rows.source.categorical(rows.source.used())
    columns["method"] = rows.method.categorical(known_methods(rows.method.names))
    return pd.DataFrame(columns, index=to_index(rows.time, unit), copy=False)


def replay(raw: pd.DataFrame, ledger: pd.DataFrame, *, without: Collection[int] = ()) -> pd.DataFrame:
    """The raw frame with a ledger's changes made again, all but the repairs named in ``without``.

    Equal to the bit to the frame that the ledger came with. ValueError for repair numbers it does not have.
    """
    if unknown := set(without) - set(ledger.index):
        raise ValueError(f"repair={sorted(unknown)[:5]}: not in this ledger")
    ledger = ledger[~ledger.index.isin(list(without))] if without else ledger
    bars, attrs = bars_from(raw)
    moved = ledger[(ledger["field"] == "time") & ledger["after"].notna()]
    time = bars.time
    for method, part in moved.groupby("method", observed=True, sort=False):  # first the unit, then the grid
        stands = _micros(part) if method == "retimed" else from_seconds(part["after"].to_numpy(np.float64))
        time = moved_times(time, part["before"].to_numpy(np.float64), stands)
    base = bars.at(time)
    base = base.take(ordered(base, time))
    return framed(apply(base, ledger, venue_of(attrs) or "raw"), pd.DatetimeIndex(raw.index).unit
                  if isinstance(raw.index, pd.DatetimeIndex) else "ns")  # fmt: skip


def _micros(ledger: pd.DataFrame) -> Ints:
    return pd.DatetimeIndex(ledger["time"]).as_unit("us").asi8
