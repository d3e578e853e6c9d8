"""What is wrong with a candle series, why, and how far it can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.candles import score as scoring
from core.candles.agree import Agreement, Second, bars_from, compare, second_of
from core.candles.cause import UNKNOWN, Gaps, Witness, causes_of, find_gaps, judge_flat
from core.candles.findings import Finding, table
from core.candles.frame import SECOND, Bars, Ints, anchor_of, iso, step_of, to_index
from core.candles.memo import Last
from core.candles.scale import locally
from core.candles.score import Tally
from core.candles.spikes import SPIKE, WICK, Spikes, belief, deviation
from core.candles.structure import Shape, arrange
from core.candles.values import Flaws, examine
from core.market import Moment, to_seconds

_DAY = 86_400 * SECOND
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


@dataclass(frozen=True)
class Audit:
    """The result of :func:`audit`. ``print`` it for a summary."""

    interval: str
    score: float | None
    """0 … 1 over the assessed dimensions; None when there is too little to judge. No repair raises it."""
    dimensions: dict[str, float]
    """Quality 0 … 1 by dimension; only those that could be assessed."""
    usable: float
    """Mean trust in the rows over all expected candles, 0 … 1."""
    defects: pd.DataFrame
    """``start end kind cause count detail``; times are open times, both ends included."""
    bounds: dict[str, tuple[float, float]]
    """95 % Wilson bounds of each dimension's defect rate."""
    assessed: float
    """Share of the score's weights that could be assessed."""
    freshness: float | None
    """Closed candles that should be there and are not, at ``now``; None without ``now``."""
    rows: int
    expected: int
    span: tuple[pd.Timestamp, pd.Timestamp] | None
    """Open times of the first and the last candle."""
    notes: tuple[str, ...]
    corrupted: float
    """Share of rows with broken values."""
    gated: bool
    """The score is capped: the input was out of order or held values that are no numbers."""

    def __str__(self) -> str:
        """A few honest lines."""
        said = "too little to judge" if self.score is None else f"{self.score:.3f}"
        lines = [
            (
                f"{self.rows} rows of {self.expected} expected at {self.interval}: score {said}"
                f" (assessed {self.assessed:.0%}), usable {self.usable:.3f}"
            )
        ]
        for name, value in self.dimensions.items():
            bound = f", defect rate at most {self.bounds[name][1]:.2%}" if name in self.bounds else ""
            lines.append(f"  {name:<13}{value:.3f}{bound}")
        counts = self.defects.groupby(["kind", "cause"], observed=True, sort=False)["count"].agg(
            ["size", "sum"]
        )
        for key, row in counts.iterrows():
            kind, cause = map(str, key)  # type: ignore[call-overload]  # the key of two columns is a pair
            why = f" ({cause})" if cause != UNKNOWN else ""
            lines.append(f"  {kind}{why}: {row['sum']} in {row['size']} places")
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])

    def as_dict(self) -> dict[str, Any]:
        """Everything but the table of defects, as plain data that JSON can carry."""
        return {
            "interval": self.interval,
            "score": self.score,
            "dimensions": self.dimensions,
            "usable": self.usable,
            "bounds": {name: list(pair) for name, pair in self.bounds.items()},
            "assessed": self.assessed,
            "freshness": self.freshness,
            "rows": self.rows,
            "expected": self.expected,
            "corrupted": self.corrupted,
            "gated": self.gated,
            "notes": list(self.notes),
        }


def audit(
    raw: pd.DataFrame,
    interval: str,
    now: Moment | None = None,
    siblings: Mapping[str, pd.DataFrame] | None = None,
    reference: pd.DataFrame | None = None,
) -> Audit:
    """Audit a series of one interval.

    ``now`` makes open candles and lateness visible. ``siblings`` are other symbols of the same venue, by name:
    what they did meanwhile tells an outage from a halt and from a quiet market. ``reference`` is the same symbol
    elsewhere (``attrs`` name its quote currency and venue), from the same venue asked again, or at a finer interval.
    Without them less is said. Nothing is changed; any frame is judged, however broken. NotCandles when it is no
    candle table at all, ValueError for an unknown interval.
    """
    return conclude(inspect(raw, interval, now, siblings, reference))


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
    # a round number of rows is a page, not a day
    if first % _DAY or not _DAY // 2 <= span < _DAY or slots % 50 == 0 or slots & (slots - 1) == 0:
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


def measure(found: Inspection) -> tuple[dict[str, float], bool]:
    """Quality by dimension, and whether the score is capped."""
    tallies, longest = _tallies(found)
    dimensions: dict[str, float] = {}
    for name, tally in tallies.items():
        if name == "completeness":
            dimensions[name] = scoring.completeness(tally, longest)
        else:
            dimensions[name] = scoring.quality(name, tally.rate)
    freshness = _freshness(found)
    if freshness is not None:
        dimensions["timeliness"] = scoring.timeliness(freshness)
    gated = bool(found.shape.displaced) or len(found.flaws.non_finite) > 0
    mended = found.attrs.get("repaired")
    if isinstance(mended, Mapping):  # a repaired frame answers for the defects of the series it came from
        before = mended.get("dimensions", {})
        dimensions = {name: min(value, float(before.get(name, value))) for name, value in dimensions.items()}
        gated = gated or bool(mended.get("gated"))
    return dimensions, gated


