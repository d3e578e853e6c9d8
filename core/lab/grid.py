"""Which candles a venue answers with: its grid, its row limit, and which ones it drops."""

import math
from typing import Literal

MONDAY = 4 * 86400
"""Weeks that open on Monday: 1970-01-01 was a Thursday."""


def span(
    step: int,
    rows: int,
    now: float,
    *,
    start: float = -math.inf,
    end: float = math.inf,
    anchor: int = 0,
    keep: Literal["newest", "oldest"] = "newest",
) -> tuple[float, float]:
    """Open times ``[first, stop)`` in seconds of the candles with ``start ≤ t ≤ end`` that have begun by now.

    At most ``rows`` of them: the ``newest``, or the ``oldest`` for a venue that counts from the start.
    ``anchor`` is a moment at which a candle opens.
    """
    stop = (min(now, end) - anchor) // step * step + anchor + step
    if start == -math.inf:
        return max(stop - rows * step, anchor % step), stop
    first = max(-((anchor - start) // step) * step + anchor, anchor % step)
    if keep == "oldest":
        return first, min(stop, first + rows * step)
    return max(first, stop - rows * step), stop


def plain(number: float, digits: int = 10) -> str:
    """As short as it can be, never in the exponent form."""
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
