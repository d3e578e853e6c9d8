"""Searching what the venues list. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

MOST = 50
"""Symbols that a search gives unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Market:
    """A symbol and who lists it, in the order in which they are asked."""

    symbol: str
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one provider's markets; ``whole`` when its own list was read lately."""

    symbols: frozenset[str]
    whole: bool


@dataclass(frozen=True, slots=True)
class Symbols:
    """What a search found, best match first. ``str()`` says in words who has it and who has not."""

    text: str
    markets: tuple[Market, ...]
    has: tuple[str, ...]
    """Providers that list what the text means: the symbol, where it names one, else the best base."""
    lacks: tuple[str, ...]
    """Those whose own list, read lately, does not have it."""
    unsure: tuple[str, ...]
    """Those of which only the main markets are known, and it is not one of them."""
    notes: tuple[str, ...] = ()
    lab: bool = False

    def providers_of(self, symbol: str) -> tuple[str, ...]:
        """Who lists this symbol, of those that were found; empty when nobody."""
        return next((one.providers for one in self.markets if one.symbol == symbol.strip().upper()), ())

    def __iter__(self) -> Iterator[Market]:
        """The markets."""
        return iter(self.markets)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.markets)

    def __str__(self) -> str:
        """``not listed at kraken; okx and binance have it``."""
        parts = [f"not listed at {_and(self.lacks)}"] if self.lacks else []
        if self.has:
            parts.append(f"{_and(self.has)} {'have' if len(self.has) > 1 else 'has'} it")
        if self.unsure:
            parts.append(f"not sure of {_and(self.unsure)}")
        return "; ".join(parts)


def search(
    text: str, known: Mapping[str, Known], names: Mapping[str, str], limit: int = MOST
) -> tuple[tuple[Market, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Markets, and who has, lacks, may have what is meant.

    ``known``: provider id → its markets, in the order in which they are asked; ``names``: asset → full name.
    The symbol itself comes first, then the base, what it begins, its full name; among equals what more
    providers list.
    """
    wanted = text.strip().upper().replace("-", "/").replace("_", "/")
    listed: dict[str, list[str]] = {}
    for provider, own in known.items():
        for symbol in own.symbols:
            listed.setdefault(symbol, []).append(provider)
    ranked = sorted(
        (rank, -len(providers), symbol)
        for symbol, providers in listed.items()
        if (rank := _rank(wanted, text.strip().casefold(), symbol, names)) is not None
    )
    markets = tuple(Market(symbol, tuple(listed[symbol])) for _, _, symbol in ranked[:limit])
    return markets, *_who(_meant(wanted, ranked), known)


def _meant(wanted: str, ranked: Sequence[tuple[int, int, str]]) -> str:
    """A symbol, or a base with a slash behind it."""
    if ranked and ranked[0][0] == 0:
        return ranked[0][2]
    if "/" in wanted.rstrip("/") or not ranked:
        return wanted
    return ranked[0][2].partition("/")[0] + "/"


def _who(meant: str, known: Mapping[str, Known]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    has: list[str] = []
    lacks: list[str] = []
    unsure: list[str] = []
    for provider, markets in known.items():
        base = meant.endswith("/") and any(symbol.startswith(meant) for symbol in markets.symbols)
        if base or meant in markets.symbols:
            has.append(provider)
        else:
            (lacks if markets.whole else unsure).append(provider)
    return tuple(has), tuple(lacks), tuple(unsure)


def _rank(wanted: str, name: str, symbol: str, names: Mapping[str, str]) -> int | None:
    """The lower the better; None for no match."""
    base, _, quote = symbol.partition("/")
    if wanted in {symbol, base + quote}:
        return 0
    if "/" in wanted:
        first, _, second = wanted.partition("/")
        return (1 if base == first else 2) if base.startswith(first) and quote.startswith(second) else None
    if base.startswith(wanted):
        return 1 if base == wanted else 2
    full = names.get(base, "").casefold()
    if name and (full == name or full.replace("-", " ").startswith(name.replace("-", " "))):
        return 3 if full == name else 4
    if (base + quote).startswith(wanted):
        return 5
    return 6 if len(wanted) > 2 and wanted in base else None


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
