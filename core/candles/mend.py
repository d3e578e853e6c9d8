"""Values put right row by row: impossible ones, wrong units, spikes, wicks. Whatever cannot be is set aside."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core.candles import words
from core.candles.frame import PRICES, Bars, Bools, Floats, Ints, Labels
from core.candles.inspection import Inspection
from core.candles.ledger import Book
from core.candles.policy import RepairPolicy
from core.candles.venue import Fill

_NEIGHBOURS = 5
"""Rows on either side whose wicks stand in for one that is lost."""


@dataclass
class Mended:
    """Columns being put right; those that change are copies."""

    rows: Bars
    slot: Ints
    columns: dict[str, Floats]
    lost: Bools
    """Rows that hold nothing to go by and are set aside."""
    why_lost: dict[int, str] = field(default_factory=dict)
    touched: dict[int, tuple[str, str, bool, str]] = field(default_factory=dict)
    """Row → method, reason, whether later candles were used, source."""
    writable: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, rows: Bars, slot: Ints) -> "Mended":
        """Nothing changed yet."""
        return cls(rows, slot, {name: rows.column(name) for name in rows.fields}, np.zeros(len(rows), bool))

    def set(self, row: int, name: str, value: float) -> None:
        """Change one value."""
        if name not in self.writable:
            self.columns[name] = self.columns[name].copy()
            self.writable.add(name)
        self.columns[name][row] = value

    def get(self, row: int, name: str) -> float:
        """One value as it stands now."""
        return float(self.columns[name][row])

    def lose(self, row: int, why: str) -> None:
        """Set a row aside."""
        self.lost[row] = True
        self.why_lost[row] = why
        self.touched.pop(row, None)

    def bars(self) -> Bars:
        """The columns as they stand now."""
        o, h, lowest, c = (self.columns[name] for name in PRICES)
        volume = self.columns.get("volume")
        return Bars(self.rows.time, o, h, lowest, c, volume, self.rows.source, self.rows.method)


def mend(
    found: Inspection, policy: RepairPolicy, fills: dict[int, Fill], stays: Bools, *, judged: bool, own: str
) -> Mended:
    """Put right what the audit found. ``fills``: what sources have for single slots, by slot number; rows that do
    not stay are neither mended nor gone by.

    ``judged``: the series was repaired before, so only values that cannot be are looked at. In *as known* these
    are all that is touched too: a spike shows itself only by what follows it.
    """
    rows, slot, flaws = found.rows, found.shape.slot, found.flaws
    work = Mended.of(rows, slot)
    work.lost = ~stays
    best = policy.view == "best" and policy.mend_values and not judged
    suspects: dict[int, tuple[set[str], str]] = {}
    if best:
        _rescale(work, flaws.scaled, own)
        for first, last, _ in found.frozen:
            for row in range(first + 1, last + 1):
                work.lose(row, "the same candle again and again")
        _suspect(found, suspects)
    for row in _impossible(work, _broken(found)):
        fields = {name for name in PRICES if not _price(work.get(row, name))}
        suspects[row] = (suspects.get(row, (set(), ""))[0] | fields, "impossible values")
    for row in sorted(suspects):
        if work.lost[row]:
            continue
        fields, why = suspects[row]
        fill = fills.get(int(slot[row]))
        if fill is not None:
            _take(work, row, fill, why)
        elif policy.mend_values:
            _put_right(work, row, fields, why, suspects, policy.view == "best", own)
        else:
            work.lose(row, why)
    touched = np.array(sorted({*suspects, *work.touched}), dtype=np.int64)
    for row in _impossible(work, touched):
        if not work.lost[row]:
            work.lose(row, "values that cannot be")
    return work


def _rescale(work: Mended, scaled: Mapping[str, tuple[Ints, Floats]], own: str) -> None:
    """Put values into the unit of the rest."""
    said: dict[int, dict[str, list[str]]] = {}
    for name, (places, factors) in scaled.items():
        for row, factor in zip(places.tolist(), factors.tolist(), strict=True):
            work.set(row, name, work.get(row, name) / factor)
            said.setdefault(row, {}).setdefault(words.size(factor), []).append(name)
    for row, sizes in said.items():
        reason = "; ".join(f"{', '.join(names)} {size}" for size, names in sizes.items())
        work.touched[row] = ("rescaled", reason, True, own)


def suspects_of(found: Inspection, policy: RepairPolicy, *, judged: bool) -> Ints:
    """Rows for which a source's candle would be taken."""
    rows = {
        row: (set(PRICES), "") for row in _impossible(Mended.of(found.rows, found.shape.slot), _broken(found))
    }
    if policy.view == "best" and policy.mend_values and not judged:
        _suspect(found, rows)
    return np.array(sorted(rows), dtype=np.int64)


