"""The changes that stand over a raw series, in one file, so that a change is made or taken back in one step.

No repaired candle is stored: the repaired series is the raw one with its ledger made again, so the two cannot be
out of step. The file is a ledger (``core.candles.read_ledger`` reads it) with more columns: ``applied``, when;
``best`` and ``as_known``, for which view; ``revision``, for a candle that the venue amended and a person accepted.
"""

import io
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.candles.archive.records import NOTES, read_with_notes
from core.candles.frame import SECOND, Bools, Ints, micros
from core.candles.ledger import replay
from core.candles.ledger_files import from_plain, to_plain
from core.candles.repair import Repair
from core.files import write_atomically
from core.market import CANDLE_FIELDS

View = Literal["best", "as_known"]

_BESIDE = pa.schema([
    ("repair", pa.int64()),
    ("time", pa.timestamp("us", tz="UTC")),
    ("field", pa.string()),
    ("before", pa.float64()),
    ("after", pa.float64()),
    ("method", pa.string()),
    ("source", pa.string()),
    ("uses_future", pa.bool_()),
    ("reason", pa.string()),
    ("applied", pa.timestamp("us", tz="UTC")),
    ("best", pa.bool_()),
    ("as_known", pa.bool_()),
    ("revision", pa.bool_()),
])  # fmt: skip
_MERGED = "merge"


