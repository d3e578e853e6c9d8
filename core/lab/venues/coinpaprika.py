"""CoinPaprika's free API, as documented at docs.coinpaprika.com (version 1)."""

from datetime import UTC, datetime
from typing import Any

from core.lab import around
from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_IDS = {
    "BTC": "btc-bitcoin",
    "ETH": "eth-ethereum",
    "SOL": "sol-solana",
    "XRP": "xrp-xrp",
    "ADA": "ada-cardano",
    "DOGE": "doge-dogecoin",
    "LTC": "ltc-litecoin",
    "DOT": "dot-polkadot",
    "LINK": "link-chainlink",
    "AVAX": "avax-avalanche",
    "BNB": "bnb-binance-coin",
    "TRX": "trx-tron",
}
_DAY = 86400
_QUOTES = ("USD", "EUR", "BTC", "ETH")
_PLANS = "Check plans on coinpaprika.com/api"


class CoinPaprika(Venue):
    """Averages over many venues. Coins have ids of their own; candles are days, their volume is in the quote.

    Without a plan there are today's candle, which is still running, yesterday's, and no other.
    """

    id = "coinpaprika"
    hosts = ("api.coinpaprika.com",)
    listed = listings("coinpaprika", 1.0, _QUOTES)

    @route("/v1/global", "ping", "metadata")
    def market(self, call: Call) -> Reply:
        """The market as a whole."""
        cap = around.total(call.market, call.now)
        body = {
            "market_cap_usd": round(cap),
            "volume_24h_usd": round(around.turnover(call.market, call.now)),
            "bitcoin_dominance_percentage": round(
                around.capitalisation(call.market, "BTC", call.now) / cap * 100, 2
            ),
            "cryptocurrencies_number": len(_IDS),
            "market_cap_change_24h": round(around.change_24h(call.market, "BTC", call.now), 2),
            "last_updated": int(call.now // 60 * 60),
        }
        return Reply(body, tables=[[body]], prices=("market_cap_usd",))

    @route("/v1/coins", "symbols")
    def coins(self, call: Call) -> Reply:
        """All coins."""
        del call
        rows = [
            {"id": coin, "name": coin.partition("-")[2].title(), "symbol": base, "rank": rank}
            for rank, (base, coin) in enumerate(_IDS.items(), 1)
        ]
        return Reply([{**row, "is_new": False, "is_active": True, "type": "coin"} for row in rows])

    @route("/v1/coins/(?P<coin>[^/]+)", "symbols", "metadata")
    def coin(self, call: Call) -> Reply:
        """One coin."""
        listing = self._listing(call, "USD")
        body = {
            "id": _IDS[listing.base],
            "name": _IDS[listing.base].partition("-")[2].title(),
            "symbol": listing.base,
            "rank": 1 + around.ranked(call.market, call.now).index(listing.base),
            "is_active": True,
            "type": "coin",
            "description": "Simulated.",
            "started_at": "2009-01-03T00:00:00Z" if listing.base == "BTC" else None,
            "links": {"website": [f"https://{listing.base.lower()}.example.com/"], "reddit": []},
        }
        return Reply(body)

    @route("/v1/tickers", "price", "volume")
    def tickers(self, call: Call) -> Reply:
        """All coins with their figures."""
        quotes = self._quotes(call)
        rows = [self._ticker(call, base, quotes) for base in _IDS]
        tables = [[row["quotes"][quote]] for row in rows for quote in row["quotes"]]
        return Reply(rows, tables=tables, prices=("price",))

    @route("/v1/tickers/(?P<coin>[^/]+)", "price", "volume")
    def ticker(self, call: Call) -> Reply:
        """One coin; ``quotes`` are those that were asked for, USD without any."""
        body = self._ticker(call, self._listing(call, "USD").base, self._quotes(call))
        tables = [[told] for told in body["quotes"].values()]
        return Reply(body, tables=tables, prices=("price",))

    @route("/v1/coins/(?P<coin>[^/]+)/ohlcv/today/?", "ohlcv")
    def today(self, call: Call) -> Reply:
        """Today since 00:00 UTC."""
        return self._days(call, call.now // _DAY * _DAY)

    @route("/v1/coins/(?P<coin>[^/]+)/ohlcv/latest/?", "ohlcv")
    def latest(self, call: Call) -> Reply:
        """The last whole day."""
        return self._days(call, call.now // _DAY * _DAY - _DAY)

    @route("/v1/coins/(?P<coin>[^/]+)/ohlcv/historical/?", "ohlcv")
    def historical(self, call: Call) -> Reply:
        """Days from ``start`` on. Without a plan it may be 24 hours ago at most, and candles are days."""
        self._listing(call, "USD")
        start = _moment(call)
        if call.params.get("interval", "24h") not in {"24h", "1d"}:
            raise _error(f"Given interval is not allowed in this plan. {_PLANS}", 402)
        if start < call.now - _DAY:
            before = datetime.fromtimestamp(call.now - _DAY, UTC).strftime("%Y-%m-%d %H:%M:%S")
            text = f"Getting historical OHLCV data before {before} +0000 UTC is not allowed in this plan."
            raise _error(f"{text} {_PLANS}", 402)
        return self._days(call, -(-start // _DAY) * _DAY)

    def unknown_path(self, call: Call) -> Reply:
        """A word."""
        del call
        return _error("not found", 404).reply

    def failure(self, status: int) -> Reply:
        """Its own words for what it refuses itself, Cloudflare's page elsewhere."""
        said = {401: "invalid api key", 429: "too many requests", 500: "internal server error"}
        if status in said:
            return _error(said[status], status).reply
        return page(status, f"{status} | api.coinpaprika.com", "<hr><center>cloudflare</center>\r\n")

    def _quotes(self, call: Call) -> list[str]:
        asked = call.params.get("quotes", "USD").upper().split(",")
        if any(quote not in _QUOTES for quote in asked):
            raise _error("invalid parameters: quotes", 400)
        return asked

    def _listing(self, call: Call, quote: str) -> Listing:
        for listing in self.listed:
            if _IDS[listing.base] == call.params["coin"] and listing.quote == quote:
                return listing
        raise _error("id not found", 404)

    def _ticker(self, call: Call, base: str, quotes: list[str]) -> dict[str, Any]:
        moment = datetime.fromtimestamp(call.now // 60 * 60, UTC)
        asked = [one for one in self.listed if one.base == base and one.quote in quotes]
        return {
            "id": _IDS[base],
            "name": _IDS[base].partition("-")[2].title(),
            "symbol": base,
            "rank": 1 + list(_IDS).index(base),
            "first_data_at": "2010-07-17T00:00:00Z",
            "last_updated": _iso(moment),
            "quotes": {one.quote: _quote(call, one) for one in asked},
        }

    def _days(self, call: Call, first: float) -> Reply:
        """The candles from ``first`` on: the one of this day, and of the days after it up to now if asked."""
        quote = call.params.get("quote", "usd").upper()
        if quote not in {"USD", "BTC"}:
            raise _error("invalid parameters: quote", 400)
        listing = self._listing(call, quote)
        stop = call.now if call.path.rstrip("/").endswith("historical") else first + 1
        bars = call.market.bars(listing, _DAY, first, stop, call.now)
        columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.turnover)
        rows: list[Any] = []
        for opened, o, h, low, c, turnover in zip(*(x.tolist() for x in columns), strict=True):
            until = min(opened + _DAY - 1, call.now // 60 * 60)
            row = {
                "time_open": _iso(datetime.fromtimestamp(opened, UTC)),
                "time_close": _iso(datetime.fromtimestamp(until, UTC)),
                "open": o,
                "high": h,
                "low": low,
                "close": c,
                "volume": round(turnover),
                "market_cap": round(c * 1e7),
            }
            rows.append(row)
        return Reply(rows, tables=[rows], prices=("open", "high", "low", "close"))


def _quote(call: Call, listing: Listing) -> dict[str, Any]:
    day = call.market.rolling(listing, DAY_MINUTES, call.now)
    hour = call.market.rolling(listing, 60, call.now)
    last = float(day.close[0])
    return {
        "price": last,
        "volume_24h": float(day.turnover[0]),
        "volume_24h_change_24h": 0.0,
        "market_cap": round(last * 1e7),
        "percent_change_1h": round((last / float(hour.open[0]) - 1) * 100, 2),
        "percent_change_24h": round((last / float(day.open[0]) - 1) * 100, 2),
    }


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(call: Call) -> float:
    """A date, ISO 8601 text, or seconds since 1970."""
    given = call.params.get("start", "")
    try:
        if given.isdecimal():
            return float(given)
        moment = datetime.fromisoformat(given)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        raise _error("invalid parameters: start", 400) from None


def _error(text: str, status: int) -> Refusal:
    return Refusal(Reply({"error": text}, status))
