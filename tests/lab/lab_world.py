"""A clock for the lab's tests, and a client for its transport."""

import asyncio

import httpx

from core.lab import Lab

EPOCH = 1_770_000_000.0 + 25.5
HOSTS = {
    "binance": "https://api.binance.com",
    "kraken": "https://api.kraken.com",
    "coinbase": "https://api.exchange.coinbase.com",
}
CANDLES = {
    "binance": "/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=50",
    "kraken": "/0/public/OHLC?pair=XBTUSD&interval=60",
    "coinbase": "/products/BTC-USD/candles?granularity=3600",
}
TICKERS = {
    "binance": "/api/v3/ticker/24hr?symbol=BTCUSDT",
    "kraken": "/0/public/Ticker?pair=XBTUSD",
    "coinbase": "/products/BTC-USD/ticker",
}


class HandClock:
    """A wall clock that stands still until it is set."""

    def __init__(self, now: float = EPOCH) -> None:
        self.time = now

    def mono(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> float:
        return self.time


class LoopClock(HandClock):
    """A wall clock that moves with the loop, which is virtual under looptime."""

    def now(self) -> float:
        return self.time + self.mono()


def client(lab: Lab, timeout: float | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=lab.transport(), timeout=timeout)


def url(provider: str, paths: dict[str, str] = CANDLES) -> str:
    return HOSTS[provider] + paths[provider]


def rows_of(provider: str, document):
    """Candle rows as the venue orders them."""
    if provider == "kraken":
        return next(value for name, value in document["result"].items() if name != "last")
    return document
