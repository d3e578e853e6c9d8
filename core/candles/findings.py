"""Defects as a table: ``start end kind cause count detail``."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.candles.cause import CAUSES, UNKNOWN
from core.candles.frame import Ints, to_index

KINDS = (
    "missing",
    "duplicate",
    "conflicting_duplicate",
    "unsorted",
    "off_grid",
    "incomplete",
    "non_finite",
    "non_positive",
    "ohlc_violation",
    "spike",
    "wick",
    "unit_error",
    "stale_run",
    "truncated",
    "time_unit",
)
_CAUSES = {cause: place for place, cause in enumerate(CAUSES)}


@dataclass(frozen=True, slots=True)
class Finding:
    """Defects of one kind, as columns."""

    kind: str
    start: Ints
    end: Ints
    count: Ints
    cause: Sequence[str]
    detail: Sequence[str]

    @classmethod
    def one(cls, kind: str, start: int, end: int, count: int, detail: str, cause: str = UNKNOWN) -> "Finding":
        """A single defect; times in microseconds, both included."""
        return cls(kind, np.array([start]), np.array([end]), np.array([count]), [cause], [detail])

    @classmethod
    def runs(
        cls, kind: str, time: Ints, slot: Ints, places: Ints, detail: str, *, by_slot: bool = False
    ) -> "Finding":
        """Rows at ``places``, neighbours taken together. ``by_slot``: ``slot`` belongs to the places already."""
        if not len(places):
            empty = np.zeros(0, dtype=np.int64)
            return cls(kind, empty, empty, empty, [], [])
        where = slot if by_slot else slot[places]
        breaks = np.flatnonzero(np.diff(where) > 1)
        first, last = np.r_[0, breaks + 1], np.r_[breaks, len(places) - 1]
        count = last - first + 1
        return cls(
            kind,
            time[places[first]],
            time[places[last]],
            count,
            [UNKNOWN] * len(first),
            [detail] * len(first),
        )


def table(findings: Sequence[Finding]) -> pd.DataFrame:
    """All findings as one frame, in order of time."""
    starts = np.concatenate([np.zeros(0, np.int64), *(found.start for found in findings)])
    ends = np.concatenate([np.zeros(0, np.int64), *(found.end for found in findings)])
    kinds = np.repeat(
        [KINDS.index(found.kind) for found in findings], [len(found.start) for found in findings]
    )
    frame = pd.DataFrame(
        {
            "start": to_index(starts),
            "end": to_index(ends),
            "kind": pd.Categorical.from_codes(kinds.astype(int), categories=pd.Index(KINDS, dtype="str")),
            "cause": pd.Categorical.from_codes(
                [_CAUSES[why] for found in findings for why in found.cause],
                categories=pd.Index(CAUSES, dtype="str"),
            ),
            "count": np.concatenate([np.zeros(0, np.int64), *(found.count for found in findings)]).astype(
                np.int64
            ),
            "detail": np.array([text for found in findings for text in found.detail], dtype=object),
        }
    )
    order = np.lexsort((kinds, starts))
    return frame.iloc[order].reset_index(drop=True)
