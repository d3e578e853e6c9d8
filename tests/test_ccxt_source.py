"""Exchanges by ccxt: behind the same guard, with a stand-in for the package, and with the package over the lab."""

import asyncio
import json
import sys
import types
from importlib.machinery import ModuleSpec
from typing import ClassVar

import pytest

from core.answer import NoAnswer
from core.async_hub import AsyncHub
from core.ccxt_source import ccxt_providers
from core.lab import Lab
from core.settings import Settings, SettingsError

NOW = 1_780_000_123.0
HOUR = 3600


class Clock:
    def mono(self):
        return asyncio.get_running_loop().time()

    def now(self):
        return NOW


class BaseError(Exception):
    pass


class NetworkError(BaseError):
    pass


class RateLimitExceeded(NetworkError):
    pass


class BadSymbol(BaseError):
    pass


class AuthenticationError(BaseError):
    pass


class Fake:
    """What is used of an exchange."""

    made: ClassVar["list[Fake]"] = []
    timeframes: ClassVar[dict[str, str]] = {"1m": "1m", "1h": "60"}

    def __init__(self, config):
        self.config, self.asked, self.fails, self.closed = config, [], None, False
        self.markets = None
        self.page = 100
        Fake.made.append(self)

    async def _say(self, *what):
        self.asked.append(what)
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails
        self.markets = {"BTC/USDT": {}}

    async def fetch_ohlcv(self, symbol, interval, since, limit):
        await self._say("ohlcv", symbol, interval, since, limit)
        first = since // 1000
        last = min(int(NOW), first + (min(limit, self.page) - 1) * HOUR)
        return [[time * 1000, 10.0, 12.0, 9.0, 11.0, 2.5] for time in range(first, last + 1, HOUR)]

    async def fetch_ticker(self, symbol):
        await self._say("ticker", symbol)
        return {"last": 100.0, "bid": 99.0, "ask": 101.0, "percentage": 1.5, "baseVolume": 7.0} | {
            "quoteVolume": None,
            "timestamp": int(NOW * 1000),
        }

    async def fetch_order_book(self, symbol):
        await self._say("book", symbol)
        return {"bids": [[99.0, 1.0, 3]], "asks": [[101.0, 2.0, 1]], "timestamp": None}

    async def close(self):
        self.closed = True


@pytest.fixture
def module(monkeypatch):
    Fake.made.clear()
    package, inner = types.ModuleType("ccxt"), types.ModuleType("ccxt.async_support")
    package.__spec__ = ModuleSpec("ccxt", None)
    inner.exchanges, inner.fake = ["fake"], Fake
    monkeypatch.setitem(sys.modules, "ccxt", package)
    monkeypatch.setitem(sys.modules, "ccxt.async_support", inner)
    return inner


def settings(tmp_path, **more):
    knobs = {"mode": "live", "ccxt_exchanges": ("fake",), "providers": ("ccxt_fake",), "retries": 0}
    return Settings(data_dir=tmp_path, **knobs | more)


async def test_candles_prices_and_books(module, tmp_path):
    async with AsyncHub(settings(tmp_path), clock=Clock()) as hub:
        assert Fake.made == [], "not before it is asked"
        price = await hub.price("BTC/USDT")
        assert (price.source, price.host, price.tier) == ("ccxt_fake", "fake.ccxt", "primary")
        assert (price.value.last, price.value.change_24h_pct, price.value.volume_base) == (100, 1.5, 7)
        book = await hub.orderbook("BTC/USDT", depth=5)
        assert (book.value.bids, book.value.asks) == (((99, 1),), ((101, 2),))
        candles = await hub.candles("BTC/USDT", "1h", limit=250)
        assert len(candles.value) == 250
        assert candles.value.index[-1].timestamp() == NOW // HOUR * HOUR - HOUR
        (exchange,) = Fake.made
        assert sum(what[0] == "ohlcv" for what in exchange.asked) == 3, "page by page"
        assert exchange.config["timeout"] == 4000
        health = await hub.health()
        assert health.endpoints["ccxt_fake/price@fake.ccxt"].state == "healthy"
        for symbol, interval, says in (
            ("ETH/USDT", "1h", "does not list ETH/USDT"),
            ("BTC/USDT", "4h", "no 4h candles"),
        ):
            with pytest.raises(NoAnswer) as caught:
                await hub.candles(symbol, interval)
            assert says in caught.value.attempts[0].reason
    assert exchange.closed