def _suspect(found: Inspection, suspects: dict[int, tuple[set[str], str]]) -> None:
    """Fields of spikes and wicks that are not believed."""
    rows, spikes = found.rows, found.flaws.spikes
    stray_closes = set(spikes.close.tolist())
    for row in np.union1d(spikes.close, spikes.open).tolist():
        close_off = row in stray_closes
        level = float(rows.close[row - 1]) if row else float(rows.open[row + 1])
        if not close_off and row - 1 in stray_closes:
            level = float(rows.close[row])  # it opens where the stray close before it left off
        stray = float(rows.close[row] if close_off else rows.open[row])
        with np.errstate(all="ignore"):
            size = float(np.log(stray) - np.log(level))  # infinite beside a price of 0: nothing is believed
            off = {name: float(np.log(rows.column(name)[row] / level)) * np.sign(size) for name in PRICES}
        fields = {name for name in PRICES if not off[name] < 0.4 * abs(size)}
        suspects[row] = (fields | {"close" if close_off else "open"}, "spike")
    for name in ("high", "low"):
        for row in getattr(spikes, name).tolist():
            fields = suspects.get(row, (set(), ""))[0]
            suspects[row] = (fields | {name}, "wick")


def _price(value: float) -> bool:
    return bool(np.isfinite(value) and value > 0)


def _broken(found: Inspection) -> Ints:
    """Rows whose values may be impossible, as they came or once put into the right unit."""
    flaws = found.flaws
    scaled = [places for places, _ in flaws.scaled.values()]
    return np.unique(np.concatenate([flaws.non_finite, flaws.non_positive, flaws.violation, *scaled]))


def _impossible(work: Mended, rows: Ints) -> list[int]:
    """Which of these rows cannot be, as they stand now."""
    c = {name: column[rows] for name, column in work.columns.items()}
    with np.errstate(all="ignore"):
        good = np.isfinite(c["open"]) & np.isfinite(c["close"]) & np.isfinite(c["high"]) & (c["low"] > 0)
        good &= (c["high"] >= np.maximum(c["open"], c["close"])) & (
            c["low"] <= np.minimum(c["open"], c["close"])
        )
        if "volume" in c:
            good &= np.isfinite(c["volume"]) & (c["volume"] >= 0)
    found: list[int] = rows[~good].tolist()
    return found


def _take(work: Mended, row: int, fill: Fill, why: str) -> None:
    at = int(np.searchsorted(fill.slot, work.slot[row]))
    for name in PRICES:
        work.set(row, name, float(fill.rows.column(name)[at]))
    if "volume" in work.columns and (fill.method != "venue" or not _volume(work.get(row, "volume"))):
        work.set(row, "volume", float(fill.rows.volume[at]) if fill.rows.volume is not None else 0.0)
    work.touched[row] = (fill.method, f"{why}: {fill.reason}", fill.future, fill.source)


def _volume(value: float) -> bool:
    return bool(np.isfinite(value) and value >= 0)


