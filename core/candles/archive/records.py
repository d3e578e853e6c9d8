"""Small tables beside the raw candles: what a venue amended later, how a series scored, what was asked for."""

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.answer import KintsugiError
from core.candles.score import WEIGHTS
from core.files import write_atomically
from core.market import CANDLE_FIELDS

_STAMP = pa.timestamp("us", tz="UTC")
REVISIONS = pa.schema([("time", _STAMP), ("seen", _STAMP), *((name, pa.float64()) for name in CANDLE_FIELDS)])
"""A closed candle as the venue gave it at ``seen``, other than before."""
SCORES = pa.schema([
    ("time", _STAMP),
    ("score", pa.float64()),
    ("usable", pa.float64()),
    ("rows", pa.int64()),
    ("expected", pa.int64()),
    ("first", _STAMP),
    ("last", _STAMP),
    *((name, pa.float64()) for name in WEIGHTS),
])  # fmt: skip
"""One audit: score and dimensions null where there was too little to judge."""
ASKED = pa.schema([("start", _STAMP), ("end", _STAMP)])
"""Ranges ``[start, end)`` of open times that the provider has been asked for and has answered."""
NOTES = b"kintsugi"
MOST_SCORES = 5000


class Damaged(KintsugiError):
    """A file of the archive that cannot be read; the text names it."""


def read_with_notes(path: Path, schema: pa.Schema) -> tuple[pd.DataFrame, bytes]:
    """A table's rows and the notes in its head; none when there is no file. Damaged when it is something else."""
    try:
        table = pq.read_table(io.BytesIO(path.read_bytes()))
        notes = (table.schema.metadata or {}).get(NOTES, b"{}")
        rows = table.select(schema.names).cast(schema).to_pandas()
    except FileNotFoundError:
        return schema.empty_table().to_pandas(), b"{}"
    except (pa.ArrowException, OSError, KeyError) as error:
        raise Damaged(
            f"{path} cannot be read ({str(error)[:80]}); with it moved away the rest works"
        ) from None
    return rows, notes


def read_table(path: Path, schema: pa.Schema) -> pd.DataFrame:
    """A table's rows; none when there is no file."""
    return read_with_notes(path, schema)[0]


def write_table(path: Path, schema: pa.Schema, rows: pd.DataFrame) -> None:
    """Write all rows in one step."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(rows, schema=schema, preserve_index=False), sink, compression="zstd")
    write_atomically(path, sink.getvalue())


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in order, those that touch made one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = out[-1][0], max(out[-1][1], end)
        elif start < end:
            out.append((start, end))
    return out
