"""The archive: raw candles as they first came, and beside them the ledgers, revisions and scores.

::

    candles/provider=kraken/symbol=BTC%2FUSD/interval=1h/month=2026-01/part-….parquet
    ledger/provider=kraken/symbol=BTC%2FUSD/interval=1h/ledger.parquet
    revisions/… scores/… asked/…

``candles`` can be read as it lies: ``SELECT * FROM read_parquet('candles/**/*.parquet', hive_partitioning=true)``.
Any number of threads and processes may write, one at a time to a series; readers need no lock.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from core.candles.archive import parts, revisions
from core.candles.archive.beside import Beside, seconds, stamp
from core.candles.archive.records import REVISIONS, read_table, write_table
from core.candles.archive.series import Series, folders
from core.candles.frame import Ints, NotCandles, is_candles
from core.candles.repair import Repair
from core.files import remove_leftovers
from core.market import CANDLE_FIELDS, Moment, to_datetime, to_seconds

View = Literal["raw", "as_known", "best"]

_EARLIEST, _LATEST = 0.0, 1e11
_OF_REPAIR = ("method", "source", "uses_future", "reason", "applied", "revision")
_MOMENT = pd.Timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Held:
    """What the archive has of a series."""

    series: Series
    rows: int
    start: pd.Timestamp | None
    """Open time of the first candle."""
    end: pd.Timestamp | None
    """Open time of the last candle."""
    bytes: int
    files: int
    repairs: int
    """Repairs that stand, accepted revisions among them."""
    revisions: int
    """Amended candles that wait for a decision."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of rows handed to the archive."""

    new: int
    same: int
    revised: int
    """Rows that differ from what the archive has, recorded as revisions."""


