"""Who could answer a query, in which order. Pure but for the random draw among equals."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from core.answer import Attempt, Outcome
from core.catalog import Catalog, Host, Provider
from core.engine.balance import in_turn, p2c
from core.engine.build import finer_interval, finer_query
from core.engine.guard import Guard
from core.market import CandleQuery, Query, SymbolQuery


@dataclass(frozen=True, slots=True)
class Candidate:
    """One endpoint and the query as put to it; ``first`` marks the one that all others stand in for."""

    provider: Provider
    host: Host
    query: Query
    first: bool = False
    finer: str = ""
    """The interval that its candles are built from, where it lacks the one asked for."""
    form: int = 0
    """0 is the usual form of the call, n its n-th declared alternative."""

    @property
    def how(self) -> str:
        """What is unusual about asking it, in words; empty for nothing."""
        parts = [f"built from {self.finer}"] if self.finer else []
        if self.form:
            other = self.provider.alternatives(self.query.capability)[self.form - 1]
            parts.append(f"alternative form: {other.name}")
        return "; ".join(parts)

    def on_the_wire(self, now: float) -> Query:
        """The query as it is sent; ``now`` in UTC seconds."""
        if not self.finer or not isinstance(self.query, CandleQuery):
            return self.query
        return finer_query(self.query, self.finer, now)


@dataclass(frozen=True, slots=True)
class Unserved:
    """A provider that cannot serve the query, and why."""

    provider: Provider
    reason: str
    outcome: Outcome = "skipped_unserved"


class Ranking:
    """Orders the providers of a catalogue for one query."""

    def __init__(
        self, catalog: Catalog, guard: Guard, balance: Literal["p2c", "round_robin"], rng: random.Random
    ) -> None:
        self._catalog = catalog
        self._guard = guard
        self._balance = balance
        self._random = rng
        self._turn = 0

    def rank(
        self, query: Query, providers: Sequence[str] | None, now: float, wall: float
    ) -> Iterator[Candidate | Unserved]:
        """Endpoints in the order in which to ask them, those that cannot serve in their place.

        Priority first, equals balanced; who cannot reach the whole span comes after who can; who would have to
        build the candles from finer ones after everybody who has them; another quote currency, where allowed,
        after everybody who has or builds the one asked for. ``providers`` names the only ones to ask, in that
        order. Worked out as far as it is asked for: mostly the first one answers.
        """
        marked = False
        for entry in self._ranked(query, providers, now, wall):
            if marked or isinstance(entry, Unserved):
                yield entry
            else:
                marked = True
                yield replace(entry, first=True)

    def _ranked(
        self, query: Query, providers: Sequence[str] | None, now: float, wall: float
    ) -> Iterator[Candidate | Unserved]:
        order: Iterable[Provider] = self._order(query, providers, now)
        variants = list(_variants(query))
        if len(variants) > 1:
            order = list(order)  # gone through more than once
        for variant in variants:
            short: list[Candidate] = []
            building: list[Candidate] = []
            for provider in order:
                disabled = self._guard.disabled(provider)
                lacks = provider.serves(variant, wall)
                unlisted = self._guard.unlisted(provider, variant, wall)
                finer = None if disabled or unlisted or not lacks else finer_interval(provider, variant, wall)
                if finer:
                    building += self._hosts(provider, variant, finer)
                elif (reason := lacks or unlisted) or disabled:
                    if variant is query:
                        outcome: Outcome = "skipped_unserved" if reason else "skipped_disabled"
                        yield Unserved(provider, reason or disabled, outcome)
                elif providers is None and not provider.covers(variant, wall):
                    short += self._hosts(provider, variant)
                else:
                    yield from self._hosts(provider, variant)
            yield from short
            yield from building

    def _hosts(self, provider: Provider, query: Query, finer: str = "") -> list[Candidate]:
        forms, capability = self._guard.forms, query.capability
        return [
            Candidate(provider, host, query, finer=finer, form=forms.of(provider, capability, host))
            for host in provider.hosts
        ]

    def _order(self, query: Query, providers: Sequence[str] | None, now: float) -> Iterator[Provider]:
        if providers is not None:
            chosen = self._catalog.only(providers)
            yield from (chosen[name] for name in dict.fromkeys(providers))
            return
        serving = self._catalog.serving(query.capability)
        self._turn += 1
        for _, group in groupby(serving, key=lambda one: one.priority_for(query.capability)):
            equals = list(group)
            if len(equals) == 1:
                yield equals[0]
            elif self._balance == "round_robin":
                yield from in_turn(equals, self._turn)
            else:
                loads = [
                    self._guard.health(provider, query.capability, provider.hosts[0]).ewma.load(now)
                    for provider in equals
                ]
                yield from p2c(equals, loads, self._random)


def _variants(query: Query) -> Iterator[Query]:
    yield query
    if isinstance(query, SymbolQuery):
        for quote in getattr(query, "allow_quote", ()):
            if quote != query.quote:
                yield query.replace(symbol=f"{query.base}/{quote}")


def skipped(provider: Provider, host: Host | None, outcome: Outcome, reason: str, wall: float) -> Attempt:
    """The record of a candidate that was not asked."""
    name = host.name if host is not None else ""
    return Attempt(provider.id, name, outcome, reason, None, wall, 0.0)
