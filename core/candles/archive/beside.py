"""What an archive remembers of a series beside its candles: scores, what was asked for, what was tried in vain."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from core.candles.archive.changes import Changes, read_changes, write_changes
from core.candles.archive.records import ASKED, MOST_SCORES, SCORES, joined, read_table, write_table
from core.candles.archive.series import Series
from core.candles.audit import Audit
from core.candles.frame import SECOND, Ints, micros
from core.candles.score import WEIGHTS
from core.files import locked


class Beside:
    """The part of :class:`Archive` that keeps small tables, and the lock that all its writers hold."""

    def __init__(
        self,
        path: Path,
        now: Callable[[], float],
        *,
        lab: bool = False,
        keep_days: int = 0,
        heard: Callable[[Series, int, bool], None] = lambda *_: None,
    ) -> None:
        self.path = path
        self.lab = lab
        self.now = now
        """UTC seconds."""
        self._keep_days = keep_days
        self._heard = heard

    def note_score(self, series: Series, found: Audit, usable: float) -> None:
        """Add an audit of the raw candles to the history of scores. ``usable``: of what stands over them, 0 … 1."""
        path = self._path("scores", series)
        row = {
            "time": stamp(self.now()),
            "score": found.score,
            "usable": usable,
            "rows": found.rows,
            "expected": found.expected,
            "first": found.span[0] if found.span else None,
            "last": found.span[1] if found.span else None,
            **{name: found.dimensions.get(name) for name in WEIGHTS},
        }
        with self._locked(series):
            table = pa.Table.from_pylist([row], schema=SCORES).to_pandas()
            old = read_table(path, SCORES).tail(MOST_SCORES - 1)
            write_table(path, SCORES, pd.concat([old, table], ignore_index=True) if len(old) else table)

    def scores(self, series: Series) -> pd.DataFrame:
        """History of the score, oldest first: ``time score usable rows expected first last`` and the dimensions."""
        return read_table(self._path("scores", series), SCORES)

    def scored(self, series: Series) -> int:
        """Another number whenever a score was added; 0 for never."""
        try:
            return self._path("scores", series).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def asked(self, series: Series) -> list[tuple[int, int]]:
        """Ranges ``[start, end)`` in seconds that the provider has been asked for and has answered."""
        table = read_table(self._path("asked", series), ASKED)
        return list(zip(*(seconds(table[name]) for name in ("start", "end")), strict=True))

    def note_asked(self, series: Series, start: int, end: int) -> None:
        """Remember that the provider has answered for a range, whatever it gave."""
        with self._locked(series):
            spans = joined([*self.asked(series), (start, end)])
            rows = pd.DataFrame([tuple(map(stamp, span)) for span in spans], columns=["start", "end"])
            write_table(self._path("asked", series), ASKED, rows)

    def attempts(self, series: Series) -> dict[pd.Timestamp, int]:
        """Gaps by their start, and how often each was asked for in vain."""
        return {stamp(start).as_unit("ns"): count for start, count in self._changes(series).attempts.items()}

    def note_attempts(
        self, series: Series, missed: Iterable[pd.Timestamp], filled: Iterable[pd.Timestamp]
    ) -> None:
        """Count one more attempt at gaps that stay, forget those that are filled."""
        with self._locked(series):
            changes = self._changes(series)
            counts = dict(changes.attempts)
            for start in filled:
                counts.pop(int(start.timestamp()), None)
            for start in missed:
                counts[int(start.timestamp())] = counts.get(int(start.timestamp()), 0) + 1
            if counts != changes.attempts:
                self._save(series, replace(changes, attempts=counts))

    def undone(self, series: Series) -> tuple[tuple[int, int], ...]:
        """Open times ``[first, last]`` in seconds whose repair was taken back."""
        return self._changes(series).undone

    def _changes(self, series: Series) -> Changes:
        return read_changes(self._path("ledger", series))

    def _save(self, series: Series, changes: Changes) -> None:
        write_changes(self._path("ledger", series), changes)

    def _candles(self, series: Series) -> Path:
        return self.path / "candles" / series.folder

    def _path(self, kind: str, series: Series) -> Path:
        return self.path / kind / series.folder / f"{kind}.parquet"

    def _locked(self, series: Series) -> "contextlib.AbstractContextManager[None]":
        return locked(self.path / "locks" / series.folder / "lock")


def stamp(moment: float) -> pd.Timestamp:
    """Seconds since 1970 as the tables hold them."""
    return pd.Timestamp(round(moment * SECOND), unit="us", tz="UTC")


def seconds(times: pd.Series) -> Ints:
    """The other way."""
    return micros(pd.DatetimeIndex(times)) // SECOND
