"""Kraken spot market data, as documented at docs.kraken.com (REST API, market data)."""

import math
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from core.lab.market import Listing, listings
from core.lab.venue import HTML, Call, Refusal, Reply, Venue, page, route

_NAMES = {"BTC": "XBT", "DOGE": "XDG"}
_OLD = frozenset({"XBT", "ETH", "LTC", "XRP"})  # assets that still carry the X of the first naming scheme
_INTERVALS = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)
_ROWS = 720


def _name(asset: str) -> str:
    return _NAMES.get(asset, asset)


class Kraken(Venue):
    """An envelope of ``error`` and ``result``, also for errors, which come with status 200.

    Asked XBTUSD it answers under XXBTZUSD. Quiet minutes are flat rows without volume. Candles longer than a
    day stand on multiples of their length since 1970, so that a week opens on Thursday.
    """

    id = "kraken"
    hosts = ("api.kraken.com",)
    listed = listings(
        "kraken",
        0.06,
        ("USD", "EUR", "USDT", "BTC"),
        digits={"BTC/USD": 1, "BTC/EUR": 1, "BTC/USDT": 1, "XRP/USD": 5, "XRP/EUR": 5, "ADA/USD": 6},
    )
    content_type = "application/json; charset=utf-8"

    @route("/0/public/Time", "ping")
    def time(self, call: Call) -> Reply:
        """The server's time."""
        return _result({"unixtime": int(call.now), "rfc1123": formatdate(call.now, usegmt=True)})

    @route("/0/public/SystemStatus", "ping")
    def status(self, call: Call) -> Reply:
        """Whether trading is on."""
        moment = datetime.fromtimestamp(int(call.now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return _result({"status": "online", "timestamp": moment})

    @route("/0/public/AssetPairs", "symbols")
    def pairs(self, call: Call) -> Reply:
        """The pairs and their names."""
        asked = self._asked(call) if "pair" in call.params else self.listed
        return _result({_key(listing): _about(listing) for listing in asked})

    @route("/0/public/OHLC", "ohlcv")
    def ohlc(self, call: Call) -> Reply:
        """The newest 720 closed candles and the open one, however far back ``since`` points."""
        listing = self._one(call)
        minutes = _number(call, "interval", 1)
        if minutes not in _INTERVALS:
            raise _error("EGeneral:Invalid arguments")
        step = int(minutes) * 60
        newest = call.now // step * step
        since = _number(call, "since", 0)
        first = max(newest - _ROWS * step, min(newest, (since // step + 1) * step))
        bars = call.market.bars(listing, step, max(0.0, first), newest + step, call.now)
        columns = (
            bars.time,
            bars.open,
            bars.high,
            bars.low,
            bars.close,
            bars.volume,
            bars.turnover,
            bars.trades,
        )
        rows: list[Any] = []
        for opened, o, h, low, c, volume, turnover, trades in zip(
            *(x.tolist() for x in columns), strict=True
        ):
            digits = listing.digits
            mean = f"{turnover / volume:.{digits}f}" if volume else "0.0"
            prices = [f"{price:.{digits}f}" for price in (o, h, low, c)]
            rows.append([opened, *prices, mean, f"{volume:.8f}", trades])
        last = rows[-2][0] if len(rows) > 1 else int(newest) - step
        return _result({_key(listing): rows, "last": last}, tables=[rows], prices=(1, 2, 3, 4))

    @route("/0/public/Ticker", "price", "volume")
    def ticker(self, call: Call) -> Reply:
        """Today since 00:00 UTC, and the last 24 hours."""
        asked = self._asked(call) if "pair" in call.params else self.listed
        found = {_key(listing): _ticker(call, listing) for listing in asked}
        # The last price first: that is where a spike is put.
        tables = [[one[side]] for one in found.values() for side in "cab"]
        return _result(found, tables=tables, prices=(0,))

    @route("/0/public/Depth", "orderbook")
    def depth(self, call: Call) -> Reply:
        """The order book, at most 500 levels a side."""
        listing = self._one(call)
        count = _number(call, "count", 100)
        if not 1 <= count <= 500:
            raise _error("EGeneral:Invalid arguments")
        book = call.market.book(listing, call.now, int(count))
        decimals = max(5, listing.digits)
        asks, bids = (
            [
                [f"{price:.{decimals}f}", f"{size:.3f}", int(call.now) - rank % 97]
                for rank, (price, size) in levels
            ]
            for levels in (enumerate(book.asks), enumerate(book.bids))
        )
        return _result({_key(listing): {"asks": asks, "bids": bids}}, tables=[asks, bids], prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """The envelope, for a method it does not know."""
        del call
        return _error("EGeneral:Unknown method", 404).reply

    def failure(self, status: int) -> Reply:
        """The envelope for what the API says itself; Cloudflare's words for the rest."""
        if status == 429:
            return Reply("error code: 1015", status, content_type="text/plain; charset=UTF-8")
        if status == 451:
            text = "<p>This service is not available in your location.</p>"
            return page(status, "451 Unavailable For Legal Reasons", text)
        if status == 503:
            return _error("EService:Unavailable", status).reply
        body = f"<!DOCTYPE html><html><head><title>api.kraken.com | {status}</title></head>"
        return Reply(f"{body}<body><h1>Error {status}</h1></body></html>", status, content_type=HTML)

    def maintenance(self, call: Call, status: int) -> Reply:
        """Its status says so; all else is unavailable."""
        if call.path == "/0/public/SystemStatus":
            reply = self.status(call)
            reply.body["result"]["status"] = "maintenance"
            return reply
        return _error("EService:Unavailable", status).reply

    def _asked(self, call: Call) -> list[Listing]:
        return [self._listing(name) for name in call.params["pair"].split(",")]

    def _one(self, call: Call) -> Listing:
        if not call.params.get("pair"):
            raise _error("EGeneral:Invalid arguments")
        return self._listing(call.params["pair"])

    def _listing(self, name: str) -> Listing:
        for listing in self.listed:
            if name in {_key(listing), _alternative(listing), _slashed(listing)}:
                return listing
        raise _error("EQuery:Unknown asset pair")


def _alternative(listing: Listing) -> str:
    return _name(listing.base) + _name(listing.quote)


def _slashed(listing: Listing) -> str:
    return f"{_name(listing.base)}/{_name(listing.quote)}"


def _key(listing: Listing) -> str:
    """XXBTZUSD, XETHXXBT, but SOLUSD and XBTUSDT: old assets against old quotes keep the old form."""
    base, quote = _name(listing.base), _name(listing.quote)
    if quote == "XBT" and (base in _OLD or base == "XDG"):
        return f"X{base}XXBT"
    return f"X{base}Z{quote}" if base in _OLD and quote in {"USD", "EUR"} else base + quote


def _result(result: dict[str, Any], *, tables: Any = (), prices: tuple[int, ...] = ()) -> Reply:
    return Reply({"error": [], "result": result}, tables=tables, prices=prices)


def _error(text: str, status: int = 200) -> Refusal:
    return Refusal(Reply({"error": [text]}, status))


def _number(call: Call, name: str, usual: float) -> float:
    try:
        number = float(call.params.get(name, usual))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise _error("EGeneral:Invalid arguments")
    return number


def _ticker(call: Call, listing: Listing) -> dict[str, Any]:
    today = call.market.bars(listing, 86400, call.now // 86400 * 86400, call.now + 1, call.now)
    spans = (today, call.market.rolling(listing, 1440, call.now))
    book = call.market.book(listing, call.now, 1)
    decimals = max(5, listing.digits)

    def price(number: float) -> str:
        return f"{number:.{decimals}f}"

    def side(level: tuple[float, float]) -> list[str]:
        return [price(level[0]), str(max(1, int(level[1]))), f"{level[1]:.3f}"]

    means = [float(bar.turnover[0] / bar.volume[0]) if bar.volume[0] else 0.0 for bar in spans]
    return {
        "a": side(book.asks[0]),
        "b": side(book.bids[0]),
        "c": [price(call.market.last(listing, call.now)), f"{10.0**-listing.lot:.8f}"],
        "v": [f"{bar.volume[0]:.8f}" for bar in spans],
        "p": [price(mean) for mean in means],
        "t": [int(bar.trades[0]) for bar in spans],
        "l": [price(bar.low[0]) for bar in spans],
        "h": [price(bar.high[0]) for bar in spans],
        "o": price(today.open[0]),
    }


def _about(listing: Listing) -> dict[str, Any]:
    base, quote = _name(listing.base), _name(listing.quote)
    return {
        "altname": _alternative(listing),
        "wsname": _slashed(listing),
        "aclass_base": "currency",
        "base": f"X{base}" if base in _OLD or base == "XDG" else base,
        "aclass_quote": "currency",
        "quote": {"USD": "ZUSD", "EUR": "ZEUR", "XBT": "XXBT"}.get(quote, quote),
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": listing.digits,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
        "fee_volume_currency": "ZUSD",
        "ordermin": f"{10.0 ** (2 - listing.lot):.{listing.lot}f}",
        "costmin": "0.5",
        "tick_size": f"{10.0**-listing.digits:.{listing.digits}f}",
        "status": "online",
    }
