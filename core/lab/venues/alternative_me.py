"""Alternative.me, as documented at alternative.me/crypto/fear-and-greed-index (API) and /crypto/api."""

from typing import Any

from core.lab import around
from core.lab.venue import Call, PlainVenue, Reply, route

_DAY = 86400


class AlternativeMe(PlainVenue):
    """The fear and greed index: a number a day, of 00:00 UTC, as text. And the market as a whole."""

    id = "alternative_me"
    hosts = ("api.alternative.me",)

    @route("/fng/?", "sentiment")
    def fng(self, call: Call) -> Reply:
        """``limit`` days, newest first; 0 is all. ``time_until_update`` stands in the first alone."""
        limit = call.params.get("limit", "1")
        if not limit.isdecimal():
            return self._told([], "limit is no number")
        today = int(call.now // _DAY)
        rows: list[dict[str, Any]] = []
        for day in range(today, today - (int(limit) or 400), -1):
            index = around.mood(day)
            word = around.mood_word(index)
            rows.append({"value": str(index), "value_classification": word, "timestamp": str(day * _DAY)})
        rows[0]["time_until_update"] = str(int((today + 1) * _DAY - call.now))
        return self._told(rows, None)

    @route("/v2/global/?", "metadata")
    def market(self, call: Call) -> Reply:
        """Capitalisations in dollars, shares as fractions."""
        cap = around.total(call.market, call.now)
        share = around.capitalisation(call.market, "BTC", call.now) / cap
        quote = {"total_market_cap": cap, "total_volume_24h": around.turnover(call.market, call.now)}
        told = {
            "active_cryptocurrencies": len(around.SUPPLY),
            "active_markets": 400,
            "bitcoin_percentage_of_market_cap": share,
            "quotes": {"USD": quote},
            "last_updated": int(call.now // 60 * 60),
        }
        tables = [[quote]]
        return Reply({"data": told, "metadata": {"error": None}}, tables=tables, prices=("total_market_cap",))

    def _told(self, rows: list[Any], error: str | None) -> Reply:
        return Reply({"name": "Fear and Greed Index", "data": rows, "metadata": {"error": error}})
