"""What stands before every page and route: names, headers, closed doors."""

import asyncio
import base64
import hashlib
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message
from starlette.websockets import WebSocket
from streamlit import file_util

from core.rest.hardening import FRAMERS, Hardening

INDEX = Path(file_util.get_static_dir()) / "index.html"


class InlineScripts(HTMLParser):
    """The scripts of a page that have no source, found by another way than the one under test."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and "src" not in dict(attrs)

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


async def hello(_: object) -> PlainTextResponse:
    return PlainTextResponse("hello", headers={"referrer-policy": "no-referrer"})


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


def hardened(*hosts: str) -> ASGIApp:
    app = Starlette(routes=[Route("/{path:path}", hello), WebSocketRoute("/_stcore/stream", talk)])
    return Hardening(app, page=INDEX, hosts=lambda: hosts)


def get(app: ASGIApp, path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
        ) as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def opened(app: ASGIApp, host: str, **more: str) -> list[Message]:
    """What a websocket is sent."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/_stcore/stream",
        "headers": [
            (b"host", host.encode()),
            *((name.encode(), value.encode()) for name, value in more.items()),
        ],
        "state": {},
    }
    asyncio.run(app(scope, receive, send))
    return sent


def directives(answer: object) -> dict[str, list[str]]:
    parts = answer.headers["content-security-policy"].split("; ")
    return {name: values for name, *values in (part.split(" ") for part in parts)}


def test_the_policy_lets_run_what_streamlit_has_inline_and_nothing_else() -> None:
    page = InlineScripts()
    page.feed(INDEX.read_text("utf-8"))
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in page.found]
    told = directives(get(hardened(), "/"))
    assert page.found
    assert told["script-src"] == ["'self'", "'wasm-unsafe-eval'", *(f"'sha256-{one}'" for one in digests)]
    assert told["default-src"] == told["connect-src"] == ["'self'"]
    assert told["object-src"] == ["'none'"]
    assert told["frame-ancestors"] == [*FRAMERS]


def test_headers_for_the_browser_on_every_answer_and_a_routes_own_stay() -> None:
    answer = get(hardened(), "/api/v1/candles")
    assert answer.text == "hello"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    refused = get(hardened(), "/_stcore/metrics")
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert refused.headers["referrer-policy"] == "strict-origin-when-cross-origin"


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent", "/_stcore/agent/openapi.json"])
def test_closed_routes(path: str) -> None:
    answer = get(hardened(), path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert get(hardened(), "/_stcore/metricsx").text == "hello"


@pytest.mark.parametrize(
    ("host", "well"),
    [
        ("someone-kintsugi.hf.space", True),
        ("SOMEONE-kintsugi.hf.space:443", True),
        ("localhost:8501", True),
        ("[::1]:8501", True),
        ("evil.example", False),
        ("someone-kintsugi.hf.space.evil.example", False),
        ("", False),
    ],
)
def test_only_under_its_own_names(host: str, well: bool) -> None:
    answer = get(hardened("someone-kintsugi.hf.space"), "/", host=host)
    assert answer.status_code == (200 if well else 400)
    if not well:
        assert answer.json()["error"]["code"] == "bad_host"


def test_without_names_any_will_do() -> None:
    assert get(hardened(), "/", host="whatever.example").status_code == 200


def test_a_websocket_under_another_name_is_closed() -> None:
    kinds = [message["type"] for message in opened(hardened("own.example"), "own.example")]
    assert kinds == ["websocket.accept", "websocket.send", "websocket.close"]
    (closed,) = opened(hardened("own.example"), "evil.example")
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)


FOREIGN = (
    "https://evil.example",
    "null",
    "http://[evil",
    "http://localhost:9999",
    "http://127.0.0.1:9999",
    "",
)


@pytest.mark.parametrize("origin", FOREIGN)
def test_no_foreign_page_talks_to_streamlit(origin: str) -> None:
    (closed,) = opened(hardened(), "localhost:8501", origin=origin)
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)
    answer = get(hardened(), "/_stcore/upload_file/a/b", host="localhost:8501", origin=origin)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "foreign_origin"
    assert get(hardened(), "/api/v1/price", host="localhost:8501", origin=origin).text == "hello"


@pytest.mark.parametrize("host", ["localhost:8501", "[::1]:8501", "market.example.org"])
def test_its_own_pages_do(host: str) -> None:
    kinds = [message["type"] for message in opened(hardened(), host, origin=f"https://{host}".upper())]
    assert kinds == ["websocket.accept", "websocket.send", "websocket.close"]
    assert get(hardened(), "/_stcore/health", host=host, origin=f"http://{host}").text == "hello"


def test_the_app_wears_it() -> None:
    import app

    answer = get(app.app, "/health")
    assert answer.json() == {"status": "alive"}
    assert "'none'" in answer.headers["content-security-policy"]
