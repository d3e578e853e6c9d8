"""CoinDesk Data's index, as documented at developers.coindesk.com (once CryptoCompare's data-api)."""

import math
from typing import Any

from core.lab import around
from core.lab.day import day, rows_of, whole
from core.lab.grid import span
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

_STEPS = {"minutes": 60, "hours": 3600, "days": 86400}


class CoinDeskData(Venue):
    """An envelope of ``Data`` and ``Err``; keys in capitals, numbers as numbers, candles oldest first.

    Candles are counted back from ``to_ts``, which is included; quiet ones are flat. Here it asks for no key.
    """

    id = "coindesk_data"
    hosts = ("data-api.coindesk.com",)
    listed = listings("coindesk_data", 1.0, ("USD", "EUR", "USDT"))
    content_type = "application/json; charset=UTF-8"

    @route("/index/cc/v1/markets", "ping")
    def markets(self, call: Call) -> Reply:
        """The indices."""
        del call
        return Reply({"Data": {"cadli": {"STATUS": "ACTIVE"}}, "Err": {}})

    @route("/news/v1/article/list", "news")
    def articles(self, call: Call) -> Reply:
        """``limit`` articles, of one category if asked."""
        asked, most = call.params.get("categories"), int(call.params.get("limit", "10"))
        told = [story for story in around.stories(call.now, 24 * most) if asked in {None, story.asset}][:most]
        rows = [
            {
                "TYPE": "121",
                "ID": story.number,
                "PUBLISHED_ON": story.time,
                "TITLE": story.title,
                "SUBTITLE": None,
                "URL": f"https://newsroom.example/{story.number}",
                "BODY": story.text,
                "KEYWORDS": f"{around.NAMES[story.asset]}|Markets",
                "SOURCE_DATA": {"TYPE": "120", "SOURCE_KEY": "newsroom", "NAME": "A Newsroom"},
            }
            for story in told
        ]
        return Reply({"Data": rows, "Err": {}})

    @route("/index/cc/v1/historical/(?P<unit>minutes|hours|days)", "ohlcv")
    def historical(self, call: Call) -> Reply:
        """At most 2000 candles."""
        listing = self._listing(call, "instrument")
        unit = call.params["unit"]
        rows = whole(call, "limit", 30, lambda name: _error(name, f"Invalid: {name} parameter.", 400))
        if not 1 <= rows <= 2000:
            raise _error("limit", "Invalid: limit parameter. Should be between 1 and 2000.", 400)
        end = whole(call, "to_ts", math.inf, lambda name: _error(name, f"Invalid: {name} parameter.", 400))
        first, stop = span(_STEPS[unit], int(rows), call.now, end=end)
        bars = call.market.bars(listing, _STEPS[unit], first, stop, call.now)
        found = [_candle(listing, unit, *row) for row in rows_of(bars)]
        return Reply({"Data": found, "Err": {}}, tables=[found], prices=("OPEN", "HIGH", "LOW", "CLOSE"))

    @route("/index/cc/v1/latest/tick", "price", "volume")
    def tick(self, call: Call) -> Reply:
        """The index now, of one instrument."""
        listing = self._listing(call, "instruments")
        now = day(call, listing)
        row = {
            "TYPE": "266",
            "MARKET": "cadli",
            "INSTRUMENT": _name(listing),
            "VALUE": now.last,
            "VALUE_FLAG": "UP",
            "VALUE_LAST_UPDATE_TS": int(call.now),
            "MOVING_24_HOUR_VOLUME": now.volume,
            "MOVING_24_HOUR_QUOTE_VOLUME": now.turnover,
            "MOVING_24_HOUR_OPEN": now.open,
            "MOVING_24_HOUR_HIGH": now.high,
            "MOVING_24_HOUR_LOW": now.low,
            "MOVING_24_HOUR_CHANGE": now.last - now.open,
            "MOVING_24_HOUR_CHANGE_PERCENTAGE": now.change * 100,
        }
        return Reply({"Data": {_name(listing): row}, "Err": {}}, tables=[[row]], prices=("VALUE",))

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        del call
        return _error("path", "Not found.", 404).reply

    def failure(self, status: int) -> Reply:
        """Its own words where it has them; Cloudflare's page elsewhere."""
        if status == 429:
            body = {"type": 99, "message": "You are over your rate limit please upgrade your account!"}
            return Reply({"Data": {}, "Err": body}, status)
        if status in {401, 403}:
            body = {"type": 2, "message": "An API key is required.", "other_info": {"param": "api_key"}}
            return Reply({"Data": {}, "Err": body}, status)
        return page(status, f"{status} | data-api.coindesk.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call, param: str) -> Listing:
        asked = call.params.get(param, "")
        for listing in self.listed:
            if _name(listing) == asked:
                return listing
        raise _error(param, f"Invalid: {param} parameter. The instrument {asked} is unknown on cadli.", 404)


def _name(listing: Listing) -> str:
    return f"{listing.base}-{listing.quote}"


def _error(param: str, text: str, status: int) -> Refusal:
    fault = {"type": 1, "message": text, "other_info": {"param": param, "values": []}}
    return Refusal(Reply({"Data": [], "Err": fault}, status))


def _candle(
    listing: Listing,
    unit: str,
    opened: int,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    turnover: float,
) -> dict[str, Any]:
    return {
        "UNIT": unit[:-1].upper(),
        "TIMESTAMP": opened,
        "TYPE": "267",
        "MARKET": "cadli",
        "INSTRUMENT": _name(listing),
        "OPEN": open_,
        "HIGH": high,
        "LOW": low,
        "CLOSE": close,
        "TOTAL_INDEX_UPDATES": 120 if volume else 0,
        "VOLUME": volume,
        "QUOTE_VOLUME": turnover,
    }
