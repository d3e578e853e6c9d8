"""Long work over history: which requests it takes, and how far it has come."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from core.catalog import Provider
from core.market import CandleQuery

_AHEAD = 10_000
"""Intervals for which pages are worked out at a time."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long piece of work has come."""

    share: float
    """0 … 1."""
    doing: str
    """In words for a person."""
    provider: str = ""
    rows: int = 0
    """Candles that it has brought so far."""


OnProgress: TypeAlias = Callable[[Progress], None]
"""Is called with every step; by ``AsyncHub`` on its loop, where it must return at once, by ``Hub`` in the thread that
waits. What it raises ends the work."""


def silent(_: Progress) -> None:
    """For work that nobody watches."""


@dataclass
class Together:
    """How far several who share a piece of work have come, all together."""

    tell: OnProgress
    total: int = 0
    """Slots that are to be asked for."""
    done: int = 0
    rows: int = 0

    def step(self, slots: int, rows: int, doing: str, provider: str) -> None:
        """So many more slots are done, which brought so many rows."""
        self.done += slots
        self.rows += rows
        share = min(1.0, self.done / self.total) if self.total else 1.0
        self.tell(Progress(share, doing, provider, self.rows))


def pages_over(
    provider: Provider, query: CandleQuery, windows: Sequence[tuple[int, int]], now: float
) -> Iterator[CandleQuery]:
    """Queries that each fit one request of a provider and together cover ``windows``, oldest first.

    Windows are open times ``[start, stop)`` in seconds, in order. What lies between two of them is asked for only
    where one request covers both.
    """
    left = list(windows)
    while left:
        start = left[0][0]
        stop = min(left[-1][1], start + _AHEAD * query.seconds)
        end = _seconds(provider.pages(_between(query, start, stop), now)[0])
        inside = [window for window in left if window[0] < end]
        yield _between(query, start, min(end, inside[-1][1]))
        left = left[len(inside) :]
        if inside[-1][1] > end:
            left.insert(0, (end, inside[-1][1]))


def _between(query: CandleQuery, start: int, stop: int) -> CandleQuery:
    first, last = (datetime.fromtimestamp(moment, UTC) for moment in (start, stop))
    return CandleQuery(query.symbol, query.interval, first, last)


def _seconds(page: object) -> int:
    assert isinstance(page, CandleQuery)  # noqa: S101 (pages of candles are of their kind)
    assert page.end is not None  # noqa: S101 (it came from one with an end)
    return int(page.end.timestamp())
