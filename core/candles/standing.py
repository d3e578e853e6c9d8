"""The rows that stand once values are put right, those of an earlier repair among them."""

from dataclasses import dataclass

import numpy as np

from core.candles.agree import possible
from core.candles.frame import Bars, Bools, Ints
from core.candles.inspection import Inspection
from core.candles.ledger import Book
from core.candles.mend import Mended, set_aside
from core.candles.structure import ordered


@dataclass(frozen=True, slots=True)
class Standing:
    """Rows to go by, ascending, one a slot."""

    rows: Bars
    slot: Ints
    genuine: Bools
    """Rows whose opens were observed, so that a line may lead there."""


def base_rows(found: Inspection) -> Bars:
    """All rows in order, those of an earlier repair among them: what a ledger is applied to."""
    mask = found.bars.observed()
    rows = found.shape.given
    if mask is not None:
        rows = rows.joined(found.bars.take(np.flatnonzero(~mask)))
    elif not len(found.shape.off_grid):
        return rows
    return rows.take(ordered(rows, rows.time))


def standing(found: Inspection, work: Mended, keep: Bools, book: Book, own: str) -> Standing:
    """The rows that stand after all corrections. ``keep``: which of the observed ones do."""
    shape = found.shape
    rows, slot = work.bars(), shape.slot
    if not keep.all():
        places = np.flatnonzero(keep)
        rows, slot = rows.take(places), slot[places]
    guessed = [row for row, (method, *_) in work.touched.items() if method == "neighbour"]
    genuine = np.ones(shape.slot.size, bool)
    genuine[guessed] = work.columns["open"][guessed] == found.rows.open[guessed]
    genuine = genuine if keep.all() else genuine[keep]
    mask = found.bars.observed()
    if mask is None:
        return Standing(rows, slot, genuine)
    made = found.bars.take(np.flatnonzero(~mask))
    made = made.take(ordered(made, made.time))
    made_slot = (made.time - shape.offset) // shape.step
    fit = possible(made) & ((made.time - shape.offset) % shape.step == 0)
    free = fit & ~np.isin(made_slot, slot)
    twice = np.zeros(len(made), bool)
    twice[1:] = np.diff(made.time) == 0
    _merge(made, np.flatnonzero(fit & (~free | twice)), rows, slot, made_slot, book, own)
    _, first_of = np.unique(made.time[~fit], return_index=True)
    set_aside(book, made.take(np.flatnonzero(~fit)[first_of]), own, "a filled row that cannot be")
    fine = np.flatnonzero(free & ~twice)
    slots = np.concatenate((slot, made_slot[fine]))
    order = np.argsort(slots, kind="stable")
    genuine = np.concatenate((genuine, np.zeros(len(fine), bool)))
    return Standing(rows.joined(made.take(fine)).take(order), slots[order], genuine[order])


def _merge(made: Bars, beside: Ints, rows: Bars, slot: Ints, made_slot: Ints, book: Book, own: str) -> None:
    """Filled rows that stand beside an observed one, or beside their own like, give way."""
    numbers = book.number(len(beside))
    at = np.minimum(np.searchsorted(slot, made_slot[beside]), max(len(slot) - 1, 0))
    first = np.searchsorted(made.time, made.time[beside])
    seen = (slot[at] == made_slot[beside]) if len(slot) else np.zeros(len(beside), bool)
    for name in rows.fields:
        theirs = rows.column(name)[at] if len(slot) else made.column(name)[first]
        after = np.where(seen, theirs, made.column(name)[first])
        book.add(numbers, made.time[beside], name, made.column(name)[beside], after, "merge", own,
                 "a filled row beside an observed one")  # fmt: skip
