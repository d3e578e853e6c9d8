"""From a frame to an indicator's values, and onward when candles are added."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from core.indicators import guards
from core.indicators.declare import FADED, Array, Declaration
from core.indicators.guards import MAX_GAP, NotEnoughCandles, Rows
from core.indicators.momentum import MOMENTUM
from core.indicators.returns import RETURNS
from core.indicators.trend import TREND
from core.indicators.volatility import VOLATILITY
from core.indicators.volume import VOLUME

REPAIRED = "repaired"
"""Output column: the share of a value, 0 to 1, that rests on candles that were not observed."""

_ALL = MappingProxyType({one.name: one for one in (*TREND, *MOMENTUM, *VOLATILITY, *VOLUME, *RETURNS)})


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_NAMES = {_plain(name): one for one in _ALL.values() for name in (*one.aliases, one.title, one.name)}


def indicators() -> Mapping[str, Declaration]:
    """Every indicator by name."""
    return _ALL


def find(name: str) -> Declaration:
    """An indicator by its name here, in ta or in TA-Lib. ValueError names the nearest."""
    plain = _plain(name) if isinstance(name, str) else ""
    if plain in _NAMES:
        return _NAMES[plain]
    close = difflib.get_close_matches(plain[:40], _NAMES, n=5, cutoff=0.5)
    near = dict.fromkeys(_NAMES[one].name for one in close)
    hint = f"did you mean {' or '.join(list(near)[:3])}?" if near else f"expected one of {' '.join(_ALL)}"
    raise ValueError(f"indicator={str(name)[:40]!r} is unknown: {hint}")


@dataclass(frozen=True, slots=True)
class _Known:
    """What :func:`extend` carries over from the candles before; nothing for :func:`compute`."""

    through: int = guards.NEVER
    """The last usable candle, in nanoseconds since 1970; values up to it are known already."""
    seen: int = guards.NEVER
    """The last candle, usable or not."""
    begun: int = guards.NEVER
    """Where the newest run began."""
    rows: int = 0
    """Usable candles in that run."""
    repaired: int = 0
    """How many of those were not observed."""
    state: Any = None
    """Of an *origin* kernel."""
    converged_from: str | None = None
    runs: int = 0
    left_out: Mapping[str, int] = field(default_factory=lambda: {"unusable": 0, "future": 0})


def compute(
    frame: pd.DataFrame,
    name: str,
    /,
    *,
    as_known: bool = True,
    max_gap: int = MAX_GAP,
    interval: str | None = None,
    **params: object,
) -> pd.DataFrame:
    """The values of one indicator over a candles frame.

    Rows are those of the frame in which every output is defined and finite; columns are the declared outputs,
    and ``repaired`` when the frame says how each candle came about (a column ``method``): the share of the
    value, 0 to 1, that rests on candles that were not observed.

    ``as_known`` (default) leaves out candles whose repair used later ones (see
    :data:`core.indicators.guards.CAUSAL`), so that no value could have been different at its time; False
    takes them in. More than ``max_gap`` missing candles in a row begin a new run, with a new warm-up.
    ``interval`` is what one candle is; None takes the smallest distance seen so far.

    ``attrs``: ``indicator``, ``params``, ``needed``, ``converged`` (candles); ``converged_from``, the ISO
    time from which on the newest run no longer depends on where it began, None while it still does;
    ``run_from``, where that run began; ``runs``, how many there are; ``left_out``, rows that were no candles
    (``unusable``) or used the ``future``; ``resume``, for :func:`extend`.

    Raises NotEnoughCandles when no run is long enough, NoVolume where volume is needed and absent, ValueError
    for an unknown indicator, a bad parameter or a frame that is no candles frame.
    """
    declared = find(name)
    values = declared.check(params)
    needed = declared.needed(**values)
    guards.check_gap(max_gap)
    step = guards.one_interval(interval)
    if not len(frame):
        raise NotEnoughCandles(needed, 0, declared.name)
    rows = guards.take(
        frame, declared, as_known=as_known, max_gap=max_gap, step=step, fixed=interval is not None
    )
    longest = max((stop - start for start, stop in rows.runs()), default=0)
    if longest < needed:
        raise NotEnoughCandles(needed, longest, declared.name)
    policy = {"as_known": as_known, "max_gap": max_gap, "interval": interval}
    return _assemble(declared, values, rows, policy, _Known())


def extend(previous: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The values that candles added to ``frame`` bring: those after the last candle that ``previous`` used.

    ``previous`` is what :func:`compute` or this function returned over the earlier candles, which have not
    changed since; the result has its parameters and policy, and the same columns and attrs. Reads a bounded
    tail of the frame, or only the new rows where the state is carried: the cost does not grow with the frame.
    Equal to computing anew: for *window* and *origin* exactly up to rounding, for *fading* to a remainder of
    1e-18 of the first value. ValueError when the frame lacks the tail.
    """
    declared = _ALL[previous.attrs["indicator"]]
    values = dict(previous.attrs["params"])
    resume = dict(previous.attrs["resume"])
    policy, step = resume.pop("policy"), resume.pop("step")
    told = {name: previous.attrs[name] for name in ("converged_from", "runs", "left_out")}
    known = _Known(**resume, **told)
    reach = _reach(declared, values, known)
    new = int(np.searchsorted(guards.stamps_of(frame), known.through, side="right"))
    size = reach
    while True:
        rows = guards.take(
            frame.iloc[max(0, new - size) :],
            declared,
            as_known=policy["as_known"],
            max_gap=policy["max_gap"],
            step=step,
            fixed=policy["interval"] is not None,
            since=known.seen,
        )
        got = int(np.searchsorted(rows.stamps, known.through, side="right"))
        if got >= reach:
            return _assemble(declared, values, rows, policy, known)
        if size >= new:
            raise ValueError(f"frame: {declared.name} needs {reach} candles before the new ones, got {got}")
        size *= 2


