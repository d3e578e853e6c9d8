"""An interval that a venue lacks is built from a finer one, after those who have it, and the answer says so."""

import pytest
from fakes import EPOCH, hang, ok, status

from core.answer import NoAnswer
from core.candles.aggregate import aggregate
from core.catalog import Catalog
from core.engine.build import REQUESTS_MOST, finer_interval, finer_query
from core.lab import Lab
from core.market import INTERVALS, CandleQuery, PriceQuery

CATALOG = Catalog.load()


def told(answer_or_error):
    return [(a.provider, a.outcome, a.reason) for a in answer_or_error.attempts]


@pytest.mark.looptime
async def test_a_venue_without_the_interval_builds_it_and_says_so(open_hub, venues):
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USD", "2h", limit=50, providers=["kraken"])
        again = await hub.candles("BTC/USD", "2h", limit=50, providers=["kraken"])
    assert (answer.source, answer.tier, answer.notes) == ("kraken", "primary", ("built from 1h",))
    assert told(answer) == [("kraken", "ok", "built from 1h")]
    assert len(answer.value) == 50
    assert {time.hour % 2 for time in answer.value.index} == {0}
    assert set(answer.value["volume"]) == {5.0}  # two of 2.5
    assert answer.value.attrs["interval"] == "2h"
    assert (again.tier, again.notes) == ("cache", answer.notes)
    assert venues.count() == 1


@pytest.mark.looptime
async def test_what_was_built_is_not_archived_as_the_venues_own(open_hub, venues):
    async with open_hub() as hub:
        offered = []
        hub._world.feed.offer = lambda provider, query, *_: offered.append((provider, query.interval))
        for interval in ("2h", "1h"):
            await hub.candles("BTC/USD", interval, limit=50, providers=["kraken"])
    assert offered == [("kraken", "1h")]


@pytest.mark.looptime
async def test_who_has_the_interval_is_asked_first(open_hub, venues):
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USDT", "2h", limit=50)
        assert (answer.source, answer.tier, answer.notes) == ("binance", "primary", ())
        venues.on("binance", status(500))
        answer = await hub.candles("BTC/USDT", "2h", limit=50, refresh=True)
    assert (answer.source, answer.tier, answer.notes) == ("kraken", "fallback", ("built from 1h",))
    assert {provider for provider, *_ in told(answer)[:-1]} == {"binance"}


@pytest.mark.looptime
async def test_building_comes_before_another_quote_currency(open_hub, venues):
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USD", "2h", limit=50, allow_quote=["USDT"])
        assert (answer.source, answer.notes) == ("kraken", ("built from 1h",))
        for name in ("kraken", "coinbase"):
            venues.on(name, status(500))
        answer = await hub.candles("BTC/USD", "2h", limit=50, allow_quote=["USDT"], refresh=True)
    assert answer.source == "binance"
    assert any("quoted in USDT" in note for note in answer.notes)


@pytest.mark.looptime
async def test_a_candle_whose_parts_are_not_all_there_is_left_out(open_hub, venues):
    def holes(request):
        body = venues.good(request).json()
        return ok([row for row in body if row[0] % 86400 != 3600])  # no trade between 01:00 and 02:00

    venues.on("coinbase", holes)
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USD", "2h", limit=24, providers=["coinbase"])
    left_out = "2 2h candles are left out: not all of their 1h candles are there"
    assert answer.notes == ("built from 1h", left_out)
    assert len(answer.value) == 22
    assert 0 not in {time.hour for time in answer.value.index}


@pytest.mark.looptime
async def test_the_open_candle_is_built_of_what_there_is(open_hub, venues, clock):
    async with open_hub() as hub:
        whole = await hub.candles("BTC/USD", "1w", limit=5, providers=["kraken"])
        with_open = await hub.candles("BTC/USD", "1w", limit=5, include_open=True, providers=["kraken"])
    assert (len(whole.value), len(with_open.value)) == (5, 5)
    assert {time.weekday() for time in with_open.value.index} == {0}
    week = INTERVALS["1w"]
    assert whole.value.index[-1].timestamp() + week <= EPOCH
    assert with_open.value.index[-1].timestamp() <= EPOCH < with_open.value.index[-1].timestamp() + week


