"""Newsrooms that publish RSS 2.0 feeds (rssboard.org/rss-specification), each at its own address."""

from core.lab import around
from core.lab.venue import Call, PlainVenue, Reply, route

_RSS = "application/rss+xml; charset=utf-8"


class CoinDesk(PlainVenue):
    """All its news."""

    id = "coindesk"
    hosts = ("www.coindesk.com",)
    content_type = _RSS

    @route("/arc/outboundfeeds/rss/?", "news", "ping")
    def feed(self, call: Call) -> Reply:
        """The newest 25."""
        return Reply(around.rss("CoinDesk", "https://www.coindesk.com", around.stories(call.now, 25)))


class Cointelegraph(PlainVenue):
    """All its news."""

    id = "cointelegraph"
    hosts = ("cointelegraph.com",)
    content_type = "application/xml; charset=utf-8"

    @route("/rss", "news", "ping")
    def feed(self, call: Call) -> Reply:
        """The newest 30."""
        return Reply(around.rss("Cointelegraph", "https://cointelegraph.com", around.stories(call.now, 30)))


class Decrypt(PlainVenue):
    """All its news."""

    id = "decrypt"
    hosts = ("decrypt.co",)
    content_type = "text/xml; charset=utf-8"

    @route("/feed", "news", "ping")
    def feed(self, call: Call) -> Reply:
        """The newest 40."""
        return Reply(around.rss("Decrypt", "https://decrypt.co", around.stories(call.now, 40)))


class BitcoinMagazine(PlainVenue):
    """Ten articles."""

    id = "bitcoin_magazine"
    hosts = ("bitcoinmagazine.com",)
    content_type = _RSS

    @route("/feed/?", "news", "ping")
    def feed(self, call: Call) -> Reply:
        """The newest ten about its subject."""
        told = (story for story in around.stories(call.now, 120) if story.asset == "BTC")
        return Reply(around.rss("Bitcoin Magazine", "https://bitcoinmagazine.com", told))
