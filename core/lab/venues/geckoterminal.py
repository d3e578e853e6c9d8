"""GeckoTerminal's public API, as documented at apiguide.geckoterminal.com (API v2)."""

import math
from typing import Any

from core.lab.day import day, iso, rows_of, whole
from core.lab.grid import span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

POOLS = {"LINK": "0xa6cc3c2531fdaa6ae1a3ca84c2855806728693e8"}
_STEPS = {"minute": 60, "hour": 3600, "day": 86400}
_KEPT = 180 * 86400


class GeckoTerminal(Venue):
    """Pools on Ethereum. Candles newest first, quiet ones left out, their volume in dollars; half a year of them."""

    id = "geckoterminal"
    hosts = ("api.geckoterminal.com",)
    listed = listings(
        "geckoterminal",
        0.3,
        ("USD",),
        without=frozenset({"BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "DOT", "AVAX", "BNB", "TRX"}),
    )
    content_type = "application/json; charset=utf-8"

    @route("/api/v2/networks", "ping")
    def networks(self, call: Call) -> Reply:
        """The chains."""
        del call
        return Reply({"data": [{"id": "eth", "type": "network", "attributes": {"name": "Ethereum"}}]})

    @route("/api/v2/networks/eth/pools/(?P<pool>0x[0-9a-f]+)", "price", "volume")
    def pool(self, call: Call) -> Reply:
        """One pool."""
        listing = self._listing(call)
        now = day(call, listing)
        told = {
            "address": POOLS[listing.base],
            "name": f"{listing.base} / WETH 0.3%",
            "pool_created_at": iso(1_620_158_974, 0),
            "base_token_price_usd": repr(now.last),
            "quote_token_price_usd": "3100.5",
            "price_change_percentage": {"h1": "0.1", "h24": f"{now.change * 100:.2f}"},
            "volume_usd": {"h1": repr(now.turnover / 24), "h24": repr(now.turnover)},
            "reserve_in_usd": "15064095.04",
        }
        body = {"data": {"id": f"eth_{POOLS[listing.base]}", "type": "pool", "attributes": told}}
        return Reply(body, tables=[[told]], prices=("base_token_price_usd",))

    @route("/api/v2/networks/eth/pools/(?P<pool>0x[0-9a-f]+)/ohlcv/(?P<unit>minute|hour|day)", "ohlcv")
    def ohlcv(self, call: Call) -> Reply:
        """At most 1000 candles before a time."""
        listing = self._listing(call)
        if call.params.get("aggregate", "1") != "1" or call.params.get("token", "base") != "base":
            raise _error("Bad Request", 400)
        step = _STEPS[call.params["unit"]]
        rows = int(whole(call, "limit", 100, lambda _: _error("Bad Request", 400)))
        if not 1 <= rows <= 1000:
            raise _error("Limit is too high", 400)
        end = whole(call, "before_timestamp", math.inf, lambda _: _error("Bad Request", 400))
        first, stop = span(step, rows, call.now, end=end)
        first = max(first, math.ceil((call.now - _KEPT) / step) * step)
        bars = call.market.bars(listing, step, first, stop, call.now)
        found = [
            [opened, *prices[:4], turnover]
            for opened, *prices, turnover in reversed(rows_of(bars))
            if turnover
        ]
        base = {"address": "0x5149", "name": "ChainLink Token", "symbol": listing.base}
        quote = {"address": "0xc02a", "name": "Wrapped Ether", "symbol": "WETH"}
        data = {"id": "4f1c", "type": "ohlcv_request_response", "attributes": {"ohlcv_list": found}}
        body: dict[str, Any] = {"data": data, "meta": {"base": base, "quote": quote}}
        return Reply(body, tables=[found], prices=(1, 2, 3, 4))

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        del call
        return _error("Not Found", 404).reply

    def failure(self, status: int) -> Reply:
        """CoinGecko's envelope for the rate limit; Cloudflare's page elsewhere."""
        if status == 429:
            text = "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing"
            return Reply({"status": {"error_code": 429, "error_message": text}}, status)
        return page(status, f"{status} | api.geckoterminal.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        for listing in self.listed:
            if POOLS[listing.base] == call.params["pool"]:
                return listing
        raise _error("Not Found", 404)


def _error(text: str, status: int) -> Refusal:
    return Refusal(Reply({"errors": [{"status": str(status), "title": text}]}, status))
