"""DeFiLlama's coin prices, as documented at api-docs.defillama.com."""

from core.lab.market import listings
from core.lab.venue import Call, Reply, Venue, page, route
from core.lab.venues.coingecko import IDS


class DeFiLlama(Venue):
    """Prices in dollars by CoinGecko's ids; coins that it does not know are left out in silence."""

    id = "defillama"
    hosts = ("coins.llama.fi",)
    listed = listings("defillama", 1.0, ("USD",))

    @route("/prices/current/(?P<coins>.+)", "price", "ping")
    def current(self, call: Call) -> Reply:
        """These coins, by their names."""
        found = {}
        for name in call.params["coins"].split(","):
            source, _, coin = name.partition(":")
            for listing in self.listed:
                if source == "coingecko" and IDS[listing.base] == coin:
                    found[name] = {
                        "decimals": 8,
                        "symbol": listing.base,
                        "price": call.market.last(listing, call.now),
                        "timestamp": int(call.now) - 20,
                        "confidence": 0.99,
                    }
        return Reply({"coins": found}, tables=[[row] for row in found.values()], prices=("price",))

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        del call
        return Reply({"message": "Not Found"}, 404)

    def failure(self, status: int) -> Reply:
        """Its own words, or Cloudflare's page."""
        if status in {429, 500}:
            return Reply({"message": "Too Many Requests" if status == 429 else "Internal Error"}, status)
        return page(status, f"{status} | coins.llama.fi", "<hr><center>cloudflare</center>\r\n")
