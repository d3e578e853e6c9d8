"""Independent Reserve market data, as documented at www.independentreserve.com/features/api."""

from core.lab.day import day, iso
from core.lab.market import Listing, listings
from core.lab.venue import Call, Refusal, Reply, Venue, page, route


class IndependentReserve(Venue):
    """Keys in capitals, numbers as numbers; two currencies in place of a symbol, in any case. BTC is Xbt.

    Only dollars of the United States are played.
    """

    id = "independent_reserve"
    hosts = ("api.independentreserve.com",)
    listed = listings("independent_reserve", 0.02, ("USD",), without=frozenset({"AVAX", "BNB", "TRX"}))
    content_type = "application/json; charset=utf-8"

    @route("/Public/GetValidPrimaryCurrencyCodes", "ping")
    def primary(self, call: Call) -> Reply:
        """The coins."""
        del call
        return Reply([_own(listing.base) for listing in self.listed])

    @route("/Public/GetValidSecondaryCurrencyCodes", "ping")
    def secondary(self, call: Call) -> Reply:
        """The currencies."""
        del call
        return Reply(["Aud", "Usd", "Nzd", "Sgd"])

    @route("/Public/GetMarketSummary", "price", "volume")
    def market_summary(self, call: Call) -> Reply:
        """The last 24 hours."""
        listing = self._listing(call)
        now = day(call, listing)
        body = {
            "DayHighestPrice": now.high,
            "DayLowestPrice": now.low,
            "DayAvgPrice": round((now.high + now.low) / 2, 2),
            "DayVolumeXbt": round(now.volume * 3, 8),
            "DayVolumeXbtInSecondaryCurrrency": now.volume,
            "CurrentLowestOfferPrice": now.ask,
            "CurrentHighestBidPrice": now.bid,
            "LastPrice": now.last,
            "PrimaryCurrencyCode": _own(listing.base),
            "SecondaryCurrencyCode": _own(listing.quote),
            "CreatedTimestampUtc": f"{iso(call.now, 0)[:-1]}.5029223Z",
        }
        return Reply(
            body, tables=[[body]], prices=("LastPrice", "CurrentLowestOfferPrice", "CurrentHighestBidPrice")
        )

    @route("/Public/GetOrderBook", "orderbook")
    def order_book(self, call: Call) -> Reply:
        """Both sides, whole."""
        listing = self._listing(call)
        book = call.market.book(listing, call.now, 120)
        bids, asks = (
            [{"OrderType": kind, "Price": price, "Volume": size} for price, size in side]
            for kind, side in (("LimitBid", book.bids), ("LimitOffer", book.asks))
        )
        body = {
            "BuyOrders": bids,
            "SellOrders": asks,
            "PrimaryCurrencyCode": _own(listing.base),
            "SecondaryCurrencyCode": _own(listing.quote),
            "CreatedTimestampUtc": f"{iso(call.now, 0)[:-1]}.1234567Z",
        }
        return Reply(body, tables=[bids, asks], prices=("Price",))

    def unknown_path(self, call: Call) -> Reply:
        """A bare page."""
        del call
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """Cloudflare's page."""
        return page(status, f"{status} | api.independentreserve.com", "<hr><center>cloudflare</center>\r\n")

    def _listing(self, call: Call) -> Listing:
        base, quote = (
            call.params.get(f"{name}CurrencyCode", "").lower() for name in ("primary", "secondary")
        )
        for listing in self.listed:
            if (_own(listing.base).lower(), _own(listing.quote).lower()) == (base, quote):
                return listing
        raise Refusal(Reply({"Message": "Invalid primary currency code"}, 400))


def _own(asset: str) -> str:
    return "Xbt" if asset == "BTC" else asset.capitalize()
