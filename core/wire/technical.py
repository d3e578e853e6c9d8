"""What indicators say: how their values are asked for, where in the answer they stand, and how they are read.

What a value means is no matter of the provider: :mod:`core.market.readings`. Request templates may use
``{interval}``, the provider's own name for it.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, model_validator

from core.answer import BadPayload
from core.market import INTERVALS, Missing, Query, Summary, TechnicalQuery
from core.market.readings import RULES, impossible, signal_of
from core.wire.calls import Call
from core.wire.fields import Dotted, Model
from core.wire.figures import check_known
from core.wire.paths import MISSING, find, said, show_path
from core.wire.values import TimeUnit, clip, moment, number
from core.wire.words import plain_text

AHEAD = 60.0
"""Seconds that a provider's clock may run ahead of ours."""
MOST_REASON = 200
"""Signs of a provider's own word on why there is no value."""


class IndicatorAt(Model):
    """Where one indicator stands in the answer. Paths begin at ``root``, which begins at that of the call."""

    root: Dotted = ()
    values: dict[str, Dotted]
    """Each value that its rule takes, at the newest closed candle."""


class TechnicalCall(Call):
    """One request for the indicators of one symbol's closed candles."""

    intervals: Annotated[dict[str, str | int], Field(min_length=1)]
    """Ours → theirs. Only those whose candles open where ours do: days at 00:00 UTC, weeks on Monday."""
    root: Dotted = ()
    indicators: Annotated[dict[str, IndicatorAt], Field(min_length=1)]
    time: Dotted | None = None
    """Below an indicator's root, the open time of the candle that its value is of."""
    time_unit: TimeUnit = "s"
    reason: Dotted | None = None
    """Below an indicator's root, why it has no value, in the provider's words."""
    without: dict[str, str] = Field(default_factory=dict)
    """Indicators that are not asked for, and why not."""

    @classmethod
    def template_names(cls) -> set[str]:
        return super().template_names() | {"interval"}

    @model_validator(mode="after")
    def _indicators_have_rules(self) -> "TechnicalCall":
        check_known(self.intervals, tuple(INTERVALS))
        check_known(self.indicators, tuple(RULES))
        check_known(self.without, tuple(RULES))
        for name, one in self.indicators.items():
            if name in self.without:
                raise ValueError(f"{name}: both among indicators and without")
            if set(one.values) != set(RULES[name].inputs):
                raise ValueError(f"{name}: expected values {' '.join(RULES[name].inputs)}")
        return self

    def fits(self, query: Query) -> bool:
        return isinstance(query, TechnicalQuery) and query.interval in self.intervals

    def lacks(self, query: Query) -> str:
        return f"no indicators of {getattr(query, 'interval', '')} candles"


def read_technical(
    call: TechnicalCall, query: TechnicalQuery, body: Any, now: float | None = None
) -> Summary:
    """What the indicators say at the newest closed candle; BadPayload when none of them has a value.

    One without a value is in ``missing``, as is one of an older candle than the others. Values that cannot be,
    and those of a candle that is still open at ``now``, are bad payloads.
    """
    if not isinstance(whole := find(body, call.root), dict):
        shown = "missing" if whole is MISSING else clip(whole)
        raise BadPayload(f"{show_path(call.root)} is {shown}, expected an object of indicators")
    found: dict[str, tuple[dict[str, float], datetime | None]] = {}
    silent = {name: f"{name} is not asked for: {why}" for name, why in call.without.items()}
    for name, at in call.indicators.items():
        part = find(whole, at.root)
        if (values := _values(name, at, part)) is None:
            silent[name] = f"{name} has no value{_why(call, part)}"
        else:
            stamp = None if call.time is None else said(part, call.time)
            opened = None if stamp is None else moment(stamp, call.time_unit, f"{name}: time")
            found[name] = values, opened
    newest = max((opened for _, opened in found.values() if opened is not None), default=None)
    _check_closed(query, newest, now)
    for name, (_, opened) in list(found.items()):
        if opened is not None and opened != newest:
            silent[name] = f"{name} has no value since {opened.isoformat()}"
            del found[name]
    if not found:
        raise BadPayload("; ".join(silent[name] for name in call.indicators))
    return Summary.of(
        tuple(signal_of(name, found[name][0]) for name in RULES if name in found),
        tuple(Missing(name, silent[name]) for name in RULES if name in silent),
        time=None if newest is None else newest.isoformat(),
        close=next((values["close"] for values, _ in found.values() if "close" in values), None),
    )


def _values(name: str, at: IndicatorAt, part: Any) -> dict[str, float] | None:
    """The indicator's values; None when one of them is not there."""
    given = {value: said(part, path) for value, path in at.values.items()}
    if any(value is None for value in given.values()):
        return None
    values = {value: number(one, f"{name}: {value}") for value, one in given.items()}
    if problem := impossible(name, values):
        raise BadPayload(f"{name}: {problem}")
    return values


def _why(call: TechnicalCall, part: Any) -> str:
    """In the provider's words, behind a colon."""
    text = "" if call.reason is None else plain_text(said(part, call.reason), MOST_REASON)
    return f": {text}" if text else ""


def _check_closed(query: TechnicalQuery, opened: datetime | None, now: float | None) -> None:
    if opened is None or now is None:
        return
    if opened.timestamp() + INTERVALS[query.interval] > now + AHEAD:
        raise BadPayload(f"the values are of the candle of {opened.isoformat()}, which is still open")
