"""The journal's file: its tables, and how it is opened. SQLite in WAL, through SQLAlchemy Core."""

import contextlib
import logging
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine, Float, Index, Integer, MetaData, Table, Text, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

log = logging.getLogger(__name__)

VERSION = 1
WAIT = 10.0
"""Seconds that a statement waits for another process's lock."""
WAL_LIMIT = 8_000_000
"""Bytes to which the write-ahead log is cut back once it was taken in."""

MINUTE, HOUR, DAY = 60, 3600, 86_400
KEPT = {MINUTE: 24 * HOUR, HOUR: 30 * DAY, DAY: 365 * DAY}
"""Resolution of a roll-up in seconds → for how many seconds it is kept."""

_tables = MetaData()

events = Table(
    "events",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("time", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("data", Text, nullable=False),
    Index("events_by_kind", "kind", "id"),
    Index("events_by_target", "target", "id"),
    Index("events_by_time", "time"),
)

rollups = Table(
    "rollups",
    _tables,
    Column("target", Text, primary_key=True),
    Column("resolution", Integer, primary_key=True),
    Column("start", Integer, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("capability", Text, nullable=False),
    Column("good", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("other", Integer, nullable=False),
    Column("p50", Float),
    Column("p95", Float),
    Column("p99", Float),
    Column("last", Float, nullable=False),
    Column("last_good", Float, nullable=False),
    Column("outcomes", Text, nullable=False),
    Column("latency", Text, nullable=False),
    # Bars of every provider over 90 days are read from this index alone.
    Index("rollups_by_time", "resolution", "start", "provider", "capability", "good", "failed", "refused"),
    sqlite_with_rowid=False,
)


def open_journal(path: Path) -> Engine:
    """The journal to write, made if it is not there. A file that is none of ours is left aside."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _opened(path)
    except DatabaseError as error:
        if isinstance(error, OperationalError) and "locked" in str(error):
            raise OSError(f"{path.name}: {error.orig}") from error
        aside = path.with_name(f"{path.name}.unreadable")
        log.warning("%s cannot be read (%s): left aside as %s", path.name, error.orig, aside.name)
        _leave_aside(path, aside)
        return _opened(path)


def read_only(path: Path) -> Engine:
    """A journal that another process writes."""
    return _engine(f"file:{path}?mode=ro&uri=true", writes=False)


def _opened(path: Path) -> Engine:
    engine = _engine(str(path), writes=True)
    try:
        with engine.begin() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar()
            if version not in {0, VERSION}:
                raise DatabaseError(None, None, ValueError(f"version {version}, expected {VERSION}"))
            _tables.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        engine.dispose()
        raise
    path.chmod(0o600)
    return engine


def _engine(database: str, *, writes: bool) -> Engine:
    engine = create_engine(f"sqlite:///{database}", connect_args={"timeout": WAIT})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        if writes:
            # Making a new file waits for no disk: of a torn one nothing is lost, and it is left aside.
            cursor.execute("PRAGMA synchronous = OFF")
            cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
            # In WAL a commit survives the end of the process either way; see Writer for the machine's.
            cursor.execute("PRAGMA synchronous = NORMAL")
        else:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    return engine


def _leave_aside(path: Path, aside: Path) -> None:
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()
    path.replace(aside)
