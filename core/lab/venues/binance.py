"""Binance spot market data, as documented at developers.binance.com (Spot API, market data endpoints)."""

import json
import math
import re
from typing import Any, ClassVar

from core.lab.market import Bars, Listing, listings
from core.lab.venue import HTML, Call, Refusal, Reply, Route, Venue, page, route

_MINUTES = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480,
    "12h": 720, "1d": 1440, "3d": 4320, "1w": 10080,
}  # fmt: skip
_MONDAY = 4 * 86400
_SYMBOL = re.compile(r"[A-Z0-9\-_.]{1,20}")
_WHOLE = re.compile(r"[0-9]{1,20}")


class Binance(Venue):
    """Prices as text with eight decimals, times in milliseconds, candles oldest first.

    Intervals of calendar months and of one second are not played.
    """

    id = "binance"
    hosts: ClassVar[tuple[str, ...]] = (
        "api.binance.com",
        "api1.binance.com",
        "api2.binance.com",
        "api3.binance.com",
        "api4.binance.com",
        "data-api.binance.vision",
    )
    listed = listings("binance", 0.40, ("USDT", "USDC", "BTC", "ETH", "EUR"))
    content_type = "application/json;charset=UTF-8"
    server = "nginx"
    weight_limit: ClassVar[int] = 6000

    @route("/api/v3/ping", "ping")
    def ping(self, call: Call) -> Reply:
        """Nothing, to say that it is there."""
        _only(call)
        return Reply({})

    @route("/api/v3/time", "ping")
    def time(self, call: Call) -> Reply:
        """The server's time."""
        _only(call)
        return Reply({"serverTime": int(call.now * 1000)})

    @route("/api/v3/exchangeInfo", "symbols", weight=20)
    def exchange_info(self, call: Call) -> Reply:
        """The symbols and their filters. All are traded on spot; a filter goes with no names."""
        filters = {"symbolStatus", "permissions"} & call.params.keys()
        if filters and {"symbol", "symbols"} & call.params.keys():
            raise _error(-1128, "Combination of optional parameters invalid.")
        _only(call, "symbol", "symbols", "symbolStatus", "permissions", "showPermissionSets")
        minute = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
        body = {
            "timezone": "UTC",
            "serverTime": int(call.now * 1000),
            "rateLimits": [
                {**minute, "limit": self.weight_limit},
                {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61000},
            ],
            "exchangeFilters": [],
            "symbols": [_about(listing) for listing in self._asked(call) or self.listed],
        }
        return Reply(body)

    @route("/api/v3/klines", "ohlcv", weight=2)
    def klines(self, call: Call) -> Reply:
        """Candles. Both ends are included; a start between two candles means the later one."""
        _only(call, "symbol", "interval", "startTime", "endTime", "limit")
        listing = self._one(call)
        interval = _need(call, "interval")
        if interval not in _MINUTES:
            raise _error(-1120, "Invalid interval.")
        step = _MINUTES[interval] * 60
        anchor = _MONDAY if interval == "1w" else 0
        limit = min(1000, _whole(call, "limit", 500))
        start, end = _moment(call, "startTime"), _moment(call, "endTime")
        newest = (min(call.now, end) - anchor) // step * step + anchor
        if start == -math.inf:
            first = newest - (limit - 1) * step
            stop = newest + step
        else:
            first = -((anchor - start) // step) * step + anchor
            stop = min(newest + step, first + limit * step)
        bars = call.market.bars(listing, step, max(first, anchor), stop, call.now)
        rows = _klines(bars, step, listing)
        return Reply(rows, tables=[rows], prices=(1, 2, 3, 4))

    @route("/api/v3/ticker/price", "price", weight=2)
    def ticker_price(self, call: Call) -> Reply:
        """Last prices."""
        return self._tickers(call, self._last, ("price",))

    @route("/api/v3/ticker/bookTicker", "price", weight=2)
    def book_ticker(self, call: Call) -> Reply:
        """The best level of each side."""
        return self._tickers(call, self._top, ("bidPrice", "askPrice"))

    @route("/api/v3/ticker/24hr", "price", "volume", weight=2)
    def ticker_24hr(self, call: Call) -> Reply:
        """The rolling day."""
        prices = ("lastPrice", "bidPrice", "askPrice", "prevClosePrice")
        return self._tickers(call, self._day, prices)

    @route("/api/v3/depth", "orderbook", weight=5)
    def depth(self, call: Call) -> Reply:
        """The order book."""
        _only(call, "symbol", "limit")
        listing = self._one(call)
        book = call.market.book(listing, call.now, min(5000, _whole(call, "limit", 100)))
        bids, asks = (
            [[_text(price), _text(size)] for price, size in side] for side in (book.bids, book.asks)
        )
        body = {"lastUpdateId": 40_000_000_000 + int(call.now * 10), "bids": bids, "asks": asks}
        return Reply(body, tables=[bids, asks], prices=(0,))

    def headers(self, call: Call, one: Route | None) -> dict[str, str]:
        """The weight that has been spent in this minute."""
        spent = str(call.spent + (one.weight if one else 1))
        return {"Server": self.server, "x-mbx-used-weight": spent, "x-mbx-used-weight-1m": spent}

    def unknown_path(self, call: Call) -> Reply:
        """A bare page."""
        del call
        return Reply("<html><body><h2>404 Not found</h2></body></html>", 404, content_type=HTML)

    def failure(self, status: int) -> Reply:
        """Its own JSON where it has a code for it; its gateway's page elsewhere."""
        if status in _SAID:
            code, text = _SAID[status]
            return _error(code, text.format(limit=self.weight_limit), status=status).reply
        return page(status, f"{status} {_REASONS.get(status, 'Error')}", "<hr><center>nginx</center>\r\n")

    def _asked(self, call: Call) -> list[Listing]:
        """The listings that ``symbol`` or ``symbols`` names; empty when neither is given."""
        if "symbols" in call.params:
            try:
                names = json.loads(call.params["symbols"])
            except ValueError:
                names = None
            if not isinstance(names, list) or not names:
                raise _illegal("symbols", '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$')
            return [self._listing(str(name)) for name in names]
        return [self._listing(call.params["symbol"])] if "symbol" in call.params else []

    def _one(self, call: Call) -> Listing:
        return self._listing(_need(call, "symbol"))

    def _listing(self, name: str) -> Listing:
        if not _SYMBOL.fullmatch(name):
            raise _illegal("symbol", "^[A-Z0-9-_.]{1,20}$")
        for listing in self.listed:
            if listing.base + listing.quote == name:
                return listing
        raise _error(-1121, "Invalid symbol.")

    def _tickers(self, call: Call, say: Any, prices: tuple[str, ...]) -> Reply:
        """One object for ``symbol``, a list for ``symbols`` or for none."""
        _only(call, "symbol", "symbols")
        found = [say(call, listing) for listing in self._asked(call) or self.listed]
        return Reply(found[0] if "symbol" in call.params else found, tables=[found], prices=prices)

    def _last(self, call: Call, listing: Listing) -> dict[str, Any]:
        return {"symbol": listing.base + listing.quote, "price": _text(call.market.last(listing, call.now))}

    def _top(self, call: Call, listing: Listing) -> dict[str, Any]:
        book = call.market.book(listing, call.now, 1)
        (bid, bid_size), (ask, ask_size) = book.bids[0], book.asks[0]
        return {
            "symbol": listing.base + listing.quote,
            "bidPrice": _text(bid),
            "bidQty": _text(bid_size),
            "askPrice": _text(ask),
            "askQty": _text(ask_size),
        }

    def _day(self, call: Call, listing: Listing) -> dict[str, Any]:
        day = call.market.rolling(listing, 1440, call.now)
        opened, last, volume = float(day.open[0]), float(day.close[0]), float(day.volume[0])
        turnover, count = float(day.turnover[0]), int(day.trades[0])
        closed = int(call.now * 1000)
        return {
            **self._top(call, listing),
            "priceChange": _text(last - opened),
            "priceChangePercent": f"{(last / opened - 1) * 100:.3f}",
            "weightedAvgPrice": _text(turnover / volume if volume else 0.0),
            "prevClosePrice": _text(opened),
            "lastPrice": _text(last),
            "lastQty": _text(10.0**-listing.lot),
            "openPrice": _text(opened),
            "highPrice": _text(day.high[0]),
            "lowPrice": _text(day.low[0]),
            "volume": _text(volume),
            "quoteVolume": _text(turnover),
            "openTime": closed - 86_400_000,
            "closeTime": closed,
            "firstId": 1_000_000_000,
            "lastId": 1_000_000_000 + max(0, count - 1),
            "count": count,
        }


_STREAMS = "Please use WebSocket Streams for live updates to avoid"
_TERMS = "https://www.binance.com/en/terms"
_SUPPORT = "Please contact customer service if you believe you received this message in error."
_WEIGHT = "Too much request weight used; current limit is {limit} request weight per 1 MINUTE."
_GEO = f"Service unavailable from a restricted location according to 'b. Eligibility' in {_TERMS}. {_SUPPORT}"
_SAID = {
    418: (-1003, f"Way too much request weight used; IP banned. {_STREAMS} bans."),
    429: (-1003, f"{_WEIGHT} {_STREAMS} polling the API."),
    451: (0, _GEO),
    500: (-1000, "An unknown error occurred while processing the request."),
    503: (-1008, "Server is currently overloaded with other requests. Please try again in a few minutes."),
}
_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    502: "Bad Gateway",
    504: "Gateway Time-out",
}


