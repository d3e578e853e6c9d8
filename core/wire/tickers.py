"""Price and volume: how they are asked for, where in the answer they stand, and how they are read."""

from functools import cached_property
from typing import Any, Literal

from pydantic import Field, model_validator

from core.answer import BadPayload
from core.market import PriceQuery, Quote, Volume, VolumeQuery
from core.wire.calls import Call
from core.wire.fields import Dotted, Whole
from core.wire.figures import read_time
from core.wire.paths import Path, parse_path, said, show_path
from core.wire.values import TimeUnit, clip, number


class TickerCall(Call):
    """Price, volume, or both. Paths begin at ``root``; ``{base}``, ``{quote}`` (our names) and ``{symbol}``
    (theirs) may be parts.
    """

    root: Dotted = ()
    pick: Dotted | None = None
    """The answer may be a list, or an object of objects: the row whose value at this path names the symbol is
    meant, and an empty list says that there is no such symbol."""
    rows: Dotted = ()
    """Where those rows stand."""
    last: Dotted | None = None
    bid: Dotted | None = None
    ask: Dotted | None = None
    change: Dotted | None = None
    """Change over 24 hours, not over the day."""
    open_24h: Dotted | None = None
    """The price 24 hours ago, where that is what the venue says instead of the change."""
    change_unit: Literal["percent", "fraction"] = "percent"
    volume_base: Dotted | None = None
    volume_quote: Dotted | None = None
    time: Dotted | None = None
    time_unit: TimeUnit = "s"
    lengths: dict[str, Whole] = Field(default_factory=dict)
    """Path → how many members the list there has: in one of another length each stands for something else."""

    @cached_property
    def counted(self) -> tuple[tuple[Path, int], ...]:
        """:attr:`lengths` with its paths parsed. ValueError for what is no path."""
        return tuple((parse_path(path), count) for path, count in self.lengths.items())

    @cached_property
    def _paths(self) -> dict[str, Path]:
        """Those paths in which a name stands."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: path
            for name, path in found.items()
            if isinstance(path, tuple) and any(isinstance(part, str) and "{" in part for part in path)
        }

    def about(self, base: str, quote: str, symbol: str) -> "TickerCall":
        """The same with the names in its paths filled in."""
        if not self._paths:
            return self
        names = {"{base}": base, "{quote}": quote, "{symbol}": symbol}
        filled = {name: tuple(names.get(part, part) for part in path) for name, path in self._paths.items()}
        return self.model_copy(update=filled)

    @model_validator(mode="after")
    def _paths_are_sound(self) -> "TickerCall":
        for name, path in self._paths.items():
            for part in path:
                if "{" in part and part not in {"{base}", "{quote}", "{symbol}"}:
                    raise ValueError(
                        f"{name}: expected {{base}}, {{quote}} or {{symbol}} as a part of its own, not {part!r}"
                    )
        if self.pick is not None and self.root:
            raise ValueError("pick: expected no root, whose place the row takes")
        if self.rows and self.pick is None:
            raise ValueError("rows: expected a pick, which says which of them is meant")
        _ = self.counted
        return self


def read_price(call: TickerCall, query: PriceQuery, body: Any, _now: float | None = None) -> Quote:
    """A quote. ``last`` must be there; what else is missing, null or empty is None."""
    _check_lengths(call, body)
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
        time=read_time(body, call.root, call.time, call.time_unit),
    )


def read_volume(call: TickerCall, query: VolumeQuery, body: Any, _now: float | None = None) -> Volume:
    """Volume over 24 hours. One of the two units must be there."""
    _check_lengths(call, body)
    base = _volume(call, body, "volume_base", call.volume_base)
    quote = _volume(call, body, "volume_quote", call.volume_quote)
    if base is None and quote is None:
        wanted = call.root + (call.volume_base or call.volume_quote or ())
        raise BadPayload(f"{show_path(wanted)} is missing: no volume")
    return Volume(query.symbol, base, quote, read_time(body, call.root, call.time, call.time_unit))


def _check_lengths(call: TickerCall, body: Any) -> None:
    for path, count in call.counted:
        where = call.root + path
        value = said(body, where)
        if value == []:
            continue  # a side of the book with nothing on it
        if value is not None and (not isinstance(value, list) or len(value) != count):
            shown = f"has {len(value)} members" if isinstance(value, list) else f"is {clip(value)}"
            raise BadPayload(f"{show_path(where)} {shown}, expected a list of {count}")


def _number(call: TickerCall, body: Any, what: str, path: Path | None) -> float | None:
    value = None if path is None else said(body, call.root + path)
    return None if value is None else number(value, what)


def _volume(call: TickerCall, body: Any, what: str, path: Path | None) -> float | None:
    value = _number(call, body, what, path)
    if value is not None and value < 0:
        raise BadPayload(f"{what} is {value:g}, expected none below zero")
    return value
