"""Defects that stand next to each other: each is found for itself, and mending one spoils nothing beside it."""

import numpy as np
import pandas as pd
import pytest
from candle_series import COLUMNS, PRICES, kinds, walk

from core.candles import audit, repair, replay

FRAME = walk(600, 11)
AT = FRAME.index


def leap(frame, row, factor, columns=("close",)):
    """A price that leaps away, high and low with it."""
    place = [frame.columns.get_loc(name) for name in columns]
    frame.iloc[row, place] *= factor
    frame.iloc[row, 1] = max(frame.iloc[row, 1], frame.iloc[row, 3])
    frame.iloc[row, 2] = min(frame.iloc[row, 2], frame.iloc[row, 3])


def rows_of(found, kind):
    lines = found.defects[found.defects["kind"] == kind]
    return {at for line in lines.itertuples() for at in AT[(line.start <= AT) & (line.end >= AT)]}


def unharmed(mended, spoilt):
    """Every candle that was whole is still there, to the bit."""
    whole = AT.delete(spoilt)
    pd.testing.assert_frame_equal(mended.frame.loc[whole, COLUMNS], FRAME.loc[whole], check_exact=True)


@pytest.mark.parametrize("volume", [True, False])
@pytest.mark.parametrize("apart", [1, 2, 3])
@pytest.mark.parametrize("factors", [(1.06, 1.06), (1.06, 0.94), (1.12, 1.05)])
def test_two_spikes_close_together(apart, factors, volume):
    raw = FRAME.copy() if volume else FRAME[PRICES].copy()
    rows = [300, 300 + apart]
    for row, factor in zip(rows, factors, strict=True):
        leap(raw, row, factor, PRICES if row == 300 else ("close",))
    assert set(AT[rows]) <= rows_of(audit(raw, "1h"), "spike")
    mended = repair(raw, "1h")
    np.testing.assert_allclose(mended.frame["close"].iloc[rows], FRAME["close"].iloc[rows], rtol=0.015)


def test_a_spike_says_nothing_for_a_wick_beside_it():
    raw = FRAME.copy()
    leap(raw, 300, 1.2)
    raw.iloc[301, 2] *= 0.95
    found = audit(raw, "1h")
    assert rows_of(found, "spike") == {AT[300]}
    assert rows_of(found, "wick") == {AT[301]}


@pytest.mark.parametrize(("slip", "row"), [(-1, 304), (-300, 304), (1, 304), (60, 304), (2, 300), (-2, 301)])
def test_a_row_that_slips_beside_a_gap_takes_the_nearer_seat(slip, row):
    """A second early it belongs to the candle about to come, though the slot that it lies in is free too."""
    times = AT.where(AT[row] != AT, AT[row] + pd.Timedelta(seconds=slip))
    gap = AT[301:304] if row in {300, 304} else AT[298:301]
    raw = FRAME.set_axis(times).drop(gap)
    found = audit(raw, "1h")
    assert rows_of(found, "missing") == set(gap)
    mended = repair(raw, "1h")
    assert mended.frame.index.equals(AT)
    assert (mended.frame.loc[AT[row], COLUMNS] == FRAME.loc[AT[row]]).all() or abs(slip) > 72
    pd.testing.assert_frame_equal(replay(raw, mended.ledger), mended.frame)


def test_rows_in_another_unit_that_slipped_too():
    """First into their unit, then onto the grid: a ledger makes both moves in their order."""
    times = AT.as_unit("us").asi8.copy()
    times[[100, 200, 300]] += 3_000_000
    times[[200, 300, 400]] //= 1000
    raw = FRAME.set_axis(pd.DatetimeIndex(times.view("M8[us]"), name="time").tz_localize("UTC"))
    mended = repair(raw, "1h")
    assert mended.frame.index.equals(AT)
    unharmed(mended, [])
    pd.testing.assert_frame_equal(replay(raw, mended.ledger), mended.frame)
    assert mended.undo().equals(raw)
    retimed = mended.ledger[mended.ledger["method"] == "retimed"]
    assert len(retimed) == 3


@pytest.mark.parametrize("factor", [10.0, 100.0, 1000.0, 0.1, 0.01])
@pytest.mark.parametrize(("first", "length"), [(300, 1), (300, 2), (300, 40), (599, 1), (0, 1)])
def test_a_run_in_another_unit(factor, first, length):
    raw = FRAME.copy()
    rows = np.arange(first, first + length)
    raw.iloc[rows, :4] *= factor
    assert rows_of(audit(raw, "1h"), "unit_error") == set(AT[rows])
    mended = repair(raw, "1h")
    np.testing.assert_allclose(mended.frame[PRICES].iloc[rows], FRAME[PRICES].iloc[rows], rtol=1e-12)
    unharmed(mended, rows)


