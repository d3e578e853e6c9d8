"""Figures: nothing true is lost by joining candles, and every outcome can be told without its colour."""

import json
import math
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import charts
from core.answer import Attempt, Outcome
from core.market import INTERVALS, candles_frame

MONDAY = 1_700_438_400  # Monday 20 Nov 2023 00:00 UTC


def candles(rows: int, interval: str = "1h", start: int = MONDAY, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    opens, closes = rng.uniform(90, 110, rows), rng.uniform(90, 110, rows)
    return candles_frame(
        start + np.arange(rows) * INTERVALS[interval],
        {
            "open": opens,
            "high": np.maximum(opens, closes) + rng.uniform(0, 5, rows),
            "low": np.minimum(opens, closes) - rng.uniform(0, 5, rows),
            "close": closes,
            "volume": rng.uniform(0, 9, rows),
        },
    )


@given(
    rows=st.integers(1, 700),
    most=st.integers(1, 60),
    offset=st.integers(0, 50),
    interval=st.sampled_from(["1m", "1h", "1w"]),
    holes=st.sets(st.integers(0, 699), max_size=80),
)
@settings(max_examples=150, deadline=None)
def test_joined_candles_keep_every_extreme(
    rows: int, most: int, offset: int, interval: str, holes: set[int]
) -> None:
    whole = candles(rows, interval, MONDAY + offset * INTERVALS[interval])
    frame = whole.drop(whole.index[[hole for hole in holes if 0 < hole < rows]])
    shown, per = charts.visible(frame, interval, most)
    assert len(shown) <= (rows - 1) // per + 2
    assert shown.index.is_monotonic_increasing
    assert shown.index.is_unique
    assert shown["high"].max() == frame["high"].max()
    assert shown["low"].min() == frame["low"].min()
    assert shown["open"].iloc[0] == frame["open"].iloc[0]
    assert shown["close"].iloc[-1] == frame["close"].iloc[-1]
    assert math.isclose(shown["volume"].sum(), frame["volume"].sum(), rel_tol=1e-9)
    width = pd.Timedelta(seconds=INTERVALS[interval] * per)
    for opened, row in shown.iterrows():
        part = frame[(frame.index >= opened) & (frame.index < opened + width)]
        assert (row["high"], row["low"]) == (part["high"].max(), part["low"].min())
        assert (row["open"], row["close"]) == (part["open"].iloc[0], part["close"].iloc[-1])


def test_the_grid_does_not_move_as_candles_arrive() -> None:
    frame = candles(901)
    before, _ = charts.visible(frame[:900], "1h", 100)
    after, per = charts.visible(frame[:-1], "1h", 100)
    assert per == 9
    pd.testing.assert_frame_equal(before[1:-1], after[1:-1])


def test_weeks_are_joined_on_mondays() -> None:
    shown, per = charts.visible(candles(40, "1w"), "1w", 10)
    assert per == 4
    assert {opened.weekday() for opened in shown.index} == {0}


def test_few_candles_are_left_alone() -> None:
    frame = candles(2000)
    assert charts.visible(frame, "1h")[0] is frame
    assert charts.visible(candles(20_000, "1m"), "1m")[1] == 10
    assert len(charts.visible(candles(20_000, "1m"), "1m")[0]) <= 2001


def test_rising_is_hollow_and_falling_is_filled() -> None:
    trace = charts.candle_figure(candles(50), "BTC/USDT", "1h", view="v").data[0]
    assert trace.increasing.fillcolor == charts.CLEAR
    assert trace.decreasing.fillcolor == trace.decreasing.line.color
    assert trace.increasing.line.color != trace.decreasing.line.color


def test_zoom_is_kept_while_the_view_is_the_same() -> None:
    one = charts.candle_figure(candles(50), "BTC/USDT", "1h", view="BTC 1h 1w")
    more = charts.candle_figure(candles(60), "BTC/USDT", "1h", view="BTC 1h 1w")
    assert one.layout.uirevision == more.layout.uirevision == "BTC 1h 1w"


def test_without_volume_there_is_no_volume() -> None:
    figure = charts.candle_figure(candles(50).drop(columns="volume"), "BTC/USDT", "1h", view="v")
    assert [trace.type for trace in figure.data] == ["candlestick"]
    assert "volume" not in figure.to_json()


def test_no_candles_make_an_empty_figure() -> None:
    assert len(charts.candle_figure(candles(0), "BTC/USDT", "1h", view="v").data[0].x) == 0


@pytest.mark.parametrize(
    ("prices", "places"),
    [([64000.0, 64001.5], 1), ([1.0, 2.0], 0), ([0.00001234], 8), ([0.1 + 0.2], 1), ([], 0)],
)
def test_digits(prices: list[float], places: int) -> None:
    assert charts.digits(pd.Series(prices, dtype="float64")) == places


def test_every_outcome_has_a_look() -> None:
    assert set(charts.OUTCOMES) == set(get_args(Outcome))
    words = [look.word for look in charts.OUTCOMES.values()]
    assert len(set(words)) == len(words)
    by_color: dict[str, set[str]] = {}
    for look in charts.OUTCOMES.values():
        by_color.setdefault(look.color, set()).add(look.sign)
    assert {look.color for look in charts.OUTCOMES.values() if look.sign == "✕"} == {charts.VERMILION}
    assert by_color[charts.GREEN] == {"✓"}


def test_gold_is_for_repaired_data_only() -> None:
    colors = {look.color for look in charts.OUTCOMES.values()} | {charts.GREEN, charts.VERMILION}
    for color in colors:
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        assert not (red > 180 and green > 120 and blue < 100), color


def attempt(provider: str, outcome: Outcome, started: float, elapsed: float, reason: str = "") -> Attempt:
    return Attempt(provider, f"api.{provider}.com", outcome, reason, None, started, elapsed)


def test_the_waterfall_has_offsets_and_lengths() -> None:
    figure = charts.waterfall_figure(
        [
            attempt("binance", "timeout", 1000.0, 0.4),
            attempt("okx", "skipped_open", 1000.4, 0.0),
            attempt("kraken", "ok", 1000.4, 0.1),
        ]
    )
    bars, rings = figure.data
    assert np.allclose(bars.base, [0, 400, 400])
    assert np.allclose(bars.x, [400, 0, 100])
    assert list(bars.marker.color) == [charts.VERMILION, charts.CLEAR, charts.GREEN]
    assert list(rings.y) == ["2  okx"]
    texts = [note.text for note in figure.layout.annotations]
    assert texts == ["✕ timed out · 400 ms", "skipped: circuit open", "✓ answered · 100 ms"]


def test_foreign_words_are_no_markup() -> None:
    figure = charts.waterfall_figure([attempt("kraken", "payload", 0.0, 0.1, "<img src=x> & so on")])
    assert figure.data[0].customdata[0] == "kraken api.kraken.com<br>&lt;img src=x&gt; &amp; so on"


def test_no_attempts_make_an_empty_waterfall() -> None:
    json.loads(charts.waterfall_figure([]).to_json(), parse_constant=pytest.fail)
