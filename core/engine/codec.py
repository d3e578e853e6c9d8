"""Answers as bytes in a named encoding: a JSON head, and Arrow for frames. Nothing is pickled."""

import dataclasses
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.answer import Attempt, KintsugiError
from core.market import (
    CANDLE_FIELDS,
    AssetFacts,
    Consensus,
    MarketOverview,
    News,
    NewsItem,
    OnChainFigure,
    OrderBook,
    Prediction,
    Quote,
    Sentiment,
    Social,
    Summary,
    Voice,
    Volume,
    candles_frame,
    to_datetime,
)

MAGIC = b"KTS1"
_KINDS = (
    Quote,
    Consensus,
    Volume,
    OrderBook,
    MarketOverview,
    AssetFacts,
    News,
    Sentiment,
    Social,
    OnChainFigure,
    Prediction,
)
_RECORDS: dict[str, type[Any]] = {kind.__name__: kind for kind in _KINDS}


class Undecodable(KintsugiError):
    """Bytes that :func:`encode` did not write."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A fetched value with what an answer needs; ``fetched`` in UTC seconds, ``fresh`` in seconds."""

    value: Any
    source: str
    host: str
    fetched: float
    fresh: float
    attempts: tuple[Attempt, ...]
    notes: tuple[str, ...]
    era: int = 0
    """Of the wall clock that ``fetched`` was read from: see :class:`core.engine.state.StateFile`."""


def encode(entry: Entry) -> bytes:
    """Bytes of an entry. TypeError for a value of an unknown kind."""
    head: dict[str, Any] = {
        "source": entry.source,
        "host": entry.host,
        "fetched": entry.fetched,
        "fresh": entry.fresh,
        "attempts": [list(dataclasses.astuple(attempt)) for attempt in entry.attempts],
        "notes": list(entry.notes),
        "era": entry.era,
    }
    body = b""
    if isinstance(entry.value, pd.DataFrame):
        head["kind"] = "candles"
        head["attrs"] = entry.value.attrs
        body = _to_arrow(entry.value)
    elif isinstance(entry.value, Summary):
        head["kind"] = "Summary"
        head["value"] = entry.value.as_dict()
    elif type(entry.value).__name__ in _RECORDS:
        head["kind"] = type(entry.value).__name__
        head["value"] = dataclasses.asdict(entry.value)
    else:
        raise TypeError(f"cannot cache a {type(entry.value).__name__}")
    text = json.dumps(head, default=str, separators=(",", ":")).encode()
    return MAGIC + struct.pack("<I", len(text)) + text + body


def decode(blob: bytes) -> Entry:
    """The entry. :class:`Undecodable` for anything else than what :func:`encode` wrote."""
    try:
        if blob[:4] != MAGIC:
            raise ValueError("wrong magic")
        (length,) = struct.unpack("<I", blob[4:8])
        head = json.loads(blob[8 : 8 + length])
        value = _candles(head, blob[8 + length :]) if head["kind"] == "candles" else _record(head)
        return Entry(
            value=value,
            source=str(head["source"]),
            host=str(head["host"]),
            fetched=float(head["fetched"]),
            fresh=float(head["fresh"]),
            attempts=tuple(Attempt(*fields) for fields in head["attempts"]),
            notes=tuple(str(note) for note in head["notes"]),
            era=int(head["era"]),
        )
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        struct.error,
        RecursionError,
        pa.ArrowException,
    ) as e:
        raise Undecodable(f"a cached answer cannot be read: {type(e).__name__}: {e}") from None


def _to_arrow(frame: pd.DataFrame) -> bytes:
    times = frame.index.as_unit("ms").asi8  # type: ignore[attr-defined]
    names = [name for name in CANDLE_FIELDS if name in frame.columns]
    batch = pa.record_batch(
        [pa.array(times), *(pa.array(frame[name].to_numpy()) for name in names)], ["time", *names]
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _candles(head: dict[str, Any], body: bytes) -> pd.DataFrame:
    frame = _from_arrow(body)
    frame.attrs = dict(head["attrs"])
    return frame


def _from_arrow(body: bytes) -> pd.DataFrame:
    with pa.ipc.open_stream(body) as reader:
        table = reader.read_all()
    names = [name for name in table.column_names if name != "time"]
    if not {"open", "high", "low", "close"} <= set(names) <= set(CANDLE_FIELDS):
        raise ValueError(f"columns {names[:9]}")
    columns = {name: table.column(name).to_numpy() for name in names}
    if any(column.dtype != np.float64 or not np.isfinite(column).all() for column in columns.values()):
        raise ValueError("candles are not finite numbers")
    return candles_frame(table.column("time").to_numpy() / 1000, columns)


def _record(head: dict[str, Any]) -> Any:
    if head["kind"] == "Summary":
        return Summary.from_dict(head["value"])
    return _revived(_RECORDS[head["kind"]], head["value"])


def _revived(kind: type[Any], said: dict[str, Any]) -> Any:
    """A record from plain data: what JSON has no form for is made again."""
    fields = dict(said)
    for name, make in _FORMS.items():
        if fields.get(name) is not None:
            fields[name] = make(fields[name])
    return kind(**fields)


def _levels(rows: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(price), float(size)) for price, size in rows)


def _items(rows: Any) -> tuple[NewsItem, ...]:
    return tuple(_revived(NewsItem, row) for row in rows)


_FORMS: dict[str, Callable[[Any], Any]] = {
    "time": to_datetime,
    "published": to_datetime,
    "started": to_datetime,
    "bids": _levels,
    "asks": _levels,
    "items": _items,
    "newest_posts": _items,
    "tags": tuple,
    "dissenting": tuple,
    "voices": lambda rows: tuple(_revived(Voice, row) for row in rows),
    "history": lambda rows: tuple((to_datetime(moment), float(score)) for moment, score in rows),
}
"""Field → how it is made again."""
