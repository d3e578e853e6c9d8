"""Strict HTTP: one pool a host, TLS verified, no redirects, size and time capped. The only way out.

An HTTP client would follow redirects, keep cookies and read proxies from the environment: nothing of which is
wanted, and its layers cost more than the request. So requests go straight to a pool of connections, and what
comes back is an ``httpx.Response``, read whole.
"""

import asyncio
import ssl
from collections.abc import Collection

import h11
import httpx

from core.answer import BadPayload
from core.catalog import Host
from core.engine.connection import Headers, too_large
from core.engine.inflate import ENCODINGS, inflated
from core.engine.keys import Keys
from core.engine.pool import Pool
from core.engine.resolve import Resolver
from core.wire import WireRequest

HEADERS = {"user-agent": "kintsugi/0.1", "accept": "application/json", "accept-encoding": ENCODINGS}


class Sender:
    """Sends requests to hosts of the catalogue, each through a pool of its own.

    An injected transport gets every request instead, and is its owner's to close; with ``lab_url`` every request
    goes there, the original host in its path. Hosts in ``private`` may be on this machine or its network, all
    others may not.
    """

    def __init__(
        self,
        *,
        transport: httpx.AsyncBaseTransport | None,
        lab_url: str,
        connect_timeout: float,
        request_timeout: float,
        keys: Keys | None = None,
        private: Collection[str] = (),
    ) -> None:
        self._injected = transport
        self.keys = keys or Keys((), lab=True)
        self._lab = httpx.URL(lab_url) if lab_url else None
        self._private = frozenset(private)
        self._connect_timeout = connect_timeout
        self._request_timeout = request_timeout
        self._pools: dict[str, Pool] = {}
        self._resolver = Resolver()
        self._tls: ssl.SSLContext | None = None

    async def send(self, host: Host, request: WireRequest, seconds: float | None = None) -> httpx.Response:
        """One exchange, read whole. ``httpx`` errors as they come; BadPayload if the body is huge or packed wrongly."""
        seconds = self._request_timeout if seconds is None else seconds
        filled = self.keys.fill(request)
        try:
            async with asyncio.timeout(seconds):
                if self._injected is not None:
                    response = await self._through(self._injected, filled.request)
                else:
                    response = await self._directly(host, filled.request)
                return filled.redacted(response)
        except TimeoutError:
            raise httpx.ReadTimeout(f"no whole answer in {seconds:g} s") from None
        except httpx.TransportError as error:
            if filled.shows(str(error)):
                raise type(error)("it failed in words that held the key") from None
            raise

    async def close(self) -> None:
        """Close every connection; hung name look-ups are not waited for."""
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        self._pools.clear()
        self._resolver.close()

    async def _directly(self, host: Host, request: WireRequest) -> httpx.Response:
        url, target = request.url, request.url.raw_path
        if self._lab is not None:
            target = b"%s/%s%s" % (self._lab.raw_path.rstrip(b"/"), url.host.encode("ascii"), target)
            url = self._lab
        headers = {"host": url.netloc.decode("ascii"), **HEADERS, **request.headers}
        if request.content is not None:
            headers["content-length"] = str(len(request.content))
        try:
            outgoing = h11.Request(method=request.method, target=target, headers=list(headers.items()))
        except (h11.LocalProtocolError, UnicodeEncodeError):
            # Which one is not said: it may hold a key.
            raise httpx.LocalProtocolError("a header or the path holds signs that cannot be sent") from None
        received = await self._pool(host, url).exchange(outgoing, request.content, request.max_bytes)
        body = inflated(received.headers, received.body, request.max_bytes, received.status)
        return httpx.Response(received.status, headers=_decoded(received.headers), content=body)

    async def _through(self, transport: httpx.AsyncBaseTransport, request: WireRequest) -> httpx.Response:
        url = request.url
        if self._lab is not None:
            url = httpx.URL(f"{str(self._lab).rstrip('/')}/{url.host}{url.raw_path.decode('ascii')}")
        timeouts = httpx.Timeout(self._request_timeout, connect=self._connect_timeout).as_dict()
        outgoing = httpx.Request(
            request.method,
            url,
            headers=HEADERS | request.headers,
            content=request.content,
            extensions={"timeout": timeouts},
        )
        response = await transport.handle_async_request(outgoing)
        try:
            body = await _body(response, request.max_bytes)
        except httpx.DecodingError as error:
            said = f"the body cannot be unpacked: {error}"
            raise BadPayload(said, status=response.status_code) from None
        finally:
            await response.aclose()
        return httpx.Response(response.status_code, headers=_decoded(response.headers.raw), content=body)

    def _pool(self, host: Host, url: httpx.URL) -> Pool:
        if (pool := self._pools.get(host.name)) is None:
            secure = url.scheme == "https"
            port = url.port or (443 if secure else 80)
            tls = self._context() if secure else None
            inward = self._lab is not None or host.name in self._private
            pool = Pool(self._resolver, url.host, port, tls, self._connect_timeout, inward=inward)
            self._pools[host.name] = pool
        return pool

    def _context(self) -> ssl.SSLContext:
        # Building one costs some 20 ms; it is the same for every host.
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


async def _body(response: httpx.Response, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > most:
            raise too_large(most, response.status_code)
        parts.append(part)
    return b"".join(parts)


_HOP = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


def _decoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Without those that speak of the body as it was sent: decoding it twice would fail."""
    return [(name, value) for name, value in headers if name.lower() not in _HOP]