@pytest.mark.looptime
async def test_pages_are_paid_for_and_hosts_are_left_alone_when_they_must(open_hub, venues):
    async with open_hub() as hub:
        limiter = hub._world.guard.limiters["coinbase"]
        before = limiter.left(hub._clock.mono())
        answer = await hub.candles("BTC/USD", "1w", limit=100, providers=["coinbase"])
        assert answer.notes == ("built from 1d",)
        assert venues.count("coinbase") == 3  # 700 days, 300 a page
        assert limiter.left(hub._clock.mono()) < before
        venues.on("coinbase", hang)
        for _ in range(3):
            with pytest.raises(NoAnswer):
                await hub.candles("BTC/USD", "2h", providers=["coinbase"], deadline=6)
        seen = venues.count("coinbase")
        with pytest.raises(NoAnswer, match="skipped_open"):
            await hub.candles("BTC/USD", "2h", providers=["coinbase"])
        assert venues.count("coinbase") == seen


@pytest.mark.looptime
async def test_shorter_history_makes_a_partial_answer(open_hub, venues):
    async with open_hub() as hub:
        answer = await hub.candles("BTC/USD", "12h", limit=500, providers=["kraken"])
    assert answer.notes[0].startswith("partial: begins ")
    assert "built from 4h" in answer.notes
    assert len(answer.value) == 239  # 720 of 4 h, which begin within a half-day


@pytest.mark.looptime
async def test_an_untrue_part_is_no_value(open_hub, venues):
    def wrong(request):
        body = venues.good(request).json()
        body[5] = [body[5][0], 98.0, 97.0, 99.0, 101.0, 2.5]  # high below low
        return ok(body)

    venues.on("coinbase", wrong)
    async with open_hub() as hub:
        with pytest.raises(NoAnswer, match="impossible candle"):
            await hub.candles("BTC/USD", "2h", limit=100, providers=["coinbase"])


def test_the_longest_part_within_reason_is_taken():
    kraken, gemini = CATALOG["kraken"], CATALOG["gemini"]
    assert finer_interval(kraken, CandleQuery("BTC/USD", "12h", limit=50), EPOCH) == "4h"
    assert finer_interval(kraken, CandleQuery("BTC/USD", "1h"), EPOCH) is None  # it has that one
    assert finer_interval(kraken, PriceQuery("BTC/USD"), EPOCH) is None
    assert finer_interval(CATALOG["coinpaprika"], CandleQuery("BTC/USD", "4h"), EPOCH) is None
    long = CandleQuery("BTC/USD", "4h", limit=40 * REQUESTS_MOST * 300)
    assert finer_interval(CATALOG["coinbase"], long, EPOCH) is None
    assert finer_interval(gemini, CandleQuery("BTC/EUR", "2h"), EPOCH) in {None, "1h"}


def test_the_finer_query_spans_the_same_time():
    for query in (CandleQuery("BTC/USD", "1w", limit=3), CandleQuery("BTC/USD", "2h", include_open=True)):
        fine = finer_query(query, "1h", EPOCH)
        first, stop = query.span(EPOCH)
        assert (fine.start.timestamp(), fine.end.timestamp(), fine.limit) == (first, stop, None)
        assert fine.span(EPOCH) == (first, min(stop, fine.span(EPOCH)[1]))


LACKING = [
    (name, interval)
    for name, provider in CATALOG.items()
    if provider.declaration.ohlcv is not None and not (provider.auth is not None and provider.auth.required)
    for interval in INTERVALS
    if finer_interval(provider, CandleQuery(provider.check_symbol, interval, limit=6), EPOCH)
]


QUICK = {("kraken", "1w"), ("coinbase", "2h"), ("bitfinex", "3m"), ("gemini", "12h"), ("coingecko", "12h")}


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("name", "interval"),
    [
        pytest.param(*pair, id="-".join(pair), marks=() if pair in QUICK else pytest.mark.slow)
        for pair in LACKING
    ],
)
async def test_every_venue_builds_what_it_lacks(name, interval, clock, tmp_path):
    """In the lab, which speaks each venue's own format: the same as its finer candles put together."""
    from core.async_hub import AsyncHub
    from core.settings import Settings

    lab = Lab(seed=7, clock=clock)
    settings = Settings(mode="live", data_dir=tmp_path, providers=(name,))
    symbol = CATALOG[name].check_symbol
    async with AsyncHub(settings, transport=lab.transport(), clock=clock) as hub:
        answer = await hub.candles(symbol, interval, limit=6)
        finer = next(note for note in answer.notes if note.startswith("built from "))[11:]
        first, last = answer.value.index[0], answer.value.index[-1]
        parts = await hub.candles(symbol, finer, start=first, end=last)
    assert len(answer.value) >= 3
    again = aggregate(parts.value, finer, interval)
    assert len(again) >= len(answer.value) - 1
    assert answer.value.loc[again.index].equals(again)
