"""``POST /api/v1/proxy``: hosts of the catalogue, nothing else, and none of our keys."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import AsyncHub, Settings
from core.engine.proxy import MOST_BYTES, NotAllowed, NotNow, Unreachable
from core.hub import Hub

TIME = "https://api.kraken.com/0/public/Time"
ELSEWHERE = (
    "http://api.kraken.com/0/public/Time",
    "https://evil.example/",
    "https://127.0.0.1/",
    "https://localhost:8501/api/v1/reset",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://api.kraken.com:8443/",
    "https://api.kraken.com@evil.example/",
    "https://evil.example/https://api.kraken.com/",
    "https://evil.example\\@api.kraken.com/",
    "https://api.kraken.com.evil.example/",
    "https://api.kraken.com./0/public/Time",
    "https://user:pass@api.kraken.com/",
    "https://api.kraken.com/#x",
    "https://аpi.kraken.com/",  # a Cyrillic first letter
    "file:///etc/passwd",
    "gopher://api.kraken.com/",
    "//api.kraken.com/",
    "api.kraken.com",
    "https://",
    "https://api.kraken.com\r\nHost: evil.example/",
    "https://local/",
)


def post(client: Any, status: int = 200, **asked: Any) -> dict[str, Any]:
    response = client.post("/api/v1/proxy", json=asked)
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


def test_a_host_of_the_catalogue_answers(at_home: Any, lab_hub: Hub) -> None:
    body = post(at_home, url="https://api.kraken.com/0/public/Ticker?pair=XBTUSDT")
    assert (body["provider"], body["host"], body["status"], body["lab"]) == (
        "kraken",
        "api.kraken.com",
        200,
        True,
    )
    assert body["json"]["error"] == []
    assert (body["text"], body["base64"]) == (None, None)
    events = at_home.get("/api/v1/journal", params={"kinds": "admin"})
    asyncio.run(asyncio.sleep(0.6))
    events = at_home.get("/api/v1/journal", params={"kinds": "admin"}).json()["events"]
    assert [(event["action"], event["target"], event["detail"]) for event in events] == [
        ("proxy", "kraken", "GET api.kraken.com: HTTP 200")
    ]


def test_what_the_host_refuses_is_passed_on(at_home: Any, lab_hub: Hub) -> None:
    assert post(at_home, url="https://api.kraken.com/0/public/Nowhere")["status"] != 200
    lab_hub.lab.inject("kraken", "html")
    body = post(at_home, url=TIME)
    assert body["json"] is None
    assert "<" in body["text"]


def test_nothing_else_is_sent(at_home: Any, lab_hub: Hub) -> None:
    for url in ELSEWHERE:
        assert post(at_home, 403, url=url)["error"]["code"] == "not_allowed", url
    lab_hub.begin(lab_hub.hub.journal.flushed()).result(10)
    told = [event.detail for event in lab_hub.journal.events(kinds=["admin"]) if event.action == "refused"]
    assert len(told) == len(ELSEWHERE)
    assert all(detail.startswith("POST /api/v1/proxy: url: ") for detail in told)


def test_other_methods_are_none(at_home: Any) -> None:
    for method in ("PUT", "DELETE", "CONNECT", "get"):
        assert post(at_home, 400, url=TIME, method=method)["error"]["code"] == "bad_argument"


def test_a_post_only_where_the_catalogue_declares_one(at_home: Any, lab_hub: Hub) -> None:
    assert post(at_home, 403, url=TIME, method="POST", body={})["error"]["code"] == "not_allowed"
    assert post(at_home, 403, url=TIME, body={"a": 1})["error"]["message"] == "body: a GET has none"
    node = next(one for one in lab_hub.catalog.values() if one.kind == "node")
    url = f"https://{node.hosts[0].name}{node.declaration.check.path}"
    question = {"jsonrpc": "2.0", "id": 1, "method": "eth_gasPrice", "params": []}
    assert "result" in post(at_home, url=url, method="POST", body=question)["json"]
    order = {**question, "method": "eth_sendRawTransaction", "params": ["0x00"]}
    assert (
        "not one that the catalogue declares"
        in post(at_home, 403, url=url, method="POST", body=order)["error"]["message"]
    )


def test_only_for_whoever_may_act(client: Any, with_token: Any) -> None:
    assert client.post("/api/v1/proxy", json={"url": TIME}).status_code == 401
    assert with_token.post("/api/v1/proxy", json={"url": TIME}).status_code == 401


def test_not_too_often(at_home: Any, lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_hub.hub, "settings", lab_hub.settings.model_copy(update={"proxy_rate": 2}))
    asked = {"url": "https://api.exchange.coinbase.com/time"}
    statuses = [at_home.post("/api/v1/proxy", json=asked).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_who_rests_is_left_alone(at_home: Any, lab_hub: Hub) -> None:
    lab_hub.isolate("coinbase", "for a test")
    assert post(at_home, 429, url="https://api.exchange.coinbase.com/time")["error"]["code"] == "not_now"
    lab_hub.lab.inject("kraken", "status:429")
    assert post(at_home, url=TIME)["status"] == 429
    assert lab_hub.health().providers["kraken"].state == "throttled"
    response = at_home.post("/api/v1/proxy", json={"url": TIME})
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 1
    lab_hub.lab.inject("okx", "refuse")
    assert post(at_home, 502, url="https://www.okx.com/api/v5/public/time")["error"]["code"] == "unreachable"


class Host(httpx.AsyncBaseTransport):
    """One host that answers as it is told, and keeps what it was sent."""

    def __init__(self) -> None:
        self.seen: list[httpx.Request] = []
        self.answer = httpx.Response(200, json={})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return self.answer


async def test_no_key_no_redirect_no_flood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINGECKO_API_KEY", "CG-marked-key")
    host = Host()
    url = "https://api.coingecko.com/api/v3/ping"
    async with AsyncHub(Settings(mode="live", data_dir=tmp_path), transport=host) as hub:
        await hub.forward(url)
        (request,) = host.seen
        assert "CG-marked-key" not in repr(request.headers.raw) + str(request.url)
        assert set(request.headers) <= {"host", "user-agent", "accept", "accept-encoding"}
        host.answer = httpx.Response(302, headers={"location": "http://169.254.169.254/"})
        assert (await hub.forward(url)).status == 302
        assert len(host.seen) == 2
        host.answer = httpx.Response(200, content=b"x" * (MOST_BYTES + 1))
        with pytest.raises(Unreachable, match="larger"):
            await hub.forward(url)
        with pytest.raises(NotAllowed):
            await hub.forward("https://example.com/")
        host.answer = httpx.Response(200, json={})
        for _ in range(100):
            if await later(hub, url):
                break
        else:
            pytest.fail("our own quota with it never ended")


async def later(hub: AsyncHub, url: str) -> float | None:
    """Seconds to wait, when it is not sent now."""
    try:
        await hub.forward(url)
    except NotNow as error:
        return error.wait
    return None
