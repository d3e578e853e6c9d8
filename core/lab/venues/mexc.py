"""MEXC spot market data, as documented at mexcdevelop.github.io/apidocs/spot_v3_en."""

import math
from typing import Any

from core.lab.grid import span
from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import HTML, Call, Refusal, Reply, Venue, page, route

_STEPS = {"1m": 60, "5m": 300, "15m": 900, "30m": 1800, "60m": 3600, "4h": 14400, "1d": 86400}
_ROWS = 1000
_USUAL_ROWS = 500
_DEPTH = 5000


class MEXC(Venue):
    """The paths of Binance, but eight columns, ``60m`` for an hour, a change in fractions, errors of its own.

    A start without an end is ignored, and the other way round. Weeks and months are not played.
    """

    id = "mexc"
    hosts = ("api.mexc.com",)
    listed = listings("mexc", 0.05, ("USDT", "USDC", "BTC", "ETH"), digits={"XRP/USDT": 4, "SOL/USDT": 2})
    server = "openresty"

    @route("/api/v3/ping", "ping")
    def ping(self, call: Call) -> Reply:
        """Nothing, to say that it is there."""
        del call
        return Reply({})

    @route("/api/v3/time", "ping")
    def time(self, call: Call) -> Reply:
        """The server's time."""
        return Reply({"serverTime": int(call.now * 1000)})

    @route("/api/v3/exchangeInfo", "symbols", weight=10)
    def exchange_info(self, call: Call) -> Reply:
        """The symbols."""
        body = {
            "timezone": "CST",
            "serverTime": int(call.now * 1000),
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": [_about(listing) for listing in self.listed],
        }
        return Reply(body)

    @route("/api/v3/klines", "ohlcv")
    def klines(self, call: Call) -> Reply:
        """Candles, oldest first. Both ends are included; of too many the oldest are given."""
        listing = self._listing(call)
        step = _STEPS.get(call.params.get("interval", ""))
        if step is None:
            raise _error(-1121, "Invalid interval.")
        rows = min(_ROWS, max(1, int(_number(call, "limit", _USUAL_ROWS))))
        start, end = _number(call, "startTime", 0) / 1000, _number(call, "endTime", 0) / 1000
        if not (start and end):
            start, end = -math.inf, math.inf
        first, stop = span(step, rows, call.now, start=start, end=end, keep="oldest")
        bars = call.market.bars(listing, step, first, stop, call.now)
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.turnover)
        found = [
            [
                opened * 1000,
                *(_text(price, listing.digits) for price in prices),
                _text(volume, listing.lot),
                (opened + step) * 1000,
                _text(turnover, 2),
            ]
            for opened, *prices, volume, turnover in zip(
                bars.time.tolist(), *(x.tolist() for x in columns), strict=True
            )
        ]
        return Reply(found, tables=[found], prices=(1, 2, 3, 4))

    @route("/api/v3/ticker/price", "price")
    def ticker_price(self, call: Call) -> Reply:
        """Last prices."""
        return self._tickers(call, _last, ("price",))

    @route("/api/v3/ticker/bookTicker", "price")
    def book_ticker(self, call: Call) -> Reply:
        """The best level of each side."""
        return self._tickers(call, _top, ("bidPrice", "askPrice"))

    @route("/api/v3/ticker/24hr", "price", "volume")
    def ticker_24hr(self, call: Call) -> Reply:
        """The rolling day."""
        return self._tickers(call, _day, ("lastPrice", "bidPrice", "askPrice", "prevClosePrice"))

    @route("/api/v3/depth", "orderbook")
    def depth(self, call: Call) -> Reply:
        """The order book."""
        listing = self._listing(call)
        limit = int(_number(call, "limit", 100))
        book = call.market.book(listing, call.now, min(_DEPTH, max(1, limit)))
        bids, asks = (
            [[_text(price, listing.digits), _text(size, listing.lot)] for price, size in side]
            for side in (book.bids, book.asks)
        )
        moment = int(call.now * 1000)
        body = {"lastUpdateId": moment // 10, "bids": bids, "asks": asks, "timestamp": moment}
        return Reply(body, tables=[bids, asks], prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """A bare page."""
        del call
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """Code and message where it has them; a page of the gateway or of Akamai elsewhere."""
        if status == 403:
            text = "<H1>Access Denied</H1>You don't have permission to access this resource on this server."
            body = f"<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n{text}</BODY>\n</HTML>\n"
            return Reply(body, status, {"Server": "AkamaiGHost"}, content_type=HTML)
        if status in _SAID:
            return _error(*_SAID[status], status).reply
        return page(status, f"{status} {_REASONS.get(status, 'Error')}", "<hr><center>openresty</center>\r\n")

    def _tickers(self, call: Call, say: Any, prices: tuple[str, ...]) -> Reply:
        """One object for ``symbol``, else a list."""
        asked = [self._listing(call)] if call.params.get("symbol") else list(self.listed)
        found = [say(call, listing) for listing in asked]
        return Reply(found[0] if call.params.get("symbol") else found, tables=[found], prices=prices)

    def _listing(self, call: Call) -> Listing:
        asked = call.params.get("symbol")
        if not asked:
            raise _error(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        for listing in self.listed:
            if listing.base + listing.quote == asked:
                return listing
        raise _error(-1121, "Invalid symbol.")


_SAID: dict[int, tuple[int, str]] = {
    401: (10072, "Api key info invalid"),
    429: (429, "Too Many Requests"),
    500: (500, "Internal error"),
    503: (503, "Service unavailable"),
}
_REASONS = {404: "Not Found", 502: "Bad Gateway", 504: "Gateway Time-out"}


def _text(number: float, digits: int) -> str:
    return f"{number:.{digits}f}"


def _error(code: int, text: str, status: int = 400) -> Refusal:
    return Refusal(Reply({"msg": text, "code": code, "_extend": None}, status))


def _number(call: Call, name: str, usual: float) -> float:
    asked = call.params.get(name)
    if not asked:
        return usual
    if not asked.isdecimal() or len(asked) > 15:
        raise _error(-1100, f"Illegal characters found in parameter '{name}'.")
    return int(asked)


def _last(call: Call, listing: Listing) -> dict[str, Any]:
    price = _text(call.market.last(listing, call.now), listing.digits)
    return {"symbol": listing.base + listing.quote, "price": price}


def _top(call: Call, listing: Listing) -> dict[str, Any]:
    book = call.market.book(listing, call.now, 1)
    (bid, bid_size), (ask, ask_size) = book.bids[0], book.asks[0]
    return {
        "symbol": listing.base + listing.quote,
        "bidPrice": _text(bid, listing.digits),
        "bidQty": _text(bid_size, listing.lot),
        "askPrice": _text(ask, listing.digits),
        "askQty": _text(ask_size, listing.lot),
    }


def _day(call: Call, listing: Listing) -> dict[str, Any]:
    day = call.market.rolling(listing, DAY_MINUTES, call.now)
    opened, last = float(day.open[0]), float(day.close[0])
    moment = int(call.now * 1000)
    digits = listing.digits
    return {
        **_top(call, listing),
        "priceChange": _text(last - opened, digits),
        "priceChangePercent": f"{last / opened - 1:.4f}",  # a fraction, whatever its name says
        "prevClosePrice": _text(opened, digits),
        "lastPrice": _text(last, digits),
        "openPrice": _text(opened, digits),
        "highPrice": _text(float(day.high[0]), digits),
        "lowPrice": _text(float(day.low[0]), digits),
        "volume": _text(float(day.volume[0]), listing.lot),
        "quoteVolume": _text(float(day.turnover[0]), 2),
        "openTime": moment - 86_400_000,
        "closeTime": moment,
        "count": None,
    }


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "symbol": listing.base + listing.quote,
        "status": "1",
        "baseAsset": listing.base,
        "baseAssetPrecision": listing.lot,
        "quoteAsset": listing.quote,
        "quotePrecision": listing.digits,
        "quoteAssetPrecision": listing.digits,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
        "isSpotTradingAllowed": True,
        "permissions": ["SPOT"],
        "fullName": listing.base,
    }
