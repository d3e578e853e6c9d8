"""What is wrong with a candle series, why, and how far it can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.candles import score as scoring
from core.candles.cause import UNKNOWN
from core.candles.defects import defects_of, summer_time
from core.candles.findings import table
from core.candles.frame import to_index
from core.candles.inspection import Inspection, inspect
from core.candles.score import Tally
from core.market import Moment


@dataclass(frozen=True)
class Audit:
    """The result of :func:`audit`. ``print`` it for a summary."""

    interval: str
    """The interval that the rows were judged by."""
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
    """Rows as given, duplicates and all."""
    expected: int
    """Candles from the first to the last, both included."""
    span: tuple[pd.Timestamp, pd.Timestamp] | None
    """Open times of the first and the last candle."""
    notes: tuple[str, ...]
    """What a reader should know: what was assumed in reading, which evidence could not be used."""
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
    """Audit a series of one interval (``1m`` … ``1w``).

    ``raw`` is what :func:`normalise` gives, or anything that it takes; order and duplicates are part of what is
    judged. ``now`` (seconds since 1970, a datetime or ISO text; without a zone UTC) makes open candles and lateness
    visible. ``siblings`` are other symbols of the same venue, by name: what they did meanwhile tells an outage from
    a halt and from a quiet market. ``reference`` is the same symbol elsewhere (``attrs`` name its quote currency and
    venue), from the same venue asked again, or at a finer interval. Without them less is said. Nothing is changed;
    any frame is judged, however broken. NotCandles when it is no candle table at all, ValueError for an unknown
    interval or a ``now`` that is no moment.
    """
    return conclude(inspect(raw, interval, now, siblings, reference))


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
    broken = found.broken_rows()
    span = (to_index(rows.time[:1])[0], to_index(rows.time[-1:])[0]) if len(rows) else None
    enough = len(rows) >= scoring.FEWEST and bool(dimensions)
    return Audit(
        found.interval,
        scoring.combine(dimensions, gated=gated) if enough else None,
        dimensions,
        _usable(found, len(rows) - len(broken)),
        table(defects_of(found)),
        {name: scoring.wilson(tally) for name, tally in tallies.items()},
        scoring.assessed(dimensions),
        _freshness(found),
        len(found.bars),
        int(slot[-1] - slot[0] + 1) if len(rows) else 0,
        span,
        (*found.notes, *summer_time(found)),
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
