"""What a journal is asked of its events."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, func, select

from core.ops.events import BY_KIND, Event, event_from
from core.ops.reader import Reader, about, between
from core.ops.schema import events

MOST = 10_000
"""Events given at once at most."""


class EventReader(Reader):
    """``target`` as in ``hub.probe``; None for everything."""

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


def _wanted(
    kinds: Collection[str],
    target: str | None,
    who: str | None,
    text: str,
    since: float | None,
    until: float | None,
) -> list[ColumnElement[bool]]:
    wanted = about(events.c.target, target) + between(events.c.time, since, until)
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


def _event(row: Any) -> Event:
    common = {name: row[name] for name in ("id", "time", "target", "who", "detail")}
    return event_from(row["kind"], common, row["data"])
