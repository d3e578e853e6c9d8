"""CoinLore's public API, as documented at www.coinlore.com/cryptocurrency-data-api."""

from typing import Any

from core.lab import around
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

    @route("/api/global/", "ping", "metadata")
    def world(self, call: Call) -> Reply:
        """The market as a whole."""
        cap = around.total(call.market, call.now)
        shares = {
            f"{base.lower()}_d": f"{around.capitalisation(call.market, base, call.now) / cap * 100:.2f}"
            for base in ("BTC", "ETH")
        }
        row = {
            "coins_count": 14312,
            "active_markets": 36101,
            "total_mcap": cap,
            "total_volume": around.turnover(call.market, call.now),
            **shares,
            "mcap_change": f"{around.change_24h(call.market, 'BTC', call.now):.2f}",
            "volume_change": "-3.10",
        }
        return Reply([row], tables=[[row]], prices=("total_mcap",))

    @route("/api/coin/social_stats/", "social")
    def social(self, call: Call) -> Reply:
        """Communities of one coin; of a number that is not there an empty list."""
        base = next((o.base for o in self.listed if _NUMBERS[o.base] == call.params.get("id")), None)
        if base is None:
            return Reply([])
        reddit = {"avg_active_users": around.people(base, 0.001), "subscribers": around.people(base, 1.0)}
        return Reply(
            {"reddit": reddit, "twitter": {"followers_count": around.people(base, 0.5), "status_count": 9}}
        )

    @route("/api/tickers/", "price", "volume")
    def tickers(self, call: Call) -> Reply:
        """All coins."""
        rows = [_ticker(call, listing, rank) for rank, listing in enumerate(self.listed, 1)]
        body = {"data": rows, "info": {"coins_num": len(rows), "time": int(call.now)}}
        return Reply(body, tables=[rows], prices=("price_usd",))

    @route("/api/ticker/", "price", "volume", "metadata")
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
        "name": around.NAMES[listing.base],
        "nameid": listing.base.lower(),
        "rank": rank,
        "price_usd": f"{now.last:.{listing.digits}f}",
        "percent_change_24h": f"{now.change * 100:.2f}",
        "percent_change_1h": "0.10",
        "percent_change_7d": "-1.20",
        "market_cap_usd": f"{now.last * around.SUPPLY[listing.base]:.2f}",
        "volume24": now.turnover,
        "volume24a": now.turnover * 1.1,
        "csupply": f"{around.SUPPLY[listing.base]:.2f}",
        "tsupply": f"{around.SUPPLY[listing.base]:.0f}",
        "msupply": f"{around.MAX_SUPPLY[listing.base]:.0f}" if listing.base in around.MAX_SUPPLY else "",
    }
