"""Declarations of the calls: how to ask for each capability, and where in the answer its values stand.

Request texts are templates over a fixed set of names: ``{symbol}`` ``{base}`` ``{quote}`` everywhere,
``{interval}`` ``{seconds}`` ``{rows}`` ``{newest}`` ``{back}`` ``{days}`` ``{start}`` ``{end}`` for candles,
``{depth}`` for order books. A parameter whose name has no value in a query (no start given) is left out of
the request. ``{newest}`` is ``{rows}`` where neither start nor end is sent, for a venue that refuses both
together. ``{back}`` counts the candles from the first wanted to the open one, for a venue that knows no
range, and ``{days}`` is the same in days.
"""

from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import Field, model_validator

from core.market import CANDLE_FIELDS, INTERVALS, Query
from core.wire.fields import Dotted, Https, Model, Positive, Scalar, Several, Whole, check_names
from core.wire.paths import Path, parse_path
from core.wire.values import TimeUnit

READERS = "kintsugi.readers"
"""Group of entry points that packages of one's own offer readers in."""
DEFAULT_MAX_BYTES = 8 * 1024 * 1024

BodyFormat: TypeAlias = Literal["json", "feed"]
"""What a body is: JSON, or RSS or Atom."""

_EVERYWHERE = {"symbol", "base", "quote"}


class CostStep(Model):
    """Up to ``rows`` rows or levels cost ``cost``."""

    rows: Whole
    cost: Positive


class Call(Model):
    """One kind of request, and how to read its answer."""

    path: Annotated[str, Field(pattern=r"^/")]
    method: Literal["GET", "POST"] = "GET"
    format: BodyFormat = "json"
    params: dict[str, Scalar] = Field(default_factory=dict)
    json_body: Any = Field(None, alias="json")
    headers: dict[str, str] = Field(default_factory=dict)
    docs: Https | None = None
    priority: Annotated[int, Field(strict=True, ge=0)] | None = None
    """Where it is not that of the provider: a venue may be asked first for prices and last for all else."""
    cost: Positive = 1.0
    cost_by_rows: tuple[CostStep, ...] = ()
    """Where the cost depends on how much is asked for; the last step holds beyond it."""
    max_bytes: Whole = DEFAULT_MAX_BYTES
    """An answer larger than this is no answer."""
    symbol_at: Dotted | None = None
    """Where the answer names its symbol, if it does."""
    expects: dict[str, Scalar] = Field(default_factory=dict)
    """Path → what the answer says there if it is of this call: other markets may share symbol and shape. The
    values are templates as those of a request."""
    reader: Annotated[str, Field(pattern=r"^(core(\.\w+)+:\w+|entry:[\w.-]+)$")] | None = None
    """For a shape that no declaration can say, a function ``(call, query, body, now)``: one of the package, or that
    of an entry point in the group ``kintsugi.readers`` of an installed package, ``entry:NAME``."""

    @cached_property
    def custom(self) -> Callable[..., Any] | None:
        """The reader function, if one is named. ValueError when there is none of that name."""
        if self.reader is None:
            return None
        module, _, name = self.reader.partition(":")
        if module == "entry":
            return _entry(name)
        try:
            return cast("Callable[..., Any]", getattr(import_module(module), name))
        except (ImportError, AttributeError):
            raise ValueError(f"reader={self.reader!r}: no such function") from None

    @cached_property
    def expected(self) -> tuple[tuple[Path, str], ...]:
        """:attr:`expects` with its paths parsed. ValueError for what is no path."""
        check_names(self.template_names(), expects=self.expects)
        return tuple((parse_path(path), str(value)) for path, value in self.expects.items())

    @model_validator(mode="after")
    def _request_is_sound(self) -> "Call":
        check_names(
            self.template_names(),
            path=self.path,
            params=self.params,
            json=self.json_body,
            headers=self.headers,
        )
        if self.json_body is not None and self.method == "GET":
            raise ValueError('json needs method = "POST"')
        _ = self.custom, self.expected
        return self

    @classmethod
    def template_names(cls) -> set[str]:
        """Names that request templates may use."""
        return _EVERYWHERE

    def fits(self, query: Query) -> bool:
        """Whether this call answers the query, of those that a provider has for the capability."""
        del query
        return True

    def lacks(self, query: Query) -> str:
        """Why a query that does not fit cannot be served, in words."""
        del query
        return ""

    def cost_of(self, rows: int) -> float:
        """Weight of a request for this many rows or levels."""
        for step in self.cost_by_rows:
            if rows <= step.rows:
                return step.cost
        return self.cost_by_rows[-1].cost if self.cost_by_rows else self.cost


def _entry(name: str) -> Callable[..., Any]:
    """The function of an entry point. ValueError when there is none, or it cannot be loaded."""
    found = next(iter(entry_points(group=READERS, name=name)), None)
    if found is None:
        known = " ".join(sorted(entry_points(group=READERS).names)) or "none is installed"
        raise ValueError(f"reader='entry:{name}': no such entry point in the group {READERS} ({known})")
    try:
        return cast("Callable[..., Any]", found.load())
    except (ImportError, AttributeError) as error:
        raise ValueError(f"reader='entry:{name}': cannot be loaded: {error}") from None


