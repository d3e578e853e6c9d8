"""The real routes, attacked: over a shared hub on the lab, from this machine, from elsewhere, with a token set."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from over_http import Client
from streamlit.testing.v1 import AppTest

from core.hub import Hub, close_shared, shared
from core.refusals import REFUSALS

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "let-me-in"


def _opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str = "") -> Hub:
    monkeypatch.setenv("KINTSUGI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("KINTSUGI_MODE", "lab")
    monkeypatch.setenv("KINTSUGI_ADMIN_TOKEN", token)
    monkeypatch.setattr("core.authority.GUESSES._wrong", OrderedDict())
    REFUSALS._noted.clear()
    close_shared()
    return shared()


@pytest.fixture
def lab_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub of this test, without a token."""
    yield _opened(tmp_path, monkeypatch)
    close_shared()


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub of this test, its server with a token."""
    yield _opened(tmp_path, monkeypatch, TOKEN)
    close_shared()


@pytest.fixture
def here(lab_hub: Hub) -> Client:
    """On the machine that the server listens on, and on nothing else: whoever is here may act."""
    return Client("127.0.0.1", "http://127.0.0.1:8501", "127.0.0.1")


@pytest.fixture
def stranger(guarded: Hub) -> Client:
    """Far away, of a server with a token."""
    return Client("0.0.0.0", "https://kintsugi.example", "203.0.113.9")


@pytest.fixture
def app() -> Callable[..., AppTest]:
    """Opens a page, as in ``app("candles", symbol="ETH/USDT")``; the first one, if none is named."""

    def opened(page: str = "overview", **address: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "core" / "ui" / "router.py"), default_timeout=30)
        if page != "overview":
            at.switch_page(str(ROOT / "pages" / f"{page}.py"))
        for name, value in address.items():
            at.query_params[name] = value
        return at.run()

    return opened


@pytest.fixture
def on_record() -> Callable[[], list[Any]]:
    """What was refused, as the journal has it now."""

    def refused() -> list[Any]:
        hub = shared()
        hub.begin(hub.hub.journal.flushed()).result(10)
        events = hub.journal.events(kinds=["admin"])
        return [event for event in events if event.action == "refused"]

    return refused
