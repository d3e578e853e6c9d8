"""Price, volume and order book out of a body."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from core.answer import BadPayload
from core.market import OrderBook, OrderBookQuery, PriceQuery, Quote, Volume, VolumeQuery
from core.wire.calls import BookCall, TickerCall
from core.wire.paths import MISSING, Path, find, show_path
from core.wire.values import Floats, TimeUnit, clip, floats, moment, number


def read_price(call: TickerCall, query: PriceQuery, body: Any, _now: float | None = None) -> Quote:
    """A quote. ``last`` must be there; what else is missing, null or empty is None."""
    last = _number(call, body, "last", call.last)
    if last is None:
        raise BadPayload(f"{show_path(call.root + (call.last or ()))} is missing: no last price")
    change = _number(call, body, "change", call.change)
    if change is not None and call.change_unit == "fraction":
        change *= 100.0
    before = _number(call, body, "open_24h", call.open_24h)
    if change is None and before:
        change = (last / before - 1.0) * 100.0
    return Quote(
        query.symbol,
        last,
        # A side of the book that is empty is told as a price of zero.
        bid=_number(call, body, "bid", call.bid) or None,
        ask=_number(call, body, "ask", call.ask) or None,
        change_24h_pct=change,
        volume_base=_volume(call, body, "volume_base", call.volume_base),
        volume_quote=_volume(call, body, "volume_quote", call.volume_quote),
        time=_time(body, call.root, call.time, call.time_unit),
    )


def read_volume(call: TickerCall, query: VolumeQuery, body: Any, _now: float | None = None) -> Volume:
    """Volume over 24 hours. One of the two units must be there."""
    base = _volume(call, body, "volume_base", call.volume_base)
    quote = _volume(call, body, "volume_quote", call.volume_quote)
    if base is None and quote is None:
        wanted = call.root + (call.volume_base or call.volume_quote or ())
        raise BadPayload(f"{show_path(wanted)} is missing: no volume")
    return Volume(query.symbol, base, quote, _time(body, call.root, call.time, call.time_unit))


def read_book(call: BookCall, query: OrderBookQuery, body: Any, _now: float | None = None) -> OrderBook:
    """The best levels: bids from the highest, asks from the lowest, whatever order they came in."""
    ask_price = call.price if call.ask_price is None else call.ask_price
    ask_size = call.size if call.ask_size is None else call.ask_size
    bids = _side(call, find(body, call.bids), show_path(call.bids), call.price, call.size)
    asks = _side(call, find(body, call.asks), show_path(call.asks), ask_price, ask_size)
    if call.signed:
        bids, asks = (_of_sign(bids, 1.0), _of_sign(asks, -1.0))
    return OrderBook(
        query.symbol,
        _best(*bids, query.depth, highest_first=True),
        _best(*asks, query.depth, highest_first=False),
        _time(body, (), call.time, call.time_unit),
    )


def _side(call: BookCall, levels: Any, what: str, price: int | str, size: int | str) -> tuple[Floats, Floats]:
    if not isinstance(levels, list):
        raise BadPayload(f"{what} is {'missing' if levels is MISSING else clip(levels)}, expected a list")
    if call.flat:
        if len(levels) % 2:
            raise BadPayload(f"{what} has {len(levels)} entries, expected prices and sizes in turn")
        levels = [levels[place : place + 2] for place in range(0, len(levels), 2)]
    prices = floats(_cells(levels, price, what), f"price of {what}")
    sizes = floats(_cells(levels, size, what), f"size of {what}")
    if call.orders is not None:
        _check_orders(floats(_cells(levels, call.orders, what), f"orders of {what}"), what)
    if not call.signed and len(sizes) and sizes.min() < 0:
        raise BadPayload(f"row {int(sizes.argmin()) + 1}: size of {what} is below zero")
    return prices, sizes


def _check_orders(counts: Floats, what: str) -> None:
    wrong = (counts < 1) | (counts != np.floor(counts))
    if wrong.any():
        raise BadPayload(
            f"row {int(wrong.argmax()) + 1} of {what}: {counts[wrong.argmax()]:g} is no number of orders"
        )


def _of_sign(side: tuple[Floats, Floats], sign: float) -> tuple[Floats, Floats]:
    """The levels whose size has this sign, and their sizes without it."""
    prices, sizes = side
    mine = sizes * sign > 0
    return prices[mine], np.abs(sizes[mine])


def _cells(levels: list[Any], place: int | str, what: str) -> Sequence[Any]:
    want = list if isinstance(place, int) else dict
    for row, level in enumerate(levels, 1):
        if type(level) is not want:
            raise BadPayload(f"row {row} of {what} is {clip(level)}, expected price and size")
    try:
        return [level[place] for level in levels]
    except (IndexError, KeyError):
        raise BadPayload(f"a level of {what} has no {place!r}") from None


def _best(
    prices: Floats, sizes: Floats, depth: int, *, highest_first: bool
) -> tuple[tuple[float, float], ...]:
    order = np.argsort(-prices if highest_first else prices, kind="stable")[:depth]
    return tuple(zip(prices[order].tolist(), sizes[order].tolist(), strict=True))


def _number(call: TickerCall, body: Any, what: str, path: Path | None) -> float | None:
    value = _said(body, call.root, path)
    return None if value is None else number(value, what)


def _volume(call: TickerCall, body: Any, what: str, path: Path | None) -> float | None:
    value = _number(call, body, what, path)
    if value is not None and value < 0:
        raise BadPayload(f"{what} is {value:g}, expected none below zero")
    return value


def _time(body: Any, root: Path, path: Path | None, unit: TimeUnit) -> datetime | None:
    value = _said(body, root, path)
    return None if value is None else moment(value, unit, "time")


def _said(body: Any, root: Path, path: Path | None) -> Any:
    """The value at the path; None for what is missing, null or empty text."""
    if path is None:
        return None
    value = find(body, root + path)
    return None if value is MISSING or value == "" else value
