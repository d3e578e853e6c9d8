"""How long indicators take, against TA-Lib called directly and against bare ta.

    python benchmarks/indicators.py [--rows 5000 100000 1000000] [--limit 30]

One table a size, of milliseconds and ratios (below 1 = faster than the other), the best of several runs.
ta is left out where one call would take over ``--limit`` seconds, going by the size before (PSAR, WMA, NVI).
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "indicators")]

from indicator_references import BARE, TALIB, bare, columns  # noqa: E402 - they live beside the tests
from indicator_series import walk  # noqa: E402 - they live beside the tests

from core.indicators import compute, extend, fast, indicators  # noqa: E402 - the repository comes first

PAGE = ("ema", "bollinger", "rsi", "macd", "atr")


def best(action: Callable[[], object], budget: float = 0.3) -> float:
    """Milliseconds of the quickest run, in at least 3 and at most 30."""
    found, spent = [], 0.0
    while len(found) < 3 or (spent < budget and len(found) < 30):
        begun = time.perf_counter()
        action()
        found.append(time.perf_counter() - begun)
        spent += found[-1]
        if spent > 5:
            break
    return min(found) * 1000


def without_fast(action: Callable[[], object]) -> float:
    """The same with TA-Lib out of sight."""
    held, fast.talib = fast.talib, None
    try:
        return best(action)
    finally:
        fast.talib = held


def ratio(ours: float, other: float | None) -> str:
    return "-" if other is None else f"{ours / other:.2f}"


def table(rows: int, limit: float, before: dict[str, float]) -> dict[str, float]:
    frame = walk(rows)
    arrays = columns(frame)
    print(f"\n{rows:,} rows{'':10}{'plain ms':>10}{'fast ms':>10}{'TA-Lib ms':>10}{'ta ms':>10}", end="")
    print(f"{'fast/TA-Lib':>12}{'plain/TA-Lib':>13}{'plain/ta':>10}")
    shares: dict[str, list[float]] = {"fast": [], "plain": [], "ta": []}
    bare_ms: dict[str, float] = {}
    slowest = ("", 0.0)
    for name in indicators():
        plain, quick = without_fast(lambda n=name: compute(frame, n)), best(lambda n=name: compute(frame, n))
        lib = best(lambda n=name: TALIB[n](*arrays)) if name in TALIB else None
        theirs = None
        if name in BARE and before.get(name, 0.0) < limit * 1000:
            theirs = bare_ms[name] = best(lambda n=name: bare(n, frame))
        slowest = max(slowest, (name, plain), key=lambda one: one[1])
        if lib is not None:
            shares["fast"].append(quick / lib)
            shares["plain"].append(plain / lib)
        if theirs is not None:
            shares["ta"].append(plain / theirs)
        cells = [
            f"{value:10.2f}" if value is not None else f"{'-':>10}" for value in (plain, quick, lib, theirs)
        ]
        ratios = f"{ratio(quick, lib):>12}{ratio(plain, lib):>13}{ratio(plain, theirs):>10}"
        print(f"{name:22}{''.join(cells)}{ratios}")
    medians = {name: statistics.median(values) for name, values in shares.items()}
    print(f"{'median':62}{medians['fast']:>12.2f}{medians['plain']:>13.2f}{medians['ta']:>10.2f}")
    print(f"slowest without fast: {slowest[0]} {slowest[1]:.1f} ms")
    return bare_ms


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rows", type=int, nargs="+", default=[5_000, 100_000, 1_000_000])
    options.add_argument(
        "--limit", type=float, default=30.0, help="seconds that one call of bare ta may take"
    )
    chosen = options.parse_args()
    print(f"TA-Lib {fast.talib.__version__}" if fast.installed() else "TA-Lib is not installed")
    before: dict[str, float] = {}
    done = 0
    for rows in chosen.rows:
        grown = (rows / done) if done else 1.0
        before = table(rows, chosen.limit, {name: value * grown for name, value in before.items()})
        done = rows
    page = walk(2_000)
    print(f"\npage rerun, {len(PAGE)} indicators on 2,000 candles: ", end="")
    print(f"{without_fast(lambda: [compute(page, name) for name in PAGE]):.1f} ms plain, ", end="")
    print(f"{best(lambda: [compute(page, name) for name in PAGE]):.1f} ms fast")
    long = walk(100_000)
    print("one candle added to 100,000 (extend):")
    for name in ("sma", "rsi", "macd", "obv", "psar", "kama"):
        known = compute(long.iloc[:-1], name)
        added, anew = best(lambda k=known: extend(k, long)), best(lambda n=name: compute(long, n))
        print(f"  {name:8}{added:8.2f} ms, anew {anew:8.2f} ms")


if __name__ == "__main__":
    main()
