"""Indicators in figures: aligned with the candles, gold where repaired, and honest about what is missing."""

import base64
import json
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from core import charts
from core.charts import GOLD
from core.charts.indicators import MATTERS, PANES, Overview, overview
from core.chosen import parse_all
from core.indicators import compute, indicators
from core.market import candles_frame


def walk(rows: int, seed: int = 1, *, volume: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.01, rows))), 2)
    columns = {"open": close, "high": close + 1, "low": close - 1, "close": close}
    if volume:
        columns["volume"] = rng.uniform(1, 9, rows)
    return candles_frame(1_700_438_400 + np.arange(rows) * 3600, columns)


def drawn(frame: pd.DataFrame, words: str, since: int = 0, most: int = charts.VISIBLE) -> Overview:
    last = charts.last_rows(frame.iloc[since:], "1h", most) + since
    return overview(parse_all([words])[0], frame, "1h", last, since)


def figure(frame: pd.DataFrame, words: str, since: int = 0) -> go.Figure:
    over = drawn(frame, words, since)
    return charts.candle_figure(frame.iloc[since:], "BTC/USDT", "1h", view="v", over=over)


def numbers(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)


def test_overlays_on_the_price_and_panes_below_on_one_time_axis() -> None:
    shown = figure(walk(100), "ema(20),rsi(14),macd")
    axes = {trace.name: trace.yaxis for trace in shown.data}
    assert axes["EMA(20)"] == "y"
    assert axes["RSI(14)"] == "y3"
    assert axes["MACD(12, 26, 9)"] == "y4"
    assert {trace.xaxis for trace in shown.data} == {None}  # all of them the first
    assert shown.layout.xaxis.anchor == "y4"
    for trace in shown.data:
        assert list(trace.x) == list(shown.data[0].x)
    stack = [shown.layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3", "yaxis4")]
    for upper, lower in pairwise(stack):
        assert upper[0] > lower[1]
    assert stack[0][1] == 1
    assert stack[-1][0] == pytest.approx(0)


def test_the_price_keeps_its_height_whatever_is_below() -> None:
    def height(shown: go.Figure) -> float:
        margin = shown.layout.margin
        low, high = shown.layout.yaxis.domain
        return (high - low) * (shown.layout.height - margin.t - margin.b)

    frame = walk(100)
    assert height(figure(frame, "")) == pytest.approx(height(figure(frame, "rsi,macd,ema,atr")))


def test_values_are_those_of_the_whole_series_and_the_chart_shows_the_window() -> None:
    frame = walk(400)
    shown = figure(frame, "rsi(14)", since=300)
    trace = next(trace for trace in shown.data if trace.name == "RSI(14)")
    assert len(trace.x) == 100
    np.testing.assert_allclose(numbers(trace.y), compute(frame, "rsi")["rsi"].iloc[-100:])


def test_of_candles_drawn_as_one_the_last_value_counts() -> None:
    frame = walk(400)
    window = frame.iloc[100:]
    candles, per = charts.visible(window, "1h", 50)
    assert per == 6
    over = drawn(frame, "sma(20)", 100, 50)
    values = over.overlays[0].outputs["sma"]
    assert len(values) == len(candles)
    means = compute(frame, "sma", window=20)["sma"]
    for opened, value in zip(candles.index, values, strict=True):
        inside = means[(means.index >= opened) & (means.index < opened + pd.Timedelta(hours=per))]
        inside = inside[inside.index >= window.index[0]]
        assert value == inside.iloc[-1]


def test_last_rows_are_those_of_the_candles_drawn() -> None:
    frame = walk(403).drop(walk(403).index[[50, 51, 52, 53, 54, 55, 56, 57, 120]])
    shown, _ = charts.visible(frame, "1h", 40)
    last = charts.last_rows(frame, "1h", 40)
    assert frame["close"].to_numpy()[last].tolist() == shown["close"].tolist()
    assert charts.last_rows(frame.iloc[:0], "1h").tolist() == []


def repaired(rows: int = 200, at: slice = slice(120, 124)) -> pd.DataFrame:
    frame = walk(rows)
    method = np.full(rows, "observed", dtype=object)
    method[at] = "finer"
    frame["method"] = method
    return frame


@pytest.mark.parametrize("name", [*indicators()])
def test_gold_is_where_it_rests_on_repaired_candles_and_nowhere_else(name: str) -> None:
    (one,) = parse_all([name])[0]
    frame = repaired()
    share = one.compute(frame, "1h")["repaired"].reindex(frame.index).fillna(0).to_numpy()
    over = drawn(frame, name)
    assert over.gold == (share >= MATTERS).any()
    golden = [trace for trace in figure(frame, name).data if GOLD in trace.to_plotly_json().__repr__()]
    assert golden
    for trace in golden:
        if trace.type == "scatter" and trace.mode == "lines":
            assert trace.line.dash == "dash"
    clean = walk(200)
    assert GOLD not in repr(figure(clean, name).to_plotly_json())
    clean["method"] = "observed"
    assert not drawn(clean, name).gold
    assert GOLD not in repr(figure(clean, name).to_plotly_json())


def test_the_gold_stretch_is_exactly_the_contaminated_one() -> None:
    frame = repaired()
    shown = figure(frame, "sma(10)")
    clean, gold, said = (trace for trace in shown.data if trace.name == "SMA(10)")
    touched = np.zeros(200, dtype=bool)
    touched[120:133] = True  # the last of four repaired candles leaves a window of ten after nine more
    assert np.isfinite(numbers(clean.y)).tolist() == [row >= 9 and not touched[row] for row in range(200)]
    assert np.flatnonzero(np.isfinite(numbers(gold.y))).tolist() == list(range(119, 134))  # joined to both
    assert (clean.hoverinfo, gold.hoverinfo) == ("skip", "skip")
    templates = list(said.hovertemplate)
    assert ["repaired" in template for template in templates] == touched.tolist()
    assert ["no value" in template for template in templates] == [row < 9 for row in range(200)]
    assert numbers(said.marker.opacity).tolist() == touched.astype(float).tolist()
    assert numbers(said.customdata)[121][0] == pytest.approx(0.2)
    assert np.isfinite(numbers(said.customdata)).all()


def test_no_other_line_is_dashed_or_gold() -> None:
    shown = figure(walk(300), ",".join(indicators()))
    for trace in shown.data:
        if trace.type == "scatter":
            assert trace.line.dash != "dash"
            color = trace.line.color or trace.marker.color
            red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
            assert not (red > 180 and green > 120 and blue < 100), color


def test_at_the_cursor_each_indicator_says_its_values_once() -> None:
    shown = figure(walk(200), "bollinger,rsi(14),macd", since=60)
    for label, count in (("Bollinger bands (20, 2)", 3), ("RSI(14)", 1), ("MACD(12, 26, 9)", 3)):
        saying = [trace for trace in shown.data if trace.name == label and trace.hovertemplate]
        assert len(saying) == 1
        assert saying[0].hovertemplate.startswith(label)
        assert saying[0].hovertemplate.count("customdata") == count
    assert shown.layout.hovermode == "x unified"


def test_too_few_candles_are_said_in_a_sentence() -> None:
    over = drawn(walk(12), "rsi(14),sma(5)")
    assert "RSI(14) needs 15 candles in a row, there are 12." in over.notes
    assert over.labels() == ["SMA(5)"]


def test_without_volume_what_needs_it_says_so() -> None:
    over = drawn(walk(50, volume=False), "obv,mfi(14)")
    assert over.notes == (
        "OBV needs volume, and these candles come without it.",
        "MFI(14) needs volume, and these candles come without it.",
    )


def test_a_flat_market_has_no_value() -> None:
    frame = walk(100)
    frame[["open", "high", "low", "close"]] = 100.0
    (note,) = drawn(frame, "rsi(14)").notes
    assert note == "RSI(14) has no value in this window: nothing moved, or candles are missing."


def test_what_has_not_settled_says_so() -> None:
    frame = walk(400)
    assert "RSI(14) is still settling" in drawn(frame.iloc[:100], "rsi(14)").notes[0]
    (note,) = drawn(frame, "rsi(14)", 100).notes
    assert note == f"RSI(14) is settled from {frame.index[294]:%d %b %Y %H:%M} UTC on."
    assert drawn(frame, "rsi(14)", 300).notes == ()
    assert "OBV counts from" in drawn(frame, "obv", 300).notes[0]


def test_more_panes_than_fit_are_named() -> None:
    over = drawn(walk(300), "rsi,macd,adx,atr,cci,roc,rsi(21)", 200)
    assert len(over.panes) == PANES
    assert [found.chosen.word for found in over.panes[0]] == ["rsi(14)", "rsi(21)"]  # they share one
    left = [note for note in over.notes if "not drawn" in note]
    assert [note.split(":")[0] for note in left] == ["CCI(20, 0.015)", "ROC(12)"]
    assert "CCI(20, 0.015)" not in over.labels()


def test_the_direction_of_psar_is_no_price() -> None:
    shown = figure(walk(100), "psar")
    stops = [trace for trace in shown.data if trace.name.startswith("PSAR")]
    assert all(trace.mode == "markers" for trace in stops)
    for trace in stops:
        values = numbers(trace.y)
        assert np.nanmin(values) > 50


def test_the_cloud_is_drawn_ahead() -> None:
    frame = walk(200)
    (found,) = drawn(frame, "ichimoku").overlays
    values = compute(frame, "ichimoku")
    assert found.outputs["span_a"][-1] == values["span_a"].iloc[-27]
    assert found.outputs["base"][-1] == values["base"].iloc[-1]


def test_zoom_belongs_to_what_is_looked_at() -> None:
    one, more = figure(walk(100), "rsi"), figure(walk(100), "macd,rsi,ema")
    assert one.layout.uirevision == more.layout.uirevision == "v"
    assert one.layout.yaxis3.uirevision == more.layout.yaxis4.uirevision  # of the RSI, wherever it stands


def test_long_legends_take_more_lines_and_none_is_too_long_for_a_phone() -> None:
    words = "sma,ema,wma,bollinger,keltner,donchian,kama,vwap"
    shown = figure(walk(100), words)
    text = shown.layout.annotations[0].text
    lines = [charts.candles._MARKUP.sub("", line) for line in text.split("<br>")]
    assert len(lines) > 3
    assert max(map(len, lines)) <= 44
    assert shown.layout.margin.t == 28 + charts.candles.LINE * (len(lines) - 1)


@pytest.mark.parametrize("name", [*indicators()])
def test_figures_hold_no_infinity_and_no_nan_in_words(name: str) -> None:
    text = figure(repaired(), name).to_json()
    told = json.loads(text, parse_constant=pytest.fail)
    for trace in told["data"]:
        for field in ("y", "customdata"):
            if isinstance(trace.get(field), dict):
                raw = base64.b64decode(trace[field]["bdata"])
                assert not np.isinf(np.frombuffer(raw, np.dtype(trace[field]["dtype"]))).any()
