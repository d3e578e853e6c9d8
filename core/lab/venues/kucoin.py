"""KuCoin spot market data, as documented at www.kucoin.com/docs-new (Spot Trading, Market Data)."""

import math
from typing import Any

from core.lab.grid import plain, span
from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import Call, Refusal, Reply, Route, Venue, page, route

_TYPES = {
    "1min": 60, "3min": 180, "5min": 300, "15min": 900, "30min": 1800, "1hour": 3600, "2hour": 7200,
    "4hour": 14400, "6hour": 21600, "8hour": 28800, "12hour": 43200, "1day": 86400,
}  # fmt: skip
_ROWS = 1500
_WITHOUT_RANGE = 100
_QUOTA = 2000


class KuCoin(Venue):
    """An envelope of ``code`` and ``data``; candles newest first in seconds, ``t o c h l volume turnover``.

    Candles without a trade are left out. A symbol that is not there is refused by the candles alone; tickers
    and books are then null. Weeks and months are not played.
    """

    id = "kucoin"
    hosts = ("api.kucoin.com",)
    listed = listings(
        "kucoin",
        0.05,
        ("USDT", "USDC", "EUR", "BTC", "ETH"),
        digits={"BTC/USDT": 1, "BTC/USDC": 1, "XRP/USDT": 5},
    )

    @route("/api/v1/timestamp", "ping")
    def timestamp(self, call: Call) -> Reply:
        """The server's time."""
        return _data(int(call.now * 1000))

    @route("/api/v1/status", "ping")
    def status(self, call: Call) -> Reply:
        """Whether trading is on."""
        del call
        return _data({"status": "open", "msg": ""})

    @route("/api/v[12]/symbols", "symbols", weight=4)
    def symbols(self, call: Call) -> Reply:
        """What is traded."""
        del call
        return _data([_about(listing) for listing in self.listed])

    @route("/api/v1/market/candles", "ohlcv", weight=3)
    def candles(self, call: Call) -> Reply:
        """Candles with ``startAt ≤ t < endAt``, the newest 1,500 of them; without a range the newest 100."""
        listing = self._listing(call)
        if listing is None:
            raise _error("400100", "This pair is not provided at present")
        step = _TYPES.get(call.params.get("type", ""))
        if step is None:
            raise _error("400100", "type is not valid")
        start, end = _number(call, "startAt", 0), _number(call, "endAt", 0)
        rows = _ROWS if start or end else _WITHOUT_RANGE
        first, stop = span(step, rows, call.now, start=start or -math.inf, end=end - 0.5 if end else math.inf)
        bars = call.market.bars(listing, step, first, stop, call.now)
        columns = (bars.open, bars.close, bars.high, bars.low, bars.volume, bars.turnover)
        found = [
            [str(opened), *map(plain, numbers)]
            for opened, *numbers in zip(
                bars.time[::-1].tolist(), *(x[::-1].tolist() for x in columns), strict=True
            )
            if numbers[4]
        ]
        return _data(found, tables=[found], prices=(1, 2, 3, 4))

    @route("/api/v1/market/orderbook/level1", "price", weight=2)
    def level1(self, call: Call) -> Reply:
        """The last trade and the best of each side."""
        listing = self._listing(call)
        if listing is None:
            return _data(None)
        book = call.market.book(listing, call.now, 1)
        body = {
            "time": int(call.now * 1000),
            "sequence": str(10_000_000_000 + int(call.now * 10)),
            "price": plain(call.market.last(listing, call.now)),
            "size": plain(10.0**-listing.lot),
            "bestBid": plain(book.bids[0][0]),
            "bestBidSize": plain(book.bids[0][1]),
            "bestAsk": plain(book.asks[0][0]),
            "bestAskSize": plain(book.asks[0][1]),
        }
        return _data(body, tables=[[body]], prices=("price", "bestBid", "bestAsk"))

    @route("/api/v1/market/stats", "price", "volume", weight=15)
    def stats(self, call: Call) -> Reply:
        """The last 24 hours; a symbol that is not there has nulls."""
        body = self._stats(call, self._listing(call))
        return _data(body, tables=[[body]] if body["last"] else [], prices=("last", "buy", "sell"))

    @route("/api/v1/market/orderbook/level2_(?P<depth>20|100)", "orderbook", weight=2)
    def level2(self, call: Call) -> Reply:
        """The best 20 or 100 levels."""
        listing = self._listing(call)
        if listing is None:
            return _data({"time": int(call.now * 1000), "sequence": "0", "bids": None, "asks": None})
        book = call.market.book(listing, call.now, int(call.params["depth"]))
        bids, asks = (
            [[plain(price), plain(size)] for price, size in side] for side in (book.bids, book.asks)
        )
        sequence = str(10_000_000_000 + int(call.now * 10))
        body = {"time": int(call.now * 1000), "sequence": sequence, "bids": bids, "asks": asks}
        return _data(body, tables=[bids, asks], prices=(0,))

    def headers(self, call: Call, one: Route | None) -> dict[str, str]:
        """What is left of the quota, and the milliseconds until there is more."""
        left = max(0, _QUOTA - call.spent - (one.weight if one else 1))
        return {
            **Venue.headers(self, call, one),
            "gw-ratelimit-limit": str(_QUOTA),
            "gw-ratelimit-remaining": str(left),
            "gw-ratelimit-reset": str(int((30 - call.now % 30) * 1000)),
        }

    def unknown_path(self, call: Call) -> Reply:
        """The envelope, for an address that leads nowhere."""
        del call
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """The envelope where it has a code; Cloudflare's page elsewhere."""
        if status in _SAID:
            return _error(*_SAID[status], status).reply
        return page(status, f"{status} | api.kucoin.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call) -> Listing | None:
        asked = call.params.get("symbol")
        if not asked:
            raise _error("400100", "symbol is required", 400)
        return next((listing for listing in self.listed if _name(listing) == asked), None)

    def _stats(self, call: Call, listing: Listing | None) -> dict[str, Any]:
        moment = int(call.now * 1000)
        if listing is None:
            return {"time": moment, "symbol": call.params["symbol"], **dict.fromkeys(_STATS)}
        day = call.market.rolling(listing, DAY_MINUTES, call.now)
        book = call.market.book(listing, call.now, 1)
        opened, last = float(day.open[0]), float(day.close[0])
        said = {
            "buy": plain(book.bids[0][0]),
            "sell": plain(book.asks[0][0]),
            "changeRate": f"{last / opened - 1:.4f}",  # a fraction
            "changePrice": plain(last - opened),
            "high": plain(day.high[0]),
            "low": plain(day.low[0]),
            "vol": plain(day.volume[0]),
            "volValue": plain(day.turnover[0]),
            "last": plain(last),
            "averagePrice": plain((opened + last) / 2),
            "takerFeeRate": "0.001",
            "makerFeeRate": "0.001",
            "takerCoefficient": "1",
            "makerCoefficient": "1",
        }
        return {"time": moment, "symbol": _name(listing), **said}


_STATS = (
    "buy", "sell", "changeRate", "changePrice", "high", "low", "vol", "volValue", "last", "averagePrice",
    "takerFeeRate", "makerFeeRate", "takerCoefficient", "makerCoefficient",
)  # fmt: skip

_AWAY = "Our services are currently unavailable in the U.S. Please access our platform from elsewhere."
_SAID: dict[int, tuple[str, str]] = {
    401: ("400003", "KC-API-KEY not exists"),
    403: ("400302", _AWAY),
    404: ("404000", "URL Not Found"),
    429: ("429000", "Too many requests in a short period of time, please retry later"),
    500: ("500000", "Internal Server Error"),
}


def _data(data: Any, *, tables: Any = (), prices: Any = ()) -> Reply:
    return Reply({"code": "200000", "data": data}, tables=tables, prices=prices)


def _error(code: str, text: str, status: int = 200) -> Refusal:
    return Refusal(Reply({"code": code, "msg": text}, status))


def _number(call: Call, name: str, usual: int) -> int:
    asked = call.params.get(name)
    if not asked:
        return usual
    if not asked.isdecimal() or len(asked) > 12:
        raise _error("400100", f"{name} is not valid")
    return int(asked)


def _name(listing: Listing) -> str:
    return f"{listing.base}-{listing.quote}"


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "symbol": _name(listing),
        "name": _name(listing),
        "baseCurrency": listing.base,
        "quoteCurrency": listing.quote,
        "market": "USDS" if listing.quote.startswith("USD") else listing.quote,
        "baseIncrement": plain(10.0**-listing.lot),
        "priceIncrement": plain(10.0**-listing.digits),
        "enableTrading": True,
    }
