"""What stands before every route and page: allowed host names, headers for the browser, and what is closed."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from core.addresses import LOOPBACK
from core.authority import host_name
from core.hub import opened
from core.refusals import refused
from core.rest import errors

CLOSED = ("/_stcore/metrics", "/_stcore/agent")
"""Streamlit's own routes that say more than a stranger should read; ours is ``/metrics``."""

STREAMLITS = "/_stcore/"
"""What pages talk to. Streamlit would let any port of this machine in, and for every other origin it looks up its own
address outside, on the loop: up to 2 s each.
"""

NOT_FOUND = 404

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

        answer = self._refused(scope)
        if answer is None:
            await self._app(scope, receive, dressed)
            return
        status, code, message = answer
        if status != NOT_FOUND:
            _note(scope, message)
        if scope["type"] == "websocket":
            await WebSocketClose(1008)(scope, receive, send)
        else:
            await errors.said(status, code, message)(scope, receive, dressed)

    @cached_property
    def _hosts(self) -> frozenset[str]:
        named = frozenset(name.lower() for name in self._named())
        return named | LOOPBACK if named else named

    def _refused(self, scope: Scope) -> tuple[int, str, str] | None:
        """Status, code and message of the answer that is given here."""
        host = Headers(scope=scope).get("host", "")
        if self._hosts and host_name(host) not in self._hosts:
            return 400, "bad_host", f"host={host[:80]!r}: not a name of this server"
        path = str(scope["path"])
        origin = Headers(scope=scope).get("origin")
        if origin is not None and path.startswith(STREAMLITS) and not _from_here(origin, host):
            return 403, "foreign_origin", f"origin={origin[:80]!r}: expected this server"
        if any(path == closed or path.startswith(f"{closed}/") for closed in CLOSED):
            return NOT_FOUND, "not_found", f"path={path[:80]!r}: nothing is there"
        return None


def _note(scope: Scope, reason: str) -> None:
    """Put it on record, once there is a hub."""
    if (hub := opened()) is not None:
        who = f"web, {scope['client'][0] if scope.get('client') else 'this machine'}"
        hub.begin(refused(hub.hub, str(scope["path"])[:80], reason, who=who))


def _from_here(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
