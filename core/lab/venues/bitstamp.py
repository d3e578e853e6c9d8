"""Bitstamp market data, as documented at www.bitstamp.net/api (HTTP API, tickers and market info)."""

import math
from typing import Any

from core.lab.grid import span
from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import HTML, Call, Refusal, Reply, Venue, page, route

_STEPS = (60, 180, 300, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 259_200)
_ROWS = 1000
_DEPTH = 300
_PAIR = "/(?P<pair>[^/]+)/?"


class Bitstamp(Venue):
    """Everything is text, candles are objects, oldest first, in seconds; quiet ones are flat, without volume.

    A start alone counts forward from there, and back to the candle that contains it; of a range that holds
    more than ``limit`` candles the newest come. What is wrong with a request has a code beside its status.
    """

    id = "bitstamp"
    hosts = ("www.bitstamp.net",)
    listed = listings(
        "bitstamp",
        0.03,
        ("USD", "EUR", "USDT", "USDC", "BTC"),
        without=frozenset({"BNB", "TRX"}),
        digits={"BTC/USD": 0, "BTC/EUR": 0, "BTC/USDT": 0, "BTC/USDC": 0, "ETH/USD": 1, "XRP/USD": 5},
    )

    @route("/api/v2/ohlc" + _PAIR, "ohlcv")
    def ohlc(self, call: Call) -> Reply:
        """Candles; ``step`` and ``limit`` must be there."""
        listing = self._listing(call)
        step, limit = _whole(call, "step"), _whole(call, "limit")
        if step not in _STEPS:
            raise _malformed("step")
        if not 1 <= limit <= _ROWS:
            raise _malformed("limit")
        start = _whole(call, "start") // step * step if "start" in call.params else -math.inf
        end = _whole(call, "end") if "end" in call.params else math.inf
        first, stop = span(
            step, limit, call.now, start=start, end=end, keep="oldest" if end == math.inf else "newest"
        )
        bars = call.market.bars(listing, step, max(0.0, first), stop, call.now)
        columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
        rows: list[Any] = []
        for opened, *prices, volume in zip(*(x.tolist() for x in columns), strict=True):
            if call.params.get("exclude_current_candle") == "true" and opened + step > call.now:
                continue
            told = {name: _price(listing, price) for name, price in zip(_PRICES, prices, strict=True)}
            rows.append({"timestamp": str(opened), **told, "volume": f"{volume:.8f}"})
        body = {"data": {"pair": listing.symbol, "ohlc": rows}}
        return Reply(body, tables=[rows], prices=_PRICES)

    @route("/api/v2/ticker" + _PAIR, "price", "volume")
    def ticker(self, call: Call) -> Reply:
        """The last 24 hours; ``open`` is the day's since 00:00 UTC, ``open_24`` that of 24 hours ago."""
        row = _ticker(call, self._listing(call))
        return Reply(row, tables=[[row]], prices=("last", "bid", "ask"))

    @route("/api/v2/ticker/?", "price", "volume")
    def tickers(self, call: Call) -> Reply:
        """All of them."""
        rows = [{**_ticker(call, listing), "pair": listing.symbol} for listing in self.listed]
        return Reply(rows, tables=[rows], prices=("last", "bid", "ask"))

    @route("/api/v2/order_book" + _PAIR, "orderbook")
    def order_book(self, call: Call) -> Reply:
        """The book, as deep as it is."""
        book = call.market.book(listing := self._listing(call), call.now, _DEPTH)
        bids, asks = (
            [[_price(listing, price), f"{size:.8f}"] for price, size in side]
            for side in (book.bids, book.asks)
        )
        moment = {"timestamp": str(int(call.now)), "microtimestamp": str(int(call.now * 1e6))}
        return Reply({**moment, "bids": bids, "asks": asks}, tables=[bids, asks], prices=(0,))

    @route("/api/v2/markets/?", "symbols")
    def markets(self, call: Call) -> Reply:
        """The markets."""
        del call
        return Reply([_about(listing) for listing in self.listed])

    @route("/api/v2/currencies/?", "ping")
    def currencies(self, call: Call) -> Reply:
        """The currencies."""
        del call
        names = sorted({asset for listing in self.listed for asset in (listing.base, listing.quote)})
        return Reply([{"name": name, "currency": name, "decimals": 8} for name in names])

    @route("/api/v2/eur_usd/?", "ping")
    def eur_usd(self, call: Call) -> Reply:
        """What it converts euros at."""
        del call
        return Reply({"buy": "1.0920", "sell": "1.0880"})

    def unknown_path(self, call: Call) -> Reply:
        """A page."""
        del call
        return Reply("<!DOCTYPE html><html><h1>Page not found</h1></html>", 404, content_type=HTML)

    def failure(self, status: int) -> Reply:
        """Its own words for a rate limit and for a wrong key, Cloudflare's page for the rest."""
        if status == 429:
            return _error("400.002", "Request rejected due to exceeded rate limit.", status).reply
        if status == 401:
            return _error("API0001", "API key not found", status).reply
        return page(status, f"{status} | Bitstamp", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        for listing in self.listed:
            if (listing.base + listing.quote).lower() == call.params["pair"].lower():
                return listing
        raise _error("404.003", "Market not found.", 404)


_PRICES = ("open", "high", "low", "close")


def _price(listing: Listing, price: float) -> str:
    return f"{price:.{listing.digits}f}"


def _ticker(call: Call, listing: Listing) -> dict[str, Any]:
    day = call.market.rolling(listing, DAY_MINUTES, call.now)
    today = call.market.bars(listing, 86400, call.now // 86400 * 86400, call.now + 1, call.now)
    book = call.market.book(listing, call.now, 1)
    last, before, volume = float(day.close[0]), float(day.open[0]), float(day.volume[0])
    return {
        "timestamp": str(int(call.now)),
        "open": _price(listing, today.open[0]),
        "high": _price(listing, day.high[0]),
        "low": _price(listing, day.low[0]),
        "last": _price(listing, last),
        "volume": f"{volume:.8f}",
        "vwap": _price(listing, float(day.turnover[0]) / volume if volume else last),
        "bid": _price(listing, book.bids[0][0]),
        "ask": _price(listing, book.asks[0][0]),
        "side": str(int(call.now) % 2),
        "open_24": _price(listing, before),
        "percent_change_24": f"{(last / before - 1) * 100:.2f}",
    }


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "name": listing.symbol,
        "market_symbol": (listing.base + listing.quote).lower(),
        "base_currency": listing.base,
        "base_decimals": listing.lot,
        "counter_currency": listing.quote,
        "counter_decimals": listing.digits,
        "trading": "Enabled",
        "market_type": "SPOT",
    }


def _error(code: str, reason: str, status: int = 400) -> Refusal:
    return Refusal(Reply({"status": "error", "reason": reason, "code": code}, status))


def _malformed(name: str) -> Refusal:
    return _error("400.001", f"GET parameter is malformed: {name}.")


def _whole(call: Call, name: str) -> int:
    given = call.params.get(name, "")
    if not given.isdecimal():
        raise _malformed(name)
    return int(given)
