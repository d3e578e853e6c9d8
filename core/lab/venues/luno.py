"""Luno market data, as documented at www.luno.com/en/developers/api."""

from typing import Any

from core.lab.day import day
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_DEPTH = 100


class Luno(Venue):
    """Bare bodies; an error is ``error`` and ``error_code``. BTC is XBT; numbers have eight decimals.

    Candles, which need a key, are not played.
    """

    id = "luno"
    hosts = ("api.luno.com",)
    listed = listings("luno", 0.05, ("EUR", "USDC", "BTC"))

    @route("/api/1/ticker", "price", "volume", "ping")
    def ticker(self, call: Call) -> Reply:
        """The last 24 hours."""
        listing = self._listing(call)
        now = day(call, listing)
        body = {
            "pair": _name(listing),
            "timestamp": int(call.now * 1000),
            "bid": f"{now.bid:.8f}",
            "ask": f"{now.ask:.8f}",
            "last_trade": f"{now.last:.8f}",
            "rolling_24_hour_volume": f"{now.volume:.8f}",
            "status": "ACTIVE",
        }
        return Reply(body, tables=[[body]], prices=("bid", "ask", "last_trade"))

    @route("/api/1/orderbook_top", "orderbook")
    def orderbook_top(self, call: Call) -> Reply:
        """The best 100 levels a side."""
        book = call.market.book(self._listing(call), call.now, _DEPTH)
        asks, bids = (
            [{"price": f"{price:.8f}", "volume": f"{size:.8f}"} for price, size in side]
            for side in (book.asks, book.bids)
        )
        body = {"timestamp": int(call.now * 1000), "bids": bids, "asks": asks}
        return Reply(body, tables=[asks, bids], prices=("price",))

    @route("/api/exchange/1/markets", "symbols")
    def markets(self, call: Call) -> Reply:
        """What is traded."""
        del call
        return Reply({"markets": [_about(listing) for listing in self.listed]})

    def unknown_path(self, call: Call) -> Reply:
        """A bare page."""
        del call
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """Its own words for the rate limit; Cloudflare's page elsewhere."""
        if status == 429:
            return _error("ErrTooManyRequests", "Rate limit exceeded", status).reply
        return page(status, f"{status} | api.luno.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        for listing in self.listed:
            if _name(listing) == call.params.get("pair"):
                return listing
        raise _error("ErrInvalidMarketPair", "Invalid market pair.", 400)


def _own(asset: str) -> str:
    return "XBT" if asset == "BTC" else asset


def _name(listing: Listing) -> str:
    return _own(listing.base) + _own(listing.quote)


def _error(code: str, text: str, status: int) -> Refusal:
    return Refusal(Reply({"error": text, "error_code": code}, status))


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "market_id": _name(listing),
        "trading_status": "ACTIVE",
        "base_currency": _own(listing.base),
        "counter_currency": _own(listing.quote),
        "price_scale": listing.digits,
        "volume_scale": listing.lot,
    }
