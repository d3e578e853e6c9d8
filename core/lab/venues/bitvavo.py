"""Bitvavo market data, as documented at docs.bitvavo.com/docs/rest-api."""

import math
from typing import Any

from core.lab.day import day, rows_of, whole
from core.lab.grid import plain, span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Route, Venue, page, route

_STEPS = {"1m": 60, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14400}


class Bitvavo(Venue):
    """Bare bodies; an error is ``errorCode`` and ``error``. Candles newest first, quiet ones left out.

    Longer candles are not played: on whose clock they open is not documented.
    """

    id = "bitvavo"
    hosts = ("api.bitvavo.com",)
    listed = listings("bitvavo", 0.15, ("EUR", "USDC"))
    content_type = "application/json; charset=utf-8"

    @route("/v2/time", "ping")
    def time(self, call: Call) -> Reply:
        """The server's time."""
        return Reply({"time": int(call.now * 1000), "timeNs": int(call.now * 1000) * 1_000_000})

    @route("/v2/markets", "symbols")
    def markets(self, call: Call) -> Reply:
        """What is traded."""
        del call
        return Reply([_about(listing) for listing in self.listed])

    @route("/v2/ticker/24h", "price", "volume", weight=1)
    def ticker(self, call: Call) -> Reply:
        """The last 24 hours of one market, or of all."""
        if not call.params.get("market"):
            rows = [_ticker(call, listing) for listing in self.listed]
            return Reply(rows, tables=[rows], prices=("last", "bid", "ask"))
        body = _ticker(call, self._listing(call))
        return Reply(body, tables=[[body]], prices=("last", "bid", "ask"))

    @route("/v2/(?P<market>[A-Z0-9]+-[A-Z]+)/candles", "ohlcv")
    def candles(self, call: Call) -> Reply:
        """At most 1440 candles, newest first, between the times named."""
        listing = self._listing(call)
        step = _STEPS.get(call.params.get("interval", ""))
        if step is None:
            raise _wrong("interval")
        rows = min(1440, max(1, int(whole(call, "limit", 1440, _wrong))))
        start = whole(call, "start", -math.inf, _wrong) / 1000
        end = whole(call, "end", math.inf, _wrong) / 1000
        first, stop = span(step, rows, call.now, start=start, end=end)
        bars = call.market.bars(listing, step, first, stop, call.now)
        found = [
            [opened * 1000, *map(plain, prices)]
            for opened, *prices, _ in reversed(rows_of(bars))
            if prices[-1]
        ]
        return Reply(found, tables=[found], prices=(1, 2, 3, 4))

    @route("/v2/(?P<market>[A-Z0-9]+-[A-Z]+)/book", "orderbook")
    def book(self, call: Call) -> Reply:
        """The order book, at most 1000 levels a side."""
        listing = self._listing(call)
        depth = min(1000, max(1, int(whole(call, "depth", 1000, _wrong))))
        book = call.market.book(listing, call.now, depth)
        asks, bids = ([[plain(p), plain(s)] for p, s in side] for side in (book.asks, book.bids))
        body = {"market": _name(listing), "nonce": int(call.now * 10), "bids": bids, "asks": asks}
        return Reply(body, tables=[asks, bids], prices=(0,))

    def headers(self, call: Call, one: Route | None) -> dict[str, str]:
        """How much of the weight of this minute is left."""
        left = max(0, 1000 - call.spent - (one.weight if one else 1))
        return {**Venue.headers(self, call, one), "Bitvavo-Ratelimit-Remaining": str(left)}

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        del call
        return _error(110, "Invalid endpoint. Please check url and HTTP method.", 404).reply

    def failure(self, status: int) -> Reply:
        """Its own words for the rate limit; a page elsewhere."""
        if status == 429:
            return _error(103, "You have been rate limited.", status).reply
        return page(status, f"{status} | api.bitvavo.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        for listing in self.listed:
            if _name(listing) == call.params.get("market"):
                return listing
        raise _error(205, "market parameter is invalid.", 400)


def _name(listing: Listing) -> str:
    return f"{listing.base}-{listing.quote}"


def _error(code: int, text: str, status: int) -> Refusal:
    return Refusal(Reply({"errorCode": code, "error": text}, status))


def _wrong(name: str) -> Refusal:
    return _error(205, f"{name} parameter is invalid.", 400)


def _ticker(call: Call, listing: Listing) -> dict[str, Any]:
    now = day(call, listing)
    return {
        "market": _name(listing),
        "startTimestamp": int(call.now * 1000) - 86_400_000,
        "timestamp": int(call.now * 1000),
        "open": plain(now.open),
        "high": plain(now.high),
        "low": plain(now.low),
        "last": plain(now.last),
        "volume": plain(now.volume),
        "volumeQuote": plain(now.turnover),
        "bid": plain(now.bid),
        "bidSize": plain(now.bid_size),
        "ask": plain(now.ask),
        "askSize": plain(now.ask_size),
    }


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "market": _name(listing),
        "status": "trading",
        "base": listing.base,
        "quote": listing.quote,
        "tickSize": plain(10.0**-listing.digits),
        "quantityDecimals": str(listing.lot),
    }
