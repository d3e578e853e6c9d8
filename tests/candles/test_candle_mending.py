"""What a repair does by policy: gaps by length and view, sources fitted or refused, a person's own rule, the ledger."""

import json

import numpy as np
import pandas as pd
import pytest
from candle_series import COLUMNS, PRICES, walk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.candles import (
    NotCandles,
    RepairPolicy,
    audit,
    normalise,
    plan,
    read_ledger,
    repair,
    replay,
    write_ledger,
)
from core.indicators import compute

FRAME = walk(600, 3)
AT = FRAME.index


def method(mended, times):
    return set(mended.frame.loc[times, "method"].astype(str))


def test_a_single_missing_candle_closes_where_the_next_one_opens():
    mended = repair(FRAME.drop(AT[200]), "1h")
    row = mended.frame.loc[AT[200]]
    assert (row["open"], row["close"]) == (FRAME["close"].iloc[199], FRAME["open"].iloc[201])
    assert (row["method"], row["volume"]) == ("line", 0.0)


@pytest.mark.parametrize(("length", "filled"), [(1, True), (3, True), (12, True), (24, True), (25, False)])
def test_gaps_up_to_a_day_are_drawn_longer_ones_stay_open(length, filled):
    hole = AT[200 : 200 + length]
    mended = repair(FRAME.drop(hole), "1h")
    assert hole.isin(mended.frame.index).all() == filled
    if filled:
        assert method(mended, hole) == {"line"}
        np.testing.assert_allclose(mended.frame.loc[hole, "close"].iloc[-1], FRAME["open"].iloc[200 + length])
    else:
        (line,) = mended.left_open.itertuples()
        assert (line.start, line.end, line.count) == (hole[0], hole[-1], length)
        assert "longer than 24" in line.reason


def test_as_known_carries_forward_a_little_and_no_further():
    policy = RepairPolicy(view="as_known")
    short = repair(FRAME.drop(AT[200:203]), "1h", policy=policy)
    assert method(short, AT[200:203]) == {"forward"}
    assert (short.frame.loc[AT[200:203], PRICES] == FRAME["close"].iloc[199]).all(axis=None)
    long = repair(FRAME.drop(AT[200:204]), "1h", policy=policy)
    assert len(long.left_open) == 1
    both = repair(FRAME.drop(AT[200:203]), "1h")
    pd.testing.assert_frame_equal(both.as_known, short.frame)


def test_of_conflicting_rows_the_one_that_fits_its_neighbours_is_kept():
    other = FRAME.iloc[[200]] * 1.03
    for raw in (pd.concat([FRAME, other]), pd.concat([other, FRAME])):
        mended = repair(raw, "1h")
        assert mended.frame.loc[AT[200], "close"] == FRAME["close"].iloc[200]
        assert set(mended.ledger["method"]) == {"merge", "sort"} or set(mended.ledger["method"]) == {"merge"}


def test_of_conflicting_rows_the_one_that_another_venue_has_is_kept():
    true = FRAME.copy()
    true.iloc[200, 3] *= 1.02  # the close leaves the next open, and it is right
    true.iloc[200, 1] = max(true.iloc[200, 1], true.iloc[200, 3])
    raw = pd.concat([true, FRAME.iloc[[200]]]).sort_index(kind="stable")
    elsewhere = true * 1.0004
    elsewhere.attrs["venue"] = "coinbase"
    assert repair(raw, "1h").frame.loc[AT[200], "close"] == FRAME["close"].iloc[200]
    mended = repair(raw, "1h", sources={"coinbase": elsewhere}, policy=RepairPolicy(mend_values=False))
    assert mended.frame.loc[AT[200], "close"] == true["close"].iloc[200]


def test_rows_that_slip_off_the_grid_are_moved_and_strangers_set_aside():
    times = AT.where(AT[200] != AT, AT[200] + pd.Timedelta("9s"))
    mended = repair(FRAME.set_axis(times), "1h")
    assert mended.frame.index.equals(AT)
    assert set(mended.ledger["method"]) == {"snap"}
    stranger = FRAME.iloc[[200]].set_axis(AT[[200]] + pd.Timedelta("20min")) * 1.1
    mended = repair(pd.concat([FRAME, stranger]).sort_index(), "1h")
    assert mended.frame.index.equals(AT)
    assert set(mended.ledger["method"]) == {"dropped"}


def test_a_row_that_is_set_aside_is_not_mended_into_being_again():
    stamps = AT[[10, 11]] - pd.Timedelta("1s")
    broken_rows = pd.DataFrame(0.0, columns=PRICES, index=stamps).assign(open=[100.0, 0.0])
    raw = pd.concat([FRAME[PRICES].iloc[:10], broken_rows, FRAME[PRICES].iloc[12:]])
    first = repair(raw, "1h", policy=RepairPolicy(snap=False))
    assert not stamps.isin(first.frame.index).any()
    assert len(repair(first.frame, "1h").ledger) == 0


