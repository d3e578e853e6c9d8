"""Poloniex spot market data, as documented at api-docs.poloniex.com/spot/api/public."""

import math
from itertools import chain
from typing import Any

from core.lab.day import day, rows_of, whole
from core.lab.grid import plain, span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_STEPS = {
    "MINUTE_1": 60,
    "MINUTE_5": 300,
    "MINUTE_10": 600,
    "MINUTE_15": 900,
    "MINUTE_30": 1800,
    "HOUR_1": 3600,
    "HOUR_2": 7200,
    "HOUR_4": 14400,
}
_DEPTHS = (5, 10, 20, 50, 100, 150)


class Poloniex(Venue):
    """Bare bodies; an error is a code and a message. Candles oldest first, the low before the rest.

    Longer candles are not played: on whose clock they open is not documented.
    """

    id = "poloniex"
    hosts = ("api.poloniex.com",)
    listed = listings("poloniex", 0.01, ("USDT", "USDC", "BTC"))

    @route("/timestamp", "ping")
    def timestamp(self, call: Call) -> Reply:
        """The server's time."""
        return Reply({"serverTime": int(call.now * 1000)})

    @route("/markets", "symbols")
    def markets(self, call: Call) -> Reply:
        """What is traded."""
        del call
        return Reply([_about(listing) for listing in self.listed])

    @route("/markets/(?P<symbol>[^/]+)/candles", "ohlcv")
    def candles(self, call: Call) -> Reply:
        """At most 500 candles, between the times named, both included."""
        listing = self._listing(call)
        name = call.params.get("interval", "")
        step = _STEPS.get(name)
        if step is None:
            raise _wrong("interval")
        rows = min(500, max(1, int(whole(call, "limit", 100, _wrong))))
        start = whole(call, "startTime", -math.inf, _wrong) / 1000
        end = whole(call, "endTime", math.inf, _wrong) / 1000
        first, stop = span(step, rows, call.now, start=start, end=end)
        bars = call.market.bars(listing, step, first, stop, call.now)
        found = [
            [
                plain(low),
                plain(high),
                plain(open_),
                plain(close),
                plain(turnover),
                plain(volume),
                plain(turnover / 2),
                plain(volume / 2),
                max(1, int(turnover // 900)),
                int(call.now * 1000),
                plain(turnover / volume if volume else close),
                name,
                opened * 1000,
                (opened + step) * 1000 - 1,
            ]
            for opened, open_, high, low, close, volume, turnover in rows_of(bars)
        ]
        return Reply(found, tables=[found], prices=(0, 1, 2, 3))

    @route("/markets/(?P<symbol>[^/]+)/ticker24h", "price", "volume")
    def ticker(self, call: Call) -> Reply:
        """The last 24 hours."""
        listing = self._listing(call)
        now = day(call, listing)
        body = {
            "symbol": _name(listing),
            "open": plain(now.open),
            "low": plain(now.low),
            "high": plain(now.high),
            "close": plain(now.last),
            "quantity": plain(now.volume),
            "amount": plain(now.turnover),
            "tradeCount": now.trades,
            "startTime": int(call.now * 1000) - 86_400_000,
            "closeTime": int(call.now * 1000),
            "displayName": listing.symbol,
            "dailyChange": plain(now.change, 4),
            "bid": plain(now.bid),
            "bidQuantity": plain(now.bid_size),
            "ask": plain(now.ask),
            "askQuantity": plain(now.ask_size),
            "ts": int(call.now * 1000),
            "markPrice": plain(now.last),
        }
        return Reply(body, tables=[[body]], prices=("close", "bid", "ask"))

    @route("/markets/(?P<symbol>[^/]+)/orderBook", "orderbook")
    def order_book(self, call: Call) -> Reply:
        """Each side one flat list of prices and sizes in turn."""
        listing = self._listing(call)
        depth = int(whole(call, "limit", 10, _wrong))
        if depth not in _DEPTHS:
            raise _wrong("limit")
        book = call.market.book(listing, call.now, depth)
        asks, bids = (
            list(chain.from_iterable((plain(price), plain(size)) for price, size in side))
            for side in (book.asks, book.bids)
        )
        moment = int(call.now * 1000)
        return Reply({"time": moment, "scale": "-1", "asks": asks, "bids": bids, "ts": moment + 4})

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        del call
        return _error(404, "Not Found", 404).reply

    def failure(self, status: int) -> Reply:
        """Its own words where it has them; Cloudflare's page elsewhere."""
        if status in {429, 500}:
            return _error(status, "Too many requests" if status == 429 else "System error", status).reply
        return page(status, f"{status} | api.poloniex.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        for listing in self.listed:
            if _name(listing) == call.params["symbol"]:
                return listing
        raise _error(24101, "Invalid symbol", 400)


def _name(listing: Listing) -> str:
    return f"{listing.base}_{listing.quote}"


def _error(code: int, text: str, status: int) -> Refusal:
    return Refusal(Reply({"code": code, "message": text}, status))


def _wrong(name: str) -> Refusal:
    return _error(601, f"Invalid parameter {name}", 400)


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "symbol": _name(listing),
        "baseCurrencyName": listing.base,
        "quoteCurrencyName": listing.quote,
        "displayName": listing.symbol,
        "state": "NORMAL",
        "symbolTradeLimit": {"symbol": _name(listing), "priceScale": listing.digits},
    }
