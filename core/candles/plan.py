"""What is worth fetching to mend a series, and from whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from core.candles.audit import Audit
from core.candles.cause import NO_TRADES, OUTAGE, UNKNOWN
from core.candles.policy import RepairPolicy
from core.market import INTERVALS

Who = Literal["same", "finer", "venue"]
_WORTH = ("missing", "truncated", "stale_run", "non_finite", "non_positive", "ohlc_violation", "spike", "wick",
          "unit_error", "conflicting_duplicate", "off_grid", "incomplete")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Want:
    """A range worth fetching: open times from ``start`` up to, not with, ``end``."""

    start: pd.Timestamp
    end: pd.Timestamp
    count: int
    """Candles in doubt in it."""
    who: tuple[Who, ...]
    """Whom to ask, in order: the same venue again, its finer interval, another venue in the same quote currency."""
    finer: str | None
    """The interval to ask for when it is ``finer``."""
    reason: str


def plan(
    a: Audit,
    policy: RepairPolicy | None = None,
    *,
    automatic: bool = False,
    attempts: Mapping[pd.Timestamp, int] | None = None,
) -> tuple[Want, ...]:
    """Ranges worth fetching, in order of time; the caller fetches and hands the frames to ``repair``.

    When more rows are broken than the policy's corruption threshold, one range: the whole series. ``automatic``
    is for repair that runs by itself: nothing unless enabled, only what lies within the detection window of the
    series' end, and no gap (by its start) that was asked for ``max_gap_fill_attempts`` times already.
    """
    policy = policy or RepairPolicy()
    if not len(a.defects) or not policy.use_sources or (automatic and not policy.auto_repair_enabled):
        return ()
    step = pd.Timedelta(seconds=INTERVALS[a.interval])
    finer = _finer(a.interval)
    found = a.defects[a.defects["kind"].isin(_WORTH)]
    found = found[~((found["kind"] == "incomplete") & (found["detail"] == "not over yet"))]
    found = found[~((found["kind"] == "off_grid") & (found["count"] > 1))]
    if a.corrupted > policy.corruption_threshold:
        whole = a.span
        if whole is None:
            return ()
        reason = (
            f"{a.corrupted:.1%} of rows are broken, more than {policy.corruption_threshold:.0%}: all anew"
        )
        return (Want(whole[0], whole[1] + step, a.expected, ("same", "venue"), None, reason),)
    if automatic and a.span is not None:
        found = found[found["end"] >= a.span[1] - pd.Timedelta(hours=policy.gap_detection_window_hours)]
        tried = attempts or {}
        found = found[[tried.get(start, 0) < policy.max_gap_fill_attempts for start in found["start"]]]
    wants = []
    for line in found.itertuples(index=False):
        who = _whom(str(line.kind), str(line.cause), finer)
        if who:
            why = f"{line.kind}" + (f" ({line.cause})" if line.cause != UNKNOWN else "")
            start, end = pd.Timestamp(line.start), pd.Timestamp(line.end) + step  # type: ignore[arg-type]
            count = int(line.count)  # type: ignore[call-overload]  # a column, not the tuple's method
            wants.append(Want(start, end, count, who, finer if "finer" in who else None, why))
    return tuple(_merged(sorted(wants, key=lambda want: (want.start, want.end))))


def _whom(kind: str, cause: str, finer: str | None) -> tuple[Who, ...]:
    if cause == NO_TRADES:
        return ()  # there is nothing to be had
    if cause == OUTAGE:
        return ("venue",)  # the venue has nothing either
    if kind in {"incomplete", "truncated"} or finer is None:
        return ("same", "venue")
    return ("same", "finer", "venue")


def _finer(interval: str) -> str | None:
    """The coarsest interval that divides this one at least into four, so that a request covers much."""
    seconds = INTERVALS[interval]
    fits = [name for name, size in INTERVALS.items() if seconds % size == 0 and seconds // size >= 4]
    return fits[-1] if fits else None


def _merged(wants: list[Want]) -> list[Want]:
    """Ranges that touch and are to be asked of the same become one."""
    out: list[Want] = []
    for given in wants:
        want = given
        if out and want.start <= out[-1].end and want.who == out[-1].who:
            last = out.pop()
            reasons = last.reason if want.reason in last.reason else f"{last.reason}, {want.reason}"
            want = Want(
                last.start, max(last.end, want.end), last.count + want.count, last.who, last.finer, reasons
            )
        out.append(want)
    return out
