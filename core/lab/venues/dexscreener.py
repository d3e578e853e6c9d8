"""DEX Screener's public API, as documented at docs.dexscreener.com/api/reference."""

from typing import Any

from core.lab.day import day
from core.lab.market import Listing, listings
from core.lab.venue import Call, Reply, Venue, page, route
from core.lab.venues.geckoterminal import POOLS


class DexScreener(Venue):
    """Pools on Ethereum. Of pools that are not there, ``pairs`` is null."""

    id = "dexscreener"
    hosts = ("api.dexscreener.com",)
    listed = listings(
        "dexscreener",
        0.3,
        ("USD",),
        without=frozenset({"BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "DOT", "AVAX", "BNB", "TRX"}),
    )
    content_type = "application/json; charset=utf-8"

    @route("/latest/dex/pairs/ethereum/(?P<pool>0x[0-9a-f]+)", "price", "volume", "ping")
    def pairs(self, call: Call) -> Reply:
        """One pool."""
        found = [_pair(call, one) for one in self.listed if POOLS[one.base] == call.params["pool"]]
        body = {"schemaVersion": "1.0.0", "pairs": found or None, "pair": found[0] if found else None}
        return Reply(body, tables=[found], prices=("priceUsd",))

    def unknown_path(self, call: Call) -> Reply:
        """A bare page."""
        del call
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """Cloudflare's page."""
        return page(status, f"{status} | api.dexscreener.com", "<hr><center>cloudflare</center>\r\n")


def _pair(call: Call, listing: Listing) -> dict[str, Any]:
    now = day(call, listing)
    return {
        "chainId": "ethereum",
        "dexId": "uniswap",
        "url": f"https://dexscreener.com/ethereum/{POOLS[listing.base]}",
        "pairAddress": POOLS[listing.base],
        "labels": ["v3"],
        "baseToken": {"address": "0x5149", "name": "ChainLink Token", "symbol": listing.base},
        "quoteToken": {"address": "0xC02a", "name": "Wrapped Ether", "symbol": "WETH"},
        "priceNative": repr(now.last / 3100),
        "priceUsd": repr(now.last),
        "volume": {"h24": round(now.turnover, 2), "h1": round(now.turnover / 24, 2)},
        "priceChange": {"h24": round(now.change * 100, 2)},
        "liquidity": {"usd": 15064095.04, "base": 106624, "quote": 4446},
        "pairCreatedAt": 1_620_158_974_000,
    }