def _reach(declared: Declaration, values: dict[str, Any], known: _Known) -> int:
    """How many known candles the next value takes."""
    if declared.memory == "origin":
        reach = 1 if known.state is not None else declared.needed(**values)
    elif declared.memory == "fading":
        reach = 2 * declared.converged(**values)
    else:
        reach = declared.needed(**values)
    return min(reach, known.rows)


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of one run that is at hand, in usable rows."""

    start: int
    stop: int
    new: int
    """From here on the values are wanted."""
    before: int
    """Candles of the run that came before ``start``."""
    known: _Known


def _pieces(rows: Rows, known: _Known) -> list[_Piece]:
    """The runs that hold rows after the known ones. What was one run when it was known stays one."""
    old = int(np.searchsorted(rows.stamps, known.through, side="right"))
    starts = [0, *(s for s in rows.starts[1:] if s >= old or rows.stamps[s] <= known.begun)]
    pieces = []
    for start, stop in zip(starts, [*starts[1:], len(rows.stamps)], strict=True):
        if start < old < stop:
            pieces.append(_Piece(start, stop, old, known.rows - (old - start), known))
        elif start < stop and start >= old:
            begun = int(rows.stamps[start])
            pieces.append(_Piece(start, stop, start, 0, _Known(begun=begun)))
    return pieces


def _assemble(
    declared: Declaration, values: dict[str, Any], rows: Rows, policy: dict[str, Any], known: _Known
) -> pd.DataFrame:
    """Run the kernel over each run, cut the warm-up, and say what the result rests on."""
    needed, count = declared.needed(**values), len(rows.stamps)
    pieces = _pieces(rows, known)
    outputs: list[Array] = []
    share = np.zeros(count)
    keep = np.zeros(count, dtype=np.bool_)
    state = known.state
    for piece in pieces:
        state = piece.known.state
        if piece.before + piece.stop - piece.start >= needed:
            begin = piece.start if state is None else piece.new
            with np.errstate(all="ignore"):  # an undefined value is NaN here, and its row is left out below
                run = rows.run(begin, piece.stop)
                if declared.memory == "origin":
                    found, state = declared.kernel(run, state, **values)
                else:
                    found = declared.kernel(run, **values)
            if begin == 0 and piece.stop == count:
                outputs = list(found)
            else:
                outputs = outputs or [np.full(count, np.nan) for _ in declared.outputs]
                for output, values_found in zip(outputs, found, strict=True):
                    output[begin : piece.stop] = values_found
            keep[max(piece.new, piece.start + needed - 1 - piece.before) : piece.stop] = True
        if rows.repaired is not None:
            flags = rows.repaired[piece.start : piece.stop].astype(np.float64)
            share[piece.start : piece.stop] = _share(declared, values, flags, piece)
    outputs = outputs or [np.empty(count) for _ in declared.outputs]
    for output in outputs:
        keep &= np.isfinite(output)
    picked = _picked(keep)
    columns = dict(zip(declared.outputs, (output[picked] for output in outputs), strict=True))
    if rows.repaired is not None:
        columns[REPAIRED] = share[picked]
    index = rows.frame.index[rows.at][picked]
    result = pd.DataFrame(columns, index=index, copy=False)
    result.attrs.update(_attrs(declared, values, rows, policy, known, pieces, state))
    return result


def _picked(keep: guards.Mask) -> Any:
    """The kept rows, as a slice where they lie together: that copies nothing."""
    first = int(keep.argmax()) if len(keep) else 0
    return slice(first, None) if len(keep) and keep[first:].all() else np.flatnonzero(keep)


def _share(declared: Declaration, values: dict[str, Any], flags: Array, piece: _Piece) -> Array:
    """How much of each value rests on flagged candles, weighed as the indicator remembers."""
    if declared.memory == "fading":
        alpha = 1 - FADED ** (1 / declared.converged(**values))
        return np.asarray(pd.Series(flags).ewm(alpha=alpha).mean(), dtype=np.float64)
    sums = np.cumsum(flags)
    if declared.memory == "origin":
        held = piece.new - piece.start  # of these the carried count already speaks
        sums = sums - (sums[held - 1] if held else 0) + piece.known.repaired
        return np.asarray(sums / (piece.before + np.arange(1, len(flags) + 1)), dtype=np.float64)
    needed = declared.needed(**values)
    sums[needed:] -= sums[:-needed].copy()
    return np.asarray(sums / np.minimum(np.arange(1, len(flags) + 1), needed), dtype=np.float64)


def _attrs(
    declared: Declaration,
    values: dict[str, Any],
    rows: Rows,
    policy: dict[str, Any],
    known: _Known,
    pieces: list[_Piece],
    state: Any,
) -> dict[str, Any]:
    converged = declared.converged(**values)
    newest = known
    if pieces:
        piece = pieces[-1]
        run_rows = piece.before + piece.stop - piece.start
        since = piece.known.converged_from
        if since is None and run_rows >= converged:
            since = _iso(int(rows.stamps[piece.start + max(0, converged - 1 - piece.before)]))
        repaired = 0
        if rows.repaired is not None:
            repaired = piece.known.repaired + int(rows.repaired[piece.new : piece.stop].sum())
        newest = _Known(
            through=int(rows.stamps[-1]),
            begun=piece.known.begun,
            rows=run_rows,
            repaired=repaired,
            state=state,
            converged_from=since,
        )
    return {
        "indicator": declared.name,
        "params": values,
        "needed": declared.needed(**values),
        "converged": converged,
        "converged_from": newest.converged_from,
        "run_from": _iso(newest.begun),
        "runs": known.runs + sum(piece.before == 0 and piece.new == piece.start for piece in pieces),
        "left_out": {why: known.left_out[why] + rows.left_out[why] for why in rows.left_out},
        "resume": {
            "through": newest.through,
            "seen": max(known.seen, rows.seen),
            "begun": newest.begun,
            "rows": newest.rows,
            "repaired": newest.repaired,
            "state": newest.state,
            "step": rows.step,
            "policy": policy,
        },
    }


def _iso(stamp: int) -> str:
    return pd.Timestamp(stamp, unit="ns", tz="UTC").isoformat()
