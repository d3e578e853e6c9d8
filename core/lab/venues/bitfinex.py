"""Bitfinex market data, as documented at docs.bitfinex.com (REST, public endpoints, version 2)."""

import math
from typing import Any

from core.lab.grid import MONDAY, span
from core.lab.market import DAY_MINUTES, GENESIS, Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_NAMES = {"USDT": "UST", "USDC": "UDC"}
_FRAMES = {
    "1m": 60, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "3h": 10800, "6h": 21600, "12h": 43200,
    "1D": 86400, "1W": 604_800, "14D": 1_209_600,
}  # fmt: skip
_ROWS = 10_000
_LENGTHS = ("1", "25", "100", "250")
# Prices have five significant digits.
_DIGITS = {
    "BTC": 0, "ETH": 1, "SOL": 2, "XRP": 5, "ADA": 5, "DOGE": 5, "LTC": 3, "DOT": 4, "LINK": 3, "AVAX": 3,
}  # fmt: skip


class Bitfinex(Venue):
    """Bare lists of numbers. Candles are ``[ms, open, close, high, low, volume]``; quiet ones are left out.

    Newest first unless ``sort=1``, which also says which end ``limit`` counts from. A symbol with more than
    three letters on a side carries a colon. Candles of an unknown symbol are an empty list; elsewhere it is
    an error with status 500. Months are not played.
    """

    id = "bitfinex"
    hosts = ("api-pub.bitfinex.com",)
    listed = listings(
        "bitfinex",
        0.02,
        ("USD", "USDT", "EUR", "BTC"),
        without=frozenset({"BNB", "TRX"}),
        digits={f"{base}/{quote}": d for base, d in _DIGITS.items() for quote in ("USD", "USDT", "EUR")},
    )
    content_type = "application/json; charset=utf-8"

    @route("/v2/platform/status", "ping")
    def status(self, call: Call) -> Reply:
        """1 when it works, 0 in maintenance."""
        del call
        return Reply([1])

    @route("/v2/conf/pub:list:pair:exchange", "symbols")
    def pairs(self, call: Call) -> Reply:
        """The pairs, without the t."""
        del call
        return Reply([[_pair(listing)[1:] for listing in self.listed]])

    @route("/v2/candles/trade:(?P<frame>[^:]+):(?P<symbol>.+)/(?P<section>hist|last)", "ohlcv")
    def candles(self, call: Call) -> Reply:
        """Both ends are included. ``last`` is the newest candle alone."""
        step = _FRAMES.get(call.params["frame"])
        if step is None:
            raise _error(10020, "time_interval: invalid")
        limit, sort = _whole(call, "limit", 100), call.params.get("sort", "-1")
        if not 1 <= limit <= _ROWS:
            raise _error(10020, "limit: invalid")
        listing = self._known(call.params["symbol"])
        if listing is None:
            return Reply([])
        start, end = _moment(call, "start"), _moment(call, "end")
        if sort == "1" and start == -math.inf:
            start = GENESIS
        first, stop = span(
            step,
            limit,
            call.now,
            start=start,
            end=end,
            anchor=MONDAY if step % 604_800 == 0 else 0,
            keep="oldest" if sort == "1" else "newest",
        )
        bars = call.market.bars(listing, step, max(0.0, first), stop, call.now)
        columns = (bars.time, bars.open, bars.close, bars.high, bars.low, bars.volume)
        rows: list[Any] = [
            [opened * 1000, *map(_short, numbers)]
            for opened, *numbers in zip(*(x.tolist() for x in columns), strict=True)
            if numbers[-1]
        ]
        if sort != "1":
            rows.reverse()
        if call.params["section"] == "last":
            newest = rows[-1] if sort == "1" else rows[0]
            return Reply(newest, tables=[[newest]], prices=(1, 2, 3, 4))
        return Reply(rows, tables=[rows], prices=(1, 2, 3, 4))

    @route("/v2/ticker/(?P<symbol>[^/]+)", "price", "volume")
    def ticker(self, call: Call) -> Reply:
        """Ten numbers without names; the relative change is a fraction."""
        row = _ticker(call, self._listing(call))
        return Reply(row, tables=[[row]], prices=(0, 2, 6))

    @route("/v2/tickers", "price", "volume")
    def tickers(self, call: Call) -> Reply:
        """The same with the symbol in front; unknown ones are left out."""
        asked = call.params.get("symbols", "")
        if not asked:
            raise _error(10020, "symbols: invalid")
        wanted = self.listed if asked == "ALL" else [self._known(name) for name in asked.split(",")]
        rows = [[_pair(listing), *_ticker(call, listing)] for listing in wanted if listing is not None]
        return Reply(rows, tables=[rows], prices=(1, 3, 7))

    @route("/v2/book/(?P<symbol>[^/]+)/(?P<precision>P[0-4])", "orderbook")
    def book(self, call: Call) -> Reply:
        """``[price, orders, amount]`` in one list: an amount below zero is an ask."""
        listing = self._listing(call)
        length = call.params.get("len", "25")
        if length not in _LENGTHS:
            raise _error(10020, "len: invalid")
        book = call.market.book(listing, call.now, int(length))
        rows: list[Any] = [
            [_short(price), 1 + rank % 4, sign * size]
            for side, sign in ((book.bids, 1.0), (book.asks, -1.0))
            for rank, (price, size) in enumerate(side)
        ]
        return Reply(rows, tables=[rows], prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """A page."""
        del call
        return page(404, "404 Not Found", "<hr><center>nginx</center>\r\n")

    def failure(self, status: int) -> Reply:
        """Its own words where it has them, a page elsewhere."""
        if status == 429:
            return Reply({"error": "ERR_RATE_LIMIT"}, status)
        if status in {500, 503}:
            said = (20060, "maintenance") if status == 503 else (10000, "unknown error")
            return _error(*said, status).reply
        return page(status, f"{status} | api-pub.bitfinex.com", "<hr><center>cloudflare</center>\r\n")

    def maintenance(self, call: Call, status: int) -> Reply:
        """Its status is 0; all else is answered with the error for it."""
        if call.path == "/v2/platform/status":
            return Reply([0])
        return _error(20060, "maintenance", status).reply

    def _known(self, name: str) -> Listing | None:
        return next((listing for listing in self.listed if _pair(listing) == name), None)

    def _listing(self, call: Call) -> Listing:
        listing = self._known(call.params["symbol"])
        if listing is None:
            raise _error(10020, "symbol: invalid")
        return listing


def _pair(listing: Listing) -> str:
    base, quote = (_NAMES.get(asset, asset) for asset in (listing.base, listing.quote))
    return f"t{base}{':' if len(base) > 3 or len(quote) > 3 else ''}{quote}"


def _ticker(call: Call, listing: Listing) -> list[Any]:
    day = call.market.rolling(listing, DAY_MINUTES, call.now)
    book = call.market.book(listing, call.now, 1)
    (bid, bid_size), (ask, ask_size) = book.bids[0], book.asks[0]
    last, before = float(day.close[0]), float(day.open[0])
    numbers = (
        bid,
        bid_size,
        ask,
        ask_size,
        round(last - before, listing.digits),
        round(last / before - 1, 8),
        last,
        float(day.volume[0]),
        float(day.high[0]),
        float(day.low[0]),
    )
    return [_short(number) for number in numbers]


def _short(number: float) -> float | int:
    """Whole numbers are written without a point."""
    return int(number) if number == int(number) else number


def _error(code: int, text: str, status: int = 500) -> Refusal:
    return Refusal(Reply(["error", code, text], status))


def _whole(call: Call, name: str, usual: int) -> int:
    given = call.params.get(name, str(usual))
    if not given.isdecimal():
        raise _error(10020, f"{name}: invalid")
    return int(given)


def _moment(call: Call, name: str) -> float:
    if name not in call.params:
        return -math.inf if name == "start" else math.inf
    return _whole(call, name, 0) / 1000
