"""Defects put into complete series, each with a record of which rows it spoilt.

Rows are numbered as in the complete series; ``spoilt`` says of every row which kind the audit should find there.
Injections keep their distance from each other, so that one does not hide the next.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from defects_series import Series

from core.market import INTERVALS

PRICES = ["open", "high", "low", "close"]
LENGTHS = (1, 2, 3, 6, 12, 48, 288)
APART = 16
"""Rows between two injections."""


@dataclass(frozen=True)
class Event:
    """One injected defect: the kind that should be found, the rows, and what exactly was done."""

    kind: str
    rows: range
    what: str


@dataclass
class Case:
    """A spoilt series and everything that is known about it."""

    clean: Series
    raw: pd.DataFrame
    events: list[Event]
    now: pd.Timestamp | None = None
    controls: list[Event] = field(default_factory=list)
    """Things that look like defects and are none."""


class Places:
    """Free stretches of rows, handed out at random and apart from each other."""

    def __init__(self, rng: np.random.Generator, rows: int) -> None:
        self.rng, self.rows = rng, rows
        self.taken = np.zeros(rows, bool)
        self.taken[:12] = self.taken[-12:] = True

    def take(self, length: int = 1) -> int | None:
        """First row of a free stretch of this length, or None when there is no room."""
        for _ in range(200):
            first = int(self.rng.integers(12, max(13, self.rows - 12 - length)))
            if first + length < self.rows - 12 and not self.taken[first : first + length].any():
                self.taken[max(0, first - APART) : first + length + APART] = True
                return first
        return None


def stamps(series: Series) -> pd.Timedelta:
    return pd.Timedelta(seconds=INTERVALS[series.interval])


def structural(series: Series, rng: np.random.Generator) -> Case:
    """Gaps, duplicates, disorder, times off the grid or in another unit, an open candle at the end."""
    frame, step = series.frame, stamps(series)
    places, events = Places(rng, len(frame)), []
    times = frame.index.as_unit("ns").asi8.copy()
    extra: list[pd.DataFrame] = []
    drop = np.zeros(len(frame), bool)

    def some(kind: str, what: str, length: int = 1) -> int | None:
        if length > len(frame) // 8 or (first := places.take(length)) is None:
            return None
        events.append(Event(kind, range(first, first + length), what))
        return first

    for length in LENGTHS:
        if (first := some("missing", f"gap of {length}", length)) is not None:
            drop[first : first + length] = True
    for _ in range(max(3, len(frame) // 400)):
        if (row := some("duplicate", "the same row again")) is not None:
            extra.append(frame.iloc[[row]])
        if (row := some("conflicting_duplicate", "another close")) is not None:
            other = frame.iloc[[row]].copy()
            off = np.exp(series.sigma * rng.uniform(0.5, 4) * rng.choice([-1, 1]))
            other["close"] *= off
            other["high"] = other[["high", "close"]].max(axis=1)
            other["low"] = other[["low", "close"]].min(axis=1)
            extra.append(other)
        if (row := some("off_grid", "off the grid")) is not None:
            seconds = INTERVALS[series.interval]
            slip = rng.choice([1, 7, -1, -7, seconds / 4, 0.47 * seconds, 28.25 * seconds / 60])
            times[row] += int(slip * 1e9)
        if (row := some("time_unit", "seconds for milliseconds")) is not None:
            times[row] //= 1000
    moved = some("unsorted", "a block that comes later", int(rng.integers(2, 9)))
    raw = frame.set_axis(pd.DatetimeIndex(times, name="time").tz_localize("UTC"))
    order = np.arange(len(frame))
    if moved is not None:
        block = np.arange(events[-1].rows.start, events[-1].rows.stop)
        rest = np.setdiff1d(order, block)
        at = int(np.searchsorted(rest, block[-1])) + 6
        order = np.insert(rest, at, block)
        events[-1] = Event("unsorted", range(int(block[0]), int(block[-1]) + 7), events[-1].what)
    raw = raw.iloc[order[~drop[order]]]
    for twin in extra:
        raw = beside(raw, twin, after=bool(rng.integers(2)))
    last = len(frame) - 1
    events.append(Event("incomplete", range(last, last + 1), "not over yet"))
    return Case(series, raw, events, now=frame.index[-1] + step * float(rng.uniform(0.05, 0.95)))


def beside(raw: pd.DataFrame, twin: pd.DataFrame, *, after: bool) -> pd.DataFrame:
    """With one more row before or after the one of the same time."""
    at = int(np.flatnonzero(raw.index == twin.index[0])[0]) + after
    return pd.concat([raw.iloc[:at], twin, raw.iloc[at:]])


def whole(series: Series, rng: np.random.Generator) -> list[Case]:
    """What concerns a series as a whole: newest first, cut short, another day anchor, a time zone that changes."""
    frame, step = series.frame, stamps(series)
    rows = len(frame)
    cases = [Case(series, frame.iloc[::-1], [Event("unsorted", range(rows), "newest first")])]
    cut = int(rng.integers(5, max(6, rows // 4)))
    cases.append(Case(series, frame.iloc[:-cut], [Event("truncated", range(rows - cut, rows), "a page too few")],
                      now=frame.index[-1] + step * 1.5))  # fmt: skip
    if INTERVALS[series.interval] >= 14_400:
        part = frame.shift(freq=step * float(rng.choice([0.25, 0.5, 0.75])))
        cases.append(Case(series, part, [Event("off_grid", range(rows), "another anchor")]))
    if series.interval == "1h":  # local times: an hour is missing in spring, twice in autumn
        spring, autumn = sorted(rng.choice(np.arange(20, rows - 20), 2, replace=False).tolist())
        times = frame.index.as_unit("ns").asi8.copy()
        times[spring:autumn] += 3_600_000_000_000
        local = frame.set_axis(pd.DatetimeIndex(times, name="time").tz_localize("UTC"))
        events = [Event("missing", range(spring, spring + 1), "DST begins"),
                  Event("conflicting_duplicate", range(autumn, autumn + 1), "DST ends")]  # fmt: skip
        cases.append(Case(series, local, events))
    return cases


def values(series: Series, rng: np.random.Generator) -> Case:
    """Numbers that are none or cannot be, wrong units, spikes, wicks, frozen rows."""
    frame = series.frame
    places, events = Places(rng, len(frame)), []
    data = {name: frame[name].to_numpy(copy=True) for name in frame}
    sigma = series.sigma
    usual = float(frame["volume"].median())
    for _ in range(max(2, len(frame) // 700)):
        for kind, what in (
            ("non_finite", "NaN or Inf"), ("non_positive", "zero"), ("ohlc_violation", "high and low swapped"),
            ("unit_error", "x10"), ("unit_error", "x100"), ("unit_error", "x1000"), ("unit_error", "quote volume"),
            ("spike", "close"), ("spike", "close"), ("spike", "whole candle"), ("wick", "high"), ("wick", "low"),
            ("stale_run", "stale"),
        ):  # fmt: skip
            length = int(rng.integers(5, 25)) if kind == "stale_run" else 1
            if (row := places.take(length)) is None:
                continue
            bars = Row(data, row)
            if what == "high and low swapped" and bars["high"] == bars["low"]:
                continue
            if what == "quote volume" and (
                usual <= 0 or bars["volume"] < usual / 3 or frame["close"].median() < 90
            ):
                continue
            _spoil(bars, what, sigma, rng)
            if kind == "stale_run":
                for column in data.values():
                    column[row : row + length] = column[row]
            events.append(Event(kind, range(row, row + length), what))
    return Case(series, pd.DataFrame(data, index=frame.index), events)


class Row:
    """One row of the columns."""

    def __init__(self, data: dict[str, Any], at: int) -> None:
        self.data, self.at = data, at

    def __getitem__(self, name: str) -> float:
        return float(self.data[name][self.at])

    def __setitem__(self, name: str, value: float) -> None:
        self.data[name][self.at] = value


def _spoil(row: Row, what: str, sigma: float, rng: np.random.Generator) -> None:
    size = float(np.exp(sigma * rng.uniform(8, 40) * rng.choice([-1, 1])))
    up = float(np.exp(sigma * rng.uniform(8, 40)))
    if what == "NaN or Inf":
        row[str(rng.choice([*PRICES, "volume"]))] = float(rng.choice([np.nan, np.inf, -np.inf]))
    elif what == "zero":
        row[str(rng.choice(PRICES))] = float(rng.choice([0.0, -1.0]))
    elif what == "high and low swapped":
        row["high"], row["low"] = row["low"], row["high"]
    elif what in {"x10", "x100", "x1000"}:
        for name in PRICES:
            row[name] *= float(what[1:])
    elif what == "quote volume":
        row["volume"] *= row["close"]
    elif what == "close":
        row["close"] *= size
        row["high"], row["low"] = max(row["high"], row["close"]), min(row["low"], row["close"])
    elif what == "whole candle":
        for name in PRICES:
            row[name] *= size
    elif what == "high":
        row["high"] = max(row["open"], row["close"]) * up
    elif what == "low":
        row["low"] = min(row["open"], row["close"]) / up


def controls(series: Series, rng: np.random.Generator) -> Case:
    """What looks like a defect and is none: jumps that stay, crashes that traded, minutes without trades."""
    frame = series.frame
    places, found = Places(rng, len(frame)), []
    data = {name: frame[name].to_numpy(copy=True) for name in frame}
    sigma = series.sigma
    for _ in range(max(2, len(frame) // 500)):
        if (row := places.take()) is not None:  # within the candle, or between two
            size = float(np.exp(sigma * rng.uniform(8, 40) * rng.choice([-1, 1])))
            for name in PRICES:
                data[name][row + 1 :] *= size
            bars = Row(data, row)
            if rng.random() < 0.5:
                bars["close"] *= size
                bars["high"], bars["low"] = max(bars["high"], bars["close"]), min(bars["low"], bars["close"])
            found.append(Event("jump", range(row, row + 2), "a jump that stays"))
        if (row := places.take(5)) is not None:
            _crash(data, row + 2, sigma * rng.uniform(8, 25), rng)
            found.append(Event("crash", range(row, row + 5), "a crash and its wick"))
        if (row := places.take(length := int(rng.integers(1, 7)))) is not None:
            for name in PRICES:
                data[name][row : row + length] = data["close"][row - 1]
            data["volume"][row : row + length] = 0.0
            found.append(Event("quiet", range(row, row + length), "no trades"))
    return Case(series, pd.DataFrame(data, index=frame.index), [], controls=found)


def _crash(data: dict[str, Any], row: int, size: float, rng: np.random.Generator) -> None:
    """A long wick on heavy volume, among rows that move and trade more than usual too."""
    sign = float(rng.choice([-1.0, 1.0]))
    for at in range(row - 2, row + 3):
        near = 1 - abs(at - row) / 3
        top, bottom = max(data["open"][at], data["close"][at]), min(data["open"][at], data["close"][at])
        reach = size * near * rng.uniform(0.15, 0.35)
        data["high"][at] = max(data["high"][at], top * np.exp(reach))
        data["low"][at] = min(data["low"][at], bottom * np.exp(-reach))
        data["volume"][at] *= 1 + near * rng.uniform(5, 15)
    bars = Row(data, row)
    if sign < 0:
        bars["low"] = min(bars["open"], bars["close"]) * float(np.exp(-size))
    else:
        bars["high"] = max(bars["open"], bars["close"]) * float(np.exp(size))
