"""The evidence: a series put in order, its values examined, and held against whatever else is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.candles.agree import Agreement, Second, bars_from, compare, second_of
from core.candles.cause import UNKNOWN, Gaps, Witness, causes_of, find_gaps
from core.candles.frame import SECOND, Bars, Ints, anchor_of, step_of
from core.candles.memo import Last
from core.candles.scale import locally
from core.candles.spikes import SPIKE, WICK, Spikes, belief, deviation
from core.candles.still import judge_flat
from core.candles.structure import Shape, arrange
from core.candles.values import Flaws, examine
from core.market import Moment, to_seconds

_DAY = 86_400 * SECOND
_HOUR = 3600 * SECOND
_LATE = 3
"""Candles by which a series must end early before that is called truncated."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything an audit knows about a series, by position: what repair works from."""

    interval: str
    attrs: dict[Any, Any]
    bars: Bars
    """All rows as given."""
    shape: Shape
    rows: Bars
    """One observed row a slot."""
    flaws: Flaws
    gaps: Gaps
    causes: list[str]
    frozen: list[tuple[int, int, str]]
    """Stretches that hold no observation: first row, last row, cause."""
    halted: list[tuple[int, int, str]]
    """Of these the ones that are flat without volume: nothing traded there, and the rows say so."""
    tail: int
    """Candles missing at the end."""
    now: int | None
    agreement: Agreement | None
    notes: list[str]

    def broken_rows(self) -> Ints:
        """Rows whose values are wrong in one way or another."""
        flaws, spikes = self.flaws, self.flaws.spikes
        parts = [flaws.non_finite, flaws.non_positive, flaws.violation]
        parts += [spikes.close, spikes.open, spikes.high, spikes.low]
        parts += [rows for rows, _ in flaws.scaled.values()]
        parts += [np.arange(first + 1, last + 1) for first, last, _ in self.frozen]
        return np.unique(np.concatenate(parts))


_last: Last[Inspection] = Last()


def inspect(
    raw: object,
    interval: str,
    now: Moment | None = None,
    siblings: Mapping[str, pd.DataFrame] | None = None,
    reference: object = None,
    *,
    model: Second | None = None,
    causal: bool = False,
) -> Inspection:
    """The evidence behind an audit. ``model``: a series that decides between conflicting duplicates."""
    moment = None if now is None else int(to_seconds(now, "now") * SECOND)
    if siblings or reference is not None or model is not None:
        return _inspect(raw, interval, moment, siblings or {}, reference, model, causal)
    key = (interval, moment, causal)
    found = _last.get(raw, key)
    if found is None:
        found = _inspect(raw, interval, moment, {}, None, None, causal)
        _last.put(raw, key, found)
    return found


