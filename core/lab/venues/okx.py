"""OKX spot market data, as documented at www.okx.com/docs-v5 (Order Book Trading, Market Data)."""

import math
from typing import Any

from core.lab.grid import MONDAY, plain, span
from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_HONG_KONG = -8 * 3600  # from six hours on, a candle without "utc" in its name opens by Hong Kong time
_HOURS = {"1H": 3600, "2H": 7200, "4H": 14400}
_MINUTES = {"1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800}
_LONG = {"6H": 21600, "12H": 43200, "1D": 86400, "2D": 172_800, "3D": 259_200, "1W": 604_800}
_BARS: dict[str, tuple[int, int]] = {
    **{name: (step, 0) for name, step in {**_MINUTES, **_HOURS}.items()},
    **{name: (step, _HONG_KONG + MONDAY) for name, step in _LONG.items()},
    **{f"{name}utc": (step, MONDAY) for name, step in _LONG.items()},
}
_ROWS = 300
_OLDER_ROWS = 100
_RECENT = 1440
_DEPTH = 400


class OKX(Venue):
    """An envelope of ``code``, ``msg`` and ``data``; numbers as text, candles newest first, in milliseconds.

    ``after`` means older than, ``before`` newer than. Months are not played.
    """

    id = "okx"
    hosts = ("www.okx.com",)
    listed = listings(
        "okx",
        0.12,
        ("USDT", "USDC", "EUR", "BTC"),
        digits={"BTC/USDT": 1, "BTC/USDC": 1, "BTC/EUR": 1, "BNB/USDT": 1, "XRP/USDT": 5},
    )

    @route("/api/v5/public/time", "ping")
    def time(self, call: Call) -> Reply:
        """The server's time."""
        return _data([{"ts": str(int(call.now * 1000))}])

    @route("/api/v5/system/status", "ping")
    def status(self, call: Call) -> Reply:
        """Upgrades to come; there are none."""
        del call
        return _data([])

    @route("/api/v5/public/instruments", "symbols")
    def instruments(self, call: Call) -> Reply:
        """The instruments of one type; there is only spot."""
        self._spot(call)
        asked = [self._listing(call)] if "instId" in call.params else list(self.listed)
        return _data([_about(listing) for listing in asked])

    @route("/api/v5/market/candles", "ohlcv")
    def candles(self, call: Call) -> Reply:
        """The newest 1,440 candles, and nothing older."""
        return self._candles(call, _RECENT)

    @route("/api/v5/market/history-candles", "ohlcv", weight=2)
    def history_candles(self, call: Call) -> Reply:
        """All closed candles."""
        return self._candles(call, None)

    @route("/api/v5/market/ticker", "price", "volume", weight=2)
    def ticker(self, call: Call) -> Reply:
        """One ticker."""
        row = _ticker(call, self._listing(call))
        return _data([row], tables=[[row]], prices=("last", "askPx", "bidPx"))

    @route("/api/v5/market/tickers", "price", "volume", weight=2)
    def tickers(self, call: Call) -> Reply:
        """All tickers of one type."""
        self._spot(call)
        rows = [_ticker(call, listing) for listing in self.listed]
        return _data(rows, tables=[rows], prices=("last", "askPx", "bidPx"))

    @route("/api/v5/market/books", "orderbook")
    def books(self, call: Call) -> Reply:
        """The order book, at most 400 levels a side; one unless ``sz`` says more."""
        listing = self._listing(call)
        size = _number(call, "sz", 1)
        if not 1 <= size <= _DEPTH:
            raise _wrong("sz")
        book = call.market.book(listing, call.now, int(size))
        asks, bids = (
            [[plain(price), plain(size), "0", str(1 + rank % 4)] for rank, (price, size) in enumerate(side)]
            for side in (book.asks, book.bids)
        )
        body = {"asks": asks, "bids": bids, "ts": str(int(call.now * 1000))}
        return _data([body], tables=[asks, bids], prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """The envelope, for an address that leads nowhere."""
        del call
        return _error("404", "Not Found", 404).reply

    def failure(self, status: int) -> Reply:
        """The envelope where it has a code; Cloudflare's page elsewhere."""
        if status in _SAID:
            return _error(*_SAID[status], status).reply
        return page(status, f"{status} | www.okx.com", "<hr><center>cloudflare</center>\r\n")

    def _candles(self, call: Call, recent: int | None) -> Reply:
        listing = self._listing(call)
        bar = call.params.get("bar") or "1m"
        if bar not in _BARS:
            raise _wrong("bar")
        step, anchor = _BARS[bar]
        most = _OLDER_ROWS if recent is None else _ROWS
        rows = min(most, int(_number(call, "limit", 100)))
        start = _number(call, "before", -math.inf) / 1000 + 0.001
        end = _number(call, "after", math.inf) / 1000 - 0.001
        now = call.now if recent is not None else call.now - step
        first, stop = span(step, rows, now, start=start, end=end, anchor=anchor)
        if recent is not None:
            newest = (call.now - anchor) // step * step + anchor
            first = max(first, newest - (recent - 1) * step)
        bars = call.market.bars(listing, step, first, stop, call.now)
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.turnover, bars.turnover)
        found = [
            [str(opened * 1000), *map(plain, numbers), "1" if opened + step <= call.now else "0"]
            for opened, *numbers in zip(
                bars.time[::-1].tolist(), *(x[::-1].tolist() for x in columns), strict=True
            )
        ]
        return _data(found, tables=[found], prices=(1, 2, 3, 4))

    def _listing(self, call: Call) -> Listing:
        asked = call.params.get("instId")
        if not asked:
            raise _error("50014", "Parameter instId can not be empty.", 400)
        for listing in self.listed:
            if _name(listing) == asked:
                return listing
        raise _error("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")

    def _spot(self, call: Call) -> None:
        if not call.params.get("instType"):
            raise _error("50014", "Parameter instType can not be empty.", 400)
        if call.params["instType"] != "SPOT":
            raise _wrong("instType")


_SAID: dict[int, tuple[str, str]] = {
    401: ("50111", "Invalid OK-ACCESS-KEY"),
    404: ("404", "Not Found"),
    429: ("50011", "Too Many Requests"),
    500: ("50026", "System error. Try again later."),
    503: ("50001", "Service temporarily unavailable. Try again later."),
    504: ("50004", "API endpoint request timeout"),
}

_Rows = list[Any]


def _data(data: _Rows, *, tables: list[_Rows] | None = None, prices: tuple[int | str, ...] = ()) -> Reply:
    return Reply({"code": "0", "msg": "", "data": data}, tables=tables or [], prices=prices)


def _error(code: str, text: str, status: int = 200) -> Refusal:
    return Refusal(Reply({"code": code, "data": [], "msg": text}, status))


def _wrong(name: str) -> Refusal:
    return _error("51000", f"Parameter {name} error", 400)


def _number(call: Call, name: str, usual: float) -> float:
    asked = call.params.get(name)
    if not asked:
        return usual
    if not asked.isdecimal() or len(asked) > 15:
        raise _wrong(name)
    return int(asked)


def _name(listing: Listing) -> str:
    return f"{listing.base}-{listing.quote}"


def _ticker(call: Call, listing: Listing) -> dict[str, str]:
    day = call.market.rolling(listing, DAY_MINUTES, call.now)
    book = call.market.book(listing, call.now, 1)
    (ask, ask_size), (bid, bid_size) = book.asks[0], book.bids[0]
    midnight = call.now // 86400 * 86400
    hong_kong = (call.now - _HONG_KONG) // 86400 * 86400 + _HONG_KONG
    opened = [
        float(call.market.bars(listing, 60, moment, moment + 60, call.now).open[0])
        for moment in (midnight, hong_kong)
    ]
    return {
        "instType": "SPOT",
        "instId": _name(listing),
        "last": plain(day.close[0]),
        "lastSz": plain(10.0**-listing.lot),
        "askPx": plain(ask),
        "askSz": plain(ask_size),
        "bidPx": plain(bid),
        "bidSz": plain(bid_size),
        "open24h": plain(day.open[0]),
        "high24h": plain(day.high[0]),
        "low24h": plain(day.low[0]),
        "volCcy24h": plain(day.turnover[0]),
        "vol24h": plain(day.volume[0]),
        "ts": str(int(call.now * 1000)),
        "sodUtc0": plain(opened[0]),
        "sodUtc8": plain(opened[1]),
    }


def _about(listing: Listing) -> dict[str, str]:
    return {
        "instType": "SPOT",
        "instId": _name(listing),
        "baseCcy": listing.base,
        "quoteCcy": listing.quote,
        "tickSz": plain(10.0**-listing.digits),
        "lotSz": plain(10.0**-listing.lot),
        "minSz": plain(10.0**-listing.lot),
        "state": "live",
    }
