"""The state of one call through the router, and what is said of its result."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from core.answer import Attempt, Tier
from core.engine.candidates import Candidate
from core.engine.complete import lateness
from core.engine.line import Line
from core.engine.result import Result
from core.market import (
    CandleQuery,
    MetadataQuery,
    NewsQuery,
    OnChainQuery,
    Query,
    SentimentQuery,
    SocialQuery,
    SymbolQuery,
)

TICK = 0.001
"""A timer may wake a hair early; this near to its moment it counts as due."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value, whose it is, and how it was come by."""

    value: Any
    candidate: Candidate
    tier: Tier
    attempts: tuple[Attempt, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class Call:
    """The state of one call: who is left, who runs, what came."""

    query: Query
    left: Line
    deadline: float
    began: float
    mark: int
    """Responses that anybody had given when it began."""
    budget: int
    """Tries that it may still make: first ones, hedges and retries alike."""
    attempts: list[Attempt] = field(default_factory=list)
    running: dict["asyncio.Task[Result]", Result] = field(default_factory=dict)
    newest: "asyncio.Task[Result] | None" = None
    asked: dict[tuple[str, Query], set[str]] = field(default_factory=dict)
    """Which hosts of a provider were asked, for each variant of the query."""
    forms: dict[tuple[str, Query], set[int]] = field(default_factory=dict)
    """In which forms a host was asked, or will be, for each variant of the query."""
    done_with: set[tuple[str, Query]] = field(default_factory=set)
    """Providers whose other hosts would answer the same."""
    partials: int = 0
    resting: list[tuple[float, Candidate]] = field(default_factory=list)
    """Candidates that only our own quota holds back, and for how many seconds."""
    refused: set[str] = field(default_factory=set)
    """Scopes whose refusal is on record already."""
    best: Result | None = None
    unblamed: list[Callable[[bool], None]] = field(default_factory=list)
    unreached: set[str] = field(default_factory=set)

    def spend(self) -> bool:
        """Take one try from the budget, if there is one left."""
        left = self.budget > 0
        self.budget -= left
        return left


def length(value: Any) -> int:
    """By how much one partial value is better than another."""
    return len(value) if hasattr(value, "__len__") else 1


def nothing_new(result: Result) -> bool:
    """Whether a value holds no candle at all where the newest were asked for: then others may know better."""
    query, value = result.candidate.query, result.value
    unbounded = isinstance(query, CandleQuery) and query.start is None and query.end is None
    return unbounded and isinstance(value, pd.DataFrame) and value.empty


def in_order(attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """As they began."""
    return tuple(sorted(attempts, key=lambda attempt: attempt.started))


def notes_on(query: Query, winner: Result, now: float) -> tuple[str, ...]:
    """What a reader of the value should know."""
    notes = [*([winner.partial] if winner.partial else []), *winner.notes]
    used = winner.candidate.query
    if isinstance(query, SymbolQuery) and isinstance(used, SymbolQuery) and used.quote != query.quote:
        notes.append(f"quoted in {used.quote}, not in {query.quote}: {used.quote} was allowed in its place")
    if isinstance(winner.value, pd.DataFrame) and "volume" not in winner.value.columns:
        notes.append(f"no volume: {winner.candidate.provider.name} does not give it in base units")
    if (overdue := lateness(used, winner.value, now)) and overdue not in notes:
        notes.append(overdue)
    return tuple(notes)


def described(query: Query) -> str:
    """The query in a few words: ``1h candles of BTC/USDT``."""
    match query:
        case MetadataQuery(asset=None):
            return "the market as a whole"
        case MetadataQuery(asset=asset):
            return f"facts on {asset}"
        case NewsQuery(topic=topic):
            return f"news about {topic}" if topic else "news"
        case SentimentQuery(text=text):
            return "the mood of the market" if text is None else "the sentiment of a text"
        case SocialQuery(symbol=asset):
            return f"what is said of {asset}"
        case OnChainQuery(metric=metric):
            return f"{metric} on the chain"
    what = {"ohlcv": "candles", "orderbook": "order book", "ai_prediction": "prediction"}
    symbol = f" of {query.symbol}" if isinstance(query, SymbolQuery) else ""
    named = what.get(query.capability, query.capability)
    return f"{getattr(query, 'interval', '')} {named}{symbol}".strip()
