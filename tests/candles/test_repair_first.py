"""The repair on plain cases: short gaps mended and marked, long ones left open, all of it undone exactly."""

import numpy as np
import pandas as pd
import pytest

from core.candles import RepairPolicy, normalise, repair
from core.market import candles_frame

START = 1_760_000_400 // 3600 * 3600


@pytest.fixture
def whole():
    rng = np.random.default_rng(6)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, 400)))
    opened = np.concatenate([[100.0], close[:-1]])
    columns = {
        "open": opened,
        "high": np.maximum(opened, close) * 1.001,
        "low": np.minimum(opened, close) / 1.001,
        "close": close,
        "volume": rng.uniform(5, 50, 400),
    }
    return candles_frame(START + 3600 * np.arange(400), columns)


def test_a_whole_series_stays_as_it_is(whole):
    mended = repair(normalise(whole), "1h")
    pd.testing.assert_frame_equal(mended.frame[list(whole.columns)], whole, check_freq=False)
    assert mended.ledger.empty
    assert set(mended.frame["method"]) == {"observed"}


def test_a_short_gap_is_mended_marked_and_undone(whole):
    raw = normalise(whole.drop(whole.index[100:102]))
    mended = repair(raw, "1h")
    assert len(mended.frame) == 400
    filled = mended.frame[mended.frame["method"] != "observed"]
    assert list(filled.index) == list(whole.index[100:102])
    assert len(mended.ledger) > 0
    assert np.isfinite(mended.frame[["open", "high", "low", "close"]]).all().all()
    assert mended.after.score <= mended.before.score + 1e-12
    pd.testing.assert_frame_equal(mended.undo(), raw)


def test_a_long_gap_is_left_open(whole):
    mended = repair(normalise(whole.drop(whole.index[100:200])), "1h")
    assert len(mended.frame) == 300
    assert len(mended.left_open) == 1


def test_as_known_uses_nothing_later(whole):
    raw = normalise(whole.drop(whole.index[100:102]))
    mended = repair(raw, "1h", policy=RepairPolicy(view="as_known"))
    assert not mended.ledger["uses_future"].any()