@pytest.mark.parametrize("rows", [np.arange(30), np.arange(570, 600)])
def test_a_run_in_another_unit_at_an_end_shows_in_what_is_traded(rows):
    raw = FRAME.copy()
    raw.iloc[rows, :4] *= 100.0
    assert rows_of(audit(raw, "1h"), "unit_error") == set(AT[rows])
    raw.iloc[rows, 4] /= 100.0
    assert audit(raw, "1h").defects.empty, "a redenomination: so much more of them is traded for as much"
    assert audit(raw[PRICES], "1h").defects.empty, "without volumes nobody knows"


def test_of_a_row_with_one_price_in_another_unit_the_others_stay():
    """Two rows in a row, of which the second still opens where the market was."""
    raw = FRAME.copy()
    raw.iloc[300, :4] *= 10.0
    raw.iloc[301, [1, 3]] *= 10.0
    mended = repair(raw, "1h")
    np.testing.assert_allclose(
        mended.frame[PRICES].iloc[[300, 301]], FRAME[PRICES].iloc[[300, 301]], rtol=1e-12
    )
    assert mended.frame["open"].iloc[301] == FRAME["open"].iloc[301]


@pytest.mark.parametrize("name", PRICES)
def test_one_price_in_another_unit_where_the_market_moves_far(name):
    weeks = walk(120, 5, start="2020-01-06", freq="7D")
    logs = np.log(weeks[PRICES])
    weeks[PRICES] = np.exp(logs.iloc[0, 0] + (logs - logs.iloc[0, 0]) * 25)  # a tenth a week
    raw = weeks.copy()
    raw.iloc[60, raw.columns.get_loc(name)] *= 100.0
    assert kinds(audit(raw, "1w"))["unit_error"] == 1
    np.testing.assert_allclose(repair(raw, "1w").frame[PRICES], weeks[PRICES], rtol=1e-12)


def test_a_spike_as_large_as_a_power_of_ten_joins_nothing_and_is_a_spike():
    days = walk(200, 6, freq="1D")
    logs = np.log(days[PRICES])
    days[PRICES] = np.exp(logs.iloc[0, 0] + (logs - logs.iloc[0, 0]) * 10)  # a twenty-fifth a day
    raw = days.copy()
    leap(raw, 100, 8.1)
    found = audit(raw, "1d")
    assert kinds(found) == {"spike": 1}
    closes = repair(raw, "1d").frame["close"]
    assert closes.iloc[100] == days["open"].iloc[101]


def test_a_row_in_another_unit_is_still_a_neighbour():
    """A jump that the next row takes back: without that row, in whatever unit, it would look like a spike."""
    raw = FRAME.copy()
    top = raw["close"].iloc[299] * 1.06
    raw.iloc[300, [1, 3]] = top
    raw.iloc[301, [0, 1]] = top
    raw.iloc[301:, :4] *= 1.02  # what follows stays a little higher
    raw.iloc[301, [0, 1]] = top
    assert audit(raw, "1h").defects.empty
    raw.iloc[301, 2] *= 0.01
    assert kinds(audit(raw, "1h")) == {"unit_error": 1}


@pytest.mark.parametrize(("unit", "factor"), [("s", 1000), ("ms", 1_000_000)])
@pytest.mark.parametrize("interval", ["1m", "1h", "1d", "1w"])
def test_a_whole_series_in_a_finer_unit(interval, unit, factor):
    """Milliseconds taken for seconds: the year 50,000, which pandas can hold and print only in part."""
    freq = {"1m": "1min", "1h": "1h", "1d": "1D", "1w": "7D"}[interval]
    frame = walk(120, 2, start="2020-01-06", freq=freq)
    seconds = frame.index.as_unit("s").asi8
    far = pd.DatetimeIndex((seconds * factor).view(f"M8[{unit}]"), name="time").tz_localize("UTC")
    raw = frame.set_axis(far)
    found = audit(raw, interval)
    assert kinds(found) == {"time_unit": 120}
    mended = repair(raw, interval)
    assert list(mended.frame.index.as_unit("s").asi8) == list(seconds)
    np.testing.assert_array_equal(mended.frame[COLUMNS], frame)
    pd.testing.assert_frame_equal(replay(raw, mended.ledger), mended.frame)
    assert mended.undo().equals(raw)


