"""The data folder: private, written by one process, through one thread."""

import asyncio
import logging
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, TypeVar

from core.files import try_lock

T = TypeVar("T")

log = logging.getLogger(__name__)


class DataFolder:
    """A folder of mode 0700 with a lock. Who holds the lock writes; every other process only reads."""

    def __init__(self, path: Path) -> None:
        self.notice = ""
        """What a person should know about where data goes; empty when all is as asked."""
        try:
            if not path.exists():  # a folder that was there has its owner's mode; what we put into it is 0700
                path.mkdir(parents=True, mode=0o700)
            self._lock: IO[bytes] | None = try_lock(path / "lock")
        except OSError as error:
            self.notice = f"{path} cannot be written ({error.strerror}): data is kept until this process ends"
            path = Path(tempfile.mkdtemp(prefix="kintsugi-"))
            self._lock = try_lock(path / "lock")
        if self._lock is None:
            self.notice = (
                "another process writes this data folder: this one reads it, and keeps its own in memory"
            )
        self.path = path
        self.write_errors = 0
        self.last_write_error = ""
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="kintsugi-writer", initializer=self._begun)
        self._thread: int | None = None

    @property
    def writable(self) -> bool:
        """Whether this process holds the lock."""
        return self._lock is not None

    def write(self, job: Callable[..., T], *args: Any) -> Future[T]:
        """Run a disk write on the writer thread. A failure is counted and logged; the future carries it."""
        future = self._writer.submit(job, *args)
        future.add_done_callback(self._written)
        return future

    async def write_through(self, job: Callable[..., T], *args: Any) -> T:
        """Run a disk write on the writer thread, and wait for it."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._writer, job, *args)
        except OSError as error:
            self._failed(error)
            raise

    async def written(self) -> None:
        """Return when the writes asked for so far are done, each well or with its failure counted."""
        await asyncio.get_running_loop().run_in_executor(self._writer, lambda: None)  # they wait in one line

    def run(self, job: Callable[[], T]) -> T:
        """Run a disk write on the writer thread and wait for it; at once for whoever is on that thread."""
        if threading.get_ident() == self._thread:
            return job()
        return self.write(job).result()

    def close(self) -> None:
        """Finish the writes, give up the lock."""
        self._writer.shutdown(wait=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _begun(self) -> None:
        self._thread = threading.get_ident()

    def _written(self, future: "Future[Any]") -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        self.write_errors += 1
        self.last_write_error = f"{type(error).__name__}: {error}"
        log.warning("write to the data folder failed: %s", self.last_write_error)
