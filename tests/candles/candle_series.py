"""Candle series for the tests: a sound random walk, and the recorded ones where they are at hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PRICES = ["open", "high", "low", "close"]
COLUMNS = [*PRICES, "volume"]
RECORDED = next(
    (
        folder
        for above in Path(__file__).resolve().parents
        if (folder := above / "shared" / "data" / "candles").is_dir()
    ),
    None,
)
recorded = pytest.mark.skipif(RECORDED is None, reason="the recorded series are not here")


def walk(rows, seed=0, start="2024-03-01", freq="1h", level=100.0):
    """A sound random walk."""
    rng = np.random.default_rng(seed)
    close = level * np.exp(np.cumsum(rng.normal(0, 0.004, rows)))
    opens = np.r_[level, close[:-1]]
    spread = np.abs(rng.normal(0, 0.002, (2, rows)))
    frame = pd.DataFrame(
        {
            "open": opens,
            "high": np.maximum(opens, close) * (1 + spread[0]),
            "low": np.minimum(opens, close) * (1 - spread[1]),
            "close": close,
            "volume": rng.lognormal(2, 0.6, rows),
        },
        index=pd.date_range(start, periods=rows, freq=freq, tz="UTC", name="time"),
    )
    frame.index.freq = None
    return frame


def kinds(found):
    """Kind → how many rows."""
    counts = found.defects.groupby("kind", observed=True)["count"].sum()
    return {str(kind): int(count) for kind, count in counts.items()}


def only(found, kind):
    """The one defect of a kind."""
    lines = found.defects[found.defects["kind"] == kind]
    assert len(lines) == 1, found.defects
    return lines.iloc[0]
