"""A rerun of the candles page, with and without five indicators.

    python benchmarks/pages.py [--runs 15]

The page runs as a browser's click would run it, under AppTest, over the lab with its candles in the cache:
2,016 candles in the window, drawn as 1,008, and 500 more for the warm-up. Below that what the indicators
cost by themselves on 2,000 candles that are all drawn: computing, drawing, and the figure as JSON.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core import charts
from core.charts.indicators import overview
from core.chosen import parse_all
from core.hub import close_shared, shared

LIMIT = 150.0
"""Milliseconds that a rerun with five indicators may take."""
FIVE = "ema(20),bollinger(20,2),rsi(14),macd(12,26,9),atr(14)"


def median(action: Callable[[], object], runs: int) -> float:
    """Milliseconds, after two runs that do not count."""
    took = []
    for _ in range(runs + 2):
        begun = time.perf_counter()
        action()
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took[2:])


def rerun(address: dict[str, str], runs: int) -> float:
    router = Path(__file__).resolve().parents[1] / "core" / "ui" / "router.py"
    at = AppTest.from_file(str(router), default_timeout=60)
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    if at.exception:
        raise RuntimeError(at.exception[0].message)
    return median(at.run, runs)


def drawing(chosen: str, runs: int) -> float:
    frame = shared().candles("BTC/USDT", "5m", limit=2_500).value
    window, since = frame.iloc[500:], 500
    ones, _ = parse_all([chosen])

    def figure() -> str:
        last = charts.last_rows(window, "5m") + since
        over = overview(ones, frame, "5m", last, since)
        return str(charts.candle_figure(window, "BTC/USDT", "5m", view="v", over=over).to_json())

    return median(figure, runs)


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=15)
    runs = options.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(KINTSUGI_DATA_DIR=folder, KINTSUGI_MODE="lab")
        window = {"interval": "5m", "window": "1w"}
        page = {name: rerun({**window, "indicators": name}, runs) for name in ("", FIVE)}
        drawn = {name: drawing(name, runs) for name in ("", FIVE)}
        close_shared()
    print(f"{'':34}{'none ms':>10}{'five ms':>10}{'five/none':>11}")
    for title, took in (("page rerun, 2,016 candles", page), ("figure, 2,000 candles drawn", drawn)):
        print(f"{title:34}{took['']:10.1f}{took[FIVE]:10.1f}{took[FIVE] / took['']:11.2f}")
    print(f"limit of a rerun with five indicators: {LIMIT:.0f} ms")
    return int(page[FIVE] > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
