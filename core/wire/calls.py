"""What every call has in common: how to ask a provider for something, as its file declares it.

Request texts are templates over a fixed set of names, ``{symbol}`` ``{base}`` ``{quote}`` and those that a kind
of call adds. A parameter whose name has no value in a query (no start given) is left out of the request.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import Field, model_validator

from core.answer import BadPayload
from core.market import Query
from core.wire.fields import (
    Dotted,
    Headers,
    Https,
    Model,
    Positive,
    Scalar,
    UrlPath,
    Whole,
    check_names,
    shaped,
)
from core.wire.figures import At, read_time
from core.wire.paths import Path, parse_path, said, show_path
from core.wire.values import TimeUnit

READERS = "kintsugi.readers"
"""Group of entry points that packages of one's own offer readers in."""
DEFAULT_MAX_BYTES = 8 * 1024 * 1024
MOST_BYTES = 256 * 1024 * 1024

BodyFormat: TypeAlias = Literal["json", "feed"]
"""What a body is: JSON, or RSS or Atom."""


class CostStep(Model):
    """Up to ``rows`` rows or levels cost ``cost``."""

    rows: Whole
    cost: Positive


class Call(Model):
    """One kind of request, and how to read its answer."""

    path: UrlPath
    method: Literal["GET", "POST"] = "GET"
    format: BodyFormat = "json"
    params: dict[str, Scalar] = Field(default_factory=dict)
    json_body: Any = Field(None, alias="json")
    headers: Headers = Field(default_factory=dict)
    docs: Https | None = None
    priority: Annotated[int, Field(strict=True, ge=0)] | None = None
    """Where it is not that of the provider: a venue may be asked first for prices and last for all else."""
    cost: Positive = 1.0
    cost_by_rows: tuple[CostStep, ...] = ()
    """Where the cost depends on how much is asked for; the last step holds beyond it."""
    max_bytes: Annotated[Whole, Field(le=MOST_BYTES)] = DEFAULT_MAX_BYTES
    """An answer larger than this is no answer."""
    symbol_at: Dotted | None = None
    """Where the answer names its symbol, if it does."""
    expects: dict[str, Scalar] = Field(default_factory=dict)
    """Path → what the answer says there if it is of this call: other markets may share symbol and shape. The
    values are templates as those of a request."""
    reader: (
        Annotated[
            str,
            shaped(r"core(\.\w+)+:\w+|entry:[\w.-]+", "core.MODULE:FUNCTION of the package, or entry:NAME"),
        ]
        | None
    ) = None
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
        return {"symbol", "base", "quote"}

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


class Timed(Call):
    """A call whose answer may say of when it is. Paths begin at ``root``."""

    root: Dotted = ()
    pick: Dotted | None = None
    """The answer is a list: the row is meant whose value at this path names the asset."""
    time: At | None = None
    time_unit: TimeUnit = "s"

    @classmethod
    def template_names(cls) -> set[str]:
        return {"symbol", "base"}

    def moment(self, body: Any) -> datetime | None:
        """When, by the answer's own word."""
        return read_time(body, self.root, self.time, self.time_unit)

    def said(self, body: Any, path: Path | None) -> Any:
        """What stands at a path below the root; None without a path, or when nothing does."""
        return None if path is None else said(body, self.root + path)

    def required(self, what: str, value: float | None) -> float:
        """The value. BadPayload when it is not there."""
        if value is None:
            raise BadPayload(f"{what} is missing at {show_path(self.root)}")
        return value


class CheckCall(Model):
    """The cheapest call there is, for connectivity and health. With a ``json`` body it is a POST."""

    path: Annotated[str, shaped(r"/[!-z|~]*", "a path that begins with /, without names in curly brackets")]
    json_body: Any = Field(None, alias="json")
    format: BodyFormat = "json"
    cost: Positive = 1.0


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
