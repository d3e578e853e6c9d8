"""Fill the archive with history: page by page within the venues' limits, several venues side by side.

What the archive has, and what a venue has answered for already, is not asked for again: a backfill that was
killed goes on where it stopped, and one that is repeated asks next to nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from core.answer import NoAnswer, Outcome
from core.candles.archive import Added, Archive, Series
from core.candles.frame import Bools, Ints
from core.catalog import Catalog, Provider
from core.market import CandleQuery
from core.paging import OnProgress, Progress, pages_over
from core.world import World

MOST_SLOTS = 10_000_000
"""Candles that one backfill may span."""
USUAL = 6
"""Venues that are asked when none are named."""
PAGE_DEADLINE = 60.0
"""Seconds for one page; waiting for our own quota is part of it."""
SPARE = 0.3
"""Share of a provider's quota that is left for those who wait for an answer."""
TRIES = 5
"""How often in a row one page may fail, with growing pauses between, before a provider is given up."""
LONGEST_REST = 900.0
"""Seconds of a pause that a provider asked for which are waited out; for a longer one it is given up."""
_SETTLING = 3
"""The newest candles of a venue may be late: that many are asked for again another time."""
_FEW = 4
"""Pages below which the beginning of a venue's history is not searched for, but come to."""
_FINAL: frozenset[Outcome] = frozenset(
    ("unknown_symbol", "blocked", "skipped_isolated", "skipped_disabled", "skipped_unserved")
)


def usual(catalog: Catalog, query: CandleQuery, now: float) -> tuple[Provider, ...]:
    """Whom to ask when nobody is named: the first venues that have such candles, however far back."""
    newest = CandleQuery(query.symbol, query.interval)
    serving = [
        one for one in catalog.serving("ohlcv") if one.kind == "exchange" and not one.serves(newest, now)
    ]
    return tuple(serving[:USUAL])


@dataclass(frozen=True, slots=True)
class Filled:
    """What one provider gave. Counts are candles."""

    provider: str
    new: int
    """Not in the archive before."""
    held: int
    """In the archive now, of the range."""
    gaps: int
    """Asked for, and the provider has none."""
    unasked: int
    """Not asked for: out of the provider's reach, before its history, or given up."""
    skipped: str
    """Why; empty when all was asked for."""
    requests: int

    def __str__(self) -> str:
        why = f"; {self.unasked:,} not asked for: {self.skipped}" if self.skipped else ""
        return (
            f"{self.provider}: {self.new:,} new, {self.held:,} in the archive, {self.gaps:,} missing there"
            f" ({self.requests:,} requests){why}"
        )


@dataclass(frozen=True, slots=True)
class Backfilled:
    """The result of a backfill. ``print`` it for a summary."""

    symbol: str
    interval: str
    start: pd.Timestamp
    end: pd.Timestamp
    lab: bool
    providers: tuple[Filled, ...]

    @property
    def rows(self) -> int:
        """Candles in the archive now, over all providers."""
        return sum(one.held for one in self.providers)

    def __str__(self) -> str:
        span = f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"
        head = f"{self.symbol} {self.interval}, {span}{' (LAB)' if self.lab else ''}"
        out: dict[str, list[str]] = {}
        for one in self.providers:
            if not one.held and not one.gaps:
                out.setdefault(one.skipped or "nothing was asked for", []).append(one.provider)
        gave = [f"  {one}" for one in self.providers if one.held or one.gaps]
        return "\n".join(
            [head, *gave, *(f"  not from {', '.join(names)}: {why}" for why, names in out.items())]
        )


class _GivenUp(Exception):
    """A provider that is asked no more; the text says why."""


@dataclass
class _Progress:
    """How far all providers together have come."""

    tell: OnProgress
    total: int = 0
    done: int = 0
    rows: int = 0

    def step(self, slots: int, rows: int, doing: str, provider: str) -> None:
        self.done += slots
        self.rows += rows
        share = min(1.0, self.done / self.total) if self.total else 1.0
        self.tell(Progress(share, doing, provider, self.rows))


