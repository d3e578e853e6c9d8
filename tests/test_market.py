"""Symbols, intervals, queries."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market import (
    INTERVALS,
    CandleQuery,
    OrderBookQuery,
    PriceQuery,
    candles_frame,
    floor_time,
    parse_symbol,
    to_datetime,
)

NOW = datetime(2026, 1, 14, 12, 34, 56, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("text", ["BTC/USDT", "btc/usdt", " BTC/usdt "])
def test_symbols_are_read(text):
    assert parse_symbol(text) == ("BTC", "USDT")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BTC",
        "BTCUSDT",
        "BTC/",
        "/USD",
        "A/B/C",
        "BTC-USD",
        "B TC/USD",
        "<b>/USD",
        "a" * 99 + "/USD",
        7,
        None,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="BASE/QUOTE"):
        parse_symbol(text)


@given(st.text(max_size=30))
def test_a_symbol_holds_letters_and_digits_or_is_refused(text):
    try:
        base, quote = parse_symbol(text)
    except ValueError:
        return
    assert (base + quote).isascii()
    assert (base + quote).isalnum()


@given(st.floats(0, 4e9), st.sampled_from(sorted(INTERVALS)))
def test_floor_is_on_the_grid(seconds, interval):
    opened = floor_time(seconds, interval)
    assert opened <= seconds < opened + INTERVALS[interval]
    assert floor_time(opened, interval) == opened
    if interval == "1w":
        assert datetime.fromtimestamp(opened, UTC).weekday() == 0


def test_moments():
    aware = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    for moment in (aware, "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T02:00+02:00", 1767225600):
        assert to_datetime(moment) == datetime(2026, 1, 1, tzinfo=UTC)
    for moment in ("soon", None, True, 1e300, float("nan")):
        with pytest.raises(ValueError, match="start="):
            to_datetime(moment, "start")


def test_span_of_the_newest():
    query = CandleQuery("BTC/USD", "1h", limit=3)
    first, stop = query.span(NOW)
    assert datetime.fromtimestamp(stop, UTC).hour == 12  # the candle open now is not wanted
    assert stop - first == 3 * 3600
    assert query.replace(include_open=True).span(NOW) == (first + 3600, stop + 3600)
    assert np.diff(CandleQuery("BTC/USD", "1h").span(NOW)) == 500 * 3600


def test_span_is_half_open_and_never_in_the_future():
    query = CandleQuery("BTC/USD", "1h", start="2026-01-14T00:30", end="2026-01-14T02:00")
    assert query.span(NOW) == (NOW // 86400 * 86400 + 3600, NOW // 86400 * 86400 + 7200)
    late = CandleQuery("BTC/USD", "1h", start="2026-01-14", end="2030-01-01")
    assert late.span(NOW)[1] == NOW // 3600 * 3600
    counted = CandleQuery("BTC/USD", "1h", start="2026-01-14", limit=2)
    assert counted.span(NOW) == (NOW // 86400 * 86400, NOW // 86400 * 86400 + 7200)
    first, stop = CandleQuery("BTC/USD", "1h", start="2029-01-01").span(NOW)
    assert first == stop


def test_every_field_is_in_the_key():
    base = CandleQuery("BTC/USD", "1h")
    others = [
        base.replace(symbol="ETH/USD"),
        base.replace(interval="1d"),
        base.replace(start="2026-01-01"),
        base.replace(end="2026-01-01"),
        base.replace(limit=500),
        base.replace(include_open=True),
        base.replace(allow_quote=("USDT",)),
        PriceQuery("BTC/USD"),
    ]
    assert len({query.key() for query in [base, *others]}) == len(others) + 1
    assert base.key() == CandleQuery("btc/usd", "1h").key()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CandleQuery("BTC/USD", "1x"), "interval='1x'"),
        (lambda: CandleQuery("BTC/USD", limit=True), "limit="),
        (lambda: CandleQuery("BTC/USD", limit=10**9), "1000000"),
        (lambda: CandleQuery("BTC/USD", allow_quote=("U$D",)), "allow_quote="),
        (lambda: OrderBookQuery("BTC/USD", depth=0), "depth="),
        (lambda: PriceQuery("BTC/USD", quorum=0), "quorum="),
    ],
)
def test_bad_fields_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_frame():
    frame = candles_frame(
        [3600, 0], {name: np.array([1.0, 2.0]) for name in ("close", "open", "low", "high")}
    )
    assert list(frame.columns) == ["open", "high", "low", "close"]
    assert frame.index.name == "time"
    assert str(frame.index.dtype) == "datetime64[ns, UTC]"
    assert list(frame.index.hour) == [1, 0]
    assert candles_frame([], {}).empty


@pytest.mark.parametrize("interval", ["1h", "1d", "1w"])
def test_no_span_begins_before_1970(interval: str) -> None:
    now = 1_790_000_000.0
    step = INTERVALS[interval]
    for query in (
        CandleQuery("BTC/USDT", interval, limit=1_000_000),
        CandleQuery("BTC/USDT", interval, start="0001-01-01"),
        CandleQuery("BTC/USDT", interval, start="1931-01-01", end="1980-01-01"),
    ):
        first, stop = query.span(now)
        assert 0 <= first < 7 * 86400
        assert floor_time(first, interval) == first
        assert (stop - first) % step == 0
    assert CandleQuery("BTC/USDT", interval, start="1900-01-01", limit=5).span(now)[0] >= 0
    assert len(set(CandleQuery("BTC/USDT", interval, end="1950-01-01").span(now))) == 1
