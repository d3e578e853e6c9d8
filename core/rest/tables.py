"""Frames as lists of plain rows."""

import math
from typing import Any

import pandas as pd


def table(frame: pd.DataFrame, most: int | None = None) -> list[dict[str, Any]]:
    """Rows as objects, the first ``most`` of them. Times as ISO 8601 in UTC; what is no number is null."""
    part = frame if most is None else frame.head(most)
    return [
        {str(name): _plain(value) for name, value in zip(part.columns, row, strict=True)}
        for row in part.itertuples(index=False, name=None)
    ]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value