@np.errstate(all="ignore")  # values from outside overflow where they like
def _inspect(
    raw: object,
    interval: str,
    moment: int | None,
    siblings: Mapping[str, pd.DataFrame],
    reference: object,
    model: Second | None,
    causal: bool,
) -> Inspection:
    step, anchor = step_of(interval), anchor_of(interval)
    bars, attrs = bars_from(raw)
    mended = attrs.get("repaired")
    if isinstance(mended, Mapping) and isinstance(mended.get("offset"), int):
        anchor = int(mended["offset"])  # the grid that the whole series was found to lie on
    seen = bars.given()
    shape = arrange(seen, step, anchor, moment, causal=causal)
    notes = [str(note) for note in attrs.get("notes", ())]
    second = None
    if reference is not None:
        second, why = second_of(reference, None, attrs, (shape.rows, shape.slot), step, shape.offset)
        notes += [why] if why else []
        model = model or second
    if model is not None and len(shape.conflicting):
        shape = arrange(seen, step, anchor, moment, model=model.fitted(shape.rows, shape.slot))
    rows, slot = shape.rows, shape.slot
    flaws = examine(rows, slot)
    witnesses = []
    for frame in siblings.values():
        theirs = arrange(bars_from(frame)[0].given(), step, shape.offset)
        if (
            witness := Witness.of(theirs.rows, (theirs.time_of(theirs.slot) - shape.offset) // step)
        ) is not None:
            witnesses.append(witness)
    agreement = compare(rows, slot, second, flaws.scale.whole) if second and len(rows) else None
    if agreement is not None and second is not None and not agreement.exact:
        flaws = _weighed(flaws, rows, agreement, second)
    again = second.witness() if second and second.kind != "venue" else None
    elsewhere = second.witness() if second and second.kind == "venue" else None
    gaps = find_gaps(slot)
    causes = causes_of(rows, gaps, witnesses, again, elsewhere)
    halted = judge_flat(rows, slot, flaws.flat, witnesses, elsewhere)
    frozen = [(first, last, UNKNOWN) for first, last in flaws.stale]
    tail = _tail(shape, moment, [*witnesses, *([elsewhere] if elsewhere else [])])
    return Inspection(interval, dict(attrs), bars, shape, rows, flaws, gaps, causes, frozen, halted, tail, moment,
                      agreement, notes)  # fmt: skip


def _tail(shape: Shape, now: int | None, others: list[Witness]) -> int:
    """Candles that should follow the last one: by the clock, by what others have, or by a day file's own end."""
    if not len(shape.slot):
        return 0
    last = int(shape.slot[-1])
    if now is not None:
        late = (now - shape.offset) // shape.step - 1 - last
        return late if late >= _LATE else 0
    ends = [witness.last for witness in others if witness.first <= last]
    late = max(max(ends, default=last) - last, _rest_of_day(shape))
    return late if late >= _LATE else 0


def _rest_of_day(shape: Shape) -> int:
    """Candles that a file lacks which opens with the UTC day and stops within it."""
    first, last = (int(shape.time_of(part)[0]) for part in (shape.slot[:1], shape.slot[-1:]))
    span = last + shape.step - first
    slots = span // shape.step
    # a round number of rows or of hours is a page, not a day
    round_number = slots % 50 == 0 or slots & (slots - 1) == 0 or span % _HOUR == 0
    if first % _DAY or not _DAY // 2 <= span < _DAY or round_number:
        return 0
    return int((_DAY - span) // shape.step)


def _weighed(flaws: Flaws, rows: Bars, agreement: Agreement, second: Second) -> Flaws:
    """Spikes and wicks that another venue saw too are none; those that it did not see need less to be one."""
    where = np.full(len(rows), -1, dtype=np.int64)
    where[agreement.shared] = np.arange(len(agreement.shared))
    away, other = np.abs(agreement.close), second.rows

    def confirmed(places: Ints) -> Ints:
        seen = where[places] >= 0
        return places[~(seen & (away[where[places]] < 0.3 * np.abs(deviation(x, places))))]

    with np.errstate(all="ignore"):
        x = np.log(rows.close)
        wild = agreement.shared[agreement.differ]
        wild = wild[(wild >= 2) & (wild < len(rows) - 2) & flaws.sound[wild]]
        local = locally(x, wild, flaws.scale) if len(wild) else np.zeros(0)
        inside = away[where[wild]] > SPIKE * local
        wild = wild[inside & (np.abs(deviation(x, wild)) > SPIKE * local)] if len(wild) else wild
        stray: dict[str, Ints] = {}
        for name, sign in (("high", 1.0), ("low", -1.0)):
            body = rows.open, rows.close
            edge = np.maximum(*body) if sign > 0 else np.minimum(*body)
            size = sign * np.log(rows.column(name) / edge)
            there = agreement.second
            theirs = other.open[there], other.close[there]
            their_edge = np.maximum(*theirs) if sign > 0 else np.minimum(*theirs)
            their_size = sign * np.log(other.column(name)[there] / their_edge)
            places = getattr(flaws.spikes, name)
            seen = where[places] >= 0
            believed = seen & (their_size[where[places]] > 0.4 * size[places])
            more = agreement.shared[
                (size[agreement.shared] > WICK * 1.5 * flaws.scale.whole)
                & (their_size < 0.2 * size[agreement.shared])
                & flaws.sound[agreement.shared]
            ]
            if len(more):  # a crash that only one venue saw still shows in its volume
                local = locally(x, more, flaws.scale)
                more = more[size[more] > 1.5 * WICK * local * np.sqrt(belief(rows, more, local))]
            stray[name] = np.union1d(places[~believed], more)
    closes = np.union1d(confirmed(flaws.spikes.close), wild)
    spiked = np.union1d(closes, flaws.spikes.open)
    spikes = Spikes(
        closes, flaws.spikes.open, np.setdiff1d(stray["high"], spiked), np.setdiff1d(stray["low"], spiked)
    )
    return Flaws(flaws.non_finite, flaws.non_positive, flaws.violation, flaws.scaled, flaws.stale, flaws.flat,
                 spikes, flaws.scale, flaws.sound)  # fmt: skip
