"""All defects of a series, as lines of the audit's table."""

from itertools import product

import numpy as np

from core.candles import words
from core.candles.findings import Finding
from core.candles.frame import SECOND, Ints, anchor_of, iso
from core.candles.inspection import Inspection

_HOUR, _DAY = 3600 * SECOND, 86_400 * SECOND


def defects_of(found: Inspection) -> list[Finding]:
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
        text = "volume in quote units" if key == 0 else f"values {words.size(key)}"
        out.append(Finding.runs("unit_error", at, shape.slot, np.unique(hit), text))
    for kind, stretches in (("stale_run", found.frozen), ("stale_run", found.halted)):
        for first, last, cause in stretches:
            still = "flat without volume" if (first, last, cause) in found.halted else "the same candle again"
            out.append(Finding.one(kind, int(at[first]), int(at[last]), last - first + 1, still, cause))
    if found.agreement is not None and found.agreement.exact:
        strays = found.agreement.shared[found.agreement.differ]
        strays = np.setdiff1d(strays, found.broken_rows())
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
    if len(shape.wrong_unit):
        slots = (time[shape.wrong_unit] - shape.offset) // shape.step
        read = iso(int(shape.unit_from[shape.wrong_unit[0]]))
        text = f"read in another unit than the rest, the first as {read}"
        out.append(Finding.runs("time_unit", time, slots, shape.wrong_unit, text, by_slot=True))
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


def summer_time(found: Inspection) -> list[str]:
    """A note when one Sunday lacks an hour and another has one twice, as local times do around summer time."""
    shape, gaps = found.shape, found.gaps
    if shape.step > _HOUR or not len(gaps) or not len(shape.conflicting) + len(shape.same):
        return []
    lost = shape.time_of(gaps.slot[gaps.length * shape.step == _HOUR])
    twice = _whole_hours(np.concatenate((shape.conflicting, shape.same)), shape.given.time, shape.step)
    for spring, autumn in product(_sundays(lost), _sundays(twice)):
        if abs(autumn - spring) > 100 * _DAY:
            days = iso(spring)[:10], iso(autumn)[:10]
            said = f"an hour is missing on {days[0]} and one is twice on {days[1]}, both Sundays"
            return [f"{said}: local times with summer time?"]
    return []


def _sundays(time: Ints) -> list[int]:
    """The first of these times that lie on a Sunday; 1970 began on a Thursday."""
    found: list[int] = time[(time // _DAY + 4) % 7 == 0][:100].tolist()
    return found


def _whole_hours(places: Ints, time: Ints, step: int) -> Ints:
    """Starts of the hours all of whose slots are among these rows."""
    slots = np.unique(time[places] // step)
    hours, counts = np.unique(slots * step // _HOUR, return_counts=True)
    return np.asarray(hours[counts * step == _HOUR] * _HOUR)