async def test_its_history_fills_the_archive(module, tmp_path):
    async with AsyncHub(settings(tmp_path), clock=Clock()) as hub:
        done = await hub.backfill("BTC/USDT", "1h", NOW // HOUR * HOUR - 250 * HOUR, providers=["ccxt_fake"])
    (given,) = done.providers
    assert (given.provider, given.held, given.skipped) == ("ccxt_fake", 250, "")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (BadSymbol("fake does not have market symbol X"), "unknown_symbol"),
        (RateLimitExceeded("slow down"), "throttled"),
        (AuthenticationError("key"), "blocked"),
        (NetworkError("GET https://x"), "refused"),
        (BaseError("odd"), "status"),
    ],
)
async def test_its_errors_are_ours(module, tmp_path, error, outcome):
    async with AsyncHub(settings(tmp_path), clock=Clock()) as hub:
        await hub.price("BTC/USDT")
        Fake.made[0].fails = error
        Fake.made[0].markets = None
        with pytest.raises(NoAnswer) as caught:
            await hub.orderbook("ETH/USDT")
        assert caught.value.attempts[0].outcome == outcome
        assert str(error)[:5] in caught.value.attempts[0].reason


async def test_what_it_says_is_looked_at(module, tmp_path):
    async with AsyncHub(settings(tmp_path), clock=Clock()) as hub:
        await hub.price("BTC/USDT")
        exchange = Fake.made[0]

        async def odd(*_):
            return [[(int(NOW) // HOUR - back) * HOUR * 1000, 10, 8, 9, 11, None] for back in (3, 2, 1)]

        exchange.fetch_ohlcv = odd
        with pytest.raises(NoAnswer) as caught:
            await hub.candles("BTC/USDT", "1h", limit=3)
        assert caught.value.attempts[0].outcome == "truth", "a high below the low"


async def test_the_circuit_opens(module, tmp_path):
    async with AsyncHub(settings(tmp_path), clock=Clock()) as hub:
        await hub.price("BTC/USDT")
        Fake.made[0].fails = BaseError("odd")
        for _ in range(3):
            with pytest.raises(NoAnswer):
                await hub.orderbook("BTC/USDT", refresh=True)
        with pytest.raises(NoAnswer) as caught:
            await hub.orderbook("BTC/USDT", refresh=True)
        assert caught.value.attempts[0].outcome == "skipped_open"


async def test_in_the_lab_nobody_outside_is_asked(module, tmp_path):
    async with AsyncHub(settings(tmp_path, mode="lab", providers=("ccxt_fake",))) as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.price("BTC/USDT")
        (attempt,) = caught.value.attempts
        assert (attempt.outcome, attempt.reason) == ("skipped_disabled", "it is outside the lab")
    assert Fake.made == []


async def test_an_exchange_that_ccxt_does_not_know(module, tmp_path):
    made = settings(tmp_path, ccxt_exchanges=("nobody",), providers=("ccxt_nobody",))
    async with AsyncHub(made, clock=Clock()) as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.price("BTC/USDT")
        assert "ccxt knows no exchange 'nobody'" in caught.value.attempts[0].reason


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("core.ccxt_source.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pip install 'kintsugi\[ccxt\]'"):
        ccxt_providers(settings(tmp_path), Clock().now)
    with pytest.raises(SettingsError, match="ccxt_exchanges="):
        settings(tmp_path, ccxt_exchanges=("Not A Name",))
    assert Settings(data_dir=tmp_path).ccxt_exchanges == ()


@pytest.mark.slow
async def test_the_package_itself_over_the_lab(tmp_path):
    """Its own code for two exchanges, every request of which the lab answers: nothing leaves this machine."""
    ccxt = pytest.importorskip("ccxt.async_support")
    lab = Lab(seed=11, clock=Clock())
    made = settings(
        tmp_path, ccxt_exchanges=("bitstamp", "kraken"), providers=("ccxt_bitstamp", "ccxt_kraken")
    )
    async with AsyncHub(made, clock=Clock()) as hub:
        for name in ("bitstamp", "kraken"):
            exchange = await hub.catalog[f"ccxt_{name}"]._ready()
            assert isinstance(exchange, getattr(ccxt, name))
            exchange.has["fetchCurrencies"] = False

            async def fetch(url, method="GET", headers=None, body=None, exchange=exchange):
                host, _, rest = url.removeprefix("https://").partition("/")
                path, _, query = rest.partition("?")
                answer = lab.handle(method, host, f"/{path}", query)
                assert answer.status == 200, (url, answer.body)
                exchange.last_http_response = answer.body.decode()
                return json.loads(answer.body)

            exchange.fetch = fetch
            truth = (await hub.price("BTC/USD", providers=[f"ccxt_{name}"])).value.last
            candles = await hub.candles("BTC/USD", "1h", limit=5, providers=[f"ccxt_{name}"])
            assert len(candles.value) == 5
            assert candles.value["close"].iloc[-1] == pytest.approx(truth, rel=0.05)
            book = (await hub.orderbook("BTC/USD", providers=[f"ccxt_{name}"])).value
            assert book.bids[0][0] < book.asks[0][0]
