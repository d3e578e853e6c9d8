"""The summary: signals with their reasons, honest about what is not there."""

import json

import numpy as np
import pandas as pd
import pytest
from indicator_series import flat, framed, walk

from core.indicators import compute, indicators, summary


def trend(rows: int, slope: float) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    c = 100 * np.exp(slope * np.arange(rows) + np.cumsum(rng.normal(0, 0.001, rows)))
    o = np.concatenate(([100.0], c[:-1]))
    high, low = np.maximum(o, c) * 1.0005, np.minimum(o, c) * 0.9995
    volume = rng.lognormal(3, 0.1, rows)
    return framed(o, high, low, c, volume)


def by_name(found):
    return {one.indicator: one for one in found.signals}


def test_a_rise_and_a_fall():
    up, down = summary(trend(700, 0.004)), summary(trend(700, -0.004))
    assert by_name(up)["adx"].reading == "trend up"
    assert by_name(down)["adx"].reading == "trend down"
    assert by_name(up)["sma"].lean == 1
    assert by_name(down)["sma"].lean == -1
    assert by_name(up)["rsi"].reading == "overbought"
    assert by_name(down)["rsi"].reading == "oversold"
    assert "above its mean of 50 candles" in by_name(up)["sma"].reason
    assert up.missing == ()


def test_every_signal_is_the_indicators_own_value_and_has_a_reason():
    frame = walk(700, 41)
    found = summary(frame)
    assert found.time == frame.index[-1].isoformat()
    assert found.close == frame["close"].iloc[-1]
    for one in found.signals:
        params = {"window": 50} if one.indicator == "sma" else {}
        newest = compute(frame, one.indicator, **params).iloc[-1]
        assert one.value in newest.to_list()
        assert one.family == indicators()[one.indicator].family
        assert one.reason.endswith(".")
        assert one.lean in {-1, 0, 1}
        assert one.converged
        assert one.repaired is None
    assert {one.family for one in found.signals} == {"trend", "momentum", "volatility", "volume"}


def test_the_whole_follows_from_its_parts():
    for seed in range(12):
        found = summary(walk(700, seed))
        leans = [one.lean for one in found.signals]
        up, down = leans.count(1), leans.count(-1)
        assert found.reason == f"Of {len(leans)} signals {up} lean up and {down} down."
        assert found.reading == ("up" if up - down >= 2 else "down" if down - up >= 2 else "mixed")


@pytest.mark.parametrize("rows", [0, 1, 10, 18, 40])
def test_too_few_candles_are_said(rows):
    found = summary(walk(rows) if rows else walk(5).iloc[:0])
    for one in found.missing:
        assert one.got == rows < one.needed
        assert str(one.needed) in one.reason
    assert len(found.signals) + len(found.missing) == 8
    assert (found.reading is None) == (not found.signals)


def test_unsettled_and_repaired_values_say_so():
    frame = walk(60, 42).assign(method="observed")
    frame.iloc[50:55, frame.columns.get_loc("method")] = "flat"
    rsi = by_name(summary(frame))["rsi"]
    assert not rsi.converged
    assert "still settling: that takes 295 candles" in rsi.reason
    assert rsi.repaired > 0
    assert "rests on repaired candles" in rsi.reason


def test_a_newest_candle_that_used_the_future_gives_no_signal():
    frame = walk(700, 43).assign(method="observed")
    frame.iloc[-1, frame.columns.get_loc("method")] = "line"
    found = summary(frame)
    assert found.signals == ()
    assert found.reading is None
    assert all(frame.index[-2].isoformat() in one.reason for one in found.missing)
    assert summary(frame, as_known=False).signals


def test_a_market_that_stands_still_and_one_without_volume():
    still = summary(flat(700))
    assert {"adx", "rsi", "stochastic", "bollinger_percent", "cmf"} == {
        one.indicator for one in still.missing
    }
    assert still.reading == "mixed"
    bare = summary(walk(700).drop(columns="volume"))
    assert [one.indicator for one in bare.missing] == ["cmf"]
    assert "needs volume" in bare.missing[0].reason


def test_it_is_plain_data():
    for frame in (walk(700), flat(700), walk(30), walk(5).iloc[:0]):
        found = summary(frame).as_dict()
        assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))
