"""Alerts, rules, watchlist and deliveries in the journal's file. Write on the folder's writer thread only."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import SQLAlchemyError

from core.ops.alerts.machine import Alert
from core.ops.alerts.rules import RULES, Rule
from core.ops.alerts.watchlist import Watched

KEPT = 365 * 86_400.0
"""Seconds for which an alert that is over is kept."""
MOST = 10_000
"""Alerts kept at most."""

Mood = Literal["warning", "failure", "success", "info"]
"""How a message looks where a channel has colours."""

_tables = MetaData()

_alerts = Table(
    "alerts",
    _tables,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("value", Float),
    Column("state", Text, nullable=False),
    Column("since", Float, nullable=False),
    Column("fired", Float, nullable=False),
    Column("acknowledged", Float),
    Column("acknowledged_by", Text, nullable=False),
    Column("resolved", Float),
    Index("alerts_by_time", "fired"),
    Index("alerts_by_state", "state"),
)

_rules = Table(
    "alert_rules", _tables, Column("name", Text, primary_key=True), Column("changes", Text, nullable=False)
)

_watched = Table(
    "watchlist",
    _tables,
    Column("symbol", Text, primary_key=True),
    Column("above", Float),
    Column("below", Float),
    Column("note", Text, nullable=False),
)

_deliveries = Table(
    "deliveries",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("alert", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("mood", Text, nullable=False),
    Column("asked", Float, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("again", Float, nullable=False),
    Column("error", Text, nullable=False),
    Column("ended", Float),
    Index("deliveries_by_end", "ended"),
    sqlite_autoincrement=True,
)


_levels = Table(
    "levels",
    _tables,
    Column("what", Text, primary_key=True),
    Column("time", Float, primary_key=True),
    Column("left", Float, nullable=False),
    sqlite_with_rowid=False,
)


@dataclass(slots=True)
class Delivery:
    """One message on its way to one target. Times in UTC seconds."""

    alert: str
    target: str
    title: str
    body: str
    mood: Mood
    asked: float
    tries: int = 0
    again: float = 0.0
    """When to try next."""
    error: str = ""
    """Why the last try failed; of one that ended: why it was given up."""
    ended: float | None = None
    """When it was delivered, or given up; None while it is on its way."""
    id: int = 0


class AlertStore:
    """The tables. OSError when the file cannot be read or written now."""

    def __init__(self, engine: Engine, *, lab: bool) -> None:
        self._engine = engine
        self._lab = lab

    def prepare(self, now: float) -> None:
        """Make the tables if they are not there, and clean up."""
        with _Faults():
            _tables.create_all(self._engine)
            with self._engine.begin() as connection:
                over = _alerts.c.state == "resolved"
                connection.execute(delete(_alerts).where(over, _alerts.c.fired < now - KEPT))
                too_many = select(_alerts.c.id).where(over).order_by(_alerts.c.fired.desc()).offset(MOST)
                connection.execute(delete(_alerts).where(_alerts.c.id.in_(too_many)))
                connection.execute(delete(_deliveries).where(_deliveries.c.ended < now - KEPT / 12))

    def put(self, alerts: Iterable[Alert], deliveries: Iterable[Delivery] = ()) -> None:
        """Write alerts as they are now, and messages that are to go out; these get their ids."""
        with _Faults(), self._engine.begin() as connection:
            for alert in alerts:
                row = {name: value for name, value in alert.as_dict().items() if name != "lab"}
                connection.execute(upsert(_alerts).values(row).on_conflict_do_update(["id"], set_=row))
            for one in deliveries:
                row = {name: value for name, value in asdict(one).items() if name != "id"}
                made = connection.execute(insert(_deliveries).values(row)).inserted_primary_key
                one.id = int(made[0]) if made else 0

    def moved(self, one: Delivery) -> None:
        """Write what became of a message."""
        changed = {"tries": one.tries, "again": one.again, "error": one.error, "ended": one.ended}
        with _Faults(), self._engine.begin() as connection:
            connection.execute(update(_deliveries).where(_deliveries.c.id == one.id).values(changed))

    def put_rule(self, rule: Rule) -> None:
        """Write what a person changed of a rule."""
        usual = RULES[rule.name]
        names = ("enabled", "level", "hold", "clear")
        changes = {n: getattr(rule, n) for n in names if getattr(rule, n) != getattr(usual, n)}
        row = {"name": rule.name, "changes": json.dumps(changes)}
        with _Faults(), self._engine.begin() as connection:
            connection.execute(upsert(_rules).values(row).on_conflict_do_update(["name"], set_=row))

    def put_watched(self, one: Watched) -> None:
        """Write one entry of the watchlist."""
        row = one.as_dict()
        with _Faults(), self._engine.begin() as connection:
            connection.execute(upsert(_watched).values(row).on_conflict_do_update(["symbol"], set_=row))

    def put_levels(self, left: Mapping[str, float], now: float, since: float) -> None:
        """Note what is left of what is being used up, and forget what was before ``since``."""
        rows = [{"what": what, "time": now, "left": amount} for what, amount in left.items()]
        with _Faults(), self._engine.begin() as connection:
            connection.execute(upsert(_levels).on_conflict_do_nothing(), rows)
            connection.execute(delete(_levels).where(_levels.c.time < since))

    def levels(self) -> list[tuple[str, float, float]]:
        """What was noted: of what, when (UTC seconds), how much was left; oldest first."""
        rows = self._rows(select(_levels).order_by(_levels.c.time))
        return [(row["what"], row["time"], row["left"]) for row in rows]

    def drop_watched(self, symbol: str) -> None:
        """Delete one entry of the watchlist."""
        with _Faults(), self._engine.begin() as connection:
            connection.execute(delete(_watched).where(_watched.c.symbol == symbol))

    def open(self) -> list[Alert]:
        """Alerts that are not over."""
        return self._alerts(select(_alerts).where(_alerts.c.state != "resolved"))

    def newest(self, limit: int, before: float | None = None) -> list[Alert]:
        """Alerts that are over, the newest first. ``before``: those that fired before this, for the next page."""
        query = select(_alerts).where(_alerts.c.state == "resolved").order_by(_alerts.c.fired.desc())
        if before is not None:
            query = query.where(_alerts.c.fired < before)
        return self._alerts(query.limit(limit))

    def alert(self, alert_id: str) -> Alert | None:
        """One alert by its id."""
        return next(iter(self._alerts(select(_alerts).where(_alerts.c.id == alert_id))), None)

    def rules(self) -> dict[str, Rule]:
        """All rules, with what was changed of them."""
        found = dict(RULES)
        for row in self._rows(select(_rules)):
            if row["name"] in found:
                found[row["name"]] = found[row["name"]].changed(**json.loads(row["changes"]))
        return found

    def watchlist(self) -> list[Watched]:
        """The watchlist, in the order in which it was made."""
        return [Watched(**row) for row in self._rows(select(_watched).order_by(literal_column("rowid")))]

    def on_their_way(self) -> list[Delivery]:
        """Messages not delivered yet, oldest first."""
        query = select(_deliveries).where(_deliveries.c.ended.is_(None)).order_by(_deliveries.c.id)
        return [Delivery(**row) for row in self._rows(query)]

    def _alerts(self, query: Any) -> list[Alert]:
        return [Alert(**row, lab=self._lab) for row in self._rows(query)]

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        with _Faults(), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


class _Faults:
    """The database's failures as OSErrors, which everybody above knows."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, SQLAlchemyError):
            raise OSError(f"alerts: {getattr(error, 'orig', None) or error}") from error
