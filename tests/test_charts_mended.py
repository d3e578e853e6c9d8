"""Repairs in figures: gold for what was repaired and nothing else, shade for what stays open."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from core import charts
from core.candles import RepairPolicy, repair
from core.charts import GOLD, Repairs
from core.charts.mended import GAPS, shapes
from core.market import candles_frame

HOUR = 3600
START = 1_700_438_400


def walk(rows: int, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.004, rows))), 2)
    opens = np.append(100.0, close[:-1])
    frame = candles_frame(
        START + np.arange(rows) * HOUR,
        {
            "open": opens,
            "high": np.round(np.maximum(opens, close) * 1.002, 2),
            "low": np.round(np.minimum(opens, close) * 0.998, 2),
            "close": close,
            "volume": rng.uniform(1, 9, rows),
        },
    )
    frame.attrs = {"source": "kraken"}
    return frame


def broken(rows: int = 300) -> pd.DataFrame:
    """Three missing, one a hundred times too high, sixty missing."""
    frame = walk(rows)
    frame.iloc[90, :4] *= 100
    return frame.drop(frame.index[[20, 21, 22, *range(170, 230)]])


def figure(raw: pd.DataFrame, **policy: object) -> go.Figure:
    result = repair(raw, "1h", RepairPolicy(**policy))  # type: ignore[arg-type]
    repairs = Repairs(result.ledger, result.left_open, raw)
    return charts.candle_figure(result.frame, "BTC/USDT", "1h", view="v", repairs=repairs)


def trace(shown: go.Figure, name: str, kind: str) -> go.Candlestick:
    (found,) = (one for one in shown.data if one.name == name and one.type == kind)
    return found


def test_repaired_candles_are_a_gold_trace_of_their_own() -> None:
    raw = broken()
    shown = figure(raw)
    gold = trace(shown, "repaired", "candlestick")
    assert gold.increasing.line.color == gold.decreasing.line.color == GOLD
    whole = walk(300).index.tz_localize(None)
    assert list(pd.DatetimeIndex(gold.x)) == [*whole[20:23], whole[90]]
    assert list(trace(shown, "repaired", "scatter").x) == list(gold.x)  # told without colour too
    assert list(pd.DatetimeIndex(trace(shown, "as it was", "candlestick").x)) == [whole[90]]
    low, high = shown.layout.yaxis.range
    assert high < 2 * low  # what was a hundred times too high does not flatten the rest


def test_nothing_is_gold_where_nothing_was_repaired() -> None:
    shown = figure(walk(300))
    assert [one.type for one in shown.data] == ["candlestick", "bar"]
    assert shown.data[0].text is None
    assert not shown.layout.shapes
    assert GOLD not in shown.data[0].to_plotly_json().__repr__()
    assert set(np.unique(shown.data[1].marker.color)) <= {0, 1}


def test_at_the_cursor_stands_what_was_done_and_what_was_there() -> None:
    shown = figure(broken())
    said = trace(shown, "BTC/USDT", "candlestick").text
    assert said[0] == ""
    assert said[20].startswith("◆ repaired: on the line, source kraken<br>gap of 3: ")
    assert said[20].endswith("was: not there<br>rests on later candles")
    assert "◆ repaired: rescaled" in said[90]
    assert "was: open " in said[90]
    assert sum(bool(text) for text in said) == 4


def test_as_known_says_that_nothing_later_was_used() -> None:
    shown = figure(broken(), view="as_known")
    said = trace(shown, "BTC/USDT", "candlestick").text
    assert "carried forward" in said[20]
    assert said[20].endswith("nothing later used")


def test_open_gaps_are_shaded_in_one_list() -> None:
    raw = broken()
    (span,) = figure(raw).layout.shapes
    whole = walk(300).index.tz_localize(None)
    half = pd.Timedelta(minutes=30)
    assert (pd.Timestamp(span.x0), pd.Timestamp(span.x1)) == (whole[170] - half, whole[229] + half)
    assert span.label.text == "60 missing"


def test_hundreds_of_gaps_become_few_shapes() -> None:
    whole = walk(5000)
    gaps = pd.DataFrame(
        {"start": whole.index[5:4990:5], "end": whole.index[6:4991:5], "count": 2, "cause": "outage"}
    )
    found = shapes(gaps, whole, "1h")
    assert 0 < len(found) <= GAPS
    assert shapes(gaps[:0], whole, "1h") == []
    far = gaps.assign(start=gaps["start"] + pd.Timedelta(days=900), end=gaps["end"] + pd.Timedelta(days=900))
    assert shapes(far, whole, "1h") == []


def test_one_repaired_in_many_drawn_as_one_is_not_lost() -> None:
    raw = walk(6000)
    raw = raw.drop(raw.index[[1000, 4000, 4001]])
    shown = figure(raw)
    gold = trace(shown, "repaired", "candlestick")
    assert len(gold.x) == 2
    said = [text for text in trace(shown, "BTC/USDT", "candlestick").text if text]
    assert said == [
        "◆ 1 of 3 candles repaired: 1 on the line",
        "◆ 2 of 3 candles repaired: 2 on the line",
    ]


def test_a_volume_is_gold_only_when_it_was_not_observed() -> None:
    raw = walk(300)
    raw.iloc[90, :4] *= 100  # its volume stays
    raw = raw.drop(raw.index[20])  # written as 0
    bars = figure(raw).data
    colors = next(one for one in bars if one.type == "bar").marker.color
    assert np.flatnonzero(np.asarray(colors) == 2).tolist() == [20]


def test_foreign_words_are_no_markup() -> None:
    raw = broken()
    raw.attrs = {"source": "<b>evil</b>"}
    said = trace(figure(raw), "BTC/USDT", "candlestick").text
    assert "<b>" not in "".join(said)
    assert "&lt;b&gt;evil" in said[20]


@pytest.mark.parametrize("symbol", ["BTC/USDT", ""])
def test_figures_are_json(symbol: str) -> None:
    raw = broken()
    raw.iloc[5, 0] = np.inf
    result = repair(raw, "1h")
    shown = charts.candle_figure(
        result.frame, symbol, "1h", view="v", repairs=Repairs(result.ledger, result.left_open, raw)
    )
    json.loads(shown.to_json(), parse_constant=pytest.fail)


def test_a_price_needs_no_more_digits_for_being_repaired() -> None:
    assert figure(broken()).layout.yaxis.hoverformat == ",.2f"


def test_a_raw_series_of_any_kind_is_drawn() -> None:
    raw = walk(40)
    twice = pd.concat([raw.iloc[:20], raw.iloc[18:]])  # two candles doubled
    assert len(charts.candle_figure(twice, "", "1h", view="v").data[0].x) == 42
    far = raw.copy()
    far.index = far.index[:-1].as_unit("us").append(pd.DatetimeIndex(["4821-12-26"], tz="UTC").as_unit("us"))
    result = repair(far, "1h")
    shown = charts.candle_figure(
        result.frame, "", "1h", view="v", repairs=Repairs(result.ledger, result.left_open, far)
    )
    json.loads(shown.to_json(), parse_constant=pytest.fail)
