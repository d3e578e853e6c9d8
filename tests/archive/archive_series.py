"""Series and archives to test with."""

import numpy as np
import pandas as pd

from core.candles.archive import Archive, Series

NOW = 1_790_000_000.0
KRAKEN = Series("kraken", "BTC/USDT", "1h")


class Stopped:
    """A clock that stands until it is set."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def walk(rows: int = 24 * 70, start: str = "2026-01-05", seed: int = 1, freq: str = "h") -> pd.DataFrame:
    """A complete series of closed candles."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.005, rows)))
    opened = np.r_[100.0, close[:-1]]
    return pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) * (1 + rng.uniform(0, 0.003, rows)),
            "low": np.minimum(opened, close) * (1 - rng.uniform(0, 0.003, rows)),
            "close": close,
            "volume": rng.uniform(1, 5, rows),
        },
        index=pd.date_range(start, periods=rows, freq=freq, tz="UTC", unit="ns", name="time"),
    )


def broken(whole: pd.DataFrame) -> pd.DataFrame:
    """With holes of one, two and four candles, and a spike."""
    frame = whole.drop(whole.index[[100, 200, 201, 500, 501, 502, 503]]).copy()
    close, high = frame.columns.get_loc("close"), frame.columns.get_loc("high")
    frame.iloc[300, close] *= 1.5
    frame.iloc[300, high] = max(frame.iloc[300, high], frame.iloc[300, close])
    return frame


def archive_in(folder, now=None, **knobs) -> Archive:
    return Archive(folder / "archive", now or Stopped(), **knobs)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Equal to the bit, provenance apart."""
    pd.testing.assert_frame_equal(one, other, check_exact=True, check_freq=False)
