"""The audit on plain cases: what is whole, what is missing, what is impossible, what is twice."""

import io

import numpy as np
import pandas as pd
import pytest

from core.candles import NotCandles, audit, normalise
from core.market import candles_frame

START = 1_760_000_400 // 3600 * 3600


@pytest.fixture
def whole():
    rng = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, 600)))
    opened = np.concatenate([[100.0], close[:-1]])
    spread = 1 + np.abs(rng.normal(0, 0.002, 600))
    return candles_frame(
        START + 3600 * np.arange(600),
        {
            "open": opened,
            "high": np.maximum(opened, close) * spread,
            "low": np.minimum(opened, close) / spread,
            "close": close,
            "volume": rng.uniform(5, 50, 600),
        },
    )


def kinds(found):
    return dict(found.defects.groupby("kind", observed=True)["count"].sum())


def test_a_whole_series_has_nothing_wrong(whole):
    found = audit(normalise(whole), "1h")
    assert found.defects.empty
    assert found.score == pytest.approx(1.0)


def test_missing_rows_are_counted_and_cost(whole):
    found = audit(normalise(whole.drop(whole.index[100:106])), "1h")
    assert kinds(found) == {"missing": 6}
    assert found.score < 0.95
    assert found.defects["start"].iloc[0] == whole.index[100]


def test_impossible_and_double_rows(whole):
    frame = whole.copy()
    frame.iloc[50, frame.columns.get_loc("high")] = frame["low"].iloc[50] * 0.99
    frame = pd.concat([frame, frame.iloc[[200]]])
    found = audit(normalise(frame), "1h")
    assert kinds(found)["ohlc_violation"] == 1
    assert kinds(found)["duplicate"] == 1


def test_a_spike_is_seen_and_a_jump_that_stays_is_not(whole):
    frame = whole.copy()
    prices = ["open", "high", "low", "close"]
    frame.loc[frame.index[300], ["high", "close"]] *= 1.3
    frame.loc[frame.index[400] :, prices] *= 1.2
    found = audit(normalise(frame), "1h")
    spikes = found.defects[found.defects["kind"].isin(["spike", "wick"])]
    assert set(spikes["start"]) <= {frame.index[300], frame.index[301]}
    assert len(spikes) >= 1


def test_people_s_files(whole):
    text = (
        whole.reset_index()
        .rename(columns={"time": "Date", "close": "Close"})
        .iloc[::-1]
        .to_csv(index=False, sep=";")
    )
    raw = normalise(("# a comment on top\n" + text).encode())
    assert len(raw) == 600
    assert raw.attrs["unread"] == []
    assert audit(raw, "1h").score is not None


def test_what_is_no_candle_table_is_refused():
    with pytest.raises(NotCandles):
        normalise(io.BytesIO(b"hello, world").getvalue())


def test_too_little_to_judge_is_none(whole):
    assert audit(normalise(whole.iloc[:3]), "1h").score is None
