"""The indicator engine behind the same path as every provider."""

import pytest

from core import AsyncHub, NoAnswer, Settings
from core.engine.codec import Entry, decode, encode
from core.market import Summary

pytestmark = pytest.mark.looptime


@pytest.fixture
def hub(tmp_path):
    return AsyncHub(Settings(mode="lab", data_dir=tmp_path))


async def test_it_answers_with_signals_and_says_what_they_rest_on(hub):
    async with hub:
        answer = await hub.technical("BTC/USDT", "1h")
        candles = await hub.candles("BTC/USDT", "1h", limit=500)
        again = await hub.technical("BTC/USDT", "1h")
        health = await hub.health()
    assert (answer.source, answer.host, answer.tier, answer.lab) == ("indicators", "local", "primary", True)
    assert isinstance(answer.value, Summary)
    assert answer.value.signals
    assert all(signal.reason for signal in answer.value.signals)
    assert any("500 1h candles of binance" in note for note in answer.notes)
    assert candles.tier == "cache"  # one fetch served both
    assert (again.tier, again.value) == ("cache", answer.value)
    assert health.endpoints["indicators/technical@local"].state == "healthy"


async def test_without_candles_it_says_why_and_bears_no_blame(hub):
    async with hub:
        hub.lab.inject(None, "status:500")
        with pytest.raises(NoAnswer) as caught:
            await hub.technical("BTC/USDT", "1h")
        assert "no candles to work on" in str(caught.value)
        assert "binance" in str(caught.value)
        entry = (await hub.health()).endpoints["indicators/technical@local"]
        assert (entry.errors, entry.circuit) == (0, "closed")


async def test_it_can_be_isolated_like_any_other(hub):
    async with hub:
        await hub.isolate("indicators", "testing")
        with pytest.raises(NoAnswer, match="isolated"):
            await hub.technical("BTC/USDT")


async def test_a_summary_survives_the_cache(hub):
    async with hub:
        answer = await hub.technical("ETH/USDT", "4h")
    entry = Entry(answer.value, "indicators", "local", 0.0, 1.0, (), ())
    assert decode(encode(entry)).value == answer.value


async def test_bad_arguments_are_named(hub):
    async with hub:
        with pytest.raises(ValueError, match="interval='7m'"):
            await hub.technical("BTC/USDT", "7m")
