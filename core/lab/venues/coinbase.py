"""Coinbase Exchange market data, as documented at docs.cdp.coinbase.com (Exchange REST API, products)."""

from datetime import UTC, datetime
from typing import Any

from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_GRANULARITIES = (60, 300, 900, 3600, 21600, 86400)
_ROWS = 300
_DEPTH = 200
_PRODUCT = "/products/(?P<product>[^/]+)"


class Coinbase(Venue):
    """Candles newest first as numbers, ``[time, low, high, open, close, volume]``; quiet ones left out."""

    id = "coinbase"
    hosts = ("api.exchange.coinbase.com",)
    listed = listings(
        "coinbase",
        0.12,
        ("USD", "EUR", "USDT", "BTC"),
        without=frozenset({"BNB", "TRX"}),
        digits={"SOL/USD": 2},
    )
    content_type = "application/json; charset=utf-8"

    @route("/time", "ping")
    def time(self, call: Call) -> Reply:
        """The server's time."""
        return Reply({"iso": _iso(call.now), "epoch": round(call.now, 3)})

    @route("/products", "symbols")
    def products(self, call: Call) -> Reply:
        """All products."""
        del call
        return Reply([_about(listing) for listing in self.listed])

    @route(_PRODUCT, "symbols")
    def product(self, call: Call) -> Reply:
        """One product."""
        return Reply(_about(self._listing(call)))

    @route(f"{_PRODUCT}/candles", "ohlcv")
    def candles(self, call: Call) -> Reply:
        """At most 300 buckets. One of ``start`` and ``end`` alone is ignored."""
        listing = self._listing(call)
        granularity = call.params.get("granularity", "60")
        if granularity not in map(str, _GRANULARITIES):
            raise _error(400, "Unsupported granularity")
        step = int(granularity)
        newest = call.now // step * step
        first, stop = newest - (_ROWS - 1) * step, newest + step
        if call.params.get("start") and call.params.get("end"):
            start, end = _moment(call, "start"), _moment(call, "end")
            if end < start:
                raise _error(400, "start must be before end")
            if (end - start) / step > _ROWS:
                text = "granularity too small for the requested time range. Count of aggregations requested"
                raise _error(400, f"{text} exceeds {_ROWS}")
            stop = end // step * step + step
            first = max(start // step * step, stop - _ROWS * step)
        bars = call.market.bars(listing, step, max(0.0, first), stop, call.now)
        columns = (bars.time, bars.low, bars.high, bars.open, bars.close, bars.volume)
        rows = [list(row) for row in zip(*(x[::-1].tolist() for x in columns), strict=True) if row[-1]]
        return Reply(rows, tables=[rows], prices=(1, 2, 3, 4))

    @route(f"{_PRODUCT}/ticker", "price", "volume")
    def ticker(self, call: Call) -> Reply:
        """The last trade, the best levels, and the volume of 24 hours."""
        listing = self._listing(call)
        book = call.market.book(listing, call.now, 1)
        body = {
            "ask": _plain(book.asks[0][0]),
            "bid": _plain(book.bids[0][0]),
            "volume": f"{call.market.rolling(listing, DAY_MINUTES, call.now).volume[0]:.8f}",
            "trade_id": 100_000_000 + int(call.now),
            "price": _plain(call.market.last(listing, call.now)),
            "size": _plain(10.0**-listing.lot),
            "time": _iso(call.now),
            "rfq_volume": "0.000000",
        }
        return Reply(body, tables=[[body]], prices=("price", "bid", "ask"))

    @route(f"{_PRODUCT}/stats", "price", "volume")
    def stats(self, call: Call) -> Reply:
        """The last 24 hours, and the volume of 30 days."""
        listing = self._listing(call)
        day = call.market.rolling(listing, DAY_MINUTES, call.now)
        month = call.market.rolling(listing, 30 * DAY_MINUTES, call.now)
        body = {
            "open": _plain(day.open[0]),
            "high": _plain(day.high[0]),
            "low": _plain(day.low[0]),
            "last": _plain(day.close[0]),
            "volume": f"{day.volume[0]:.8f}",
            "volume_30day": f"{month.volume[0]:.8f}",
        }
        return Reply(body, tables=[[body]], prices=("last",))

    @route(f"{_PRODUCT}/book", "orderbook")
    def book(self, call: Call) -> Reply:
        """Level 1: the best of each side. Level 2: the aggregated book."""
        listing = self._listing(call)
        level = call.params.get("level", "1")
        if level not in {"1", "2"}:
            raise _error(400, "Invalid level")
        found = call.market.book(listing, call.now, 1 if level == "1" else _DEPTH)
        bids, asks = (
            [[_plain(price), _plain(size), 1 + rank % 3] for rank, (price, size) in enumerate(side)]
            for side in (found.bids, found.asks)
        )
        body = {
            "bids": bids,
            "asks": asks,
            "sequence": 50_000_000_000 + int(call.now * 10),
            "auction_mode": False,
            "auction": None,
            "time": _iso(call.now),
        }
        return Reply(body, tables=[bids, asks], prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """Not the words for an unknown product."""
        del call
        return _error(404, "Route not found").reply

    def failure(self, status: int) -> Reply:
        """A message, whatever the status; a page where Cloudflare refuses."""
        said = {
            401: "Unauthorized",
            404: "NotFound",
            429: "Public rate limit exceeded",
            451: "Unavailable For Legal Reasons",
            500: "Internal server error",
            503: "ServiceUnavailable",
        }
        return (
            _error(status, said[status]).reply if status in said else page(status, f"{status} | cloudflare")
        )

    def _listing(self, call: Call) -> Listing:
        for listing in self.listed:
            if f"{listing.base}-{listing.quote}" == call.params["product"].upper():
                return listing
        raise _error(404, "NotFound")


def _error(status: int, text: str) -> Refusal:
    return Refusal(Reply({"message": text}, status))


def _plain(number: float) -> str:
    """As short as it can be, never in the exponent form."""
    return f"{number:.10f}".rstrip("0").rstrip(".")


def _iso(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(call: Call, name: str) -> float:
    """ISO 8601 text, or seconds since 1970."""
    given = call.params[name]
    try:
        if given.replace(".", "", 1).isdigit():
            return float(given)
        moment = datetime.fromisoformat(given)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise _error(400, f"Invalid {name}") from None


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "id": f"{listing.base}-{listing.quote}",
        "base_currency": listing.base,
        "quote_currency": listing.quote,
        "quote_increment": _plain(10.0**-listing.digits),
        "base_increment": "0.00000001",
        "display_name": f"{listing.base}-{listing.quote}",
        "min_market_funds": "1",
        "margin_enabled": False,
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "status": "online",
        "status_message": "",
        "trading_disabled": False,
        "fx_stablecoin": False,
        "max_slippage_percentage": "0.02000000",
        "auction_mode": False,
        "high_bid_limit_percentage": "",
    }
