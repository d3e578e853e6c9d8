"""Services that tell news as JSON: Hacker News by Algolia, GDELT, CryptoPanic, NewsAPI."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus

from core.lab import around
from core.lab.venue import Call, PlainVenue, Refusal, Reply, route


def _found(call: Call, words: str) -> Iterator[around.Story]:
    """The newest of a day or three that hold one of the words."""
    asked = [word.casefold() for word in words.replace(" OR ", ",").split(",") if word]
    general = {"cryptocurrency", "crypto"}
    for story in around.stories(call.now, 120):
        text = f"{story.title} {story.text}".casefold()
        if general & set(asked) or any(word in text for word in asked):
            yield story


def _iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


class HackerNews(PlainVenue):
    """hn.algolia.com/api: hits, the newest first; a question has no address."""

    id = "hacker_news"
    hosts = ("hn.algolia.com",)

    @route("/api/v1/search_by_date", "news", "ping")
    def search(self, call: Call) -> Reply:
        """``hitsPerPage`` stories that hold the words."""
        size = int(call.params.get("hitsPerPage", "20"))
        told = list(_found(call, call.params.get("query", "crypto")))[:size]
        hits = [
            {
                "objectID": str(story.number),
                "title": story.title,
                "url": None if story.number % 5 == 0 else f"https://example.com/{story.number}",
                "author": "somebody",
                "points": 12,
                "created_at": _iso(story.time),
                "created_at_i": story.time,
                "_tags": ["story"],
            }
            for story in told
        ]
        return Reply({"hits": hits, "nbHits": len(hits), "page": 0, "nbPages": 1, "hitsPerPage": size})


class Gdelt(PlainVenue):
    """blog.gdeltproject.org/gdelt-doc-2-0-api-debuts: articles, the newest first; an empty object without any."""

    id = "gdelt"
    hosts = ("api.gdeltproject.org",)
    content_type = "application/json; charset=utf-8"

    @route("/api/v2/doc/doc", "news", "ping")
    def articles(self, call: Call) -> Reply:
        """``maxrecords`` articles that hold the words."""
        words = " ".join(word for word in call.params.get("query", "").split() if ":" not in word)
        told = [
            {
                "url": f"https://newsroom.example/{story.number}",
                "url_mobile": "",
                "title": story.title,
                "seendate": f"{datetime.fromtimestamp(story.time, UTC):%Y%m%dT%H%M%SZ}",
                "socialimage": "",
                "domain": "newsroom.example",
                "language": "English",
                "sourcecountry": "United States",
            }
            for story in _found(call, words)
        ]
        return Reply({"articles": told[: int(call.params.get("maxrecords", "75"))]} if told else {})

    def failure(self, status: int) -> Reply:
        """Plain text, whatever it is."""
        said = "Please limit requests to one every 5 seconds." if status == 429 else HTTPStatus(status).phrase
        return Reply(said, status, content_type="text/html; charset=utf-8")


class CryptoPanic(PlainVenue):
    """cryptopanic.com/developers/api: posts, of one asset if asked."""

    id = "cryptopanic"
    hosts = ("cryptopanic.com",)

    @route("/api/developer/v2/posts/", "news", "ping")
    def posts(self, call: Call) -> Reply:
        """Twenty of them."""
        asked = call.params.get("currencies")
        told = [story for story in around.stories(call.now, 240) if asked in {None, story.asset}][:20]
        results = [
            {
                "id": story.number,
                "slug": f"story-{story.number}",
                "title": story.title,
                "description": story.text,
                "published_at": _iso(story.time),
                "created_at": _iso(story.time),
                "kind": "news",
                "source": {"title": "A Newsroom", "region": "en", "domain": "newsroom.example"},
                "url": f"https://cryptopanic.com/news/{story.number}/story-{story.number}",
            }
            for story in told
        ]
        return Reply({"next": None, "previous": None, "results": results})


class NewsAPI(PlainVenue):
    """newsapi.org/docs: articles by words; refusals have a code."""

    id = "newsapi"
    hosts = ("newsapi.org",)
    content_type = "application/json; charset=utf-8"

    @route("/v2/everything", "news", "ping")
    def everything(self, call: Call) -> Reply:
        """``pageSize`` articles."""
        if not call.params.get("q"):
            body = {
                "status": "error",
                "code": "parametersMissing",
                "message": "Required parameters are missing",
            }
            raise Refusal(Reply(body, 400))
        told = list(_found(call, call.params["q"].replace("cryptocurrency", "crypto")))
        articles = [
            {
                "source": {"id": None, "name": "A Newsroom"},
                "author": "Somebody",
                "title": story.title,
                "description": story.text,
                "url": f"https://newsroom.example/{story.number}",
                "publishedAt": _iso(story.time),
                "content": None,
            }
            for story in told[: int(call.params.get("pageSize", "100"))]
        ]
        return Reply({"status": "ok", "totalResults": len(told), "articles": articles})
