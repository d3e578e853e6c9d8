"""Lists of symbols: fetched when they are due, kept, and what they rule out."""

import asyncio
import json

import httpx
import pytest
from fakes import KRAKEN, hang, ok, refuse, status

from core import AsyncHub, NoAnswer, Settings
from core.engine.guard import LISTED_FOR
from core.engine.listings import AGAIN, dump, load

pytestmark = pytest.mark.looptime

LISTS = {
    "/api/v3/exchangeInfo": {
        "symbols": [
            {"status": "TRADING", "baseAsset": base, "quoteAsset": "USDT"} for base in ("BTC", "PEPE", "ETH")
        ]
    },
    "/0/public/AssetPairs": {
        "error": [],
        "result": {"XBTUSDT": {"wsname": "XBT/USDT"}, "X": {"wsname": "XBT/USD"}},
    },
    "/products": [{"id": "BTC-USD", "base_currency": "BTC", "quote_currency": "USD"}],
}


@pytest.fixture
def lists(venues):
    """Every venue answers its list, and all else as before."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path in LISTS:
            asked.append(request.url.host)
            return ok(LISTS[request.url.path])
        return venues.good(request)

    venues.everywhere(answer)
    return asked


async def refused(hub, symbol, **how):
    """Provider → outcome and reason of a price that nobody has."""
    with pytest.raises(NoAnswer) as caught:
        await hub.price(symbol, **how)
    return {attempt.provider: (attempt.outcome, attempt.reason) for attempt in caught.value.attempts}


async def test_lists_are_fetched_once_a_day(open_hub, lists):
    async with open_hub() as hub:
        found = await hub.symbols("PEPE")
        assert [market.symbol for market in found] == ["PEPE/USDT"]
        assert str(found) == "not listed at kraken and coinbase; binance has it"
        assert (found.notes, found.lab) == ((), False)
        assert len(lists) == 3
        await hub.symbols("BTC")
        assert len(lists) == 3
        await asyncio.sleep(LISTED_FOR + 1)
        await asyncio.gather(hub.symbols("BTC"), hub.symbols("ETH"))
        assert len(lists) == 6


async def test_before_any_list_the_main_markets_are_known_and_rule_nobody_out(open_hub, venues):
    venues.everywhere(refuse)
    async with open_hub() as hub:
        found = await hub.symbols("SOL/USDT")
        assert found.providers_of("SOL/USDT") == ("binance", "kraken", "coinbase")
        assert found.lacks == ()
        assert all("its list could not be fetched" in note for note in found.notes)
        venues.everywhere(venues.good)
        await asyncio.sleep(400)
        assert (await hub.price("NOTSHIPPED/USDT")).source == "binance"


async def test_what_is_not_on_a_list_is_not_asked_for(open_hub, lists, venues):
    async with open_hub() as hub:
        assert (await hub.price("FOO/USDT")).source == "binance"  # no list yet: nobody is ruled out
        await hub.symbols("FOO")
        sent = venues.count()
        attempts = await refused(hub, "FOO/USDT", refresh=True, providers=("kraken", "binance"))
        assert attempts["kraken"] == ("skipped_unserved", "Kraken does not list FOO/USDT")
        assert attempts["binance"] == ("skipped_unserved", "Binance does not list FOO/USDT")
        assert venues.count() == sent
        answer = await hub.price("PEPE/USDT", providers=("kraken", "binance"))
        assert [(a.provider, a.outcome) for a in answer.attempts] == [
            ("kraken", "skipped_unserved"),
            ("binance", "ok"),
        ]


async def test_a_range_that_has_ended_is_asked_for_all_the_same(open_hub, lists):
    async with open_hub() as hub:
        await hub.symbols("GONE")
        answer = await hub.candles("GONE/USDT", "1h", start="2026-05-01", end="2026-05-02")
        assert answer.source == "binance"
        with pytest.raises(NoAnswer):
            await hub.candles("GONE/USDT", "1h")


async def test_after_a_day_and_after_a_reset_a_list_rules_nobody_out(open_hub, lists):
    async with open_hub() as hub:
        await hub.symbols("FOO")
        await hub.reset("binance")
        assert (await hub.price("FOO/USDT")).source == "binance"
        await hub.symbols("FOO")
        await refused(hub, "BAR/USDT")
        await asyncio.sleep(LISTED_FOR + 1)
        assert (await hub.price("BAR/USDT")).source == "binance"


async def test_a_failed_refresh_keeps_the_old_list(open_hub, lists, venues):
    async with open_hub() as hub:
        await hub.symbols("PEPE")
        await asyncio.sleep(LISTED_FOR + 1)
        venues.on("kraken", status(500))
        found = await hub.symbols("BTC")
        assert any(note.startswith("kraken: its list could not be fetched: HTTP 500") for note in found.notes)
        assert found.providers_of("BTC/USD") == ("kraken", "coinbase")
        asked = venues.count(KRAKEN)
        await hub.symbols("BTC")
        assert venues.count(KRAKEN) == asked  # not again at once
        venues.on("kraken", None)
        await asyncio.sleep(AGAIN)
        await hub.symbols("BTC")
        assert venues.count(KRAKEN) == asked + 1


async def test_a_list_without_the_check_symbol_is_not_believed(open_hub, lists, venues):
    venues.on("kraken", lambda _: ok({"error": [], "result": {"A": {"wsname": "ETH/USD"}}}))
    async with open_hub() as hub:
        found = await hub.symbols("BTC")
        assert "BTC/USD, its own check symbol, is not in the list" in " ".join(found.notes)
        assert "kraken" in found.has


async def test_a_refusal_is_kept_to(open_hub, lists, venues):
    venues.on("kraken", status(429, {"retry-after": "900"}))
    async with open_hub() as hub:
        await hub.symbols("BTC")
        asked = venues.count(KRAKEN)
        assert (await refused(hub, "BTC/GBP", providers=("kraken",)))["kraken"][0] == "skipped_cooling"
        await asyncio.sleep(AGAIN + 1)
        found = await hub.symbols("BTC")
        assert "rests at its own wish" in " ".join(found.notes)
        assert venues.count(KRAKEN) == asked


async def test_nobody_waits_for_a_slow_list(open_hub, lists, venues):
    venues.on("kraken", hang)
    async with open_hub() as hub:
        start = asyncio.get_running_loop().time()
        found = await hub.symbols("PEPE", deadline=2)
        assert asyncio.get_running_loop().time() - start == pytest.approx(2, abs=0.1)
        assert found.notes == ("kraken: its list is still being fetched",)
        assert found.has == ("binance", "kraken")  # by its main markets


async def test_isolated_venues_are_left_alone(open_hub, lists, venues):
    async with open_hub() as hub:
        await hub.isolate("kraken", "a look at its fees")
        found = await hub.symbols("BTC")
        assert KRAKEN not in lists
        assert "api.kraken.com is isolated" in " ".join(found.notes)


async def test_lists_survive_a_restart_and_rubbish_does_not(open_hub, lists, tmp_path):
    async with open_hub() as hub:
        await hub.symbols("PEPE")
    async with open_hub() as hub:
        await refused(hub, "FOO/USDT")
        assert (await hub.symbols("PEPE")).lacks == ("kraken", "coinbase")
        assert len(lists) == 3
    file = tmp_path / "live" / "symbols.json"
    for text in (
        "{",
        "[]",
        '{"version": 9}',
        '{"version": 1, "lists": {"kraken": {"at": 1, "symbols": ["<b>"]}}}',
    ):
        file.write_text(text)
        async with open_hub() as hub:
            assert (await hub.price("FOO/USDT")).source == "binance"


async def test_arguments(open_hub):
    async with open_hub() as hub:
        with pytest.raises(ValueError, match="limit=0"):
            await hub.symbols("BTC", limit=0)


def test_lists_come_back_as_they_were():
    listed = {"kraken": (frozenset({"BTC/USD", "ETH/USD"}), 1.5e9), "gone": (frozenset({"A/B"}), 1.0)}
    document = json.loads(json.dumps(dump(listed)))
    assert load(document, ["kraken", "binance"]) == {"kraken": listed["kraken"]}


async def test_in_the_lab_every_exchange_answers_its_list(clock, tmp_path):
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path), clock=clock) as hub:
        found = await hub.symbols("BTC/USDT")
        assert found.lab
        assert found.notes == ()
        exchanges = {
            provider.id
            for provider in hub.catalog.values()
            if provider.kind == "exchange" and "USDT" in (provider.quotes or ("USDT",))
        }
        assert exchanges <= {*found.has, *found.lacks}
        assert set(found.lacks) & exchanges <= {"luno"}
        assert not set(found.unsure) & exchanges
        attempts = await refused(hub, "NOSUCHCOIN/USDT")
        assert {attempts[name][0] for name in exchanges} == {"skipped_unserved"}
    assert (tmp_path / "lab" / "symbols.json").exists()
    assert not (tmp_path / "live").exists() or not (tmp_path / "live" / "symbols.json").exists()
