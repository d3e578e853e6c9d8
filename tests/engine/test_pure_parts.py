"""Truth, completeness, freshness, classification, balance, hedges: functions of their inputs."""

import random
from datetime import UTC, datetime

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.answer import (
    BadPayload,
    CallerError,
    Forbidden,
    ProviderDown,
    Throttled,
    UnknownSymbol,
    Untrue,
)
from core.engine import truth
from core.engine.balance import PeakEwma, in_turn, p2c
from core.engine.classify import classify
from core.engine.complete import join, lateness, shortfall
from core.engine.cooldown import Cooldown, Cooldowns
from core.engine.freshness import fresh_for
from core.engine.hedge import HedgeBudget, hedge_delay
from core.market import (
    CandleQuery,
    OrderBook,
    OrderBookQuery,
    PriceQuery,
    Quote,
    Volume,
    VolumeQuery,
    candles_frame,
)

NOW = 1_780_000_200.0  # 10 minutes into an hour
HOUR = CandleQuery("BTC/USD", "1h", limit=10)
LATER = datetime.fromtimestamp(NOW + 300, UTC)


def candles(first=None, rows=10, **changes):
    start = HOUR.span(NOW)[0] if first is None else first
    columns = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 1.0}
    arrays = {name: np.full(rows, value) for name, value in columns.items()}
    for name, (row, value) in changes.items():
        arrays[name][row] = value
    return candles_frame(start + 3600 * np.arange(rows), arrays)


@pytest.mark.parametrize(
    "changes",
    [
        {"high": (3, 10.5)},
        {"low": (0, 10.5)},
        {"low": (9, 0.0)},
        {"open": (5, 13.0)},
        {"close": (5, 8.0)},
    ],
)
def test_impossible_candles(changes):
    with pytest.raises(Untrue, match="impossible candle at"):
        truth.check(HOUR, candles(**changes), NOW)


def test_possible_candles_pass():
    truth.check(HOUR, candles(), NOW)
    truth.check(HOUR, candles(rows=0), NOW)


def test_candles_from_the_future():
    with pytest.raises(Untrue, match="future"):
        truth.check(HOUR, candles(first=NOW + 7200), NOW)


@pytest.mark.parametrize(
    ("query", "value"),
    [
        (PriceQuery("BTC/USD"), Quote("BTC/USD", 0.0)),
        (PriceQuery("BTC/USD"), Quote("BTC/USD", 5.0, bid=6.0, ask=5.0)),
        (PriceQuery("BTC/USD"), Quote("BTC/USD", 5.0, bid=-1.0)),
        (PriceQuery("BTC/USD"), Quote("BTC/USD", 5.0, time=LATER)),
        (VolumeQuery("BTC/USD"), Volume("BTC/USD", 5.0, None, LATER)),
        (OrderBookQuery("BTC/USD"), OrderBook("BTC/USD", ((4.0, 1.0),), ((5.0, 1.0),), LATER)),
        (PriceQuery("BTC/USD"), Quote("BTC/USD", 5.0, ask=-1.0)),
        (PriceQuery("BTC/USD"), Quote("BTC/USD", 5.0, change_24h_pct=-294.6)),
        (OrderBookQuery("BTC/USD"), OrderBook("BTC/USD", ((6.0, 1.0),), ((5.0, 1.0),))),
        (OrderBookQuery("BTC/USD"), OrderBook("BTC/USD", ((-1.0, 1.0),), ())),
    ],
)
def test_impossible_quotes_and_books(query, value):
    with pytest.raises(Untrue):
        truth.check(query, value, NOW)


def test_possible_quotes_and_books_pass():
    truth.check(PriceQuery("BTC/USD"), Quote("BTC/USD", 4.0, bid=5.0, ask=6.0), NOW)  # a stale last trade
    truth.check(OrderBookQuery("BTC/USD"), OrderBook("BTC/USD", ((5.0, 1.0),), ((6.0, 1.0),)), NOW)
    truth.check(OrderBookQuery("BTC/USD"), OrderBook("BTC/USD", (), ()), NOW)


def test_an_old_price_says_so():
    query = PriceQuery("BTC/USD")
    for seconds, said in ((800, ""), (1000, "old: its provider dates it 2")):
        quote = Quote("BTC/USD", 5.0, time=datetime.fromtimestamp(NOW - seconds, UTC))
        truth.check(query, quote, NOW)
        assert lateness(query, quote, NOW).startswith(said)
        assert bool(lateness(query, quote, NOW)) == bool(said)
    assert lateness(query, Quote("BTC/USD", 5.0), NOW) == ""


def test_shortfall():
    first = HOUR.span(NOW)[0]
    assert shortfall(HOUR, candles(), NOW) == ""
    assert shortfall(HOUR, candles(first + 3 * 3600, 7), NOW) == ""  # the edge's slack
    assert "begins" in shortfall(HOUR, candles(first + 4 * 3600, 6), NOW)
    bounded = HOUR.replace(end=HOUR.span(NOW)[1])
    assert "ends" in shortfall(bounded, candles(first, 6), NOW)
    # Nobody knows whether the venue is quiet or frozen: a note, and no failure.
    assert shortfall(HOUR, candles(first, 6), NOW) == ""
    assert "4 intervals late" in lateness(HOUR, candles(first, 6), NOW)
    assert lateness(HOUR, candles(), NOW) == ""
    assert lateness(bounded, candles(first, 6), NOW) == ""
    assert "no candles" in shortfall(HOUR, candles(rows=0), NOW)
    assert shortfall(PriceQuery("BTC/USD"), Quote("BTC/USD", 1.0), NOW) == ""