class CheckCall(Model):
    """The cheapest call there is, for connectivity and health. With a ``json`` body it is a POST."""

    path: Annotated[str, Field(pattern=r"^/[^{}]*$")]
    json_body: Any = Field(None, alias="json")
    format: BodyFormat = "json"
    cost: Positive = 1.0


class Window(Model):
    """How a range of time is asked for, by ``{start}`` and ``{end}``."""

    unit: TimeUnit = "s"
    start: Literal["inclusive", "exclusive"] = "inclusive"
    end: Literal["inclusive", "exclusive", "within"] = "inclusive"
    """Inclusive: the last wanted open time. Exclusive: the one after it. Within: the last moment of the last
    wanted candle, which is right either way."""
    both: bool = False
    """True when one bound without the other is ignored or refused."""
    always: bool = False
    """True when without bounds nothing comes, or fewer rows than asked for."""


class Archive(Model):
    """Where candles older than the newest ``beyond`` are asked for, in the same form."""

    path: Annotated[str, Field(pattern=r"^/")]
    beyond: Whole
    max_rows: Whole


class ClosedFlag(Model):
    """Values of the column ``closed``."""

    yes: Several
    no: Several


class CandleCall(Call):
    """Candles. ``rows`` leads to the list; its rows are lists (``columns``) or objects (``keys``)."""

    intervals: Annotated[dict[str, str | int], Field(min_length=1)]
    """Ours → theirs. Only those whose candles open where ours do: days at 00:00 UTC, weeks on Monday."""
    max_rows: Whole
    """Most rows that one request may ask for."""
    history: Whole | dict[str, Whole] | None = None
    """Only this many of the newest closed candles can be had at all, or interval → how many."""
    days: dict[str, tuple[Whole, ...]] = Field(default_factory=dict)
    """Interval → the values that ``{days}`` may have, where the candles' length follows from them."""
    archive: Archive | None = None
    window: Window = Window()
    newest_open: bool = True
    """Without an end the newest row is the candle that is still open."""
    rows: Dotted = ()
    columns: tuple[str, ...] = ()
    """Names by position; a name that is no field of ours is passed over, but must be there."""
    keys: dict[str, str] = Field(default_factory=dict)
    """Field → their key."""
    time_unit: TimeUnit = "s"
    stamp: Literal["open", "close"] = "open"
    """Whether a row's time is that of its opening or of its end."""
    closed: ClosedFlag | None = None

    @classmethod
    def template_names(cls) -> set[str]:
        return _EVERYWHERE | {"interval", "seconds", "rows", "newest", "back", "days", "start", "end"}

    @model_validator(mode="after")
    def _rows_are_sound(self) -> "CandleCall":
        if unknown := set(self.intervals) - set(INTERVALS):
            raise ValueError(f"intervals {sorted(unknown)}: expected some of {' '.join(INTERVALS)}")
        if bool(self.columns) == bool(self.keys):
            raise ValueError("expected either columns or keys")
        named = self.columns or tuple(self.keys)
        if missing := {"time", *CANDLE_FIELDS[:4]} - set(named):
            raise ValueError(f"columns or keys lack {sorted(missing)}")
        if twice := {name for name in named if named.count(name) > 1}:
            raise ValueError(f"columns name {sorted(twice)} twice")
        if ("closed" in named) != (self.closed is not None):
            raise ValueError("a column closed and its values yes and no go together")
        for name, table in (("history", self.history), ("days", self.days)):
            if isinstance(table, dict) and table and set(table) != set(self.intervals):
                raise ValueError(f"{name}: expected one entry for each interval")
        if self.archive is not None:
            check_names(self.template_names(), archive=self.archive.path)
        return self

    def kept(self, interval: str) -> int | None:
        """How many of the newest closed candles can be had; None when all."""
        return self.history[interval] if isinstance(self.history, dict) else self.history

    @cached_property
    def fields(self) -> dict[str, int | str]:
        """Field of ours → position or key in a row."""
        known = {"time", "closed", *CANDLE_FIELDS}
        if self.keys:
            return {name: key for name, key in self.keys.items() if name in known}
        return {name: place for place, name in enumerate(self.columns) if name in known}


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
        return self


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
    orders: int | str | None = None
    """Where a level has its number of orders: a whole number above zero, by which a moved column shows."""
    time: Dotted | None = None
    time_unit: TimeUnit = "s"
    max_depth: Whole
    depths: dict[Annotated[str, Field(pattern=r"^[1-9]\d*$")], str | int] = Field(default_factory=dict)
    """Where only some depths can be asked for: levels given → what ``{depth}`` then is."""

    @classmethod
    def template_names(cls) -> set[str]:
        return _EVERYWHERE | {"depth"}

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
