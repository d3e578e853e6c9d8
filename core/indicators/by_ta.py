"""What ``ta`` computes both right and fast, behind guards.

Each gets a run without gaps on an index from 0 and never ``fillna``; the caller cuts what ta reports before
its windows are full, and every row that is not finite. The other indicators of ta are computed here: see
``Declaration.by`` and ``differs``.
"""

import numpy as np
import pandas as pd
from ta.others import DailyLogReturnIndicator, DailyReturnIndicator
from ta.trend import IchimokuIndicator, STCIndicator

from core.indicators.declare import Array, Columns, Declaration, fade_ema, windows
from core.indicators.series import alive

INVESTOPEDIA = "https://www.investopedia.com/"


def _plain(values: pd.Series) -> Array:
    return np.asarray(values, dtype=np.float64)


def _ichimoku(c: Columns, **settings: int) -> tuple[Array, ...]:
    found = IchimokuIndicator(pd.Series(c.high), pd.Series(c.low), **settings)
    return (
        _plain(found.ichimoku_conversion_line()),
        _plain(found.ichimoku_base_line()),
        _plain(found.ichimoku_a()),
        _plain(found.ichimoku_b()),
    )


def _stc(c: Columns, **settings: int) -> tuple[Array, ...]:
    found = _plain(STCIndicator(pd.Series(c.close), **settings).stc())
    moves = np.abs(np.diff(c.close, prepend=c.close[:1]))
    # without a move the averages only run out, and their range is rounding
    return (np.where(alive(moves, settings["window_slow"]), found, np.nan),)


def _simple_return(c: Columns) -> tuple[Array, ...]:
    return (_plain(DailyReturnIndicator(pd.Series(c.close)).daily_return()),)


def _log_return(c: Columns) -> tuple[Array, ...]:
    return (_plain(DailyLogReturnIndicator(pd.Series(c.close)).daily_log_return()),)


ICHIMOKU = Declaration(
    name="ichimoku",
    title="Ichimoku cloud",
    family="trend",
    outputs=("conversion", "base", "span_a", "span_b"),
    inputs=("high", "low"),
    overlay=True,
    by="ta",
    parameters=windows(window1=9, window2=26, window3=52),
    kernel=_ichimoku,
    least=lambda **each: max(each.values()),
    source="https://chartschool.stockcharts.com/table-of-contents/technical-indicators-and-overlays/"
    "technical-overlays/ichimoku-cloud",
    differs="The spans stand in the row that they are computed from; a chart draws them window2 rows ahead.",
)

STC = Declaration(
    name="stc",
    title="Schaff trend cycle",
    family="trend",
    outputs=("stc",),
    inputs=("close",),
    by="ta",
    memory="fading",
    parameters=windows(window_fast=23, window_slow=50, cycle=10, smooth1=3, smooth2=3),
    ascending=("window_fast", "window_slow"),
    kernel=_stc,
    least=lambda window_slow, cycle, smooth1, smooth2, **_: window_slow + 2 * cycle + smooth1 + smooth2 - 4,
    settled=lambda window_slow, cycle, smooth1, smooth2, **_: (
        window_slow + 2 * cycle + fade_ema(window_slow) + fade_ema(smooth1) + fade_ema(smooth2)
    ),
    source=INVESTOPEDIA + "articles/forex/10/schaff-trend-cycle-indicator.asp",
    differs="Undefined where the close stood still for window_slow rows; ta carries on with rounding.",
)

SIMPLE_RETURN = Declaration(
    name="simple_return",
    title="Return of one candle, %",
    family="returns",
    outputs=("simple_return",),
    inputs=("close",),
    by="ta",
    kernel=_simple_return,
    least=lambda: 2,
    source=INVESTOPEDIA + "terms/r/return.asp",
    aliases=("daily_return", "rocp"),
)

LOG_RETURN = Declaration(
    name="log_return",
    title="Logarithmic return of one candle, %",
    family="returns",
    outputs=("log_return",),
    inputs=("close",),
    by="ta",
    kernel=_log_return,
    least=lambda: 2,
    source=INVESTOPEDIA + "terms/r/return.asp",
    aliases=("daily_log_return",),
)
