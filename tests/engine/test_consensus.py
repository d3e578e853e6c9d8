"""A quorum: independent venues at once, their median, who dissents, and what that means for the dissenter."""

import asyncio
import statistics

import pytest
from fakes import hang, ok, status

from core import AsyncHub, NoAnswer, Settings
from core.catalog import Catalog
from core.ccxt_source import CcxtProvider
from core.engine.codec import Entry, decode, encode
from core.market import Consensus, PriceQuery, Quote

pytestmark = pytest.mark.looptime
TICKER = "binance/price@api.binance.com"


def binance_says(price):
    return lambda _: ok({"symbol": "BTCUSDT", "lastPrice": str(price), "time": 1})


async def test_three_venues_are_asked_at_once(open_hub, venues):
    async def slow(request):
        await asyncio.sleep(0.3)
        return venues.good(request)

    venues.everywhere(slow)
    async with open_hub() as hub:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await hub.price("BTC/USDT", quorum=3)
        took = loop.time() - began
        again = await hub.price("BTC/USDT", quorum=3)
        single = await hub.price("BTC/USDT")
    assert took < 0.4
    value = answer.value
    assert isinstance(value, Quote)
    assert isinstance(value, Consensus)
    assert (value.last, value.spread_pct, value.agreeing, value.dissenting) == (100.5, 0.0, 3, ())
    assert {voice.provider for voice in value.voices} == {"binance", "kraken", "coinbase"}
    assert all(voice.host and voice.price == 100.5 and voice.agrees for voice in value.voices)
    assert (answer.source, answer.tier) == ("consensus", "primary")
    assert [attempt.outcome for attempt in answer.attempts] == ["ok"] * 3
    assert (again.tier, again.value, again.attempts) == ("cache", value, answer.attempts)
    assert not isinstance(single.value, Consensus)  # another key
    assert venues.count() == 4


async def test_a_lone_dissenter_is_named_and_after_three_times_in_quarantine(open_hub, venues):
    venues.on("binance", binance_says(150))
    async with open_hub() as hub:
        for n in range(3):
            answer = await hub.price("BTC/USDT", quorum=3, refresh=True)
            assert answer.value.last == 100.5
            assert answer.value.dissenting == ("binance",)
            assert answer.value.voices[-1].off_pct == pytest.approx(49.25, abs=0.01)
            assert any("disputed: binance" in note for note in answer.notes)
            told = next(a for a in answer.attempts if a.provider == "binance")
            assert (told.outcome, "off the median" in told.reason) == ("truth", True)
            entry = (await hub.health()).endpoints[TICKER]
            assert (entry.state == "dissenting") == (n == 2), n
            assert entry.circuit == "closed"
        await hub.journal.flushed()
        events = hub.journal.events(kinds=["dissent"], limit=10)
        answer = await hub.price("BTC/USDT", quorum=3, refresh=True)
        assert "skipped_open" in [a.outcome for a in answer.attempts if a.provider == "binance"]
    assert [event.target for event in events] == [TICKER] * 3
    assert answer.value.voices[-1].host == "api1.binance.com"  # a mirror of it, for which the same holds


async def test_agreement_wears_dissent_down(open_hub, venues):
    async with open_hub() as hub:
        venues.on("binance", binance_says(150))
        await hub.price("BTC/USDT", quorum=3, refresh=True)
        venues.on("binance", None)
        for _ in range(2):
            await hub.price("BTC/USDT", quorum=3, refresh=True)
        venues.on("binance", binance_says(150))
        for _ in range(2):
            await hub.price("BTC/USDT", quorum=3, refresh=True)
        assert (await hub.health()).endpoints[TICKER].state != "dissenting"


async def test_two_that_contradict_each_other_outvote_nobody(open_hub, venues):
    venues.on("binance", binance_says(150))
    async with open_hub() as hub:
        answer = await hub.price("BTC/USDT", quorum=2, providers=("binance", "kraken"))
        assert (answer.value.agreeing, len(answer.value.dissenting)) == (0, 2)
        assert {a.outcome for a in answer.attempts} == {"ok"}


async def test_fewer_than_the_quorum_is_partial_and_says_so(open_hub, venues):
    venues.on("binance", status(500))
    async with open_hub() as hub:
        answer = await hub.price("BTC/USDT", quorum=3)
        assert len(answer.value.voices) == 2
        assert answer.value.quorum == 3
        assert "partial: 2 of the 3 independent venues asked for" in answer.notes
        assert "status" in [a.outcome for a in answer.attempts if a.provider == "binance"]


