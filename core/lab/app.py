"""The lab as an ASGI app, the original host first in the path."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from core.lab.delivery import Delivery

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

Handle = Callable[[str, str, str, bytes, Mapping[str, str]], Delivery]
"""Method, path, query, body and headers → what happens."""

MOST_ASKED = 65_536
"""No request to the lab has a larger body."""


class Application:
    """``/api.kraken.com/0/public/…``, ``POST /_lab/inject``, ``POST /_lab/clear``, ``GET /_lab/faults``.

    An ASGI app does not own the connection: where that has to break, the app raises ConnectionError, and what
    the client sees is up to the server. ``python -m core.lab`` does it for real.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection scope."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            raise ValueError(f"scope type {scope['type']!r}: expected http or lifespan")

    async def _http(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        query = scope.get("query_string", b"").decode("ascii", "replace")
        made = self._handle(scope["method"], path, query, await _body(receive), headers)
        await asyncio.sleep(made.delay)
        if made.ending == "hang":
            hang = asyncio.sleep(made.hold) if made.hold is not None else _gone(receive)
            await hang
        if made.ending in {"hang", "refuse"}:
            raise ConnectionError("the lab does not answer this request")
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in made.headers.items()]
        await send({"type": "http.response.start", "status": made.status, "headers": raw})
        for piece, pause in made.pieces():
            await asyncio.sleep(pause)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if made.ending != "whole":
            raise ConnectionError("the lab breaks this connection off")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False) and len(body) <= MOST_ASKED
    return body[:MOST_ASKED]


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _lifespan(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
