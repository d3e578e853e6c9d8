"""Order books: how one is asked for, where in the answer its levels stand, and how they are read.

Beside the names that every request may use its templates have ``{depth}``.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from core.answer import BadPayload
from core.market import OrderBook, OrderBookQuery
from core.wire.calls import Call
from core.wire.fields import Dotted, Whole, shaped
from core.wire.figures import read_time
from core.wire.paths import MISSING, find, show_path
from core.wire.values import Floats, TimeUnit, clip, floats

Levels = Annotated[str, shaped(r"[1-9]\d*", "a whole number of levels")]


class BookCall(Call):
    """An order book. A level is a list or an object, its price and size at these places."""

    bids: Dotted
    asks: Dotted
    price: int | str = 0
    size: int | str = 1
    ask_price: int | str | None = None
    ask_size: int | str | None = None
    """Where those of an ask stand, if elsewhere than those of a bid."""
    flat: bool = False
    """A side is one list, price and size in turn."""
    signed: bool = False
    """Both sides are one list; a size below zero is an ask."""
    columns: Whole | None = None
    """How many members a level has, where it is a list that has more than price and size."""
    orders: int | str | None = None
    """Where a level has its number of orders: a whole number above zero, by which a moved column shows."""
    time: Dotted | None = None
    time_unit: TimeUnit = "s"
    max_depth: Whole
    depths: dict[Levels, str | int] = Field(default_factory=dict)
    """Where only some depths can be asked for: levels given → what ``{depth}`` then is."""

    @classmethod
    def template_names(cls) -> set[str]:
        return super().template_names() | {"depth"}

    @model_validator(mode="after")
    def _levels_are_sound(self) -> "BookCall":
        if self.flat and (self.signed or self.orders is not None or self.price != 0 or self.size != 1):
            raise ValueError("flat: expected neither signed nor orders, and price and size where they are")
        return self

    @model_validator(mode="after")
    def _depths_reach(self) -> "BookCall":
        if self.depths and max(map(int, self.depths)) < self.max_depth:
            raise ValueError(f"depths end below max_depth={self.max_depth}")
        return self

    def depth_for(self, depth: int) -> str | int:
        """What to ask for to get at least this many levels."""
        enough = sorted(int(step) for step in self.depths if int(step) >= depth)
        return self.depths[str(enough[0])] if enough else depth


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
        read_time(body, (), call.time, call.time_unit),
    )


def _side(call: BookCall, levels: Any, what: str, price: int | str, size: int | str) -> tuple[Floats, Floats]:
    if not isinstance(levels, list):
        raise BadPayload(f"{what} is {'missing' if levels is MISSING else clip(levels)}, expected a list")
    if call.flat:
        if len(levels) % 2:
            raise BadPayload(f"{what} has {len(levels)} entries, expected prices and sizes in turn")
        levels = [levels[place : place + 2] for place in range(0, len(levels), 2)]
    if call.columns is not None:
        _check_columns(levels, call.columns, what)
    prices = floats(_cells(levels, price, what), f"price of {what}")
    sizes = floats(_cells(levels, size, what), f"size of {what}")
    if call.orders is not None:
        _check_orders(floats(_cells(levels, call.orders, what), f"orders of {what}"), what)
    if not call.signed and len(sizes) and sizes.min() < 0:
        raise BadPayload(f"row {int(sizes.argmin()) + 1}: size of {what} is below zero")
    return prices, sizes


def _check_columns(levels: list[Any], columns: int, what: str) -> None:
    for row, level in enumerate(levels, 1):
        if type(level) is list and len(level) != columns:
            raise BadPayload(f"row {row} of {what} has {len(level)} columns, expected {columns}")


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
