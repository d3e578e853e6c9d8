"""Longer candles out of finer ones: as pandas resamples, and only whole ones."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.candles.aggregate import aggregate
from core.market import INTERVALS, candles_frame, floor_time

PAIRS = [(a, b) for a, x in INTERVALS.items() for b, y in INTERVALS.items() if x < y <= 300 * x and not y % x]
EPOCH = 1_780_000_000
MONDAY = pd.Timestamp("1970-01-05", tz="UTC")


def fine(interval, first, rows, seed=0):
    rng = np.random.default_rng(seed)
    low, high = rng.uniform(90, 99, rows), rng.uniform(101, 110, rows)
    data = {"open": rng.uniform(99, 101, rows), "high": high, "low": low, "close": rng.uniform(99, 101, rows)}
    times = first + np.arange(rows) * INTERVALS[interval]
    return candles_frame(times, data | {"volume": rng.uniform(0, 5, rows)})


def resampled(frame, interval):
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    rule = pd.Timedelta(seconds=INTERVALS[interval])
    return frame.resample(rule, closed="left", label="left", origin=MONDAY).agg(how)


@pytest.mark.parametrize(("finer", "interval"), PAIRS, ids=[f"{a}-{b}" for a, b in PAIRS])
def test_whole_candles_are_those_of_pandas(finer, interval):
    first = floor_time(EPOCH, interval)
    frame = fine(finer, first, 3 * INTERVALS[interval] // INTERVALS[finer])
    found = aggregate(frame, finer, interval)
    assert found.attrs == {"left_out": 0}
    assert len(found) == 3
    assert [int(time.timestamp()) for time in found.index] == [
        first + n * INTERVALS[interval] for n in range(3)
    ]
    pd.testing.assert_frame_equal(
        found, resampled(frame, interval), check_freq=False, check_index_type=False, rtol=1e-12
    )


@given(
    st.sampled_from(PAIRS),
    st.integers(0, 400),
    st.integers(0, 10_000),
    st.lists(st.integers(0, 399), max_size=5),
)
def test_a_candle_comes_out_exactly_when_all_its_parts_are_there(pair, rows, shift, holes):
    finer, interval = pair
    step, whole = INTERVALS[finer], INTERVALS[interval]
    frame = fine(finer, floor_time(EPOCH, finer) + shift * step, rows, seed=shift)
    frame = frame.drop(frame.index[sorted({hole for hole in holes if hole < rows})])
    found = aggregate(frame, finer, interval)
    there = {int(time.timestamp()) for time in frame.index}
    opens = {floor_time(time, interval) for time in there}
    full = sorted(at for at in opens if all(at + n * step in there for n in range(whole // step)))
    assert [int(time.timestamp()) for time in found.index] == full
    assert found.attrs["left_out"] == len(opens) - len(full)
    if full:
        expected = resampled(frame, interval).loc[found.index]
        np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-12)


def test_of_the_open_candle_what_is_over_must_be_there():
    first = floor_time(EPOCH, "1h")
    now = first + 3600 + 31 * 60  # half past: two quarters are over, the third is open
    frame = fine("15m", first, 7)
    assert len(aggregate(frame, "15m", "1h")) == 1
    found = aggregate(frame, "15m", "1h", now)
    assert len(found) == 2
    assert found["close"].iloc[-1] == frame["close"].iloc[-1]
    assert len(aggregate(frame.drop(frame.index[5]), "15m", "1h", now)) == 1
    not_traded_yet = aggregate(frame.iloc[:6], "15m", "1h", now)
    assert len(not_traded_yet) == 2


def test_a_row_off_the_grid_spoils_its_candle():
    frame = fine("15m", floor_time(EPOCH, "1h"), 8)
    frame.index = frame.index.where(np.arange(8) != 1, frame.index + pd.Timedelta(seconds=0.5))
    assert len(aggregate(frame, "15m", "1h")) == 1


def test_without_volume_there_is_none_and_nothing_makes_nothing():
    frame = fine("15m", floor_time(EPOCH, "1h"), 8).drop(columns="volume")
    assert list(aggregate(frame, "15m", "1h").columns) == ["open", "high", "low", "close"]
    empty = aggregate(frame.iloc[:0], "15m", "1h")
    assert empty.empty
    assert list(empty.columns) == ["open", "high", "low", "close"]


@pytest.mark.parametrize(("finer", "interval"), [("1h", "1h"), ("2h", "1h"), ("1d", "1h")])
def test_an_interval_that_does_not_divide_is_refused(finer, interval):
    with pytest.raises(ValueError, match="finer="):
        aggregate(fine("1h", EPOCH // 3600 * 3600, 4), finer, interval)
