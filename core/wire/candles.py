"""Candles: which range a request asks for, and a body's rows as a frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.answer import BadPayload, Untrue
from core.market import CANDLE_FIELDS, NEWEST, CandleQuery, candles_frame, floor_time
from core.wire.calls import CandleCall, ClosedFlag
from core.wire.paths import MISSING, find, show_path
from core.wire.values import LATEST, PER_SECOND, Floats, clip, floats, times

DAY = 86400
_FEWEST_TO_TELL_SPACING = 3


@dataclass(frozen=True, slots=True)
class Range:
    """What one request asks for: open times ``[first, stop)`` in seconds, None for a bound not sent."""

    rows: int
    first: int | None = None
    stop: int | None = None


def span(query: CandleQuery, now: float | None) -> tuple[int, int] | None:
    """The query's span; without ``now``, that of its own bounds, or None when they leave it open."""
    if now is not None:
        return query.span(now)
    if query.end is not None or (query.start is not None and query.limit is not None):
        return query.span(LATEST)
    return None


def pages(call: CandleCall, query: CandleQuery, now: float) -> list[CandleQuery]:
    """Queries that each fit one request, oldest first. Their spans are together the query's."""
    first, stop = query.span(now)
    if stop - first <= most_rows(call, query, first, now) * query.seconds:
        return [query]
    found = []
    while first < stop:
        right = min(first + most_rows(call, query, first, now) * query.seconds, stop)
        found.append(replace(query, start=_utc(first), end=_utc(right), limit=None))
        first = right
    return found


def archived(call: CandleCall, query: CandleQuery, first: int, now: float | None) -> bool:
    """True when a request from this open time on goes to the archive. Without ``now`` nothing does."""
    if call.archive is None or now is None:
        return False
    return first < floor_time(now, query.interval) - call.archive.beyond * query.seconds


def most_rows(call: CandleCall, query: CandleQuery, first: int, now: float | None) -> int:
    """Most rows that a request from this open time on may ask for."""
    archive = call.archive if archived(call, query, first, now) else None
    return call.max_rows if archive is None else archive.max_rows


def path(call: CandleCall, query: CandleQuery, now: float | None) -> str:
    """The path that holds the query's candles."""
    bounds = span(query, now)
    old = call.archive is not None and bounds is not None and archived(call, query, bounds[0], now)
    return call.archive.path if call.archive is not None and old else call.path


def covers(call: CandleCall, query: CandleQuery, now: float) -> bool:
    """False when the declared history does not reach back to the start of the span."""
    return call.kept(query.interval) is None or query.span(now)[0] >= reach(call, query, now)


def reach(call: CandleCall, query: CandleQuery, now: float) -> int:
    """Open time of the oldest candle that the declared history still holds."""
    return floor_time(now, query.interval) - (call.kept(query.interval) or 0) * query.seconds


def plan(call: CandleCall, query: CandleQuery, now: float | None) -> Range:
    """What to ask for in one request. ValueError when the query needs more than one.

    The newest candles are asked for without bounds where they fit beside the open one. Without ``now``, a
    start with neither end nor limit asks for the first ``max_rows`` from there.
    """
    newest = query.start is None and query.end is None
    bounds = span(query, now)
    if bounds is None and query.start is not None:
        bounds = replace(query, limit=call.max_rows).span(LATEST)
    rows = (query.limit or NEWEST) if bounds is None else (bounds[1] - bounds[0]) // query.seconds
    most = call.max_rows if bounds is None else most_rows(call, query, bounds[0], now)
    if rows > most:
        raise ValueError(f"{rows} candles: expected at most {most} in one request; see pages()")
    with_open = rows + (call.newest_open and not query.include_open)
    if bounds is None or (newest and not call.window.always and with_open <= call.max_rows):
        return Range(min(with_open, call.max_rows))
    first, stop = bounds
    send_first = query.start is not None or call.window.both
    return Range(max(rows, 1), first if send_first else None, max(stop, first + query.seconds))


