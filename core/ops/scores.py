"""The newest scores of archived series, as the archive's history has them, whoever judged."""

import logging
import math
from typing import NamedTuple

from core.answer import KintsugiError
from core.candles.archive import Archive, Series

log = logging.getLogger(__name__)


class Score(NamedTuple):
    """What a series was worth when it was judged last. None: too little to judge."""

    quality: float | None
    """Of the raw candles, 0 … 1."""
    usable: float
    """Of what stands over them, repairs included, 0 … 1."""
    rows: int
    """Candles that were looked at."""


class Scores:
    """Reads each history again only when something was added to it. Everything here is for a thread."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._known: dict[Series, tuple[int, Score | None]] = {}
        """Newest scores, and of which state of their files."""

    def all(self) -> dict[Series, Score]:
        """Of every archived series that was ever judged."""
        found = {series: self.newest(series) for series in self._archive.series()}
        return {series: score for series, score in found.items() if score is not None}

    def newest(self, series: Series) -> Score | None:
        """Of one series; None when it was never judged."""
        state = self._archive.scored(series)
        known = self._known.get(series)
        if known is None or known[0] != state:
            try:
                known = state, self._read(series) if state else None
            except (KintsugiError, OSError) as error:
                log.warning("scores of %s are passed over: %s", series, error)
                known = state, None
            self._known[series] = known
        return known[1]

    def _read(self, series: Series) -> Score | None:
        scores = self._archive.scores(series)
        if scores.empty:
            return None
        last = scores.iloc[-1]
        quality = float(last["score"])
        return Score(None if math.isnan(quality) else quality, float(last["usable"]), int(last["rows"]))
