"""A compressed body, unpacked up to a size: a few bytes may stand for gigabytes. Pure."""

import zlib
from collections.abc import Iterable

from core.answer import BadPayload
from core.engine.connection import too_large

ENCODINGS = "gzip, deflate"
"""What requests offer to understand."""
MOST_LAYERS = 4
"""Encodings around one body. Nobody needs two; each costs as much as the largest body."""


def inflated(headers: Iterable[tuple[bytes, bytes]], body: bytes, most: int, status: int) -> bytes:
    """The body as it was before its content encodings, which are undone last first.

    BadPayload when it is larger than ``most``, for an encoding that was not offered, for broken bytes, and for a
    body that ends too early.
    """
    layers = [
        encoding.strip()
        for name, value in headers
        if name == b"content-encoding"
        for encoding in reversed(value.decode("latin-1").lower().split(","))
    ]
    if len(layers) > MOST_LAYERS:
        raise BadPayload(f"packed {len(layers)} times over: expected at most {MOST_LAYERS}", status=status)
    for encoding in layers:
        body = _undo(encoding, body, most, status)
    return body


def _undo(encoding: str, body: bytes, most: int, status: int) -> bytes:
    if encoding in {"", "identity"} or not body:
        return body
    if encoding in {"gzip", "x-gzip"}:
        bits = 16 + zlib.MAX_WBITS
    elif encoding == "deflate":
        # Either with zlib's head, as the standard says, or without, as some servers do.
        bits = zlib.MAX_WBITS if body[0] & 0x0F == zlib.DEFLATED and _checks(body) else -zlib.MAX_WBITS
    else:
        raise BadPayload(f"content encoding {encoding[:20]!r} was not offered", status=status)
    unpacker = zlib.decompressobj(bits)
    try:
        found = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise BadPayload(f"the {encoding} body cannot be unpacked: {error}", status=status) from None
    if len(found) > most:
        raise too_large(most, status)
    if not unpacker.eof:
        raise BadPayload(f"the {encoding} body ends too early", status=status)
    return found


def _checks(body: bytes) -> bool:
    """Whether the first two bytes are a head of zlib's."""
    return len(body) > 1 and (body[0] * 256 + body[1]) % 31 == 0
