"""One provider's share of a backfill: what is still to be asked for, page by page, within its quota."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from core.answer import NoAnswer, Outcome
from core.backfill.result import Filled
from core.candles.archive import Added, Archive, Series
from core.candles.frame import Bools, Ints
from core.catalog import Provider
from core.market import CandleQuery
from core.paging import Together, pages_over
from core.world import World

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


class _GivenUp(Exception):
    """A provider that is asked no more; the text says why."""


@dataclass
class Share:
    """The work for one provider."""

    world: World
    provider: Provider
    query: CandleQuery
    first: int
    stop: int
    progress: Together
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
        there, answered = await asyncio.to_thread(self._known)
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
        there, answered = await asyncio.to_thread(self._known)
        gaps = int(np.count_nonzero(answered & ~there))
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
        for left in reversed(range(TRIES)):
            await self._turn()
            self.requests += 1
            try:
                answer = await self.world.answers.ask(page, PAGE_DEADLINE, (self.provider.id,), archive=False)
            except NoAnswer as failed:
                said = failed.attempts[-1] if failed.attempts else None
                why = said.reason if said else "no answer"
                if said is not None and said.outcome in _FINAL:
                    raise _GivenUp(why) from None
                if not left:
                    break
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

    def _known(self) -> tuple[Bools, Bools]:
        """Of the range's slots those that the archive has, and those that the provider has answered for."""
        archive, step = self.world.archive, self.query.seconds
        there = np.zeros((self.stop - self.first) // step, dtype=bool)
        there[(archive.times(self.series, self.first, self.stop) - self.first) // step] = True
        answered = np.zeros_like(there)
        for start, stop in archive.asked(self.series):
            low, high = ((moment - self.first) // step for moment in (start, stop))
            answered[max(0, low) : max(0, high)] = True
        return there, answered

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
