"""The reading half of a journal: what pages, REST, alerts and patterns ask of it. Safe from any thread.

Every method asks the file, and so is for a thread that may wait some milliseconds: a page's own, or a worker's
(``asyncio.to_thread``), never an event loop's. What was noted in the last half second may not be in it yet.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from sqlalchemy import ColumnElement, Engine, Select, and_, func, or_, select

from core.ops.events import BY_KIND, Event, event_from
from core.ops.schema import DAY, HOUR, KEPT, MINUTE, events, read_only, rollups
from core.ops.tally import Tally, unpacked
from core.ops.writer import tally_of

CHECK = "check"
"""Stands in the place of a capability where a host itself was asked: ``kraken/check@api.kraken.com``."""
MOST = 10_000
"""Events given at once at most."""
Resolution = Literal["minute", "hour", "day"]
SECONDS: dict[Resolution, int] = {"minute": MINUTE, "hour": HOUR, "day": DAY}
By = Literal["provider", "capability", "endpoint"]


@dataclass(frozen=True, slots=True)
class Rollup:
    """What became of the attempts in one stretch of time. ``start`` UTC seconds; latencies in seconds.

    ``good + failed + refused + other`` are all attempts: ``failed`` are held against the endpoint, ``refused``
    were throttled or blocked, ``other`` have no verdict. Percentiles are of the good ones, within 2 %.
    """

    start: float
    seconds: int
    good: int
    failed: int
    refused: int
    other: int
    p50: float | None
    p95: float | None
    p99: float | None
    outcomes: dict[str, int]

    @property
    def attempts(self) -> int:
        """All of them."""
        return self.good + self.failed + self.refused + self.other


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a status history. ``share`` of the attempts with a verdict that were good; None: no data."""

    start: float
    seconds: int
    share: float | None
    good: int
    failed: int
    refused: int


