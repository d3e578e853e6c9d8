"""Which candles are drawn when there are more than a screen can show."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.market import INTERVALS, MONDAY, candles_frame

VISIBLE = 2000
"""Candles drawn at most, or one or two more: beyond it neighbours are drawn as one."""


def digits(prices: "pd.Series[float]") -> int:
    """Decimals that these prices need, 0 to 10."""
    values = prices.to_numpy(np.float64)
    values = values[np.isfinite(values)]
    for places in range(10):
        if np.allclose(np.round(values, places), values, rtol=1e-9, atol=0.0):
            return places
    return 10


def visible(frame: pd.DataFrame, interval: str, most: int = VISIBLE) -> tuple[pd.DataFrame, int]:
    """The frame with at most about ``most`` rows, and how many intervals one row spans.

    Rows are joined on a grid that does not move as candles arrive: first open, highest high, lowest low, last
    close, summed volume. No high and no low is lost. The first and last row may cover less than the others.
    """
    per = -(-len(frame) // most)
    if per <= 1:
        return frame, 1
    size, anchor = INTERVALS[interval] * per, _anchor(interval)
    seconds = pd.DatetimeIndex(frame.index).as_unit("s").asi8
    last = last_rows(frame, interval, most)
    first = np.append(0, last[:-1] + 1)
    opened = (seconds[first] - anchor) // size * size + anchor
    columns = {
        "open": frame["open"].to_numpy()[first],
        "high": np.maximum.reduceat(frame["high"].to_numpy(), first),
        "low": np.minimum.reduceat(frame["low"].to_numpy(), first),
        "close": frame["close"].to_numpy()[last],
    }
    if "volume" in frame:
        columns["volume"] = np.add.reduceat(frame["volume"].to_numpy(), first)
    return candles_frame(opened, columns), per


def last_rows(frame: pd.DataFrame, interval: str, most: int = VISIBLE) -> npt.NDArray[np.intp]:
    """The last row of the frame in each candle that :func:`visible` draws."""
    per = -(-len(frame) // most)
    if per <= 1:
        return np.arange(len(frame))
    seconds = pd.DatetimeIndex(frame.index).as_unit("s").asi8
    slot = (seconds - _anchor(interval)) // (INTERVALS[interval] * per)
    return np.flatnonzero(np.append(np.diff(slot) != 0, [True] * bool(len(slot))))


def _anchor(interval: str) -> int:
    return MONDAY if interval == "1w" else 0
