"""Words for indicators: read, written, and named when they are wrong."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.chosen import columns, parse, parse_all
from core.indicators import compute, indicators
from core.market import candles_frame


def walk(rows: int, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, rows)))
    return candles_frame(
        1_700_438_400 + np.arange(rows) * 3600,
        {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close, "volume": close},
    )


@pytest.mark.parametrize(
    ("text", "word", "label"),
    [
        ("rsi", "rsi(14)", "RSI(14)"),
        ("RSI(21)", "rsi(21)", "RSI(21)"),
        (" macd( 8, 21 ) ", "macd(8,21,9)", "MACD(8, 21, 9)"),
        ("bollinger(20,2.5)", "bollinger(20,2.5)", "Bollinger bands (20, 2.5)"),
        ("obv", "obv", "OBV"),
        ("obv()", "obv", "OBV"),
        ("Stochastic RSI", "stoch_rsi(14,3,3)", "Stochastic RSI (14, 3, 3)"),
        ("bbands", "bollinger(20,2)", "Bollinger bands (20, 2)"),
    ],
)
def test_a_word_is_an_indicator(text: str, word: str, label: str) -> None:
    one = parse(text)
    assert (one.word, one.label) == (word, label)
    assert parse(one.word) == one


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rssi", "indicator='rssi' is unknown: did you mean rsi"),
        ("rsi(0)", "window='0': expected a whole number from 2 to 1000"),
        ("rsi(14.5)", "window='14.5': expected a whole number"),
        ("rsi(14,3)", "expected rsi(window)"),
        ("obv(3)", "expected obv, which takes nothing"),
        ("rsi(", "expected words like rsi(14)"),
        ("macd(26,12)", "window_fast=26: expected less than window_slow=12"),
        ("bollinger(20,nan)", "window_dev='nan': expected a number"),
        ("<b>", "expected words like"),
    ],
)
def test_a_wrong_word_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse(text)


def test_every_indicator_has_a_word_of_its_own() -> None:
    found = [parse(name) for name in indicators()]
    assert [one.declared.name for one in found] == list(indicators())
    assert len({one.label for one in found}) == len(found)


def test_words_may_be_joined_and_each_counts_once() -> None:
    chosen, problems = parse_all(["rsi(14),macd(12,26,9)", "rsi", "", "nope(1),ema(20)"])
    assert [one.word for one in chosen] == ["rsi(14)", "macd(12,26,9)", "ema(20)"]
    assert len(problems) == 1
    assert "'nope' is unknown" in problems[0]


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_an_indicator_or_a_problem(text: str) -> None:
    chosen, problems = parse_all([text])
    assert all(parse(one.word) == one for one in chosen)
    assert all(problems)


def test_columns_stand_beside_the_candles() -> None:
    frame = walk(60)
    frame["method"] = "observed"
    found = columns(parse_all(["rsi(14),macd,adx(50)"])[0], frame, "1h")  # adx has too few candles
    assert list(found.columns) == [
        "rsi(14)",
        "rsi(14) repaired",
        "macd(12,26,9)",
        "macd(12,26,9) signal",
        "macd(12,26,9) histogram",
        "macd(12,26,9) repaired",
    ]
    assert found.index.equals(frame.index)
    expected = compute(frame, "rsi", window=14)["rsi"]
    pd.testing.assert_series_equal(found["rsi(14)"].dropna(), expected, check_names=False, check_freq=False)