def test_the_open_candle_is_set_aside_unless_it_is_wanted():
    now = AT[-1] + pd.Timedelta("20min")
    assert len(repair(FRAME, "1h", now=now).frame) == 599
    assert len(repair(FRAME, "1h", now=now, policy=RepairPolicy(drop_unclosed=False)).frame) == 600


def test_a_price_in_another_unit_is_divided_back():
    raw = FRAME.copy()
    raw.iloc[200, :4] *= 100
    mended = repair(raw, "1h")
    np.testing.assert_allclose(mended.frame.loc[AT[200], PRICES].astype(float), FRAME.loc[AT[200], PRICES])
    assert method(mended, AT[[200]]) == {"rescaled"}
    assert set(mended.ledger["reason"]) == {"open, high, low, close 100 times too large"}
    raw.iloc[300, :4] /= 1000
    raw.iloc[300, 4] *= 1000
    said = repair(raw, "1h").ledger.query("time == @AT[300]")["reason"]
    assert set(said) == {"open, high, low, close 1000 times too small; volume 1000 times too large"}


def test_a_spike_is_replaced_between_its_neighbours():
    raw = FRAME.copy()
    raw.iloc[200, 3] *= 1.3
    raw.iloc[200, 1] = raw.iloc[200, 3]
    mended = repair(raw, "1h")
    assert mended.frame.loc[AT[200], "close"] == FRAME["open"].iloc[201]
    pd.testing.assert_frame_equal(mended.frame.drop(AT[200])[COLUMNS], FRAME.drop(AT[200]), check_exact=True)


def test_a_spike_that_the_next_open_takes_over_is_mended_on_both_sides():
    raw = FRAME.copy()
    stray = raw["close"].iloc[200] * 1.3
    raw.iloc[200, 1:4:2] = stray
    raw.iloc[201, :2] = stray
    found = audit(raw, "1h").defects
    assert list(zip(found["kind"], found["start"], found["end"], strict=True)) == [
        ("spike", AT[200], AT[201])
    ]
    mended = repair(raw, "1h")
    assert mended.frame.loc[AT[200:202], PRICES].max(axis=None) < FRAME["high"].iloc[195:206].max() * 1.01
    rest = FRAME.index.drop(AT[200:202])
    pd.testing.assert_frame_equal(mended.frame.loc[rest, COLUMNS], FRAME.loc[rest], check_exact=True)


# sources


def test_the_same_venue_gives_its_rows_back_as_they_are():
    hole = AT[200:300]
    mended = repair(FRAME.drop(hole), "1h", sources={"kraken": FRAME.copy()})
    pd.testing.assert_frame_equal(mended.frame[COLUMNS], FRAME, check_exact=True)
    assert method(mended, hole) == {"refetch"}
    assert set(mended.ledger["source"]) == {"kraken"}
    assert mended.after.score > mended.before.score, "new observations are judged anew"


def test_finer_candles_are_summed_up():
    minutes = walk(60 * 200, 7, freq="1min")
    rule = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    hours = minutes.resample("1h").agg(rule)
    hole = hours.index[100:150]
    mended = repair(hours.drop(hole), "1h", sources={"binance": minutes})
    assert method(mended, hole) == {"finer"}
    np.testing.assert_allclose(mended.frame[COLUMNS], hours)


def elsewhere(basis=1.002, noise=0.0002, **attrs):
    rng = np.random.default_rng(5)
    other = FRAME.copy()
    other[PRICES] *= basis * np.exp(rng.normal(0, noise, (len(FRAME), 1)))
    other["volume"] *= 3
    other.attrs |= {"venue": "coinbase", **attrs}
    return other


def test_another_venue_is_fitted_to_ours():
    hole = AT[200:260]
    raw = FRAME.drop(hole)
    mended = repair(raw, "1h", sources={"coinbase": elsewhere()})
    assert method(mended, hole) == {"venue"}
    error = np.log(mended.frame.loc[hole, "close"] / FRAME.loc[hole, "close"]).abs().mean()
    line = repair(raw, "1h", policy=RepairPolicy(medium_hours=1e4, medium=1000)).frame
    assert error < 0.25 * np.log(line.loc[hole, "close"] / FRAME.loc[hole, "close"]).abs().mean()
    assert (mended.frame.loc[hole, "volume"] == 0).all(), "volume is not borrowed in silence"
    assert mended.ledger["reason"].str.contains("volume unknown").all()


