"""Parameters, minima, frames that are none, and the known faults of ta."""

import numpy as np
import pandas as pd
import pytest
from indicator_references import bare
from indicator_series import flat, walk

from core.answer import KintsugiError
from core.indicators import NotEnoughCandles, NoVolume, compute, find, indicators

ALL = tuple(indicators())
WITH_VOLUME = {name for name, one in indicators().items() if "volume" in one.inputs}

MINIMA = [
    ("sma", {"window": 20}, 20),
    ("sma", {"window": 7}, 7),
    ("ema", {"window": 12}, 13),
    ("rsi", {"window": 14}, 15),
    ("macd", {}, 35),
    ("atr", {"window": 14}, 15),
    ("stoch_rsi", {}, 50),
    ("bollinger", {}, 20),
]


@pytest.mark.parametrize(("name", "params", "least"), MINIMA)
def test_minima(name, params, least):
    assert indicators()[name].needed(**params) >= least
    with pytest.raises(NotEnoughCandles) as caught:
        compute(walk(least - 1), name, **params)
    assert (caught.value.needed, caught.value.got) == (indicators()[name].needed(**params), least - 1)
    assert str(caught.value.needed) in str(caught.value)


@pytest.mark.parametrize("name", ALL)
def test_needed_is_exact_for_other_parameters_too(name):
    """One candle fewer is too few, and the last candle of just enough has a value."""
    declared = indicators()[name]
    for factor in (1, 2):
        params = {one.name: one.default * factor for one in declared.parameters.values() if one.type is int}
        needed = declared.needed(**params)
        assert declared.converged(**params) >= needed
        with pytest.raises(NotEnoughCandles):
            compute(walk(max(needed - 1, 0)), name, **params)
        values = compute(walk(needed + 3), name, **params)
        assert len(values) == 4
        assert list(values) == list(declared.outputs)


@pytest.mark.parametrize("name", ALL)
def test_empty_frames(name):
    for empty in (walk(5).iloc[:0], pd.DataFrame()):
        with pytest.raises(NotEnoughCandles) as caught:
            compute(empty, name)
        assert caught.value.got == 0


@pytest.mark.parametrize("name", ALL)
def test_declarations_are_whole(name):
    declared = indicators()[name]
    assert declared.name == name
    assert declared.outputs
    assert set(declared.inputs) <= {"high", "low", "close", "volume"}
    assert declared.source
    assert declared.by in {"ta", "own"}
    for one in declared.parameters.values():
        assert one.low <= one.default <= one.high
        assert one.check(one.default) == one.default


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("rsi", {"window": 1}, "window='1': expected a whole number from 2 to 1000"),
        ("rsi", {"window": 1001}, "window='1001'"),
        ("rsi", {"window": 14.5}, "window='14.5'"),
        ("rsi", {"window": True}, "window='True'"),
        ("rsi", {"window": "14"}, "window='14'"),
        ("rsi", {"window": None}, "window='None'"),
        ("bollinger", {"window_dev": float("nan")}, "window_dev='nan': expected a number from 0.1 to 10"),
        ("bollinger", {"window_dev": float("inf")}, "window_dev='inf'"),
        ("rsi", {"length": 14}, "'length' is no parameter of rsi: expected window"),
        ("obv", {"window": 14}, "'window' is no parameter of obv: expected none"),
        ("macd", {"window_fast": 30}, "window_fast=30: expected less than window_slow=26"),
        ("rsi", {"max_gap": -1}, "max_gap='-1'"),
        ("rsi", {"max_gap": 1.5}, "max_gap='1.5'"),
        ("rsi", {"interval": "7m"}, "interval='7m'"),
    ],
)
def test_bad_parameters_name_field_value_and_range(name, params, said):
    with pytest.raises(ValueError, match="expected") as caught:
        compute(walk(100), name, **params)
    assert said in str(caught.value)


def test_unknown_indicators_come_with_near_names():
    with pytest.raises(ValueError, match=r"did you mean.*bollinger"):
        compute(walk(100), "bolinger")
    with pytest.raises(ValueError, match="expected one of sma"):
        compute(walk(100), "qqqqqqqq")
    with pytest.raises(ValueError, match="is unknown"):
        compute(walk(100), 14)


@pytest.mark.parametrize(
    ("spelled", "name"),
    [("RSI", "rsi"), ("StochRSI", "stoch_rsi"), ("bbands", "bollinger"), ("Williams %R", "williams_r")],
)
def test_names_of_ta_and_talib_are_understood(spelled, name):
    assert find(spelled) is indicators()[name]


def test_no_two_indicators_answer_to_one_name():
    names = [name for one in indicators().values() for name in (one.name, *one.aliases)]
    assert len(names) == len(set(names))
    assert all(
        find(name).name == one.name for one in indicators().values() for name in (one.name, *one.aliases)
    )