@dataclass(frozen=True)
class Changes:
    """All lines of one series, and what else is known about its repairs."""

    lines: pd.DataFrame
    """As in the file, in the order in which they are to be made."""
    attempts: dict[int, int] = field(default_factory=dict)
    """Start of a gap (seconds) → how often it was asked for in vain."""
    undone: tuple[tuple[int, int], ...] = ()
    """Open times ``[first, last]`` (seconds) whose repair a person took back: none comes by itself again."""
    carried: tuple[dict[str, Any], ...] = ()
    """Marks of the raw series that its repaired form keeps, each over ``first`` to ``last``."""
    floor: int = 0
    """Rows before this time (seconds) have been given up."""

    def ledger(self, view: View) -> pd.DataFrame:
        """The ledger of a view, with ``applied`` as one more column."""
        chosen = self.lines[self.lines[view]]
        return from_plain(chosen).assign(applied=pd.DatetimeIndex(chosen["applied"]))

    def applied(self, made: Repair, now: float, *, automatic: bool) -> "Changes":
        """With a repair's changes in place of all earlier ones to the candles that it looked at.

        ``automatic`` leaves out what a person took back; else that is forgotten with this repair.
        """
        first, last = _reach(made)
        lines = self.lines
        inside = _seconds(lines["time"]).to_numpy()
        old = ~lines["revision"] & (inside >= first) & (inside <= last)
        new = [_lines(made, now, best=True, as_known=made.policy.view == "as_known")]
        if made.policy.view == "best":
            new.append(_lines(made.causal, now, best=False, as_known=True))
        offset = int(lines["repair"].max()) + 1 if len(lines) else 0
        for place, part in enumerate(new):
            part["repair"] += offset
            offset = int(part["repair"].max()) + 1 if len(part) else offset
            if automatic:
                new[place] = part[~self._taken_back(part["time"])]
        marks = {"first": first, "last": last, **_plain_marks(made.frame.attrs["repaired"])}
        kept = tuple(mark for mark in self.carried if not first <= mark["first"] <= mark["last"] <= last)
        undone = tuple(span for span in self.undone if automatic or span[0] < first or span[1] > last)
        return replace(self, lines=_joined([lines[~old], *new]), carried=(*kept, marks), undone=undone)

    def _taken_back(self, times: pd.Series) -> Bools:
        at = _seconds(times).to_numpy()
        gone: Bools = np.zeros(len(at), bool)
        for low, high in self.undone:
            gone = gone | (at >= low) & (at <= high)
        return gone

    def accepted(self, amended: pd.DataFrame, now: float) -> "Changes":
        """With revisions accepted: ``amended`` has the lines' columns ``time field before after reason source``."""
        start = int(self.lines["repair"].max()) + 1 if len(self.lines) else 0
        rows = amended.groupby("time", sort=False).ngroup().to_numpy() + start
        more = amended.assign(repair=rows, method="refetch", uses_future=False, applied=_stamp(now), best=True,
                              as_known=True, revision=True)  # fmt: skip
        standing = self.lines
        again = standing["revision"] & standing["time"].isin(amended["time"])
        revisions = _joined([standing[standing["revision"] & ~again], more])
        return replace(self, lines=_joined([revisions, standing[~standing["revision"]]]))

    def without(self, repairs: Collection[int] | None) -> "Changes":
        """With repairs taken back, all for None. ValueError for a number that is not there."""
        lines = self.lines
        gone = (
            np.ones(len(lines), bool) if repairs is None else lines["repair"].isin(list(repairs)).to_numpy()
        )
        if repairs is not None and (unknown := set(repairs) - set(lines.loc[lines["best"], "repair"])):
            raise ValueError(f"repair={sorted(unknown)[:5]}: not among the repairs of this series")
        undone = lines[gone & lines["best"] & ~lines["revision"]]
        # what stands only in the other view goes with the candles that it belongs to
        gone = gone | (~lines["best"] & lines["time"].isin(undone["time"])).to_numpy()
        seconds = _seconds(undone["time"])
        spans = seconds.groupby(undone["repair"]).agg(["min", "max"])
        more = tuple((int(low), int(high)) for low, high in spans.itertuples(index=False))
        carried = self.carried if not gone.all() else ()
        return replace(self, lines=lines[~gone], undone=tuple(sorted({*self.undone, *more})), carried=carried)

    def since(self, floor: int) -> "Changes":
        """Without what lies before a time."""
        return replace(
            self,
            floor=max(floor, self.floor),
            lines=self.lines[_seconds(self.lines["time"]) >= floor],
            attempts={start: count for start, count in self.attempts.items() if start >= floor},
            undone=tuple(span for span in self.undone if span[1] >= floor),
            carried=tuple(mark for mark in self.carried if mark["last"] >= floor),
        )

    def amended(self, raw: pd.DataFrame) -> pd.DataFrame:
        """The raw rows as the venue has amended them, where that was accepted: columns stay the contract's."""
        lines = self.lines[self.lines["revision"]]
        place = raw.index.get_indexer(pd.DatetimeIndex(lines["time"]).as_unit("ns"))
        there = place >= 0
        if not there.any():
            return raw
        frame = raw.copy()
        for name in CANDLE_FIELDS:
            mine = there & (lines["field"] == name).to_numpy()
            if name in frame and mine.any():
                values = frame[name].to_numpy(copy=True)
                values[place[mine]] = lines["after"].to_numpy()[mine]
                frame[name] = values
        return frame

    def over(self, raw: pd.DataFrame, view: View, start: float, end: float) -> tuple[pd.DataFrame, int]:
        """Raw rows of ``[start, end)`` seconds with a view's changes made, and how many lines did not fit.

        A line fits while its candle says what it said when the line was made: a candle that the venue gave later
        takes the place of one that was filled in.
        """
        at = _seconds(self.lines["time"])
        chosen = self.lines[self.lines[view] & (at >= start) & (at < end)]
        fits = _fitting(chosen, self.amended(raw))
        made = replay(raw, from_plain(chosen[fits]))
        made.attrs = dict(raw.attrs)
        if marks := [mark for mark in self.carried if mark["first"] < end and mark["last"] >= start]:
            made.attrs["repaired"] = _least(marks)
        return made, int((~fits).sum())


_NOTHING: pd.DataFrame = _BESIDE.empty_table().to_pandas()


def read_changes(path: Path) -> Changes:
    """The changes in a file; none when there is no file. Damaged when it is something else."""
    if not path.exists():
        return Changes(_NOTHING)
    lines, head = read_with_notes(path, _BESIDE)
    notes = json.loads(head)
    return Changes(
        lines,
        {int(start): int(count) for start, count in notes.get("attempts", {}).items()},
        tuple((int(low), int(high)) for low, high in notes.get("undone", ())),
        tuple(notes.get("carried", ())),
        int(notes.get("floor", 0)),
    )