def test_join_pages():
    first = HOUR.span(NOW)[0]
    whole = join([candles(first, 4), candles(first + 4 * 3600, 6)])
    assert len(whole) == 10
    assert len(join([candles(first, 4), candles(first + 3 * 3600, 6)])) == 9
    assert join([candles(rows=0), candles(rows=0)]).empty


def test_freshness_of_candles_lasts_until_the_next_close():
    assert fresh_for(HOUR, candles(), NOW) == pytest.approx(3600 - NOW % 3600 + 1)
    assert fresh_for(HOUR, candles(rows=9), NOW) == 10  # the venue has not published the last one
    past = CandleQuery("BTC/USD", "1h", start=NOW - 90_000, end=NOW - 50_000)
    assert fresh_for(past, candles(), NOW) == 3600
    assert fresh_for(HOUR.replace(include_open=True), candles(), NOW) == 10
    assert fresh_for(PriceQuery("BTC/USD"), None, NOW) == 5


@pytest.mark.parametrize(
    ("error", "outcome", "counts", "unreached", "retry"),
    [
        (UnknownSymbol("?"), "unknown_symbol", False, False, False),
        (CallerError("?"), "skipped_unserved", False, False, False),
        (Throttled("?"), "throttled", False, False, False),
        (Forbidden("?"), "blocked", False, False, False),
        (Untrue("?"), "truth", True, False, False),
        (BadPayload("?"), "payload", True, False, False),
        (ProviderDown("?", status=500), "status", True, False, False),
        (ProviderDown("?", status=502), "status", True, False, True),
        (TimeoutError(), "timeout", True, True, False),
        (httpx.ReadTimeout("?"), "timeout", True, True, False),
        (httpx.ConnectTimeout("?"), "timeout", True, True, False),
        (httpx.ConnectError("?"), "refused", True, True, False),
        (httpx.ReadError("?"), "refused", True, False, True),
        (httpx.RemoteProtocolError("?"), "refused", True, False, True),
    ],
)
def test_classification(error, outcome, counts, unreached, retry):
    failure = classify(error)
    assert (failure.outcome, failure.counts) == (outcome, counts)
    assert (failure.unreached, failure.retry) == (unreached, retry)
    assert failure.reason


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 1000), st.floats(0, 1000)), max_size=20))
def test_a_later_pause_never_shortens_an_earlier_one(pauses):
    cooldowns, ends, now = Cooldowns(), {}, 0.0
    for scope, passed, seconds in pauses:
        now += passed / 10
        cooldowns.add(Cooldown(scope, "throttled", "x", now + seconds))
        ends[scope] = max(ends.get(scope, 0.0), now + seconds)
    for scope, end in ends.items():
        held = cooldowns.holding([scope], now)
        assert (held.until if held else now) == (max(now, end))
    assert cooldowns.holding(["a", "b"], now + 2000) is None


def test_a_pause_that_ends_sooner_says_nothing_of_the_one_that_runs():
    cooldowns = Cooldowns()
    running = cooldowns.add(Cooldown("a", "blocked", "HTTP 451: not from here", 3600.0))
    assert cooldowns.add(Cooldown("a", "throttled", "HTTP 429", 60.0)) == running
    assert cooldowns.holding(["a"], 1.0) == running


def test_two_choices_prefer_the_lighter():
    rng = random.Random(1)
    firsts = [p2c(["slow", "fast", "middling"], [9.0, 1.0, 5.0], rng)[0] for _ in range(300)]
    assert firsts.count("slow") == 0
    assert firsts.count("fast") > firsts.count("middling") > 0
    assert sorted(p2c(["a", "b"], [1.0, 2.0], rng)) == ["a", "b"]
    assert p2c(["a"], [1.0], rng) == ["a"]


def test_in_turn():
    assert [in_turn("abc", n)[0] for n in range(4)] == ["a", "b", "c", "a"]
    assert in_turn([], 3) == []


def test_peak_ewma_jumps_up_and_decays():
    ewma = PeakEwma()
    ewma.observe(0.1, 0)
    ewma.observe(2.0, 1)
    assert ewma.load(1) == pytest.approx(2.0)
    ewma.observe(0.1, 30)
    assert ewma.load(30) < 0.3
    ewma.in_flight = 3
    assert ewma.load(30) == pytest.approx(4 * PeakEwma.load(_idle(ewma), 30))


def _idle(ewma):
    copy = PeakEwma()
    copy._seconds, copy._at = ewma._seconds, ewma._at
    return copy


def test_hedges_are_bounded():
    budget = HedgeBudget(10, 0.1)
    assert sum(budget.take() for _ in range(100)) == 10
    for _ in range(25):
        budget.earn()
    assert sum(budget.take() for _ in range(100)) == 2


def test_hedge_delay():
    assert hedge_delay(None, 0.4, 0.8) == 0.4
    assert hedge_delay(0.2, 0.4, 0.8) == pytest.approx(0.22)
    assert hedge_delay(3.0, 0.4, 0.8) == 0.8
    assert hedge_delay(0.001, 0.4, 0.8) == 0.05
    assert [hedge_delay(None, 0.4, 0.8, silent) for silent in range(4)] == [0.4, 0.2, 0.1, 0.1]
    assert hedge_delay(0.2, 0.4, 0.8, 3) == pytest.approx(0.22)
