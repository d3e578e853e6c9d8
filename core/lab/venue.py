"""What a simulated venue is: hosts, symbols, and routes that answer in the venue's own words.

A new venue is one file in :mod:`core.lab.venues`: a subclass of :class:`Venue` that lists its hosts and
listings, says its errors, and has one method a route. It is written from the venue's documentation, never
from this project's own catalogue, so that a wrong declaration there cannot cancel itself out here.
"""

import copy
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, Self, TypeVar

from core.lab.market import Listing, Market

JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass(slots=True)
class Reply:
    """What a venue says, before it is encoded and before any fault has its way with it.

    ``body`` is a JSON document, or text that goes out as it is. ``tables`` are those lists inside ``body``
    that hold rows (candles, or the levels of one side); ``prices`` says where a row keeps its prices: column
    numbers, or keys. A ticker's table is one row, its own object.
    """

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    tables: Sequence[list[Any]] = ()
    prices: Sequence[int | str] = ()
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a venue sees it. ``now`` is UTC seconds, or the moment at which time was frozen."""

    host: str
    path: str
    params: Mapping[str, str]
    now: float
    market: Market
    spent: int = 0
    """Request weight used at this host in the present minute, this request not included."""
    json: Any = None
    """The body of a POST, decoded; None when there is none, or it is no JSON."""


class Refusal(Exception):
    """Thrown by a route to answer with an error in the venue's own form."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.body)


Answering = Callable[[Any, Call], Reply]
A = TypeVar("A", bound=Answering)


@dataclass(frozen=True, slots=True)
class Route:
    """A path, the capabilities it serves, and the method that answers. Groups of the path become params.

    Where one path serves many calls, ``says`` holds what tells them apart: parameters, or members of the body.
    """

    pattern: re.Pattern[str]
    capabilities: tuple[str, ...]
    weight: int
    answer: Answering
    method: str = "GET"
    says: Mapping[str, str] = field(default_factory=dict)

    def meant(self, method: str, said: Mapping[str, Any]) -> bool:
        """Whether a request to this path is this call."""
        return method == self.method and all(str(said.get(name)) == word for name, word in self.says.items())


def route(
    path: str,
    *capabilities: str,
    weight: int = 1,
    method: str = "GET",
    says: Mapping[str, str] | None = None,
) -> Callable[[A], A]:
    """Mark a method of a venue as what answers ``GET path``, or another method, or some of its requests."""

    def mark(answer: A) -> A:
        found = Route(re.compile(path), capabilities, weight, answer, method, says or {})
        answer.route = found  # type: ignore[attr-defined]
        return answer

    return mark


class Venue:
    """One provider. Stateless: everything it says follows from the call."""

    id: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    listed: tuple[Listing, ...]
    content_type: ClassVar[str] = JSON
    server: ClassVar[str] = "cloudflare"
    routes: ClassVar[tuple[Route, ...]]
    capabilities: ClassVar[frozenset[str]]

    def __init_subclass__(cls) -> None:
        # A venue that speaks like another names its routes itself.
        if "routes" not in vars(cls):
            cls.routes = tuple(
                found
                for value in vars(cls).values()
                if isinstance(found := getattr(value, "route", None), Route)
            )
        cls.capabilities = frozenset(name for one in cls.routes for name in one.capabilities)

    def without(self, symbols: Iterable[str]) -> Self:
        """The same venue with fewer listings."""
        gone = set(symbols)
        if not gone:
            return self
        smaller = copy.copy(self)
        smaller.listed = tuple(listing for listing in self.listed if listing.symbol not in gone)
        return smaller

    def find(
        self, path: str, method: str = "GET", said: Mapping[str, Any] | None = None
    ) -> tuple[Route, dict[str, str]] | None:
        """The route of this request, and what the path says."""
        for one in self.routes:
            if (match := one.pattern.fullmatch(path)) and one.meant(method, said or {}):
                return one, match.groupdict()
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that this path knows."""
        return sorted({one.method for one in self.routes if one.pattern.fullmatch(path)})

    def answer(self, call: Call, one: Route | None) -> Reply:
        """The answer to a request."""
        try:
            reply = self.unknown_path(call) if one is None else one.answer(self, call)
        except Refusal as refusal:
            reply = refusal.reply
        reply.headers = {**self.headers(call, one), **reply.headers}
        return reply

    def headers(self, call: Call, one: Route | None) -> dict[str, str]:
        """Headers on every answer of this venue."""
        del call, one
        return {"Server": self.server}

    def unknown_path(self, call: Call) -> Reply:
        """The answer to a path that does not exist."""
        raise NotImplementedError

    def failure(self, status: int) -> Reply:
        """The answer that carries this failing status."""
        raise NotImplementedError

    def maintenance(self, call: Call, status: int) -> Reply:
        """What everything is answered with while the venue is closed: a page, unless it has words for it."""
        del call
        text = "<p>We are performing scheduled maintenance. We will be back shortly.</p>\r\n"
        return page(status, "Scheduled Maintenance", text)


class PlainVenue(Venue):
    """A provider that has no words of its own for what went wrong: the server in front of it says it."""

    listed: tuple[Listing, ...] = ()

    def unknown_path(self, call: Call) -> Reply:
        """A page."""
        del call
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """A page."""
        return page(status, f"{status} {HTTPStatus(status).phrase}", "<hr><center>nginx</center>\r\n")


def page(status: int, title: str, text: str = "") -> Reply:
    """A bare HTML page, as gateways send them."""
    body = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
    return Reply(f"{body}{text}</body>\r\n</html>\r\n", status, content_type=HTML)