def _text(number: float) -> str:
    return f"{number:.8f}"


def _klines(bars: Bars, step: int, listing: Listing) -> list[Any]:
    """Twelve columns. The takers' part is a plausible share; nothing else can be checked against it."""
    columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.turnover, bars.trades)
    rows: list[Any] = []
    for opened, o, h, low, c, volume, turnover, trades in zip(*(x.tolist() for x in columns), strict=True):
        share = 0.35 + 0.3 * ((opened // 60 * 2_654_435_761) % 1000) / 1000
        taken = math.floor(volume * share * 10**listing.lot) / 10**listing.lot
        quote_taken = turnover * (taken / volume) if volume else 0.0
        rows.append([
            opened * 1000, _text(o), _text(h), _text(low), _text(c), _text(volume),
            (opened + step) * 1000 - 1, _text(turnover), trades, _text(taken), _text(quote_taken), "0",
        ])  # fmt: skip
    return rows


def _about(listing: Listing) -> dict[str, Any]:
    tick, lot = _text(10.0**-listing.digits), _text(10.0**-listing.lot)
    return {
        "symbol": listing.base + listing.quote,
        "status": "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": "1000000.00000000",
                "tickSize": tick,
            },
            {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000000.00000000", "stepSize": lot},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def _error(code: int, text: str, status: int = 400) -> Refusal:
    return Refusal(Reply({"code": code, "msg": text}, status))


def _illegal(name: str, legal: str) -> Refusal:
    return _error(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def _missing(name: str) -> Refusal:
    return _error(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def _only(call: Call, *known: str) -> None:
    read = sum(name in known for name in call.params)
    if read < len(call.params):
        text = f"Not all sent parameters were read; read '{read}' parameter(s) but was sent"
        raise _error(-1104, f"{text} '{len(call.params)}'.")


def _need(call: Call, name: str) -> str:
    if not call.params.get(name):
        raise _missing(name)
    return call.params[name]


def _whole(call: Call, name: str, usual: int) -> int:
    if name not in call.params:
        return usual
    if not _WHOLE.fullmatch(call.params[name]):
        raise _illegal(name, "^[0-9]{1,20}$")
    if not int(call.params[name]):
        raise _missing(name)
    return int(call.params[name])


def _moment(call: Call, name: str) -> float:
    """Seconds; without it the start is minus infinity and the end infinity."""
    if name not in call.params:
        return -math.inf if name == "startTime" else math.inf
    if not _WHOLE.fullmatch(call.params[name]):
        raise _illegal(name, "^[0-9]{1,20}$")
    return int(call.params[name]) / 1000
