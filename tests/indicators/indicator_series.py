"""Candle series to try indicators on."""

import csv
import functools
import itertools
from pathlib import Path

import numpy as np
import pandas as pd

REAL = sorted((Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "candles").glob("*.csv"))


def framed(o, h, lo, c, v, *, start="2024-01-01", freq="h") -> pd.DataFrame:
    index = pd.date_range(start, periods=len(c), freq=freq, tz="UTC", name="time").as_unit("ns")
    return pd.DataFrame(
        {"open": o, "high": h, "low": lo, "close": c, "volume": v}, index=index, dtype="float64"
    )


def walk(rows: int, seed: int = 7, *, price: float = 30_000.0, still: float = 0.0) -> pd.DataFrame:
    """A random walk; ``still`` is the share of candles in which nothing was traded."""
    rng = np.random.default_rng(seed)
    quiet = rng.random(rows) < still
    step = np.where(quiet, 0.0, rng.normal(0, 0.004, rows))
    c = price * np.exp(np.cumsum(step))
    o = np.concatenate(([price], c[:-1]))
    reach = np.where(quiet, 0.0, rng.exponential(0.002, (2, rows)))
    volume = np.where(quiet, 0.0, rng.lognormal(3, 1, rows))
    return framed(o, np.maximum(o, c) * (1 + reach[0]), np.minimum(o, c) * (1 - reach[1]), c, volume)


def flat(rows: int, *, price: float = 0.1, volume: float = 0.0) -> pd.DataFrame:
    p = np.full(rows, price)
    return framed(p, p, p, p, np.full(rows, volume))


@functools.cache
def real(path: Path) -> pd.DataFrame:
    """The first 2,500 candles of a recorded series, apart from order and duplicates as they stand."""
    with path.open() as lines:
        rows = {row["timestamp"]: row for row in itertools.islice(csv.DictReader(lines), 2500)}
    index = pd.DatetimeIndex(sorted(pd.to_datetime(list(rows), utc=True)), name="time").as_unit("ns")
    fields = ("open", "high", "low", "close", "volume")
    stamped = {pd.Timestamp(time): row for time, row in rows.items()}
    return pd.DataFrame(
        {name: [float(stamped[time][name]) for time in index] for name in fields},
        index=index,
        dtype="float64",
    )
