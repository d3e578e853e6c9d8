"""Whether a value covers what was asked, and how answers to several pages become one. Pure."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.market import CandleQuery, Query

EDGE = 3
"""Intervals that may be missing at either edge: venues publish late, and quiet ones omit candles."""


def join(parts: Sequence[Any]) -> Any:
    """Pages of candles in one frame: ascending, unique. A single part is returned as it is."""
    if len(parts) == 1:
        return parts[0]
    frames = [part for part in parts if not part.empty] or [parts[0]]
    frame = pd.concat(frames).sort_index(kind="stable")
    frame = frame[~frame.index.duplicated(keep="last")]
    frame.attrs["wire"] = {
        name: sum(part.attrs.get("wire", {}).get(name, 0) for part in parts)
        for name in ("unsorted", "duplicates")
    }
    return frame


def shortfall(query: Query, value: Any, now: float) -> str:
    """Why a value is partial, in words; empty when it covers what was asked.

    Holes inside are not partial: what is missing there is for the audit of candles to say.
    """
    if not isinstance(query, CandleQuery) or not isinstance(value, pd.DataFrame):
        return ""
    first, stop = query.span(now)
    slots = (stop - first) // query.seconds
    if slots <= 0:
        return ""
    if value.empty:
        return f"partial: no candles of the {slots} asked for"
    slack = min(EDGE, slots - 1) * query.seconds
    early = value.index[0].timestamp() - first
    late = stop - query.seconds - value.index[-1].timestamp()
    if early > slack:
        return f"partial: begins {value.index[0]:%Y-%m-%d %H:%M} UTC, {len(value)} of {slots} candles"
    if late > slack:
        return f"partial: ends {value.index[-1]:%Y-%m-%d %H:%M} UTC, {len(value)} of {slots} candles"
    return ""
