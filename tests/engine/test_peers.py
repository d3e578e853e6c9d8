"""Dissent: far from two others, or frozen while two others move. Never with fewer."""

from datetime import timedelta

import numpy as np
import pytest

from core.engine.peers import Peers
from core.market import CandleQuery, PriceQuery, Quote, candles_frame, to_datetime

PRICE = PriceQuery("BTC/USD")
HOURS = CandleQuery("BTC/USD", "1h", limit=5)
START = 1_780_002_000.0 // 3600 * 3600
TIME = to_datetime("2026-06-01T00:00:00Z")


def quote(price, seconds=0):
    return Quote("BTC/USD", price, time=TIME + timedelta(seconds=seconds))


def candles(close=100.0, last=0):
    closes = np.full(5, close)
    return candles_frame(
        START + 3600 * (np.arange(5) + last), dict.fromkeys(("open", "high", "low", "close"), closes)
    )


@pytest.fixture
def peers():
    return Peers(0.03)


def test_far_from_two_peers(peers):
    peers.learn("b", PRICE, quote(100.0), 0)
    assert peers.judge("a", PRICE, quote(150.0), 1) == ""  # one peer is no quorum
    peers.learn("c", PRICE, quote(101.0), 0)
    assert "off the median" in peers.judge("a", PRICE, quote(150.0), 1)
    assert peers.judge("a", PRICE, quote(102.0), 1) == ""
    assert peers.judge("a", PRICE, quote(150.0), 100) == ""  # what they said is too old


def test_other_quote_currencies_are_no_peers(peers):
    for name in "bcd":
        peers.learn(name, PRICE, quote(100.0), 0)
    assert peers.judge("a", PriceQuery("BTC/USDT"), Quote("BTC/USDT", 150.0), 1) == ""


def test_ones_own_earlier_word_is_no_peer(peers):
    peers.learn("a", PRICE, quote(100.0), 0)
    peers.learn("b", PRICE, quote(100.0), 0)
    assert peers.judge("a", PRICE, quote(150.0), 1) == ""


def test_a_frozen_price(peers):
    for n in range(4):
        for name in "bc":
            peers.learn(name, PRICE, quote(100.0, n), n)
        if n < 3:
            assert peers.judge("a", PRICE, quote(100.0), n) == ""
            peers.learn("a", PRICE, quote(100.0), n)
    assert "frozen" in peers.judge("a", PRICE, quote(100.0), 4)
    assert peers.judge("a", PRICE, quote(100.0, 9), 4) == ""


def test_a_quiet_market_is_not_a_frozen_venue(peers):
    for n in range(6):
        for name in "abc":
            assert peers.judge(name, PRICE, quote(100.0), n) == ""
            peers.learn(name, PRICE, quote(100.0), n)


def test_candles_far_and_frozen(peers):
    for name in "bc":
        peers.learn(name, HOURS, candles(100.0, last=4), 0)
    assert "close of" in peers.judge("a", HOURS, candles(130.0, last=4), 1)
    assert peers.judge("a", HOURS, candles(100.5, last=4), 1) == ""
    assert "frozen" in peers.judge("a", HOURS, candles(100.0, last=0), 1)
    assert peers.judge("a", HOURS, candles(100.0, last=1), 1) == ""  # three intervals are still allowed
    assert peers.judge("a", HOURS.replace(end=TIME), candles(100.0, last=-900), 1) == ""


def test_memory_is_bounded(peers):
    for n in range(2000):
        peers.learn("a", PriceQuery(f"A{n}/USD"), quote(1.0), 0)
    assert len(peers._subjects) == 500


def test_peers_that_contradict_each_other_outvote_nobody(peers):
    peers.learn("b", PRICE, quote(100.0), 0)
    peers.learn("c", PRICE, quote(5000.0), 0)
    assert peers.judge("a", PRICE, quote(300.0), 1) == ""
    peers.learn("d", PRICE, quote(101.0), 0)
    assert "b, d" in peers.judge("a", PRICE, quote(300.0), 1)