def write_changes(path: Path, changes: Changes) -> None:
    """Write all of it in one step."""
    table = pa.Table.from_pandas(changes.lines, schema=_BESIDE, preserve_index=False)
    notes = {"attempts": changes.attempts, "undone": changes.undone, "carried": changes.carried,
             "floor": changes.floor}  # fmt: skip
    table = table.replace_schema_metadata({NOTES: json.dumps(notes, allow_nan=False).encode()})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    write_atomically(path, sink.getvalue())


def _lines(made: Repair, now: float, *, best: bool, as_known: bool) -> pd.DataFrame:
    beside: dict[str, Any] = {"applied": _stamp(now), "best": best, "as_known": as_known, "revision": False}
    return to_plain(made.ledger).assign(**beside)


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    arrow = [
        pa.Table.from_pandas(table, schema=_BESIDE, preserve_index=False) for table in tables if len(table)
    ]
    rows: pd.DataFrame = pa.concat_tables(arrow or [_BESIDE.empty_table()]).to_pandas()
    return rows


def _reach(made: Repair) -> tuple[int, int]:
    """First and last open time that a repair looked at, in seconds."""
    times = np.concatenate([micros(pd.DatetimeIndex(frame.index)) for frame in (made.raw, made.frame)])
    if not len(times):
        raise ValueError("repair: it has no candles")
    return int(times.min() // SECOND), int(times.max() // SECOND)


def _seconds(times: pd.Series) -> pd.Series:
    return pd.Series(micros(pd.DatetimeIndex(times)) // SECOND, index=times.index, dtype="int64")


def _stamp(now: float) -> pd.Timestamp:
    return pd.Timestamp(round(now * SECOND), unit="us", tz="UTC")


def _fitting(lines: pd.DataFrame, raw: pd.DataFrame) -> Bools:
    """Lines whose candle still says what it said when they were made."""
    time = _moved(lines, micros(pd.DatetimeIndex(raw.index)))
    at = micros(pd.DatetimeIndex(lines["time"]))
    order = np.argsort(time, kind="stable")
    place = np.minimum(np.searchsorted(time[order], at), max(len(time) - 1, 0))
    there = time[order][place] == at if len(time) else np.zeros(len(at), bool)
    before = lines["before"].to_numpy(dtype=np.float64, na_value=np.nan)
    fits = np.ones(len(lines), bool)
    usual = (lines["method"] != _MERGED).to_numpy() & ~lines["revision"].to_numpy()
    for name in CANDLE_FIELDS:
        mine = np.flatnonzero(usual & (lines["field"] == name).to_numpy())
        if name in raw and len(raw):
            now = raw[name].to_numpy()[order][place[mine]]
            added = np.isnan(before[mine])
            fits[mine] = np.where(added, ~there[mine], there[mine] & (now == before[mine]))
    return fits


def _moved(lines: pd.DataFrame, time: Ints) -> Ints:
    """Where the rows stand once those that are to be moved have been."""
    moves = lines[(lines["field"] == "time") & lines["after"].notna()]
    out = time.copy()
    for old, new in zip(moves["before"], moves["after"], strict=True):
        out[time == round(old * SECOND)] = round(new * SECOND)
    return out


def _plain_marks(marks: Mapping[str, Any]) -> dict[str, Any]:
    dimensions = {str(name): float(value) for name, value in marks["dimensions"].items()}
    return {"dimensions": dimensions, "gated": bool(marks["gated"]), "offset": int(marks["offset"])}


def _least(marks: list[dict[str, Any]]) -> dict[str, Any]:
    """Marks of several repairs as one: of each dimension the worst."""
    names = {name for mark in marks for name in mark["dimensions"]}
    worst = {name: min(mark["dimensions"].get(name, 1.0) for mark in marks) for name in sorted(names)}
    return {"dimensions": worst, "gated": any(mark["gated"] for mark in marks), "offset": marks[-1]["offset"]}
