"""The lab in-process: an httpx transport. Time passes by ``asyncio.sleep``, so virtual time works."""

import asyncio
from collections.abc import AsyncIterator, Callable, Container

import httpx

from core.lab.delivery import Delivery

Handle = Callable[[str, str, str, str, bytes], Delivery]
"""Method, host, path, query and body → what happens."""


class LabTransport(httpx.AsyncBaseTransport):
    """Answers by the request's host. Keeps to the client's read timeout, as a socket would."""

    def __init__(self, handle: Handle, hosts: Container[str]) -> None:
        self._handle = handle
        self._hosts = hosts

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response, or the httpx error that a broken connection raises."""
        url = request.url
        found = url.host in self._hosts
        query, body = url.query.decode("ascii", "replace"), await request.aread()
        made = self._handle(request.method, url.host, url.path, query, body)
        patience = request.extensions.get("timeout", {}).get("read")
        if made.ending == "refuse":
            # A turn of the loop, as any real connection takes.
            await asyncio.sleep(0)
            why = "All connection attempts failed" if found else "[Errno -2] Name or service not known"
            raise httpx.ConnectError(why, request=request)
        await _wait(made.delay, patience, request)
        if made.ending == "hang":
            await _wait(made.hold, patience, request)
            raise httpx.ReadTimeout("", request=request)
        return httpx.Response(
            made.status,
            headers=made.headers,
            stream=_Body(made, patience, request),
            extensions={"http_version": b"HTTP/1.1"},
            request=request,
        )


class _Body(httpx.AsyncByteStream):
    """The body as it comes in, up to where the connection breaks."""

    def __init__(self, made: Delivery, patience: float | None, request: httpx.Request) -> None:
        self._made = made
        self._patience = patience
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        made = self._made
        for piece, pause in made.pieces():
            await _wait(pause, self._patience, self._request)
            yield piece
        if made.ending == "reset":
            raise httpx.ReadError("[Errno 104] Connection reset by peer", request=self._request)
        if made.ending == "truncated":
            came = f"received {len(made.sent)} bytes, expected {len(made.body)}"
            text = f"peer closed connection without sending complete message body ({came})"
            raise httpx.RemoteProtocolError(text, request=self._request)


async def _wait(seconds: float | None, patience: float | None, request: httpx.Request) -> None:
    """Nothing for so long (None: for ever), or ReadTimeout when the client's patience ends first."""
    if patience is not None and (seconds is None or seconds > patience):
        await asyncio.sleep(patience)
        raise httpx.ReadTimeout("", request=request)
    if seconds is None:
        await asyncio.Event().wait()
    elif seconds > 0:
        await asyncio.sleep(seconds)
