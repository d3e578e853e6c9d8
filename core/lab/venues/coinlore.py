"""CoinLore's public API, as documented at www.coinlore.com/cryptocurrency-data-api."""

from typing import Any

from core.lab.day import day
from core.lab.market import Listing, listings
from core.lab.venue import Call, Reply, Venue, page, route

_NUMBERS = {
    "BTC": "90",
    "ETH": "80",
    "SOL": "48543",
    "XRP": "58",
    "ADA": "257",
    "DOGE": "2",
    "LTC": "1",
    "DOT": "45219",
    "LINK": "2751",
    "AVAX": "44883",
    "BNB": "2710",
    "TRX": "2713",
}


class CoinLore(Venue):
    """Averages in dollars; coins have numbers, prices are text, volumes are not. Unknown ones are left out."""

    id = "coinlore"
    hosts = ("api.coinlore.net",)
    listed = listings("coinlore", 1.0, ("USD",))

    @route("/api/global/", "ping")
    def world(self, call: Call) -> Reply:
        """The market as a whole."""
        del call
        return Reply(
            [{"coins_count": 14312, "active_markets": 36101, "btc_d": "56.10", "mcap_change": "0.3"}]
        )

    @route("/api/tickers/", "price", "volume")
    def tickers(self, call: Call) -> Reply:
        """All coins."""
        rows = [_ticker(call, listing, rank) for rank, listing in enumerate(self.listed, 1)]
        body = {"data": rows, "info": {"coins_num": len(rows), "time": int(call.now)}}
        return Reply(body, tables=[rows], prices=("price_usd",))

    @route("/api/ticker/", "price", "volume")
    def ticker(self, call: Call) -> Reply:
        """The coins of these numbers."""
        asked = call.params.get("id", "").split(",")
        rows = [
            _ticker(call, listing, rank)
            for rank, listing in enumerate(self.listed, 1)
            if _NUMBERS[listing.base] in asked
        ]
        return Reply(rows, tables=[rows], prices=("price_usd",))

    def unknown_path(self, call: Call) -> Reply:
        """A bare page."""
        del call
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """Nginx's page."""
        return page(status, f"{status}", "<hr><center>nginx</center>\r\n")


def _ticker(call: Call, listing: Listing, rank: int) -> dict[str, Any]:
    now = day(call, listing)
    return {
        "id": _NUMBERS[listing.base],
        "symbol": listing.base,
        "name": listing.base.capitalize(),
        "nameid": listing.base.lower(),
        "rank": rank,
        "price_usd": f"{now.last:.{listing.digits}f}",
        "percent_change_24h": f"{now.change * 100:.2f}",
        "percent_change_1h": "0.10",
        "percent_change_7d": "-1.20",
        "market_cap_usd": f"{now.last * 1e7:.2f}",
        "volume24": now.turnover,
        "volume24a": now.turnover * 1.1,
        "csupply": "10000000.00",
        "tsupply": "10000000",
        "msupply": "",
    }
