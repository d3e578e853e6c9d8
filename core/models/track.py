"""How often a method was right on candles that it had not seen, and what that is worth. Pure."""

import math
from dataclasses import dataclass

import numpy as np

from core.models.methods import Floats

Z = 1.959964
"""Standard deviations of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Track:
    """The record of a method. Shares from 0 to 1; None where nothing could be tested."""

    tested: int
    hit_rate: float | None
    hit_low: float | None
    hit_high: float | None
    base_rate: float | None
    """How often the more frequent direction came true over the same candles: what always saying it gets."""


def tracked(closes: Floats, directions: Floats, horizon: int) -> Track:
    """Hold every direction against what came ``horizon`` candles later.

    Outcomes that overlap are not independent, so that only every ``horizon``-th candle is tested, counted back
    from the newest whose outcome is known. A close that did not move confirms nobody and is left out.
    """
    last = len(closes) - 1 - horizon
    at = np.arange(last, -1, -horizon) if last >= 0 else np.empty(0, dtype=np.int64)
    came = np.sign(closes[at + horizon] - closes[at])
    said = directions[at]
    judged = (said != 0) & (came != 0)
    tested = int(judged.sum())
    if not tested:
        return Track(0, None, None, None, None)
    hits = int((said[judged] == came[judged]).sum())
    rose = int((came[judged] > 0).sum())
    low, high = wilson(hits, tested)
    return Track(tested, hits / tested, low, high, max(rose, tested - rose) / tested)


def wilson(hits: int, tested: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: right near 0 and 1, and for few trials."""
    share, square = hits / tested, Z * Z
    middle = (share + square / (2 * tested)) / (1 + square / tested)
    half = Z / (1 + square / tested) * math.sqrt(share * (1 - share) / tested + square / (4 * tested**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def verdict(track: Track) -> str:
    """What the record is worth, in words."""
    if track.hit_rate is None or track.hit_low is None or track.hit_high is None or track.base_rate is None:
        return "not tested: it said nothing whose outcome is known"
    told = (
        f"right in {track.hit_rate:.1%} of {track.tested} tests out of sample (95 % interval {track.hit_low:.1%} to "
        f"{track.hit_high:.1%}); always saying the more frequent direction is right in {track.base_rate:.1%}"
    )
    if track.hit_low > track.base_rate:
        return f"{told}: better than that, over these candles"
    if track.hit_high < track.base_rate:
        return f"{told}: worse than that"
    return f"{told}: no better than that, as far as can be told"
