"""What a provider's TOML file may say: the declaration, as pydantic models.

A provider is data. Each capability it serves is a *call*: how to ask, and where in the answer the values
stand. Request texts are templates over a fixed set of names: ``{symbol}`` ``{base}`` ``{quote}`` everywhere,
``{interval}`` ``{seconds}`` ``{rows}`` ``{start}`` ``{end}`` for candles, ``{depth}`` for order books. A
parameter whose name has no value in a query (no start given) is left out of the request.
"""

from collections.abc import Callable
from datetime import date
from functools import cached_property
from importlib import import_module
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.market import CANDLE_FIELDS, INTERVALS, Capability, parse_symbol
from core.wire.paths import Path, names_in, parse_path
from core.wire.values import TimeUnit

Means: TypeAlias = Literal["unknown_symbol", "bad_argument", "throttled", "forbidden", "down"]
Scalar: TypeAlias = str | int | float | bool

DEFAULT_MAX_BYTES = 8 * 1024 * 1024

_EVERYWHERE = {"symbol", "base", "quote"}


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _https(url: str) -> str:
    if not url.startswith("https://"):
        raise ValueError("expected an address that begins with https://")
    return url


def _symbol(symbol: str) -> str:
    return "/".join(parse_symbol(symbol))


def _check_names(allowed: set[str], **templates: Any) -> None:
    for field, template in templates.items():
        if unknown := names_in(template) - allowed:
            raise ValueError(f"{field} uses {sorted(unknown)}: expected names among {sorted(allowed)}")


Whole = Annotated[int, Field(strict=True, ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Https = Annotated[str, AfterValidator(_https)]
Dotted = Annotated[Path, BeforeValidator(lambda text: parse_path(text) if isinstance(text, str) else text)]
Asset = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,20}$")]
Several = Annotated[tuple[Scalar, ...], BeforeValidator(_as_list)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class Model(BaseModel):
    """Frozen, and nothing undeclared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Host(Model):
    """One address of a provider. Hosts of one ``group`` are blocked together."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?$")]
    group: str = "api"

    @property
    def url(self) -> str:
        """Without a path."""
        return f"https://{self.name}"

    def __str__(self) -> str:
        return self.name


class Limit(Model):
    """At most ``cost`` in ``seconds``, in the units of :meth:`Provider.cost`."""

    cost: Positive
    seconds: Positive


class Auth(Model):
    """A named slot for a key. The transport fills it; nothing here ever holds the key."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    env: Annotated[Texts, Field(min_length=1)]
    """Environment variables that may hold the key, the usual name first."""
    header: str | None = None
    parameter: str | None = None
    prefix: str = ""
    """Before the key: ``"Bearer "``."""
    required: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> "Auth":
        if (self.header is None) == (self.parameter is None):
            raise ValueError("expected either header or parameter")
        return self


class Symbols(Model):
    """How the provider writes a symbol."""

    template: str = "{base}{quote}"
    case: Literal["upper", "lower"] = "upper"
    rename: dict[Asset, str] = {}
    """Asset → the provider's own name for it, as it is: ``BTC = "XBT"``."""
    overrides: dict[Annotated[str, AfterValidator(_symbol)], str] = {}
    """Whole symbols that follow no rule."""
    answers: Texts = ()
    """Further forms in which an answer may name the symbol."""

    @model_validator(mode="after")
    def _known_names(self) -> "Symbols":
        _check_names({"base", "quote"}, template=self.template, answers=self.answers)
        return self