def test_volume_is_borrowed_when_asked_for_and_marked():
    hole = AT[200:260]
    mended = repair(FRAME.drop(hole), "1h", RepairPolicy(borrow_volume=True), {"coinbase": elsewhere()})
    np.testing.assert_allclose(mended.frame.loc[hole, "volume"], FRAME.loc[hole, "volume"])
    assert mended.ledger["reason"].str.contains("volume borrowed").all()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (elsewhere(noise=0.02), "does not agree"),
        (elsewhere(quote="USDT"), "USDT"),
        (elsewhere().iloc[:220], "lacks"),
    ],
)
def test_a_venue_that_does_not_fit_is_refused_with_the_reason(other, why):
    raw = FRAME.drop(AT[200:260])
    raw.attrs["quote"] = "USD"
    if "quote" not in other.attrs:
        other = other.copy()
        other.attrs["quote"] = "USD"
    mended = repair(raw, "1h", sources={"coinbase": other})
    (line,) = mended.left_open.itertuples()
    assert why in line.reason
    assert line.count == 60


def test_plan_asks_whom_it_makes_sense_to_ask():
    raw = FRAME.drop([*AT[100:103], *AT[300:310]])
    wants = plan(audit(raw, "1h"))
    assert [(want.start, want.end, want.count) for want in wants] == [
        (AT[100], AT[103], 3), (AT[300], AT[310], 10)]  # fmt: skip
    assert wants[0].who == ("same", "finer", "venue")
    assert wants[0].finer == "15m"
    siblings = {"ETH/USD": walk(600, 8).drop(AT[300:310])}
    outage = plan(audit(raw, "1h", siblings=siblings))[1]
    assert outage.who == ("venue",)
    assert plan(audit(FRAME, "1h")) == ()
    assert plan(audit(raw, "1h"), RepairPolicy(auto_repair_enabled=False), automatic=True) == ()
    recent = plan(audit(FRAME.drop([AT[100], AT[590]]), "1h"), automatic=True)
    assert [want.start for want in recent] == [AT[590]]
    assert plan(audit(FRAME.drop(AT[590]), "1h"), automatic=True, attempts={AT[590]: 3}) == ()
    broken = FRAME.copy()
    broken.iloc[::10, 1] = -1.0
    (all_anew,) = plan(audit(broken, "1h"))
    assert (all_anew.start, all_anew.end) == (AT[0], AT[-1] + pd.Timedelta("1h"))


# a person's own rule


class LastPrice:
    """The example of the docs."""

    name = "last_price"
    reason = "house rule: repeat the last close"
    uses_future = False

    def fill(self, hole):
        close = hole.before["close"].iloc[-1]
        return pd.DataFrame(
            {"open": close, "high": close, "low": close, "close": close, "volume": 0.0}, index=hole.times
        )


def test_a_rule_of_one_s_own_is_asked_first():
    seen = []

    class Watching(LastPrice):
        def fill(self, hole):
            seen.append(hole)
            return super().fill(hole)

    hole = AT[200:300]
    mended = repair(FRAME.drop(hole), "1h", policy=RepairPolicy(rules=(Watching(),)))
    assert method(mended, hole) == {"last_price"}
    assert (mended.frame.loc[hole, "close"] == FRAME["close"].iloc[199]).all()
    assert set(mended.ledger["reason"]) == {LastPrice.reason}
    assert (len(seen[0].times), len(seen[0].before), len(seen[0].after)) == (100, 100, 100)
    assert mended.after.score <= mended.before.score
    pd.testing.assert_frame_equal(mended.undo(), FRAME.drop(hole))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"high": 1.0}, "cannot be"),
        ({"close": np.nan}, "cannot be"),
        ({"shift": True}, "on other times"),
        ({"columns": True}, "no candles"),
    ],
)
def test_what_a_rule_gives_is_checked_like_anything_from_outside(change, why):
    class Wrong(LastPrice):
        def fill(self, hole):
            made = super().fill(hole)
            if "shift" in change:
                return made.set_axis(made.index + pd.Timedelta("1min"))
            return pd.DataFrame({"a": [1]}) if "columns" in change else made.assign(**change)

    mended = repair(FRAME.drop(AT[200:300]), "1h", policy=RepairPolicy(rules=(Wrong(),)))
    (line,) = mended.left_open.itertuples()
    assert why in line.reason


def test_a_rule_that_looks_ahead_is_not_asked_in_as_known():
    class Ahead(LastPrice):
        uses_future = True

    mended = repair(FRAME.drop(AT[200:300]), "1h", policy=RepairPolicy(view="as_known", rules=(Ahead(),)))
    assert len(mended.left_open) == 1


