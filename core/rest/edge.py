"""What surrounds the API: bodies are capped, front ends of one's own may ask from their own origin."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.hub import opened
from core.rest.errors import said

MOST_BYTES = 256 * 1024
"""No question has a larger body."""
METHODS = b"GET, POST, DELETE"
HEADERS = b"authorization, content-type"


MOST_DIGITS = 12
"""Of a length; more are no number that anybody means, and take long to read."""
SAID = f"body: expected at most {MOST_BYTES} bytes"


class Edge:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        sending = _sending(send, origin if origin and own_front_end(origin) else "")
        size = headers.get(b"content-length", b"0")
        if not size.isdigit() or len(size) > MOST_DIGITS or int(size) > MOST_BYTES:
            response = said(413, "too_large", SAID)
            await response(scope, receive, sending)
        elif scope["method"] == "OPTIONS" and origin and b"access-control-request-method" in headers:
            await sending({"type": "http.response.start", "status": 204, "headers": []})
            await sending({"type": "http.response.body", "body": b""})
        else:
            await self._app(scope, _capped(receive), sending)


def own_front_end(origin: str) -> bool:
    """Whether the settings name this origin."""
    hub = opened()
    return hub is not None and origin.lower() in hub.settings.front_ends


def _sending(send: Send, origin: str) -> Send:
    extra = [(b"x-content-type-options", b"nosniff")]
    if origin:
        extra += [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", HEADERS),
            (b"vary", b"Origin"),
        ]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await send(message)

    return sending


def _capped(receive: Receive) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    came = 0

    async def receiving() -> MutableMapping[str, Any]:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > MOST_BYTES:
            raise HTTPException(413, SAID)  # of all exceptions FastAPI lets through only this one
        return message

    return receiving
