"""People's files and frames → a raw candles frame: columns named, times in UTC, order and duplicates kept."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from core.candles.columns import columns_of, plain
from core.candles.dates import UNREAD, is_clock
from core.candles.frame import Floats, Ints, NotCandles, is_candles, to_index
from core.candles.numbers import read_numbers
from core.candles.reading import Table, read_bytes, read_frame, unread
from core.candles.times import read_times
from core.market import CANDLE_FIELDS

_KEPT = ("venue", "source", "provider", "quote", "symbol", "interval", "repaired", "uses_future")


def normalise(given: pd.DataFrame | str | Path | bytes | IO[bytes]) -> pd.DataFrame:
    """Read a frame, a path, a file's bytes or an open file into a raw candles frame.

    CSV, JSON (objects, lists as APIs give them, or columns), Parquet and Feather, gzipped or not, are told apart by
    content; columns by their names in any case, or where they have none by what is in them; times are numbers in s,
    ms, us or ns, mixed or not, or text (without a zone UTC).

    Returns a DataFrame with index ``time`` (UTC open time) and float64 ``open high low close`` and, where base
    volume can be told, ``volume``; ``source`` and ``method`` are kept when they are there. Rows keep their order
    and their duplicates; cells that hold no number are NaN, for the audit to find. In ``attrs``: ``unread`` (a list
    of ``{"line", "text", "reason"}``), ``notes`` (what was assumed), ``time_unit`` (times, in seconds since 1970,
    of rows that used another unit than most). NotCandles when this is no candle table at all, or one of several
    symbols; OSError when a path cannot be read.
    """
    if isinstance(given, pd.DataFrame):
        if is_candles(given):
            return (
                given if "unread" in given.attrs else _told(given.copy(deep=False), given.attrs, [], [], [])
            )
        table, attrs = read_frame(given), dict(given.attrs)
    elif isinstance(given, bytes | bytearray | memoryview):
        table, attrs = read_bytes(bytes(given)), {}
    elif hasattr(given, "read"):
        body = given.read()
        table, attrs = read_bytes(body.encode() if isinstance(body, str) else bytes(body)), {}
    elif isinstance(given, str | Path):
        table, attrs = read_bytes(Path(given).read_bytes()), {}
    else:
        raise NotCandles(f"expected a DataFrame, a path or bytes, not {type(given).__name__}")
    return _assemble(table, attrs)


def _assemble(table: Table, attrs: Mapping[Any, Any]) -> pd.DataFrame:
    cells, bad = table.cells, table.unread
    notes: list[str] = []
    places = columns_of(table)
    time, said, odd = _times(table, places["time"], notes)
    notes += said
    columns = {
        name: read_numbers(cells.iloc[:, place], table, bad, name)
        for name, place in places.items()
        if name in CANDLE_FIELDS
    }
    if "volume" in places and (quote := places.get("quote")) is not None:
        notes += _sort_volumes(columns, read_numbers(cells.iloc[:, quote], table, [], "quote volume"))
    elif "quote" in places:
        notes.append("only quote volume is given: base volume left out")
    if "symbol" in places:
        notes += _symbols(cells.iloc[:, places["symbol"]], time)
    keep = time != UNREAD
    if not keep.all():
        texts = cells.iloc[:, places["time"][0]]
        bad += [
            unread(table.lines[row], texts.iloc[row], "no time that could be read")
            for row in np.flatnonzero(~keep)
        ]
    frame = pd.DataFrame({name: columns[name][keep] for name in CANDLE_FIELDS if name in columns})
    for name in ("source", "method"):
        if name in cells.columns and table.named:
            frame[name] = cells[name].astype(str).to_numpy()[keep]
    frame.index = to_index(time[keep])
    return _told(frame, attrs, bad, notes, (time[odd & keep] / 1e6).tolist())


def _told(
    frame: pd.DataFrame,
    attrs: Mapping[Any, Any],
    bad: list[dict[str, Any]],
    notes: list[str],
    odd: list[float],
) -> pd.DataFrame:
    """The frame with what was found out about it, and with those of its own marks that mean something here."""
    marks: dict[Hashable, Any] = {name: attrs[name] for name in _KEPT if name in attrs}
    marks["unread"] = sorted(bad, key=lambda item: int(item["line"]))
    marks["notes"], marks["time_unit"] = notes, odd
    frame.attrs = marks
    return frame


def _times(table: Table, places: list[int], notes: list[str]) -> tuple[Ints, list[str], Any]:
    places = _joined(table, places, notes)
    first, *others = places
    time, said, odd = read_times(table.cells.iloc[:, first])
    for other in others[:1]:
        second, _, _ = read_times(table.cells.iloc[:, other])
        if (time == UNREAD).all():
            return read_times(table.cells.iloc[:, other])
        both = (time != UNREAD) & (second != UNREAD)
        differ = both & (np.abs(time - second) >= 1_000_000)
        if differ.any() and not differ.all():
            names = [str(table.cells.columns[at]) for at in (first, other)]
            hours = sorted({round(gap / 3.6e9, 2) for gap in (time - second)[differ][:100_000].tolist()})
            notes.append(
                f"{np.count_nonzero(differ)} rows whose {names[1]!r} differs from {names[0]!r} by"
                f" {', '.join(f'{gap:g}' for gap in hours[:4])} h: {names[0]!r} is used"
            )
    return time, said, odd


def _joined(table: Table, places: list[int], notes: list[str]) -> list[int]:
    """A date in one column and its time of day in another become one column, which is then the first."""
    clocks = [at for at in places if is_clock(table.cells.iloc[:50, at])]
    dates = [at for at in places if at not in clocks]
    if not clocks or not dates or not _midnights(table.cells.iloc[:50, dates[0]]):
        return dates or places
    day, clock = (table.cells.iloc[:, at].astype(str).str.strip() for at in (dates[0], clocks[0]))
    names = [str(table.cells.columns[at]) for at in (dates[0], clocks[0])]
    notes.append(f"{names[0]!r} and {names[1]!r} read as one time")
    whole = "date and time of day"
    table.cells = table.cells.assign(**{whole: day + " " + clock})
    return [table.cells.shape[1] - 1]


def _midnights(days: Any) -> bool:
    time, _, _ = read_times(days)
    time = time[time != UNREAD]
    return len(time) > 0 and bool((time % 86_400_000_000 == 0).all())


def _symbols(column: "pd.Series[Any]", time: Ints) -> list[str]:
    """A note when the rows name several symbols; NotCandles when these have candles for the same times."""
    names = column.dropna().astype(str).map(plain)
    names = names[names != ""]
    each = names.groupby(names).groups
    if len(each) < 2:
        return []
    said = ", ".join(sorted(str(name).upper() for name in each)[:5])
    whose = names.to_numpy()
    when = time[names.index.to_numpy()]
    order = np.lexsort((whose, when))
    whose, when = whose[order], when[order]
    if ((when[1:] == when[:-1]) & (whose[1:] != whose[:-1])).any():
        raise NotCandles(f"candles of several symbols in one table ({said}): hand in one at a time")
    return [f"the rows name several symbols: {said}"]


def _sort_volumes(columns: dict[str, Floats], other: Floats) -> list[str]:
    """Of two volume columns keep the one in base units: the other is about as large times the price."""
    volume, close = columns["volume"], columns["close"]
    rows = (
        np.isfinite(volume)
        & np.isfinite(other)
        & np.isfinite(close)
        & (volume > 0)
        & (other > 0)
        & (close > 0)
    )
    if not rows.any():
        return []
    ratio = float(np.median(np.log(other[rows] / volume[rows])))
    price = float(np.median(np.log(close[rows])))
    if abs(ratio + price) < abs(ratio - price) and abs(price) > 0.1:
        columns["volume"] = other
        return ["of two volume columns the one in base units is used"]
    return []