@np.errstate(all="ignore")
def conclude(found: Inspection) -> Audit:
    """Defects, dimensions and scores from the evidence."""
    dimensions, gated = measure(found)
    tallies, _ = _tallies(found)
    rows, slot = found.rows, found.shape.slot
    broken = _broken_rows(found)
    span = (to_index(rows.time[:1])[0], to_index(rows.time[-1:])[0]) if len(rows) else None
    enough = len(rows) >= scoring.FEWEST and bool(dimensions)
    return Audit(
        found.interval,
        scoring.combine(dimensions, gated=gated) if enough else None,
        dimensions,
        _usable(found, len(rows) - len(broken)),
        table(_findings(found)),
        {name: scoring.wilson(tally) for name, tally in tallies.items()},
        scoring.assessed(dimensions),
        _freshness(found),
        len(found.bars),
        int(slot[-1] - slot[0] + 1) if len(rows) else 0,
        span,
        tuple(found.notes),
        len(broken) / len(rows) if len(rows) else 0.0,
        gated,
    )


def _usable(found: Inspection, good: int) -> float:
    """Mean trust over the expected slots; filled rows count by their method and the length of their gap."""
    mask = found.bars.observed()
    slot, total = found.shape.slot, float(good)
    if not len(slot):
        return 0.0
    first, last = int(slot[0]), int(slot[-1])
    if mask is not None and found.bars.method is not None:
        places = np.flatnonzero(~mask)
        made = (found.bars.time[places] - found.shape.offset) // found.shape.step
        made, order = np.unique(made, return_index=True)
        words = found.bars.method.take(places[order])
        fresh = ~np.isin(made, slot, assume_unique=True)
        made, words = made[fresh], words.take(fresh)
        first, last = min(first, *made[:1].tolist(), first), max(last, *made[-1:].tolist(), last)
        breaks = np.flatnonzero((np.diff(made) != 1) | (np.diff(words.codes) != 0))
        starts = np.r_[0, breaks + 1][: len(made)]
        length = np.diff(np.r_[starts, len(made)])
        for code, word in enumerate(words.names):
            mine = np.flatnonzero(words.codes[starts] == code)
            total += float((scoring.trust(word, length[mine]) * length[mine]).sum())
    return total / (last - first + 1)


def _freshness(found: Inspection) -> float | None:
    if found.now is None or not len(found.rows):
        return None
    due = (found.now - found.shape.offset) // found.shape.step - 1
    return float(max(0, due - int(found.shape.slot[-1])))


def _broken_rows(found: Inspection) -> Ints:
    flaws, spikes = found.flaws, found.flaws.spikes
    parts = [
        flaws.non_finite,
        flaws.non_positive,
        flaws.violation,
        spikes.close,
        spikes.open,
        spikes.high,
        spikes.low,
    ]
    parts += [rows for rows, _ in flaws.scaled.values()]
    parts += [np.arange(first + 1, last + 1) for first, last, _ in found.frozen]
    return np.unique(np.concatenate(parts)) if any(len(part) for part in parts) else np.zeros(0, np.int64)


def _tallies(found: Inspection) -> tuple[dict[str, Tally], int]:
    shape, flaws, spikes = found.shape, found.flaws, found.flaws.spikes
    if not len(found.rows):
        return {}, 0
    holes = [last - first for first, last, _ in found.frozen] + [
        last - first + 1 for first, last, _ in found.halted
    ]
    expected = int(shape.slot[-1] - shape.slot[0] + 1)
    lost = int(found.gaps.length.sum()) + sum(holes)
    longest = max([0, *holes, *([int(found.gaps.length.max())] if len(found.gaps) else [])])
    count = len(found.rows)
    off = 0 if shape.shifted else len(shape.off_grid)
    invalid = (
        len(flaws.non_finite) + len(flaws.non_positive) + len(flaws.violation) + len(shape.wrong_unit) + off
    )
    invalid += (
        len(np.unique(np.concatenate([rows for rows, _ in flaws.scaled.values()]))) if flaws.scaled else 0
    )
    tallies = {
        "completeness": Tally(lost, expected),
        "uniqueness": Tally(len(shape.same) + 5 * len(shape.conflicting), len(shape.given)),
        "validity": Tally(invalid, count),
    }
    sound = int(np.count_nonzero(flaws.sound))
    if sound >= 11:
        odd = len(np.unique(np.concatenate([spikes.close, spikes.open, spikes.high, spikes.low])))
        tallies["plausibility"] = Tally(odd, sound)
    if found.agreement is not None:
        tallies["agreement"] = Tally(int(found.agreement.differ.sum()), len(found.agreement.shared))
    return tallies, longest


