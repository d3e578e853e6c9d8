"""Kraken and Coinbase with holes where they are told to have them, behind an in-process transport."""

import math
import time
from collections import Counter
from datetime import datetime

import httpx

from core import AsyncHub, Settings

STEPS = {60: "1m", 300: "5m", 900: "15m", 3600: "1h", 86400: "1d"}


class Venues(httpx.AsyncBaseTransport):
    """``holes``: provider → open times that it does not have, at any interval."""

    def __init__(self):
        self.holes: dict[str, set[int]] = {"kraken": set(), "coinbase": set()}
        self.once: dict[str, set[int]] = {"kraken": set(), "coinbase": set()}
        """Holes that are there the first time only."""
        self.wrong: dict[tuple[str, int], float] = {}
        """(provider, open time) → factor of the close, the first time only."""
        self.down: set[str] = set()
        self.throttled: dict[str, int] = {}
        """Provider → how many more times it says 429."""
        self.listed = 0
        """Open time of the first candle of all."""
        self.seen: list[tuple[str, str, str]] = []
        self.before = None
        self.now = time.time()

    def count(self, provider: str) -> int:
        return Counter(name for name, _, _ in self.seen)[provider]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        provider = {"api.kraken.com": "kraken", "api.exchange.coinbase.com": "coinbase"}[request.url.host]
        params = request.url.params
        if not {"interval", "granularity"} & set(params):  # a check of the host
            return httpx.Response(200, json={"error": [], "result": {}})
        pair = params.get("pair") or request.url.path.split("/")[2]
        step = int(params["interval"]) * 60 if provider == "kraken" else int(params["granularity"])
        self.seen.append((provider, pair, STEPS[step]))
        if self.before is not None:
            await self.before(provider)
        if self.throttled.get(provider, 0):
            self.throttled[provider] -= 1
            return httpx.Response(429, headers={"retry-after": "1"})
        if provider in self.down:
            return httpx.Response(503)
        last = int(time.time() // step * step)
        if provider == "kraken":
            first = max(int(params.get("since", 0)) // step * step + step, last - 719 * step)
        else:
            first, last = (
                int(datetime.fromisoformat(params[name].replace(" ", "+")).timestamp())
                for name in ("start", "end")
            )
        first = max(first, -(-self.listed // step) * step)
        main = pair in {"XBTUSD", "BTC-USD"}
        rows = [self._row(provider, t, step) for t in range(first, last + 1, step)
                if not main or not self._missing(provider, t, step)]  # fmt: skip
        if main:
            self.once[provider] = set()
            self.wrong = {key: factor for key, factor in self.wrong.items() if key[0] != provider}
        if provider == "kraken":
            table = [[t, *map(str, (o, h, low, c)), "1", str(v), 1] for t, o, h, low, c, v in rows]
            return httpx.Response(200, json={"error": [], "result": {pair: table, "last": last}})
        return httpx.Response(200, json=[[t, low, h, o, c, v] for t, o, h, low, c, v in reversed(rows)])

    def _missing(self, provider: str, t: int, step: int) -> bool:
        return any(
            t <= hole < t + step or hole <= t < hole + 3600
            for hole in self.holes[provider] | self.once[provider]
        )

    def _row(self, provider: str, t: int, step: int) -> tuple[float, ...]:
        opened, close = price(t), price(t + step)
        if provider == "coinbase":
            opened, close = opened * 1.0002, close * 1.0002
        close *= self.wrong.get((provider, t), 1.0)
        high, low = max(opened, close) * 1.001, min(opened, close) * 0.999
        return t, round(opened, 6), round(high, 6), round(low, 6), round(close, 6), 2.5 * step / 3600


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text.replace(" ", "+")).timestamp())


def price(t: int) -> float:
    """A walk that needs no memory."""
    return 100 * math.exp(
        0.05 * math.sin(t / 86400) + 0.004 * math.sin(t / 1700.0) + 0.003 * math.sin(t / 7919.0)
    )


def hub_over(venues: Venues, folder, **knobs) -> AsyncHub:
    settings = Settings(mode="live", data_dir=folder, providers=("kraken", "coinbase"), retries=0, **knobs)
    return AsyncHub(settings, transport=venues)


def hours_ago(hours: int) -> int:
    return int(time.time() // 3600 * 3600) - hours * 3600
