"""What is wrong with times is put right and recorded: order, units, duplicates, the grid, open candles."""

from dataclasses import replace

import numpy as np

from core.candles.frame import SECOND, Bools, Ints
from core.candles.inspection import Inspection
from core.candles.ledger import Book
from core.candles.lookup import moved_times
from core.candles.mend import set_aside
from core.candles.policy import RepairPolicy

_SNAP = 50
"""A row within 1/50 of the interval of its slot is moved there without further evidence."""
_TOLD = 2**32 * SECOND
"""Microseconds from 1970 within which a ledger, in seconds, tells each microsecond; it ends in 2106."""


def record_order(found: Inspection, book: Book, own: str) -> None:
    """Rows put in their places, times put into the right unit, open candles set aside."""
    shape = found.shape
    given = shape.given
    for first, _, count in shape.displaced:
        book.add(
            book.number(), np.array([first]), "order", None, None, "sort", own, f"{count} rows came too late"
        )
    wrong = shape.wrong_unit
    if len(wrong):
        _, first_of = np.unique(shape.unit_from[wrong], return_index=True)
        wrong = wrong[first_of]
        book.add(book.number(len(wrong)), given.time[wrong], "time", shape.unit_from[wrong] / SECOND,
                 given.time[wrong] / SECOND, "retimed", own, "read in another unit than the rest")  # fmt: skip
    if len(shape.unclosed):
        set_aside(book, given.take(np.unique(shape.unclosed)), own, "not over yet")


def record_twins(found: Inspection, policy: RepairPolicy, book: Book, own: str) -> None:
    """Duplicates that give way to the row kept, at the time where that row stands now."""
    shape = found.shape
    if not len(shape.same) and not len(shape.conflicting):
        return
    given = shape.given
    order = np.argsort(given.time[shape.kept], kind="stable")
    stand = given.time[shape.kept][order]
    for places, text, future in (
        (shape.same, "the same row again", False),
        (
            shape.conflicting,
            "says something else than the row that fits its neighbours",
            policy.view == "best",
        ),
    ):
        if not len(places):
            continue
        numbers = book.number(len(places))
        kept = shape.kept[order][np.searchsorted(stand, given.time[places])]
        for name in given.fields:
            values = given.column(name)
            book.add(
                numbers,
                given.time[places],
                name,
                values[places],
                values[kept],
                "merge",
                own,
                text,
                future=future,
            )


def onto_grid(found: Inspection, policy: RepairPolicy, book: Book, own: str) -> tuple[Inspection, Bools]:
    """Move rows that fit a free slot onto it, set the others aside.

    Returns the evidence with the new times, and which of the kept rows stay.
    """
    shape, rows = found.shape, found.rows
    stays = np.ones(len(rows), bool)
    if not len(shape.off_grid):
        return found, stays
    off, placed = np.zeros((2, len(shape.given)), bool)
    off[shape.off_grid] = True
    for places in (shape.kept, shape.same, shape.conflicting, shape.unclosed):
        placed[places] = True
    seated, unseated = off[shape.kept], np.flatnonzero(off & ~placed)
    _, first_of = np.unique(shape.given.time[unseated], return_index=True)
    set_aside(book, shape.given.take(unseated[first_of]), own, "off the grid, and its slot is taken")
    target = shape.time_of(shape.slot)
    fits = seated & _fits(found, target, causal=policy.view == "as_known") if policy.snap else seated & False
    moved = np.flatnonzero(fits)
    book.add(book.number(len(moved)), rows.time[moved], "time", rows.time[moved] / SECOND, target[moved] / SECOND,
             "snap", own, "a slip of the clock: it joins its neighbours on the grid",
             future=policy.view == "best")  # fmt: skip
    gone = np.flatnonzero(seated & ~fits)
    set_aside(book, rows.take(gone), own, "off the grid, and it does not join its neighbours")
    stays[gone] = False
    time = moved_times(shape.given.time, rows.time[moved] / SECOND, target[moved])
    at = rows.time.copy()
    at[moved] = target[moved]
    return replace(found, shape=replace(shape, given=shape.given.at(time)), rows=rows.at(at)), stays


def _fits(found: Inspection, target: Ints, *, causal: bool) -> Bools:
    """Rows whose open joins the close before and whose close joins the next open, so that only the stamp is off."""
    rows, slot, step = found.rows, found.shape.slot, found.shape.step
    near = np.abs(rows.time - target) * _SNAP <= step
    told = np.abs(target) < _TOLD
    gap = np.full(len(rows) + 1, np.nan)
    joined = np.diff(slot) == 1
    with np.errstate(all="ignore"):
        gap[1:-1][joined] = np.abs(np.log(rows.open[1:] / rows.close[:-1]))[joined]
    usual = np.nanmedian(gap) if np.isfinite(gap).any() else 0.0
    close = np.nan_to_num(gap, nan=np.inf) <= max(4 * usual, 0.25 * found.flaws.scale.whole, 1e-9)
    beside = close[:-1] if causal else close[:-1] & close[1:]
    return np.asarray((near | beside) & told, dtype=bool)
