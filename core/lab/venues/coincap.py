"""CoinCap's API v3, as documented at pro.coincap.io/api-docs."""

from typing import Any

from core.lab import around
from core.lab.day import day
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_IDS = {
    "BTC": "bitcoin",
    "ETH": "ethereum",
    "SOL": "solana",
    "XRP": "xrp",
    "ADA": "cardano",
    "DOGE": "dogecoin",
    "LTC": "litecoin",
    "DOT": "polkadot",
    "LINK": "chainlink",
    "AVAX": "avalanche",
    "BNB": "binance-coin",
    "TRX": "tron",
}


class CoinCap(Venue):
    """Averages in dollars; all numbers are text with many decimals. Here it asks for no key."""

    id = "coincap"
    hosts = ("rest.coincap.io",)
    listed = listings("coincap", 1.0, ("USD",))

    @route("/v3/assets", "price", "volume")
    def assets(self, call: Call) -> Reply:
        """All coins."""
        rows = [_asset(call, listing, rank) for rank, listing in enumerate(self.listed, 1)]
        return Reply({"timestamp": int(call.now * 1000), "data": rows}, tables=[rows], prices=("priceUsd",))

    @route("/v3/assets/(?P<coin>[^/]+)", "price", "volume", "metadata", "ping")
    def asset(self, call: Call) -> Reply:
        """One coin."""
        for rank, listing in enumerate(self.listed, 1):
            if _IDS[listing.base] == call.params["coin"]:
                row = _asset(call, listing, rank)
                body = {"timestamp": int(call.now * 1000), "data": row}
                return Reply(body, tables=[[row]], prices=("priceUsd",))
        raise Refusal(
            Reply({"error": f"{call.params['coin']} not found", "timestamp": int(call.now * 1000)}, 404)
        )

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        return Reply({"error": "Cannot GET", "timestamp": int(call.now * 1000)}, 404)

    def failure(self, status: int) -> Reply:
        """Its own words where a key is at fault; Cloudflare's page elsewhere."""
        if status in {401, 403}:
            return Reply({"error": "Missing or invalid API key", "timestamp": 0}, status)
        return page(status, f"{status} | rest.coincap.io", "<hr><center>cloudflare</center>\r\n")


def _asset(call: Call, listing: Listing, rank: int) -> dict[str, Any]:
    now = day(call, listing)
    return {
        "id": _IDS[listing.base],
        "rank": str(rank),
        "symbol": listing.base,
        "name": around.NAMES[listing.base],
        "supply": f"{around.SUPPLY[listing.base]:.18f}",
        "maxSupply": f"{limit:.18f}" if (limit := around.MAX_SUPPLY.get(listing.base)) else None,
        "marketCapUsd": f"{now.last * around.SUPPLY[listing.base]:.18f}",
        "volumeUsd24Hr": f"{now.turnover:.18f}",
        "priceUsd": f"{now.last:.18f}",
        "changePercent24Hr": f"{now.change * 100:.15f}",
        "vwap24Hr": f"{now.turnover / now.volume:.12f}",
        "explorer": "https://explorer.example/",
        "tokens": {},
    }
