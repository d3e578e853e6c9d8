"""Upbit market data, as documented at global-docs.upbit.com/reference."""

import math
from datetime import UTC, datetime
from typing import Any

from core.lab.day import day, iso, moment, rows_of, whole
from core.lab.grid import span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_UNITS = (1, 3, 5, 10, 15, 30, 60, 240)
_LEVELS = 30


class Upbit(Venue):
    """Numbers as numbers, candles newest first, quiet ones left out; a market begins with its quote.

    Days, weeks and months are not played, nor won.
    """

    id = "upbit"
    hosts = ("api.upbit.com",)
    listed = listings("upbit", 0.06, ("USDT", "BTC"))
    content_type = "application/json;charset=UTF-8"

    @route("/v1/market/all", "symbols")
    def markets(self, call: Call) -> Reply:
        """What is traded."""
        del call
        return Reply(
            [{"market": _name(one), "korean_name": "", "english_name": one.base} for one in self.listed]
        )

    @route("/v1/candles/minutes/(?P<unit>[0-9]+)", "ohlcv")
    def minutes(self, call: Call) -> Reply:
        """At most 200 candles that opened before ``to``."""
        listing = self._listing(call, "market")
        unit = int(call.params["unit"])
        if unit not in _UNITS:
            raise _error(400, "Invalid unit.", 400)
        rows = min(200, max(1, int(whole(call, "count", 1, _wrong))))
        end = moment(call, "to", math.inf, _wrong) - 0.001
        first, stop = span(unit * 60, rows, call.now, end=end)
        bars = call.market.bars(listing, unit * 60, first, stop, call.now)
        found = [_candle(listing, unit, *row) for row in reversed(rows_of(bars)) if row[5]]
        return Reply(
            found, tables=[found], prices=("opening_price", "high_price", "low_price", "trade_price")
        )

    @route("/v1/ticker", "price", "volume", "ping")
    def ticker(self, call: Call) -> Reply:
        """The last 24 hours of these markets."""
        rows = [_ticker(call, self._listing(call, "markets"))]
        return Reply(rows, tables=[rows], prices=("trade_price",))

    @route("/v1/orderbook", "orderbook")
    def orderbook(self, call: Call) -> Reply:
        """Bid and ask of a rank in one row."""
        listing = self._listing(call, "markets")
        book = call.market.book(listing, call.now, _LEVELS)
        units = [
            {"ask_price": ask, "bid_price": bid, "ask_size": ask_size, "bid_size": bid_size}
            for (ask, ask_size), (bid, bid_size) in zip(book.asks, book.bids, strict=True)
        ]
        body = {
            "market": _name(listing),
            "timestamp": int(call.now * 1000),
            "total_ask_size": sum(size for _, size in book.asks),
            "total_bid_size": sum(size for _, size in book.bids),
            "orderbook_units": units,
            "level": 0,
        }
        return Reply([body], tables=[units], prices=("ask_price", "bid_price"))

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        del call
        return _error(404, "No static resource", 404).reply

    def failure(self, status: int) -> Reply:
        """Its own words for the rate limit; a page elsewhere."""
        if status == 429:
            return _error("too_many_requests", "Too many API requests.", status).reply
        return page(status, f"{status} | api.upbit.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call, name: str) -> Listing:
        for listing in self.listed:
            if _name(listing) == call.params.get(name):
                return listing
        raise _error(404, "Code not found", 404)


def _name(listing: Listing) -> str:
    return f"{listing.quote}-{listing.base}"


def _error(name: int | str, text: str, status: int) -> Refusal:
    return Refusal(Reply({"error": {"name": name, "message": text}}, status))


def _wrong(name: str) -> Refusal:
    return _error(400, f"Type mismatch error. Check the parameters type! {name}", 400)


def _candle(
    listing: Listing,
    unit: int,
    opened: int,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    turnover: float,
) -> dict[str, Any]:
    return {
        "market": _name(listing),
        "candle_date_time_utc": iso(opened, 0).rstrip("Z"),
        "candle_date_time_kst": iso(opened + 9 * 3600, 0).rstrip("Z"),
        "opening_price": open_,
        "high_price": high,
        "low_price": low,
        "trade_price": close,
        "timestamp": (opened + unit * 60) * 1000 - 1234,
        "candle_acc_trade_price": turnover,
        "candle_acc_trade_volume": volume,
        "unit": unit,
    }


def _ticker(call: Call, listing: Listing) -> dict[str, Any]:
    now = day(call, listing)
    midnight = call.now // 86400 * 86400
    before = float(call.market.bars(listing, 60, midnight, midnight + 60, call.now).open[0])
    when = datetime.fromtimestamp(call.now, UTC)
    return {
        "market": _name(listing),
        "trade_date": when.strftime("%Y%m%d"),
        "trade_time": when.strftime("%H%M%S"),
        "trade_timestamp": int(call.now * 1000),
        "opening_price": before,
        "high_price": now.high,
        "low_price": now.low,
        "trade_price": now.last,
        "prev_closing_price": before,
        "change": "RISE" if now.last > before else "FALL",
        "signed_change_rate": now.last / before - 1,
        "acc_trade_price_24h": now.turnover,
        "acc_trade_volume_24h": now.volume,
        "timestamp": int(call.now * 1000) + 200,
    }
