"""Who counts what people say of a coin: Reddit, LunarCrush, Santiment."""

from datetime import UTC, datetime
from html import escape
from typing import ClassVar

from core.lab import around
from core.lab.market import listings
from core.lab.venue import Call, PlainVenue, Refusal, Reply, route

_TOPICS = {
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
    "BNB": "bnb",
    "TRX": "tron",
}


def _iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S+00:00}"


class Reddit(PlainVenue):
    """reddit.com/wiki/rss: a community's newest posts as Atom; one that is not there is answered with 404."""

    id = "reddit"
    hosts = ("www.reddit.com",)
    listed = listings("reddit", 1.0, ("USD",))
    content_type = "application/atom+xml; charset=UTF-8"
    server = "snooserv"
    _communities: ClassVar[dict[str, str]] = {
        "Bitcoin": "BTC",
        "ethereum": "ETH",
        "solana": "SOL",
        "XRP": "XRP",
        "cardano": "ADA",
        "dogecoin": "DOGE",
        "litecoin": "LTC",
        "Polkadot": "DOT",
        "Chainlink": "LINK",
        "Avax": "AVAX",
        "bnbchainofficial": "BNB",
        "Tronix": "TRX",
    }

    @route("/r/CryptoCurrency/new/\\.rss", "ping")
    def all(self, call: Call) -> Reply:
        """Of the community of all coins."""
        return Reply(self._atom(call, "CryptoCurrency", "BTC"))

    @route("/r/(?P<name>\\w+)/new/\\.rss", "social")
    def newest(self, call: Call) -> Reply:
        """Of a coin's community."""
        name = call.params["name"]
        base = self._communities.get(name)
        if base is None or not any(listing.base == base for listing in self.listed):
            raise Refusal(self.failure(404))
        return Reply(self._atom(call, name, base))

    def _atom(self, call: Call, name: str, base: str) -> str:
        limit = int(call.params.get("limit", "25"))
        entries = "".join(
            f"<entry><author><name>/u/somebody</name></author><category term={name!r} label={'r/' + name!r}/>"
            f'<content type="html">{escape(story.text)}</content><id>t3_{story.number}</id>'
            f'<link href="https://www.reddit.com/r/{name}/comments/{story.number}/"/>'
            f"<updated>{_iso(story.time)}</updated><title>{escape(story.title)}</title></entry>"
            for story in list(around.stories(call.now, 60))[:limit]
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
            f"<title>newest submissions : {name}</title><updated>{_iso(call.now)}</updated>"
            f"<id>/r/{name}/new/.rss</id><subtitle>{base}</subtitle>{entries}</feed>"
        )


class LunarCrush(PlainVenue):
    """lunarcrush.com/developers/api: what is said of a topic in 24 hours."""

    id = "lunarcrush"
    hosts = ("lunarcrush.com",)
    listed = listings("lunarcrush", 1.0, ("USD",))

    @route("/api4/public/topic/(?P<topic>[^/]+)/v1", "social", "ping")
    def topic(self, call: Call) -> Reply:
        """All networks together, and each."""
        topic = call.params["topic"]
        known = {_TOPICS[listing.base]: listing.base for listing in self.listed}
        if topic not in known:
            raise Refusal(Reply({"error": "topic not found"}, 404))
        posts = around.people(known[topic], 0.02)
        data = {
            "topic": topic,
            "title": around.NAMES[known[topic]],
            "topic_rank": 11,
            "types_count": {"tweet": posts * 9 // 10, "reddit-post": posts // 10},
            "interactions_24h": posts * 600,
            "num_contributors": posts // 9,
            "num_posts": posts,
            "trend": "flat",
        }
        return Reply({"config": {"topic": topic, "generated": int(call.now)}, "data": data})


class Santiment(PlainVenue):
    """academy.santiment.net: GraphQL; a mistake is answered with 200 and ``errors``."""

    id = "santiment"
    hosts = ("api.santiment.net",)
    listed = listings("santiment", 1.0, ("USD",))
    content_type = "application/json; charset=utf-8"
    _slugs: ClassVar[dict[str, str]] = {
        **_TOPICS,
        "XRP": "ripple",
        "DOT": "polkadot-new",
        "BNB": "binance-coin",
    }

    @route("/graphql", "social", "ping", method="POST")
    def graphql(self, call: Call) -> Reply:
        """The one metric that it plays, a row a day."""
        asked = call.json if isinstance(call.json, dict) else {}
        query = str(asked.get("query", ""))
        if "currentUser" in query:
            return Reply({"data": {"currentUser": None}})
        slug = (asked.get("variables") or {}).get("slug")
        known = {self._slugs[listing.base]: listing.base for listing in self.listed}
        if 'getMetric(metric:"social_volume_total")' not in query or slug not in known:
            text = (
                f"[0a1b] Can't fetch social_volume_total for {slug}, Reason: {slug} is not an existing slug."
            )
            return Reply({"data": {"getMetric": {"timeseriesData": None}}, "errors": [{"message": text}]})
        today = int(call.now // 86400) * 86400
        rows = [
            {"datetime": _iso(day).replace("+00:00", "Z"), "value": float(around.people(known[slug], 0.01))}
            for day in (today - 86400, today)
        ]
        return Reply({"data": {"getMetric": {"timeseriesData": rows}}}, tables=[rows])