@pytest.mark.parametrize("field", ["short", "medium", "corruption_threshold", "neighbours", "max_residual"])
def test_a_policy_out_of_range_names_the_field(field):
    with pytest.raises(ValueError, match=field):
        RepairPolicy(**{field: -1})


# ledger


def broken():
    raw = FRAME.drop([*AT[100:104], *AT[300:360]]).copy()
    raw.iloc[50, 1] = 1.0
    raw.iloc[150, 3] *= 1.4
    raw.iloc[200, :4] *= 100
    return pd.concat([raw, raw.iloc[[20]], raw.iloc[[30]] * 1.01])


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_exported_ledger_replays_to_the_bit(tmp_path, form):
    raw = broken()
    mended = repair(raw, "1h", sources={"coinbase": elsewhere()})
    path = tmp_path / f"ledger.{form}"
    write_ledger(mended.ledger, path)
    back = read_ledger(path)
    pd.testing.assert_frame_equal(
        back.astype({"field": str}), mended.ledger.astype({"field": str}), check_exact=True
    )
    pd.testing.assert_frame_equal(replay(raw, back), mended.frame, check_exact=True)
    assert list(mended.ledger.columns) == [
        "time", "field", "before", "after", "method", "source", "uses_future", "reason"]  # fmt: skip
    with pytest.raises(ValueError, match=r"\.csv or \.parquet"):
        write_ledger(mended.ledger, tmp_path / "ledger.xlsx")
    with pytest.raises(NotCandles):
        read_ledger(b"nothing of the kind")


def test_undo_of_one_and_of_all():
    raw = broken()
    mended = repair(raw, "1h")
    assert mended.undo().equals(raw)
    gap = mended.ledger.index[mended.ledger["time"] == AT[100]][0]
    part = mended.undo(gap)
    assert not AT[100:104].isin(part.index).any()
    pd.testing.assert_frame_equal(part, mended.frame.drop(AT[100:104]), check_exact=True)
    with pytest.raises(ValueError, match="not in this ledger"):
        mended.undo(10_000)


def test_indicators_are_told_which_rows_rest_on_later_ones():
    mended = repair(broken(), "1h")
    told = pd.to_datetime(mended.frame.attrs["uses_future"], utc=True)
    lines = mended.ledger[mended.ledger["uses_future"]]
    assert set(told) == set(lines["time"]) & set(mended.frame.index)
    assert AT[100] in told
    known = repair(broken(), "1h", policy=RepairPolicy(view="as_known"))
    assert known.frame.attrs["uses_future"] == []
    assert json.dumps(mended.frame.attrs)
    both, causal = (compute(mended.frame, "sma", window=5, as_known=flag) for flag in (False, True))
    assert causal.attrs["left_out"]["future"] == len(told)
    assert both.attrs["left_out"]["future"] == 0


def test_a_repaired_frame_that_is_repaired_again_keeps_its_marks():
    first = repair(FRAME.drop(AT[100:104]), "1h").frame
    second = repair(first.drop(AT[300:302]), "1h").frame
    told = pd.to_datetime(second.attrs["uses_future"], utc=True)
    assert {*AT[100:104], *AT[300:302]} == set(told)
    assert method(repair(first, "1h"), AT[100:104]) == {"line"}


def test_the_usable_score_weighs_rows_by_how_they_were_made():
    hole = AT[200:212]
    raw = FRAME.drop(hole)
    line, venue, again = (
        repair(raw, "1h", sources=sources).usable
        for sources in (None, {"coinbase": elsewhere()}, {"kraken": FRAME.copy()})
    )
    assert audit(raw, "1h").usable < line < venue < again == 1.0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 100),
    st.lists(st.integers(1, 570), min_size=1, max_size=6),
    st.integers(1, 40),
    st.sampled_from(
        [{}, {"borrow_volume": True}, {"rules": (LastPrice(),)}, {"medium": 1000, "medium_hours": 1e5}]
    ),
)
def test_no_repair_raises_the_raw_score(seed, holes, length, policy):
    whole = walk(620, seed)
    lost = {row for first in holes for row in range(first, first + length)}
    raw = whole.drop(whole.index[sorted(lost)])
    other = whole * 1.001
    other.attrs["venue"] = "coinbase"
    for sources in (None, {"coinbase": other}):
        mended = repair(raw, "1h", policy=RepairPolicy(**policy), sources=sources)
        assert mended.after.score <= mended.before.score
        assert mended.usable >= mended.before.usable


def test_text_of_a_repair():
    said = str(repair(normalise(broken()), "1h"))
    for words in ("before", "after", "left open", "rest on later"):
        assert words in said
