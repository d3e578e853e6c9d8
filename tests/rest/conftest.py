"""The REST routes as an ASGI app of their own, over a shared hub on the lab."""

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import pytest
from over_http import Client

from core.hub import Hub, close_shared, shared
from core.refusals import REFUSALS


@pytest.fixture
def lab_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub that the routes of this test will find."""
    monkeypatch.setenv("KINTSUGI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KINTSUGI_MODE", "lab")
    monkeypatch.setenv("KINTSUGI_HEDGE_BURST", "0")  # on a busy machine another venue may be quicker
    REFUSALS._noted.clear()
    close_shared()
    yield shared()
    close_shared()


@pytest.fixture
def client(lab_hub: Hub) -> Client:
    """A client of those routes."""
    return Client()


@pytest.fixture
def at_home(lab_hub: Hub) -> Client:
    """A client on the machine that the server listens on, and on nothing else."""
    return Client("127.0.0.1", "http://127.0.0.1:8501")


@pytest.fixture
def with_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client far away, of a server on the lab that has a token: ``let-me-in``."""
    monkeypatch.setenv("KINTSUGI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KINTSUGI_MODE", "lab")
    monkeypatch.setenv("KINTSUGI_ADMIN_TOKEN", "let-me-in")
    monkeypatch.setattr("core.authority.GUESSES._wrong", OrderedDict())
    close_shared()
    shared()
    yield Client("0.0.0.0", "https://kintsugi.example", "203.0.113.9")
    close_shared()