def _findings(found: Inspection) -> list[Finding]:
    """All defects as rows of the table, by kind."""
    shape, flaws, spikes, rows = found.shape, found.flaws, found.flaws.spikes, found.rows
    out = list(_structural(found))
    at = rows.time
    for kind, places, detail in (
        ("non_finite", flaws.non_finite, "a value that is no number"),
        ("non_positive", flaws.non_positive, "a price of zero or less, or a volume below zero"),
        ("ohlc_violation", flaws.violation, "open, high, low and close contradict each other"),
        (
            "spike",
            np.union1d(spikes.close, spikes.open),
            "a price that neither neighbours nor volume support",
        ),
        ("wick", np.union1d(spikes.high, spikes.low), "a high or low that nothing around it supports"),
    ):
        out += [Finding.runs(kind, at, shape.slot, places, detail)]
    factors: dict[float, list[int]] = {}
    for name, (places, factor) in flaws.scaled.items():
        for place, times in zip(places.tolist(), factor.tolist(), strict=True):
            key = 0.0 if name == "volume" and times not in {100.0, 1000.0} else round(times, 9)
            factors.setdefault(key, []).append(place)
    for key, hit in factors.items():
        text = "volume in quote units" if key == 0 else f"values {key:g} times too large"
        out.append(Finding.runs("unit_error", at, shape.slot, np.unique(hit), text))
    for kind, stretches in (("stale_run", found.frozen), ("stale_run", found.halted)):
        for first, last, cause in stretches:
            still = "flat without volume" if (first, last, cause) in found.halted else "the same candle again"
            out.append(Finding.one(kind, int(at[first]), int(at[last]), last - first + 1, still, cause))
    if found.agreement is not None and found.agreement.exact:
        strays = found.agreement.shared[found.agreement.differ]
        flagged = np.unique(np.concatenate([_broken_rows(found), np.zeros(0, np.int64)]))
        strays = np.setdiff1d(strays, flagged)
        out.append(
            Finding.runs(
                "incomplete", at, shape.slot, strays, "differs from the finer candles it should sum up"
            )
        )
    return out


def _structural(found: Inspection) -> list[Finding]:
    shape = found.shape
    time = shape.given.time
    out = []
    gaps = found.gaps
    if len(gaps):
        starts = shape.time_of(gaps.slot)
        ends = shape.time_of(gaps.slot + gaps.length - 1)
        out.append(Finding("missing", starts, ends, gaps.length, found.causes, [""] * len(gaps)))
    for first, last, count in shape.displaced:
        whole = count >= len(time) - 1 > 1
        text = "newest first" if whole else f"{count} rows later than they should be"
        out.append(Finding.one("unsorted", first, last, count, text))
    for kind, places, text in (
        ("duplicate", shape.same, "the same row again"),
        ("conflicting_duplicate", shape.conflicting, "another row for the same time says something else"),
    ):
        slots = (time[places] - shape.offset) // shape.step
        out.append(Finding.runs(kind, time, slots, places, text, by_slot=True))
    if shape.shifted:
        from_anchor = (shape.offset - anchor_of(found.interval)) / SECOND
        hours = f"{from_anchor / 3600:g} h" if from_anchor % 60 == 0 else f"{from_anchor:g} s"
        text = (
            f"every candle opens {hours} after the usual grid: another day anchor, time zone or close times"
        )
        out.append(
            Finding.one("off_grid", int(time[0]), int(time[-1]), len(time) - len(shape.off_grid), text)
        )
    seats = dict(zip(shape.kept.tolist(), shape.slot.tolist(), strict=True)) if len(shape.off_grid) else {}
    for place in shape.off_grid.tolist():
        # a row that opens a little early belongs to the slot that is about to come, if nobody has that
        own = seats.get(place, int((time[place] - shape.offset) // shape.step))
        stand, opens = own * shape.step + shape.offset, int(time[place])
        text = f"opens {abs(opens - stand) / SECOND:g} s {'after' if opens > stand else 'before'} the grid"
        out.append(Finding.one("off_grid", min(stand, opens), max(stand, opens), 1, text))
    for place in shape.wrong_unit.tolist():
        text = f"read as {iso(int(shape.unit_from[place]))}: another unit than the rest"
        out.append(Finding.one("time_unit", int(time[place]), int(time[place]), 1, text))
    mixed = np.array([moment * SECOND for moment in found.attrs.get("time_unit", ())], dtype=np.float64)
    if len(mixed):
        places = np.flatnonzero(np.isin(time, np.round(mixed).astype(np.int64)))
        slots = (time[places] - shape.offset) // shape.step
        out.append(
            Finding.runs(
                "time_unit", time, slots, places, "given in another unit than the rest", by_slot=True
            )
        )
    if len(shape.unclosed):
        first, last = int(time[shape.unclosed[0]]), int(time[shape.unclosed[-1]])
        out.append(Finding.one("incomplete", first, last, len(shape.unclosed), "not over yet"))
    if found.tail:
        start = shape.time_of(shape.slot[-1:] + np.array([1, found.tail]))
        text = f"ends {found.tail} candles early"
        out.append(Finding.one("truncated", int(start[0]), int(start[1]), found.tail, text))
    return out
