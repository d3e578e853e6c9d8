"""A price of several independent venues at once: median, spread, who agrees, who dissents.

Everyone is asked through the router, so guards, quotas, retries and books are those of any other call. Providers of
the same upstream are one voice, and stand in for each other. A voice that is far from the majority is evidence on
its endpoint's truth axis.
"""

import asyncio
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.answer import Attempt, NoAnswer, Tier
from core.clock import Clock
from core.engine.call import TICK, Found, described, in_order
from core.engine.candidates import skipped
from core.engine.exchange import Exchange
from core.engine.guard import Guard
from core.engine.peers import PEERS
from core.engine.router import Router
from core.market import Consensus, PriceQuery, Quote, Voice
from core.settings import Settings

SOURCE = "consensus"
"""What stands in the place of a provider's id on such an answer."""


@dataclass(frozen=True, slots=True)
class Polled:
    """A consensus, and how it was come by."""

    value: Consensus
    tier: Tier
    attempts: tuple[Attempt, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Poll:
    """The state of one poll in one quote currency."""

    query: PriceQuery
    lines: Iterator[tuple[str, tuple[str, ...]]]
    """Upstreams with their providers, still to be asked."""
    running: "dict[asyncio.Task[Found], tuple[str, str]]" = field(default_factory=dict)
    """Who is asked now: the upstream, and its first provider."""
    found: list[tuple[str, Found]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    offline: bool = True
    """Whether all who failed did so for want of a network."""
    stood_in: bool = False
    """Whether somebody was asked in another's place."""


class Polls:
    """Asks several venues at once."""

    def __init__(
        self, settings: Settings, clock: Clock, guard: Guard, exchange: Exchange, router: Router
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._exchange = exchange
        self._router = router

    async def find(self, query: PriceQuery, deadline: float, providers: Sequence[str] | None) -> Polled:
        """The consensus of ``query.quorum`` venues, or of as many as answered within ``deadline`` seconds.

        All prices are in one quote currency: the one asked for, else one that the query allows. NoAnswer when
        not one venue answered.
        """
        until = self._clock.mono() + deadline
        best: _Poll | None = None
        attempts: list[Attempt] = []
        for quote in dict.fromkeys((query.quote, *query.allow_quote)):
            asked = PriceQuery(f"{query.base}/{quote}", quorum=query.quorum)
            poll = _Poll(asked, self._lines(asked, providers))
            await self._run(poll, until)
            attempts += poll.attempts
            if best is None or len(poll.found) > len(best.found):
                best = poll
            if len(poll.found) >= query.quorum or self._clock.mono() >= until - TICK:
                break
        assert best is not None  # noqa: S101 - there is always the quote currency asked for
        if len(best.found) < query.quorum:
            attempts += self._left_out(best.query, providers)
        if not best.found:
            what = f"{described(query)} from {query.quorum} independent venues"
            raise NoAnswer(what, in_order(attempts), offline=bool(attempts) and best.offline)
        polled = self._agreed(query, best, attempts)
        if polled.value.dissenting:
            await self._exchange.persist()
        return polled

    async def _run(self, poll: _Poll, until: float) -> None:
        """Ask as many as are wanted; another for each that fails, and once for those that are slow."""
        wanted = poll.query.quorum
        for _ in range(wanted):
            self._start(poll, until)
        hedge_at = self._clock.mono() + self._settings.hedge_max
        try:
            while poll.running and len(poll.found) < wanted:
                now = self._clock.mono()
                if now >= until + TICK:
                    break
                timeout = max(0.0, min(hedge_at, until + 2 * TICK) - now)
                done, _ = await asyncio.wait(
                    poll.running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
                )
                for task in [task for task in poll.running if task in done]:  # as they began
                    if not self._take(poll, task):
                        self._start(poll, until, instead=True)
                if not done and self._clock.mono() >= hedge_at - TICK:
                    hedge_at = float("inf")
                    for _ in range(min(len(poll.running), wanted - len(poll.found))):
                        self._start(poll, until, instead=True)
        finally:
            await self._stop(poll)

    def _start(self, poll: _Poll, until: float, *, instead: bool = False) -> None:
        left = until - self._clock.mono()
        if left <= TICK or (line := next(poll.lines, None)) is None:
            return
        upstream, ids = line
        task = asyncio.create_task(self._router.find(poll.query, left, ids))
        poll.running[task] = upstream, ids[0]
        poll.stood_in |= instead

    def _take(self, poll: _Poll, task: "asyncio.Task[Found]") -> bool:
        upstream, _ = poll.running.pop(task)
        try:
            found = task.result()
        except NoAnswer as failed:
            poll.attempts += failed.attempts
            poll.offline &= failed.offline
            return False
        poll.attempts += found.attempts
        if len(poll.found) < poll.query.quorum:
            poll.found.append((upstream, found))
        return True

    async def _stop(self, poll: _Poll) -> None:
        """Those who are still silent run on to their own end, for their books; nobody waits for them."""
        for task in poll.running:
            task.cancel()
        await asyncio.gather(*poll.running, return_exceptions=True)
        wall = self._clock.now()
        enough = len(poll.found) >= poll.query.quorum
        why = "still silent when enough others had answered" if enough else "no answer within the deadline"
        poll.attempts += [
            Attempt(provider, "", "overtaken" if enough else "timeout", why, None, wall, 0.0)
            for _, provider in poll.running.values()
        ]
        poll.running.clear()

    def _agreed(self, query: PriceQuery, poll: _Poll, attempts: Iterable[Attempt]) -> Polled:
        quotes: dict[str, Quote] = {found.candidate.provider.id: found.value for _, found in poll.found}
        median = statistics.median(quote.last for quote in quotes.values())
        tolerance = self._settings.dissent_tolerance
        voices = [_voice(upstream, found, median, tolerance) for upstream, found in poll.found]
        voices.sort(key=lambda voice: voice.price)
        agreeing = [voice for voice in voices if voice.agrees]
        dissenting = [voice for voice in voices if not voice.agrees]
        # Voices that contradict each other outvote nobody.
        outvoted = {}
        if len(agreeing) >= PEERS and 2 * len(agreeing) > len(voices):
            names = ", ".join(sorted(voice.provider for voice in agreeing))
            outvoted = {
                voice.provider: f"price {voice.price:g} is {voice.off_pct:+.1f} % off the median {median:g} of {names}"
                for voice in dissenting
            }
        for _, found in poll.found:
            self._exchange.verdict(
                found.candidate, found.value, outvoted.get(found.candidate.provider.id, "")
            )
        times = [voice.time for voice in agreeing if voice.time is not None]
        value = Consensus(
            symbol=poll.query.symbol,
            last=median,
            time=min(times, default=None),
            quorum=query.quorum,
            agreeing=len(agreeing),
            spread_pct=(voices[-1].price - voices[0].price) / median * 100,
            dissenting=tuple(voice.provider for voice in dissenting),
            voices=tuple(voices),
        )
        return Polled(
            value,
            "fallback" if poll.stood_in else "primary",
            in_order([_outvoted(attempt, outvoted) for attempt in attempts]),
            tuple(_notes(query, poll, value)),
        )

    def _lines(
        self, query: PriceQuery, providers: Sequence[str] | None
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Upstreams in order of priority, each with those who can tell its price."""
        lines: dict[str, list[str]] = {}
        for provider in self._among(providers):
            if not self._cannot(query, provider):
                lines.setdefault(provider.upstream, []).append(provider.id)
        return iter([(upstream, tuple(ids)) for upstream, ids in lines.items()])

    def _among(self, providers: Sequence[str] | None) -> Iterable[Any]:
        catalog = self._guard.catalog
        if providers is None:
            return catalog.serving("price")
        chosen = catalog.only(providers)
        return [chosen[name] for name in dict.fromkeys(providers)]

    def _cannot(self, query: PriceQuery, provider: Any) -> str:
        wall = self._clock.now()
        return (
            self._guard.disabled(provider)
            or provider.serves(query, wall)
            or self._guard.unlisted(provider, query, wall)
        )

    def _left_out(self, query: PriceQuery, providers: Sequence[str] | None) -> list[Attempt]:
        """Why nobody else was asked, where that matters."""
        wall = self._clock.now()
        told = []
        for provider in self._among(providers):
            if reason := self._cannot(query, provider):
                outcome: Any = "skipped_disabled" if self._guard.disabled(provider) else "skipped_unserved"
                told.append(skipped(provider, None, outcome, reason, wall))
        return told


def _voice(upstream: str, found: Found, median: float, tolerance: float) -> Voice:
    quote: Quote = found.value
    off = quote.last / median - 1
    return Voice(
        provider=found.candidate.provider.id,
        host=found.candidate.host.name,
        upstream=upstream,
        price=quote.last,
        off_pct=off * 100,
        agrees=abs(off) <= tolerance,
        time=quote.time,
    )


def _outvoted(attempt: Attempt, outvoted: dict[str, str]) -> Attempt:
    reason = outvoted.get(attempt.provider)
    return (
        attempt
        if reason is None or attempt.outcome != "ok"
        else replace(attempt, outcome="truth", reason=reason)
    )


def _notes(query: PriceQuery, poll: _Poll, value: Consensus) -> Iterator[str]:
    said = len(value.voices)
    if said < query.quorum:
        yield f"partial: {said} of the {query.quorum} independent venues asked for"
    if said > 1:
        yield f"median of {said} venues, {value.agreeing} of {said} agree; spread {value.spread_pct:.2f} %"
    if value.dissenting:
        yield f"disputed: {', '.join(value.dissenting)} dissent"
    if value.symbol != query.symbol:
        quote = poll.query.quote
        yield f"quoted in {quote}, not in {query.quote}: {quote} was allowed in its place"
    for _, found in poll.found:
        for note in found.notes:
            yield f"{found.candidate.provider.id}: {note}"
