"""Predictions: no look into the future, records that are measured, words that do not promise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import AsyncHub, NoAnswer, Settings
from core.answer import CallerError
from core.engine.codec import Entry, decode, encode
from core.market import PredictionQuery, candles_frame
from core.models.forecasts import FEWEST, predicted
from core.models.methods import LEARN, logistic, mean_reversion, momentum
from core.models.track import Track, tracked, verdict, wilson

METHODS = [momentum, mean_reversion, logistic]
HOUR = 3600
START = 1_780_002_000 // HOUR * HOUR


def walk(size, seed=0, drift=0.0, pull=0.0):
    """A random walk in logarithms; with ``pull`` each return undoes a share of the one before."""
    chance = np.random.default_rng(seed)
    steps = np.zeros(size)
    for at in range(1, size):
        steps[at] = drift - pull * steps[at - 1] + chance.normal(0, 0.01)
    return 100.0 * np.exp(np.cumsum(steps))


def frame(closes, times=None):
    times = START + HOUR * np.arange(len(closes)) if times is None else times
    return candles_frame(
        times, {name: np.asarray(closes, float) for name in ("open", "high", "low", "close")}
    )


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    cut=st.integers(30, 598),
    horizon=st.integers(1, 24),
    factor=st.floats(0.2, 5.0),
)
def test_whatever_comes_later_changes_nothing_said_before(method, seed, cut, horizon, factor):
    closes = walk(600, seed)
    other = closes.copy()
    other[cut + 1 :] = walk(600, seed + 1)[cut + 1 :] * factor
    before, after = method(closes, horizon), method(other, horizon)
    assert np.array_equal(before.directions[: cut + 1], after.directions[: cut + 1])
    assert np.array_equal(before.up[: cut + 1], after.up[: cut + 1], equal_nan=True)
    # Nor does it matter whether there is a later candle at all.
    alone = method(closes[: cut + 1], horizon)
    assert np.array_equal(before.directions[: cut + 1], alone.directions)


@pytest.mark.parametrize("method", METHODS)
def test_each_finds_what_it_is_made_for(method):
    closes = {
        momentum: walk(1000, 3, drift=0.004),
        mean_reversion: walk(1000, 3, pull=0.7),
        logistic: walk(1000, 3, pull=0.7),
    }[method]
    track = tracked(closes, method(closes, 1).directions, 1)
    assert track.tested > 200
    assert track.hit_rate > 0.55
    if method is not momentum:  # in a trend always saying up is as good
        assert track.hit_low > track.base_rate


@pytest.mark.parametrize("method", METHODS)
def test_on_a_coin_toss_the_interval_says_so(method):
    covers = 0
    for seed in range(20):
        closes = walk(900, 100 + seed)
        track = tracked(closes, method(closes, 1).directions, 1)
        covers += track.hit_low <= track.base_rate
    assert covers >= 17  # nothing is claimed of what cannot be foretold


def test_logistic_learns_only_from_enough():
    closes = walk(600)
    up = logistic(closes, 1).up
    first = int(np.flatnonzero(~np.isnan(up))[0])
    assert first >= LEARN
    assert np.all((up[first:] > 0) & (up[first:] < 1))


def test_a_market_that_stands_still_is_no_reason_to_break():
    closes = np.full(500, 42.0)
    for method in METHODS:
        said = method(closes, 3)
        assert not said.directions.any()
        assert tracked(closes, said.directions, 3) == Track(0, None, None, None, None)
    assert "not tested" in verdict(Track(0, None, None, None, None))


def test_overlapping_outcomes_are_counted_once():
    closes = walk(700)
    one, ten = (tracked(closes, momentum(closes, horizon).directions, horizon) for horizon in (1, 10))
    assert ten.tested <= one.tested / 10 + 1


def test_wilson_against_published_values():
    # Newcombe, Two-sided confidence intervals for the single proportion, 1998: method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@pytest.mark.parametrize(
    ("low", "high", "words"), [(0.6, 0.7, "better than"), (0.3, 0.4, "worse"), (0.45, 0.55, "no better")]
)
def test_the_record_in_words(low, high, words):
    assert words in verdict(Track(100, (low + high) / 2, low, high, 0.52))


def test_too_few_candles_is_a_clear_error():
    query = PredictionQuery("BTC/USDT", "1h", 5)
    with pytest.raises(CallerError, match=f"at least {FEWEST + 5} 1h candles in a row, got 120"):
        predicted(frame(walk(120)), query, momentum, "m")
    times = START + HOUR * np.r_[0:700, 800:900]
    with pytest.raises(CallerError, match="got 100 in the unbroken stretch of the 800"):
        predicted(frame(walk(800), times), query, momentum, "m")
    with pytest.raises(CallerError, match="no candles"):
        predicted(frame([]), query, momentum, "m")


def test_only_the_unbroken_stretch_counts():
    query = PredictionQuery("BTC/USDT", "1h")
    closes = walk(900)
    times = START + HOUR * np.r_[0:300, 400:1000]
    held = predicted(frame(closes, times), query, momentum, "m")
    alone = predicted(frame(closes[300:], times[300:]), query, momentum, "m")
    assert held == alone
    assert held.time == pd.Timestamp(times[-1] + HOUR, unit="s", tz="UTC")


@pytest.mark.looptime
async def test_through_the_hub(tmp_path):
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        answer = await hub.prediction("BTC/USDT", "1h")
        value = answer.value
        assert (answer.source, answer.lab) == ("logistic", True)
        assert value.direction in {"up", "down", "unsure"}
        assert value.hit_low <= value.hit_rate <= value.hit_high
        assert value.tested > 300
        assert 0.5 <= value.base_rate <= 1
        assert value.verdict in answer.notes[0]
        assert any("candles" in note and "binance" in note for note in answer.notes)
        others = [
            (await hub.prediction("BTC/USDT", "1h", 4, providers=(name,))).value.method
            for name in ("momentum", "mean_reversion")
        ]
        assert len({value.method, *others}) == 3
        assert decode(encode(Entry(value, "logistic", "local", 0.0, 1.0, (), ()))).value == value
        hub.lab.inject(None, "status:500")
        with pytest.raises(NoAnswer, match="no candles to work on"):
            await hub.prediction("ETH/USDT", "1h")
        entry = (await hub.health()).endpoints["logistic/ai_prediction@local"]
        assert (entry.errors, entry.circuit) == (0, "closed")
