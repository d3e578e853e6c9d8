"""Strict HTTP: one client a host, TLS verified, no redirects, size and time capped. The only way out.

A client here is a transport with its own pool of connections. httpx's AsyncClient on top of it would follow
redirects, keep cookies and read the environment: nothing of which is wanted, at a third of a request's cost.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from types import TracebackType

import httpcore
import httpx

from core.answer import BadPayload
from core.catalog import Host
from core.engine.resolve import Resolver, ResolvingBackend
from core.wire import WireRequest

CONNECTIONS = 16
KEPT = 8
KEPT_FOR = 60.0
HEADERS = {"user-agent": "kintsugi/0.1", "accept": "application/json", "accept-encoding": "gzip, deflate"}

_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
)


class Sender:
    """Sends requests to hosts of the catalogue, each through a client of its own.

    An injected transport gets every request instead; with ``lab_url`` every request goes there, the original
    host in its path.
    """

    def __init__(
        self,
        *,
        transport: httpx.AsyncBaseTransport | None,
        lab_url: str,
        connect_timeout: float,
        request_timeout: float,
    ) -> None:
        self._injected = transport
        self._lab_url = lab_url
        self._timeouts = httpx.Timeout(request_timeout, connect=connect_timeout).as_dict()
        self._request_timeout = request_timeout
        self._transports: dict[str, httpx.AsyncBaseTransport] = {}
        self._resolver = Resolver()
        self._tls: ssl.SSLContext | None = None

    async def send(self, host: Host, request: WireRequest, seconds: float | None = None) -> httpx.Response:
        """One exchange, read whole. ``httpx`` errors and TimeoutError as they come; BadPayload if huge."""
        outgoing = httpx.Request(
            request.method,
            self._url(request.url),
            headers=HEADERS | request.headers,
            content=request.content,
            extensions={"timeout": self._timeouts},
        )
        async with asyncio.timeout(self._request_timeout if seconds is None else seconds):
            response = await self._transport(host).handle_async_request(outgoing)
            response.request = outgoing
            try:
                if _small(response, request.max_bytes):
                    await response.aread()
                    return response
                body = await _body(response, request.max_bytes)
            finally:
                await response.aclose()
        # Decoded already: a second decoding would fail.
        headers = [(k, v) for k, v in response.headers.raw if k.lower() not in _HOP]
        return httpx.Response(
            response.status_code,
            headers=headers,
            content=body,
            request=outgoing,
            extensions=response.extensions,
        )

    async def close(self) -> None:
        """Close every client; hung name look-ups are not waited for."""
        for transport in self._transports.values():
            await transport.aclose()
        self._transports.clear()
        self._resolver.close()

    def _url(self, url: httpx.URL) -> httpx.URL:
        if not self._lab_url:
            return url
        return httpx.URL(f"{self._lab_url}/{url.host}{url.raw_path.decode('ascii')}")

    def _transport(self, host: Host) -> httpx.AsyncBaseTransport:
        name = "" if self._injected is not None else host.name
        if (transport := self._transports.get(name)) is None:
            transport = self._injected or PoolTransport(self._resolver, self._context())
            self._transports[name] = transport
        return transport

    def _context(self) -> ssl.SSLContext:
        # Building one costs some 20 ms; it is the same for every host.
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        return self._tls


def _small(response: httpx.Response, most: int) -> bool:
    """Whether its headers promise a plain body of a size that may be read without counting."""
    size = response.headers.get("content-length", "")
    plain = size.isascii() and size.isdigit() and len(size) < 12 and int(size) <= most
    return plain and "content-encoding" not in response.headers


async def _body(response: httpx.Response, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > most:
            raise BadPayload(f"body larger than {most} bytes", status=response.status_code)
        parts.append(part)
    return b"".join(parts)


_HOP = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class PoolTransport(httpx.AsyncBaseTransport):
    """httpcore's pool as an httpx transport, over a network backend of ours."""

    def __init__(self, resolver: Resolver, context: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=KEPT,
            keepalive_expiry=KEPT_FOR,
            network_backend=ResolvingBackend(resolver),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body is read by the caller."""
        outgoing = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _Translated(request):
            response = await self._pool.handle_async_request(outgoing)
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Stream(response, request),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _Translated(self._request):
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        with _Translated(self._request):
            await self._response.aclose()


class _Translated:
    """httpcore's errors as httpx's, which the rest of the engine knows."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for theirs, ours in _ERRORS:
            if isinstance(error, theirs):
                raise ours(str(error), request=self._request) from error
