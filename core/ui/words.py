"""Times, ages and foreign text as a person reads them. Pure."""

import re
from datetime import UTC, datetime

from core.export import inert

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)
_JOINER = "\u2060"
_DIRECTIONS = dict.fromkeys(
    map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
)
"""Marks that turn the direction of what follows, beyond the text they stand in."""
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


def span(seconds: float) -> str:
    """``40 s``, ``3 min``, ``2 h``, ``5 d``: rounded down to the largest unit that fits."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def left(seconds: float) -> str:
    """A countdown: ``42 s``, ``2 min 05 s``, ``3 h``; empty when it is over."""
    if 60 <= seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60 // 1:02.0f} s"
    return span(seconds) if seconds > 0 else ""


def ago(seconds: float) -> str:
    """``just now``, ``3 min ago``."""
    return "just now" if seconds < 2 else f"{span(seconds)} ago"


def utc(moment: float | datetime) -> str:
    """``22 Nov 2026 04:09 UTC``, from seconds since 1970 or an aware datetime."""
    at = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int | float) else moment.astimezone(UTC)
    return f"{at:%d %b %Y %H:%M} UTC"


def plain(text: str) -> str:
    """Text from outside as Markdown that means nothing but itself, on one line.

    Addresses in it do not become links: an invisible joiner parts them. Direction marks are left out.
    """
    shown = " ".join(text.translate(_DIRECTIONS).split())
    return _PUNCTUATION.sub(r"\\\1", _ADDRESS.sub(_JOINER, shown))


def cell(text: str) -> str:
    """Text from outside in a table, which anybody can take along as CSV: an invisible sign before what would be a
    formula.
    """
    return inert(text, _JOINER)


def listed(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1] if words else "")))


def count(number: int, word: str, many: str = "") -> str:
    """``1 candle``, ``1,234 candles``; ``many`` where it is not the word with an s."""
    return f"{number:,} {word if number == 1 else many or f'{word}s'}"