def _put_right(
    work: Mended,
    row: int,
    bad: set[str],
    why: str,
    suspects: dict[int, tuple[set[str], str]],
    best: bool,
    own: str,
) -> None:
    before = _beside(work, row, row - 1, "close", suspects)
    after = _beside(work, row, row + 1, "open", suspects) if best else None
    said, future = [], False
    if "volume" in work.columns and not _volume(work.get(row, "volume")):
        work.set(row, "volume", 0.0)
        said.append("volume unknown, written as 0")
    high, low = work.get(row, "high"), work.get(row, "low")
    if not bad and high < low and low >= max(work.get(row, "open"), work.get(row, "close")):
        work.set(row, "high", low)
        work.set(row, "low", high)
        said.append("high and low stood in each other's place")
    if {"open", "close"} <= bad and (before is None or (best and after is None)):
        work.lose(row, f"{why}: nothing beside it to go by")
        return
    method = "neighbour" if bad else "bounded"
    if "open" in bad:
        work.set(row, "open", before if before is not None else work.get(row, "close"))
        said.append("open from the close before")
    if "close" in bad:
        future = after is not None
        work.set(row, "close", after if after is not None else work.get(row, "open"))
        said.append("close from the next open" if future else "close from its own open")
    top, bottom = (f(work.get(row, "open"), work.get(row, "close")) for f in (max, min))
    for name, edge, sign in (("high", top, 1.0), ("low", bottom, -1.0)):
        if name in bad:
            size = _wick(work, row, name, suspects) if best else 0.0
            future = future or best
            work.set(row, name, float(edge * np.exp(sign * size)))
            said.append(f"{name} from the neighbours' wicks" if best else f"{name} at the body")
    if work.get(row, "high") < top or work.get(row, "low") > bottom:
        work.set(row, "high", max(work.get(row, "high"), top))
        work.set(row, "low", min(work.get(row, "low"), bottom))
        said.append("high and low widened to hold open and close")
    work.touched[row] = (method, f"{why}: {', '.join(said) or 'put in order'}", future, own)


def _beside(
    work: Mended, row: int, other: int, name: str, suspects: dict[int, tuple[set[str], str]]
) -> float | None:
    """A value of the neighbouring candle, if it is there and believed."""
    if (
        not 0 <= other < len(work.slot)
        or abs(int(work.slot[other] - work.slot[row])) != 1
        or work.lost[other]
    ):
        return None
    if other > row and other in suspects and name in suspects[other][0]:
        return None
    value = work.get(other, name)
    return value if _price(value) else None


def _wick(work: Mended, row: int, name: str, suspects: dict[int, tuple[set[str], str]]) -> float:
    """Mean wick of the neighbours, in logs."""
    near = [at for at in range(max(0, row - _NEIGHBOURS), min(len(work.slot), row + _NEIGHBOURS + 1))
            if at not in suspects and not work.lost[at]]  # fmt: skip
    if not near:
        return 0.0
    at = np.array(near)
    body = work.columns["open"][at], work.columns["close"][at]
    edge = np.maximum(*body) if name == "high" else np.minimum(*body)
    return float(np.mean(np.abs(np.log(work.columns[name][at] / edge))))


def record(work: Mended, stays: Bools, book: Book, own: str, *, future: bool) -> None:
    """Write what changed into the ledger, a repair a row. ``future``: later candles were looked at."""
    rows = np.array(sorted(row for row in work.touched if stays[row]), dtype=np.int64)
    numbers = book.number(len(rows))
    for name in work.rows.fields:
        old, new = work.rows.column(name)[rows], work.columns[name][rows]
        at = np.flatnonzero(old != new)
        told = [work.touched[row] for row in rows[at].tolist()]
        reasons = [
            reason if np.isfinite(was) else f"{reason} (was {was})"
            for (_, reason, _, _), was in zip(told, old[at].tolist(), strict=True)
        ]
        book.add(numbers[at], work.rows.time[rows[at]], name, old[at], new[at],
                 _labels([method for method, *_ in told]), _labels([source for *_, source in told]),
                 _labels(reasons), future=np.array([later for _, _, later, _ in told], dtype=bool))  # fmt: skip
    lost = np.flatnonzero(work.lost & stays)
    why = _labels([work.why_lost[row] for row in lost.tolist()])
    set_aside(book, work.rows.take(lost), own, why, future=future)


def _labels(words: list[str]) -> Labels:
    return Labels.of(pd.Series(words, dtype=object))


def set_aside(
    book: Book,
    rows: Bars,
    own: str,
    reason: str | Labels,
    *,
    future: bool = False,
) -> None:
    """Write rows that leave the frame: each value, then the row itself."""
    numbers = book.number(len(rows))
    for name in rows.fields:
        book.add(numbers, rows.time, name, rows.column(name), None, "dropped", own, reason, future=future)
    book.add(numbers, rows.time, "time", rows.time / 1e6, None, "dropped", own, reason, future=future)