class ErrorRule(Model):
    """The provider's own form of a refusal. All conditions given must hold; the first rule that matches wins.

    ``path`` leads to one value or to a list, of which any member may match. ``present`` asks only that there
    is something (not null, not empty), ``differs`` that it is there and none of these.
    """

    means: Means
    status: Annotated[tuple[int, ...], BeforeValidator(_as_list)] = ()
    path: Dotted | None = None
    equals: Several = ()
    starts: Texts = ()
    contains: Texts = ()
    differs: Several = ()
    present: bool = False
    cause: Literal["key", "geo", "refused"] = "refused"
    until: Literal["s", "ms"] | None = None
    """The text names a time until which to wait, in this unit since 1970."""

    @model_validator(mode="after")
    def _asks_something(self) -> "ErrorRule":
        conditions = sum(map(bool, (self.equals, self.starts, self.contains, self.differs, self.present)))
        if self.path is None and (conditions or not self.status):
            raise ValueError("expected a path with a condition, or a status")
        if self.path is not None and conditions != 1:
            raise ValueError("expected one of equals, starts, contains, differs, present beside path")
        return self


class CostStep(Model):
    """Up to ``rows`` rows or levels cost ``cost``."""

    rows: Whole
    cost: Positive


class Call(Model):
    """One kind of request, and how to read its answer."""

    path: Annotated[str, Field(pattern=r"^/")]
    method: Literal["GET", "POST"] = "GET"
    params: dict[str, Scalar] = {}
    json_body: Any = Field(None, alias="json")
    headers: dict[str, str] = {}
    docs: Https | None = None
    cost: Positive = 1.0
    cost_by_rows: tuple[CostStep, ...] = ()
    """Where the cost depends on how much is asked for; the last step holds beyond it."""
    max_bytes: Whole = DEFAULT_MAX_BYTES
    """An answer larger than this is no answer."""
    symbol_at: Dotted | None = None
    """Where the answer names its symbol, if it does."""
    reader: Annotated[str, Field(pattern=r"^core(\.\w+)+:\w+$")] | None = None
    """A function of the package, for a shape that no declaration can say: ``(call, query, body, now)``."""

    @cached_property
    def custom(self) -> Callable[..., Any] | None:
        """The reader function, if one is named. ValueError when there is none of that name."""
        if self.reader is None:
            return None
        module, _, name = self.reader.partition(":")
        try:
            return cast("Callable[..., Any]", getattr(import_module(module), name))
        except (ImportError, AttributeError):
            raise ValueError(f"reader={self.reader!r}: no such function") from None

    @model_validator(mode="after")
    def _request_is_sound(self) -> "Call":
        _check_names(
            self.template_names(),
            path=self.path,
            params=self.params,
            json=self.json_body,
            headers=self.headers,
        )
        if self.json_body is not None and self.method == "GET":
            raise ValueError('json needs method = "POST"')
        _ = self.custom
        return self

    @classmethod
    def template_names(cls) -> set[str]:
        """Names that request templates may use."""
        return _EVERYWHERE

    def cost_of(self, rows: int) -> float:
        """Weight of a request for this many rows or levels."""
        for step in self.cost_by_rows:
            if rows <= step.rows:
                return step.cost
        return self.cost_by_rows[-1].cost if self.cost_by_rows else self.cost


class CheckCall(Model):
    """The cheapest call there is, for connectivity and health."""

    path: Annotated[str, Field(pattern=r"^/[^{}]*$")]
    cost: Positive = 1.0


class Window(Model):
    """How a range of time is asked for, by ``{start}`` and ``{end}``."""

    unit: TimeUnit = "s"
    start: Literal["inclusive", "exclusive"] = "inclusive"
    end: Literal["inclusive", "exclusive"] = "inclusive"
    """Inclusive: the last wanted open time. Exclusive: the one after it."""
    both: bool = False
    """True when one bound without the other is ignored or refused."""


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
    history: Whole | None = None
    """Only this many of the newest closed candles can be had at all."""
    window: Window = Window()
    newest_open: bool = True
    """Without an end the newest row is the candle that is still open."""
    rows: Dotted = ()
    columns: tuple[str, ...] = ()
    """Names by position; a name that is no field of ours is passed over, but must be there."""
    keys: dict[str, str] = {}
    """Field → their key."""
    time_unit: TimeUnit = "s"
    closed: ClosedFlag | None = None

    @classmethod
    def template_names(cls) -> set[str]:
        return _EVERYWHERE | {"interval", "seconds", "rows", "start", "end"}

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
        return self

    @cached_property
    def fields(self) -> dict[str, int | str]:
        """Field of ours → position or key in a row."""
        known = {"time", "closed", *CANDLE_FIELDS}
        if self.keys:
            return {name: key for name, key in self.keys.items() if name in known}
        return {name: place for place, name in enumerate(self.columns) if name in known}


