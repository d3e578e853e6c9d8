"""Looks after archived series: judges those that changed, and has bad ones mended by themselves. One at a time.

What it finds is in the archive's history of scores, where alerts and pages look. All reading and judging is done in
other threads. A mend goes through the healer like any other, with its cooldown and in the journal.
"""

import asyncio
import logging
from collections.abc import Callable

from core.answer import KintsugiError
from core.candles import plan
from core.candles.archive import Archive, Assessed, Series, assess, newest
from core.clock import Clock
from core.engine.connectivity import Connectivity
from core.engine.folder import DataFolder
from core.ops.data_target import DataTarget
from core.ops.events import Healed
from core.ops.heal import Healer
from core.ops.journal import Journal
from core.ops.repair_policy import repair_policy
from core.ops.scores import Score, Scores
from core.settings import Settings

log = logging.getLogger(__name__)

DAY = 86_400.0
WHO = "monitor"
"""In whose name it acts, in the journal."""
ROUND, BETWEEN = 0.05, 0.01
"""Of the time between two looks at a series: the pause before a round, and from one series to the next."""


class Archivist:
    """Belongs to the hub's loop of one world."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        archive: Archive,
        folder: DataFolder,
        healer: Healer,
        journal: Journal,
        connectivity: Connectivity,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._archive = archive
        self._folder = folder
        self._healer = healer
        self._journal = journal
        self._connectivity = connectivity
        self._looked: dict[Series, float] = {}
        """When (``mono`` seconds) it was looked at last."""
        self._seen: dict[Series, tuple[object, ...]] = {}
        """What the archive had of it then, and over it."""
        self._bad: dict[Series, Assessed] = {}
        """What is low in quality, and not all mended."""
        self.scores = Scores(archive)
        self.judged = 0
        """Series judged so far."""

    async def walk(self, pace: Callable[[], float]) -> None:
        """Look after all series until cancelled; ``pace`` times as slowly."""
        while True:
            every = self._settings.judge_every * pace()
            await asyncio.sleep(ROUND * every)
            for series in await self._all():
                if self._clock.mono() - self._looked.get(series, float("-inf")) < every:
                    continue
                try:
                    await self._look(series, pace())
                except (KintsugiError, OSError) as error:
                    log.warning("%s could not be judged: %s", series, error)
                except Exception:
                    # Whatever it is about this one: the others must have their turn.
                    log.exception("judging %s broke", series)
                self._looked[series] = self._clock.mono()
                await asyncio.sleep(BETWEEN * every)

    async def _all(self) -> tuple[Series, ...]:
        """None while the folder cannot be read: the next round sees."""
        try:
            return await asyncio.to_thread(self._archive.series)
        except OSError as error:
            log.warning("the archive cannot be listed: %s", error)
            return ()

    async def _look(self, series: Series, pace: float) -> None:
        has = await asyncio.to_thread(self._archive.held, series)
        if not has.rows:
            return  # its first candles are on their way
        held = has.rows, has.start, has.end, has.repairs, has.revisions
        if held != self._seen.get(series):
            found = await asyncio.to_thread(self._assess, series)
            await self._folder.write_through(self._note, series, found)
            self._seen[series] = held
            self.judged += 1
            self._bad.pop(series, None)
            if self._is_bad(found):
                self._bad[series] = found
        if series in self._bad:
            await self._mend(series, self._bad[series], pace)

    def _assess(self, series: Series) -> Assessed:
        return assess(self._archive, series, *newest(self._archive, series), record=False)

    def _note(self, series: Series, found: Assessed) -> None:
        """Into the history, unless its newest line says just that."""
        if self.scores.newest(series) != Score(found.raw.score, found.usable, found.raw.rows):
            self._archive.note_score(series, found.raw, found.usable)

    def _worth(self, series: Series, found: Assessed) -> bool:
        """Whether anybody may be asked for something, by the limits of repair that nobody looks at."""
        attempts = self._archive.attempts(series)
        return bool(plan(found.raw, repair_policy(self._settings), automatic=True, attempts=attempts))

    def _is_bad(self, found: Assessed) -> bool:
        """Whether too much of it is broken, and not all of that mended."""
        score = found.raw.score
        return score is not None and score < 1 - self._settings.corruption_threshold and found.unmended > 0

    async def _mend(self, series: Series, found: Assessed, pace: float) -> None:
        """Have it mended, if that is wanted, may help, and was not done often enough of late."""
        target = str(DataTarget(series.provider, series.symbol, series.interval))
        if self._connectivity.offline or not self._healer.may(target, pace):
            return
        if not await asyncio.to_thread(self._worth, series, found):
            return
        since, most = self._clock.now() - DAY, self._settings.max_gap_fill_attempts
        tried = await asyncio.to_thread(
            self._journal.events, kinds=[Healed.kind], target=target, who=WHO, since=since, limit=most
        )
        if len(tried) < most:
            await self._healer.heal_one(target, force=False, who=WHO, automatic=True)
