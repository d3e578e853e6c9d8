"""Which symbols a provider lists: the declaration of the call, and how its answer is read."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import model_validator

from core.answer import BadPayload
from core.wire.calls import Call
from core.wire.fields import Dotted, Model, Several
from core.wire.paths import MISSING, find, show_path
from core.wire.values import clip

_ASSET = re.compile(r"[A-Z0-9]{1,20}")


class Skip(Model):
    """Rows to pass over: other kinds of markets, and those in which nothing is traded.

    ``equals``: the value is one of these. ``differs``: it is there and none of these.
    """

    path: Dotted
    equals: Several = ()
    differs: Several = ()

    @model_validator(mode="after")
    def _one_condition(self) -> "Skip":
        if bool(self.equals) == bool(self.differs):
            raise ValueError("expected either equals or differs")
        return self

    def holds(self, row: Any) -> bool:
        """Whether this row is to be passed over."""
        value = find(row, self.path)
        if value is MISSING or value is None:
            return False
        wanted = {str(one) for one in self.equals or self.differs}
        return (str(value) in wanted) == bool(self.equals)


class ListingCall(Call):
    """The list of markets. ``rows`` leads to a list, or to an object of objects.

    A row names both assets (``base``, ``quote``) or its ``pair``, which ``form`` takes apart: a regular
    expression with the groups base and quote, of a row that does not match being no market of ours. Without
    a form the two names stand side by side, and the known quote currencies say where one ends.
    """

    rows: Dotted = ()
    base: Dotted | None = None
    quote: Dotted | None = None
    pair: Dotted | None = None
    form: str | None = None
    skip: tuple[Skip, ...] = ()

    @classmethod
    def template_names(cls) -> set[str]:
        return set()

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """The form, compiled. ValueError when it is none."""
        if self.form is None:
            return None
        try:
            found = re.compile(self.form)
        except re.error as error:
            raise ValueError(f"form={self.form!r}: {error}") from None
        if set(found.groupindex) != {"base", "quote"}:
            raise ValueError(f"form={self.form!r}: expected the groups base and quote")
        return found

    @model_validator(mode="after")
    def _names_a_market(self) -> "ListingCall":
        if (self.base is None) != (self.quote is None) or (self.base is None) == (self.pair is None):
            raise ValueError("expected either base and quote, or pair")
        if self.form is not None and self.pair is None:
            raise ValueError("form: expected a pair to take apart")
        _ = self.pattern
        return self


class _Market(NamedTuple):
    base: str
    quote: str


def read_markets(
    call: ListingCall, ours: Callable[[str], str | None], quotes: Sequence[str], body: Any
) -> frozenset[str]:
    """``BASE/QUOTE`` of every market that can be asked for, in the project's names.

    ``ours`` turns the provider's name of an asset into ours, or None for an asset without one. Markets in
    other currencies than ``quotes`` (if any are given) are left out: tests, derivatives, junk. BadPayload
    when the rows are not there, or most of them name no market.
    """
    rows = find(body, call.rows)
    if isinstance(rows, dict) and all(isinstance(row, dict | list) for row in rows.values()):
        rows = list(rows.values())
    if not isinstance(rows, list):
        shown = "missing" if rows is MISSING else clip(rows)
        raise BadPayload(f"{show_path(call.rows)} is {shown}, expected a list of markets")
    named, unread, first = _named(call, rows)
    if unread > len(rows) - unread:
        raise BadPayload(first)
    if call.pair is not None and call.pattern is None:
        markets: Iterable[_Market] = _parted([pair.base.upper() for pair in named], quotes)
    else:
        markets = named
    found = set()
    for market in markets:
        base, quote = ours(market.base), ours(market.quote)
        if base and quote and base != quote and _ASSET.fullmatch(base) and _ASSET.fullmatch(quote):
            found.add((base, quote))
    symbols = frozenset(f"{base}/{quote}" for base, quote in found if not quotes or quote in quotes)
    if not symbols:
        raise BadPayload(f"none of {len(rows)} rows is a market that is traded")
    return symbols


def _named(call: ListingCall, rows: list[Any]) -> tuple[list[_Market], int, str]:
    """What the rows say, how many say nothing, and what is wrong with the first of those."""
    named: list[_Market] = []
    unread, first = 0, ""
    paths = [path for path in (call.pair, call.base, call.quote) if path is not None]
    for number, row in enumerate(rows, 1):
        if any(skip.holds(row) for skip in call.skip):
            continue
        said = [find(row, path) for path in paths]
        if not all(isinstance(name, str) for name in said):
            unread += 1
            first = first or f"row {number} is {clip(row)}: no names of a market"
        elif call.pattern is None:
            named.append(_Market(said[0], said[-1]))
        elif match := call.pattern.fullmatch(said[0]):
            named.append(_Market(match["base"], match["quote"]))
    return named, unread, first


def _parted(names: Sequence[str], quotes: Sequence[str]) -> Iterator[_Market]:
    """Names without a sign between, taken apart: BTCGUSD is BTC/GUSD where BTC is also in other names."""
    readings = {
        name: [_Market(name.removesuffix(quote), quote) for quote in quotes if name.endswith(quote)]
        for name in set(names)
    }
    seen = Counter(base for found in readings.values() for base in {market.base for market in found})
    for found in readings.values():
        sound = [market for market in found if market.base]
        if sound:
            yield max(sound, key=lambda market: (seen[market.base], -len(market.quote)))