class TickerCall(Call):
    """Price, volume, or both. Paths are counted from ``root``."""

    root: Dotted = ()
    last: Dotted | None = None
    bid: Dotted | None = None
    ask: Dotted | None = None
    change: Dotted | None = None
    """Change over 24 hours, not over the day."""
    change_unit: Literal["percent", "fraction"] = "percent"
    volume_base: Dotted | None = None
    volume_quote: Dotted | None = None
    time: Dotted | None = None
    time_unit: TimeUnit = "s"


class BookCall(Call):
    """An order book. A level is a list or an object, its price and size at these places."""

    bids: Dotted
    asks: Dotted
    price: int | str = 0
    size: int | str = 1
    time: Dotted | None = None
    time_unit: TimeUnit = "s"
    max_depth: Whole
    depths: dict[Annotated[str, Field(pattern=r"^[1-9]\d*$")], str | int] = {}
    """Where only some depths can be asked for: levels given → what ``{depth}`` then is."""

    @classmethod
    def template_names(cls) -> set[str]:
        return _EVERYWHERE | {"depth"}

    @model_validator(mode="after")
    def _depths_reach(self) -> "BookCall":
        if self.depths and max(map(int, self.depths)) < self.max_depth:
            raise ValueError(f"depths end below max_depth={self.max_depth}")
        return self

    def depth_for(self, depth: int) -> str | int:
        """What to ask for to get at least this many levels."""
        enough = sorted(int(step) for step in self.depths if int(step) >= depth)
        return self.depths[str(enough[0])] if enough else depth


class Declaration(Model):
    """A provider's whole file."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Annotated[str, Field(min_length=1)]
    kind: Literal["exchange", "aggregator", "dex", "explorer", "news", "sentiment", "model"]
    home: Https
    docs: Https
    read_on: date
    """When the documentation was read."""
    priority: Annotated[int, Field(strict=True, ge=0)]
    """Lower is asked first."""
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)]
    limits: tuple[Limit, ...] = ()
    auth: Auth | None = None
    check: CheckCall
    check_symbol: Annotated[str, AfterValidator(_symbol)]
    check_every: Positive
    quotes: tuple[Asset, ...] = ()
    content_types: Texts = ()
    """Content types to take for JSON beside the usual ones."""
    symbol: Symbols = Symbols()
    message_at: Dotted | None = None
    """Where an error says in words what is wrong."""
    errors: tuple[ErrorRule, ...] = ()
    ohlcv: CandleCall | None = None
    price: TickerCall | None = None
    volume: TickerCall | None = None
    orderbook: BookCall | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> "Declaration":
        if not self.calls:
            raise ValueError("no capability: expected at least one of ohlcv, price, volume, orderbook")
        if len({host.name for host in self.hosts}) < len(self.hosts):
            raise ValueError("hosts: one name stands there twice")
        if self.quotes and self.check_symbol.split("/")[1] not in self.quotes:
            raise ValueError(f"check_symbol={self.check_symbol!r}: its quote currency is not in quotes")
        if self.price is not None and self.price.last is None:
            raise ValueError("price: expected a path for last")
        if self.volume is not None and self.volume.volume_base is None and self.volume.volume_quote is None:
            raise ValueError("volume: expected a path for volume_base or volume_quote")
        return self

    @cached_property
    def calls(self) -> dict[Capability, Call]:
        """Capability → its call."""
        found: dict[Capability, Call | None] = {
            "ohlcv": self.ohlcv,
            "price": self.price,
            "volume": self.volume,
            "orderbook": self.orderbook,
        }
        return {capability: call for capability, call in found.items() if call is not None}
