"""dYdX's indexer, as documented at docs.dydx.xyz/indexer-client/http."""

import math
from typing import Any

from core.lab.day import day, iso, moment, rows_of, whole
from core.lab.grid import plain, span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_STEPS = {
    "1MIN": 60,
    "5MINS": 300,
    "15MINS": 900,
    "30MINS": 1800,
    "1HOUR": 3600,
    "4HOURS": 14400,
    "1DAY": 86400,
}


class DYDX(Venue):
    """Perpetual contracts in dollars. Numbers are text, times ISO, candles newest first."""

    id = "dydx"
    hosts = ("indexer.dydx.trade",)
    listed = listings("dydx", 0.05, ("USD",))
    content_type = "application/json; charset=utf-8"

    @route("/v4/time", "ping")
    def time(self, call: Call) -> Reply:
        """The server's time."""
        return Reply({"iso": iso(call.now), "epoch": round(call.now, 3)})

    @route("/v4/perpetualMarkets", "volume", "symbols")
    def markets(self, call: Call) -> Reply:
        """One market by its ticker, or all."""
        asked = [self._listing(call)] if call.params.get("ticker") else list(self.listed)
        return Reply({"markets": {_name(listing): _about(call, listing) for listing in asked}})

    @route("/v4/candles/perpetualMarkets/(?P<ticker>[^/]+)", "ohlcv")
    def candles(self, call: Call) -> Reply:
        """At most 1000 candles, from one time until before the other."""
        listing = self._listing(call)
        name = call.params.get("resolution", "")
        step = _STEPS.get(name)
        if step is None:
            raise _wrong("resolution")
        rows = int(whole(call, "limit", 1000, _wrong))
        if not 1 <= rows <= 1000:
            raise _wrong("limit")
        start = moment(call, "fromISO", -math.inf, _wrong)
        end = moment(call, "toISO", math.inf, _wrong) - 0.001
        first, stop = span(step, rows, call.now, start=start, end=end)
        bars = call.market.bars(listing, step, first, stop, call.now)
        found = [
            {
                "startedAt": iso(opened),
                "ticker": _name(listing),
                "resolution": name,
                "low": plain(low),
                "high": plain(high),
                "open": plain(open_),
                "close": plain(close),
                "baseTokenVolume": plain(volume),
                "usdVolume": plain(turnover),
                "trades": int(turnover // 900),
                "startingOpenInterest": "520.1",
            }
            for opened, open_, high, low, close, volume, turnover in reversed(rows_of(bars))
        ]
        return Reply({"candles": found}, tables=[found], prices=("low", "high", "open", "close"))

    @route("/v4/trades/perpetualMarket/(?P<ticker>[^/]+)", "price")
    def trades(self, call: Call) -> Reply:
        """The newest trades."""
        listing = self._listing(call)
        count = min(100, max(1, int(whole(call, "limit", 100, _wrong))))
        last = plain(call.market.last(listing, call.now))
        rows = [
            {
                "id": f"02f{int(call.now) - back:x}",
                "side": "BUY" if back % 2 else "SELL",
                "size": "0.01",
                "price": last,
                "type": "LIMIT",
                "createdAt": iso(call.now - back),
                "createdAtHeight": str(int(call.now) - back),
            }
            for back in range(count)
        ]
        return Reply({"trades": rows}, tables=[rows], prices=("price",))

    @route("/v4/orderbooks/perpetualMarket/(?P<ticker>[^/]+)", "orderbook")
    def orderbook(self, call: Call) -> Reply:
        """Both sides."""
        book = call.market.book(self._listing(call), call.now, 100)
        bids, asks = (
            [{"price": plain(price), "size": plain(size)} for price, size in side]
            for side in (book.bids, book.asks)
        )
        return Reply({"bids": bids, "asks": asks}, tables=[bids, asks], prices=("price",))

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        del call
        return Reply({"errors": [{"msg": "Not Found"}]}, 404)

    def failure(self, status: int) -> Reply:
        """Its own words for the rate limit and its own faults; a page elsewhere."""
        if status in {429, 500}:
            text = "Too many requests" if status == 429 else "Internal Server Error"
            return Reply({"errors": [{"msg": text}]}, status)
        return page(status, f"{status} | indexer.dydx.trade", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        for listing in self.listed:
            if _name(listing) == call.params.get("ticker"):
                return listing
        text = "ticker must be a valid ticker (BTC-USD, etc)"
        raise Refusal(Reply({"errors": [{"msg": text, "param": "ticker", "location": "params"}]}, 400))


def _name(listing: Listing) -> str:
    return f"{listing.base}-{listing.quote}"


def _wrong(name: str) -> Refusal:
    body = {"errors": [{"msg": f"{name} is not valid", "param": name, "location": "query"}]}
    return Refusal(Reply(body, 400))


def _about(call: Call, listing: Listing) -> dict[str, Any]:
    now = day(call, listing)
    return {
        "clobPairId": "0",
        "ticker": _name(listing),
        "status": "ACTIVE",
        "oraclePrice": plain(now.last),
        "priceChange24H": plain(now.last - now.open),
        "volume24H": plain(now.turnover, 4),
        "trades24H": now.trades,
        "openInterest": "520.1",
        "marketType": "CROSS",
    }