@pytest.mark.parametrize(
    "wrong", [slice(0, 3), slice(597, 600), slice(150, 450), slice(0, 590), slice(10, 600)]
)
def test_rows_in_another_unit_are_brought_to_those_that_can_be(wrong):
    """However many they are: 1970 is no year for candles, so the few others say which unit is meant."""
    times = AT.as_unit("us").asi8.copy()
    times[wrong] //= 1000
    raw = FRAME.set_axis(pd.DatetimeIndex(times.view("M8[us]"), name="time").tz_localize("UTC"))
    assert kinds(audit(raw, "1h"))["time_unit"] == len(times[wrong])
    mended = repair(raw, "1h")
    unharmed(mended, [])
    assert repair(mended.frame, "1h").ledger.empty


def test_rows_of_zeros_are_that_and_do_not_stand_still():
    raw = FRAME.copy()
    raw.iloc[300:310] = 0.0
    assert kinds(audit(raw, "1h")) == {"non_positive": 10}
    unharmed(repair(raw, "1h"), np.arange(300, 310))


def test_the_end_of_a_series_that_stops_too_early_is_filled_by_the_venue_itself():
    raw, again = FRAME.iloc[:580].copy(), FRAME.copy()
    raw.attrs["venue"] = again.attrs["venue"] = "kraken"
    now = AT[-10] + pd.Timedelta("90min")  # the venue has more than should be there
    mended = repair(raw, "1h", sources={"kraken": again}, now=now)
    assert mended.frame.index.equals(AT[:591])
    assert set(mended.frame["method"].iloc[580:]) == {"refetch"}
    pd.testing.assert_frame_equal(replay(raw, mended.ledger), mended.frame)
    assert len(repair(raw, "1h", sources={"kraken": again}).frame) == 580, "nobody says that more is due"
    other = FRAME * 1.0002
    other.attrs["venue"] = "coinbase"
    assert len(repair(raw, "1h", sources={"coinbase": other}, now=now).frame) == 580, "nothing vouches for it"


def test_three_rows_for_one_time_beside_a_gap():
    others = [FRAME.iloc[[300]] * factor for factor in (1.01, 0.985)]
    raw = pd.concat([FRAME.drop(AT[301:303]), *others, FRAME.iloc[[300]]]).sort_index(kind="stable")
    for order in (np.arange(len(raw)), np.random.default_rng(1).permutation(len(raw))):
        given = raw.iloc[order]
        found = audit(given, "1h")
        assert rows_of(found, "conflicting_duplicate") == {AT[300]}
        assert rows_of(found, "missing") == set(AT[301:303])
        mended = repair(given, "1h")
        unharmed(mended, [301, 302])
        assert mended.undo().equals(given)


def test_a_gap_within_frozen_rows():
    raw = FRAME.copy()
    raw.iloc[300:320] = raw.iloc[300].to_numpy()
    raw = raw.drop(AT[309:312])
    found = audit(raw, "1h")
    assert rows_of(found, "stale_run") == {*AT[300:309], *AT[312:320]}
    assert rows_of(found, "missing") == set(AT[309:312])
    unharmed(repair(raw, "1h"), np.arange(301, 320))


def test_far_times_are_found_again_though_seconds_cannot_tell_them():
    """Close times in microseconds, read as milliseconds: in the year 50,000 a number of seconds has no such digits."""
    closes = AT.as_unit("us").asi8 + 3_599_999_999
    far = pd.DatetimeIndex(closes.view("M8[ms]"), name="time").tz_localize("UTC")
    raw = FRAME.set_axis(far)
    mended = repair(raw, "1h")
    assert list(mended.frame.index.as_unit("us").asi8) == list(closes)
    pd.testing.assert_frame_equal(replay(raw, mended.ledger), mended.frame)
    odd = FRAME.iloc[:0].reindex(
        pd.DatetimeIndex(["1970-01-01 00:00:01", "1684-10-19 08:01:12"], tz="UTC", name="time")
    )
    odd.attrs["repaired"] = {"offset": 7}  # a grid seven microseconds beside the usual one
    mended = repair(odd.fillna(0.0), "1h")
    assert mended.frame.empty
    pd.testing.assert_frame_equal(replay(odd.fillna(0.0), mended.ledger), mended.frame)


@pytest.mark.parametrize("row", [1, 2, 597, 598])
@pytest.mark.parametrize("columns", [("close",), PRICES])
def test_a_spike_beside_an_end(row, columns):
    raw = FRAME.copy()
    leap(raw, row, 1.15, columns)
    assert rows_of(audit(raw, "1h"), "spike") == {AT[row]}
    mended = repair(raw, "1h")
    np.testing.assert_allclose(mended.frame["close"].iloc[row], FRAME["close"].iloc[row], rtol=0.015)
    unharmed(mended, [row])


def test_a_jump_beside_an_end_may_be_one_that_stays():
    raw = FRAME.copy()
    raw.iloc[598:, :4] *= 1.15
    raw.iloc[0, :4] *= 0.8
    assert audit(raw, "1h").defects.empty
