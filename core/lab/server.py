"""The lab on a socket of its own, where connections really are refused, reset and cut short."""

import asyncio
import contextlib
import socket
import struct
from http import HTTPStatus
from typing import Any, Self

import h11

from core.lab.app import MOST_ASKED
from core.lab.delivery import Delivery
from core.lab.lab import Lab

_LOOK = 0.05
"""Seconds between looks at whether everything is refused."""

_IDLE = 75.0
"""A connection without a request is closed after so many seconds."""

_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_NO_LINGER = struct.pack("ii", 1, 0)


class LabServer:
    """HTTP/1.1 on 127.0.0.1, the original host first in the path.

    A reset is a RST, a truncated body ends before its Content-Length. ``refuse`` for one host closes the
    connection before any byte, since all hosts share the port; for everything it stops listening until it is
    over, so that connecting fails.
    """

    def __init__(self, lab: Lab, port: int = 0) -> None:
        self.lab = lab
        self.port = port
        """The port asked for; once started, the port bound."""
        self._server: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        """What ``KINTSUGI_LAB_URL`` takes."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen. OSError when the port is taken."""
        await self._listen()
        self._watch = asyncio.create_task(self._tend())
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close everything; requests that are held are dropped."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        await self._unlisten()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _unlisten(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        serving = dict(self._open)
        for writer in serving.values():
            writer.transport.abort()
        if serving:
            await asyncio.wait(serving)
        await server.wait_closed()

    async def _tend(self) -> None:
        """Stop listening while everything is refused."""
        while True:
            await asyncio.sleep(_LOOK)
            if self.lab.unreachable and self._server is not None:
                await self._unlisten()
            elif not self.lab.unreachable and self._server is None:
                with contextlib.suppress(OSError):  # somebody else has the port: look again
                    await self._listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: Any = asyncio.current_task()
        self._open[task] = writer
        try:
            await _converse(self.lab, reader, writer)
        except (ConnectionError, TimeoutError, h11.ProtocolError):
            pass  # the client is gone, silent, or speaks something else
        finally:
            del self._open[task]
            writer.close()


async def _converse(lab: Lab, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Requests on one connection, one after the other, until one side ends it."""
    http = h11.Connection(h11.SERVER)
    while (asked := await _request(http, reader)) is not None:
        request, body = asked
        path, _, query = request.target.decode("ascii").partition("?")
        headers = {name.decode(): value.decode("latin-1") for name, value in request.headers}
        made = lab.handle_at(request.method.decode(), path, query, body, headers)
        if not await _perform(made, http, reader, writer) or http.our_state is not h11.DONE:
            return
        http.start_next_cycle()


async def _request(http: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request, bytes] | None:
    """The next request and its body; None when the client has no more."""
    request, body = None, b""
    while True:
        event: Any = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await asyncio.wait_for(reader.read(65_536), _IDLE))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MOST_ASKED:
                return None
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return request, body
        else:
            return None


async def _perform(
    made: Delivery, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Send what was made; False when the connection is over."""
    if made.delay and not await _pause(made.delay, reader):
        return False
    if made.ending == "hang":
        await _pause(made.hold, reader)
    if made.ending in {"hang", "refuse"}:
        return False
    headers = list(made.headers.items())
    head = h11.Response(status_code=made.status, headers=headers, reason=_REASONS.get(made.status, b""))
    writer.write(http.send(head) or b"")
    for piece, seconds in made.pieces():
        if seconds and not await _pause(seconds, reader):
            return False
        writer.write(http.send(h11.Data(data=piece)) or b"")
        await writer.drain()
    if made.ending == "reset":
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        writer.transport.abort()
    if made.ending != "whole":
        return False
    writer.write(http.send(h11.EndOfMessage()) or b"")
    await writer.drain()
    return True


async def _pause(seconds: float | None, reader: asyncio.StreamReader) -> bool:
    """Wait (None: for ever); False as soon as the client has gone."""
    try:
        await asyncio.wait_for(_left(reader), seconds)
    except TimeoutError:
        return True
    return False


async def _left(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof():
        # A client that waits for its answer sends nothing more; what comes is the end.
        await reader.read(65_536)
