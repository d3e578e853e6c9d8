"""An audit of an archived series, with what else the archive knows as witnesses."""

import pandas as pd

from core.candles.archive.archive import Archive
from core.candles.archive.series import Series
from core.candles.audit import Audit, audit
from core.market import Moment

_WITNESSES = 4
"""Other symbols of the same venue that are heard."""


def assess(
    archive: Archive,
    series: Series,
    start: Moment | None = None,
    end: Moment | None = None,
    *,
    record: bool = True,
) -> Audit:
    """Audit the raw candles of a series, and add its score to the history unless told not to.

    What is held is judged over its own span: that a series was not fetched for a while is no defect of its candles.
    ValueError when the archive has none of them in this range.
    """
    raw = archive.load(series, start, end, "raw")
    if not len(raw):
        raise ValueError(f"series={str(series)!r}: the archive has no candles of it in this range")
    stop = raw.index[-1] + pd.Timedelta(seconds=series.seconds)
    siblings, reference = evidence(archive, series, raw.index[0], stop)
    found = audit(raw, series.interval, None, siblings, reference)
    if record:
        archive.note_score(series, found)
    return found


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
