"""The simulated market: a pure function of seed, symbol and time, whole from the minute to the week."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lab.market import DAY, GENESIS, MINUTE, Bars, Market, listings
from core.lab.noise import key, walk

NOW = 1_770_000_025.5
BIG = {one.symbol: one for one in listings("big", 0.4, ("USD", "USDT", "USDC", "EUR", "BTC", "ETH"))}
SMALL = {one.symbol: one for one in listings("small", 0.004, ("USD", "USDT", "EUR", "BTC"))}
MARKET = Market(7)


def rows(bars: Bars):
    return list(
        zip(
            *(getattr(bars, name).tolist() for name in ("time", "open", "high", "low", "close", "volume")),
            strict=True,
        )
    )


def aggregate(bars: Bars, step: int, anchor: int = 0):
    """The obvious way, one candle at a time."""
    found: dict[int, list[float]] = {}
    for moment, o, h, low, c, v in rows(bars):
        opened = (moment - anchor) // step * step + anchor
        if opened in found:
            one = found[opened]
            one[1], one[2], one[3], one[4] = max(one[1], h), min(one[2], low), c, one[4] + v
        else:
            found[opened] = [o, h, low, c, v]
    return found


def agree(coarse: Bars, fine: dict[int, list[float]]):
    assert [row[0] for row in rows(coarse)] == list(fine)
    for moment, *prices, volume in rows(coarse):
        assert prices == fine[moment][:4]
        assert volume == pytest.approx(fine[moment][4], rel=1e-12)


@given(st.integers(0, 2**31), st.integers(1, 400), st.integers(0, 300), st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_noise_depends_on_its_own_minute_alone(first, length, skip, width):
    whole = walk(key(1, "x"), first, first + length + skip + width, 1e-3)
    part = walk(key(1, "x"), first + skip, first + skip + width, 1e-3)
    assert whole[skip : skip + width].tolist() == part.tolist()


def test_noise_stays_within_its_bound_and_wanders():
    curve = walk(key(7, "market"), 0, 3_000_000, 5e-4)
    assert np.abs(curve).max() < 5e-4 * 2**11
    minute, day = np.std(np.diff(curve)), np.std(np.diff(curve[::1440]))
    assert 15 < day / minute < 60  # near the square root of 1440


def test_the_same_seed_is_the_same_market_and_another_is_not():
    ask = (BIG["ETH/USDT"], 3600, NOW // 3600 * 3600 - 99 * 3600, NOW, NOW)
    assert rows(Market(7).bars(*ask)) == rows(MARKET.bars(*ask))
    assert rows(Market(8).bars(*ask)) != rows(MARKET.bars(*ask))


@pytest.mark.parametrize("symbol", ["BTC/USDT", "ADA/EUR", "XRP/BTC", "TRX/EUR"])
@pytest.mark.parametrize("venue", [BIG, SMALL], ids=["big", "small"])
@pytest.mark.parametrize(
    ("step", "anchor"), [(180, 0), (3600, 0), (DAY, 0), (3 * DAY, 0), (7 * DAY, 4 * DAY)]
)
def test_coarse_candles_are_their_minutes(symbol, venue, step, anchor):
    if symbol not in venue:
        pytest.skip("not listed there")
    newest = (int(NOW) - anchor) // step * step + anchor
    first = newest - 2 * step
    minutes = MARKET.bars(venue[symbol], MINUTE, first, NOW, NOW)
    agree(MARKET.bars(venue[symbol], step, first, NOW, NOW), aggregate(minutes, step, anchor))


def test_days_remembered_are_the_days_computed():
    first = NOW // DAY * DAY - 400 * DAY
    listing = BIG["SOL/USDT"]
    market = Market(3)
    cold, warm = market.bars(listing, DAY, first, NOW, NOW), market.bars(listing, DAY, first, NOW, NOW)
    assert rows(cold) == rows(warm)
    one = [
        rows(Market(3).bars(listing, DAY, first + k * DAY, first + (k + 1) * DAY, NOW))[0]
        for k in (0, 63, 399)
    ]
    assert one == [rows(cold)[k] for k in (0, 63, 399)]


@pytest.mark.parametrize("symbol", ["BTC/USDT", "DOT/EUR"])
def test_the_open_candle_only_widens_and_ends_as_the_closed_one(symbol):
    listing, opened = BIG[symbol], int(NOW // 3600 * 3600)
    before = None
    for second in np.linspace(0, 3600, 241):
        (row,) = rows(MARKET.bars(listing, 3600, opened, opened + 1, opened + second))
        _, o, h, low, c, v = row
        assert low <= min(o, c) <= max(o, c) <= h
        if before is not None:
            assert o == before[1]
            assert h >= before[2]
            assert low <= before[3]
            assert v >= before[5]
        before = row
    assert before == rows(MARKET.bars(listing, 3600, opened, opened + 1, opened + 7200))[0]


def test_what_was_shown_within_a_minute_fits_the_closed_minute():
    opened = int(NOW // 60 * 60)
    _, o, h, low, c, _ = rows(MARKET.bars(BIG["BTC/USDT"], 60, opened, opened + 1, opened + 60))[0]
    seen = [MARKET.last(BIG["BTC/USDT"], opened + k / 10) for k in range(600)]
    assert seen[0] == o
    assert abs(seen[-1] - c) <= (h - low) * 0.1 + 0.01
    assert low <= min(seen)
    assert max(seen) <= h
    assert len(set(seen)) > 100  # it moves with the clock


def test_each_candle_opens_where_the_last_one_closed():
    bars = MARKET.bars(SMALL["TRX/EUR"], MINUTE, NOW // 60 * 60 - 3000 * 60, NOW, NOW)
    assert bars.open[1:].tolist() == bars.close[:-1].tolist()


def test_thin_pairs_have_quiet_minutes_that_are_flat_and_busy_ones_have_none():
    first = NOW // 60 * 60 - 2000 * 60
    thin, busy = (
        MARKET.bars(one, MINUTE, first, NOW - 60, NOW) for one in (SMALL["TRX/EUR"], BIG["BTC/USDT"])
    )
    quiet = thin.volume == 0
    assert 0.2 < quiet.mean() < 0.7
    assert np.array_equal(thin.high[quiet], thin.low[quiet])
    assert not thin.trades[quiet].any()
    assert (thin.trades[~quiet] > 0).all()
    assert (busy.volume > 0).all()


def test_venues_differ_by_a_small_smooth_basis():
    first = NOW // 60 * 60 - 5000 * 60
    here, there = (MARKET.bars(one["BTC/USD"], MINUTE, first, NOW, NOW) for one in (BIG, SMALL))
    basis = np.log(here.close / there.close) * 1e4
    lively = there.volume > 0
    assert np.abs(basis[lively]).max() < 6
    assert np.abs(basis).max() > 0.2
    assert np.abs(np.diff(basis[lively])).max() < 1.5
    assert here.volume.sum() > 20 * there.volume.sum()


def test_a_dollar_is_not_a_tether():
    first = NOW // 3600 * 3600 - 2000 * 3600
    usd, usdt = (MARKET.bars(BIG[name], 3600, first, NOW, NOW) for name in ("BTC/USD", "BTC/USDT"))
    premium = np.log(usdt.close / usd.close) * 1e4
    assert 1 < np.std(premium) < 40
    assert np.abs(premium).max() < 60


def test_crosses_agree_with_their_legs():
    direct = MARKET.last(BIG["ETH/BTC"], NOW)
    legs = MARKET.last(BIG["ETH/USD"], NOW) / MARKET.last(BIG["BTC/USD"], NOW)
    assert direct == pytest.approx(legs, rel=2e-3)


def test_the_rolling_day_is_its_minutes():
    listing = BIG["LINK/USDT"]
    day = MARKET.rolling(listing, 1440, NOW)
    minutes = MARKET.bars(listing, MINUTE, NOW // 60 * 60 - 1439 * 60, NOW, NOW)
    assert len(minutes) == 1440
    assert day.open[0] == minutes.open[0]
    assert day.close[0] == minutes.close[-1] == MARKET.last(listing, NOW)
    assert (day.high[0], day.low[0]) == (minutes.high.max(), minutes.low.min())
    assert day.volume[0] == pytest.approx(minutes.volume.sum(), rel=1e-12)


@pytest.mark.parametrize("symbol", ["BTC/USDT", "XRP/BTC", "DOGE/EUR"])
def test_books_are_ordered_do_not_cross_and_stand_at_the_last_price(symbol):
    listing = BIG[symbol]
    book = MARKET.book(listing, NOW, 300)
    bids, asks = [price for price, _ in book.bids], [price for price, _ in book.asks]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert bids[0] <= MARKET.last(listing, NOW) <= asks[0]
    assert bids[0] < asks[0]
    assert min(bids) > 0
    assert all(size > 0 for _, size in (*book.bids, *book.asks))
    assert len(asks) == 300
    assert MARKET.book(listing, NOW, 5).asks == book.asks[:5]


def test_there_is_nothing_before_the_market_opened_nor_after_now():
    bars = MARKET.bars(BIG["BTC/USD"], DAY, GENESIS - 5 * DAY, GENESIS + 2 * DAY, NOW)
    assert bars.time.tolist() == [GENESIS, GENESIS + DAY]
    assert not len(MARKET.bars(BIG["BTC/USD"], DAY, NOW // DAY * DAY + DAY, NOW + 9 * DAY, NOW))
    assert not len(MARKET.bars(BIG["BTC/USD"], DAY, 0, 1e9, 1e9))


def test_every_number_is_finite_positive_and_on_its_tick():
    for symbol, listing in BIG.items():
        bars = MARKET.bars(listing, 3600, NOW // 3600 * 3600 - 50 * 3600, NOW, NOW)
        assert (bars.low > 0).all(), symbol
        for prices in (bars.open, bars.high, bars.low, bars.close):
            assert all(float(f"{price:.{listing.digits}f}") == price for price in prices.tolist()), symbol
        assert np.isfinite(bars.turnover).all()
        mean = bars.turnover / bars.volume
        assert ((mean >= bars.low * (1 - 1e-9)) & (mean <= bars.high * (1 + 1e-9))).all(), symbol


@pytest.mark.parametrize(("step", "count", "most"), [(3600, 500, 0.1), (DAY, 1000, 1.0)])
def test_candles_come_quickly(step, count, most):
    took = []
    for seed in range(3):  # each a market that remembers nothing
        market, first = Market(seed), NOW // step * step - (count - 1) * step
        started = time.thread_time()  # not what others take of the processor
        assert len(market.bars(BIG["ETH/EUR"], step, first, NOW, NOW)) == count
        took.append(time.thread_time() - started)
    assert min(took) < most