def back(call: CandleCall, query: CandleQuery, asked: Range, now: float | None) -> int:
    """How many candles there are from the first wanted to the open one; without ``now`` as many as can be."""
    bounds = span(query, now)
    if bounds is None:
        return asked.rows
    if now is None:
        return call.max_rows
    return max(1, min(call.max_rows, 1 + (floor_time(now, query.interval) - bounds[0]) // query.seconds))


def days(call: CandleCall, query: CandleQuery, candles: int) -> int:
    """The fewest days that may be asked for and hold this many candles, or the most there are."""
    offered = sorted(call.days.get(query.interval, ()))
    needed = -(-candles * query.seconds // DAY)
    return next((count for count in offered if count >= needed), offered[-1] if offered else needed)


def bound_names(call: CandleCall, query: CandleQuery, asked: Range) -> dict[str, str | int | None]:
    """``start`` and ``end`` in the provider's unit and sense, None for what is not sent."""
    window, step = call.window, query.seconds
    one = PER_SECOND.get(window.unit, 1)
    start = end = None
    if asked.first is not None:
        start = asked.first * one - (window.start == "exclusive")
    if asked.stop is not None:
        end = (asked.stop - (step if window.end == "inclusive" else 0)) * one - (window.end == "within")
    if window.unit == "iso":
        return {"start": _iso(start), "end": _iso(end)}
    return {"start": start, "end": end}


def read_candles(call: CandleCall, query: CandleQuery, body: Any, now: float | None) -> pd.DataFrame:
    """The frame that the query asks for, ascending and unique. BadPayload and Untrue say what is wrong.

    ``attrs["wire"]`` counts rows that came out of order and rows that came twice, when there were any.
    """
    rows = find(body, call.rows)
    if not isinstance(rows, list):
        raise BadPayload(f"{show_path(call.rows)} is {_kind(rows)}, expected a list of candles")
    names = [name for name in CANDLE_FIELDS if name in call.fields]
    if not rows:
        return candles_frame([], {name: np.empty(0) for name in names})
    columns = _columns(call, rows)
    opens = times(columns["time"], call.time_unit)
    if call.stamp == "close":
        opens = opens - query.seconds
    data = {name: floats(columns[name], name) for name in names}
    if "volume" in data and data["volume"].min() < 0:
        row = int(data["volume"].argmin())
        raise BadPayload(f"row {row + 1}: volume is {clip(columns['volume'][row])}, expected none below zero")
    closed = None if call.closed is None else _flags(call.closed, columns["closed"])

    order, wire = _order(opens)
    if order is not None:
        opens = opens[order]
        data = {name: column[order] for name, column in data.items()}
        closed = None if closed is None else closed[order]
    opens, data, closed = _unique(opens, data, closed, wire)
    _check_spacing(opens, query.seconds)

    keep = _wanted(call, query, opens, closed, now)
    frame = candles_frame(opens[keep], {name: column[keep] for name, column in data.items()})
    if wire:
        frame.attrs["wire"] = wire
    if "volume" not in data:
        frame.attrs["notes"] = ("volume in base units is not offered",)
    return frame


def _columns(call: CandleCall, rows: list[Any]) -> dict[str, Sequence[Any]]:
    """Field → its cells, after the shape of every row has been looked at."""
    want = dict if call.keys else list
    if set(map(type, rows)) != {want}:
        row = next(place for place, cells in enumerate(rows) if type(cells) is not want)
        shape = "an object" if call.keys else "a list"
        raise BadPayload(f"row {row + 1} is {_kind(rows[row])}, expected {shape}")
    if call.keys:
        try:
            return {name: list(map(itemgetter(key), rows)) for name, key in call.fields.items()}
        except KeyError as error:
            row = next(place for place, cells in enumerate(rows) if error.args[0] not in cells)
            raise BadPayload(f"row {row + 1} has no {error.args[0]!r}") from None
    width = len(call.columns)
    if set(map(len, rows)) != {width}:
        row = next(place for place, cells in enumerate(rows) if len(cells) != width)
        raise BadPayload(f"row {row + 1} has {len(rows[row])} columns, expected {width}")
    cells = list(zip(*rows, strict=True))
    return {name: cells[int(place)] for name, place in call.fields.items()}


def _flags(flag: ClosedFlag, cells: Sequence[Any]) -> npt.NDArray[np.bool_]:
    yes, no = {str(value) for value in flag.yes}, {str(value) for value in flag.no}
    for row, cell in enumerate(cells, 1):
        if str(cell) not in yes and str(cell) not in no:
            raise BadPayload(f"row {row}: closed is {clip(cell)}, expected one of {sorted(yes | no)}")
    return np.array([str(cell) in yes for cell in cells])


def _order(opens: Floats) -> tuple[npt.NDArray[np.intp] | slice | None, dict[str, int]]:
    """What puts the rows in ascending order (None: they are), and how many were out of order."""
    steps = np.diff(opens)
    back, forth = int((steps < 0).sum()), int((steps > 0).sum())
    if not back:
        return None, {}
    if not forth:
        return slice(None, None, -1), {}
    return np.argsort(opens, kind="stable"), {"unsorted": min(back, forth)}


def _unique(
    opens: Floats, data: dict[str, Floats], closed: npt.NDArray[np.bool_] | None, wire: dict[str, int]
) -> tuple[Floats, dict[str, Floats], npt.NDArray[np.bool_] | None]:
    """One row a time: identical ones are merged and counted, differing ones are Untrue."""
    again = np.diff(opens) == 0
    if not again.any():
        return opens, data, closed
    for name, column in data.items():
        differ = again & (np.diff(column) != 0)
        if differ.any():
            when = _utc(float(opens[int(differ.argmax())])).isoformat()
            raise Untrue(f"two candles of {when} with different {name}")
    wire["duplicates"] = int(again.sum())
    first = np.concatenate(([True], ~again))
    kept = {name: column[first] for name, column in data.items()}
    return opens[first], kept, None if closed is None else closed[first]


def _check_spacing(opens: Floats, step: int) -> None:
    if len(opens) >= _FEWEST_TO_TELL_SPACING and (apart := float(np.median(np.diff(opens)))) < step:
        raise BadPayload(f"rows are {apart:g} s apart, asked for {step} s")


def _wanted(
    call: CandleCall,
    query: CandleQuery,
    opens: Floats,
    closed: npt.NDArray[np.bool_] | None,
    now: float | None,
) -> slice | npt.NDArray[np.intp]:
    """Which of the ascending rows the query asks for."""
    keep = np.ones(len(opens), bool)
    if not query.include_open:
        if closed is not None:
            keep &= closed
        elif now is not None:
            keep &= opens + query.seconds <= now
        elif query.end is None and call.newest_open:
            keep[-1] = False
    if query.start is not None:
        keep &= opens >= query.start.timestamp()
    if query.end is not None:
        keep &= opens < query.end.timestamp()
    places = np.flatnonzero(keep)
    if query.start is None:
        return places[-(query.limit or NEWEST) :]
    return places[: query.limit]


def _kind(value: Any) -> str:
    if value is MISSING:
        return "missing"
    if isinstance(value, dict):
        return f"an object with {clip(sorted(map(str, value))[:4])}"
    return "a list" if isinstance(value, list) else clip(value)


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _iso(seconds: int | None) -> str | None:
    return None if seconds is None else _utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")
