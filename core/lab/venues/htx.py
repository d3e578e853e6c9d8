"""HTX (once Huobi) spot market data, as documented at www.htx.com/en-us/opend (spot, market data)."""

from typing import Any

from core.lab.grid import MONDAY, span
from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_SINGAPORE = -8 * 3600  # days and weeks open at 00:00 there: at 16:00 UTC
_PERIODS: dict[str, tuple[int, int]] = {
    "1min": (60, 0),
    "5min": (300, 0),
    "15min": (900, 0),
    "30min": (1800, 0),
    "60min": (3600, 0),
    "4hour": (14400, 0),
    "1day": (86400, _SINGAPORE),
    "1week": (604_800, _SINGAPORE + MONDAY),
}
_ROWS = 2000


class HTX(Venue):
    """An envelope with ``status``, also for errors, which come with HTTP status 200.

    Candles are objects of numbers, newest first, in seconds; ``amount`` is in the base currency, ``vol`` in
    the quote currency. One chooses how many, not which. Months and years are not played.
    """

    id = "htx"
    hosts = ("api.huobi.pro", "api-aws.huobi.pro")
    listed = listings(
        "htx", 0.05, ("USDT", "BTC", "ETH", "USDC"), digits={"XRP/USDT": 5, "ADA/USDT": 6, "DOGE/USDT": 6}
    )
    content_type = "application/json;charset=utf-8"

    @route("/v1/common/timestamp", "ping")
    def timestamp(self, call: Call) -> Reply:
        """The server's time."""
        return Reply({"status": "ok", "data": int(call.now * 1000)})

    @route("/v2/market-status", "ping")
    def market_status(self, call: Call) -> Reply:
        """1 is normal, 2 halted, 3 cancel-only."""
        del call
        return Reply({"code": 200, "message": "success", "data": {"marketStatus": 1}})

    @route("/v1/common/symbols", "symbols")
    def symbols(self, call: Call) -> Reply:
        """The symbols."""
        del call
        return Reply({"status": "ok", "data": [_about(listing) for listing in self.listed]})

    @route("/v[12]/settings/common/symbols", "symbols")
    def settings(self, call: Call) -> Reply:
        """The symbols, in short; the two versions name them differently."""
        symbol, display = ("symbol", "sn") if call.path.startswith("/v1") else ("sc", "dn")
        rows = [
            {
                symbol: _name(listing),
                display: listing.symbol,
                "bc": listing.base.lower(),
                "qc": listing.quote.lower(),
                "state": "online",
                "te": True,
            }
            for listing in self.listed
        ]
        return Reply({"status": "ok", "data": rows, "ts": str(int(call.now * 1000)), "full": 1})

    @route("/market/history/kline", "ohlcv")
    def kline(self, call: Call) -> Reply:
        """The newest ``size`` candles, the open one among them."""
        listing = self._listing(call)
        period = call.params.get("period", "")
        if period not in _PERIODS:
            raise _error(call, "invalid period")
        size = call.params.get("size", "150")
        if not size.isdecimal() or not 1 <= int(size) <= _ROWS:
            raise _error(call, "invalid size, valid range: [1,2000]")
        step, anchor = _PERIODS[period]
        first, stop = span(step, int(size), call.now, anchor=anchor)
        bars = call.market.bars(listing, step, max(0.0, first), stop, call.now)
        columns = (
            bars.time,
            bars.open,
            bars.close,
            bars.low,
            bars.high,
            bars.volume,
            bars.turnover,
            bars.trades,
        )
        names = ("id", "open", "close", "low", "high", "amount", "vol", "count")
        rows: list[Any] = [
            dict(zip(names, row, strict=True))
            for row in zip(*(x[::-1].tolist() for x in columns), strict=True)
        ]
        prices = ("open", "close", "low", "high")
        return self._ok(call, f"kline.{period}", {"data": rows}, tables=[rows], prices=prices)

    @route("/market/detail/merged", "price", "volume")
    def merged(self, call: Call) -> Reply:
        """The last 24 hours with the best level of each side."""
        listing = self._listing(call)
        book = call.market.book(listing, call.now, 1)
        tick = {
            **_day(call, listing),
            "version": int(call.now * 10),
            "bid": list(book.bids[0]),
            "ask": list(book.asks[0]),
        }
        return self._ok(call, "detail.merged", {"tick": tick}, tables=[[tick]], prices=("close",))

    @route("/market/detail", "volume")
    def detail(self, call: Call) -> Reply:
        """The last 24 hours."""
        tick = _day(call, self._listing(call))
        return self._ok(call, "detail", {"tick": tick}, tables=[[tick]], prices=("close",))

    @route("/market/depth", "orderbook")
    def depth(self, call: Call) -> Reply:
        """150 levels a side without aggregation; fewer when ``depth`` says so."""
        listing = self._listing(call)
        kind = call.params.get("type", "")
        if kind not in {f"step{number}" for number in range(6)}:
            raise _error(call, "invalid type")
        depth = call.params.get("depth", "")
        if depth not in {"", "5", "10", "20"}:
            raise _error(call, "invalid depth")
        book = call.market.book(listing, call.now, int(depth or (150 if kind == "step0" else 20)))
        bids, asks = ([list(level) for level in side] for side in (book.bids, book.asks))
        moment = {"ts": int(call.now * 1000), "version": int(call.now * 10)}
        tick = {**moment, "bids": bids, "asks": asks}
        return self._ok(call, f"depth.{kind}", {"tick": tick}, tables=[bids, asks], prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """Bare text."""
        del call
        return Reply("404 Not Found", 404, content_type="text/plain; charset=utf-8")

    def failure(self, status: int) -> Reply:
        """A gateway's page."""
        return page(status, f"{status} | api.huobi.pro", "<hr><center>cloudflare</center>\r\n")

    def _ok(
        self, call: Call, channel: str, said: dict[str, Any], *, tables: Any, prices: tuple[Any, ...]
    ) -> Reply:
        body = {
            "ch": f"market.{_name(self._listing(call))}.{channel}",
            "status": "ok",
            "ts": int(call.now * 1000),
            **said,
        }
        return Reply(body, tables=tables, prices=prices)

    def _listing(self, call: Call) -> Listing:
        for listing in self.listed:
            if _name(listing) == call.params.get("symbol"):
                return listing
        raise _error(call, "invalid symbol")


def _name(listing: Listing) -> str:
    return (listing.base + listing.quote).lower()


def _day(call: Call, listing: Listing) -> dict[str, Any]:
    day = call.market.rolling(listing, DAY_MINUTES, call.now)
    return {
        "id": int(call.now * 10),
        "open": float(day.open[0]),
        "close": float(day.close[0]),
        "low": float(day.low[0]),
        "high": float(day.high[0]),
        "amount": float(day.volume[0]),
        "vol": float(day.turnover[0]),
        "count": int(day.trades[0]),
    }


def _about(listing: Listing) -> dict[str, Any]:
    return {
        "base-currency": listing.base.lower(),
        "quote-currency": listing.quote.lower(),
        "price-precision": listing.digits,
        "amount-precision": listing.lot,
        "symbol-partition": "main",
        "symbol": _name(listing),
        "state": "online",
        "value-precision": 8,
        "api-trading": "enabled",
    }


def _error(call: Call, text: str) -> Refusal:
    moment = int(call.now * 1000)
    body = {"ts": moment, "status": "error", "err-code": "invalid-parameter", "err-msg": text}
    return Refusal(Reply(body))
