"""Bybit spot market data, as documented at bybit-exchange.github.io/docs/v5/market."""

import math
from typing import Any

from core.lab import around
from core.lab.grid import MONDAY, plain, span
from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import HTML, Call, Refusal, Reply, Route, Venue, page, route

_MINUTES = (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)
_STEPS = {**{str(minutes): minutes * 60 for minutes in _MINUTES}, "D": 86400, "W": 604_800}
_ROWS = 1000
_DEPTH = 200


class Bybit(Venue):
    """An envelope of ``retCode`` and ``result``, also for errors, which come with status 200.

    Candles newest first, numbers as text. Months and derivatives are not played.
    """

    id = "bybit"
    hosts = ("api.bybit.com", "api.bytick.com")
    listed = listings(
        "bybit", 0.10, ("USDT", "USDC", "EUR", "BTC"), digits={"BTC/USDT": 1, "BNB/USDT": 1, "TRX/USDT": 4}
    )
    server = "Openresty"

    @route("/v5/market/time", "ping")
    def time(self, call: Call) -> Reply:
        """The server's time."""
        nano = int(call.now * 1000) * 1_000_000
        return _result(call, {"timeSecond": str(int(call.now)), "timeNano": str(nano)})

    @route("/v5/market/instruments-info", "symbols")
    def instruments(self, call: Call) -> Reply:
        """What is traded."""
        _spot(call)
        asked = [self._listing(call)] if call.params.get("symbol") else self.listed
        return _result(call, {"category": "spot", "list": [_about(listing) for listing in asked]})

    @route("/v5/market/account-ratio", "sentiment")
    def account_ratio(self, call: Call) -> Reply:
        """Accounts that are long and short in a perpetual, as fractions in text; newest first."""
        steps = {"5min": 300, "15min": 900, "30min": 1800, "1h": 3600, "4h": 14400, "1d": 86400}
        step = steps.get(call.params.get("period", ""))
        if call.params.get("category") not in {"linear", "inverse"} or step is None:
            raise _error(call, 10001, "params error: period or category invalid")
        rows = []
        for back in range(min(500, max(1, int(_number(call, "limit", 50))))):
            moment = call.now // step * step - back * step
            long = around.mood(int(moment // 86400)) / 200 + 0.25
            told = {
                "buyRatio": f"{long:.4f}",
                "sellRatio": f"{1 - long:.4f}",
                "timestamp": f"{moment * 1000:.0f}",
            }
            rows.append({"symbol": call.params.get("symbol", ""), **told})
        return _result(call, {"list": rows, "nextPageCursor": ""})

    @route("/v5/market/kline", "ohlcv")
    def kline(self, call: Call) -> Reply:
        """Candles. Both ends are included; a start alone counts forward, else the newest are given."""
        _spot(call)
        listing = self._listing(call)
        step = _STEPS.get(call.params.get("interval", ""))
        if step is None:
            raise _error(call, 10001, "Invalid period!")
        rows = min(_ROWS, max(1, int(_number(call, "limit", 200))))
        start, end = _number(call, "start", -math.inf) / 1000, _number(call, "end", math.inf) / 1000
        if start > end:
            raise _error(call, 10001, "params error: The start time cannot be later than the end time.")
        first, stop = span(
            step,
            rows,
            call.now,
            start=start,
            end=end,
            anchor=MONDAY,
            keep="oldest" if end == math.inf else "newest",
        )
        bars = call.market.bars(listing, step, first, stop, call.now)
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.turnover)
        found = [
            [str(opened * 1000), *map(plain, numbers)]
            for opened, *numbers in zip(
                bars.time[::-1].tolist(), *(x[::-1].tolist() for x in columns), strict=True
            )
        ]
        body = {"category": "spot", "symbol": _name(listing), "list": found}
        return _result(call, body, tables=[found], prices=(1, 2, 3, 4))

    @route("/v5/market/tickers", "price", "volume")
    def tickers(self, call: Call) -> Reply:
        """The last 24 hours, of one symbol or of all."""
        _spot(call)
        asked = [self._listing(call)] if call.params.get("symbol") else list(self.listed)
        rows = [_ticker(call, listing) for listing in asked]
        prices = ("lastPrice", "bid1Price", "ask1Price")
        return _result(call, {"category": "spot", "list": rows}, tables=[rows], prices=prices)

    @route("/v5/market/orderbook", "orderbook")
    def orderbook(self, call: Call) -> Reply:
        """The order book; one level unless ``limit`` says more."""
        _spot(call)
        listing = self._listing(call)
        limit = int(_number(call, "limit", 1))
        if not 1 <= limit <= _DEPTH:
            raise _error(call, 10001, "params error: limit invalid")
        book = call.market.book(listing, call.now, limit)
        asks, bids = (
            [[plain(price), plain(size)] for price, size in side] for side in (book.asks, book.bids)
        )
        moment = int(call.now * 1000)
        body = {
            "s": _name(listing),
            "a": asks,
            "b": bids,
            "ts": moment,
            "u": moment // 100,
            "seq": moment // 10,
        }
        return _result(call, {**body, "cts": moment - 3}, tables=[asks, bids], prices=(0,))

    def headers(self, call: Call, one: Route | None) -> dict[str, str]:
        """The time it says it is."""
        return {**Venue.headers(self, call, one), "Timenow": str(int(call.now * 1000))}

    def unknown_path(self, call: Call) -> Reply:
        """A bare page."""
        del call
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """CloudFront's page where an address is blocked; the gateway's elsewhere."""
        if status == 403:
            text = "The Amazon CloudFront distribution is configured to block access from your country."
            title = "ERROR: The request could not be satisfied"
            body = f"<HTML><HEAD><TITLE>{title}</TITLE></HEAD><BODY>{text}</BODY>"
            return Reply(f"{body}</HTML>\n", status, {"Server": "CloudFront"}, content_type=HTML)
        if status in _SAID:
            code, text = _SAID[status]
            return Reply({"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}, "time": 0}, status)
        return page(status, f"{status} {_REASONS.get(status, 'Error')}", "<hr><center>openresty</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        asked = call.params.get("symbol")
        if not asked:
            raise _error(call, 10001, "params error: symbol is required")
        for listing in self.listed:
            if _name(listing) == asked:
                return listing
        raise _error(call, 10001, "Not supported symbols")


_SAID = {
    401: (10003, "API key is invalid."),
    429: (10429, "System level frequency protection"),
    500: (10016, "Server error."),
}
_REASONS = {
    404: "Not Found",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}


def _result(call: Call, result: dict[str, Any], *, tables: Any = (), prices: Any = ()) -> Reply:
    body = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": int(call.now * 1000)}
    return Reply(body, tables=tables, prices=prices)


def _error(call: Call, code: int, text: str) -> Refusal:
    moment = int(call.now * 1000)
    return Refusal(Reply({"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}, "time": moment}))


def _spot(call: Call) -> None:
    if call.params.get("category") != "spot":
        raise _error(call, 10001, "Illegal category")


def _number(call: Call, name: str, usual: float) -> float:
    asked = call.params.get(name)
    if not asked:
        return usual
    if not asked.isdecimal() or len(asked) > 15:
        raise _error(call, 10001, f"params error: {name} invalid")
    return int(asked)


def _name(listing: Listing) -> str:
    return listing.base + listing.quote


def _ticker(call: Call, listing: Listing) -> dict[str, str]:
    day = call.market.rolling(listing, DAY_MINUTES, call.now)
    book = call.market.book(listing, call.now, 1)
    (ask, ask_size), (bid, bid_size) = book.asks[0], book.bids[0]
    return {
        "symbol": _name(listing),
        "bid1Price": plain(bid),
        "bid1Size": plain(bid_size),
        "ask1Price": plain(ask),
        "ask1Size": plain(ask_size),
        "lastPrice": plain(day.close[0]),
        "prevPrice24h": plain(day.open[0]),
        "price24hPcnt": f"{day.close[0] / day.open[0] - 1:.4f}",  # a fraction
        "highPrice24h": plain(day.high[0]),
        "lowPrice24h": plain(day.low[0]),
        "turnover24h": plain(day.turnover[0]),
        "volume24h": plain(day.volume[0]),
    }


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "symbol": _name(listing),
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "status": "Trading",
        "marginTrading": "both",
        "lotSizeFilter": {"basePrecision": plain(10.0**-listing.lot)},
        "priceFilter": {"tickSize": plain(10.0**-listing.digits)},
    }
