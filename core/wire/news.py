"""News out of a feed, or out of rows of JSON. Everything becomes plain text."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, model_validator

from core.answer import BadPayload
from core.market import News, NewsItem, NewsQuery, Query
from core.wire import feed
from core.wire.calls import Call
from core.wire.fields import Dotted
from core.wire.paths import MISSING, find, show_path
from core.wire.topics import about, asset_of
from core.wire.values import TimeUnit, clip, moment
from core.wire.words import address, plain_text

MOST_TITLE = 300
MOST_SUMMARY = 600
MOST_TAGS = 10
MOST_ROWS = 500
"""Rows of an answer that are looked at."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
AHEAD = 86400.0
"""Seconds by which a date may lie ahead: some have no time zone. Beyond it no date is told."""


class NewsCall(Call):
    """News. A feed says by itself what stands where; of JSON ``rows`` leads to a list of objects.

    ``searches`` means that the request itself asks for the topic; otherwise what is not about it is left out.
    ``anything`` is what to search for when no topic is given. ``none_is_bare``: with no news the answer is ``{}``.
    """

    rows: Dotted = ()
    title: Dotted | None = None
    url: Dotted | None = None
    summary: Dotted | None = None
    published: Dotted | None = None
    publisher: Dotted | None = None
    tags: Dotted | None = None
    time_unit: TimeUnit = "iso"
    searches: bool = False
    none_is_bare: bool = False
    anything: str | None = None
    by: Annotated[str, Field(min_length=1)]
    """Who publishes, where an item does not say so itself."""

    @classmethod
    def template_names(cls) -> set[str]:
        return {"topic", "asset", "limit"}

    @model_validator(mode="after")
    def _says_where(self) -> "NewsCall":
        if (self.format == "json") != (self.title is not None and self.url is not None):
            raise ValueError("title, url: expected for JSON, and not for a feed")
        return self

    def fits(self, query: Query) -> bool:
        # A service that knows topics by the codes of assets cannot search for words.
        by_code = self.searches and "{topic}" not in str(self.params)
        topic = query.topic if isinstance(query, NewsQuery) else None
        return not by_code or topic is None or asset_of(topic) is not None

    def lacks(self, query: Query) -> str:
        del query
        return "news by asset only"


def read_news(call: NewsCall, query: NewsQuery, body: Any, now: float | None = None) -> News:
    """Newest first, each address once. BadPayload when most rows are no news; none at all is a value."""
    rows = feed.entries(body) if call.format == "feed" else _said(call, _rows(call, body))
    items = items_of(rows, call.by, now)
    if query.topic is not None and not call.searches:
        pattern = about(query.topic)
        texts = {item.url: f"{item.title} {item.summary} {' '.join(item.tags)}" for item in items}
        items = tuple(item for item in items if pattern.search(texts[item.url]))
    return News(items[: query.limit], query.topic)


def items_of(rows: Sequence[Mapping[str, Any]], by: str, now: float | None) -> tuple[NewsItem, ...]:
    """Rows as items, newest first, each address once. BadPayload when most of them are none."""
    found: dict[str, NewsItem] = {}
    unread = 0
    for row in rows:
        item = _item(row, by, now)
        if item is None:
            unread += 1
        else:
            found.setdefault(item.url, item)
    if unread > len(rows) - unread:
        raise BadPayload(f"{unread} of {len(rows)} rows have no title or no address")
    return tuple(sorted(found.values(), key=lambda item: item.published or _LONG_AGO, reverse=True))


def _rows(call: NewsCall, body: Any) -> list[Any]:
    if call.none_is_bare and body == {}:
        return []
    rows = find(body, call.rows)
    if not isinstance(rows, list):
        shown = "missing" if rows is MISSING else clip(rows)
        raise BadPayload(f"{show_path(call.rows)} is {shown}, expected a list of news")
    return rows[:MOST_ROWS]


def _said(call: NewsCall, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """What the rows say. One date that cannot be is left out (an article taken back is of 1970 at NewsAPI)."""
    names = ("title", "url", "summary", "published", "publisher", "tags")
    paths = {name: getattr(call, name) for name in names}
    found: list[dict[str, Any]] = []
    wrong: list[BadPayload] = []
    for row in rows:
        said = {name: None if path is None else find(row, path) for name, path in paths.items()}
        said = {name: None if value is MISSING else value for name, value in said.items()}
        if (date := said["published"]) is not None:
            try:
                said["published"] = moment(date, call.time_unit, "published")
            except BadPayload as error:
                said["published"] = None
                wrong.append(error)
        found.append(said)
    if wrong and len(wrong) > len(found) - len(wrong):
        raise wrong[0]
    return found


def _item(row: Mapping[str, Any], by: str, now: float | None) -> NewsItem | None:
    title, url = plain_text(row["title"], MOST_TITLE), address(row["url"])
    if not title or url is None:
        return None
    published = row["published"]
    if published is not None and now is not None and published.timestamp() > now + AHEAD:
        published = None
    return NewsItem(
        title,
        url,
        plain_text(row["publisher"], 80) or by,
        published,
        plain_text(row["summary"], MOST_SUMMARY),
        _tags(row["tags"]),
    )


def _tags(said: Any) -> tuple[str, ...]:
    names = said.split("|") if isinstance(said, str) else said if isinstance(said, list) else []
    tags = dict.fromkeys(plain_text(name, 40) for name in names[: 4 * MOST_TAGS])
    return tuple(tag for tag in tags if tag)[:MOST_TAGS]
