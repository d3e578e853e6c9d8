"""The reading half of a journal: what pages, REST, alerts and patterns ask of it. Safe from any thread.

Every method asks the file, and so is for a thread that may wait some milliseconds: a page's own, or a worker's
(``asyncio.to_thread``), never an event loop's. What was noted in the last half second may not be in it yet.
"""

from pathlib import Path
from typing import Self

from core.ops.read_events import EventReader
from core.ops.read_rollups import RollupReader
from core.ops.schema import read_only


class JournalReader(EventReader, RollupReader):
    """Queries over one journal."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Of a file that another process writes (``data_dir/live/journal.sqlite``). OSError without one."""
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no journal there")
        return cls(read_only(path))

    def dispose(self) -> None:
        """Let go of the file."""
        self._engine.dispose()
