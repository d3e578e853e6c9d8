"""TA-Lib and plain numpy give the same numbers, and a page is quick either way."""

import time

import numpy as np
import pandas as pd
import pytest
from indicator_series import flat, walk

from core.indicators import compute, fast, indicators
from core.indicators.declare import fade
from core.indicators.series import alive, mean, mean_and_deviation, total, weighted

ALL = tuple(indicators())
SERIES = {
    "walk": walk(1500, 31),
    "still": walk(1500, 32, still=0.4),
    "tiny price": walk(1500, 33, price=1e-9),
    "flat": flat(700, price=0.5),
    "crash": walk(1500, 34).mul(np.where(np.arange(1500) < 300, 1e6, 1.0), axis=0),
}


def both(
    name: str, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> tuple[pd.DataFrame, pd.DataFrame]:
    assert fast.installed()
    quick = compute(frame, name)
    monkeypatch.setattr(fast, "talib", None)
    assert not fast.installed()
    return quick, compute(frame, name)


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("name", ALL)
def test_with_and_without_talib(name, series, monkeypatch):
    quick, plain = both(name, SERIES[series], monkeypatch)
    if indicators()[name].fast:
        pd.testing.assert_index_equal(quick.index, plain.index)
        usual = float(plain.abs().median().max()) if len(plain) else 0.0
        np.testing.assert_allclose(quick, plain, rtol=1e-9, atol=max(1e-9 * usual, 1e-20))
    else:
        pd.testing.assert_frame_equal(quick, plain)


@pytest.mark.parametrize("window", [1, 2, 3, 7, 16, 20, 199, 200])
def test_windowed_numbers(window):
    values = walk(200, 35)["close"].to_numpy()
    rolling = pd.Series(values).rolling(window)
    np.testing.assert_allclose(total(values, window), rolling.sum(), rtol=1e-12)
    np.testing.assert_allclose(mean(values, window), rolling.mean(), rtol=1e-12)
    middle, away = mean_and_deviation(values, window)
    np.testing.assert_allclose(middle, rolling.mean(), rtol=1e-12)
    np.testing.assert_allclose(away, rolling.std(ddof=0), rtol=1e-9, atol=1e-6)
    np.testing.assert_array_equal(fast.highest(values, window), rolling.max())
    np.testing.assert_array_equal(fast.lowest(values, window), rolling.min())
    weights = np.arange(1, window + 1)
    expected = rolling.apply(lambda seen: np.average(seen, weights=weights), raw=True)
    np.testing.assert_allclose(weighted(values, window), expected, rtol=1e-12)
    assert np.isnan(mean(values, 201)).all()


@pytest.mark.parametrize("window", [2, 5, 20, 31])
def test_a_flat_window_is_exactly_its_value(window):
    values = np.full(50, 0.1)
    middle, away = mean_and_deviation(values, window)
    assert (middle[window - 1 :] == 0.1).all()
    assert (away[window - 1 :] == 0).all()
    assert (total(np.zeros(50), window)[window - 1 :] == 0).all()


def test_an_undefined_value_reaches_its_own_windows_only():
    values = np.arange(50.0)
    values[20] = np.nan
    for found in (total(values, 5), mean(values, 5), weighted(values, 5), fast.highest(values, 5)):
        assert np.flatnonzero(np.isnan(found)).tolist() == [0, 1, 2, 3, 20, 21, 22, 23, 24]


def test_alive():
    amounts = np.array([0, 0, 1, 0, 0, 0, 1, 1, 0, 0.0])
    assert alive(amounts, 2).tolist() == [False, False, True, True, False, False, True, True, True, False]
    assert not alive(np.zeros(5), 3).any()


def test_fade():
    for alpha in (0.01, 1 / 14, 0.5):
        rows = fade(alpha)
        assert (1 - alpha) ** rows <= 1e-9 < (1 - alpha) ** (rows - 1)
    assert fade(1.0) == 1


def quickest(name: str, frame: pd.DataFrame) -> float:
    best = float("inf")
    for _ in range(7):
        begun = time.perf_counter()
        compute(frame, name)
        best = min(best, time.perf_counter() - begun)
    return best


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_none_takes_50_ms_at_100_000_rows_without_talib(name, monkeypatch):
    monkeypatch.setattr(fast, "talib", None)
    assert quickest(name, walk(100_000, 36)) < 0.050


def test_five_indicators_on_a_page():
    frame = walk(2000, 37)
    assert sum(quickest(name, frame) for name in ("ema", "bollinger", "rsi", "macd", "atr")) < 0.150
