"""The writing half of a journal. Everything here runs on the data folder's writer thread, one job at a time."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import SQLAlchemyError

from core.ops.events import MANY, Event, data_of
from core.ops.schema import DAY, HOUR, KEPT, events, open_journal, rollups
from core.ops.tally import Tally, packed, unpacked, unpacked_buckets

EVENTS_KEPT = {True: (30 * DAY, 200_000), False: (365 * DAY, 100_000)}
"""Whether of a kind of which there are many → for how many seconds, and how many at most."""
CLEAN_EVERY = float(HOUR)
AT_ONCE = 5000
"""Rows deleted in one go, so that a clean-up never holds the writer for long."""
OPEN_ROWS = 4096
"""Roll-ups that are still being added to, kept in memory."""
UNWRITTEN_MOST = 10_000

Key = tuple[str, int, int]
"""Target, resolution in seconds, start in UTC seconds."""


@dataclass(slots=True)
class Batch:
    """What came together since the last write."""

    events: list[Event] = field(default_factory=list)
    tallies: dict[tuple[str, int], Tally] = field(default_factory=dict)
    """(Target, start of the minute in UTC seconds) → attempts to add."""

    def __bool__(self) -> bool:
        return bool(self.events or self.tallies)

    def join(self, later: "Batch") -> None:
        """Add what came later."""
        self.events += later.events
        for key, tally in later.tallies.items():
            if (mine := self.tallies.setdefault(key, tally)) is not tally:
                mine.merge(tally)


class Writer:
    """Writes batches; what could not be written is kept and written with the next one."""

    def __init__(self, path: Path) -> None:
        self.engine: Engine = open_journal(path)
        self.revision = 0
        """Another after each write."""
        self._rows: OrderedDict[Key, Tally] = OrderedDict()
        self._unwritten = Batch()
        self._cleaned: float | None = None
        with self.engine.connect() as connection:
            self._last_id = connection.scalar(select(func.max(events.c.id))) or 0

    def write(self, batch: Batch, now: float, *, durable: bool) -> list[Event]:
        """Write in one transaction; the batch's events with their ids. OSError when that cannot be done now.

        ``durable``: on the disk before this returns, should the machine lose its power the next moment.
        """
        whole = self._unwritten
        earlier = len(whole.events)
        whole.join(batch)
        try:
            written = self._write(whole, now, durable)
        except SQLAlchemyError as error:
            self._rows.clear()  # they are ahead of the file now
            del whole.events[UNWRITTEN_MOST:]
            raise OSError(f"journal: {getattr(error, 'orig', None) or error}") from error
        self._unwritten = Batch()
        self.revision += 1
        return written[earlier:]

    @property
    def behind(self) -> bool:
        """Whether something could not be written yet."""
        return bool(self._unwritten)

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()

    def _write(self, batch: Batch, now: float, durable: bool) -> list[Event]:
        named = [replace(event, id=self._last_id + n) for n, event in enumerate(batch.events, 1)]
        with self.engine.connect() as connection:
            if durable:
                _synchronous(connection, "FULL")
            try:
                with connection.begin():
                    if named:
                        connection.execute(insert(events), [_row(event) for event in named])
                    self._add(connection, batch.tallies)
            finally:
                if durable:
                    _synchronous(connection, "NORMAL")
            self._last_id += len(named)
            if self._cleaned is None or not 0 <= now - self._cleaned < CLEAN_EVERY:
                self._cleaned = now
                clean(connection, now)
        return named

    def _add(self, connection: Connection, tallies: dict[tuple[str, int], Tally]) -> None:
        """Add attempts to the minute, the hour and the day in which they ended."""
        more: dict[Key, Tally] = {}
        for (target, minute), tally in tallies.items():
            for resolution in KEPT:
                more.setdefault((target, resolution, minute // resolution * resolution), Tally()).merge(tally)
        if not more:
            return
        self._load(connection, more)
        for key, tally in more.items():
            self._rows[key].merge(tally)
        statement = upsert(rollups)
        changed = {c.name: statement.excluded[c.name] for c in rollups.columns if not c.primary_key}
        connection.execute(
            statement.on_conflict_do_update(index_elements=list(rollups.primary_key), set_=changed),
            [_rollup(key, self._rows[key]) for key in more],
        )
        while len(self._rows) > max(OPEN_ROWS, len(more)):
            self._rows.popitem(last=False)

    def _load(self, connection: Connection, keys: Iterable[Key]) -> None:
        """Have the rows in memory as the file has them."""
        missing: dict[tuple[int, int], list[str]] = {}
        for key in keys:
            if key in self._rows:
                self._rows.move_to_end(key)
            else:
                self._rows[key] = Tally()
                missing.setdefault(key[1:], []).append(key[0])
        for (resolution, start), targets in missing.items():
            query = select(rollups).where(
                rollups.c.resolution == resolution,
                rollups.c.start == start,
                rollups.c.target.in_(targets),
            )
            for row in connection.execute(query).mappings():
                self._rows[row["target"], resolution, start] = tally_of(row)


def _synchronous(connection: Connection, how: str) -> None:
    connection.exec_driver_sql(f"PRAGMA synchronous = {how}")
    connection.rollback()  # SQLAlchemy's own idea of a transaction; SQLite has none open


def clean(connection: Connection, now: float) -> None:
    """Delete what is older than it is kept, a little at a time, and give the room back."""
    for resolution, seconds in KEPT.items():
        old = (rollups.c.resolution == resolution, rollups.c.start < now - seconds - resolution)
        with connection.begin():
            connection.execute(delete(rollups).where(*old))
    for many, (seconds, most) in EVENTS_KEPT.items():
        these = events.c.kind.in_(MANY) if many else events.c.kind.not_in(MANY)
        newest_too_many = connection.scalar(
            select(events.c.id).where(these).order_by(events.c.id.desc()).offset(most).limit(1)
        )
        connection.rollback()
        old_events = select(events.c.id).where(
            these, (events.c.time < now - seconds) | (events.c.id <= (newest_too_many or 0))
        )
        while True:
            with connection.begin():
                some = delete(events).where(events.c.id.in_(old_events.limit(AT_ONCE)))
                if connection.execute(some).rowcount < AT_ONCE:
                    break
    # Through the driver: the pages are freed as its (empty) rows are fetched, which SQLAlchemy would not do.
    connection.connection.cursor().execute("PRAGMA incremental_vacuum").fetchall()
    connection.rollback()


def tally_of(row: Any) -> Tally:
    """A stored roll-up as a tally."""
    return Tally(
        outcomes=unpacked(row["outcomes"]),
        good=row["good"],
        failed=row["failed"],
        refused=row["refused"],
        other=row["other"],
        latency=unpacked_buckets(row["latency"]),
        last=row["last"],
        last_good=row["last_good"],
    )


def _row(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "time": event.time,
        "kind": event.kind,
        "target": event.target,
        "who": event.who,
        "detail": event.detail,
        "data": data_of(event),
    }


def _rollup(key: Key, tally: Tally) -> dict[str, Any]:
    target, resolution, start = key
    provider, _, rest = target.partition("/")
    return {
        "target": target,
        "resolution": resolution,
        "start": start,
        "provider": provider,
        "capability": rest.partition("@")[0],
        "good": tally.good,
        "failed": tally.failed,
        "refused": tally.refused,
        "other": tally.other,
        "p50": tally.percentile(0.5),
        "p95": tally.percentile(0.95),
        "p99": tally.percentile(0.99),
        "last": tally.last,
        "last_good": tally.last_good,
        "outcomes": packed(tally.outcomes),
        "latency": packed(tally.latency),
    }
