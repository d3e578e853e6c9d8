"""What both readers of a journal stand on: its file, and which rows of it are meant."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, or_


class Reader:
    """Queries over one journal."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _rows(self, query: Select[Any]) -> Iterable[Any]:
        with self._engine.connect() as connection:
            return connection.execute(query).mappings().all()


def about(column: Any, target: str | None) -> list[ColumnElement[bool]]:
    """The target itself and everything within it, by ranges that an index serves."""
    if target is None:
        return []
    if "@" in target:  # nothing is within a host
        return [column == target]
    within = [and_(column > target + sign, column < target + chr(ord(sign) + 1)) for sign in "/@"]
    return [or_(column == target, *within)]


def between(column: Any, since: float | None, until: float | None) -> list[ColumnElement[bool]]:
    wanted = [] if since is None else [column >= since]
    return wanted if until is None else [*wanted, column < until]
