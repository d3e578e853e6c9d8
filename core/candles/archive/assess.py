"""An audit of an archived series, with what else the archive knows as witnesses."""

from dataclasses import dataclass

import pandas as pd

from core.candles.archive.archive import Archive
from core.candles.archive.series import Series
from core.candles.audit import Audit, audit
from core.market import Moment
from core.market.queries import NEWEST

_WITNESSES = 4
"""Other symbols of the same venue that are heard."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """What an archived series is worth."""

    raw: Audit
    """Of the candles as they first came: their score, and what is wrong with them."""
    best: Audit
    """Of what stands over them, repairs included."""

    @property
    def usable(self) -> float:
        """Mean trust in what stands, over all expected candles, 0 … 1."""
        return self.best.usable

    @property
    def unmended(self) -> int:
        """Expected candles that are neither sound nor filled."""
        return self.best.expected - round(self.best.rows * (1 - self.best.corrupted))


def assess(
    archive: Archive,
    series: Series,
    start: Moment | None = None,
    end: Moment | None = None,
    *,
    record: bool = True,
) -> Assessed:
    """Audit a series, its raw candles and what stands, and add its score to the history unless told not to.

    What is held is judged over its own span: that a series was not fetched for a while is no defect of its candles.
    ValueError when the archive has none of them in this range.
    """
    raw = archive.load(series, start, end, "raw")
    if not len(raw):
        raise ValueError(f"series={str(series)!r}: the archive has no candles of it in this range")
    stop = raw.index[-1] + pd.Timedelta(seconds=series.seconds)
    siblings, reference = evidence(archive, series, raw.index[0], stop)
    found = audit(raw, series.interval, None, siblings, reference)
    made = Assessed(found, standing(archive, series, raw, found))
    if record:
        archive.note_score(series, found, made.usable)
    return made


def standing(archive: Archive, series: Series, raw: pd.DataFrame, found: Audit) -> Audit:
    """The audit of what stands over raw candles, whose own is ``found``: the same where nothing does."""
    best = archive.load(series, raw.index[0], raw.index[-1] + pd.Timedelta(seconds=series.seconds), "best")
    if not len(best) or (len(best) == len(raw) and bool((best["method"] == "observed").all())):
        return found
    return audit(best, series.interval)


def newest(archive: Archive, series: Series) -> tuple[pd.Timestamp, pd.Timestamp]:
    """``[start, end)`` of a series' newest candles, 500 if none is missing. ValueError when the archive has none."""
    held = archive.held(series)
    if held.start is None or held.end is None:
        raise ValueError(f"series={str(series)!r}: the archive has no candles of it")
    step = pd.Timedelta(seconds=series.seconds)
    return max(held.start, held.end - (NEWEST - 1) * step), held.end + step


def evidence(
    archive: Archive, series: Series, start: Moment, end: Moment
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame | None]:
    """Other symbols of the venue, and the same symbol where most of its candles are elsewhere, None if nowhere."""
    others = [other for other in archive.series() if other.interval == series.interval and other != series]
    siblings: dict[str, pd.DataFrame] = {}
    for other in others:
        if other.provider == series.provider and len(siblings) < _WITNESSES:
            frame = archive.load(other, start, end, "raw")
            if len(frame):
                siblings[other.symbol] = frame
    same = {other: archive.about(other, start, end) for other in others if other.symbol == series.symbol}
    if not any(same.values()):
        return siblings, None
    reference = archive.load(max(same, key=lambda other: same[other]), start, end, "raw")
    return siblings, reference if len(reference) else None
