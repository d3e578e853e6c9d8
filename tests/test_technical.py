"""The indicator engine behind the same path as every provider, and who answers in its place."""

import asyncio

import httpx
import pytest

from core import AsyncHub, NoAnswer, Settings
from core.engine.codec import Entry, decode, encode
from core.lab import Lab
from core.market import Summary

pytestmark = pytest.mark.looptime

AWAY = "taapi/technical@v2.taapi.io"


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
    assert health.endpoints[AWAY].calls == 0, "asked only when there are no candles"


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
        assert (await hub.technical("BTC/USDT")).source == "taapi"
        await hub.isolate("taapi", "testing")
        with pytest.raises(NoAnswer, match="isolated"):
            await hub.technical("ETH/USDT")


async def test_a_summary_survives_the_cache(hub):
    async with hub:
        answer = await hub.technical("ETH/USDT", "4h")
    entry = Entry(answer.value, "indicators", "local", 0.0, 1.0, (), ())
    assert decode(encode(entry)).value == answer.value


async def test_bad_arguments_are_named(hub):
    async with hub:
        with pytest.raises(ValueError, match="interval='7m'"):
            await hub.technical("BTC/USDT", "7m")


def break_candles(hub, fault, **options):
    for provider in {
        endpoint.provider for endpoint in hub.catalog.endpoints if endpoint.capability == "ohlcv"
    }:
        hub.lab.inject(f"{provider}/ohlcv", fault, **options)


async def test_without_candles_another_is_asked_and_named(hub):
    async with hub:
        break_candles(hub, "status:500")
        answer = await hub.technical("BTC/USDT", "1h")
        again = await hub.technical("BTC/USDT", "1h")
    assert (answer.source, answer.host, answer.tier, answer.lab) == ("taapi", "v2.taapi.io", "fallback", True)
    assert answer.notes == ("values of TAAPI.IO, from Binance's candles",)
    assert [(one.provider, one.outcome) for one in answer.attempts] == [
        ("indicators", "skipped_unserved"),
        ("taapi", "ok"),
    ]
    assert "no candles to work on" in answer.attempts[0].reason
    assert [one.indicator for one in answer.value.signals] == ["macd", "adx", "rsi", "cmf"]
    assert (again.tier, again.value, again.source) == ("cache", answer.value, "taapi")
    entry = Entry(answer.value, "taapi", "v2.taapi.io", 0.0, 1.0, (), ())
    assert decode(encode(entry)).value == answer.value


async def test_both_read_the_same_values_alike(hub):
    async with hub:
        own = await hub.technical("BTC/USDT", "1h")
        away = await hub.technical("BTC/USDT", "1h", providers=("taapi",))
    assert (own.source, away.source, away.tier) == ("indicators", "taapi", "primary")
    said = {one.indicator: one for one in own.value.signals}
    assert away.value.time == own.value.time
    for one in away.value.signals:
        assert one.reason == said[one.indicator].reason.partition(" It is still settling")[0]


async def test_slow_candles_are_waited_for_and_silent_ones_leave_time_for_another(hub):
    async with hub:
        break_candles(hub, "latency", seconds=3.0)
        assert (await hub.technical("BTC/USDT", "1h")).source == "indicators"
        assert (await hub.health()).endpoints[AWAY].calls == 0
        hub.lab.clear()
        break_candles(hub, "timeout")
        answer = await hub.technical("ETH/USDT", "4h", deadline=8.0)
    assert answer.source == "taapi"
    assert answer.attempts[-1].started - answer.attempts[0].started == pytest.approx(6.0, abs=0.1)


async def test_what_nobody_has_is_told_of_both(hub):
    async with hub:
        break_candles(hub, "status:500")
        with pytest.raises(NoAnswer) as caught:
            await hub.technical("BTC/USDT", "2h")
    assert "no candles to work on" in str(caught.value)
    assert "no indicators of 2h candles" in str(caught.value)


async def test_impossible_values_are_refused_and_old_ones_say_so(hub):
    async with hub:
        await hub.isolate("indicators", "testing")
        hub.lab.inject("taapi", "schema_drift")
        with pytest.raises(NoAnswer) as caught:
            await hub.technical("BTC/USDT")
        assert caught.value.attempts[-1].outcome == "payload"
        hub.lab.clear()
        hub.lab.inject("taapi", "frozen")
        await asyncio.sleep(6 * 3600)
        answer = await hub.technical("ETH/USDT", "1h")
    assert answer.notes[0] == "values of TAAPI.IO, from Binance's candles"
    assert answer.notes[-1].endswith("intervals late")


class Wire(httpx.AsyncBaseTransport):
    """The lab without candles, behind a look at what is sent; it may refuse the key in words that hold it."""

    def __init__(self):
        lab = Lab(seed=3)
        for provider in ("binance", "kraken"):
            lab.inject(f"{provider}/ohlcv", "status:500")
        self.lab, self.refuses, self.sent = lab.transport(), False, []

    async def handle_async_request(self, request):
        self.sent.append((request.url, request.headers.get("authorization"), request.content))
        if self.refuses and request.url.host == "v2.taapi.io":
            told = f"{request.headers['authorization']} is no key of ours"
            return httpx.Response(401, json={"error": told})
        return await self.lab.handle_async_request(request)


def live(tmp_path, wire):
    chosen = ("binance", "kraken", "taapi")
    return AsyncHub(Settings(mode="live", data_dir=tmp_path, providers=chosen, retries=0), transport=wire)


async def test_without_a_key_it_is_not_asked_and_the_variable_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("TAAPI_API_KEY", raising=False)
    monkeypatch.delenv("TAAPI_SECRET", raising=False)
    wire = Wire()
    async with live(tmp_path, wire) as hub:
        with pytest.raises(
            NoAnswer, match=r"needs a key: set TAAPI_API_KEY \(to be had at https://taapi.io\)"
        ):
            await hub.technical("BTC/USDT")
        (feature,) = (one for one in hub.features() if one.provider == "taapi")
    assert feature.missing
    assert "v2.taapi.io" not in {url.host for url, _, _ in wire.sent}


@pytest.mark.parametrize("variable", ["TAAPI_API_KEY", "TAAPI_SECRET"])
async def test_the_key_goes_in_the_header_alone_and_the_free_plan_is_kept(tmp_path, monkeypatch, variable):
    monkeypatch.delenv("TAAPI_API_KEY", raising=False)
    monkeypatch.setenv(variable, "MARKEDkey")
    wire = Wire()
    async with live(tmp_path, wire) as hub:
        answer = await hub.technical("BTC/USDT")
        with pytest.raises(NoAnswer, match="own quota is used up for 1"):
            await hub.technical("ETH/USDT")
        await asyncio.sleep(16)
        assert (await hub.technical("ETH/USDT")).source == "taapi"
        await asyncio.sleep(16)
        wire.refuses = True
        with pytest.raises(NoAnswer) as caught:
            await hub.technical("LTC/USDT")
        told = [repr(answer), str(caught.value), repr(hub.knobs()), repr(await hub.health())]
        told.append(repr(hub.features()))
    assert caught.value.attempts[-1].outcome == "blocked"
    assert "[key] is no key of ours" in str(caught.value)
    asked = [entry for entry in wire.sent if entry[0].host == "v2.taapi.io"]
    assert [header for _, header, _ in asked] == ["Bearer MARKEDkey"] * 3
    assert not [entry for entry in asked if "MARKED" in f"{entry[0]}{entry[2]!r}"]
    assert "MARKED" not in "".join(told)
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"MARKED" in file.read_bytes()]
