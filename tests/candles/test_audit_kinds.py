"""Each kind of defect, its cause, and what the score makes of it."""

import numpy as np
import pandas as pd
import pytest
from candle_series import COLUMNS, PRICES, kinds, only, walk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.candles import audit, normalise
from core.candles.inspection import inspect
from core.candles.scale import scale_of
from core.candles.score import FEWEST
from core.candles.spikes import everywhere, find

HOUR = pd.Timedelta(hours=1)


def changed(frame, row, **values):
    frame = frame.copy()
    for name, value in values.items():
        frame.iloc[row, frame.columns.get_loc(name)] = value
    return frame


def flat(frame, first, length):
    """Rows without a trade: the close before, no volume."""
    frame = frame.copy()
    frame.iloc[first : first + length, :4] = frame["close"].iloc[first - 1]
    frame.iloc[first : first + length, 4] = 0.0
    return frame


FRAME = walk(600, 3)
AT = FRAME.index


@pytest.mark.parametrize(
    ("kind", "make", "row"),
    [
        ("duplicate", lambda f: pd.concat([f, f.iloc[[200]]]).sort_index(kind="stable"), 200),
        ("conflicting_duplicate", lambda f: pd.concat([f, f.iloc[[200]] * 1.01]).sort_index(kind="stable"), 200),
        ("off_grid", lambda f: f.set_axis(f.index.where(f.index != AT[200], AT[200] + pd.Timedelta("7s"))), 200),
        ("non_finite", lambda f: changed(f, 200, close=np.inf), 200),
        ("non_finite", lambda f: changed(f, 200, volume=np.nan), 200),
        ("non_positive", lambda f: changed(f, 200, low=0.0), 200),
        ("non_positive", lambda f: changed(f, 200, volume=-1.0), 200),
        ("ohlc_violation", lambda f: changed(f, 200, high=f["low"].iloc[200], low=f["high"].iloc[200]), 200),
        ("spike", lambda f: changed(f, 200, close=f["close"].iloc[200] * 1.2, high=f["close"].iloc[200] * 1.2), 200),
        ("wick", lambda f: changed(f, 200, low=f["low"].iloc[200] * 0.8), 200),
        ("unit_error", lambda f: changed(f, 200, **(f[PRICES].iloc[200] * 100)), 200),
        ("unit_error", lambda f: changed(f, 200, volume=f["volume"].iloc[200] * 1000), 200),
        ("time_unit", lambda f: f.set_axis(f.index.where(f.index != AT[200],
                                           pd.Timestamp(AT[200].value // 1000, tz="UTC"))), 200),
    ],
)  # fmt: skip
def test_a_row_of_each_kind(kind, make, row):
    found = audit(make(FRAME), "1h")
    line = only(found, kind)
    assert line["start"] <= AT[row] <= line["end"]
    assert set(kinds(found)) - {"unsorted"} == {kind}
    assert found.score < audit(FRAME, "1h").score


def test_runs_of_the_same_candle():
    frame = FRAME.copy()
    frame.iloc[100:106] = frame.iloc[100].to_numpy()
    line = only(audit(frame, "1h"), "stale_run")
    assert (line["start"], line["end"], line["count"]) == (AT[100], AT[105], 6)


def test_a_stretch_of_volumes_in_quote_units():
    frame = walk(600, 3, level=9000.0)
    frame.iloc[200:240, 4] *= frame["close"].iloc[200:240]
    line = only(audit(frame, "1h"), "unit_error")
    assert (line["start"], line["count"]) == (AT[200], 40)
    assert "quote" in line["detail"]
    busy = walk(600, 3, level=9000.0)
    busy.iloc[200:, 4] *= 400.0
    assert audit(busy, "1h").defects.empty, "a market that becomes busy and stays so"


def test_an_open_candle_and_an_overdue_series():
    now = AT[-1] + 0.5 * HOUR
    assert only(audit(FRAME, "1h", now=now), "incomplete")["start"] == AT[-1]
    late = audit(FRAME, "1h", now=AT[-1] + 6 * HOUR)
    assert late.freshness == 5
    assert late.dimensions["timeliness"] == pytest.approx(2 ** (-5 / 3))
    assert only(late, "truncated")["count"] == 5
    on_time = audit(FRAME, "1h", now=AT[-1] + HOUR)
    assert on_time.freshness == 0
    assert on_time.defects.empty


def test_a_day_that_stops_within_itself():
    minutes = walk(1440, 1, start="2024-03-01", freq="1min")
    assert only(audit(minutes.iloc[:1007], "1m"), "truncated")["count"] == 433
    assert audit(minutes, "1m").defects.empty
    assert audit(minutes.iloc[:1000], "1m").defects.empty, "a round number of rows is a page"


def test_siblings_that_go_on_show_that_a_page_is_missing():
    assert only(audit(FRAME.iloc[:-30], "1h", siblings={"ETH/USD": walk(600, 9)}), "truncated")["count"] == 30


@pytest.mark.parametrize("hours", [4, 8, 16])
def test_another_day_anchor_is_one_defect_of_the_whole(hours):
    days = walk(300, 2, freq="1D")
    line = only(audit(days.shift(freq=pd.Timedelta(hours=hours)), "1d"), "off_grid")
    assert line["count"] == len(days)
    assert f"{hours} h" in line["detail"]


def test_local_times_lose_an_hour_in_spring_and_double_one_in_autumn():
    year = walk(8000, 4, start="2024-03-01")
    local = year.set_axis(year.index.tz_convert("America/New_York").tz_localize(None).tz_localize("UTC"))
    found = audit(local, "1h")
    assert only(found, "missing")["start"] == pd.Timestamp("2024-03-10 02:00", tz="UTC")
    assert only(found, "conflicting_duplicate")["start"] == pd.Timestamp("2024-11-03 01:00", tz="UTC")
    assert any("summer time" in note for note in found.notes)


# causes


def test_all_symbols_missing_is_an_outage():
    hole = AT[300:306]
    siblings = {name: walk(600, seed).drop(hole) for name, seed in (("ETH/USD", 5), ("SOL/USD", 6))}
    assert only(audit(FRAME.drop(hole), "1h", siblings=siblings), "missing")["cause"] == "outage"
    assert only(audit(flat(FRAME, 300, 6), "1h", siblings=siblings), "stale_run")["cause"] == "outage"


def test_one_symbol_flat_while_the_others_trade_is_a_halt():
    siblings = {"ETH/USD": walk(600, 5), "SOL/USD": walk(600, 6)}
    assert only(audit(flat(FRAME, 300, 8), "1h", siblings=siblings), "stale_run")["cause"] == "halt"


def test_a_refetch_that_has_the_rows_is_a_fetch_failure():
    raw = FRAME.drop(AT[300:306])
    raw.attrs["venue"] = "kraken"
    again = FRAME.copy()
    again.attrs["venue"] = "kraken"
    assert only(audit(raw, "1h", reference=again), "missing")["cause"] == "fetch_failure"
    # told by its values too, when nobody names a venue
    assert (
        only(audit(FRAME.drop(AT[300:306]), "1h", reference=FRAME.copy()), "missing")["cause"]
        == "fetch_failure"
    )


def test_a_quiet_market_pauses_and_a_busy_one_does_not():
    rng = np.random.default_rng(1)
    trades = rng.poisson(1.6, 3000)
    thin = walk(3000, 8, freq="1min")
    alone = trades == 1
    thin.loc[alone, ["open", "high", "low"]] = thin.loc[alone, ["close"]].to_numpy()
    thin = thin[trades > 0]
    assert set(audit(thin, "1m").defects["cause"].astype(str)) == {"no_trades"}
    assert only(audit(FRAME.drop(AT[300:302]), "1h"), "missing")["cause"] == "unknown"


def test_another_venue_that_traded_on_makes_stillness_an_outage():
    elsewhere = FRAME * 1.0005
    elsewhere.attrs["venue"] = "coinbase"
    raw = flat(FRAME, 300, 5)
    assert only(audit(raw, "1h", reference=elsewhere), "stale_run")["cause"] == "outage"
    assert audit(raw, "1h").defects.empty, "without evidence five still hours are not called anything"


# a second series


def test_sixty_minutes_make_the_hour():
    minutes = walk(60 * 200, 7, freq="1min")
    rule = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    hours = minutes.resample("1h").agg(rule)
    hours.index.freq = None
    assert audit(hours, "1h", reference=minutes).dimensions["agreement"] == 1.0
    wrong = changed(hours, 120, high=hours["high"].iloc[120] * 1.0005)
    found = audit(wrong, "1h", reference=minutes)
    line = only(found, "incomplete")
    assert (line["start"], line["count"]) == (hours.index[120], 1)
    assert "finer" in line["detail"]
    assert found.dimensions["agreement"] < 1


def test_a_reference_in_another_currency_is_not_used():
    raw = FRAME.copy()
    raw.attrs["symbol"] = "BTC/USD"
    other = FRAME * 1.3
    other.attrs |= {"symbol": "BTC/USDT", "venue": "binance"}
    found = audit(raw, "1h", reference=other)
    assert "agreement" not in found.dimensions
    assert any("USDT" in note for note in found.notes)


def test_another_venue_vouches_for_a_crash_and_against_a_wick():
    crash = changed(FRAME, 200, low=FRAME["low"].iloc[200] * 0.8)
    assert kinds(audit(crash, "1h")) == {"wick": 1}
    elsewhere = crash * 1.0003
    elsewhere.attrs["venue"] = "coinbase"
    assert audit(crash, "1h", reference=elsewhere).defects.empty
    calm = FRAME * 1.0003
    calm.attrs["venue"] = "coinbase"
    assert only(audit(crash, "1h", reference=calm), "wick")["start"] == AT[200]


# score


def test_dimensions_are_only_those_assessed():
    found = audit(FRAME, "1h")
    assert set(found.dimensions) == {"completeness", "uniqueness", "validity", "plausibility"}
    assert found.assessed == pytest.approx(0.75)
    full = audit(FRAME, "1h", now=AT[-1] + HOUR, reference=FRAME.copy())
    assert full.assessed == pytest.approx(1.0)
    assert found.score == full.score == 1.0


def test_bounds_shrink_with_rows():
    assert audit(FRAME.iloc[:20], "1h").bounds["validity"][1] == pytest.approx(0.161, abs=0.001)
    assert audit(FRAME, "1h").bounds["validity"][1] < 0.01


def test_a_dead_feed_cannot_hide_behind_good_marks():
    found = audit(FRAME.iloc[::6], "1h")
    assert found.dimensions["validity"] == 1.0
    assert found.score < 0.4


def test_gates():
    assert audit(FRAME.iloc[::-1], "1h").score == 0.5
    assert audit(changed(FRAME, 5, close=np.nan), "1h").score == 0.5
    assert audit(FRAME.iloc[: FEWEST - 1], "1h").score is None
    assert "too little" in str(audit(FRAME.iloc[:5], "1h"))


def test_a_longer_hole_costs_more_than_the_same_rows_lost_one_by_one():
    spread = FRAME.drop(AT[10:590:12])
    together = FRAME.drop(AT[100 : 100 + len(FRAME) - len(spread)])
    assert len(spread) == len(together)
    assert audit(together, "1h").score < audit(spread, "1h").score


# the screen


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 10_000),
    st.integers(11, 700),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PRICES), st.floats(0.7, 1.4)), max_size=12),
    st.sampled_from([0.0, 0.3, 0.9]),
)
def test_screening_equals_the_full_filter(seed, rows, knocks, calm):
    frame = walk(rows, seed)
    data = {name: frame[name].to_numpy(copy=True) for name in COLUMNS}
    if calm:  # long calm stretches, as thin markets have them
        still = np.random.default_rng(seed).random(rows) < calm
        for name in PRICES:
            data[name] = np.where(still, np.round(data[name], 1), data[name])
    for where, name, factor in knocks:
        data[name][int(where * (rows - 1))] *= factor
    data["high"] = np.max([data[name] for name in PRICES], axis=0)
    data["low"] = np.min([data[name] for name in PRICES], axis=0)
    bars = inspect(pd.DataFrame(data, index=frame.index), "1h").bars
    x = np.log(bars.close)
    scale = scale_of(x)
    fast, full = find(bars, x, scale), everywhere(bars, x, scale)
    for name in ("close", "open", "high", "low"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(full, name))


