"""The REST routes, asked within the process."""

import asyncio
from functools import cache
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from core.rest import routes
from core.rest.api import forget


@cache
def application(bound: str | None = None) -> Starlette:
    """The routes of a server that listens there. Made once: each making costs 60 ms and stays in memory."""
    return Starlette(routes=routes(lambda: bound))


class Client:
    """Blocking requests to the routes, each on an event loop of its own. Nobody has asked anything yet."""

    def __init__(self, bound: str | None = None, base: str = "http://test", peer: str = "127.0.0.1") -> None:
        self._app = application(bound)
        self._base = base
        self._peer = peer
        for route in self._app.routes:
            if isinstance(route, Mount):
                forget(route.app)

    def get(self, path: str, **how: Any) -> httpx.Response:
        return self.send("GET", path, **how)

    def post(self, path: str, **how: Any) -> httpx.Response:
        return self.send("POST", path, **how)

    def delete(self, path: str, **how: Any) -> httpx.Response:
        return self.send("DELETE", path, **how)

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._send(method, path, how))

    async def _send(self, method: str, path: str, how: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False, client=(self._peer, 5))
        async with httpx.AsyncClient(transport=transport, base_url=self._base, timeout=20) as client:
            return await client.request(method, path, **how)
