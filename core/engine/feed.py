"""Fetched candles on their way into the archive: collected on the loop, written in batches by the writer thread."""

import asyncio
import dataclasses
import logging
from collections import OrderedDict

import pandas as pd

from core.candles.archive import Archive, Series
from core.engine.folder import DataFolder
from core.files import Busy
from core.market import CandleQuery

log = logging.getLogger(__name__)

DELAY = 1.0
"""Seconds for which candles are collected: the most that a kill can lose."""
MOST_ROWS = 500_000
"""Rows that may wait; beyond it the oldest are let go, and counted."""
_SEEN = 256
_SEEN_ROWS = 5000
"""Series, and rows of each, whose last candles are remembered so that the same ones again cost next to nothing."""


@dataclasses.dataclass(slots=True)
class _Waiting:
    series: Series
    frame: pd.DataFrame
    fetched: float


class Feed:
    """Keeps closed candles. ``offer`` belongs to the hub's loop and returns at once."""

    def __init__(self, archive: Archive, folder: DataFolder) -> None:
        self._archive = archive
        self._folder = folder
        self._waiting: list[_Waiting] = []
        self._rows = 0
        self._timer: asyncio.TimerHandle | None = None
        self._seen: OrderedDict[Series, pd.DataFrame] = OrderedDict()
        self.lost = 0
        """Rows that were not kept because too many waited."""
        self._keeping = asyncio.create_task(self._tidy_daily())

    def offer(self, provider: str, query: CandleQuery, frame: pd.DataFrame, fetched: float) -> None:
        """Candles that a provider gave for a query, ``fetched`` at this time in UTC seconds."""
        if query.include_open and len(frame):
            # the newest may be open still, and a clock that is ahead would take it for closed
            settled = int(
                frame.index.searchsorted(pd.Timestamp(fetched - 2 * query.seconds, unit="s", tz="UTC"))
            )
            frame = frame.iloc[:settled]
        if not len(frame):
            return
        self._waiting.append(_Waiting(Series(provider, query.symbol, query.interval), frame, fetched))
        self._rows += len(frame)
        while self._rows > MOST_ROWS and len(self._waiting) > 1:
            gone = len(self._waiting.pop(0).frame)
            self._rows -= gone
            self.lost += gone
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY, self._flush)

    async def settle(self) -> None:
        """Return when everything offered so far is on disk."""
        if self._timer is not None:
            self._timer.cancel()
            self._flush()
        await self._folder.written()

    async def close(self) -> None:
        """Settle, and stop looking after the archive."""
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        await self.settle()

    async def _tidy_daily(self) -> None:
        """Merge and retire, one series at a time: the writer thread has others to serve between them."""
        while True:
            try:
                for series in await self._folder.write_through(self._archive.series):
                    await self._tidy(series)
            except OSError as error:
                log.warning("the archive could not be tidied: %s", error)
            await asyncio.sleep(86_400)

    async def _tidy(self, series: Series) -> None:
        try:
            await self._folder.write_through(self._archive.tidy, series)
        except (OSError, Busy) as error:
            log.warning("%s could not be tidied: %s", series, error)
        except Exception:
            # Whatever is wrong with one: the others are tidied, and tomorrow comes.
            log.exception("%s could not be tidied", series)

    def _flush(self) -> None:
        self._timer = None
        waiting, self._waiting, self._rows = self._waiting, [], 0
        for one in waiting:  # one job each, so that others who write get their turn between them
            self._folder.write(self._keep, one)

    def _keep(self, one: _Waiting) -> None:
        """In the writer thread."""
        frame = self._news(one.series, one.frame)
        if len(frame):
            self._archive.add(one.series, frame, one.fetched)
        # A part of a long frame would keep all of it.
        last = one.frame if len(one.frame) <= _SEEN_ROWS else one.frame.iloc[-_SEEN_ROWS:].copy()
        self._seen[one.series] = last
        self._seen.move_to_end(one.series)
        while len(self._seen) > _SEEN:
            self._seen.popitem(last=False)

    def _news(self, series: Series, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows that were not given just so the last time."""
        seen = self._seen.get(series)
        if seen is None or list(seen.columns) != list(frame.columns):
            return frame
        place = seen.index.get_indexer(frame.index)
        same = place >= 0
        same[same] = (seen.to_numpy()[place[same]] == frame.to_numpy()[same]).all(axis=1)
        return frame[~same] if same.any() else frame
