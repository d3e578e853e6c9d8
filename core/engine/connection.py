"""One HTTP/1.1 connection: bytes written at once, the answer read by callbacks, whole, up to a size.

h11 knows the protocol; asyncio and its TLS carry the bytes. Between the write and the answer the waiting task
is woken once, whatever number of pieces the answer comes in.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import h11
import httpx

from core.answer import BadPayload

HEAD_MOST = 64 * 1024
"""Bytes that the head of an answer may have."""

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True)
class Received:
    """An answer as it came: the body may still be compressed."""

    status: int
    headers: Headers
    body: bytes


class Connection(asyncio.Protocol):
    """Carries one exchange at a time. ``ready`` says whether it can carry another one."""

    __slots__ = (
        "_head",
        "_http",
        "_most",
        "_parts",
        "_size",
        "_transport",
        "_waiter",
        "heard",
        "idle_since",
        "lost",
    )

    def __init__(self) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_MOST)
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Received] | None = None
        self._head: h11.Response | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._most = 0
        self.heard = False
        """Whether any byte of an answer to the last request has come."""
        self.idle_since = 0.0
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the socket is closed."""

    @property
    def ready(self) -> bool:
        """Whether another request may be sent over it."""
        return (
            self._waiter is None
            and self._transport is not None
            and not self._transport.is_closing()
            and self._http.our_state is h11.IDLE
        )

    async def exchange(self, request: h11.Request, content: bytes | None, most: int) -> Received:
        """Send a request and wait for the whole answer; ``httpx.TransportError`` or BadPayload if none comes.

        A caller that gives up takes the connection with it: the rest of the answer would be taken for the
        answer to the next request.
        """
        assert self._transport is not None  # noqa: S101 - connected before it is handed out
        try:
            head = self._http.send(request) or b""
            body = (self._http.send(h11.Data(data=content)) or b"") if content else b""
            self._http.send(h11.EndOfMessage())
        except h11.LocalProtocolError as error:
            self.abort()
            raise httpx.LocalProtocolError(str(error)) from None
        self._head, self._parts, self._size, self._most = None, [], 0, most
        self.heard = False
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(head + body)
        try:
            return await self._waiter
        finally:
            self._waiter = None
            if self._http.our_state is not h11.IDLE:
                self.abort()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket, and TLS on it, stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes; of an answer nobody waits for they end the connection."""
        if self._waiter is None:
            self.abort()
            return
        self.heard = True
        self._read(data)

    def eof_received(self) -> None:
        """The other side has said all: the end of a body without a length."""
        if self._waiter is not None:
            self._read(b"")

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is closed."""
        if error is not None:
            self._fail(httpx.ReadError(str(error) or type(error).__name__))
        self._fail(httpx.RemoteProtocolError("the server closed the connection without a whole answer"))
        if not self.lost.done():
            self.lost.set_result(None)

    def _read(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            while self._take(self._http.next_event()):
                pass
        except h11.RemoteProtocolError as error:
            self._fail(httpx.RemoteProtocolError(str(error)))

    def _take(self, event: object) -> bool:
        """Book one event of the answer. False when no more is to come now."""
        if isinstance(event, h11.Data):
            self._parts.append(bytes(event.data))
            self._size += len(event.data)
            if self._size > self._most:
                self._fail(too_large(self._most, None if self._head is None else self._head.status_code))
                return False
            return True
        if isinstance(event, h11.Response):
            self._head = event
            return True
        if isinstance(event, h11.EndOfMessage):
            self._whole()
            return False
        return isinstance(event, h11.InformationalResponse)

    def _whole(self) -> None:
        assert self._head is not None  # noqa: S101 - h11 gives no end without a head
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            if self._http.trailing_data[0]:
                self.abort()  # more than was asked for: nothing after it can be trusted
        if self._waiter is not None and not self._waiter.done():
            head = self._head
            self._waiter.set_result(Received(head.status_code, head.headers, b"".join(self._parts)))

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)


def too_large(most: int, status: int | None) -> BadPayload:
    """The error for a body beyond its cap."""
    return BadPayload(f"body larger than {most} bytes", status=status)
