"""Candles out of a body: its rows as a frame."""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.answer import BadPayload, Untrue
from core.market import CANDLE_FIELDS, NEWEST, CandleQuery, candles_frame, floor_time
from core.wire.candle_call import CandleCall, ClosedFlag
from core.wire.paths import MISSING, find, show_path
from core.wire.values import Floats, clip, floats, times

_FEWEST_TO_TELL_SPACING = 3
_FEWEST_TO_TELL_COARSER = 20
"""Of so many rows not all gaps are of one length because the market was quiet."""
_DAY = 86400


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
    _check_days(opens, query)

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
            when = datetime.fromtimestamp(float(opens[int(differ.argmax())]), UTC).isoformat()
            raise Untrue(f"two candles of {when} with different {name}")
    wire["duplicates"] = int(again.sum())
    first = np.concatenate(([True], ~again))
    kept = {name: column[first] for name, column in data.items()}
    return opens[first], kept, None if closed is None else closed[first]


def _check_spacing(opens: Floats, step: int) -> None:
    if len(opens) >= _FEWEST_TO_TELL_SPACING and (apart := float(np.median(np.diff(opens)))) < step:
        raise BadPayload(f"rows are {apart:g} s apart, asked for {step} s")
    if len(opens) >= _FEWEST_TO_TELL_COARSER:
        apart = int(np.gcd.reduce(np.diff(opens).astype(np.int64)))
        if apart >= 2 * step:
            raise BadPayload(f"all rows are {apart} s apart, or a multiple of it, asked for {step} s")


def _check_days(opens: Floats, query: CandleQuery) -> None:
    """Some venues' days and weeks begin at another hour or on another day than ours."""
    if query.seconds < _DAY:
        return
    off = (opens - floor_time(float(opens[0]), query.interval)) % query.seconds != 0
    if 2 * off.sum() > len(off):
        first = datetime.fromtimestamp(float(opens[int(off.argmax())]), UTC)
        raise BadPayload(
            f"candles of {query.interval} open at {first:%a %H:%M} UTC, which is not where ours do"
        )


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
