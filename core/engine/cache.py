"""The answer cache: a bounded layer of decoded values in memory over diskcache on disk.

Ages run on ``mono`` while the process lives, so a wall clock that is set back changes no answer. diskcache's
``expire`` only cleans up. Disk faults turn into misses and are counted, never into failed answers.
"""

import asyncio
import logging
import sqlite3
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import diskcache

from core.clock import Clock
from core.engine.codec import Entry, Undecodable, decode, encode
from core.engine.disk import BytesDisk, Tampered
from core.engine.folder import DataFolder

log = logging.getLogger(__name__)

IN_ROW = 256 * 1024
"""Larger values become files beside the database."""
BEHIND = 0.5
"""Seconds that a write waits, so that an answer fetched over and over is written once: the writer shares the
interpreter with the loop. A process that is killed loses so much of its cache."""
SKEW = 5.0
"""A stored stamp further ahead of the wall clock than this was written under another clock."""
_BROKEN = (sqlite3.DatabaseError, diskcache.Timeout, OSError)


@dataclass(frozen=True, slots=True)
class Cached:
    """An entry with its true age in seconds."""

    entry: Entry
    age: float
    fresh: bool


class AnswerCache:
    """Entries by query key."""

    def __init__(
        self,
        folder: DataFolder,
        name: str,
        clock: Clock,
        *,
        size: int,
        entries: int,
        keep: float,
        era: int = 0,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._entries = entries
        self._keep = keep
        self._era = era
        self._unwritten: dict[str, tuple[Entry, float, bool]] = {}
        self._memory: OrderedDict[str, tuple[Entry, float, bool]] = OrderedDict()
        self._disk = _open(folder.path / name, size, folder.writable)

    def get(self, key: str) -> Cached | None:
        """The entry, however old, up to the time that stale answers are kept."""
        held = self._memory.get(key)
        if held is None:
            if (held := self._load(key)) is None:
                return None
            self._remember(key, *held)
        entry, fetched, usable = held
        age = max(0.0, self._clock.mono() - fetched)
        if age > max(self._keep, entry.fresh):
            return None
        return Cached(entry, age, usable and age < entry.fresh)

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry that was fetched now."""
        held = entry, self._clock.mono(), True
        self._remember(key, *held)
        if self._disk is not None and self._folder.writable:
            first = not self._unwritten
            self._unwritten[key] = held
            if first:  # one timer at a time, also when one answer is fetched over and over
                self._write_soon()

    def __len__(self) -> int:
        """Entries on disk, or in memory when there is no disk."""
        if self._disk is None:
            return len(self._memory)
        try:
            return len(self._disk)
        except _BROKEN:
            return len(self._memory)

    def close(self) -> None:
        """Close the database, after the writes that are under way."""
        if self._disk is not None:
            self._write()
            self._folder.write(self._disk.close).exception()
            self._disk.close()

    def _remember(self, key: str, entry: Entry, fetched: float, usable: bool) -> None:
        self._memory[key] = (entry, fetched, usable)
        self._memory.move_to_end(key)
        while len(self._memory) > max(1, self._entries):
            self._memory.popitem(last=False)

    def _load(self, key: str) -> tuple[Entry, float, bool] | None:
        if self._disk is None:
            return None
        if (held := self._unwritten.get(key)) is not None:
            return held
        try:
            blob = self._disk.get(key)
            if blob is None:
                return None
            entry = decode(blob)
        except (Tampered, Undecodable) as error:
            log.warning("refused a cached answer: %s", error)
            if self._folder.writable:
                self._folder.write(self._disk.delete, key)
            return None
        except _BROKEN as error:
            log.warning("the cache cannot be read: %s", error)
            return None
        age = self._clock.now() - entry.fetched
        # Of an older era the age cannot be known: the clock was set back in between.
        return entry, self._clock.mono() - max(0.0, age), age > -SKEW and entry.era == self._era

    def _write_soon(self) -> None:
        try:
            asyncio.get_running_loop().call_later(BEHIND, self._write)
        except RuntimeError:
            self._write()  # no loop, nobody who would come back later

    def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, {}
        for key, (entry, _, _) in unwritten.items():
            self._folder.write(self._store, key, entry)

    def _store(self, key: str, entry: Entry) -> None:
        assert self._disk is not None  # noqa: S101 - put() asked
        self._disk.set(key, encode(entry), expire=2 * self._keep + entry.fresh + 3600)


def _open(path: Path, size: int, writable: bool) -> diskcache.Cache | None:
    if not writable and not (path / "cache.db").exists():
        return None
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    for _ in range(2):
        try:
            return diskcache.Cache(
                str(path),
                disk=BytesDisk,
                timeout=2,
                size_limit=size,
                disk_min_file_size=IN_ROW,
                eviction_policy="least-recently-stored",
                statistics=0,
                tag_index=0,
            )
        except (*_BROKEN, TypeError, ValueError, AttributeError, KeyError) as error:
            if not writable:
                log.warning("the cache cannot be opened: %s", error)
                return None
            aside = path.with_name(f"{path.name}.broken")
            log.warning("the cache cannot be opened (%s): set aside as %s", error, aside.name)
            _set_aside(path, aside)
    return None


def _set_aside(path: Path, aside: Path) -> None:
    number = 0
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.broken-{number}")
    path.rename(aside)
    path.mkdir(mode=0o700)
