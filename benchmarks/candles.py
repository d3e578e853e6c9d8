"""What audit and repair cost: against freqtrade's cleaning, in memory, and as the series grows.

    python benchmarks/candles.py [--rows 1000000] [--runs 5] [--sizes 10000 100000 1000000 10000000]

One-minute rows with 1 % missing. freqtrade (``clean_ohlcv_dataframe`` with fill) is timed in the same run when it is
installed. Each run gets a frame of its own, so that nothing is remembered from the run before. Processor time; the
quickest of the runs counts. Target: at most half of freqtrade's time, at most six times the frame in memory.
"""

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from core.candles import audit, repair  # noqa: E402 - the repository comes first

try:
    from freqtrade.data.converter import clean_ohlcv_dataframe
except ImportError:
    clean_ohlcv_dataframe = None


def minutes(rows: int, lost: float = 0.01, seed: int = 0) -> pd.DataFrame:
    """A random walk of one-minute candles with this share of rows missing."""
    rng = np.random.default_rng(seed)
    close = 30_000 * np.exp(np.cumsum(rng.normal(0, 0.0005, rows)))
    opens = np.r_[30_000.0, close[:-1]]
    reach = np.abs(rng.normal(0, 0.0003, (2, rows)))
    frame = pd.DataFrame(
        {
            "open": opens,
            "high": np.maximum(opens, close) * (1 + reach[0]),
            "low": np.minimum(opens, close) * (1 - reach[1]),
            "close": close,
            "volume": rng.lognormal(1, 1, rows),
        },
        index=pd.date_range("2010-01-01", periods=rows, freq="1min", tz="UTC", name="time"),
    )
    kept = rng.random(rows) >= lost
    kept[[0, -1]] = True
    return frame[kept]


def best(action: Callable[[pd.DataFrame], object], frame: pd.DataFrame, runs: int) -> float:
    """Seconds of processor time of the quickest run."""
    spent = []
    for _ in range(runs):
        fresh = frame.copy(deep=True)
        begun = time.process_time()
        action(fresh)
        spent.append(time.process_time() - begun)
    return min(spent)


def both(frame: pd.DataFrame) -> None:
    audit(frame, "1m")
    repair(frame, "1m")


def freqtrade(frame: pd.DataFrame) -> None:
    clean_ohlcv_dataframe(frame, "1m", "A/B", fill_missing=True, drop_incomplete=False)


def usual(frame: pd.DataFrame) -> None:
    """The usual cleaning in pandas, as freqtrade does it too: duplicates aggregated, gaps filled flat, no more."""
    rule = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "max"}
    clean = frame.groupby(by="date", as_index=False, sort=True).agg(rule)
    rule["volume"] = "sum"
    full = clean.resample("1min", on="date").agg(rule)
    full["close"] = full["close"].ffill()
    prices = ["open", "high", "low"]
    full[prices] = full[prices].apply(lambda column: column.fillna(full["close"]))


def against(other: Callable[[pd.DataFrame], object], rows: int, runs: int) -> float:
    """Ours ÷ the other's, measured in turn so that a busy machine hinders both."""
    frame = minutes(rows)
    named = frame.rename_axis("date").reset_index()
    pairs = [(best(both, frame, 1), best(other, named, 1)) for _ in range(runs)]
    return min(pair[0] for pair in pairs) / min(pair[1] for pair in pairs)


def peak(rows: int) -> float:
    """Most memory that audit and repair hold at once, in times the frame."""
    frame = minutes(rows)
    both(minutes(1000))  # what is loaded once is no cost of a million rows
    tracemalloc.start()
    both(frame)
    _, top = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return top / float(frame.memory_usage().sum())


def slope(sizes: list[int], runs: int) -> list[tuple[int, float, float]]:
    """Rows, microseconds a row at each size, and how much of that the system takes to hand out fresh memory."""
    found = []
    for rows in sizes:
        frame, spent = minutes(rows), []
        for _ in range(runs if rows < 5_000_000 else min(runs, 3)):
            fresh = frame.copy(deep=True)
            begun = getrusage(RUSAGE_SELF)
            both(fresh)
            ended = getrusage(RUSAGE_SELF)
            spent.append((ended.ru_utime - begun.ru_utime, ended.ru_stime - begun.ru_stime))
        user, system = min(spent, key=sum)
        found.append((rows, (user + system) / rows * 1e6, system / rows * 1e6))
    return found


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--rows", type=int, default=1_000_000)
    given.add_argument("--runs", type=int, default=5)
    given.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000, 10_000_000])
    asked = given.parse_args()
    frame = minutes(asked.rows)
    print(f"{asked.rows:,} minutes, 1 % of them missing")
    for name, action in (("audit", lambda part: audit(part, "1m")), ("repair", lambda part: repair(part, "1m")),
                         ("audit, then repair", both)):  # fmt: skip
        print(f"  {name:<22}{best(action, frame, asked.runs) * 1e3:>8.0f} ms")
    if clean_ohlcv_dataframe is None:
        print("  freqtrade is absent (pip install freqtrade, in an environment of its own)")
    else:
        named = frame.rename_axis("date").reset_index()
        print(f"  {'freqtrade, with fill':<22}{best(freqtrade, named, asked.runs) * 1e3:>8.0f} ms")
        print(f"  ratio {against(freqtrade, asked.rows, asked.runs):.2f}")
    print(f"  ratio to the usual cleaning in pandas {against(usual, asked.rows, asked.runs):.2f}")
    print(f"  memory {peak(asked.rows):.1f} x the frame")
    print("microseconds a row, and the system's share of them (fresh memory, which short series get reused):")
    for rows, cost, system in slope(asked.sizes, asked.runs):
        print(f"  {rows:>12,}{cost:>8.3f}{system:>8.3f}")


if __name__ == "__main__":
    main()
