"""Gaps filled without a source: flat where nothing traded, the open-anchored line, or carried forward."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.candles.agree import bars_from, possible
from core.candles.cause import NO_TRADES
from core.candles.frame import PRICES, Bars, Bools, Floats, Ints, Labels, NotCandles, to_index
from core.candles.ledger import METHODS, Book, framed
from core.candles.policy import Hole, RepairPolicy, Rule

_CONTEXT = 100
"""Rows on either side that a rule is shown."""


@dataclass(frozen=True, slots=True)
class Holes:
    """Gaps to fill, in the rows as they stand: first slot, length, cause, and the rows on either side."""

    slot: Ints
    length: Ints
    cause: npt.NDArray[np.object_]
    before: Ints
    after: Ints

    def __len__(self) -> int:
        return len(self.slot)

    def take(self, places: npt.NDArray[np.bool_] | Ints) -> "Holes":
        """Some of them."""
        return Holes(
            self.slot[places],
            self.length[places],
            self.cause[places],
            self.before[places],
            self.after[places],
        )


def built_in(holes: Holes, genuine: Bools, policy: RepairPolicy, seconds: int) -> dict[str, Bools]:
    """Which gaps each method may fill: masks by method, at most one true for each gap."""
    if policy.view == "as_known":
        return {"forward": holes.length <= policy.short}
    limit = policy.limit(seconds)
    flat = (holes.cause == NO_TRADES) & (holes.length <= max(10 * limit, 1000))
    line = ~flat & (holes.length <= limit) & genuine[holes.after]
    return {"flat": flat, "line": line}


def draw(method: str, holes: Holes, rows: Bars, offset: int, step: int, book: Book, own: str) -> None:
    """Write candles for these gaps.

    ``flat``: the close before, volume 0. ``forward``: the same, for want of better. ``line``: from the close
    before to the next open, which is where the last missing candle must have closed; high and low run from one
    side to the other.
    """
    if not len(holes):
        return
    length = holes.length
    gap = np.repeat(np.arange(len(holes)), length)
    place = np.arange(len(gap)) - np.repeat(np.cumsum(length) - length, length) + 1
    start = rows.close[holes.before]
    columns: dict[str, Floats] = {}
    if method == "line":
        rise = (rows.open[holes.after] - start) / length
        columns["close"] = np.where(
            place == length[gap], rows.open[holes.after][gap], start[gap] + rise[gap] * place
        )
        columns["open"] = np.where(place == 1, start[gap], start[gap] + rise[gap] * (place - 1))
        share = place / (length[gap] + 1)
        for name in ("high", "low"):
            left, right = rows.column(name)[holes.before][gap], rows.column(name)[holes.after][gap]
            columns[name] = left + (right - left) * share
        columns["high"] = np.maximum(columns["high"], np.maximum(columns["open"], columns["close"]))
        columns["low"] = np.minimum(columns["low"], np.minimum(columns["open"], columns["close"]))
    else:
        columns = dict.fromkeys(PRICES, start[gap])
    texts = {
        "flat": "nothing traded: the close before, no volume",
        "forward": "carried forward from the close before; volume unknown, written as 0",
        "line": "on the line from the close before to the next open; volume unknown, written as 0",
    }
    numbers = book.number(len(holes))[gap]
    time = (holes.slot[gap] + place - 1) * step + offset
    if rows.volume is not None:
        columns["volume"] = np.zeros(len(gap))
    sizes, which = np.unique(length, return_inverse=True)
    reason = Labels(which.astype(np.int32)[gap], tuple(f"gap of {size}: {texts[method]}" for size in sizes))
    for name in rows.fields:
        book.add(numbers, time, name, None, columns[name], method, own, reason, future=method == "line")


def by_rule(
    rule: Rule,
    hole: tuple[int, int, str],
    rows: Bars,
    before: int,
    after: int,
    grid: tuple[str, int, int],
    policy: RepairPolicy,
) -> tuple[Ints, Bars] | str | None:
    """Ask a person's rule for one gap: slots and candles, None when it passes, a text when it is refused."""
    first, length, cause = hole
    interval, step, offset = grid
    if rule.name in METHODS:
        return f"rule {rule.name!r} has the name of a method of ours"
    if policy.view == "as_known" and rule.uses_future:
        return None
    times = (np.arange(first, first + length)) * step + offset
    ahead = np.arange(after, min(len(rows), after + _CONTEXT)) if policy.view == "best" else np.arange(0)
    shown = [rows.take(np.arange(max(0, before - _CONTEXT + 1), before + 1)), rows.take(ahead)]
    frames = [framed(_named(part), "ns") for part in shown]
    given = rule.fill(Hole(interval, to_index(times), cause, frames[0], frames[1]))
    if given is None:
        return None
    try:
        bars, _ = bars_from(given)
    except NotCandles as error:
        return f"rule {rule.name!r} gave no candles: {error}"
    inside = np.isin(bars.time, times)
    if not inside.all() or not possible(bars).all() or len(np.unique(bars.time)) != len(bars):
        return f"rule {rule.name!r} gave candles that cannot be, or on other times"
    if rows.volume is not None and bars.volume is None:
        return f"rule {rule.name!r} gave no volume"
    return (bars.time - offset) // step, bars


def _named(rows: Bars) -> Bars:
    size = len(rows)
    source = rows.source if rows.source is not None else Labels.all("raw", size)
    method = rows.method if rows.method is not None else Labels.all("observed", size)
    return Bars(rows.time, rows.open, rows.high, rows.low, rows.close, rows.volume, source, method)
