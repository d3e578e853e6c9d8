"""Bytes of people's files → a table of cells, each row with its line number. Nothing is dropped in silence."""

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import pandas as pd

from core.candles.frame import NotCandles

LARGEST = 2_000_000_000
"""Bytes; a gzip that unpacks to more is refused."""
_DELIMITERS = ",;\t|"
_NARROWEST = 5
"""Cells that a candle needs: time and four prices."""
_PRICES = {"open", "high", "low", "close"}


@dataclass
class Table:
    """Cells as found. ``lines`` are line numbers in the file, from 1; for frames row numbers, from 1."""

    cells: pd.DataFrame
    lines: list[int]
    unread: list[dict[str, Any]] = field(default_factory=list)
    named: bool = True
    decimal_comma: bool = False


def unread(line: int, text: object, reason: str) -> dict[str, Any]:
    """One thing that could not be read, as it is listed in ``attrs["unread"]``."""
    return {"line": line, "text": str(text)[:120], "reason": reason}


def read_bytes(body: bytes) -> Table:
    """CSV, Parquet, Feather or JSON, gzip or not, told apart by content. NotCandles when it is none of these."""
    if body[:2] == b"\x1f\x8b":
        body = _gunzip(body)
    if body[:4] == b"PAR1" or body[:6] in {b"ARROW1", b"FEA1"} or body[:4] == b"FEA1":
        return read_frame(_arrow(body))
    text = _decode(body)
    if "\0" in text[:4096]:
        raise NotCandles("neither text nor Parquet nor Feather; of packed files gzip alone can be read")
    start = text.lstrip()[:1]
    if start in {"[", "{"}:
        return _json(text)
    return _csv(text)


def read_frame(frame: pd.DataFrame) -> Table:
    """A frame of any shape as a table; an index that carries times becomes a column."""
    frame = frame.copy(deep=False)
    if isinstance(frame.columns, pd.MultiIndex):
        frame.columns = pd.Index(
            [" ".join(str(part) for part in name if str(part)) for name in frame.columns]
        )
    named = not _counted(frame.columns)
    index = frame.index
    frame = frame.reset_index(drop=True)
    for level in reversed(range(index.nlevels)) if not isinstance(index, pd.RangeIndex) else ():
        name = str(index.names[level] or "time")
        if name not in {str(column) for column in frame.columns}:
            values = index.get_level_values(level)
            if named or isinstance(values, pd.DatetimeIndex):
                frame.insert(0, name, values)
    return Table(frame, list(range(1, len(frame) + 1)), named=named)


def _counted(names: Iterable[object]) -> bool:
    """Whether columns have no names but numbers, as tables have that were made from lists of rows."""
    given = [str(name) for name in names]
    return given == [str(at) for at in range(len(given))]


def _gunzip(body: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(body)) as packed:
            found = packed.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise NotCandles(f"broken gzip: {error}") from None
    if len(found) > LARGEST:
        raise NotCandles(f"gzip unpacks to more than {LARGEST} bytes")
    return found


def _arrow(body: bytes) -> pd.DataFrame:
    try:
        if body[:4] == b"PAR1":
            return pd.read_parquet(io.BytesIO(body))
        return pd.read_feather(io.BytesIO(body))
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise NotCandles(f"broken Parquet or Feather file: {str(error)[:120]}") from None


def _decode(body: bytes) -> str:
    if body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return body.decode("utf-16", errors="replace")
    return body.decode("utf-8-sig", errors="replace")


def _json(text: str) -> Table:
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return _json_lines(text)
    rows = _rows_in(found)
    if rows is None:
        raise NotCandles("JSON without a list of candles")
    return _table_of(rows, list(range(1, len(rows) + 1)), [])


