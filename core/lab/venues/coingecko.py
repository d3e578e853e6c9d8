"""CoinGecko's public API, as documented at docs.coingecko.com (version 3)."""

import math
from datetime import UTC, datetime
from typing import Any

from core.lab import around
from core.lab.market import DAY_MINUTES, Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route

IDS = {
    "BTC": "bitcoin",
    "ETH": "ethereum",
    "SOL": "solana",
    "XRP": "ripple",
    "ADA": "cardano",
    "DOGE": "dogecoin",
    "LTC": "litecoin",
    "DOT": "polkadot",
    "LINK": "chainlink",
    "AVAX": "avalanche-2",
    "BNB": "binancecoin",
    "TRX": "tron",
}
_NAMES = {"BTC": "Bitcoin", "ETH": "Ethereum", "BNB": "BNB", "XRP": "XRP", "TRX": "TRON"}
_DAYS = ("1", "7", "14", "30", "90", "180", "365")
_CURRENCIES = ("usd", "eur", "btc", "eth")


class CoinGecko(Venue):
    """Averages over many venues. Coins have ids of their own; unknown ones are left out in silence.

    Candles carry no volume and the time of their end; their width follows from the number of days: half an
    hour up to 2, four hours up to 30, four days beyond. The newest one is still running.
    """

    id = "coingecko"
    hosts = ("api.coingecko.com",)
    listed = listings("coingecko", 1.0, ("USD", "EUR", "BTC", "ETH"))
    content_type = "application/json; charset=utf-8"

    @route("/api/v3/ping", "ping")
    def ping(self, call: Call) -> Reply:
        """That it is there."""
        del call
        return Reply({"gecko_says": "(V3) To the Moon!"})

    @route("/api/v3/coins/list", "symbols")
    def coins(self, call: Call) -> Reply:
        """All coins."""
        del call
        rows = [
            {"id": coin, "symbol": base.lower(), "name": _NAMES.get(base, coin.capitalize())}
            for base, coin in IDS.items()
        ]
        return Reply(rows)

    @route("/api/v3/simple/supported_vs_currencies", "symbols")
    def currencies(self, call: Call) -> Reply:
        """What prices may be told in."""
        del call
        return Reply(list(_CURRENCIES))

    @route("/api/v3/simple/price", "price", "volume")
    def simple_price(self, call: Call) -> Reply:
        """Prices, and whatever else is asked for. A space after a comma makes an id unknown."""
        if "vs_currencies" not in call.params:
            raise _error("Missing parameter vs_currencies")
        if "ids" not in call.params:
            raise _error("Missing parameter ids")
        body: dict[str, dict[str, Any]] = {}
        for coin in call.params["ids"].split(","):
            if coin in IDS.values():
                body[coin] = {}
        for coin, told in body.items():
            for currency in call.params["vs_currencies"].lower().split(","):
                if listing := self._find(coin, currency):
                    told.update(_simple(call, listing, currency))
            if _yes(call, "include_last_updated_at"):
                told["last_updated_at"] = int(call.now // 60 * 60)
        first = call.params["vs_currencies"].lower().split(",")[0]
        return Reply(body, tables=[[told] for told in body.values() if first in told], prices=(first,))

    @route("/api/v3/coins/markets", "price", "volume")
    def markets(self, call: Call) -> Reply:
        """Coins with their figures; times as ISO text."""
        currency = self._currency(call, 422)
        asked = call.params.get("ids", ",".join(IDS.values())).split(",")
        found = [listing for coin in asked if (listing := self._find(coin, currency))]
        rows = [_market(call, listing, rank) for rank, listing in enumerate(found, 1)]
        return Reply(rows, tables=[rows], prices=("current_price",))

    @route("/api/v3/global", "metadata")
    def market(self, call: Call) -> Reply:
        """The market as a whole, in many currencies."""
        cap = around.total(call.market, call.now)
        shares = {
            base.lower(): around.capitalisation(call.market, base, call.now) / cap * 100
            for base in ("BTC", "ETH")
        }
        bitcoin = around.dollars(call.market, "BTC", call.now)
        told = {
            "active_cryptocurrencies": len(IDS),
            "upcoming_icos": 0,
            "markets": 1300,
            "total_market_cap": {"btc": cap / bitcoin, "usd": cap},
            "total_volume": {"usd": around.turnover(call.market, call.now)},
            "market_cap_percentage": shares,
            "market_cap_change_percentage_24h_usd": around.change_24h(call.market, "BTC", call.now),
            "updated_at": int(call.now // 60 * 60),
        }
        caps: list[Any] = [told["total_market_cap"]]
        return Reply({"data": told}, tables=[caps], prices=("usd",))

    @route("/api/v3/coins/(?P<coin>[^/]+)", "metadata", "social")
    def one(self, call: Call) -> Reply:
        """All of one coin. What is switched off is left out."""
        listing = self._listing(call, "usd")
        base, coin = listing.base, call.params["coin"]
        told: dict[str, Any] = {
            "id": coin,
            "symbol": base.lower(),
            "name": _NAMES.get(base, coin.capitalize()),
            "description": {"en": f'{coin} is <a href="https://example.com">simulated</a>.\r\n'},
            "links": {"homepage": [f"https://{coin}.example.com", "", ""], "subreddit_url": ""},
            "genesis_date": "2009-01-03" if base == "BTC" else None,
            "sentiment_votes_up_percentage": 71.5,
            "sentiment_votes_down_percentage": 28.5,
            "watchlist_portfolio_users": around.people(base, 0.3),
            "market_cap_rank": 1 + around.ranked(call.market, call.now).index(base),
            "last_updated": _iso(call.now),
        }
        if call.params.get("market_data") != "false":
            last = call.market.last(listing, call.now)
            told["market_data"] = {
                "current_price": {"usd": last},
                "market_cap": {"usd": round(last * around.SUPPLY[base])},
                "ath": {"usd": last * 1.4},
                "circulating_supply": around.SUPPLY[base],
                "total_supply": around.SUPPLY[base],
                "max_supply": around.MAX_SUPPLY.get(base),
            }
        if call.params.get("community_data") != "false":
            told["community_data"] = {
                "facebook_likes": None,
                "reddit_average_posts_48h": 5.2,
                "reddit_average_comments_48h": 301.0,
                "reddit_subscribers": around.people(base, 1.0),
                "reddit_accounts_active_48h": around.people(base, 0.001),
                "telegram_channel_user_count": None,
            }
        return Reply(told)

    @route("/api/v3/coins/(?P<coin>[^/]+)/ohlc", "ohlcv")
    def ohlc(self, call: Call) -> Reply:
        """``[ms of the end, open, high, low, close]``, oldest first."""
        listing = self._listing(call, self._currency(call, 500))
        days = call.params.get("days", "")
        if days not in _DAYS:
            raise _error("Invalid days parameter", 400)
        step = 1800 if days == "1" else 14400 if int(days) <= 30 else 4 * 86400
        stop = call.now // step * step + step
        first = stop - math.ceil(int(days) * 86400 / step) * step
        bars = call.market.bars(listing, step, max(0.0, first), stop, call.now)
        columns = (bars.time, bars.open, bars.high, bars.low, bars.close)
        rows: list[Any] = [
            [(opened + step) * 1000, *prices]
            for opened, *prices in zip(*(x.tolist() for x in columns), strict=True)
        ]
        return Reply(rows, tables=[rows], prices=(1, 2, 3, 4))

    @route("/api/v3/coins/(?P<coin>[^/]+)/market_chart", "price")
    def market_chart(self, call: Call) -> Reply:
        """Prices every five minutes of a day, every hour up to 90 days, every day beyond; the last is now."""
        listing = self._listing(call, self._currency(call, 422))
        days = call.params.get("days", "")
        if not days.isdecimal() or not 1 <= int(days) <= 365:
            raise _error("Invalid days parameter", 400)
        step = 300 if days == "1" else 3600 if int(days) <= 90 else 86400
        stop = call.now // step * step
        bars = call.market.bars(listing, step, stop - int(days) * 86400, stop, call.now)
        prices: list[Any] = [
            list(pair) for pair in zip((bars.time * 1000).tolist(), bars.open.tolist(), strict=True)
        ]
        prices.append([int(call.now * 1000), call.market.last(listing, call.now)])
        volume = float(call.market.rolling(listing, DAY_MINUTES, call.now).turnover[0])
        body = {"prices": prices, "total_volumes": [[moment, volume] for moment, _ in prices]}
        return Reply(body, tables=[prices], prices=(1,))

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        del call
        return _error("Incorrect path. Please check https://www.coingecko.com/api/", 404).reply

    def failure(self, status: int) -> Reply:
        """An envelope for the rate limit, Cloudflare's page elsewhere."""
        if status == 429:
            text = "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing"
            return Reply({"status": {"error_code": 429, "error_message": text}}, status)
        if status == 500:
            return Reply({"status": 500, "error": "Internal Server Error"}, status)
        return page(status, f"{status} | api.coingecko.com", "<hr><center>cloudflare</center>\r\n")

    def _currency(self, call: Call, status: int) -> str:
        """A missing parameter is answered as 422, but as 500 where candles are asked for."""
        currency = call.params.get("vs_currency", "").lower()
        if not currency:
            if status == 500:
                raise Refusal(self.failure(500))
            raise _error("Missing parameter vs_currency", status)
        if currency not in _CURRENCIES:
            raise _error("invalid vs_currency", 400)
        return currency

    def _find(self, coin: str, currency: str) -> Listing | None:
        for listing in self.listed:
            if IDS[listing.base] == coin and listing.quote.lower() == currency:
                return listing
        return None

    def _listing(self, call: Call, currency: str) -> Listing:
        listing = self._find(call.params["coin"], currency)
        if listing is None:
            raise _error("coin not found", 404)
        return listing


def _yes(call: Call, name: str) -> bool:
    return call.params.get(name) == "true"


def _simple(call: Call, listing: Listing, currency: str) -> dict[str, Any]:
    day = call.market.rolling(listing, DAY_MINUTES, call.now)
    told: dict[str, Any] = {currency: call.market.last(listing, call.now)}
    if _yes(call, "include_market_cap"):
        told[f"{currency}_market_cap"] = float(day.close[0]) * 1e7
    if _yes(call, "include_24hr_vol"):
        told[f"{currency}_24h_vol"] = float(day.turnover[0])
    if _yes(call, "include_24hr_change"):
        told[f"{currency}_24h_change"] = (float(day.close[0]) / float(day.open[0]) - 1) * 100
    return told


def _market(call: Call, listing: Listing, rank: int) -> dict[str, Any]:
    day = call.market.rolling(listing, DAY_MINUTES, call.now)
    last, before = float(day.close[0]), float(day.open[0])
    return {
        "id": IDS[listing.base],
        "symbol": listing.base.lower(),
        "name": _NAMES.get(listing.base, IDS[listing.base].capitalize()),
        "current_price": last,
        "market_cap": round(last * 1e7),
        "market_cap_rank": rank,
        "total_volume": float(day.turnover[0]),
        "high_24h": float(day.high[0]),
        "low_24h": float(day.low[0]),
        "price_change_24h": last - before,
        "price_change_percentage_24h": round((last / before - 1) * 100, 5),
        "last_updated": _iso(call.now),
    }


def _iso(now: float) -> str:
    return datetime.fromtimestamp(now // 60 * 60, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _error(text: str, status: int = 422) -> Refusal:
    return Refusal(Reply({"error": text}, status))
