"""The connections to one host: kept, bounded, names looked up off the loop. A bulkhead of its own."""

import asyncio
import ssl

import h11
import httpx

from core.addresses import leads_inward
from core.engine.connection import Connection, Received
from core.engine.resolve import Resolver

CONNECTIONS = 16
"""At once, for one host; beyond it requests wait within their own time."""
KEPT = 8
KEPT_FOR = 60.0
"""Seconds; servers close idle connections at their own time, and then say so."""
CLOSING = 1.0
"""Seconds for which the end waits for sockets."""


class Pool:
    """Sends requests to ``host:port``, over TLS when a context is given, verified against the host's name.

    ``inward`` allows addresses of this machine and its network. It is the addresses that are connected to which
    are looked at, so that a name cannot lead elsewhere in between.
    """

    def __init__(
        self,
        resolver: Resolver,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        connect_timeout: float,
        *,
        inward: bool = False,
    ) -> None:
        self._resolver = resolver
        self._host = host
        self._port = port
        self._tls = tls
        self._connect_timeout = connect_timeout
        self._inward = inward
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()

    async def exchange(self, request: h11.Request, content: bytes | None, most: int) -> Received:
        """The whole answer, its body at most ``most`` bytes. ``httpx.TransportError``; BadPayload if huge."""
        async with self._free:
            if (kept := self._kept()) is not None:
                try:
                    return await self._over(kept, request, content, most)
                except (httpx.ReadError, httpx.RemoteProtocolError):
                    # Closed by the server just as we used it again: nobody's fault, and no try of the host.
                    if kept.heard or request.method != b"GET":
                        raise
            return await self._over(await self._connect(), request, content, most)

    async def _over(
        self, connection: Connection, request: h11.Request, content: bytes | None, most: int
    ) -> Received:
        try:
            return await connection.exchange(request, content, most)
        finally:
            self._put_back(connection)

    async def close(self) -> None:
        """Close every connection."""
        open_ones = list(self._all)
        for connection in open_ones:
            connection.abort()
        if open_ones:
            await asyncio.wait([connection.lost for connection in open_ones], timeout=CLOSING)

    def _kept(self) -> Connection | None:
        """The connection that rested shortest, if one can still be used."""
        oldest = asyncio.get_running_loop().time() - KEPT_FOR
        while self._idle:
            connection = self._idle.pop()
            if connection.ready and connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    def _put_back(self, connection: Connection) -> None:
        if not connection.ready or len(self._idle) >= KEPT:
            connection.abort()
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)

    async def _connect(self) -> Connection:
        """A new connection to the first address that takes it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._connect_timeout
        addresses = await self._resolver.resolve(self._host, self._port, self._connect_timeout)
        if not self._inward and (within := next(filter(leads_inward, addresses), None)) is not None:
            raise httpx.ConnectError(
                f"{self._host} leads to {within}, on this machine or its network: not without being named in "
                "KINTSUGI_PRIVATE_HOSTS"
            )
        failure: httpx.TransportError = httpx.ConnectError(f"the name {self._host} has no address")
        for number, address in enumerate(addresses):
            left = max(0.05, (until - loop.time()) / (len(addresses) - number))
            try:
                async with asyncio.timeout(left):
                    _, connection = await loop.create_connection(
                        Connection,
                        address,
                        self._port,
                        ssl=self._tls,
                        server_hostname=self._host if self._tls is not None else None,
                    )
            except TimeoutError:
                failure = httpx.ConnectTimeout(f"no connection to {address} in {left:.1f} s")
            except OSError as error:  # a certificate that does not hold is one, too
                failure = httpx.ConnectError(str(error) or type(error).__name__)
            else:
                return self._counted(connection)
        raise failure

    def _counted(self, connection: Connection) -> Connection:
        self._all.add(connection)
        connection.lost.add_done_callback(lambda _: self._all.discard(connection))
        return connection
