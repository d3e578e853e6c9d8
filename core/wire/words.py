"""Text from outside as plain text: no markup, no scripts, no control or direction marks."""

import re
import unicodedata
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

_SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "head"})
_INLINE = frozenset(
    {"a", "abbr", "b", "code", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "u"}
)
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&[#\w]+;")
_UNSEEN = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Direction marks and signs of no width: they let a text show as another than it is."""
MOST_ADDRESS = 2000


def plain_text(value: Any, most: int) -> str:
    """At most ``most`` signs of a text, its markup taken off; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    text = value[: 20 * most + 1000]  # enough of it, however much of that is markup
    if _MARKUP.search(text):
        text = _Stripper.strip(text)
    text = " ".join("".join(_seen(sign) for sign in text).split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def address(value: Any) -> str | None:
    """An http(s) address with a host, as it is; None for anything else."""
    if not isinstance(value, str) or not 8 < len(value) <= MOST_ADDRESS:
        return None
    if any(sign.isspace() or not sign.isprintable() or sign in '<>"\\^`{}' for sign in value):
        return None
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return None
    return value if parts.scheme in {"http", "https"} and host and "@" not in parts.netloc else None


def _seen(sign: str) -> str:
    if sign in _UNSEEN:
        return ""
    kind = unicodedata.category(sign)
    return " " if kind in {"Cc", "Zl", "Zp"} else "" if kind == "Cs" else sign


class _Stripper(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._silent = ""

    @classmethod
    def strip(cls, text: str) -> str:
        stripper = cls()
        stripper.feed(text)
        stripper.close()
        return "".join(stripper._parts)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        del attrs
        if not self._silent and tag in _SILENT:
            self._silent = tag
        elif tag not in _INLINE:
            self._parts.append(" ")

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        del attrs
        if tag not in _INLINE:
            self._parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""
        elif tag not in _INLINE:
            self._parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._parts.append(data)
