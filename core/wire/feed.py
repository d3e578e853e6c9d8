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
MOST_ENTRIES = 500
MOST_ELEMENTS = 20_000
DEEPEST = 50
"""Feeds of newsrooms have some dozens of entries; one that has thousands would hold up everybody else."""


def entries(content: bytes) -> list[dict[str, Any]]:
    """The entries of a feed: title, url, summary, published, publisher, tags. BadPayload when it is none."""
    _check(content)
    # A stream: given bytes, feedparser would first look for a file of that name.
    feed = feedparser.parse(io.BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
    return [_entry(entry) for entry in feed.entries]


def _check(content: bytes) -> None:
    """Well-formed, a feed by its first element, of a size, and without declarations that could grow."""
    look = _Look()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = look.start
    parser.EndElementHandler = look.end
    parser.StartDoctypeDeclHandler = look.doctype
    parser.EntityDeclHandler = look.entity
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if content.lstrip()[:200].lower().startswith((b"<!doctype html", b"<html")):
            raise BadPayload("HTML instead of a feed") from None
        raise BadPayload(f"broken XML: {clip(str(error))}") from None


class _Look:
    """What the parser meets. BadPayload for what no feed has."""

    def __init__(self) -> None:
        self._entries = self._elements = self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        bare = name.rpartition(" ")[2]
        if not self._elements and bare not in _ROOTS:
            what = "HTML" if bare.lower() == "html" else f"<{bare[:40]}>"
            raise BadPayload(f"{what} instead of a feed")
        self._elements += 1
        self._depth += 1
        self._entries += bare in {"item", "entry"}
        if self._entries > MOST_ENTRIES or self._elements > MOST_ELEMENTS or self._depth > DEEPEST:
            raise BadPayload("the feed has more entries, elements or levels than any newsroom needs")

    def end(self, name: str) -> None:
        del name
        self._depth -= 1

    def doctype(self, name: str, system: str | None, public: str | None, internal: int) -> None:
        del system, public
        if name.lower() == "html":
            raise BadPayload("HTML instead of a feed")
        if internal:
            raise BadPayload("the feed declares entities of its own")

    def entity(self, *what: Any) -> None:
        del what
        raise BadPayload("the feed declares entities of its own")


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
