"""Stillness and holes told apart: a halt, an outage, a market that pauses."""

import numpy as np
import pandas as pd
import pytest
from candle_series import COLUMNS, PRICES, RECORDED, recorded, walk

from core.candles import audit, normalise
from core.candles.inspection import inspect
from core.candles.still import pause_rate


def still(frame, first, length):
    frame.iloc[first : first + length, :4] = frame["close"].iloc[first - 1]
    frame.iloc[first : first + length, 4] = 0.0


def pausing(rows, trades, seed=1):
    """One-minute candles of so many trades a minute: with one trade a single price, without any a flat row."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(trades, rows)
    frame = walk(rows, seed, freq="1min")
    data = {name: frame[name].to_numpy(copy=True) for name in COLUMNS}
    for name in ("open", "high", "low"):
        data[name] = np.where(count == 1, data["close"], data[name])
    last = np.maximum.accumulate(np.where(count > 0, np.arange(rows), 0))
    for name in PRICES:
        data[name] = np.where(count == 0, data["close"][last], data[name])
    data["volume"] = np.where(count == 0, 0.0, data["volume"])
    return pd.DataFrame(data, index=frame.index)


def siblings(rows):
    return {name: walk(rows, seed, freq="1min") for name, seed in (("ETH/USD", 5), ("SOL/USD", 6))}


@pytest.mark.parametrize("trades", [1.5, 2.5, 4.0])
def test_single_prices_tell_how_often_nothing_trades(trades):
    bars = inspect(pausing(40_000, trades), "1m").bars
    assert pause_rate(bars) == pytest.approx(np.exp(-trades), rel=0.1)


def test_a_market_that_never_shows_single_prices_never_pauses():
    assert pause_rate(inspect(walk(2000, 3), "1h").bars) == 0.0
    one_price = walk(200, 3)
    one_price[PRICES] = 100.0
    assert pause_rate(inspect(one_price, "1h").bars) > 0.9


@pytest.mark.parametrize("trades", [1.2, 2.0, 3.0])
@pytest.mark.parametrize("rows", [300, 3000])
def test_pauses_of_a_thin_market_are_no_halts_though_others_trade(trades, rows):
    found = audit(pausing(rows, trades), "1m", siblings=siblings(rows))
    assert found.defects.empty


def test_a_long_halt_of_a_thin_market_is_one():
    frame = pausing(3000, 2.5)
    still(frame, 1000, 25)
    line = audit(frame, "1m", siblings=siblings(3000)).defects
    assert line["cause"].tolist() == ["halt"]
    assert line["count"].iloc[0] >= 25


def test_halts_of_all_lengths_beside_each_other():
    """Many rows that stand still do not make a market that pauses, when not one has a single price."""
    frame = walk(1000, 3)
    lengths = {100: 1, 150: 3, 200: 6, 300: 12, 400: 48, 600: 120}
    for first, length in lengths.items():
        still(frame, first, length)
    others = {name: walk(1000, seed) for name, seed in (("ETH/USD", 5), ("SOL/USD", 6))}
    found = audit(frame, "1h", siblings=others).defects
    assert dict(zip(frame.index.get_indexer(found["start"]), found["count"], strict=True)) == lengths
    assert set(found["cause"]) == {"halt"}
    elsewhere = walk(1000, 3) * 1.0003
    elsewhere.attrs["venue"] = "coinbase"
    assert set(audit(frame, "1h", reference=elsewhere).defects["cause"]) == {"outage"}


def test_a_sibling_that_ends_with_the_series_did_not_fall_silent():
    frame = walk(600, 3)
    still(frame, 599, 1)
    found = audit(frame, "1h", siblings={"ETH/USD": walk(600, 5)}).defects
    assert found["cause"].tolist() == ["halt"]


def test_an_outage_in_flat_rows_does_not_make_a_hole_beside_it_a_pause():
    frame = walk(1000, 3)
    still(frame, 300, 60)
    lost = frame.drop(frame.index[[320 + 60, 420, 440, 460, 480, 500]])
    missing = audit(lost, "1h").defects
    missing = missing[missing["kind"] == "missing"]
    assert set(missing["cause"]) == {"unknown"}


@recorded
def test_one_month_that_stood_still_for_fifty_hours():
    """Kraken's January 2018 alone: a fourteenth of the month is flat, and none of it by chance."""
    theirs = normalise(RECORDED / "as-downloaded" / "coinbase_BTCUSD_1h.csv").sort_index().loc["2018-01"]
    raw = theirs[COLUMNS].copy()
    stretches = {"2018-01-11 07:00": 5, "2018-01-11 16:00": 23, "2018-01-12 16:00": 19, "2018-01-13 12:00": 2}
    for start, hours in stretches.items():
        still(raw, raw.index.get_loc(pd.Timestamp(start, tz="UTC")), hours)
    alone = audit(raw, "1h").defects
    assert alone["count"].tolist() == [23, 19]
    other = theirs[COLUMNS] * 1.0004
    other.attrs = {"venue": "coinbase"}
    raw.attrs = {"venue": "kraken"}
    found = audit(raw, "1h", reference=other).defects
    assert found["count"].tolist() == list(stretches.values())
    assert set(found["cause"]) == {"outage"}
