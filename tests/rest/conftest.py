"""The REST routes as an ASGI app of their own, over a shared hub on the lab."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from core.hub import Hub, close_shared, shared
from core.rest import routes


@pytest.fixture
def lab_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub that the routes of this test will find."""
    monkeypatch.setenv("KINTSUGI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KINTSUGI_MODE", "lab")
    monkeypatch.setenv("KINTSUGI_HEDGE_BURST", "0")  # on a busy machine another venue may be quicker
    close_shared()
    yield shared()
    close_shared()


class Client:
    """Blocking requests to the routes, each on an event loop of its own."""

    def __init__(self, app: Starlette, base: str = "http://test", peer: str = "127.0.0.1") -> None:
        self._app = app
        self._base = base
        self._peer = peer

    def get(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._send("GET", path, how))

    def post(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._send("POST", path, how))

    def delete(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._send("DELETE", path, how))

    async def _send(self, method: str, path: str, how: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False, client=(self._peer, 5))
        async with httpx.AsyncClient(transport=transport, base_url=self._base, timeout=20) as client:
            return await client.request(method, path, **how)


@pytest.fixture
def client(lab_hub: Hub) -> Client:
    """A client of those routes."""
    return Client(Starlette(routes=routes()))


@pytest.fixture
def at_home(lab_hub: Hub) -> Client:
    """A client on the machine that the server listens on, and on nothing else."""
    return Client(Starlette(routes=routes(lambda: "127.0.0.1")), "http://127.0.0.1:8501")


@pytest.fixture
def with_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client far away, of a server on the lab that has a token: ``let-me-in``."""
    monkeypatch.setenv("KINTSUGI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KINTSUGI_MODE", "lab")
    monkeypatch.setenv("KINTSUGI_ADMIN_TOKEN", "let-me-in")
    monkeypatch.setattr("core.authority.GUESSES._wrong", OrderedDict())
    close_shared()
    shared()
    yield Client(Starlette(routes=routes(lambda: "0.0.0.0")), "https://kintsugi.example", "203.0.113.9")
    close_shared()
