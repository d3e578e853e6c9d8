"""Around the API: capped bodies, and the origins of one's own front ends."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core import Settings
from core.hub import Hub
from core.rest.edge import MOST_BYTES
from core.settings import SettingsError

RESET = "/api/v1/reset"
APP = "https://app.example"
PREFLIGHT = {"origin": APP, "access-control-request-method": "POST"}


@pytest.fixture
def with_front_end(lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    knobs = lab_hub.settings.model_copy(update={"front_ends": (APP,)})
    monkeypatch.setattr(lab_hub.hub, "settings", knobs)
    return lab_hub


def test_a_front_end_of_ones_own_may_ask_from_a_browser(at_home: Any, with_front_end: Hub) -> None:
    read = at_home.get("/api/v1/status", headers={"origin": APP})
    assert read.headers["access-control-allow-origin"] == APP
    ready = at_home._send("OPTIONS", RESET, {"headers": PREFLIGHT})
    allowed = asyncio.run(ready)
    assert allowed.status_code == 204
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    acted = at_home.post(
        RESET, json={"target": "kraken"}, headers={"origin": APP, "sec-fetch-site": "cross-site"}
    )
    assert acted.status_code == 200


def test_nobody_elses(at_home: Any, with_front_end: Hub) -> None:
    foreign = {"origin": "https://evil.example"}
    for response in (
        at_home.get("/api/v1/status", headers=foreign),
        asyncio.run(at_home._send("OPTIONS", RESET, {"headers": PREFLIGHT | foreign})),
        at_home.post(RESET, headers=foreign),
    ):
        assert "access-control-allow-origin" not in response.headers
    assert response.status_code == 403


def test_a_body_has_an_end(at_home: Any, lab_hub: Hub) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 65_536

    large = at_home.post(RESET, content=b" " * (MOST_BYTES + 1))
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_large")
    assert large.headers["x-content-type-options"] == "nosniff"
    without_end = at_home.post(RESET, content=endless())
    assert (without_end.status_code, without_end.json()["error"]["code"]) == (413, "too_large")
    nonsense = at_home.post(RESET, headers={"content-length": "9" * 5000})
    assert nonsense.status_code == 413


@pytest.mark.parametrize("origin", ["app.example", "https://app.example/", "https://app.example/x", "*"])
def test_an_origin_is_an_origin(origin: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="expected origins"):
        Settings(data_dir=tmp_path, front_ends=(origin,))
