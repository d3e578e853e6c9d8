"""Whether the cause of a hole is named: outage, no trades, halt, fetch failure.

Each series gets two siblings of the same venue (other stretches of the recorded series put onto its times). Holes
are cut as each cause would leave them: an outage takes the rows of all three, or leaves them flat without volume; a
market without trades lacks rows alone, in thin markets only; a halt leaves flat rows while
the siblings trade; a fetch failure lacks rows that the venue has when it is asked again.
"""

from collections import Counter

import numpy as np
import pandas as pd
from defects_inject import LENGTHS, PRICES, Places
from defects_series import Series

from core.candles import audit

CAUSES = ("outage", "no_trades", "halt", "fetch_failure")


def sibling(other: Series, part: Series, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of another series at this one's times, at a price of its own."""
    rows = len(part.frame)
    first = int(rng.integers(0, max(1, len(other.frame) - rows + 1)))
    frame = other.frame.iloc[np.arange(first, first + rows) % len(other.frame)].copy()
    frame.index = part.frame.index
    return frame


def still(frame: pd.DataFrame, first: int, length: int) -> None:
    """Make rows flat, without volume."""
    close = frame["close"].iloc[first - 1]
    for name in PRICES:
        frame.iloc[first : first + length, frame.columns.get_loc(name)] = close
    frame.iloc[first : first + length, frame.columns.get_loc("volume")] = 0.0


def holes(
    part: Series, family: list[pd.DataFrame], rng: np.random.Generator
) -> tuple[list[pd.DataFrame], pd.DataFrame, list[tuple[str, pd.Timestamp, pd.Timestamp]]]:
    """Cut holes: the series and its siblings as they are then, what the venue has when asked again, and the truth."""
    count = len(part.frame)
    places, truth = Places(rng, count), []
    lack = [np.zeros(count, bool) for _ in family]
    gone = np.zeros(count, bool)
    for length in LENGTHS:
        for cause in CAUSES:
            if length > count // 16 or (cause == "no_trades" and (not part.thin or length > 6)):
                continue
            if cause == "halt" and length < 3:
                continue
            first = places.take(length)
            if first is None:
                continue
            hole = slice(first, first + length)
            if cause == "outage":
                flat = length >= 3 and rng.random() < 0.5
                for frame, mask in zip(family, lack, strict=True):
                    mask[hole] = not flat
                    if flat:
                        still(frame, first, length)
                gone[hole] = not flat
            elif cause == "halt":
                still(family[0], first, length)
            else:
                lack[0][hole] = True
                gone[hole] = cause == "no_trades"
            truth.append((cause, part.frame.index[first], part.frame.index[first + length - 1]))
    again = family[0][~gone]
    return [frame[~mask] for frame, mask in zip(family, lack, strict=True)], again, truth


def run(parts: list[Series], others: list[Series], seeds: int, rows: int) -> Counter[tuple[str, str]]:
    """(true cause, named cause) → how often."""
    table: Counter[tuple[str, str]] = Counter()
    for number, whole in enumerate(parts):
        for seed in range(seeds):
            rng = np.random.default_rng([seed, number, 5])
            part = whole.cut(rng, rows)
            chosen = [others[at] for at in rng.choice(len(others), 2, replace=False)]
            family = [part.frame.copy(), *(sibling(one, part, rng) for one in chosen)]
            frames, again, truth = holes(part, family, rng)
            again.attrs["venue"] = frames[0].attrs["venue"] = "here"
            found = audit(
                frames[0], part.interval, siblings={"A": frames[1], "B": frames[2]}, reference=again
            ).defects
            found = found[found["kind"].isin(["missing", "stale_run"])]
            for true, start, end in truth:
                hit = found[(found["start"] <= end) & (found["end"] >= start)]
                table[true, str(hit["cause"].iloc[0]) if len(hit) else "not flagged"] += 1
    return table


def show(parts: list[Series], seeds: int, rows: int) -> float:
    """Print the table of causes; returns macro-F1."""
    table = run(parts, parts, seeds, rows)
    named = (*CAUSES, "unknown", "not flagged")
    print(f"\n{'cause: true / named':<20}" + "".join(f"{name:>15}" for name in named) + f"{'F1':>8}")
    marks = []
    for true in CAUSES:
        right = table[true, true]
        wrong = sum(table[other, true] for other in CAUSES if other != true)
        lost = sum(table[true, name] for name in named if name != true)
        mark = 2 * right / max(1, 2 * right + wrong + lost)
        marks += [mark] if right + lost else []
        print(f"{true:<20}" + "".join(f"{table[true, name]:>15}" for name in named) + f"{mark:>8.3f}")
    print(f"macro-F1 {np.mean(marks):.3f}")
    return float(np.mean(marks))
