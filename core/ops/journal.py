"""The journal of one world: attempts counted in memory and written in batches, events that are on disk when
the call returns, and the questions of :class:`~core.ops.read.JournalReader`.

Counting and noting belong to the hub's loop; asking may come from any thread.
"""

import asyncio
import logging
import shutil
import tempfile
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Engine

from core.answer import KintsugiError, Outcome
from core.catalog import Endpoint
from core.clock import Clock
from core.engine.folder import DataFolder
from core.ops.events import MANY, Event, HubChanged, RowsLost
from core.ops.read import JournalReader
from core.ops.tally import Tally
from core.ops.writer import UNWRITTEN_MOST, Batch, Writer

log = logging.getLogger(__name__)

FILE = "journal.sqlite"
FLUSH = 0.5
"""Seconds between two writes, so that less than one second of attempts is lost to a kill."""
FLUSH_AGAIN = 5.0
"""The same while the disk refuses."""
TALLIES_MOST = 50_000

E = TypeVar("E", bound=Event)


class JournalError(KintsugiError, OSError):
    """What was done is done, but not on record yet; it is kept in memory, and written when that works."""


class Journal(JournalReader):
    """Counts, notes, records. A process that does not hold the data folder's lock keeps one of its own until
    it ends; the folder's is then read with ``JournalReader.of``.
    """

    def __init__(self, folder: DataFolder, path: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._own: Path | None = None
        if not folder.writable:
            self._own = Path(tempfile.mkdtemp(prefix="kintsugi-journal-"))
            path = self._own / FILE
        self.path = path
        self._writer = Writer(path)
        super().__init__(self._writer.engine)
        self._tallies: dict[tuple[Endpoint | str, int], Tally] = {}
        self._pending: list[Event] = []
        self._lost = 0
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._writing: Future[Any] | None = None
        self.note(HubChanged(time=clock.now(), open=True, detail="opened"))

    @property
    def engine(self) -> Engine:
        """The file, for tables of others; to be written on the data folder's writer thread only."""
        return self._writer.engine

    @property
    def revision(self) -> int:
        """While it is the same, the file says the same. May be asked from any thread."""
        return self._writer.revision

    def count(self, endpoint: Endpoint | str, outcome: Outcome, elapsed: float, *, blamed: bool) -> None:
        """One attempt came to its end now."""
        now = self._clock.now()
        key = endpoint, int(now // 60) * 60
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally()
            self._arm()
        tally.add(outcome, elapsed, now, blamed=blamed)

    def note(self, event: Event) -> None:
        """Write an event with the next batch."""
        if len(self._pending) >= UNWRITTEN_MOST and event.kind in MANY:
            self._lost += 1
            return
        self._pending.append(event)
        self._arm()

    async def record(self, event: E) -> E:
        """Write an event now, and everything before it; returns it with its id when it is on the disk.

        :class:`JournalError` when that cannot be done now.
        """
        batch = self._taken()
        batch.events.append(event)
        job = partial(self._writer.write, batch, self._clock.now(), durable=True)
        try:
            written = await self._folder.write_through(job)
        except OSError as error:
            self._arm()
            raise JournalError(f"done, but not on record yet: {error}") from error
        return cast("E", written[-1])

    def record_here(self, event: Event) -> None:
        """:meth:`record` for any thread but the hub's loop; on the writer thread itself as well.

        When the hub is closed by then, there is nobody to write it: a line in the log says so.
        """
        if self._closed:
            log.warning("not on record, the hub is closed: %s", event)
            return
        job = partial(self._writer.write, Batch([event]), self._clock.now(), durable=True)
        try:
            self._folder.run(job)
        except OSError as error:
            raise JournalError(f"done, but not on record yet: {error}") from error

    async def close(self) -> None:
        """Write what is left, and let go of the file."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            await self.record(HubChanged(time=self._clock.now(), open=False, detail="closed"))
        except JournalError as error:
            log.error("the journal's last entries are lost: %s", error)  # noqa: TRY400 - it says enough
        self._closed = True
        self._writer.close()
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)

    async def flushed(self) -> None:
        """Return when everything so far is in the file."""
        job = partial(self._writer.write, self._taken(), self._clock.now(), durable=False)
        await self._folder.write_through(job)

    def _arm(self) -> None:
        if self._timer is None:
            delay = FLUSH_AGAIN if self._writer.behind else FLUSH
            self._timer = asyncio.get_running_loop().call_later(delay, self._flush)

    def _flush(self) -> None:
        self._timer = None
        busy = self._writing is not None and not self._writing.done()
        if not busy and (self._tallies or self._pending or self._writer.behind):
            batch = self._taken()
            self._writing = self._folder.write(
                partial(self._writer.write, batch, self._clock.now(), durable=False)
            )
            busy = True
        if busy and len(self._tallies) <= TALLIES_MOST:
            self._arm()

    def _taken(self) -> Batch:
        """What came since the last write."""
        tallies = {(str(endpoint), minute): tally for (endpoint, minute), tally in self._tallies.items()}
        events = self._pending
        if self._lost:
            said = "the disk did not keep up"
            events.append(RowsLost(time=self._clock.now(), rows=self._lost, detail=said))
        self._tallies, self._pending, self._lost = {}, [], 0
        return Batch(events, tallies)
