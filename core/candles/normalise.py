"""People's files and frames → a raw candles frame: columns named, times in UTC, order and duplicates kept."""

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from core.candles.frame import PRICES, Floats, Ints, NotCandles, is_candles, to_index
from core.candles.reading import Table, read_bytes, read_frame, unread
from core.candles.times import UNREAD, is_clock, read_times
from core.market import CANDLE_FIELDS

_TIMES = (
    "unix",
    "unixtime",
    "unixtimestamp",
    "timestamp",
    "opentime",
    "timeopen",
    "starttime",
    "ts",
    "mts",
    "t",
    "time",
    "datetime",
    "date",
    "timeutc",
    "dateutc",
    "datetimeutc",
    "gmttime",
    "localtime",
    "timestampms",
    "candlebegintime",
    "periodstart",
    "timeperiodstart",
    "start",
    "period",
    "begin",
    "bucket",
    "day",
    "index",
)
_NAMES = {
    "open": ("open", "o", "openprice", "priceopen", "first", "openusd"),
    "high": ("high", "h", "highprice", "pricehigh", "max", "highusd"),
    "low": ("low", "l", "lowprice", "pricelow", "min", "lowusd"),
    "close": ("close", "c", "closeprice", "priceclose", "closelast", "last", "closeusd"),
    "volume": (
        "volume",
        "v",
        "vol",
        "basevolume",
        "volumebase",
        "volumefrom",
        "baseassetvolume",
        "volumetraded",
        "amount",
    ),
}
_QUOTE = (
    "quotevolume",
    "volumequote",
    "quoteassetvolume",
    "turnover",
    "volumeto",
    "volumenotional",
    "notional",
    "quotevol",
    "volccyquote",
    "volquote",
    "value",
)
_ORDERS = (
    ("open", "high", "low", "close"),
    ("low", "high", "open", "close"),
    ("open", "close", "high", "low"),
    ("close", "high", "low", "open"),
)
_KEPT = ("venue", "source", "provider", "quote", "symbol", "interval", "repaired", "uses_future")


def normalise(given: pd.DataFrame | str | Path | bytes | IO[bytes]) -> pd.DataFrame:
    """Read a frame, a path, a file's bytes or an open file into a raw candles frame.

    Returns a DataFrame with index ``time`` (UTC open time) and float64 ``open high low close`` and, where base
    volume can be told, ``volume``; ``source`` and ``method`` are kept when they are there. Rows keep their order
    and their duplicates; cells that hold no number are NaN, for the audit to find. In ``attrs``: ``unread`` (a list
    of ``{"line", "text", "reason"}``), ``notes`` (what was assumed), ``time_unit`` (times, in seconds since 1970,
    of rows that used another unit than most). NotCandles when this is no candle table at all; OSError when a
    path cannot be read.
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


def _plain(name: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _assemble(table: Table, attrs: Mapping[Any, Any]) -> pd.DataFrame:
    cells, bad = table.cells, table.unread
    notes: list[str] = []
    places = _find_columns(table) if table.named else _find_order(table)
    time, said, odd = _times(table, places["time"], notes)
    notes += said
    columns = {
        name: _floats(cells.iloc[:, place], table, bad, name)
        for name, place in places.items()
        if name in CANDLE_FIELDS
    }
    if "volume" in places and (quote := places.get("quote")) is not None:
        notes += _sort_volumes(columns, _floats(cells.iloc[:, quote], table, [], "quote volume"))
    elif "quote" in places:
        notes.append("only quote volume is given: base volume left out")
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


def _find_columns(table: Table) -> dict[str, Any]:
    names = [_plain(name) for name in table.cells.columns]
    times = [names.index(name) for name in _TIMES if name in names]
    places: dict[str, Any] = {"time": times}
    for field, known in _NAMES.items():
        place = next((names.index(name) for name in known if name in names), None)
        if place is None:
            # yfinance and others put the symbol into the column's name: "Close BTC-USD", "BTCUSD_close"
            likely = [at for at, name in enumerate(names) if field in name and at not in times]
            likely = [at for at in likely if field != "close" or "time" not in names[at]]
            place = likely[0] if likely and (field != "volume" or names[likely[0]] not in _QUOTE) else None
            if field == "volume" and len(likely) == 2:
                places["quote"] = likely[1]
        if place is not None:
            places[field] = place
    quotes = [names.index(name) for name in _QUOTE if name in names]
    if quotes:
        places["quote"] = quotes[0]
    missing = [field for field in ("time", *PRICES) if not places.get(field, 0) and places.get(field) != 0]
    if not times or missing:
        found = ", ".join(str(name) for name in list(table.cells.columns)[:12])[:200] or "none"
        raise NotCandles(
            f"no candle table: no column for {', '.join(missing or ['time'])}; columns found: {found}"
        )
    return places


def _find_order(table: Table) -> dict[str, Any]:
    """Columns without names: time first, then the order of prices that makes high the highest most often."""
    if table.cells.shape[1] < 5:
        raise NotCandles(
            f"no candle table: {table.cells.shape[1]} columns, expected time, four prices, volume"
        )
    prices = [_floats(table.cells.iloc[:, at], table, [], "") for at in range(1, 5)]
    best, fewest = _ORDERS[0], np.inf
    for order in _ORDERS:
        o, h, l, c = (prices[order.index(name)] for name in PRICES)  # noqa: E741 (open high low close)
        broken = float(np.count_nonzero((h < np.maximum(o, c)) | (l > np.minimum(o, c))))
        # the usual order wins unless another explains nearly every row that it does not
        if broken < fewest and (order is _ORDERS[0] or (fewest > 0.05 * len(o) and broken < 0.2 * fewest)):
            best, fewest = order, broken
    places: dict[str, Any] = {"time": [0]} | {name: 1 + at for at, name in enumerate(best)}
    if table.cells.shape[1] > 5:
        places["volume"] = 5
    return places


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


def _floats(column: Any, table: Table, bad: list[dict[str, Any]], name: str) -> Floats:
    if pd.api.types.is_float_dtype(column.dtype) or pd.api.types.is_integer_dtype(column.dtype):
        return np.array(column.to_numpy(dtype=np.float64, na_value=np.nan))
    values = column.astype(object)
    plain = values
    if infer_dtype(values) != "string":
        plain = values.map(lambda cell: cell if isinstance(cell, int | float | str) else _number(cell))
    found = np.array(pd.to_numeric(plain, errors="coerce"), dtype=np.float64)
    for row in np.flatnonzero(np.isnan(found)):
        text = str(values.iloc[row]).strip()
        found[row] = _from_text(text, table.decimal_comma)
        if np.isnan(found[row]) and text.lower() not in {"", "nan", "none", "null", "<na>", "nat", "-nan"}:
            bad.append(unread(table.lines[row], text, f"{name} is no number"))
    return found


def _number(cell: object) -> float:
    try:
        return float(cell)  # type: ignore[arg-type]  # Decimal, numpy scalars; anything else is caught
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _from_text(text: str, decimal_comma: bool) -> float:
    cleaned = text.strip("$€£ ").replace(" ", "").replace("_", "")
    if decimal_comma and "," in cleaned:
        cleaned = cleaned.replace(".", "").replace(",", ".")
    return _number(cleaned.replace(",", ""))


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
