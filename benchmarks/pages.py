"""A rerun of the candles page, with and without five indicators, and of the repair page.

    python benchmarks/pages.py [--runs 15] [--only year]

The page runs as a browser's click would run it, under AppTest, over the lab with its candles in the cache:
2,016 candles in the window, drawn as 1,008, and 500 more for the warm-up. Below that what the indicators
cost by themselves on 2,000 candles that are all drawn: computing, drawing, and the figure as JSON. Last the
same pages with 5,000 candles of which one in a hundred is missing and some are broken: repaired, in gold, and
on the repair page with the tables of defects and repairs.

Then every page after a year: 100 endpoints in the journal with roll-ups by minute, hour and day, 20,000 events of
a week; the first run, which reads the journal, and the median of those after it. And what the server spends, of
one core, on ten open pages that refresh every second.
"""

import argparse
import dataclasses
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pages_year
import pandas as pd
from pages_open import ten_open
from streamlit.testing.v1 import AppTest

from core import charts
from core.charts.indicators import overview
from core.chosen import parse_all
from core.hub import close_shared, shared
from core.ui.places import CANDLES

ROUTER = Path(__file__).resolve().parents[1] / "core" / "ui" / "router.py"
LIMIT = 150.0
"""Milliseconds that a rerun may take."""
SHARE = 0.15
"""Of a core that ten open pages may take."""
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
    at = AppTest.from_file(str(ROUTER), default_timeout=60)
    at.switch_page(str(CANDLES))
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    if at.exception:
        raise RuntimeError(at.exception[0].message)
    return median(at.run, runs)


def broken() -> pd.DataFrame:
    """5,000 candles with holes and spikes."""
    frame = shared().candles("BTC/USDT", "5m", limit=5_000).value.copy()
    rng = np.random.default_rng(1)
    frame.iloc[rng.choice(len(frame), 10, replace=False), :4] *= 100
    return frame[rng.random(len(frame)) > 0.01]


def gold_rerun(runs: int) -> float:
    hub = shared()
    answer = hub.candles("BTC/USDT", "5m", limit=5_000)
    given = dataclasses.replace(answer, value=broken())
    with mock.patch.object(hub, "fetch", return_value=given):
        return rerun({"interval": "5m", "window": "1mo"}, runs)


def repair_rerun(runs: int) -> float:
    at = AppTest.from_file(str(ROUTER), default_timeout=60)
    at.run()
    at.switch_page(str(ROUTER.parents[2] / "pages" / "repair.py"))
    at.query_params["of"] = "a file"
    at.run()
    at.file_uploader(key="repair_file").set_value(("x.csv", broken().to_csv().encode(), "text/csv")).run()
    while at.get("progress"):
        at.run()
    if at.exception or not at.metric:
        raise RuntimeError("the repair page shows no repair")
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


def year(runs: int) -> int:
    """Every page, and ten of them open, over a year's journal."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(KINTSUGI_DATA_DIR=folder, KINTSUGI_MODE="lab")
        target = str(pages_year.fill(Path(folder))[0])
        shared()  # to open it is no part of a page
        watched = {
            "overview": {"back": "90 days"},
            "providers": {"everyone": "true"},
            "providers, one closely": {"target": target.partition("/")[0], "back": "90 days"},
            "alerts": {"show": "Rules"},
            "activity": {"since": "7 days"},
        }
        others = {path.stem: {} for path in sorted(CANDLES.parent.glob("*.py")) if path.stem not in watched}
        took = {name: first_and_rerun(name, address, runs) for name, address in {**watched, **others}.items()}
        close_shared()
        spent = ten_open(Path(folder))
    print(f"{'a year of 100 endpoints':34}{'first ms':>10}{'rerun ms':>10}")
    for name, (first, again) in took.items():
        print(f"{name:34}{first:10.1f}{again:10.1f}")
    print(f"limit of a rerun: {LIMIT:.0f} ms")
    print(
        f"ten open pages, refreshed every second: {spent.opened:.1%} of a core ({spent.idle:.1%} with none open), "
        f"{spent.redraws:.0f} parts drawn and {spent.kilobytes:.0f} kB sent a second; limit {SHARE:.0%}"
    )
    return int(max(again for _, again in took.values()) > LIMIT or spent.opened > SHARE)


def first_and_rerun(name: str, address: dict[str, str], runs: int) -> tuple[float, float]:
    """Milliseconds of the first run of a page, and the median of the others."""
    page = name.partition(",")[0]
    at = AppTest.from_file(str(ROUTER), default_timeout=60)
    if page != "overview":
        at.switch_page(str(CANDLES.parent / f"{page}.py"))
    for key, value in address.items():
        at.query_params[key] = value
    begun = time.perf_counter()
    at.run()
    first = (time.perf_counter() - begun) * 1000
    if at.exception:
        raise RuntimeError(f"{name}: {at.exception[0].message}")
    return first, median(at.run, runs)


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=15)
    options.add_argument("--only", choices=["year"])
    given = options.parse_args()
    runs = given.runs
    if given.only:
        return year(runs)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(KINTSUGI_DATA_DIR=folder, KINTSUGI_MODE="lab")
        window = {"interval": "5m", "window": "1w"}
        page = {name: rerun({**window, "indicators": name}, runs) for name in ("", FIVE)}
        drawn = {name: drawing(name, runs) for name in ("", FIVE)}
        mended = {"candles page": gold_rerun(runs), "repair page": repair_rerun(runs)}
        close_shared()
    print(f"{'':34}{'none ms':>10}{'five ms':>10}{'five/none':>11}")
    for title, took in (("page rerun, 2,016 candles", page), ("figure, 2,000 candles drawn", drawn)):
        print(f"{title:34}{took['']:10.1f}{took[FIVE]:10.1f}{took[FIVE] / took['']:11.2f}")
    for title, ms in mended.items():
        print(f"{title + ', 5,000 candles repaired':34}{ms:10.1f}")
    print(f"limit of a rerun: {LIMIT:.0f} ms")
    return int(max(page[FIVE], *mended.values()) > LIMIT) | year(runs)


if __name__ == "__main__":
    raise SystemExit(main())
