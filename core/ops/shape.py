"""The shape of a JSON body: which fields there are, and of which kind. Pure, and bounded in every direction.

A shape is a mapping from paths to kinds: ``result.*[][4]`` → ``text``. List members share ``[]``, short lists of
plain values keep their places, keys that name the market are ``*``. Two shapes compare to what is gone, what is
new, and what is of another kind: a schema drift that a person can read.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BODY_MOST = 2_000_000
"""Bytes of a body that is looked at."""
PATHS_MOST = 300
DEPTH_MOST = 8
PLACES_MOST = 20
TOLD_MOST = 12
KEY_MOST = 60

Shape = dict[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as it was; each at most a dozen paths."""

    gone: tuple[str, ...]
    new: tuple[str, ...]
    changed: tuple[str, ...]
    """``result.*[][4]: text → number``."""

    def __bool__(self) -> bool:
        return bool(self.gone or self.new or self.changed)

    def __str__(self) -> str:
        parts = [
            f"{what} {', '.join(paths[:4])}{' …' if len(paths) > 4 else ''}"
            for what, paths in (("gone:", self.gone), ("new:", self.new), ("changed:", self.changed))
            if paths
        ]
        return "; ".join(parts) or "no field differs"


def shape_of(body: bytes, names: Collection[str] = ()) -> Shape | None:
    """The shape of a body; None when it is not JSON, or too big. ``names``: what names the market in keys."""
    if len(body) > BODY_MOST:
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    wanted = tuple(name.upper() for name in names if len(name) >= 3)
    found: Shape = {}
    for path, kind in _walk(value, "", wanted, 0):
        if (held := found.get(path)) is None or held == "null":
            found[path] = kind
        if len(found) >= PATHS_MOST:
            break
    return found


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> Difference:
    """What became of the fields. Null is of no kind, and differs from none."""
    changed = [
        f"{path}: {before[path]} → {after[path]}"
        for path in before
        if path in after and before[path] != after[path] and "null" not in {before[path], after[path]}
    ]
    gone, new = _outermost(before, after), _outermost(after, before)
    return Difference(tuple(gone[:TOLD_MOST]), tuple(new[:TOLD_MOST]), tuple(changed[:TOLD_MOST]))


def _outermost(these: Mapping[str, str], others: Mapping[str, str]) -> list[str]:
    """Paths that are in one only, without those that lie within another of them."""
    only = [path for path in these if path not in others]
    heads = set(only)
    return [path for path in only if not any(head in heads for head in _heads(path))]


def _heads(path: str) -> Iterator[str]:
    for at, sign in enumerate(path):
        if at and sign in ".[":
            yield path[:at]


def _walk(value: Any, path: str, names: tuple[str, ...], depth: int) -> Iterator[tuple[str, str]]:
    yield path or "(whole)", _kind(value)
    if depth >= DEPTH_MOST:
        return
    if isinstance(value, dict):
        for key, part in value.items():
            name = "*" if _names_market(key, names) else key[:KEY_MOST]
            yield from _walk(part, f"{path}.{name}" if path else name, names, depth + 1)
    elif isinstance(value, list):
        plain = len(value) <= PLACES_MOST and not any(isinstance(part, dict | list) for part in value)
        if plain and depth:
            for at, part in enumerate(value):
                yield f"{path}[{at}]", _kind(part)
            return
        for at in sorted({0, len(value) // 2, len(value) - 1}) if value else ():
            yield from _walk(value[at], f"{path}[]", names, depth + 1)


def _names_market(key: str, names: tuple[str, ...]) -> bool:
    """``bitcoin`` as it is, ``XXBTZUSD`` as something with XBT in it; but ``method`` is no word of ETH's."""
    if (upper := key.upper()) in names:
        return True
    return key == upper and any(name in key for name in names)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
    return "object"
