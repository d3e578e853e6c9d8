"""What a journal is asked of its roll-ups."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, func, select

from core.ops.reader import Reader, about, between
from core.ops.rollup import (
    CHECK,
    Bar,
    By,
    Hour,
    Resolution,
    Rollup,
    no_data,
    rollup_of,
    seconds_of,
    span_of,
    stored,
)
from core.ops.schema import DAY, HOUR, KEPT, MINUTE, rollups
from core.ops.tally import Tally
from core.ops.writer import tally_of


class RollupReader(Reader):
    """``target`` as in ``hub.probe``; None for everything. ``now`` in UTC seconds."""

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
        seconds = seconds_of(resolution)
        query = select(rollups).where(rollups.c.resolution == seconds, *about(rollups.c.target, target))
        query = query.where(*between(rollups.c.start, since, until))
        rows: dict[int, list[Any]] = {}
        for row in self._rows(query):
            rows.setdefault(row["start"], []).append(row)
        return [
            stored(rows[start][0]) if len(rows[start]) == 1 else rollup_of(start, seconds, _sum(rows[start]))
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
        wanted = [rollups.c.resolution == resolution, *about(rollups.c.target, target)]
        whole = self._sums(None, wanted + between(rollups.c.start, first, until)).get("", Tally())
        return rollup_of(now if since is None else since, resolution, whole)

    def uptime(
        self, target: str | None = None, *, now: float, days: int | None = None, hours: int | None = None
    ) -> list[Bar]:
        """A bar a day (``days=90``), else a bar an hour (``hours=24``), oldest first, the last with ``now``."""
        found = self._bars(about(rollups.c.target, target), None, now, days, hours)
        return found.get("", no_data(now, *span_of(days, hours)))

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

    def hours(self, since: float) -> dict[str, list[Hour]]:
        """Endpoint → its hours since then, the oldest first; hosts' own checks not among them."""
        columns = [rollups.c[name] for name in ("target", *Hour._fields)]
        query = select(*columns).order_by(rollups.c.start)
        query = query.where(
            rollups.c.resolution == HOUR, rollups.c.start >= since, rollups.c.capability != CHECK
        )
        found: dict[str, list[Hour]] = {}
        with self._engine.connect() as connection:
            for target, *hour in connection.execute(query):
                found.setdefault(target, []).append(Hour(*hour))
        return dict(sorted(found.items()))

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
        count, seconds = span_of(days, hours)
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
                    bars = found[name] = no_data(now, count, seconds)
                judged = good + failed + refused
                share = good / judged if judged else None
                at = round((start - first) / seconds)
                bars[at] = Bar(start, seconds, share, good, failed, refused)
        return found

    def _latest(self) -> float:
        with self._engine.connect() as connection:
            last = select(func.max(rollups.c.start)).where(rollups.c.resolution == MINUTE)
            return float(connection.scalar(last) or 0.0)


def _grouped(by: By) -> Any:
    return {
        "provider": rollups.c.provider,
        "capability": rollups.c.provider + "/" + rollups.c.capability,
        "endpoint": rollups.c.target,
    }[by]


def _sum(rows: Iterable[Any]) -> Tally:
    whole = Tally()
    for row in rows:
        whole.merge(tally_of(row))
    return whole
