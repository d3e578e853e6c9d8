"""A shared hub on the lab, in a folder of its own, and the app as AppTest runs it."""

import socket
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.components.v2.manifest_scanner import scan_component_manifests
from streamlit.testing.v1 import AppTest

from core.hub import Hub, close_shared, shared
from core.ui import authority

ROOT = Path(__file__).resolve().parents[2]
ROUTER = ROOT / "core" / "ui" / "router.py"


@pytest.fixture(scope="session", autouse=True)
def _packages_scanned_once() -> Iterator[None]:
    """Every run of an AppTest looks through all installed packages for components; one look will do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(scan_component_manifests))
        yield


@pytest.fixture
def lab_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub that the pages of this test will find."""
    monkeypatch.setenv("KINTSUGI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KINTSUGI_MODE", "lab")
    monkeypatch.setenv("KINTSUGI_HEDGE_BURST", "0")  # on a busy machine another venue may be quicker
    close_shared()
    yield shared()
    close_shared()


@pytest.fixture
def offline_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A live hub on a machine where no name resolves."""
    monkeypatch.setenv("KINTSUGI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KINTSUGI_MODE", "live")
    monkeypatch.setattr(socket, "getaddrinfo", _no_such_name)
    close_shared()
    yield shared()
    close_shared()


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person at the page may act."""
    monkeypatch.setattr(authority, "refused", lambda: "")


@pytest.fixture
def app() -> Callable[..., AppTest]:
    """Opens a page at an address, as in ``app(symbol="ETH/USDT")``: the candles page, if no other is named."""

    def opened(page: str = "candles", **address: str) -> AppTest:
        at = AppTest.from_file(str(ROUTER), default_timeout=30)
        if page != "overview":
            at.switch_page(str(ROOT / "pages" / f"{page}.py"))
        for name, value in address.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception, at.exception
        return at

    return opened


def _no_such_name(*_: object, **__: object) -> object:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