class JournalReader:
    """Queries over one journal. ``target`` as in ``hub.probe``; None for everything; ``now`` UTC seconds."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def of(cls, path: Path) -> Self:
        """Of a file that another process writes (``data_dir/live/journal.sqlite``). OSError without one."""
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no journal there")
        return cls(read_only(path))

    def dispose(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def events(
        self,
        *,
        kinds: Collection[str] = (),
        target: str | None = None,
        who: str | None = None,
        text: str = "",
        since: float | None = None,
        until: float | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> list[Event]:
        """The newest first. ``before``: an event's id, for the page after it; ``text``: within the detail.

        ``since`` ≤ time < ``until``, UTC seconds. ValueError for a kind that there is none of, or a limit
        outside 1 … 10000.
        """
        if not 1 <= limit <= MOST:
            raise ValueError(f"limit={limit!r}: expected 1 to {MOST}")
        query = select(events).order_by(events.c.id.desc()).limit(limit)
        query = query.where(*_wanted(kinds, target, who, text, since, until))
        if before is not None:
            query = query.where(events.c.id < before)
        return [_event(row) for row in self._rows(query)]

    def event(self, event_id: int) -> Event | None:
        """One event by its id."""
        return next((_event(row) for row in self._rows(select(events).where(events.c.id == event_id))), None)

    def counts(
        self, *, target: str | None = None, since: float | None = None, until: float | None = None
    ) -> dict[str, int]:
        """Kind → how many events there are of it."""
        wanted = _wanted((), target, None, "", since, until)
        query = select(events.c.kind, func.count()).where(*wanted).group_by(events.c.kind)
        with self._engine.connect() as connection:
            return {str(kind): int(count) for kind, count in connection.execute(query)}

    def rollups(
        self,
        target: str | None = None,
        resolution: Resolution = "minute",
        *,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Rollup]:
        """Oldest first, without the stretches in which nothing was asked.

        Minutes are kept for 24 hours, hours for 30 days, days for 365. A target of several endpoints gets
        their sum, its percentiles from their merged histograms.
        """
        seconds = _seconds(resolution)
        query = select(rollups).where(rollups.c.resolution == seconds, *_about(rollups.c.target, target))
        query = query.where(*_between(rollups.c.start, since, until))
        rows: dict[int, list[Any]] = {}
        for row in self._rows(query):
            rows.setdefault(row["start"], []).append(row)
        return [
            _alone(rows[start][0]) if len(rows[start]) == 1 else _rollup(start, seconds, _sum(rows[start]))
            for start in sorted(rows)
        ]

    def total(
        self, target: str | None = None, *, since: float | None = None, until: float | None = None
    ) -> Rollup:
        """Everything together, from the finest roll-ups that reach back to ``since`` (None: 365 days).

        Its ends are those of the roll-ups: a minute, an hour or a day may be in it as a whole.
        """
        now = self._latest()
        resolution = DAY if since is None else next((r for r, s in KEPT.items() if now - since <= s), DAY)
        first = None if since is None else since // resolution * resolution
        wanted = [rollups.c.resolution == resolution, *_about(rollups.c.target, target)]
        whole = self._sums(None, wanted + _between(rollups.c.start, first, until)).get("", Tally())
        return _rollup(now if since is None else since, resolution, whole)

    def uptime(
        self, target: str | None = None, *, now: float, days: int | None = None, hours: int | None = None
    ) -> list[Bar]:
        """A bar a day (``days=90``), else a bar an hour (``hours=24``), oldest first, the last with ``now``."""
        found = self._bars(_about(rollups.c.target, target), None, now, days, hours)
        return found.get("", _no_data(now, *_span(days, hours)))

    def uptimes(
        self, by: By = "provider", *, now: float, days: int | None = None, hours: int | None = None
    ) -> dict[str, list[Bar]]:
        """The same for every provider, provider/capability, or endpoint that was ever asked, in one query."""
        return self._bars([], _grouped(by), now, days, hours)

    def latencies(
        self, by: By = "provider", *, now: float, hours: int = 24
    ) -> dict[str, list[tuple[float, float]]]:
        """Of each that answered: (hour, seconds), oldest first; the mean of its endpoints' p50, by their answers."""
        column = _grouped(by)
        weighed = func.sum(rollups.c.p50 * rollups.c.good) / func.sum(rollups.c.good)
        query = select(column, rollups.c.start, weighed).group_by(column, rollups.c.start)
        query = query.where(
            rollups.c.resolution == HOUR,
            rollups.c.start > (now // HOUR - hours) * HOUR,
            rollups.c.start <= now,
            rollups.c.p50.is_not(None),
        ).order_by(rollups.c.start)
        found: dict[str, list[tuple[float, float]]] = {}
        with self._engine.connect() as connection:
            for name, start, seconds in connection.execute(query):
                found.setdefault(str(name), []).append((float(start), float(seconds)))
        return found

    def targets(self, since: float) -> list[str]:
        """Endpoints that were asked since then, by the hour; hosts' own checks not among them."""
        query = select(rollups.c.target).where(
            rollups.c.resolution == HOUR, rollups.c.start >= since - HOUR, rollups.c.capability != CHECK
        )
        with self._engine.connect() as connection:
            return sorted(connection.scalars(query.distinct()))

    def providers_by_minute(self, since: float) -> dict[int, int]:
        """Minute (UTC seconds) → how many providers were asked in it; of the last 24 hours."""
        query = select(rollups.c.start, func.count(rollups.c.provider.distinct())).group_by(rollups.c.start)
        query = query.where(rollups.c.resolution == MINUTE, rollups.c.start >= since - MINUTE)
        with self._engine.connect() as connection:
            return {int(start): int(count) for start, count in connection.execute(query)}

    def seen(self, since: float) -> dict[str, Tally]:
        """Endpoint → its attempts since then, by the minute."""
        return self._sums(rollups.c.target, [rollups.c.resolution == MINUTE, rollups.c.start >= since])

    def _sums(self, by: Any, where: list[ColumnElement[bool]]) -> dict[str, Tally]:
        """Sums of many roll-ups, their histograms merged by SQLite itself; by target, or under ``""``."""
        groups = [] if by is None else [by]
        numbers = [rollups.c.good, rollups.c.failed, rollups.c.refused, rollups.c.other]
        latest = [func.max(rollups.c.last), func.max(rollups.c.last_good)]
        sums = select(*groups, *map(func.sum, numbers), *latest).where(*where).group_by(*groups)
        found: dict[str, Tally] = {}
        with self._engine.connect() as connection:
            for *group, good, failed, refused, other, last, last_good in connection.execute(sums):
                if good is not None:
                    found[str(group[0]) if group else ""] = Tally(
                        {}, good, failed, refused, other, {}, last, last_good
                    )
            for column in (rollups.c.outcomes, rollups.c.latency):
                each = func.json_each(column).table_valued("key", "value", joins_implicitly=True)
                query = select(*groups, each.c.key, func.sum(each.c.value)).where(*where)
                for *group, key, count in connection.execute(query.group_by(*groups, each.c.key)):
                    tally = found[str(group[0]) if group else ""]
                    if column is rollups.c.outcomes:
                        tally.outcomes[str(key)] = int(count)
                    else:
                        tally.latency[int(key)] = int(count)
        return found

    def _bars(
        self, where: list[ColumnElement[bool]], by: Any, now: float, days: int | None, hours: int | None
    ) -> dict[str, list[Bar]]:
        count, seconds = _span(days, hours)
        first = (now // seconds - count + 1) * seconds
        sums = [func.sum(column) for column in (rollups.c.good, rollups.c.failed, rollups.c.refused)]
        groups = [rollups.c.start] if by is None else [by, rollups.c.start]
        query = select(*groups, *sums).group_by(*groups)
        query = query.where(rollups.c.resolution == seconds, rollups.c.start >= first, rollups.c.start <= now)
        found: dict[str, list[Bar]] = {}
        with self._engine.connect() as connection:
            for *group, start, good, failed, refused in connection.execute(query.where(*where)):
                name = str(group[0]) if group else ""
                if (bars := found.get(name)) is None:
                    bars = found[name] = _no_data(now, count, seconds)
                judged = good + failed + refused
                share = good / judged if judged else None
                at = round((start - first) / seconds)
                bars[at] = Bar(start, seconds, share, good, failed, refused)
        return found

    def _latest(self) -> float:
        with self._engine.connect() as connection:
            last = select(func.max(rollups.c.start)).where(rollups.c.resolution == MINUTE)
            return float(connection.scalar(last) or 0.0)

    def _rows(self, query: Select[Any]) -> Iterable[Any]:
        with self._engine.connect() as connection:
            return connection.execute(query).mappings().all()


def _wanted(
    kinds: Collection[str],
    target: str | None,
    who: str | None,
    text: str,
    since: float | None,
    until: float | None,
) -> list[ColumnElement[bool]]:
    wanted = _about(events.c.target, target) + _between(events.c.time, since, until)
    if kinds:
        for kind in kinds:
            if kind not in BY_KIND:
                raise ValueError(f"kinds={str(kind)[:40]!r}: expected some of {' '.join(BY_KIND)}")
        wanted.append(events.c.kind.in_(sorted(kinds)))
    if who is not None:
        wanted.append(events.c.who == who)
    if text:
        wanted.append(events.c.detail.icontains(text, autoescape=True))
    return wanted


def _grouped(by: By) -> Any:
    return {
        "provider": rollups.c.provider,
        "capability": rollups.c.provider + "/" + rollups.c.capability,
        "endpoint": rollups.c.target,
    }[by]


def _about(column: Any, target: str | None) -> list[ColumnElement[bool]]:
    """The target itself and everything within it, by ranges that an index serves."""
    if target is None:
        return []
    within = [and_(column > target + sign, column < target + chr(ord(sign) + 1)) for sign in "/@"]
    return [or_(column == target, *within)]


def _between(column: Any, since: float | None, until: float | None) -> list[ColumnElement[bool]]:
    wanted = [] if since is None else [column >= since]
    return wanted if until is None else [*wanted, column < until]


def _event(row: Any) -> Event:
    common = {name: row[name] for name in ("id", "time", "target", "who", "detail")}
    return event_from(row["kind"], common, row["data"])


def _rollup(start: float, seconds: int, tally: Tally) -> Rollup:
    return Rollup(
        start=float(start),
        seconds=seconds,
        good=tally.good,
        failed=tally.failed,
        refused=tally.refused,
        other=tally.other,
        p50=tally.percentile(0.5),
        p95=tally.percentile(0.95),
        p99=tally.percentile(0.99),
        outcomes=dict(sorted(tally.outcomes.items())),
    )


def _alone(row: Any) -> Rollup:
    """A roll-up as it is stored."""
    names = ("seconds", "good", "failed", "refused", "other", "p50", "p95", "p99")
    stored = {name: row["resolution" if name == "seconds" else name] for name in names}
    return Rollup(
        start=float(row["start"]), outcomes=dict(sorted(unpacked(row["outcomes"]).items())), **stored
    )


def _sum(rows: Iterable[Any]) -> Tally:
    whole = Tally()
    for row in rows:
        whole.merge(tally_of(row))
    return whole


def _seconds(resolution: Resolution) -> int:
    if resolution not in SECONDS:
        raise ValueError(f"resolution={resolution!r}: expected one of {' '.join(SECONDS)}")
    return SECONDS[resolution]


def _span(days: int | None, hours: int | None) -> tuple[int, int]:
    """How many bars, and how many seconds each is long."""
    if (days is None) == (hours is None):
        raise ValueError(f"days={days!r}, hours={hours!r}: expected one of the two")
    if days is not None and 1 <= days <= 365:
        return days, DAY
    if hours is not None and 1 <= hours <= 720:
        return hours, HOUR
    raise ValueError(f"days={days!r}, hours={hours!r}: expected days 1 to 365, or hours 1 to 720")


def _no_data(now: float, count: int, seconds: int) -> list[Bar]:
    first = math.floor(now / seconds) - count + 1
    return [Bar(float((first + n) * seconds), seconds, None, 0, 0, 0) for n in range(count)]
