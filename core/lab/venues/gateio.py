"""Gate spot market data, as documented at www.gate.io/docs/developers/apiv4 (Spot)."""

import math
from typing import Any

from core.lab.grid import plain, span
from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import HTML, Call, Refusal, Reply, Route, Venue, page, route

_STEPS = {
    "1m": 60, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "4h": 14400, "8h": 28800, "1d": 86400,
}  # fmt: skip
_ROWS = 1000
_DEPTH = 1000
_REACH = 10_000
_QUOTA = 200


class GateIO(Venue):
    """Candles oldest first, ``t quote-volume c h l o base-volume closed``, all of it text, times in seconds.

    An error is a ``label`` and a ``message``. Weeks, months and seconds are not played.
    """

    id = "gateio"
    hosts = ("api.gateio.ws",)
    listed = listings("gateio", 0.04, ("USDT", "USDC", "BTC", "ETH"), digits={"BTC/USDT": 1, "BTC/USDC": 1})
    server = "openresty"

    @route("/api/v4/spot/time", "ping")
    def time(self, call: Call) -> Reply:
        """The server's time."""
        return Reply({"server_time": int(call.now * 1000)})

    @route("/api/v4/spot/currency_pairs", "symbols")
    def pairs(self, call: Call) -> Reply:
        """What is traded."""
        del call
        return Reply([_about(listing) for listing in self.listed])

    @route("/api/v4/spot/currency_pairs/(?P<currency_pair>[^/]+)", "symbols", "ping")
    def pair(self, call: Call) -> Reply:
        """One of them."""
        return Reply(_about(self._listing(call)))

    @route("/api/v4/spot/candlesticks", "ohlcv")
    def candlesticks(self, call: Call) -> Reply:
        """Both ends are included. ``limit`` goes with neither; no range of more than 1,000 points."""
        listing = self._listing(call)
        step = _STEPS.get(call.params.get("interval") or "30m")
        if step is None:
            raise _error("INVALID_PARAM_VALUE", "Invalid interval")
        ranged = bool(call.params.get("from") or call.params.get("to"))
        if ranged and call.params.get("limit"):
            raise _error("INVALID_PARAM_VALUE", "limit conflicts with from and to")
        rows = _number(call, "limit", 100)
        if not 1 <= rows <= _ROWS:
            raise _error("INVALID_PARAM_VALUE", "limit exceeds maximum value 1000")
        end = _number(call, "to", int(call.now))
        start = _number(call, "from", 0)
        if start and (end - start) / step > _ROWS:
            text = "Candlestick range too broad. Maximum 1000 data points are allowed per request"
            raise _error("INVALID_PARAM_VALUE", text)
        first, stop = span(step, rows if not start else _ROWS, call.now, start=start or -math.inf, end=end)
        if first < call.now - _REACH * step:
            text = "Candlestick too long ago. Maximum 10000 points ago are allowed"
            raise _error("INVALID_PARAM_VALUE", text)
        bars = call.market.bars(listing, step, first, stop, call.now)
        columns = (bars.turnover, bars.close, bars.high, bars.low, bars.open, bars.volume)
        found = [
            [str(opened), *map(plain, numbers), "true" if opened + step <= call.now else "false"]
            for opened, *numbers in zip(bars.time.tolist(), *(x.tolist() for x in columns), strict=True)
        ]
        return Reply(found, tables=[found], prices=(2, 3, 4, 5))

    @route("/api/v4/spot/tickers", "price", "volume")
    def tickers(self, call: Call) -> Reply:
        """The last 24 hours: a list, also of one."""
        asked = [self._listing(call)] if call.params.get("currency_pair") else list(self.listed)
        rows = [_ticker(call, listing) for listing in asked]
        return Reply(rows, tables=[rows], prices=("last", "lowest_ask", "highest_bid"))

    @route("/api/v4/spot/order_book", "orderbook")
    def order_book(self, call: Call) -> Reply:
        """The order book; ten levels unless ``limit`` says more."""
        listing = self._listing(call)
        limit = _number(call, "limit", 10)
        if not 1 <= limit <= _DEPTH:
            raise _error("INVALID_PARAM_VALUE", "Invalid request parameter `limit`")
        book = call.market.book(listing, call.now, limit)
        asks, bids = (
            [[plain(price), plain(size)] for price, size in side] for side in (book.asks, book.bids)
        )
        moment = int(call.now * 1000)
        body: dict[str, Any] = {"current": moment, "update": moment - 4, "asks": asks, "bids": bids}
        if call.params.get("with_id") == "true":
            body["id"] = moment // 10
        return Reply(body, tables=[asks, bids], prices=(0,))

    def headers(self, call: Call, one: Route | None) -> dict[str, str]:
        """What is left of the quota, and when there is more."""
        return {
            **Venue.headers(self, call, one),
            "X-Gate-Ratelimit-Limit": str(_QUOTA),
            "X-Gate-Ratelimit-Requests-Remain": str(max(0, _QUOTA - call.spent - 1)),
            "X-Gate-Ratelimit-Reset-Timestamp": str(int(call.now // 10 * 10 + 10)),
        }

    def unknown_path(self, call: Call) -> Reply:
        """A bare page."""
        del call
        return Reply("404 page not found", 404, content_type=HTML)

    def failure(self, status: int) -> Reply:
        """Label and message where it has them; the gateway's page elsewhere."""
        if status in _SAID:
            return _error(*_SAID[status], status).reply
        return page(status, f"{status} api.gateio.ws", "<hr><center>openresty</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        asked = call.params.get("currency_pair")
        if not asked:
            raise _error("MISSING_REQUIRED_PARAM", "Missing required parameter: currency_pair")
        for listing in self.listed:
            if _name(listing) == asked:
                return listing
        known = {name for listing in self.listed for name in (listing.base, listing.quote)}
        for name in asked.split("_"):
            if name not in known:
                raise _error("INVALID_CURRENCY", f"Invalid currency {name}")
        raise _error("INVALID_CURRENCY_PAIR", f"Invalid currency pair {asked}")


_SAID: dict[int, tuple[str, str]] = {
    401: ("INVALID_KEY", "Invalid key provided"),
    403: ("FORBIDDEN", "Request forbidden"),
    429: ("TOO_MANY_REQUESTS", "Request Rate limit Exceeded"),
    500: ("INTERNAL", "Internal server error"),
    503: ("TOO_BUSY", "System busy. Please try again later"),
}


def _error(label: str, text: str, status: int = 400) -> Refusal:
    return Refusal(Reply({"label": label, "message": text}, status))


def _number(call: Call, name: str, usual: int) -> int:
    asked = call.params.get(name)
    if not asked:
        return usual
    if not asked.isdecimal() or len(asked) > 12:
        raise _error("INVALID_PARAM_VALUE", f"Invalid request parameter `{name}` value: {asked[:20]}")
    return int(asked)


def _name(listing: Listing) -> str:
    return f"{listing.base}_{listing.quote}"


def _ticker(call: Call, listing: Listing) -> dict[str, str]:
    day = call.market.rolling(listing, DAY_MINUTES, call.now)
    book = call.market.book(listing, call.now, 1)
    (ask, ask_size), (bid, bid_size) = book.asks[0], book.bids[0]
    return {
        "currency_pair": _name(listing),
        "last": plain(day.close[0]),
        "lowest_ask": plain(ask),
        "lowest_size": plain(ask_size),
        "highest_bid": plain(bid),
        "highest_size": plain(bid_size),
        "change_percentage": f"{(day.close[0] / day.open[0] - 1) * 100:.2f}",
        "base_volume": plain(day.volume[0]),
        "quote_volume": plain(day.turnover[0]),
        "high_24h": plain(day.high[0]),
        "low_24h": plain(day.low[0]),
    }


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "id": _name(listing),
        "base": listing.base,
        "quote": listing.quote,
        "fee": "0.2",
        "amount_precision": listing.lot,
        "precision": listing.digits,
        "trade_status": "tradable",
        "sell_start": 0,
        "buy_start": 0,
    }
