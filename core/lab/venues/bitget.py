"""Bitget spot market data, as documented at www.bitget.com/api-doc/spot/market (API v2)."""

import math
from typing import Any

from core.lab.day import day, rows_of, whole
from core.lab.grid import MONDAY, plain, span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_HONG_KONG = -8 * 3600 + MONDAY  # from six hours on, a candle without "utc" in its name opens by that clock
_SHORT = {"1min": 60, "3min": 180, "5min": 300, "15min": 900, "30min": 1800, "1h": 3600, "4h": 14400}
_LONG = {"6H": 21600, "12H": 43200, "1D": 86400, "3D": 259_200, "1W": 604_800}
_STEPS: dict[str, tuple[int, int]] = {
    **{name: (step, 0) for name, step in _SHORT.items()},
    "6h": (21600, _HONG_KONG),
    "12h": (43200, _HONG_KONG),
    "1day": (86400, _HONG_KONG),
    **{f"{name}utc": (step, MONDAY) for name, step in _LONG.items()},
}
_DAYS = {60: 30, 180: 30, 300: 30, 900: 52, 1800: 62, 3600: 83, 14400: 240, 21600: 360}
"""How far back the recent candles reach."""


class Bitget(Venue):
    """An envelope of ``code``, ``msg`` and ``data``; numbers as text, candles oldest first, in milliseconds.

    Candles end before ``endTime`` and are counted back from there. Months are not played.
    """

    id = "bitget"
    hosts = ("api.bitget.com",)
    listed = listings("bitget", 0.05, ("USDT", "USDC", "BTC"), digits={"XRP/USDT": 4, "SOL/USDT": 2})

    @route("/api/v2/public/time", "ping")
    def time(self, call: Call) -> Reply:
        """The server's time."""
        return _data(call, {"serverTime": str(int(call.now * 1000))})

    @route("/api/v2/spot/public/symbols", "symbols")
    def symbols(self, call: Call) -> Reply:
        """What is traded."""
        return _data(call, [_about(listing) for listing in self.listed])

    @route("/api/v2/spot/market/candles", "ohlcv")
    def candles(self, call: Call) -> Reply:
        """The recent candles."""
        step, anchor = self._step(call)
        return self._candles(call, step, anchor, 1000, _DAYS.get(step))

    @route("/api/v2/spot/market/history-candles", "ohlcv")
    def history_candles(self, call: Call) -> Reply:
        """All closed candles; ``endTime`` must be named."""
        step, anchor = self._step(call)
        if not call.params.get("endTime"):
            raise _error(call, "400172", "Parameter verification failed endTime", 400)
        return self._candles(call, step, anchor, 200, None)

    @route("/api/v2/spot/market/tickers", "price", "volume")
    def tickers(self, call: Call) -> Reply:
        """The last 24 hours, of one symbol or of all."""
        asked = [self._listing(call)] if call.params.get("symbol") else list(self.listed)
        rows = [_ticker(call, listing) for listing in asked]
        return _data(call, rows, tables=[rows], prices=("lastPr", "askPr", "bidPr"))

    @route("/api/v2/spot/market/orderbook", "orderbook")
    def orderbook(self, call: Call) -> Reply:
        """The order book, at most 150 levels a side."""
        listing = self._listing(call)
        depth = min(150, int(whole(call, "limit", 150, lambda name: _wrong(call, name))))
        book = call.market.book(listing, call.now, max(1, depth))
        asks, bids = ([[plain(p), plain(s)] for p, s in side] for side in (book.asks, book.bids))
        body = {"asks": asks, "bids": bids, "ts": str(int(call.now * 1000))}
        return _data(call, body, tables=[asks, bids], prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """The envelope, for an address that leads nowhere."""
        return _error(call, "40404", "Request URL NOT FOUND", 404).reply

    def failure(self, status: int) -> Reply:
        """The envelope for the rate limit; Cloudflare's page elsewhere."""
        if status == 429:
            return Reply({"code": "429", "msg": "Too Many Requests", "requestTime": 0, "data": None}, status)
        return page(status, f"{status} | api.bitget.com", "<hr><center>cloudflare</center>\r\n")

    def _step(self, call: Call) -> tuple[int, int]:
        step = _STEPS.get(call.params.get("granularity", ""))
        if step is None:
            text = f"Parameter verification failed, granularity must be one of [{','.join(_STEPS)}]"
            raise _error(call, "400171", text, 400)
        return step

    def _candles(self, call: Call, step: int, anchor: int, most: int, days: int | None) -> Reply:
        listing = self._listing(call)
        rows = min(most, max(1, int(whole(call, "limit", 100, lambda name: _wrong(call, name)))))
        end = whole(call, "endTime", math.inf, lambda name: _wrong(call, name)) / 1000 - 0.001
        first, stop = span(step, rows, call.now, end=end, anchor=anchor)
        if days is not None:
            first = max(first, math.ceil((call.now - days * 86400 - anchor) / step) * step + anchor)
        bars = call.market.bars(listing, step, first, stop, call.now)
        found = [
            [str(opened * 1000), *map(plain, (*prices, turnover, turnover))]
            for opened, *prices, turnover in rows_of(bars)
        ]
        return _data(call, found, tables=[found], prices=(1, 2, 3, 4))

    def _listing(self, call: Call) -> Listing:
        asked = call.params.get("symbol", "")
        for listing in self.listed:
            if listing.base + listing.quote == asked:
                return listing
        raise _error(call, "40034", f"Parameter {asked} does not exist", 400)


def _data(
    call: Call, data: Any, *, tables: list[list[Any]] | None = None, prices: tuple[int | str, ...] = ()
) -> Reply:
    body = {"code": "00000", "msg": "success", "requestTime": int(call.now * 1000), "data": data}
    return Reply(body, tables=tables or [], prices=prices)


def _error(call: Call, code: str, text: str, status: int) -> Refusal:
    body = {"code": code, "msg": text, "requestTime": int(call.now * 1000), "data": None}
    return Refusal(Reply(body, status))


def _wrong(call: Call, name: str) -> Refusal:
    return _error(call, "40017", f"Parameter verification failed {name}", 400)


def _ticker(call: Call, listing: Listing) -> dict[str, str]:
    now = day(call, listing)
    midnight = call.now // 86400 * 86400
    opened = float(call.market.bars(listing, 60, midnight, midnight + 60, call.now).open[0])
    return {
        "open": plain(now.open),
        "symbol": listing.base + listing.quote,
        "high24h": plain(now.high),
        "low24h": plain(now.low),
        "lastPr": plain(now.last),
        "quoteVolume": plain(now.turnover),
        "baseVolume": plain(now.volume),
        "usdtVolume": plain(now.turnover),
        "ts": str(int(call.now * 1000)),
        "bidPr": plain(now.bid),
        "askPr": plain(now.ask),
        "bidSz": plain(now.bid_size),
        "askSz": plain(now.ask_size),
        "openUtc": plain(opened),
        "changeUtc24h": plain(now.last / opened - 1, 5),
        "change24h": plain(now.change, 5),
    }


def _about(listing: Listing) -> dict[str, str]:
    return {
        "symbol": listing.base + listing.quote,
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "pricePrecision": str(listing.digits),
        "quantityPrecision": str(listing.lot),
        "status": "online",
    }
