"""Price levels that a person wants to hear of. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.market import parse_symbol
from core.ops.alerts.machine import Finding

MOST = 100
"""Symbols on the list at most: each is asked for once a minute."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A symbol on the watchlist; a level that is None says nothing. ValueError for what cannot be."""

    symbol: str
    above: float | None = None
    below: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbol", "/".join(parse_symbol(self.symbol)))
        for name in ("above", "below"):
            level = getattr(self, name)
            if level is None:
                continue
            if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < math.inf:
                raise ValueError(f"{name}={str(level)[:40]!r}: expected a price above 0")
            object.__setattr__(self, name, float(level))
        if self.above is not None and self.below is not None and self.below >= self.above:
            raise ValueError(f"below={self.below:g}: expected less than above={self.above:g}")
        if not isinstance(self.note, str) or len(self.note) > 200:
            raise ValueError("note: expected at most 200 characters")

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {name: getattr(self, name) for name in Watched.__dataclass_fields__}


def crossings(
    watched: Iterable[Watched], prices: Mapping[str, float | None], margin: float
) -> Iterator[Finding]:
    """Levels that are crossed; unsure within ``margin`` (a share) of the level, and without a price."""
    for one in watched:
        last = prices.get(one.symbol)
        if one.above is not None:
            sure = last is not None and last >= one.above
            if sure or last is None or last > one.above * (1 - margin):
                yield _crossing(one, "above", one.above, last, sure=sure)
        if one.below is not None:
            sure = last is not None and last <= one.below
            if sure or last is None or last < one.below * (1 + margin):
                yield _crossing(one, "below", one.below, last, sure=sure)


def _crossing(one: Watched, side: str, level: float, last: float | None, *, sure: bool) -> Finding:
    note = f" ({one.note})" if one.note else ""
    said = f"{one.symbol} is {_price(last)}, {side} {_price(level)}{note}."
    return Finding("price", f"{one.symbol} {side} {level:g}", "warning", said, last, sure)


def _price(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.10g}"
