"""Candles of a longer interval out of finer ones of the same market. Pure, vectorised."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.market import CANDLE_FIELDS, INTERVALS, MONDAY, candles_frame

Floats = npt.NDArray[np.float64]

_HOW = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
_REDUCED = {"max": np.maximum, "min": np.minimum, "sum": np.add}


def aggregate(frame: pd.DataFrame, finer: str, interval: str, now: float | None = None) -> pd.DataFrame:
    """The candles of ``interval`` that ``frame`` (of ``finer`` candles, ascending, unique) holds whole.

    A candle comes out only when every finer one within it is there; of one that is still open at ``now`` (UTC
    seconds): every finer one that is over by then. The others are left out; ``attrs["left_out"]`` counts them.
    Days open at 00:00 UTC, weeks on Monday. ValueError when ``finer`` does not divide ``interval``.
    """
    step, parts = INTERVALS[finer], INTERVALS[interval] // INTERVALS[finer]
    if parts < 2 or INTERVALS[interval] % step:
        raise ValueError(f"finer={finer!r}: expected an interval that {interval} is a multiple of")
    step *= 1000
    times = frame.index.as_unit("ms").asi8  # type: ignore[attr-defined]
    anchor = MONDAY * 1000 if interval == "1w" else 0
    whole = parts * step
    opens = (times - anchor) // whole * whole + anchor
    begins = np.flatnonzero(np.diff(opens, prepend=opens[:1] - 1))
    if not len(begins):
        nothing = candles_frame([], {name: np.empty(0) for name in CANDLE_FIELDS if name in frame.columns})
        nothing.attrs["left_out"] = 0
        return nothing
    edge = times[-1] + step if now is None else int(now * 1000) // step * step
    buckets = opens[begins]
    due = parts if now is None else np.clip((edge - buckets) // step, 0, parts)
    on_grid = (times - opens) % step == 0
    there = np.add.reduceat((times < edge) & on_grid, begins)
    full = (there == due) & np.logical_and.reduceat(on_grid, begins)
    data = {}
    for name in CANDLE_FIELDS:
        if name in frame.columns:
            data[name] = _parts(_HOW[name], frame[name].to_numpy(), begins)[full]
    found = candles_frame(buckets[full] / 1000, data)
    found.attrs["left_out"] = int(len(full) - full.sum())
    return found


def _parts(how: str, column: Floats, begins: npt.NDArray[np.intp]) -> Floats:
    """One number for each run of rows that begins at one of these places."""
    if how in _REDUCED:
        return np.asarray(_REDUCED[how].reduceat(column, begins), np.float64)
    places = begins if how == "first" else np.append(begins[1:], len(column)) - 1
    return np.take(column, places)