async def backfill(
    world: World, query: CandleQuery, providers: Sequence[Provider], tell: OnProgress
) -> Backfilled:
    """See :meth:`core.async_hub.AsyncHub.backfill`. ``query`` has a start."""
    first, stop = query.span(world.now())
    if (slots := (stop - first) // query.seconds) > MOST_SLOTS:
        raise ValueError(
            f"start={query.start}: {slots:,} candles of {query.interval}, expected at most {MOST_SLOTS:,}; "
            "ask in parts"
        )
    progress = _Progress(tell)
    jobs = [_Job(world, provider, query, first, stop, progress) for provider in providers]
    for job in jobs:
        await job.prepare()
    progress.step(0, 0, f"{progress.total:,} candles to ask for", "")
    tasks = [asyncio.create_task(job.run()) for job in jobs]
    try:
        filled = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    progress.step(progress.total, 0, "done", "")
    start, end = (pd.Timestamp(moment, unit="s", tz="UTC") for moment in (first, stop))
    return Backfilled(query.symbol, query.interval, start, end, world.lab, tuple(filled))


@dataclass
class _Job:
    """One provider's share."""

    world: World
    provider: Provider
    query: CandleQuery
    first: int
    stop: int
    progress: _Progress
    new: int = 0
    requests: int = 0
    skipped: list[str] = field(default_factory=list)
    pages: list[CandleQuery] = field(default_factory=list)
    since: int = 0
    """Open time of the first candle that is there already after all that is to be asked for; 0 for none."""

    @property
    def series(self) -> Series:
        return Series(self.provider.id, self.query.symbol, self.query.interval)

    async def prepare(self) -> None:
        """Find out what is to be asked for."""
        now = self.world.now()
        if reason := self.provider.serves(self.query, now):
            self.skipped.append(reason)
            return
        there = await asyncio.to_thread(self._there)
        answered = self._answered()
        wanted = ~there & ~answered
        reach = self.provider.reach(self.query, now)
        if (
            reach is not None and (reach := reach + self.query.seconds) > self.first
        ):  # the open candle counts too
            beyond = (reach - self.first) // self.query.seconds
            if wanted[:beyond].any():
                self._skip(f"it keeps no candles before {pd.Timestamp(reach, unit='s'):%Y-%m-%d %H:%M} UTC")
            wanted[:beyond] = False
        windows = [
            (self.first + int(low) * self.query.seconds, self.first + int(high) * self.query.seconds)
            for low, high in _runs(wanted)
        ]
        self.pages = list(pages_over(self.provider, self.query, windows, now))
        if windows and (later := there[(windows[-1][1] - self.first) // self.query.seconds :]).any():
            self.since = windows[-1][1] + int(np.argmax(later)) * self.query.seconds
        self.progress.total += sum(_slots(page) for page in self.pages)

    async def run(self) -> Filled:
        """Ask for it."""
        try:
            pages = await self._since_history_begins(self.pages)
            for page in pages:
                await self._page(page)
        except _GivenUp as why:
            self._skip(str(why))
        there = await asyncio.to_thread(self._there)
        gaps = int(np.count_nonzero(self._answered() & ~there))
        held = int(np.count_nonzero(there))
        unasked = len(there) - held - gaps
        if not self.skipped and unasked:
            # the newest ones, which a venue may have yet to publish
            gaps, unasked = gaps + unasked, 0
        return Filled(self.provider.id, self.new, held, gaps, unasked, "; ".join(self.skipped), self.requests)

    async def _since_history_begins(self, pages: list[CandleQuery]) -> list[CandleQuery]:
        """The pages still to ask for once it is known where the provider's history begins.

        When the first page is empty the first one that is not is searched for by halves: years before a coin
        was listed are not worth a request each.
        """
        if not pages or await self._page(pages[0]) or len(pages) < _FEW:
            return pages[1:]
        empty, filled = 0, len(pages)
        asked = {empty}
        if not self.since:
            filled = len(pages) - 1
            asked.add(filled)
            if not await self._page(pages[filled]):
                return pages[1:-1]  # it has ended since, too: no telling where it lies
        while filled - empty > 1:
            middle = (empty + filled) // 2
            asked.add(middle)
            if await self._page(pages[middle]):
                filled = middle
            else:
                empty = middle
        before = [page for place, page in enumerate(pages[:empty]) if place not in asked]
        if before:
            begins = _bounds(pages[filled])[0] if filled < len(pages) else self.since
            self._skip(f"its history begins about {pd.Timestamp(begins, unit='s'):%Y-%m-%d}")
            self.progress.step(sum(map(_slots, before)), 0, "before its history", self.provider.id)
        return [page for place, page in enumerate(pages) if place > empty and place not in asked]

    async def _page(self, page: CandleQuery) -> int:
        """Fetch one page and keep it. Returns its rows."""
        frame, fetched = await self._fetch(page)
        start, stop = _bounds(page)
        settled = min(stop, int(self.world.now() // self.query.seconds - _SETTLING) * self.query.seconds)
        holes = len(frame) < _slots(page) and settled > start
        keep = partial(
            _keep, self.world.archive, self.series, frame, fetched, (start, settled) if holes else None
        )
        added = await self.world.write(keep)
        self.new += added.new
        self.progress.step(
            _slots(page),
            added.new,
            f"{self.provider.name} up to {page.end:%Y-%m-%d %H:%M} UTC",
            self.provider.id,
        )
        return len(frame)

    async def _fetch(self, page: CandleQuery) -> tuple[pd.DataFrame, float]:
        pause = 1.0
        for _ in range(TRIES):
            await self._turn()
            self.requests += 1
            try:
                answer = await self.world.answers.ask(page, PAGE_DEADLINE, (self.provider.id,), archive=False)
            except NoAnswer as failed:
                said = failed.attempts[-1] if failed.attempts else None
                why = said.reason if said else "no answer"
                if said is not None and said.outcome in _FINAL:
                    raise _GivenUp(why) from None
                pause *= 2
                rest = max(pause, self._resting())
                if rest > LONGEST_REST:
                    raise _GivenUp(why) from None
                self.progress.step(0, 0, f"{self.provider.name} rests {rest:.0f} s: {why}", self.provider.id)
                await asyncio.sleep(rest)
            else:
                return answer.value, answer.fetched
        raise _GivenUp(f"{TRIES} failures in a row, the last: {why}")

    async def _turn(self) -> None:
        """Wait until the provider's quota has room beside what others may need now."""
        limiter = self.world.guard.limiters[self.provider.id]
        await asyncio.sleep(limiter.room(SPARE, self.world.mono()))

    def _resting(self) -> float:
        """Seconds of a pause that the provider has asked for, on all of its hosts."""
        guard, now = self.world.guard, self.world.mono()
        waits = [guard.rests(self.provider, "ohlcv", host, now) for host in self.provider.hosts]
        return min(waits)

    def _there(self) -> Bools:
        """Of the range's slots those that the archive has."""
        times = self.world.archive.times(self.series, self.first, self.stop)
        there = np.zeros((self.stop - self.first) // self.query.seconds, dtype=bool)
        there[(times - self.first) // self.query.seconds] = True
        return there

    def _answered(self) -> Bools:
        """Of the range's slots those that the provider has answered for, whatever it had."""
        asked = np.zeros((self.stop - self.first) // self.query.seconds, dtype=bool)
        for start, stop in self.world.archive.asked(self.series):
            low, high = ((moment - self.first) // self.query.seconds for moment in (start, stop))
            asked[max(0, low) : max(0, high)] = True
        return asked

    def _skip(self, reason: str) -> None:
        if reason not in self.skipped:
            self.skipped.append(reason)


def _keep(
    archive: Archive, series: Series, frame: pd.DataFrame, fetched: float, asked: tuple[int, int] | None
) -> Added:
    """The rows first: a kill in between only makes that range be asked for once more."""
    added = archive.add(series, frame, fetched) if len(frame) else Added(0, 0, 0)
    if asked is not None:
        archive.note_asked(series, *asked)
    return added


def _runs(mask: Bools) -> Ints:
    """First place and the place after the last of each run."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return edges.reshape(-1, 2).astype(np.int64)


def _bounds(page: CandleQuery) -> tuple[int, int]:
    assert page.start is not None  # noqa: S101 (pages have both)
    assert page.end is not None  # noqa: S101
    return int(page.start.timestamp()), int(page.end.timestamp())


def _slots(page: CandleQuery) -> int:
    start, stop = _bounds(page)
    return (stop - start) // page.seconds
