"""The real server, attacked where its pages talk to it: by pages of others, by uploads, by words in headers."""

import time
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.slow

UPGRADE = {
    "upgrade": "websocket",
    "connection": "upgrade",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
    "sec-websocket-protocol": "streamlit",
}
FOREIGN = ("https://evil.example", "null", "http://127.0.0.1:9", "http://localhost:9")


@pytest.fixture(scope="module")
def client(server: Any) -> Any:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=10) as opened:
        opened.get("/api/v1/status").raise_for_status()  # opens the hub, if nobody has
        yield opened


def upgraded(client: httpx.Client, **headers: str) -> int:
    with client.stream("GET", "/_stcore/stream", headers={**UPGRADE, **headers}) as answer:
        return answer.status_code


def test_only_its_own_pages_open_a_session(server: Any, client: httpx.Client) -> None:
    assert upgraded(client, origin=server.url) == 101
    for origin in FOREIGN:
        assert upgraded(client, origin=origin) == 403, origin
    until = time.monotonic() + 5
    while True:  # with the journal's next batch
        events = client.get("/api/v1/journal", params={"kinds": "admin"}).json()["events"]
        told = [(one["action"], one["who"]) for one in events if "https://evil.example" in one["detail"]]
        if told:
            break
        assert time.monotonic() < until, events
        time.sleep(0.2)
    assert told == [("refused", "web, 127.0.0.1")]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_nobody_uploads_for_another(server: Any, client: httpx.Client, method: str) -> None:
    for path in ("/_stcore/upload_file/session/file", "/_stcore/upload_file/..%2f..%2fx/..%2fy"):
        for origin in FOREIGN:
            answer = client.request(method, path, headers={"origin": origin}, content=b"x")
            assert answer.status_code in {400, 403}, (path, origin, answer.text)
        if method != "OPTIONS":
            answer = client.request(method, path, headers={"origin": server.url}, content=b"x")
            assert answer.status_code in {400, 403}, "nor without the secret of its own page"


def test_no_header_repeats_what_was_asked(client: httpx.Client) -> None:
    evil = "evil\r\nSet-Cookie: evil=1"
    for path in ("/api/v1/candles", "/api/v1/symbols", "/api/v1/news", "/api/v1/nowhere", "/providers", "/"):
        answer = client.get(path, params={"symbol": evil, "text": evil, "topic": evil, "evil": evil})
        assert "evil" not in repr(answer.headers).lower(), path
    for host in ("evil.example", "127.0.0.1:1"):
        answer = client.get("/", headers={"host": host, "x-forwarded-host": host})
        assert "evil" not in repr(answer.headers).lower() + answer.text.lower()
