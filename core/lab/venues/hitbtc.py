"""HitBTC market data, as documented at api.hitbtc.com (API v3)."""

import math
from typing import Any

from core.lab.day import day, iso, moment, rows_of, whole
from core.lab.grid import plain, span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_STEPS = {"M1": 60, "M3": 180, "M5": 300, "M15": 900, "M30": 1800, "H1": 3600, "H4": 14400}


class HitBTC(Venue):
    """Bare bodies; an error is one object. Candles newest first unless ASC is asked for, quiet ones left out.

    Longer candles are not played.
    """

    id = "hitbtc"
    hosts = ("api.hitbtc.com",)
    listed = listings("hitbtc", 0.02, ("USDT", "USDC", "BTC", "ETH"))

    @route("/api/3/public/symbol", "symbols")
    def symbols(self, call: Call) -> Reply:
        """What is traded, by name."""
        del call
        return Reply({_name(listing): _about(listing) for listing in self.listed})

    @route("/api/3/public/candles/(?P<symbol>[^/]+)", "ohlcv")
    def candles(self, call: Call) -> Reply:
        """At most 1000 candles between the times named, both included."""
        listing = self._listing(call)
        step = _STEPS.get(call.params.get("period", "M30"))
        if step is None:
            raise _wrong("period")
        rows = int(whole(call, "limit", 100, _wrong))
        if not 1 <= rows <= 1000:
            raise _wrong("limit")
        start, end = moment(call, "from", -math.inf, _wrong), moment(call, "till", math.inf, _wrong)
        first, stop = span(step, rows, call.now, start=start, end=end)
        bars = call.market.bars(listing, step, first, stop, call.now)
        found = [
            {
                "timestamp": iso(opened),
                "open": plain(open_),
                "close": plain(close),
                "min": plain(low),
                "max": plain(high),
                "volume": plain(volume),
                "volume_quote": plain(turnover),
            }
            for opened, open_, high, low, close, volume, turnover in rows_of(bars)
            if volume
        ]
        if call.params.get("sort", "DESC") != "ASC":
            found.reverse()
        return Reply(found, tables=[found], prices=("open", "close", "min", "max"))

    @route("/api/3/public/ticker/(?P<symbol>[^/]+)", "price", "volume", "ping")
    def ticker(self, call: Call) -> Reply:
        """The last 24 hours."""
        now = day(call, self._listing(call))
        body = {
            "ask": plain(now.ask),
            "bid": plain(now.bid),
            "last": plain(now.last),
            "low": plain(now.low),
            "high": plain(now.high),
            "open": plain(now.open),
            "volume": plain(now.volume),
            "volume_quote": plain(now.turnover),
            "timestamp": iso(call.now),
        }
        return Reply(body, tables=[[body]], prices=("ask", "bid", "last"))

    @route("/api/3/public/orderbook/(?P<symbol>[^/]+)", "orderbook")
    def orderbook(self, call: Call) -> Reply:
        """The order book."""
        listing = self._listing(call)
        depth = max(1, int(whole(call, "depth", 100, _wrong)))
        book = call.market.book(listing, call.now, min(depth, 1000))
        asks, bids = ([[plain(p), plain(s)] for p, s in side] for side in (book.asks, book.bids))
        return Reply({"timestamp": iso(call.now), "ask": asks, "bid": bids}, tables=[asks, bids], prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        del call
        return _error(404, "Not Found", 404).reply

    def failure(self, status: int) -> Reply:
        """Its own words where it has them; Cloudflare's page elsewhere."""
        said = {429: "Too many requests", 500: "Internal Server Error", 503: "Service Unavailable"}
        if status in said:
            return _error(status, said[status], status).reply
        return page(status, f"{status} | api.hitbtc.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        for listing in self.listed:
            if _name(listing) == call.params["symbol"]:
                return listing
        raise _error(2001, "No such a symbol", 400)


def _name(listing: Listing) -> str:
    return f"{listing.base}{listing.quote}"


def _error(code: int, text: str, status: int) -> Refusal:
    return Refusal(Reply({"error": {"code": code, "message": text, "description": ""}}, status))


def _wrong(name: str) -> Refusal:
    return _error(10001, f"Validation error {name}", 400)


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "type": "spot",
        "base_currency": listing.base,
        "quote_currency": listing.quote,
        "status": "working",
        "quantity_increment": plain(10.0**-listing.lot),
        "tick_size": plain(10.0**-listing.digits),
    }
