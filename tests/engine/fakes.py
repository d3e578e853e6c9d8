"""Three small venues behind one in-process transport, with a handler to misbehave for any of them."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable

import httpx

from core.market import INTERVALS
from core.settings import Settings

EPOCH = 1_780_000_000.0
BINANCE = ("api.binance.com", "api1.binance.com", "api2.binance.com", "api3.binance.com", "api4.binance.com")
VISION = "data-api.binance.vision"
KRAKEN = "api.kraken.com"
COINBASE = "api.exchange.coinbase.com"
PROVIDER = {**dict.fromkeys((*BINANCE, VISION), "binance"), KRAKEN: "kraken", COINBASE: "coinbase"}

Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class VirtualClock:
    """``now = EPOCH + loop time + jump``; the wall clock can be set back."""

    def __init__(self) -> None:
        self.jump = 0.0

    def mono(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> float:
        return EPOCH + self.mono() + self.jump


class Venues(httpx.AsyncBaseTransport):
    """Answers candles, tickers and books; ``on`` puts a handler before a provider or a host."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.seen: list[httpx.Request] = []
        self._handlers: dict[str, Handler] = {}

    def on(self, where: str, handler: Handler | None) -> None:
        if handler is None:
            self._handlers.pop(where, None)
        else:
            self._handlers[where] = handler

    def everywhere(self, handler: Handler) -> None:
        for name in ("binance", "kraken", "coinbase"):
            self.on(name, handler)

    def count(self, name: str | None = None) -> int:
        names = Counter(PROVIDER[r.url.host] for r in self.seen) + Counter(r.url.host for r in self.seen)
        return len(self.seen) if name is None else names[name]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        host = request.url.host
        handler = self._handlers.get(host) or self._handlers.get(PROVIDER[host]) or self.good
        answer = handler(request)
        return await answer if isinstance(answer, Awaitable) else answer

    def good(self, request: httpx.Request) -> httpx.Response:
        path, params = request.url.path, request.url.params
        now = self.clock.now()
        match PROVIDER[request.url.host], path.rsplit("/", 1)[-1]:
            case "binance", "klines":
                return ok(self._binance(params, now))
            case "kraken", "OHLC":
                step = int(params["interval"]) * 60
                rows = [
                    [t, *_ohlc(t), "100", "2.5", 9]
                    for t in range(_floor(now, step) - 720 * step, int(now), step)
                ]
                return ok({"error": [], "result": {params["pair"]: rows, "last": rows[-2][0]}})
            case "coinbase", "candles":
                return ok(self._coinbase(params, now))
            case "binance", "24hr":
                return ok(
                    {"symbol": params["symbol"], "lastPrice": "100.5", "bidPrice": "100", "askPrice": "101"}
                )
            case "kraken", "Ticker":
                row = {"a": ["101", "1", "1"], "b": ["100", "1", "1"], "c": ["100.5", "1"], "v": ["1", "5"]}
                return ok({"error": [], "result": {params["pair"]: row}})
            case "coinbase", "ticker":
                return ok({"price": "100.5", "bid": "100", "ask": "101", "volume": "5"})
            case _:
                return ok({})

    def _binance(self, params: httpx.QueryParams, now: float) -> list[list[object]]:
        step = INTERVALS[params["interval"]]
        rows = int(params.get("limit", 500))
        last = _floor(now, step)
        if "endTime" in params:
            last = min(last, _floor(int(params["endTime"]) / 1000, step))
        first = last - (rows - 1) * step
        if "startTime" in params:
            first = -_floor(-int(params["startTime"]) / 1000, step)
            last = min(last, first + (rows - 1) * step)
        return [
            [t * 1000, *_ohlc(t), "2.5", (t + step) * 1000 - 1, "250", 9, "1", "100", "0"]
            for t in range(first, last + 1, step)
        ]

    def _coinbase(self, params: httpx.QueryParams, now: float) -> list[list[float]]:
        step = int(params["granularity"])
        last = _floor(now, step)
        first = last - 299 * step
        if "start" in params:
            first, last = (_seconds(params[name]) for name in ("start", "end"))
        times = range(first, min(last, _floor(now, step)) + 1, step)
        return [[t, 98.0, 103.0, 99.0, 101.0, 2.5] for t in reversed(times)]


def ok(body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


def status(code: int, headers: dict[str, str] | None = None, body: object = None) -> Handler:
    return lambda _: httpx.Response(code, headers=headers, json={} if body is None else body)


def raw(content: bytes, kind: str = "application/json", code: int = 200) -> Handler:
    return lambda _: httpx.Response(code, headers={"content-type": kind}, content=content)


async def hang(_: httpx.Request) -> httpx.Response:
    await asyncio.sleep(10**6)
    raise AssertionError


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def reset(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("connection reset by peer", request=request)


def settings(folder: object, **knobs: object) -> Settings:
    return Settings(mode="live", data_dir=folder, providers=("binance", "kraken", "coinbase"), **knobs)


def _ohlc(_: int) -> tuple[str, str, str, str]:
    return "99.0", "103.0", "98.0", "101.0"


def _floor(now: float, step: int) -> int:
    return int(now // step * step)


def _seconds(text: str) -> int:
    from core.market import to_seconds

    return int(to_seconds(text.replace(" ", "+")))


def dumps(body: object) -> bytes:
    return json.dumps(body).encode()
