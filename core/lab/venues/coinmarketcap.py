"""CoinMarketCap's API, as documented at coinmarketcap.com/api/documentation."""

from typing import Any

from core.lab import around
from core.lab.day import day, iso
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_NUMBERS = {
    "BTC": 1,
    "ETH": 1027,
    "SOL": 5426,
    "XRP": 52,
    "ADA": 2010,
    "DOGE": 74,
    "LTC": 2,
    "DOT": 6636,
    "LINK": 1975,
    "AVAX": 5805,
    "BNB": 1839,
    "TRX": 1958,
}


class CoinMarketCap(Venue):
    """An envelope of ``status`` and ``data``, the coins by their numbers. Here it asks for no key."""

    id = "coinmarketcap"
    hosts = ("pro-api.coinmarketcap.com",)
    listed = listings("coinmarketcap", 1.0, ("USD", "EUR"))
    content_type = "application/json; charset=utf-8"

    @route("/v1/key/info", "ping")
    def key(self, call: Call) -> Reply:
        """What the key may do."""
        plan = {"credit_limit_monthly": 10000, "rate_limit_minute": 30}
        return _data(call, {"plan": plan, "usage": {"current_month": {"credits_used": 12}}}, 0)

    @route("/v1/cryptocurrency/listings/latest", "price", "volume")
    def latest(self, call: Call) -> Reply:
        """All coins."""
        currency = call.params.get("convert", "USD")
        rows = [_row(call, one, currency) for one in self.listed if one.quote == currency]
        quotes = [row["quote"][currency] for row in rows]
        return _data(call, rows, 1, tables=[quotes])

    @route("/v1/global-metrics/quotes/latest", "metadata")
    def world(self, call: Call) -> Reply:
        """The market as a whole."""
        cap = around.total(call.market, call.now)
        shares = {
            f"{base.lower()}_dominance": around.capitalisation(call.market, base, call.now) / cap * 100
            for base in ("BTC", "ETH")
        }
        told = {
            "total_market_cap": cap,
            "total_volume_24h": around.turnover(call.market, call.now),
            "total_market_cap_yesterday_percentage_change": around.change_24h(call.market, "BTC", call.now),
        }
        body = {
            "active_cryptocurrencies": 9000,
            "active_market_pairs": 90000,
            **shares,
            "quote": {"USD": told},
            "last_updated": iso(call.now // 60 * 60),
        }
        return _data(call, body, 1)

    @route("/v3/fear-and-greed/latest", "sentiment")
    def mood(self, call: Call) -> Reply:
        """An index from 0 to 100, every quarter of an hour."""
        index = around.mood(int(call.now // 86400))
        told = {"value": index, "value_classification": around.mood_word(index)}
        return _data(call, {**told, "update_time": iso(call.now // 900 * 900)}, 1)

    @route("/v2/cryptocurrency/quotes/latest", "price", "volume", "metadata")
    def quotes(self, call: Call) -> Reply:
        """The coins of these numbers, by number."""
        currency = call.params.get("convert", "USD")
        found = {}
        for number in call.params.get("id", "").split(","):
            listing = next(
                (o for o in self.listed if str(_NUMBERS[o.base]) == number and o.quote == currency), None
            )
            if listing is None:
                raise _error(call, 400, f'Invalid value for "id": "{number}"', 400)
            found[number] = _row(call, listing, currency)
        return _data(call, found, 1, tables=[[row["quote"][currency]] for row in found.values()])

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        body = {"statusCode": 404, "error": "Not Found", "message": "Not Found"}
        del call
        return Reply(body, 404)

    def failure(self, status: int) -> Reply:
        """The envelope where it has a code; Cloudflare's page elsewhere."""
        if status in _SAID:
            code, text = _SAID[status]
            body = {"timestamp": "2026-01-01T00:00:00.000Z", "error_code": code, "error_message": text}
            return Reply({"status": {**body, "elapsed": 0, "credit_count": 0}}, status)
        return page(status, f"{status} | pro-api.coinmarketcap.com", "<hr><center>cloudflare</center>\r\n")


_SAID = {
    401: (1002, "API key missing."),
    429: (1008, "You've exceeded your API Key's HTTP request rate limit. Rate limits reset every minute."),
    500: (500, "An internal server error occurred"),
}


def _status(call: Call, code: int, text: str | None, spent: int) -> dict[str, Any]:
    return {
        "timestamp": iso(call.now),
        "error_code": code,
        "error_message": text,
        "elapsed": 12,
        "credit_count": spent,
        "notice": None,
    }


def _data(call: Call, data: Any, spent: int, *, tables: list[list[Any]] | None = None) -> Reply:
    body = {"status": _status(call, 0, None, spent), "data": data}
    return Reply(body, tables=tables or [], prices=("price",))


def _error(call: Call, code: int, text: str, status: int) -> Refusal:
    return Refusal(Reply({"status": _status(call, code, text, 0)}, status))


def _row(call: Call, listing: Listing, currency: str) -> dict[str, Any]:
    now = day(call, listing)
    told = {
        "price": now.last,
        "volume_24h": now.turnover,
        "percent_change_1h": 0.1,
        "percent_change_24h": now.change * 100,
        "market_cap": now.last * around.SUPPLY[listing.base],
        "last_updated": iso(call.now // 60 * 60),
    }
    return {
        "id": _NUMBERS[listing.base],
        "name": around.NAMES[listing.base],
        "symbol": listing.base,
        "slug": listing.base.lower(),
        "date_added": "2013-04-28T00:00:00.000Z",
        "cmc_rank": 1 + around.ranked(call.market, call.now).index(listing.base),
        "circulating_supply": around.SUPPLY[listing.base],
        "total_supply": around.SUPPLY[listing.base],
        "max_supply": around.MAX_SUPPLY.get(listing.base),
        "platform": None,
        "last_updated": iso(call.now // 60 * 60),
        "quote": {currency: told},
    }
