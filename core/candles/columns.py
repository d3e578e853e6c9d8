"""Which column of a table holds what: by name, and where there are no names by what the values say."""

import re
from typing import Any

import numpy as np

from core.candles.dates import UNREAD, is_clock
from core.candles.frame import PRICES, Bools, Floats, NotCandles
from core.candles.numbers import read_numbers
from core.candles.reading import Table
from core.candles.times import read_times

Places = dict[str, Any]
"""Field → column number; ``time`` → numbers of all columns that may hold times, best first; ``quote``."""

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
    "id",
    "closetime",
    "timeclose",
    "endtime",
    "timeperiodend",
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
_SYMBOLS = ("symbol", "ticker", "pair", "instrument", "market", "product", "productid", "tic", "coin")
_ORDERS = (
    ("open", "high", "low", "close"),
    ("low", "high", "open", "close"),
    ("open", "close", "high", "low"),
)
_SAMPLE = 5000
"""Rows that are looked at to tell columns apart."""
_BROKEN = 0.2
"""Share of rows that may contradict an order of prices."""
_EPOCH = 1e8
"""Numbers below this (1973, in seconds) count rows; no market is as old."""


def columns_of(table: Table) -> Places:
    """Where time, prices and volume are. NotCandles says what is lacking."""
    places = _by_name(table) if table.named else _by_values(table)
    if table.named and (name := next((n for n in map(plain, table.cells.columns) if n in _SYMBOLS), None)):
        places["symbol"] = [plain(column) for column in table.cells.columns].index(name)
    return places


def plain(name: object) -> str:
    """A column's name without case, spaces and marks."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _by_name(table: Table) -> Places:
    names = [plain(name) for name in table.cells.columns]
    times = [names.index(name) for name in _TIMES if name in names]
    times = [at for at in times if names[at] != "id" or _epochs(table, at)]
    places: Places = {"time": times}
    for field, known in _NAMES.items():
        found = [names.index(name) for name in known if name in names]
        if not found:
            # yfinance and others put the symbol into the column's name: "Close BTC-USD", "BTCUSD_close"
            found = [at for at, name in enumerate(names) if field in name and at not in times]
            found = [at for at in found if field != "close" or "time" not in names[at]]
            found = found if field != "volume" or not found or names[found[0]] not in _QUOTE else []
        if found:
            places[field] = found[0]
        if field == "volume" and len(found) > 1:
            places["quote"] = found[1]
    quotes = [names.index(name) for name in _QUOTE if name in names]
    if quotes:
        places["quote"] = quotes[0]
    missing = [field for field in PRICES if field not in places]
    if not times or missing:
        found_names = ", ".join(str(name) for name in list(table.cells.columns)[:12])[:200] or "none"
        lacking = ", ".join([*([] if times else ["time"]), *missing])
        raise NotCandles(f"no candle table: no column for {lacking}; columns found: {found_names}")
    return places


def _epochs(table: Table, place: int) -> bool:
    """Whether a column holds moments rather than row numbers."""
    column = table.cells.iloc[:_SAMPLE, place]
    numbers = read_numbers(column, table, [], "")
    return _share(numbers >= _EPOCH) > 0.5


def _share(mask: Bools) -> float:
    return np.count_nonzero(mask) / max(1, len(mask))


def _by_values(table: Table) -> Places:
    """Time, then four prices in the order that makes high the highest, then volume; quote volume before or behind."""
    width = table.cells.shape[1]
    if width < 5:
        raise NotCandles(f"no candle table: {width} columns, expected time, four prices, volume")
    times = _time_places(table)
    first = max(times) + 1
    sample = [read_numbers(table.cells.iloc[:_SAMPLE, at], table, [], "") for at in range(width)]
    moments, _, _ = read_times(table.cells.iloc[:_SAMPLE, times[0]])
    order = np.argsort(moments, kind="stable")
    sample = [values[order] for values in sample]
    told = [(_order(sample[at : at + 4]), at) for at in range(first, min(first + 2, width - 3))]
    if not told:
        raise NotCandles(f"no candle table: {width} columns, expected time, four prices, volume")
    (names, _), at = next((one for one in told if one[0][1] <= _BROKEN), told[0])
    places: Places = {"time": times} | {name: at + place for place, name in enumerate(names)}
    high, low = sample[places["high"]], sample[places["low"]]
    for place in range(at + 4, width):
        inside = np.isfinite(sample[place]) & (sample[place] >= low) & (sample[place] <= high)
        if _share(inside) < 0.9:  # else it is a mean price
            places["volume"] = place
            break
    if at > first:
        places["quote" if "volume" in places else "volume"] = first
    return places


def _time_places(table: Table) -> list[int]:
    """The first column that holds times, and the clock beside it if it holds dates alone."""
    width = table.cells.shape[1]
    for at in range(min(3, width)):
        column = table.cells.iloc[:_SAMPLE, at]
        numbers = read_numbers(column, table, [], "")
        moments, _, _ = read_times(column)
        if _share(moments != UNREAD) > 0.5 and not _share(np.isfinite(numbers) & (numbers < _EPOCH)) > 0.5:
            clock = at + 1 < width and is_clock(table.cells.iloc[:50, at + 1])
            return [at, at + 1] if clock else [at]
    return [0]


def _order(prices: list[Floats]) -> tuple[tuple[str, ...], float]:
    """What four columns of rows in order of time are, and the share of rows that contradict it."""
    best: tuple[str, ...] = _ORDERS[0]
    fewest = np.inf
    for order in _ORDERS:
        o, h, l, c = (prices[order.index(name)] for name in PRICES)  # noqa: E741 (open high low close)
        broken = float(np.count_nonzero(~((h >= np.maximum(o, c)) & (l <= np.minimum(o, c))))) / max(
            1, len(o)
        )
        # the usual order wins unless another explains nearly every row that it does not
        if broken < fewest and (order is _ORDERS[0] or (fewest > 0.05 and broken < _BROKEN * fewest)):
            best, fewest = order, broken
    opens, closes = (prices[best.index(name)] for name in ("open", "close"))
    with np.errstate(all="ignore"):
        apart = [np.abs(np.log(one[1:] / other[:-1])) for one, other in ((opens, closes), (closes, opens))]
    usual, swapped = (
        float(np.median(part[np.isfinite(part)])) if np.isfinite(part).any() else 0.0 for part in apart
    )
    if swapped < 0.5 * usual:  # an open joins the close before
        other = {"open": "close", "close": "open"}
        best = tuple(other.get(name, name) for name in best)
    return best, fewest