async def test_another_venue_stands_in_for_one_that_fails(open_hub, venues):
    venues.on("binance", status(500))
    async with open_hub() as hub:
        answer = await hub.price("BTC/USDT", quorum=2)
        assert {voice.provider for voice in answer.value.voices} == {"kraken", "coinbase"}
        assert answer.tier == "fallback"


async def test_a_silent_one_is_not_waited_for_beyond_its_stand_in(open_hub, venues):
    venues.on("binance", hang)
    async with open_hub() as hub:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await hub.price("BTC/USDT", quorum=2)
        assert loop.time() - began < 1.0
        assert [a.outcome for a in answer.attempts if a.provider == "binance"] == ["overtaken"]
        answer = await hub.price("BTC/USDT", quorum=3, deadline=2.0)
        assert loop.time() - began < 3.5
        assert len(answer.value.voices) == 2


async def test_nobody_at_all(open_hub, venues):
    venues.everywhere(status(500))
    async with open_hub() as hub:
        with pytest.raises(NoAnswer, match="from 3 independent venues") as caught:
            await hub.price("BTC/USDT", quorum=3)
        assert {a.provider for a in caught.value.attempts} == {"binance", "kraken", "coinbase"}


async def test_then_the_stale_cache(open_hub, venues):
    async with open_hub() as hub:
        first = await hub.price("BTC/USDT", quorum=3)
        venues.everywhere(status(500))
        await asyncio.sleep(30)
        answer = await hub.price("BTC/USDT", quorum=3)
        assert (answer.tier, answer.value) == ("stale", first.value)


async def test_aggregators_are_one_voice_and_no_quote_currency_is_mixed(tmp_path):
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        averages = ("coingecko", "coinpaprika", "coinlore", "defillama")
        answer = await hub.price("BTC/USD", quorum=4, providers=(*averages, "kraken", "gemini"))
        assert {voice.upstream for voice in answer.value.voices} == {"aggregate", "kraken", "gemini"}
        assert any("partial: 3 of the 4" in note for note in answer.notes)
        hub.lab.inject("coingecko", "status:500")
        answer = await hub.price("BTC/USD", quorum=3, providers=(*averages, "kraken", "gemini"), refresh=True)
        aggregate = next(voice for voice in answer.value.voices if voice.upstream == "aggregate")
        assert aggregate.provider in averages[1:]  # they stand in for each other
        answer = await hub.price("BTC/USDT", quorum=5)
        value = answer.value
        assert len({voice.upstream for voice in value.voices}) == 5
        assert value.last == statistics.median(voice.price for voice in value.voices)
        assert value.symbol == "BTC/USDT"
        assert answer.lab
        swapped = await hub.price("BTC/USDT", quorum=2, allow_quote="USD", providers=("gemini", "bitstamp"))
        assert any("quoted in" in note for note in swapped.notes) == (swapped.value.symbol == "BTC/USD")


def test_who_counts_once():
    catalog = Catalog.load()
    assert {catalog[name].upstream for name in ("coingecko", "coinpaprika", "coincap", "defillama")} == {
        "aggregate"
    }
    assert catalog["dexscreener"].upstream == catalog["geckoterminal"].upstream
    assert catalog["binance"].upstream != catalog["binance_us"].upstream
    assert CcxtProvider("gate", 1.0, lambda: 0.0).upstream == catalog["gateio"].upstream
    assert CcxtProvider("kraken", 1.0, lambda: 0.0).upstream == "kraken"


def test_it_survives_the_cache():
    from core.market import Voice, to_datetime

    time = to_datetime(1_780_000_000)
    voices = (Voice("kraken", "api.kraken.com", "kraken", 100.0, 0.0, True, time),)
    value = Consensus("BTC/USD", 100.0, quorum=2, agreeing=1, dissenting=("x",), voices=voices, time=time)
    assert decode(encode(Entry(value, "consensus", "", 0.0, 1.0, (), ()))).value == value


@pytest.mark.parametrize("quorum", [0, 21, True, 2.5])
def test_an_impossible_quorum_is_named(quorum):
    with pytest.raises(ValueError, match="quorum="):
        PriceQuery("BTC/USDT", quorum=quorum)


async def test_a_spike_in_the_lab_is_a_dissent(tmp_path):
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        hub.lab.inject("kraken", "spike")
        for _ in range(3):
            answer = await hub.price("BTC/USD", quorum=3, refresh=True)
            assert answer.value.dissenting == ("kraken",)
        assert (await hub.health()).endpoints["kraken/price@api.kraken.com"].state == "dissenting"
        answer = await hub.price("BTC/USD", quorum=3, refresh=True)
        assert (len(answer.value.voices), answer.value.dissenting) == (3, ())