def _json_lines(text: str) -> Table:
    rows, lines, bad = [], [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            bad.append(unread(number, line, "no JSON"))
            continue
        if isinstance(row, dict | list):
            rows.append(row)
            lines.append(number)
        else:
            bad.append(unread(number, line, "no object and no list"))
    if not rows:
        raise NotCandles("broken JSON")
    return _table_of(rows, lines, bad)


def _rows_in(found: Any, depth: int = 0) -> list[Any] | None:
    """The longest list of rows in a JSON value; columns given as lists or objects are turned into rows."""
    if isinstance(found, list):
        return found if found and isinstance(found[0], dict | list) else None
    if not isinstance(found, dict) or depth > 5:
        return None
    if {"columns", "data"} <= found.keys() and isinstance(found["columns"], list):
        if _counted(found["columns"]) and not found.get("index"):
            return found["data"] if isinstance(found["data"], list) else None
        index = found.get("index") or [None] * len(found["data"])
        names = ["index", *found["columns"]] if found.get("index") else found["columns"]
        return [
            dict(zip(names, [at, *row] if found.get("index") else row, strict=False))
            for at, row in zip(index, found["data"], strict=False)
        ]
    if all(isinstance(row, dict) and row.keys() >= _PRICES for row in found.values()) and found:
        return [{"index": key} | row for key, row in found.items()]
    columns = {name: cells for name, cells in found.items() if isinstance(cells, list | dict) and cells}
    if len(columns) >= 4 and len({len(cells) for cells in columns.values()}) == 1:
        first = next(iter(columns.values()))
        if isinstance(first, dict):
            return [
                {"index": key}
                | {name: cells.get(key) for name, cells in columns.items() if isinstance(cells, dict)}
                for key in first
            ]
        if not isinstance(first[0], dict | list):
            return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    lists = [rows for inner in found.values() if (rows := _rows_in(inner, depth + 1)) is not None]
    return max(lists, key=len, default=None)


def _table_of(rows: list[Any], lines: list[int], bad: list[dict[str, Any]]) -> Table:
    kind = dict if isinstance(rows[0], dict) else list
    keep = [isinstance(row, kind) for row in rows]
    bad += [
        unread(at, row, "not like the first row")
        for at, row, good in zip(lines, rows, keep, strict=True)
        if not good
    ]
    good_rows = [row for row, good in zip(rows, keep, strict=True) if good]
    cells = pd.DataFrame(good_rows, dtype=object)
    named = kind is dict and not _counted(cells.columns)
    return Table(cells, [at for at, good in zip(lines, keep, strict=True) if good], bad, named=named)


def _csv(text: str) -> Table:
    head = [line for line in text[:65536].splitlines()[:60] if line.strip() and not _is_comment(line)]
    if not head:
        raise NotCandles("an empty file")
    delimiter = max(_DELIMITERS, key=lambda mark: _regular(head, mark))
    bad: list[dict[str, Any]] = []
    found = _lines(text, delimiter, bad)
    top = list(islice(found, 1000))
    widths = Counter(len(row) for _, row in top if len(row) >= _NARROWEST)
    if not widths:
        raise NotCandles("no candle table: no line has at least five cells")
    width = widths.most_common(1)[0][0]
    if all(not row[-1].strip() for _, row in top if len(row) == width):
        width -= 1  # each line ends with a delimiter
    start = next(at for at, (_, row) in enumerate(top) if _fits(row, width))
    bad += [unread(at, delimiter.join(row), "above the table") for at, row in top[:start] if len(row) > 2]
    first = [cell.strip() for cell in top[start][1][:width]]
    named = sum(_is_number(cell) for cell in first) < 4
    rows, lines = [], []
    for at, row in chain(top[start + (named or _counted(first)) :], found):
        if named and row[0].strip() == first[0] and [cell.strip() for cell in row[:width]] == first:
            continue  # files glued together repeat the header
        if _fits(row, width):
            rows.append(row[:width])
            lines.append(at)
        else:
            bad.append(unread(at, delimiter.join(row), f"{len(row)} cells, expected {width}"))
    cells = pd.DataFrame(rows, columns=first if named else list(range(width)), dtype=object)
    return Table(cells, lines, bad, named=named, decimal_comma=delimiter != ",")


def _lines(text: str, delimiter: str, bad: list[dict[str, Any]]) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each line that is no comment and not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    last = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            bad.append(unread(reader.line_num, "", str(error)))
            continue
        at, last = last + 1, reader.line_num
        if not row or _is_comment(row[0]) or not (row[0].strip() or any(cell.strip() for cell in row)):
            continue
        yield at, row


def _fits(row: list[str], width: int) -> bool:
    """Whether a line has so many cells, and at most a blank one more."""
    return len(row) == width or (len(row) == width + 1 and not row[-1].strip())


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("#", "//", "%"))


def _regular(lines: list[str], mark: str) -> float:
    """How well a delimiter explains these lines: the commonest number of cells, if most lines have it."""
    counts = Counter(line.count(mark) for line in lines)
    cells, times = counts.most_common(1)[0]
    return cells * times / len(lines) if cells >= 4 else min(cells, 1) * 0.1


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", ".") or "nan")
    except ValueError:
        return False
    return True
