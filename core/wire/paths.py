"""Dotted paths into a JSON body, and templates for requests."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Path: TypeAlias = tuple[str, ...]

MISSING: Final = object()
"""What :func:`find` gives when there is nothing at the path."""

NAME = re.compile(r"\{(\w*)\}")


def parse_path(text: str) -> Path:
    """``"result.*.0"`` → ``("result", "*", "0")``; ``""`` is the body itself. ValueError for an empty part.

    A part is an object's key or a list's index, ``-1`` that of its last member. ``*`` is the single member
    that is a list or an object, whatever its key (Kraken's ``{"XXBTZUSD": [...], "last": 1}``), and ``@`` the
    key of that member.
    """
    if not text:
        return ()
    parts = tuple(text.split("."))
    if not all(parts):
        raise ValueError(f"{text!r} is no path: expected parts with single dots between them")
    return parts


def find(body: Any, path: Path) -> Any:
    """The value at the path, or :data:`MISSING`."""
    for part in path:
        if part in {"*", "@"}:
            body = _single(body, key=part == "@")
        elif isinstance(body, dict):
            body = body.get(part, MISSING)
        elif isinstance(body, list) and part.isdecimal() and int(part) < len(body):
            body = body[int(part)]
        elif isinstance(body, list) and part == "-1" and body:
            body = body[-1]
        else:
            return MISSING
    return body


def said(body: Any, path: Path) -> Any:
    """The value at the path; None for what is missing, null or empty text."""
    value = find(body, path)
    return None if value is MISSING or value == "" else value


def show_path(path: Path) -> str:
    """The path as one writes it, for messages."""
    return ".".join(path) or "the body"


def names_in(template: Any) -> set[str]:
    """The names that a template, or any text within it, mentions."""
    if isinstance(template, str):
        return set(NAME.findall(template))
    if isinstance(template, Mapping):
        return set().union(*map(names_in, template.values()))
    if isinstance(template, list | tuple):
        return set().union(*map(names_in, template))
    return set()


def fill(template: Any, names: Mapping[str, Any]) -> Any:
    """The template with its names filled in. A text that is one name only becomes that value, as it is.

    An object's member whose template mentions a name that is None is left out.
    """
    if isinstance(template, str):
        if (whole := NAME.fullmatch(template)) is not None:
            return names[whole[1]]
        return NAME.sub(lambda found: str(names[found[1]]), template)
    if isinstance(template, Mapping):
        return {
            key: fill(value, names)
            for key, value in template.items()
            if all(names[name] is not None for name in names_in(value))
        }
    if isinstance(template, list | tuple):
        return [fill(value, names) for value in template]
    return template


def _single(body: Any, *, key: bool) -> Any:
    if isinstance(body, dict):
        found = [name if key else value for name, value in body.items() if isinstance(value, list | dict)]
    elif isinstance(body, list) and not key:
        found = [value for value in body if isinstance(value, list | dict)]
    else:
        found = []
    return found[0] if len(found) == 1 else MISSING
