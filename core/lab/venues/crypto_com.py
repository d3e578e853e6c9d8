"""Crypto.com Exchange market data, as documented at exchange-docs.crypto.com/exchange/v1/rest-ws."""

from typing import Any

from core.lab.day import day, rows_of, whole
from core.lab.grid import plain, span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_STEPS = {"1m": 60, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14400}


class CryptoCom(Venue):
    """An envelope of ``code`` and ``result``; short keys, candles oldest first, in milliseconds.

    Candles begin a day ago unless a start is named; 25 come unless a count is. Longer candles, months and
    derivatives are not played.
    """

    id = "crypto_com"
    hosts = ("api.crypto.com",)
    listed = listings("crypto_com", 0.03, ("USD", "USDT", "EUR", "BTC"))

    @route("/exchange/v1/public/get-instruments", "symbols")
    def instruments(self, call: Call) -> Reply:
        """What is traded."""
        return _result(call, {"data": [_about(listing) for listing in self.listed]})

    @route("/exchange/v1/public/get-candlestick", "ohlcv")
    def candlestick(self, call: Call) -> Reply:
        """Candles between the times named, both included; of too many the newest."""
        listing = self._listing(call)
        name = call.params.get("timeframe", "1m")
        step = _STEPS.get(name)
        if step is None:
            raise _wrong("timeframe")
        rows = min(300, max(1, int(whole(call, "count", 25, _wrong))))
        start = whole(call, "start_ts", (call.now - 86400) * 1000, _wrong) / 1000
        end = whole(call, "end_ts", call.now * 1000, _wrong) / 1000
        first, stop = span(step, rows, call.now, start=start, end=end)
        bars = call.market.bars(listing, step, first, stop, call.now)
        found = [
            {**dict(zip("ohlcv", map(plain, prices), strict=True)), "t": opened * 1000}
            for opened, *prices, _ in rows_of(bars)
        ]
        body = {"interval": name, "data": found, "instrument_name": _name(listing)}
        return _result(call, body, tables=[found], prices=("o", "h", "l", "c"))

    @route("/exchange/v1/public/get-tickers", "price", "volume", "ping")
    def tickers(self, call: Call) -> Reply:
        """The last 24 hours, of one instrument or of all."""
        asked = [self._listing(call)] if call.params.get("instrument_name") else list(self.listed)
        rows = [_ticker(call, listing) for listing in asked]
        return _result(call, {"data": rows}, tables=[rows], prices=("a", "b", "k"))

    @route("/exchange/v1/public/get-book", "orderbook")
    def book(self, call: Call) -> Reply:
        """The order book, at most 50 levels a side, each with its number of orders."""
        listing = self._listing(call)
        depth = min(50, max(1, int(whole(call, "depth", 50, _wrong))))
        book = call.market.book(listing, call.now, depth)
        asks, bids = (
            [[plain(price), plain(size), str(1 + rank % 3)] for rank, (price, size) in enumerate(side)]
            for side in (book.asks, book.bids)
        )
        data = [{"bids": bids, "asks": asks, "t": int(call.now * 1000)}]
        body = {"depth": depth, "data": data, "instrument_name": _name(listing)}
        return _result(call, body, tables=[asks, bids], prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """A bare page."""
        del call
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """The envelope where it has a code; Cloudflare's page elsewhere."""
        if status in _SAID:
            return _error(*_SAID[status], status).reply
        return page(status, f"{status} | api.crypto.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        for listing in self.listed:
            if _name(listing) == call.params.get("instrument_name"):
                return listing
        raise _error(40004, "Invalid instrument_name", 400)


_SAID = {401: (40101, "UNAUTHORIZED"), 429: (42901, "RATE_LIMIT_EXCEEDED"), 500: (50001, "INTERNAL_ERROR")}


def _name(listing: Listing) -> str:
    return f"{listing.base}_{listing.quote}"


def _result(
    call: Call, result: Any, *, tables: list[list[Any]] | None = None, prices: tuple[int | str, ...] = ()
) -> Reply:
    method = call.path.removeprefix("/exchange/v1/")
    return Reply(
        {"id": -1, "method": method, "code": 0, "result": result}, tables=tables or [], prices=prices
    )


def _error(code: int, text: str, status: int) -> Refusal:
    return Refusal(Reply({"id": -1, "code": code, "message": text}, status))


def _wrong(name: str) -> Refusal:
    return _error(40001, f"MISSING_OR_INVALID_ARGUMENT {name}", 400)


def _ticker(call: Call, listing: Listing) -> dict[str, Any]:
    now = day(call, listing)
    worth = now.turnover * (1.09 if listing.quote == "EUR" else 64_000.0 if listing.quote == "BTC" else 1.0)
    return {
        "i": _name(listing),
        "h": plain(now.high),
        "l": plain(now.low),
        "a": plain(now.last),
        "v": plain(now.volume),
        "vv": plain(worth, 2),
        "c": plain(now.change, 4),
        "b": plain(now.bid),
        "k": plain(now.ask),
        "t": int(call.now * 1000),
    }


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "symbol": _name(listing),
        "inst_type": "CCY_PAIR",
        "display_name": listing.symbol,
        "base_ccy": listing.base,
        "quote_ccy": listing.quote,
        "quote_decimals": listing.digits,
        "quantity_decimals": listing.lot,
        "tradable": True,
    }
