"""Gemini market data, as documented at docs.gemini.com (REST API, market data)."""

from typing import Any

from core.lab.grid import plain, span
from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

# A day of Gemini opens at midnight in New York under daylight saving time.
_NEW_YORK = 4 * 3600
_FRAMES: dict[str, tuple[int, int]] = {
    "1m": (60, 0),
    "5m": (300, 0),
    "15m": (900, 0),
    "30m": (1800, 0),
    "1hr": (3600, 0),
    "6hr": (21600, _NEW_YORK),
    "1day": (86400, _NEW_YORK),
}
_ROWS = 1440  # how far back it goes is not documented; some days of minutes, some weeks of hours
_DAYS = 366
_SYMBOL = "/(?P<symbol>[^/]+)"


class Gemini(Venue):
    """Candles as numbers, newest first, in milliseconds: all there are, with no choice of range.

    Candles without a trade are left out. Version 1 names volumes by their currency; version 2 has none.
    """

    id = "gemini"
    hosts = ("api.gemini.com",)
    listed = listings(
        "gemini",
        0.015,
        ("USD", "EUR", "USDT", "BTC", "ETH"),
        without=frozenset({"BNB", "TRX", "ADA"}),
        digits={"XRP/USD": 5, "DOGE/USD": 5},
    )
    server = "nginx"

    @route("/v1/symbols", "symbols", "ping")
    def symbols(self, call: Call) -> Reply:
        """The names of all symbols."""
        del call
        return Reply([_name(listing) for listing in self.listed])

    @route("/v1/symbols/details" + _SYMBOL, "symbols")
    def details(self, call: Call) -> Reply:
        """One symbol."""
        listing = self._listing(call)
        body = {
            "symbol": _name(listing).upper(),
            "base_currency": listing.base,
            "quote_currency": listing.quote,
            "tick_size": 10.0**-listing.lot,
            "quote_increment": 10.0**-listing.digits,
            "min_order_size": plain(10.0 ** (2 - listing.lot)),
            "status": "open",
            "wrap_enabled": False,
            "product_type": "spot",
            "contract_type": "vanilla",
            "contract_price_currency": listing.quote,
        }
        return Reply(body)

    @route("/v2/candles" + _SYMBOL + "/(?P<frame>[^/]+)", "ohlcv")
    def candles(self, call: Call) -> Reply:
        """What there is; any parameter is ignored."""
        listing = self._listing(call)
        if call.params["frame"] not in _FRAMES:
            text = f"Supplied value '{call.params['frame']}' is not a valid time frame"
            raise _error("Bad Request", text)
        step, anchor = _FRAMES[call.params["frame"]]
        rows_most = _DAYS if step == 86400 else _ROWS
        first, stop = span(step, rows_most, call.now, anchor=anchor)
        bars = call.market.bars(listing, step, max(float(anchor), first), stop, call.now)
        columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
        rows: list[Any] = [
            [opened * 1000, *numbers]
            for opened, *numbers in zip(*(x[::-1].tolist() for x in columns), strict=True)
            if numbers[-1]
        ]
        return Reply(rows, tables=[rows], prices=(1, 2, 3, 4))

    @route("/v1/pubticker" + _SYMBOL, "price", "volume")
    def pubticker(self, call: Call) -> Reply:
        """The last trade, the best levels, and the volume of 24 hours up to the last whole five minutes."""
        listing = self._listing(call)
        moment = call.now // 300 * 300
        day = call.market.rolling(listing, DAY_MINUTES, moment)
        book = call.market.book(listing, call.now, 1)
        body = {
            "bid": _price(listing, book.bids[0][0]),
            "ask": _price(listing, book.asks[0][0]),
            "volume": {
                listing.base: plain(day.volume[0]),
                listing.quote: plain(day.turnover[0]),
                "timestamp": int(moment * 1000),
            },
            "last": _price(listing, call.market.last(listing, call.now)),
        }
        return Reply(body, tables=[[body]], prices=("last", "bid", "ask"))

    @route("/v2/ticker" + _SYMBOL, "price")
    def ticker(self, call: Call) -> Reply:
        """The last 24 hours, and the hourly closes of them, newest first."""
        listing = self._listing(call)
        day = call.market.rolling(listing, DAY_MINUTES, call.now)
        hour = call.now // 3600 * 3600
        closes = call.market.bars(listing, 3600, hour - 24 * 3600, hour, call.now).close[::-1]
        book = call.market.book(listing, call.now, 1)
        body = {
            "symbol": _name(listing).upper(),
            "open": _price(listing, day.open[0]),
            "high": _price(listing, day.high[0]),
            "low": _price(listing, day.low[0]),
            "close": _price(listing, day.close[0]),
            "changes": [_price(listing, close) for close in closes],
            "bid": _price(listing, book.bids[0][0]),
            "ask": _price(listing, book.asks[0][0]),
        }
        return Reply(body, tables=[[body]], prices=("close", "bid", "ask"))

    @route("/v1/book" + _SYMBOL, "orderbook")
    def book(self, call: Call) -> Reply:
        """Fifty levels a side, or as many as asked for; 0 is all."""
        listing = self._listing(call)
        counts = [_whole(call, name) for name in ("limit_bids", "limit_asks")]
        book = call.market.book(listing, call.now, max(counts))
        moment = str(int(call.now))
        bids, asks = (
            [
                {"price": _price(listing, price), "amount": plain(size), "timestamp": moment}
                for price, size in side[:count]
            ]
            for side, count in zip((book.bids, book.asks), counts, strict=True)
        )
        return Reply({"bids": bids, "asks": asks}, tables=[bids, asks], prices=("price",))

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        return _error("EndpointNotFound", f"API entry point `GET {call.path}` not found", 404).reply

    def failure(self, status: int) -> Reply:
        """Its own words where it has them, a gateway's page elsewhere."""
        said = {
            401: ("MissingApikeyHeader", "Must provide 'X-GEMINI-APIKEY' header"),
            429: ("Too Many Requests", "Too Many Requests"),
            500: ("System", "The server encountered an error"),
            503: ("Maintenance", "The Gemini Exchange is currently undergoing maintenance."),
        }
        if status in said:
            return _error(*said[status], status).reply
        return page(status, f"{status} | Gemini", "<hr><center>nginx</center>\r\n")

    def maintenance(self, call: Call, status: int) -> Reply:
        """In its own words."""
        del call
        reply = self.failure(503)
        reply.status = status
        return reply

    def _listing(self, call: Call) -> Listing:
        given = call.params["symbol"]
        for listing in self.listed:
            if _name(listing) == given.lower():
                return listing
        # The book and the older ticker say it so, the newer calls otherwise.
        if call.path.startswith(("/v1/book", "/v1/pubticker")):
            raise _error("Bad Request", f"Supplied value '{given}' is not a valid symbol")
        raise _error("InvalidSymbol", f"Received unsupported symbol '{given}'")


def _name(listing: Listing) -> str:
    return (listing.base + listing.quote).lower()


def _price(listing: Listing, price: float) -> str:
    return f"{price:.{listing.digits}f}"


def _error(reason: str, message: str, status: int = 400) -> Refusal:
    return Refusal(Reply({"result": "error", "reason": reason, "message": message}, status))


def _whole(call: Call, name: str) -> int:
    given = call.params.get(name, "50")
    if not given.isdecimal():
        raise _error("Bad Request", f"Supplied value '{given}' is not a valid value for '{name}'")
    return min(int(given) or 500, 500)
