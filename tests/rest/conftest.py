"""The REST routes as an ASGI app of their own, over a shared hub on the lab."""

import asyncio
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
    close_shared()
    yield shared()
    close_shared()


class Client:
    """Blocking requests to the routes, each on an event loop of its own."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._send("GET", path, how))

    def post(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._send("POST", path, how))

    async def _send(self, method: str, path: str, how: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=20) as client:
            return await client.request(method, path, **how)


@pytest.fixture
def client(lab_hub: Hub) -> Client:
    """A client of those routes."""
    return Client(Starlette(routes=routes()))
