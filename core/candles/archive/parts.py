"""Raw candles on disk: one folder a month, in it Parquet files that are only ever added or merged.

The name of a part says what is in it, ``part-GENERATION-FIRST-LAST-ROWS-NONCE.parquet`` (open times in seconds
since 1970), so that a listing opens no file. Merging writes one part of the next generation and then removes
the old ones: whoever finds several generations believes the highest, so a merge is done, or not, with the one
rename. Rows are unique by time over all parts of a generation; the writers' lock sees to that.
"""

import contextlib
import io
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.candles.frame import SECOND, Ints, micros
from core.files import remove_leftovers, write_atomically
from core.market import CANDLE_FIELDS

SCHEMA = pa.schema([
    pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
    *(pa.field(name, pa.float64(), nullable=name == "volume") for name in CANDLE_FIELDS),
    pa.field("fetched", pa.timestamp("us", tz="UTC"), nullable=False),
])  # fmt: skip
"""Of every part: open time, values (volume null where the provider gives none), and when each row came."""
MOST_PARTS = 12
"""Parts of a month above which they are merged."""
_PART = re.compile(r"part-(\d{6})-(\d{1,12})-(\d{1,12})-(\d{1,9})-[0-9a-f]{8}\.parquet")
_MONTH = re.compile(r"month=(\d{4})-(\d{2})")
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Part:
    """One file. Times in seconds."""

    generation: int
    first: int
    last: int
    rows: int
    path: Path


class Moved(Exception):
    """A part was merged away while it was about to be read: look again."""


def months(folder: Path) -> list[Path]:
    """The month folders of a series, oldest first."""
    return sorted(path for path in folder.glob("month=*") if _MONTH.fullmatch(path.name) and path.is_dir())


def month_of(seconds: float) -> str:
    """Name of the folder for an open time."""
    return f"month={datetime.fromtimestamp(seconds, UTC):%Y-%m}"


def ends(month: Path) -> float:
    """When a month is over, in seconds."""
    year, number = (int(part) for part in month.name.removeprefix("month=").split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC).timestamp()


def parts(month: Path) -> list[Part]:
    """The parts that count, oldest first."""
    found = _all(month)
    newest = max((part.generation for part in found), default=0)
    return sorted((part for part in found if part.generation == newest), key=lambda part: part.first)


def read(
    folder: Path, start: float, end: float, columns: Sequence[str] | None = None
) -> tuple[pa.Table, list[str]]:
    """Rows of a series with open times in ``[start, end)`` seconds, ascending, and what could not be read."""
    for _ in range(_TRIES):
        try:
            return _read(folder, start, end, columns)
        except Moved:
            continue
    raise OSError(f"{folder.name}: its files change faster than they can be read")


def _read(
    folder: Path, start: float, end: float, columns: Sequence[str] | None
) -> tuple[pa.Table, list[str]]:
    tables, damaged = [], []
    for month in months(folder):
        for part in parts(month):
            if part.first < end and part.last >= start:
                try:
                    tables.append(_table(part, columns))
                except FileNotFoundError:
                    raise Moved from None
                except (pa.ArrowException, OSError, KeyError) as error:
                    damaged.append(f"{month.name}/{part.path.name} cannot be read: {str(error)[:80]}")
    table = pa.concat_tables(tables) if tables else _empty(columns)
    time = seconds_of(table) * SECOND
    inside = (time >= start * SECOND) & (time < end * SECOND)
    if not inside.all():
        table, time = table.filter(pa.array(inside)), time[inside]
    if len(time) > 1 and not (np.diff(time) > 0).all():
        table = table.take(pa.array(np.argsort(time, kind="stable")))
    return table, damaged


def add(month: Path, table: pa.Table) -> None:
    """Write rows of one month that are not there yet as a new part. Needs the writers' lock."""
    standing = parts(month)
    _write(month, table, standing[0].generation if standing else 1)


def merge(month: Path) -> None:
    """Make one part of all. Needs the writers' lock."""
    standing = parts(month)
    if len(standing) > 1:
        tables = [_table(part, None) for part in standing]
        _write(month, pa.concat_tables(tables).sort_by("time"), standing[0].generation + 1)
        tidy(month)


def tidy(month: Path) -> None:
    """Remove what a merge or a killed writer left behind, set aside what is damaged. Needs the writers' lock."""
    counted = {part.path for part in parts(month)}
    for part in _all(month):
        if part.path not in counted:
            part.path.unlink(missing_ok=True)
    remove_leftovers(month)
    for path in counted:
        try:
            pq.read_metadata(path)
        except (pa.ArrowException, OSError):
            path.rename(path.with_suffix(".damaged"))


def remove(month: Path) -> None:
    """Forget a month. Needs the writers' lock."""
    for part in sorted(_all(month), key=lambda part: part.generation):  # the believed ones last
        part.path.unlink(missing_ok=True)
    tidy(month)
    with contextlib.suppress(OSError):  # something that is not ours lies in it
        month.rmdir()


def to_table(frame: pd.DataFrame, fetched: float) -> pa.Table:
    """A candles frame as rows of :data:`SCHEMA`."""
    columns = [pa.array(micros(pd.DatetimeIndex(frame.index)), pa.timestamp("us", tz="UTC"))]
    for name in CANDLE_FIELDS:
        there = name in frame.columns
        columns.append(pa.array(frame[name].to_numpy()) if there else pa.nulls(len(frame), pa.float64()))
    columns.append(pa.array(np.full(len(frame), round(fetched * SECOND)), pa.timestamp("us", tz="UTC")))
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def seconds_of(table: pa.Table) -> Ints:
    """Open times in whole seconds."""
    found: Ints = pc.cast(table.column("time"), pa.int64()).to_numpy() // SECOND
    return found


def split(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """A table in order of time, cut where months begin."""
    time = seconds_of(table)
    start = 0
    while start < len(time):
        name = month_of(float(time[start]))
        stop = int(np.searchsorted(time, ends(Path(name))))
        yield name, table.slice(start, stop - start)
        start = stop


def _table(part: Part, columns: Sequence[str] | None) -> pa.Table:
    with pq.ParquetFile(part.path) as file:
        table = file.read(columns=None if columns is None else list(columns), use_threads=part.rows > 50_000)
    wanted = SCHEMA if columns is None else pa.schema([SCHEMA.field(name) for name in columns])
    return table.select(wanted.names).cast(wanted)


def _empty(columns: Sequence[str] | None) -> pa.Table:
    wanted = SCHEMA if columns is None else pa.schema([SCHEMA.field(name) for name in columns])
    return wanted.empty_table()


def _all(month: Path) -> list[Part]:
    found = []
    with contextlib.suppress(FileNotFoundError):
        for path in month.iterdir():
            if match := _PART.fullmatch(path.name):
                generation, first, last, rows = map(int, match.groups())
                found.append(Part(generation, first, last, rows, path))
    return found


def _write(month: Path, table: pa.Table, generation: int) -> None:
    time = seconds_of(table)
    name = f"part-{generation:06d}-{time[0]}-{time[-1]}-{len(time)}-{secrets.token_hex(4)}.parquet"
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    write_atomically(month / name, sink.getvalue())