def test_the_screen_is_exact_across_its_chunks():
    frame = walk(33_000, 1, freq="1min")
    data = frame.to_numpy(copy=True)
    for row in (16_381, 16_383, 16_384, 16_385, 32_767, 32_768):
        data[row, 3] *= 1.2
        data[row, 1] = max(data[row, 1], data[row, 3])
    bars = inspect(pd.DataFrame(data, columns=COLUMNS, index=frame.index), "1m").bars
    x = np.log(bars.close)
    scale = scale_of(x)
    fast, full = find(bars, x, scale), everywhere(bars, x, scale)
    assert {16_384, 32_768} <= set(fast.close.tolist())
    for name in ("close", "open", "high", "low"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(full, name))


# what is remembered


def test_a_frame_that_was_written_to_is_looked_at_again():
    frame = FRAME.copy()
    assert audit(frame, "1h").defects.empty
    frame.iloc[200, frame.columns.get_loc("high")] = 50.0
    assert kinds(audit(frame, "1h")) == {"ohlc_violation": 1}
    frame["high"] = FRAME["high"]
    assert audit(frame, "1h").defects.empty
    frame.attrs["notes"] = ["told later"]
    assert audit(frame, "1h").notes == ("told later",)
    frame.index = AT.delete(10).append(AT[-1:] + HOUR)
    assert kinds(audit(frame, "1h")) == {"missing": 1}


def test_plain_data_and_text():
    found = audit(normalise(FRAME.drop(AT[5])), "1h")
    assert found.as_dict()["rows"] == 599
    assert "missing" in str(found)
    assert list(found.defects.columns) == ["start", "end", "kind", "cause", "count", "detail"]
