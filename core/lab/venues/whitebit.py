"""WhiteBIT market data, as documented at docs.whitebit.com/public (HTTP v1 and v4)."""

from typing import Any

from core.lab.day import day, rows_of, whole
from core.lab.grid import plain, span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_STEPS = {"1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14400}


class WhiteBIT(Venue):
    """v1 wraps its answers in ``success``, ``message`` and ``result``; v4 does not. Candles oldest first.

    Candles begin a week ago unless a start is named. Longer candles are not played.
    """

    id = "whitebit"
    hosts = ("whitebit.com",)
    listed = listings("whitebit", 0.02, ("USDT", "USDC", "EUR", "BTC"))

    @route("/api/v4/public/ping", "ping")
    def ping(self, call: Call) -> Reply:
        """That it is there."""
        del call
        return Reply(["pong"])

    @route("/api/v4/public/markets", "symbols")
    def markets(self, call: Call) -> Reply:
        """What is traded."""
        del call
        return Reply([_about(listing) for listing in self.listed])

    @route("/api/v1/public/kline", "ohlcv")
    def kline(self, call: Call) -> Reply:
        """At most 1440 candles between the times named, both included."""
        listing = self._listing(call.params.get("market"), _v1)
        step = _STEPS.get(call.params.get("interval", "1h"))
        if step is None:
            raise _v1("interval", "The selected interval is invalid.")
        limit = int(whole(call, "limit", 1440, lambda name: _v1(name, f"The {name} must be a number.")))
        if not 1 <= limit <= 1440:
            raise _v1("limit", "The limit must be less than or equal to 1440.")
        start = whole(call, "start", call.now - 7 * 86400, lambda name: _v1(name, "must be a number"))
        end = whole(call, "end", call.now, lambda name: _v1(name, "must be a number"))
        first, stop = span(step, limit, call.now, start=start, end=end)
        bars = call.market.bars(listing, step, first, stop, call.now)
        found = [
            [opened, *map(plain, (open_, close, high, low, volume, turnover))]
            for opened, open_, high, low, close, volume, turnover in rows_of(bars)
        ]
        body = {"success": True, "message": "", "result": found}
        return Reply(body, tables=[found], prices=(1, 2, 3, 4))

    @route("/api/v1/public/ticker", "price", "volume")
    def ticker(self, call: Call) -> Reply:
        """The last 24 hours."""
        now = day(call, self._listing(call.params.get("market"), _v1))
        row = {
            "bid": plain(now.bid),
            "ask": plain(now.ask),
            "open": plain(now.open),
            "high": plain(now.high),
            "low": plain(now.low),
            "last": plain(now.last),
            "volume": plain(now.volume),
            "deal": plain(now.turnover),
            "change": plain(now.change * 100, 2),
        }
        body = {"success": True, "message": "", "result": row}
        return Reply(body, tables=[[row]], prices=("bid", "ask", "last"))

    @route("/api/v4/public/orderbook/(?P<market>[^/]+)", "orderbook")
    def orderbook(self, call: Call) -> Reply:
        """The order book, at most 100 levels a side."""
        listing = self._listing(call.params["market"], _v4)
        depth = min(100, max(1, int(whole(call, "limit", 100, lambda name: _v4(name, "must be a number")))))
        book = call.market.book(listing, call.now, depth)
        asks, bids = ([[plain(p), plain(s)] for p, s in side] for side in (book.asks, book.bids))
        body = {"ticker_id": _name(listing), "timestamp": int(call.now), "asks": asks, "bids": bids}
        return Reply(body, tables=[asks, bids], prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """A page."""
        del call
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """Its own words for the rate limit; Cloudflare's page elsewhere."""
        if status == 429:
            return Reply({"success": False, "message": "Too many requests", "result": []}, status)
        return page(status, f"{status} | whitebit.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, asked: str | None, refuse: Any) -> Listing:
        for listing in self.listed:
            if _name(listing) == asked:
                return listing
        refusal: Refusal = refuse("market", "Market is not available")
        raise refusal


def _name(listing: Listing) -> str:
    return f"{listing.base}_{listing.quote}"


def _v1(field: str, text: str) -> Refusal:
    return Refusal(Reply({"success": False, "message": {field: [text]}, "result": []}))


def _v4(field: str, text: str) -> Refusal:
    body = {"code": 0, "message": "Validation failed", "errors": {field: [text]}}
    return Refusal(Reply(body, 422))


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "name": _name(listing),
        "stock": listing.base,
        "money": listing.quote,
        "stockPrec": str(listing.lot),
        "moneyPrec": str(listing.digits),
        "tradesEnabled": True,
        "type": "spot",
    }
