"""Newsrooms that publish RSS 2.0 feeds (rssboard.org/rss-specification), each at its own address."""

from core.lab import around
from core.lab.venue import Call, PlainVenue, Reply, route

_RSS = "application/rss+xml; charset=utf-8"


class CoinDesk(PlainVenue):
    """Its feed of all news."""

    id = "coindesk"
    hosts = ("www.coindesk.com",)
    content_type = _RSS

    @route("/arc/outboundfeeds/rss/?", "news")
    def feed(self, call: Call) -> Reply:
        """The newest 25."""
        return Reply(around.rss("CoinDesk", "https://www.coindesk.com", around.stories(call.now, 25)))
