"""RSS and Atom, from hosts that are not trusted: no entities of the feed's own, nothing fetched, no markup."""

import calendar
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.parsers import expat

import feedparser

from core.answer import BadPayload
from core.wire.values import EARLIEST, LATEST, clip

_ROOTS = frozenset({"rss", "feed", "RDF"})


def entries(content: bytes) -> list[dict[str, Any]]:
    """The entries of a feed: title, url, summary, published, publisher, tags. BadPayload when it is none."""
    _check(content)
    # A stream: given bytes, feedparser would first look for a file of that name.
    feed = feedparser.parse(io.BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
    return [_entry(entry) for entry in feed.entries]


def _check(content: bytes) -> None:
    """Well-formed, a feed by its first element, and without declarations that could grow when read."""
    parser = expat.ParserCreate(namespace_separator=" ")
    seen: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        del attributes
        if not seen:
            seen.append(name.rpartition(" ")[2])

    def doctype(name: str, system: str | None, public: str | None, internal: int) -> None:
        del system, public
        if name.lower() == "html":
            raise BadPayload("HTML instead of a feed")
        if internal:
            raise BadPayload("the feed declares entities of its own")

    def entity(*what: Any) -> None:
        del what
        raise BadPayload("the feed declares entities of its own")

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if content.lstrip()[:200].lower().startswith((b"<!doctype html", b"<html")):
            raise BadPayload("HTML instead of a feed") from None
        raise BadPayload(f"broken XML: {clip(str(error))}") from None
    if seen[0].lower() == "html":
        raise BadPayload("HTML instead of a feed")
    if seen[0] not in _ROOTS:
        raise BadPayload(f"<{seen[0][:40]}> instead of a feed")


def _entry(entry: Any) -> dict[str, Any]:
    return {
        "title": entry.get("title"),
        "url": entry.get("link"),
        "summary": entry.get("summary"),
        "published": _moment(entry),
        "publisher": (entry.get("source") or {}).get("title"),
        "tags": list(_tags(entry)),
    }


def _moment(entry: Any) -> datetime | None:
    for name in ("published_parsed", "updated_parsed"):
        if (parsed := entry.get(name)) is not None:
            seconds = calendar.timegm(parsed)
            if EARLIEST <= seconds < LATEST:
                return datetime.fromtimestamp(seconds, UTC)
    return None


def _tags(entry: Any) -> Iterator[str]:
    for tag in entry.get("tags", ()):
        if isinstance(term := tag.get("term"), str):
            yield term