@pytest.mark.parametrize("name", ALL)
def test_volume_is_asked_for_by_name(name):
    frame = walk(700).drop(columns="volume")
    if name in WITH_VOLUME:
        with pytest.raises(NoVolume, match=f"{name} needs volume") as caught:
            compute(frame, name)
        assert isinstance(caught.value, KintsugiError)
        assert isinstance(caught.value, ValueError)
    else:
        pd.testing.assert_frame_equal(compute(frame, name), compute(walk(700), name))


def test_frames_that_are_none():
    good = walk(60)
    with pytest.raises(ValueError, match="rsi needs the column close"):
        compute(good.drop(columns="close"), "rsi")
    with pytest.raises(ValueError, match="ascending, unique"):
        compute(good.iloc[::-1], "rsi")
    with pytest.raises(ValueError, match="ascending, unique"):
        compute(pd.concat([good, good.iloc[-1:]]), "rsi")
    with pytest.raises(ValueError, match="times as its index"):
        compute(good.reset_index(drop=True), "rsi")
    with pytest.raises(ValueError, match="times as its index"):
        compute(good.set_axis([pd.NaT, *good.index[1:]]), "rsi")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_any_unit_of_time_and_any_kind_of_number(unit):
    frame = walk(60)
    other = frame.set_axis(frame.index.as_unit(unit)).astype("Float64")
    values = compute(other, "rsi")
    np.testing.assert_array_equal(values, compute(frame, "rsi"))
    pd.testing.assert_index_equal(values.index, other.index[14:])


def test_the_input_is_left_as_it_was():
    frame = walk(700)
    before = frame.copy()
    for name in ALL:
        compute(frame, name)
    pd.testing.assert_frame_equal(frame, before)


def test_ta_reports_before_its_windows_are_full_and_we_do_not():
    frame = walk(700)
    for name in ("atr", "adx", "ichimoku", "kst", "ulcer_index", "keltner"):
        theirs = bare(name, frame)
        told = theirs.notna().all(axis=1).to_numpy().argmax() + 1
        needed = indicators()[name].needed()
        assert told < needed, name
        assert compute(frame, name).index[0] == frame.index[needed - 1]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, -5.0, 1e300])
def test_a_row_that_is_no_candle_is_skipped_and_poisons_nothing(name, bad):
    frame = walk(700)
    broken = frame.copy()
    broken.iloc[300, :4] = bad
    values = compute(broken, name)
    if indicators()[name].inputs == ("volume",):
        assert len(values) == len(compute(frame, name))
        return
    pd.testing.assert_frame_equal(values, compute(frame.drop(frame.index[300]), name), check_freq=False)
    assert values.attrs["left_out"] == {"unusable": 1, "future": 0}
    assert values.index[-1] == frame.index[-1]


@pytest.mark.parametrize("name", sorted(WITH_VOLUME))
def test_a_row_without_volume_is_skipped(name):
    frame = walk(700)
    broken = frame.copy()
    broken.iloc[300, 4] = np.nan
    pd.testing.assert_frame_equal(
        compute(broken, name), compute(frame.drop(frame.index[300]), name), check_freq=False
    )


@pytest.mark.parametrize("name", ALL)
def test_flat_bars_followed_by_trading(name):
    """Vortex of ta is infinite here, and rolling sums keep dust of what left the window."""
    parts = [walk(400, 1), flat(900, price=30_000.0), walk(400, 2)]
    frame = pd.concat(parts)
    frame.index = pd.date_range("2024-01-01", periods=len(frame), freq="h", tz="UTC", name="time")
    values = compute(frame, name)
    assert np.isfinite(values.to_numpy()).all()
    assert values.index[-1] == frame.index[-1]
    bounded = {"rsi": (0, 100), "mfi": (0, 100), "stochastic": (0, 100), "stoch_rsi": (0, 1), "stc": (0, 100)}
    bounded |= {"cmf": (-1, 1), "williams_r": (-100, 0), "tsi": (-100, 100), "adx": (0, 100)}
    low, high = bounded.get(name, (-np.inf, np.inf))
    assert values.to_numpy().min() >= low - 1e-9
    assert values.to_numpy().max() <= high + 1e-9


@pytest.mark.parametrize("name", ["bollinger", "sma", "cci", "vwap", "cmf", "ultimate_oscillator"])
def test_a_spike_leaves_nothing_behind_once_it_left_the_window(name):
    frame = walk(300)
    spiked = frame.copy()
    spiked.iloc[100, :4] *= 1e12
    clear = frame.index[100 + indicators()[name].needed() + 1]
    pd.testing.assert_frame_equal(
        compute(spiked, name).loc[clear:], compute(frame, name).loc[clear:], rtol=1e-12, check_freq=False
    )
