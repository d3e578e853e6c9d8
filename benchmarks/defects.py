"""How well defects are found and mended: injected into complete real series, beside what others do.

    python benchmarks/defects.py [--seeds 20] [--quick] [--on test|tune]

The protocol: defects of every kind are put into complete stretches of recorded series (defects_inject.py), the
thresholds of ``core.candles`` were set on the ``tune`` series alone, and what is printed is about the ``test``
series, which share neither venue and symbol nor period with them (defects_series.py). Intervals are the middle
95 % of 1000 bootstrap samples over series x seeds. freqtrade's cleaning is compared when it is installed.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import defects_cause  # noqa: E402
import defects_fill  # noqa: E402 - the repository comes first
import defects_inject as inject  # noqa: E402
from defects_fill import clean_ohlcv_dataframe  # noqa: E402
from defects_series import Series, recorded, series  # noqa: E402

from core.candles import audit  # noqa: E402
from core.market import INTERVALS  # noqa: E402

STRUCTURAL = ("missing", "duplicate", "conflicting_duplicate", "unsorted", "off_grid", "time_unit", "incomplete",
              "truncated")  # fmt: skip
VALUES = ("non_finite", "non_positive", "ohlc_violation", "unit_error", "spike", "wick", "stale_run")


def flagged(found: pd.DataFrame, clean: pd.DataFrame, interval: str) -> dict[str, set[int]]:
    """Kind → rows of the complete series that the audit flags."""
    step = INTERVALS[interval] * 10**9
    first = int(clean.index.as_unit("ns").asi8[0])
    out: dict[str, set[int]] = defaultdict(set)
    for line in found.itertuples():
        start, end = (int(pd.Timestamp(at).as_unit("ns").value) for at in (line.start, line.end))
        # an off-grid row is flagged from its own time to the slot that it belongs to
        single = line.kind == "off_grid" and line.count == 1
        begin = -((first - start) // step) if single else (start - first) // step
        out[str(line.kind)].update(range(begin, (end - first) // step + 1))
    return out


class Count:
    """Hits, misses and false flags of one kind, by run."""

    def __init__(self) -> None:
        self.runs: list[tuple[int, int, int, int]] = []

    def add(self, found: int, events: int, right: int, flags: int) -> None:
        self.runs.append((found, events, right, flags))

    def rates(self) -> tuple[float, float, tuple[float, float], tuple[float, float]]:
        """Precision and recall with their intervals."""
        table = np.array(self.runs, dtype=float).reshape(-1, 4)
        draws = np.random.default_rng(1).integers(0, len(table), (1000, len(table)))
        sums = table[draws].sum(axis=1)
        with np.errstate(all="ignore"):
            recalls, precisions = sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 3]
            total = table.sum(axis=0)
            recall, precision = total[0] / total[1], total[2] / total[3]
        return precision, recall, _middle(precisions), _middle(recalls)


def _middle(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    return tuple(np.quantile(values, (0.025, 0.975))) if len(values) else (np.nan, np.nan)  # type: ignore[return-value]


class Tally:
    """Everything counted over all runs."""

    def __init__(self) -> None:
        self.kinds: dict[str, Count] = defaultdict(Count)
        self.what: dict[str, list[bool]] = defaultdict(list)
        self.controls: dict[str, list[bool]] = defaultdict(list)
        self.untouched = [0, 0]
        self.strays: list[tuple[str, str, str]] = []

    def case(self, case: inject.Case, noise: Mapping[str, set[int]]) -> None:
        """Audit one case. ``noise``: what the audit says of the same series before anything was injected."""
        clean, interval = case.clean.frame, case.clean.interval
        found = flagged(audit(case.raw, interval, now=case.now).defects, clean, interval)
        spoilt = {row for event in (*case.events, *case.controls) for row in event.rows}
        for kind in {*found, *(event.kind for event in case.events)}:
            events = [event for event in case.events if event.kind == kind]
            rows = {row for event in events for row in event.rows}
            mine = found.get(kind, set()) - noise.get(kind, set())
            hits = [self._hit(event, mine) for event in events]
            for event, hit in zip(events, hits, strict=True):
                self.what[f"{kind}: {event.what}"].append(hit)
                if not hit:
                    self.strays.append(
                        (case.clean.name, "missed " + kind, f"{event.what} {clean.index[event.rows.start]}")
                    )
            control = {row for event in case.controls for row in event.rows}
            for row in sorted(mine - rows - control):
                at = clean.index[row] if 0 <= row < len(clean) else row
                self.strays.append((case.clean.name, "false " + kind, str(at)))
            self.kinds[kind].add(sum(hits), len(events), len(mine & rows), len(mine - control))
        everything = set().union(*found.values()) if found else set()
        for event in case.controls:
            hit = bool(everything & set(event.rows))
            self.controls[event.kind].append(hit)
            if hit:
                kinds = [kind for kind, rows in found.items() if rows & set(event.rows)]
                self.strays.append(
                    (case.clean.name, f"control {event.kind}", f"{kinds} {clean.index[event.rows.start]}")
                )
        self.untouched[0] += sum(
            len(found.get(kind, set()) - noise.get(kind, set()) - spoilt) for kind in VALUES
        )
        self.untouched[1] += len(clean) - len(spoilt)

    @staticmethod
    def _hit(event: inject.Event, rows: set[int]) -> bool:
        """Structural events must be found row for row, values by their row, runs nearly whole."""
        wanted = set(event.rows)
        if event.kind == "unsorted":
            return bool(wanted & rows)
        if event.kind == "stale_run":
            return len(wanted & rows) >= len(wanted) - 1
        return wanted <= rows


def noise_of(part: Series) -> dict[str, set[int]]:
    return flagged(audit(part.frame, part.interval).defects, part.frame, part.interval)


def run(parts: Iterable[Series], seeds: int, rows: int) -> tuple[Tally, dict[str, list[int]]]:
    tally, own = Tally(), defaultdict(lambda: [0, 0])
    for number, whole in enumerate(parts):
        for seed in range(seeds):
            rng = np.random.default_rng([seed, number])
            part = whole.cut(rng, rows)
            noise = noise_of(part)
            said = sum(len(found) for kind, found in noise.items() if kind in VALUES)
            own[whole.name][0] += said
            own[whole.name][1] += len(part.frame)
            for make in (inject.structural, inject.values, inject.controls):
                tally.case(make(part, rng), noise)
            for case in inject.whole(part, rng):
                tally.case(case, noise)
    return tally, own


def others(parts: Iterable[Series], seeds: int, rows: int) -> dict[str, list[float]]:
    """Precision and recall on injected values, and flags per 10,000 untouched rows, of the usual filters and ours."""
    filters: dict[str, Callable[[inject.Case], set[int]]] = {
        "Hampel 21/6": hampel, "z-score 3": zscore, "freqtrade": freqtrade, "ours": ours,
    }  # fmt: skip
    sums = {name: np.zeros(5) for name in filters}
    for number, whole in enumerate(parts):
        for seed in range(seeds):
            rng = np.random.default_rng([seed, number])
            case = inject.values(whole.cut(rng, rows), rng)
            spoilt = {row for event in case.events for row in event.rows}
            for name, find in filters.items():
                hits = find(case)
                got = sum(bool(hits & set(event.rows)) for event in case.events)
                sums[name] += (
                    got,
                    len(case.events),
                    len(hits & spoilt),
                    len(hits),
                    len(case.raw) - len(spoilt),
                )
    return {name: [s[2] / max(1, s[3]), s[0] / s[1], (s[3] - s[2]) / s[4] * 1e4] for name, s in sums.items()}


def ours(case: inject.Case) -> set[int]:
    found = flagged(audit(case.raw, case.clean.interval).defects, case.clean.frame, case.clean.interval)
    return set().union(*(found.get(kind, set()) for kind in VALUES))


def freqtrade(case: inject.Case) -> set[int]:
    """It looks at no values: the rows that its cleaning changes or drops."""
    if clean_ohlcv_dataframe is None:
        return set()
    named = case.raw.rename_axis("date").reset_index()
    clean = clean_ohlcv_dataframe(named, case.clean.interval, "A/B", fill_missing=True, drop_incomplete=False)
    same = (
        clean.set_index("date")[list(case.raw)].to_numpy() == case.raw.to_numpy()
    ) | case.raw.isna().to_numpy()
    return set(np.flatnonzero(~same.all(axis=1)).tolist())


def hampel(case: inject.Case) -> set[int]:
    frame = case.raw
    x = np.log(frame["close"].where(frame["close"] > 0))
    middle = x.rolling(21, center=True, min_periods=5).median()
    away = (x - middle).abs()
    scale = 1.4826 * away.rolling(21, center=True, min_periods=5).median()
    return set(np.flatnonzero(((away > 6 * scale) & (away > 0)) | x.isna()).tolist())


def zscore(case: inject.Case) -> set[int]:
    frame = case.raw
    returns = np.log(frame["close"].where(frame["close"] > 0)).replace([np.inf, -np.inf], np.nan).diff()
    return set(
        np.flatnonzero(((returns - returns.mean()).abs() > 3 * returns.std()) | returns.isna()).tolist()
    )


def show(tally: Tally, own: Mapping[str, list[int]], verbose: bool) -> None:
    print(f"\n{'kind':<24}{'precision':>10}{'':>14}{'recall':>9}{'':>14}{'events':>8}")
    for kind in (*STRUCTURAL, *VALUES):
        if kind in tally.kinds:
            precision, recall, low, high = tally.kinds[kind].rates()
            events = sum(run[1] for run in tally.kinds[kind].runs)
            bounds = [f"{first:.3f}–{last:.3f}" for first, last in (low, high)]
            print(f"{kind:<24}{precision:>10.4f}  {bounds[0]}{recall:>9.4f}  {bounds[1]}{events:>8}")
    print("\nrecall by what was done")
    for what, hits in sorted(tally.what.items()):
        print(f"  {what:<52}{np.mean(hits):>8.4f}{len(hits):>7}")
    print("\nnegative controls flagged")
    for kind, hits in sorted(tally.controls.items()):
        print(f"  {kind:<52}{np.mean(hits):>8.4f}{len(hits):>7}")
    flags, rows = tally.untouched
    print(
        f"\nvalue flags on untouched rows beside injections: {flags} of {rows}, {flags / rows * 1e4:.2f} per 10,000"
    )
    flags, rows = (sum(pair[at] for pair in own.values()) for at in (0, 1))
    print(f"value flags on the series as they are: {flags} of {rows}, {flags / rows * 1e4:.2f} per 10,000")
    for name, (flags, rows) in own.items():
        print(f"  {name:<40}{flags / rows * 1e4:>8.2f} per 10,000 of {rows}")
    if verbose:
        for stray in tally.strays:
            print(*stray, sep="  ")


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--seeds", type=int, default=20)
    given.add_argument("--rows", type=int, default=3000)
    given.add_argument("--on", choices=("test", "tune"), default="test")
    given.add_argument("--quick", action="store_true", help="3 seeds of 1500 rows")
    given.add_argument("--verbose", action="store_true", help="every miss and false flag")
    given.add_argument("--only", default="", help="detect, cause or mend")
    asked = given.parse_args()
    seeds, rows = (3, 1500) if asked.quick else (asked.seeds, asked.rows)
    parts = series(asked.on)
    where = "recorded series" if recorded() else "series of the embedded market (no recorded ones found)"
    print(f"{len(parts)} {asked.on} {where}, {seeds} seeds, at most {rows} rows each")
    if asked.only in {"", "detect"}:
        show(*run(parts, seeds, rows), asked.verbose)
        print(
            f"\n{'injected values, all kinds':<30}{'precision':>10}{'recall':>9}{'per 10,000 untouched':>22}"
        )
        for name, (precision, recall, false) in others(parts, max(1, seeds // 4), rows).items():
            print(f"{name:<30}{precision:>10.3f}{recall:>9.3f}{false:>22.1f}")
    if asked.only in {"", "cause"}:
        defects_cause.show(parts, seeds, rows)
    if asked.only in {"", "mend"}:
        defects_fill.show(parts, seeds, rows)


if __name__ == "__main__":
    main()
