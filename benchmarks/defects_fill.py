"""How near repaired closes come to what was there: by gap length and method, beside simpler ways and freqtrade's.

Errors are mean absolute differences of log closes in units of the series' one-bar standard deviation. ``line`` is
the open-anchored line drawn here, from the close before to the open after; ours must come as near.
"""

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
from defects_inject import LENGTHS, Places
from defects_series import Series, recorded

from core.candles import RepairPolicy, normalise, repair

try:
    from freqtrade.data.converter import clean_ohlcv_dataframe
except ImportError:
    clean_ohlcv_dataframe = None

MOST = 48
"""Longer gaps stay open by default."""


def gaps(part: Series, length: int, rng: np.random.Generator) -> list[int]:
    """First rows of gaps of one length, about one row in thirty lost."""
    places = Places(rng, len(part.frame))
    count = max(1, min(40, len(part.frame) // (30 * length)))
    return [first for _ in range(count) if (first := places.take(length)) is not None]


def simple(frame: pd.DataFrame, first: int, length: int) -> dict[str, Any]:
    """Closes by forward fill, from the next open, and along two lines."""
    before, after = frame["close"].iloc[first - 1], frame["open"].iloc[first + length]
    steps = np.arange(1, length + 1)
    return {
        "forward": np.full(length, before),
        "backward": np.full(length, after),
        "close to close": before + (frame["close"].iloc[first + length] - before) * steps / (length + 1),
        "line": before + (after - before) * steps / length,
    }


class Errors:
    """Sums by method and length."""

    def __init__(self) -> None:
        self.sums: dict[tuple[str, int], list[float]] = defaultdict(lambda: [0.0, 0])
        self.ranges: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.invalid = 0

    def add(self, method: str, length: int, wrong: Any) -> None:
        self.sums[method, length][0] += float(np.sum(wrong))
        self.sums[method, length][1] += len(wrong)

    def mean(self, method: str, length: int) -> float:
        total, count = self.sums[method, length]
        return total / count if count else float("nan")


def measure(parts: list[Series], seeds: int, rows: int) -> Errors:
    errors = Errors()
    for number, whole in enumerate(parts):
        for seed in range(seeds):
            rng = np.random.default_rng([seed, number, 9])
            part = whole.cut(rng, rows)
            for length in (length for length in LENGTHS if length <= MOST):
                _one(part, length, gaps(part, length, rng), errors)
    return errors


def _one(part: Series, length: int, places: list[int], errors: Errors) -> None:
    frame = part.frame
    lost = np.zeros(len(frame), bool)
    for first in places:
        lost[first : first + length] = True
    raw, true = frame[~lost], np.log(frame["close"])
    best = repair(raw, part.interval, RepairPolicy(medium_hours=1e4))
    made = {
        "ours": best.frame,
        "ours as known": repair(raw, part.interval, RepairPolicy(view="as_known", short=MOST)).frame,
    }
    if clean_ohlcv_dataframe is not None:
        named = raw.rename_axis("date").reset_index()
        made["freqtrade"] = clean_ohlcv_dataframe(
            named, part.interval, "A/B", fill_missing=True, drop_incomplete=False
        ).set_index("date")
    for first in places:
        spot = frame.index[first : first + length]
        for method, closes in simple(frame, first, length).items():
            errors.add(method, length, np.abs(np.log(closes) - true[spot].to_numpy()) / part.sigma)
        for method, table in made.items():
            if spot.isin(table.index).all():
                errors.add(method, length, np.abs(np.log(table.loc[spot, "close"]) - true[spot]) / part.sigma)
                ranges = np.log(table.loc[spot, "high"] / table.loc[spot, "low"]).sum()
                errors.ranges[method][0] += float(ranges)
                errors.ranges[method][1] += float(
                    np.log(frame.loc[spot, "high"] / frame.loc[spot, "low"]).sum()
                )
    prices = best.frame[["open", "high", "low", "close"]]
    errors.invalid += int(
        (prices["high"] < prices.max(axis=1)).sum() + (prices["low"] > prices.min(axis=1)).sum()
    )


def across(seeds: int, rows: int) -> dict[int, tuple[float, float, float]]:
    """Length → error of another venue's rows, of the line at the same gaps, and the share of gaps so filled."""
    folder = recorded()
    if folder is None:
        return {}
    ours, theirs = (
        normalise(folder / f"{venue}_BTCUSD_1h.csv").sort_index() for venue in ("kraken", "coinbase")
    )
    theirs.attrs = {"venue": "coinbase", "quote": "USD"}
    found = {}
    for length in (1, 3, 12, 48):
        sums = np.zeros(4)
        for seed in range(seeds):
            rng = np.random.default_rng([seed, length])
            part = Series("Kraken", "1h", ours.loc["2019-08-01":]).cut(rng, rows)
            part.frame.attrs = {"venue": "kraken", "quote": "USD"}
            places = gaps(part, length, rng)
            lost = np.zeros(len(part.frame), bool)
            for first in places:
                lost[first : first + length] = True
            mended = repair(part.frame[~lost], "1h", sources={"coinbase": theirs}).frame
            true = np.log(part.frame["close"])
            for first in places:
                spot = part.frame.index[first : first + length]
                sums[3] += 1
                if spot.isin(mended.index).all() and (mended.loc[spot, "method"] == "venue").all():
                    line = simple(part.frame, first, length)["line"]
                    wrong = [np.abs(np.log(closes) - true[spot].to_numpy()).mean() / part.sigma
                             for closes in (mended.loc[spot, "close"].to_numpy(), line)]  # fmt: skip
                    sums[:3] += (*wrong, 1)
        found[length] = (
            (sums[0] / sums[2], sums[1] / sums[2], sums[2] / sums[3]) if sums[2] else (np.nan, np.nan, 0.0)
        )
    return found


def show(parts: list[Series], seeds: int, rows: int) -> None:
    errors = measure(parts, seeds, rows)
    lengths = [length for length in LENGTHS if length <= MOST]
    print("\nclose error in one-bar standard deviations, by gap length")
    print(f"{'':<18}" + "".join(f"{length:>8}" for length in lengths))
    for method in ("forward", "backward", "close to close", "line", "ours", "ours as known", "freqtrade"):
        if method == "freqtrade" and clean_ohlcv_dataframe is None:
            print("freqtrade is absent (pip install freqtrade, in an environment of its own)")
            continue
        print(f"{method:<18}" + "".join(f"{errors.mean(method, length):>8.3f}" for length in lengths))
    print(f"{'ours / line':<18}" + "".join(
        f"{_ratio(errors.mean('ours', length), errors.mean('line', length)):>8}" for length in lengths))  # fmt: skip
    print("range ratio: " + ", ".join(f"{name} {a / b:.3f}" for name, (a, b) in errors.ranges.items())
          + f"; impossible rows {errors.invalid}")  # fmt: skip
    for length, (wrong, line, share) in across(min(seeds, 8), rows).items():
        print(f"Kraken from Coinbase, gap of {length}: {wrong:.3f}, line there {line:.3f},"
              f" ratio {_ratio(wrong, line)}, filled {share:.0%}")  # fmt: skip


def _ratio(one: float, other: float) -> str:
    return f"{one / other:.3f}" if other > 1e-6 else "-"