class Archive(Beside):
    """Candles of many series in one folder. ``now`` gives UTC seconds; ``lab`` marks simulated data.

    ``keep_days`` is the retention: whole months that are older are given up by :meth:`tidy`; 0 keeps all.
    ``heard`` is told of every repair that stands or was taken back (True), in the thread that did it.
    """

    def series(self) -> tuple[Series, ...]:
        """All series, in order."""
        return tuple(folders(self.path / "candles"))

    def held(self, series: Series) -> Held:
        """Rows, span and size of a series, from file names alone, and what stands over it."""
        changes = self._changes(series)
        found = [part for month in parts.months(self._candles(series)) for part in parts.parts(month)
                 if part.last >= changes.floor]  # fmt: skip
        size = 0
        for part in found:
            try:
                size += part.path.stat().st_size
            except FileNotFoundError:
                continue  # merged away meanwhile
        lines = changes.lines[changes.lines["best"]]
        return Held(
            series,
            sum(part.rows for part in found),
            stamp(min(part.first for part in found)) if found else None,
            stamp(max(part.last for part in found)) if found else None,
            size,
            len(found),
            int(lines["repair"].nunique()),
            len(self.revisions(series)),
        )

    def load(
        self, series: Series, start: Moment | None = None, end: Moment | None = None, view: View = "best"
    ) -> pd.DataFrame:
        """Candles with open times in ``[start, end)``: ``raw`` as they first came, or repaired.

        A repaired view has ``source`` and ``method`` columns. ``attrs`` say symbol, interval, quote, venue, lab and
        view, and under ``notes`` what a reader should know. Without rows the frame is empty.
        """
        if view not in {"raw", "as_known", "best"}:
            raise ValueError(f"view={str(view)[:20]!r}: expected 'raw', 'as_known' or 'best'")
        first, stop = _range(start, end)
        changes = self._changes(series)
        raw = self._raw(series, max(first, changes.floor), stop)
        raw.attrs["view"] = view
        if view == "raw":
            return raw
        made, stale = changes.over(raw, view, first, stop)
        if stale:
            made.attrs["notes"] = [*raw.attrs["notes"],
                                   f"{stale} changes are left out: the venue gave these candles since"]  # fmt: skip
        return made

    def basis(self, series: Series, start: Moment | None = None, end: Moment | None = None) -> pd.DataFrame:
        """The raw candles as amended by accepted revisions: what a repair starts from. No ``source``, no ``method``."""
        first, stop = _range(start, end)
        changes = self._changes(series)
        raw = self._raw(series, max(first, changes.floor), stop)
        made = changes.amended(raw)
        made.attrs = dict(raw.attrs)
        return made

    def times(self, series: Series, start: Moment | None = None, end: Moment | None = None) -> Ints:
        """Open times that are there, in seconds, ascending."""
        first, stop = _range(start, end)
        table, _ = parts.read(self._candles(series), first, stop, ("time",))
        return parts.seconds_of(table)

    def about(self, series: Series, start: Moment, end: Moment) -> int:
        """How many candles there are in ``[start, end)``, at most: from the names of files alone."""
        first, stop = _range(start, end)
        found = (part for month in parts.months(self._candles(series)) for part in parts.parts(month))
        return sum(part.rows for part in found if part.first < stop and part.last >= first)

    def add(self, series: Series, frame: pd.DataFrame, fetched: Moment | None = None) -> Added:
        """Keep closed candles that a provider gave. The first version of a candle stays; another is a revision.

        NotCandles when times are not ascending and unique, or values not finite.
        """
        _check(frame)
        stamp = self.now() if fetched is None else to_seconds(fetched, "fetched")
        new = revised = 0
        with self._locked(series):
            floor = self._changes(series).floor
            for name, piece in parts.split(parts.to_table(frame, stamp)):
                month = self._candles(series) / name
                if parts.ends(month) <= floor:
                    continue
                month.mkdir(parents=True, exist_ok=True, mode=0o700)
                parts.tidy(month)
                fresh, other = self._compare(series, piece)
                if len(fresh):
                    parts.add(month, fresh)
                new += len(fresh)
                revised += self._revise(series, other, stamp)
                if len(parts.parts(month)) > parts.MOST_PARTS:
                    parts.merge(month)
        return Added(new, len(frame) - new - revised, revised)

    def ledger(self, series: Series, view: Literal["as_known", "best"] = "best") -> pd.DataFrame:
        """The ledger that stands, with the column ``applied``; its index numbers are those of :meth:`undo`."""
        return self._changes(series).ledger(view)

    def repairs(self, series: Series) -> pd.DataFrame:
        """One line a repair: ``start end candles method source uses_future reason applied revision``."""
        changes = self._changes(series)
        lines = changes.lines[changes.lines["best"]]
        groups = lines.groupby("repair", sort=True)
        return pd.DataFrame({
            "start": groups["time"].min(),
            "end": groups["time"].max(),
            "candles": groups["time"].nunique(),
            **{name: groups[name].first() for name in _OF_REPAIR},
        })  # fmt: skip

    def apply(self, series: Series, repair: Repair, *, automatic: bool = False) -> int:
        """Let a repair stand over the series, in place of earlier ones to the same candles. Returns how many repairs.

        It must have been made from :meth:`basis`; what does not fit the raw candles is never shown. ``automatic``: no
        person asked for it, so what a person took back stays so.
        """
        if repair.interval != series.interval:
            raise ValueError(
                f"repair.interval={repair.interval!r}: expected {series.interval!r}, as of the series"
            )
        with self._locked(series):
            changes = self._changes(series).applied(repair, self.now(), automatic=automatic)
            self._save(series, changes)
        count = int(repair.ledger.index.nunique())
        self._heard(series, count, False)
        return count

    def undo(self, series: Series, repairs: int | Collection[int] | None = None) -> int:
        """Take back repairs by number, or all, accepted revisions too. Returns how many were taken back."""
        chosen = {repairs} if isinstance(repairs, int) else None if repairs is None else set(repairs)
        with self._locked(series):
            before = self._changes(series)
            after = before.without(chosen)
            if len(after.lines) != len(before.lines):
                self._save(series, after)
        count = int(before.lines.loc[before.lines["best"], "repair"].nunique()
                    - after.lines.loc[after.lines["best"], "repair"].nunique())  # fmt: skip
        self._heard(series, count, True)
        return count

    def revisions(self, series: Series) -> pd.DataFrame:
        """Candles that the venue has amended, as suggested repairs: ``time field before after seen``.

        Those whose repaired value says the same already, or that were accepted, are not among them.
        """
        told = self._told(series)
        if not len(told):
            return pd.DataFrame(columns=list(revisions.SUGGESTED))
        shown = self.load(series, told["time"].min(), told["time"].max() + _MOMENT, "best")
        return revisions.suggested(told, shown)

    def accept(self, series: Series, times: Iterable[Moment] | None = None) -> int:
        """Let revisions stand, all or those of these open times, as repairs that :meth:`undo` takes back.

        Returns how many candles. ValueError for a time that has none.
        """
        with self._locked(series):
            offered = pd.DatetimeIndex(self.revisions(series)["time"].unique())
            if times is not None:
                wanted = pd.DatetimeIndex([to_datetime(moment, "times") for moment in times])
                if len(unknown := wanted.difference(offered)):
                    raise ValueError(f"times={unknown[0].isoformat()}: no revision of this candle waits")
                offered = wanted
            if len(offered):
                told = self._told(series)
                told = told[told["time"].isin(offered)]
                first = self.load(series, offered.min(), offered.max() + _MOMENT, "raw")
                lines = revisions.lines_of(told, first, series)
                self._save(series, self._changes(series).accepted(lines, self.now()))
        count = len(offered.unique())
        self._heard(series, count, False)
        return count

    def tidy(self, series: Series) -> None:
        """Merge parts of months that are over, remove leftovers of killed writers, give up what is too old."""
        now = self.now()
        with self._locked(series):
            for kind in ("ledger", "revisions", "scores", "asked"):
                remove_leftovers(self._path(kind, series).parent)
            if self._keep_days:
                self._retire(series, now - self._keep_days * 86_400)
            for month in parts.months(self._candles(series)):
                parts.tidy(month)
                if parts.ends(month) < now:
                    parts.merge(month)

    def _retire(self, series: Series, floor: float) -> None:
        """Give up whole months before ``floor``: first in the ledger's file, which decides, then the rows."""
        gone = [month for month in parts.months(self._candles(series)) if parts.ends(month) <= floor]
        if gone:
            limit = int(max(parts.ends(month) for month in gone))
            self._save(series, self._changes(series).since(limit))
            kept = self._told(series)
            write_table(self._path("revisions", series), REVISIONS, kept[seconds(kept["time"]) >= limit])
            for month in gone:
                parts.remove(month)

    def _compare(self, series: Series, piece: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Of rows of one month those that are new, and those that differ from what stands or was last seen."""
        time = parts.seconds_of(piece)
        first, stop = float(time[0]), float(time[-1]) + 1
        standing, _ = parts.read(self._candles(series), first, stop)
        there = parts.seconds_of(standing)
        known = np.isin(time, there)
        fresh, again = piece.filter(pa.array(~known)), piece.filter(pa.array(known))
        if not len(again):
            return fresh, again
        told = self._told(series)
        return fresh, revisions.amended(standing, told, again)

    def _revise(self, series: Series, rows: pa.Table, seen: float) -> int:
        if len(rows):
            more = rows.drop_columns(["fetched"]).to_pandas().assign(seen=stamp(seen))
            old = self._told(series)
            more = pd.concat([old, more[old.columns]], ignore_index=True) if len(old) else more
            write_table(self._path("revisions", series), REVISIONS, more)
        return len(rows)

    def _told(self, series: Series) -> pd.DataFrame:
        return read_table(self._path("revisions", series), REVISIONS)

    def _raw(self, series: Series, start: float, stop: float) -> pd.DataFrame:
        table, damaged = parts.read(self._candles(series), start, stop)
        columns = {name: table.column(name).to_numpy() for name in CANDLE_FIELDS}
        notes = list(damaged)
        if len(table) and table.column("volume").null_count:
            if table.column("volume").null_count < len(table):
                notes.append("volume is left out: some of these rows have none")
            del columns["volume"]
        index = pd.DatetimeIndex(table.column("time").to_numpy().astype("M8[ns]"), name="time").tz_localize(
            "UTC"
        )
        frame = pd.DataFrame(columns, index=index)
        frame.attrs = {"symbol": series.symbol, "interval": series.interval, "quote": series.quote,
                       "venue": series.provider, "lab": self.lab, "notes": notes}  # fmt: skip
        return frame


def _check(frame: pd.DataFrame) -> None:
    """NotCandles unless every row can be: these are the raw candles that all else rests on."""
    if not is_candles(frame):
        raise NotCandles(
            "frame: expected a candles frame: index time in UTC, float64 open high low close volume"
        )
    if not frame.index.is_monotonic_increasing or not frame.index.is_unique:
        raise NotCandles("frame: expected ascending times, each once; repair the series first")
    names = [name for name in CANDLE_FIELDS if name in frame]
    if not np.isfinite(frame[names].to_numpy()).all():
        raise NotCandles("frame: expected finite numbers; repair the series first")
    if len(frame) and not 0 <= frame.index[0].timestamp() <= frame.index[-1].timestamp() < _LATEST:
        raise NotCandles("frame: expected times since 1970")


def _range(start: Moment | None, end: Moment | None) -> tuple[float, float]:
    first = _EARLIEST if start is None else to_seconds(start, "start")
    stop = _LATEST if end is None else to_seconds(end, "end")
    return first, stop
