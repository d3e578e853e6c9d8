"""Hyperliquid's spot markets, as documented at hyperliquid.gitbook.io (info endpoint): everything by POST."""

import math
from typing import Any

from core.lab.day import day, rows_of
from core.lab.grid import plain, span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_STEPS = {
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "4h": 14400,
}
_MARKETS = {"BTC": ("@142", "UBTC", 197), "ETH": ("@151", "UETH", 221), "SOL": ("@156", "USOL", 254)}
_ELSEWHERE = ("ADA", "AVAX", "BNB", "DOGE", "DOT", "LINK", "LTC", "TRX", "XRP")
_LEVELS = 20
_KEPT = 5000


class Hyperliquid(Venue):
    """One path; ``type`` says what is meant. Markets have numbers, bodies are bare, numbers are text.

    Of a market that is not there, books are null and candles a failure. Contracts are not played.
    """

    id = "hyperliquid"
    hosts = ("api.hyperliquid.xyz",)
    listed = listings("hyperliquid", 0.08, ("USDC",), without=frozenset(_ELSEWHERE))

    @route("/info", "ping", weight=2, method="POST", says={"type": "exchangeStatus"})
    def status(self, call: Call) -> Reply:
        """That it runs."""
        return Reply({"time": int(call.now * 1000), "specialStatuses": None})

    @route("/info", "price", "volume", weight=20, method="POST", says={"type": "spotMetaAndAssetCtxs"})
    def contexts(self, call: Call) -> Reply:
        """All markets: what they are, and how they stand."""
        rows = [_context(call, listing) for listing in self.listed]
        tokens: list[dict[str, Any]] = [{"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0}]
        universe = []
        for listing in self.listed:
            name, token, number = _MARKETS[listing.base]
            tokens.append({"name": token, "szDecimals": listing.lot, "weiDecimals": 10, "index": number})
            universe.append({"name": name, "tokens": [number, 0], "index": int(name[1:])})
        return Reply([{"tokens": tokens, "universe": universe}, rows], tables=[rows], prices=("midPx",))

    @route("/info", "orderbook", weight=2, method="POST", says={"type": "l2Book"})
    def book(self, call: Call) -> Reply:
        """At most 20 levels a side, each with its number of orders."""
        listing = self._find(_member(call.json, "coin"))
        if listing is None:
            return Reply(None)
        book = call.market.book(listing, call.now, _LEVELS)
        bids, asks = (
            [{"px": plain(p), "sz": plain(s), "n": 1 + rank % 3} for rank, (p, s) in enumerate(side)]
            for side in (book.bids, book.asks)
        )
        body = {"coin": _MARKETS[listing.base][0], "time": int(call.now * 1000), "levels": [bids, asks]}
        return Reply(body, tables=[bids, asks], prices=("px",))

    @route("/info", "ohlcv", weight=20, method="POST", says={"type": "candleSnapshot"})
    def candles(self, call: Call) -> Reply:
        """Candles between two times, both included; of all time only the newest 5000."""
        asked = _member(call.json, "req")
        listing = self._find(_member(asked, "coin"))
        step = _STEPS.get(str(_member(asked, "interval")))
        start, end = _member(asked, "startTime"), _member(asked, "endTime")
        if step is None or not isinstance(start, int):
            raise Refusal(Reply("Failed to deserialize the JSON body into the target type", 422))
        if listing is None:
            raise Refusal(Reply("null", 500))
        until = end / 1000 if isinstance(end, int) else math.inf
        first, stop = span(step, _KEPT, call.now, start=start / 1000, end=until)
        first = max(first, call.now // step * step - (_KEPT - 1) * step)
        bars = call.market.bars(listing, step, first, stop, call.now)
        name = _MARKETS[listing.base][0]
        found = [
            {
                "t": opened * 1000,
                "T": (opened + step) * 1000 - 1,
                "s": name,
                "i": _member(asked, "interval"),
                **dict(zip("ohlcv", map(plain, prices), strict=True)),
                "n": 1 + int(turnover // 900),
            }
            for opened, *prices, turnover in rows_of(bars)
        ]
        return Reply(found, tables=[found], prices=("o", "h", "l", "c"))

    def unknown_path(self, call: Call) -> Reply:
        """Words, no JSON."""
        del call
        return Reply("Failed to deserialize the JSON body into the target type", 422)

    def failure(self, status: int) -> Reply:
        """The word null for the rate limit; a page elsewhere."""
        if status == 429:
            return Reply("null", status)
        return page(status, f"{status} | api.hyperliquid.xyz", "<hr><center>cloudfront</center>\r\n")

    def _find(self, name: Any) -> Listing | None:
        return next((one for one in self.listed if _MARKETS[one.base][0] == name), None)


def _member(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None


def _context(call: Call, listing: Listing) -> dict[str, Any]:
    now = day(call, listing)
    return {
        "prevDayPx": plain(now.open),
        "dayNtlVlm": plain(now.turnover),
        "markPx": plain(now.last),
        "midPx": plain((now.bid + now.ask) / 2),
        "circulatingSupply": "1000.0",
        "coin": _MARKETS[listing.base][0],
    }
