"""The symbols that are known without asking anybody."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from core.wire import Provider

FILE = Path(__file__).parent / "symbols.toml"


def shipped(provider: Provider) -> frozenset[str]:
    """``BASE/QUOTE`` of a provider's main markets; of one with ids of its own for coins, all."""
    rules = provider.declaration.symbol
    if rules.named_only:
        named = (f"{base}/{quote}" for base in rules.rename for quote in provider.quotes if base != quote)
        return frozenset([*rules.overrides, *named])
    return _markets().get(provider.id, frozenset())


@cache
def _markets() -> Mapping[str, frozenset[str]]:
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        provider: frozenset(f"{base}/{quote}" for quote, bases in quotes.items() for base in bases.split())
        for provider, quotes in table.items()
    }
