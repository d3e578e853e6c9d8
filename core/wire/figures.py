"""Single figures out of a body: where one stands, and in what form."""

import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from core.answer import BadPayload
from core.wire.fields import Dotted, Model
from core.wire.paths import MISSING, Path, find, said
from core.wire.values import TimeUnit, clip, moment, number

_HEX = re.compile(r"0x[0-9a-fA-F]{1,32}")


class Figure(Model):
    """Where a number stands, and what it is to be multiplied with. ``hex``: text like ``0x1b4``."""

    path: Dotted
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    hex: bool = False
    form: Literal["one", "count", "sum"] = "one"
    """``sum``: of a list's numbers or, with ``each``, of one member of its objects; ``count``: how many."""
    each: Dotted = ()

    def read(self, body: Any, what: str, root: Path = ()) -> float | None:
        """The number; None for what is missing, null or empty. BadPayload for anything else."""
        if (value := said(body, root + self.path)) is None:
            return None
        found = self._of(value, what)
        if self.scale != 1.0:
            found = float(f"{found * self.scale:.15g}")  # 1.5 gwei, not 1.5000000000000002
        if not math.isfinite(found):
            raise BadPayload(f"{what} is {clip(value)}: too large")
        return found

    def _of(self, value: Any, what: str) -> float:
        if self.form == "one":
            return _number(value, what, self.hex)
        if not isinstance(value, list):
            raise BadPayload(f"{what} is {clip(value)}, expected a list")
        if self.form == "count":
            return float(len(value))
        return sum(_number(find(row, self.each), what, self.hex) for row in value)


def _shorthand(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


At = Annotated[Figure, BeforeValidator(_shorthand)]
"""A figure in a TOML file: its path, or a table."""


def _number(value: Any, what: str, in_hex: bool) -> float:
    if not in_hex:
        return number(None if value is MISSING else value, what)
    if isinstance(value, str) and _HEX.fullmatch(value):
        return float(int(value, 16))
    raise BadPayload(f"{what} is {clip(value)}, expected a number like 0x1b4")


def read_time(body: Any, root: Path, at: Figure | Path | None, unit: TimeUnit) -> datetime | None:
    """A moment, at a path or as a figure; None when nothing is declared, or nothing is there."""
    if at is None:
        return None
    if isinstance(at, Figure) and unit != "iso":
        value: Any = at.read(body, "time", root)
    else:
        value = said(body, root + (at.path if isinstance(at, Figure) else at))
    return None if value is None else moment(value, unit, "time")


def read_figures(
    figures: Mapping[str, Figure], body: Any, root: Path, *, signed: Collection[str] = ()
) -> dict[str, float | None]:
    """Name → its number, or None. BadPayload for one below zero that is not among ``signed``."""
    found = {name: figure.read(body, name, root) for name, figure in figures.items()}
    for name, value in found.items():
        if value is not None and value < 0 and name not in signed:
            raise BadPayload(f"{name} is {value:g}, expected none below zero")
    return found


def check_known(given: Collection[str], known: Collection[str]) -> None:
    """ValueError for a name that is not among the known ones."""
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"{' '.join(unknown)}: expected some of {' '.join(known)}")
