"""What stands before every route and page: allowed host names, headers for the browser, and what is closed."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from core.addresses import LOOPBACK
from core.authority import host_name
from core.rest import errors

CLOSED = ("/_stcore/metrics", "/_stcore/agent")
"""Streamlit's own routes that say more than a stranger should read; ours is ``/metrics``."""

FRAMERS = ("'self'", "https://huggingface.co", "https://*.hf.space")
"""Who may show the pages in a frame: a Space is shown in one by its hub."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin-allow-popups",
}

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def inline_hashes(page: str) -> tuple[str, ...]:
    """The hashes of a page's inline scripts, as a content security policy names them (CSP Level 3, 2.3.1)."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(page))
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def policy(hashes: Iterable[str]) -> str:
    """The content security policy: everything from here, and of inline scripts only those named.

    Inline styles are how Streamlit's own components are dressed; WebAssembly and blobs are its tables and charts.
    """
    parts = {
        "default-src": ("'self'",),
        "script-src": ("'self'", "'wasm-unsafe-eval'", *hashes),
        "style-src": ("'self'", "'unsafe-inline'"),
        "img-src": ("'self'", "data:", "blob:"),
        "font-src": ("'self'", "data:"),
        "media-src": ("'self'", "blob:"),
        "worker-src": ("'self'", "blob:"),
        "connect-src": ("'self'",),
        "frame-src": ("'self'",),
        "frame-ancestors": FRAMERS,
        "form-action": ("'self'",),
        "base-uri": ("'self'",),
        "object-src": ("'none'",),
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in parts.items())


class Hardening:
    """ASGI middleware. ``page``: the file of the page whose inline scripts are let run.

    ``hosts`` is called at the first request and names what may stand in Host, beside loopback; nothing: any name.
    """

    def __init__(self, app: ASGIApp, *, page: Path, hosts: Callable[[], Iterable[str]]) -> None:
        self._app = app
        self._named = hosts
        self._headers = {
            **HEADERS,
            "content-security-policy": policy(inline_hashes(page.read_text("utf-8"))),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refused(scope)
        if refused is None:
            await self._app(scope, receive, dressed)
        elif scope["type"] == "websocket":
            await WebSocketClose(1008)(scope, receive, send)
        else:
            await refused(scope, receive, dressed)

    @cached_property
    def _hosts(self) -> frozenset[str]:
        named = frozenset(name.lower() for name in self._named())
        return named | LOOPBACK if named else named

    def _refused(self, scope: Scope) -> Response | None:
        host = Headers(scope=scope).get("host", "")
        if self._hosts and host_name(host) not in self._hosts:
            return errors.said(400, "bad_host", f"host={host[:80]!r}: not a name of this server")
        path = str(scope["path"])
        if any(path == closed or path.startswith(f"{closed}/") for closed in CLOSED):
            return errors.said(404, "not_found", f"path={path[:80]!r}: nothing is there")
        return None
