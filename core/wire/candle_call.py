"""How candles are asked for, and where in the answer they stand: the declaration.

Beside the names that every request may use its templates have ``{interval}`` ``{seconds}`` ``{rows}`` ``{newest}``
``{back}`` ``{days}`` ``{start}`` ``{end}``. ``{newest}`` is ``{rows}`` where neither start nor end is sent, for a
venue that refuses both together. ``{back}`` counts the candles from the first wanted to the open one, for a venue
that knows no range, and ``{days}`` is the same in days.
"""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.market import CANDLE_FIELDS, INTERVALS
from core.wire.calls import Call
from core.wire.fields import Dotted, Model, Several, UrlPath, Whole, check_names
from core.wire.values import TimeUnit


class Window(Model):
    """How a range of time is asked for, by ``{start}`` and ``{end}``."""

    unit: TimeUnit = "s"
    start: Literal["inclusive", "exclusive"] = "inclusive"
    end: Literal["inclusive", "exclusive", "within"] = "inclusive"
    """Inclusive: the last wanted open time. Exclusive: the one after it. Within: the last moment of the last
    wanted candle, which is right either way."""
    both: bool = False
    """True when one bound without the other is ignored or refused."""
    always: bool = False
    """True when without bounds nothing comes, or fewer rows than asked for."""


class Archive(Model):
    """Where candles older than the newest ``beyond`` are asked for, in the same form."""

    path: UrlPath
    beyond: Whole
    max_rows: Whole


class ClosedFlag(Model):
    """Values of the column ``closed``."""

    yes: Several
    no: Several


class CandleCall(Call):
    """Candles. ``rows`` leads to the list; its rows are lists (``columns``) or objects (``keys``)."""

    intervals: Annotated[dict[str, str | int], Field(min_length=1)]
    """Ours → theirs. Only those whose candles open where ours do: days at 00:00 UTC, weeks on Monday."""
    max_rows: Whole
    """Most rows that one request may ask for."""
    history: Whole | dict[str, Whole] | None = None
    """Only this many of the newest closed candles can be had at all, or interval → how many."""
    days: dict[str, tuple[Whole, ...]] = Field(default_factory=dict)
    """Interval → the values that ``{days}`` may have, where the candles' length follows from them."""
    archive: Archive | None = None
    window: Window = Window()
    newest_open: bool = True
    """Without an end the newest row is the candle that is still open."""
    rows: Dotted = ()
    columns: tuple[str, ...] = ()
    """Names by position; a name that is no field of ours is passed over, but must be there."""
    keys: dict[str, str] = Field(default_factory=dict)
    """Field → their key."""
    time_unit: TimeUnit = "s"
    stamp: Literal["open", "close"] = "open"
    """Whether a row's time is that of its opening or of its end."""
    closed: ClosedFlag | None = None

    @classmethod
    def template_names(cls) -> set[str]:
        own = {"interval", "seconds", "rows", "newest", "back", "days", "start", "end"}
        return super().template_names() | own

    @model_validator(mode="after")
    def _rows_are_sound(self) -> "CandleCall":
        if unknown := set(self.intervals) - set(INTERVALS):
            raise ValueError(f"intervals {sorted(unknown)}: expected some of {' '.join(INTERVALS)}")
        if bool(self.columns) == bool(self.keys):
            raise ValueError("expected either columns or keys")
        named = self.columns or tuple(self.keys)
        if missing := {"time", *CANDLE_FIELDS[:4]} - set(named):
            raise ValueError(f"columns or keys lack {sorted(missing)}")
        if twice := {name for name in named if named.count(name) > 1}:
            raise ValueError(f"columns name {sorted(twice)} twice")
        if ("closed" in named) != (self.closed is not None):
            raise ValueError("a column closed and its values yes and no go together")
        for name, table in (("history", self.history), ("days", self.days)):
            if isinstance(table, dict) and table and set(table) != set(self.intervals):
                raise ValueError(f"{name}: expected one entry for each interval")
        if self.archive is not None:
            check_names(self.template_names(), archive=self.archive.path)
        return self

    def kept(self, interval: str) -> int | None:
        """How many of the newest closed candles can be had; None when all."""
        return self.history[interval] if isinstance(self.history, dict) else self.history

    @cached_property
    def fields(self) -> dict[str, int | str]:
        """Field of ours → position or key in a row."""
        known = {"time", "closed", *CANDLE_FIELDS}
        if self.keys:
            return {name: key for name, key in self.keys.items() if name in known}
        return {name: place for place, name in enumerate(self.columns) if name in known}
