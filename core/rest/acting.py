"""Leave to act: asked by every route that changes something, before it does anything."""

import time
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from core.authority import FORWARDED, Asker, Door, Refusal, decide
from core.budget import PerMinute
from core.engine.limiter import Limiter
from core.refusals import refused
from core.rest.edge import own_front_end
from core.rest.errors import Problem, Refused
from core.rest.serving import the_hub

BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="admin token",
    description="What the server has in KINTSUGI_ADMIN_TOKEN. Without one only this machine may act.",
)


class Rates:
    """One bucket for each kind of thing that is done."""

    def __init__(self) -> None:
        self._limiters: dict[tuple[str, int], Limiter] = {}

    def take(self, kind: str, a_minute: int) -> None:
        """One more; Refused when it is too many."""
        now = time.monotonic()
        limiter = self._limiters.setdefault((kind, a_minute), Limiter([PerMinute(a_minute)], now))
        if not limiter.take(1, now):
            wait = limiter.wait(1, now)
            raise Refused(429, "too_many", f"more than {a_minute} {kind}s a minute", wait=wait)


async def leave(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
) -> str:
    """Who acts, for the journal; Refused (401, 403, 429) when they may not, which is on record, too."""
    hub = await the_hub()
    try:
        who = await allowed(request, None if given is None else given.credentials)
        rates: Rates = request.app.state.rates
        rates.take("action", hub.settings.action_rate)
    except Refused as error:
        what = f"{request.method} /api{request.scope['route'].path}"
        whom = f"rest, {request.client.host if request.client else 'this machine'}"
        await hub.run(refused(hub.hub, what, str(error), who=whom))
        raise
    return who


async def allowed(request: Request, token: str | None) -> str:
    """Who asks, when they have the right to act; else Refused. Cookies are never looked at."""
    _own_origin(request)
    hub = await the_hub()
    asks = asker(request, token)
    decision = decide(asks, Door.of(hub.settings))
    if not isinstance(decision, Refusal):
        return f"rest, {decision}, {asks.client or 'this machine'}"
    if decision.wait:
        raise Refused(429, "too_many", decision.reason, wait=decision.wait)
    if decision.token:
        raise Refused(
            401,
            "unauthorized",
            f"{decision.reason}: send Authorization: Bearer and the token",
            headers={"WWW-Authenticate": "Bearer"},
        )
    raise Refused(
        403, "forbidden", f"{decision.reason}; set KINTSUGI_ADMIN_TOKEN on the server and send it along"
    )


def asker(request: Request, token: str | None) -> Asker:
    """Where a request comes from, and what it shows."""
    headers = request.headers
    return Asker(
        bound=request.app.state.bound(),
        client=request.client.host if request.client else None,
        host=headers.get("host", ""),
        forwarded=any(name in headers for name in FORWARDED),
        token=token,
    )


def _own_origin(request: Request) -> None:
    """A web page may act through its reader's browser only if it is of this server."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "none")
    host = request.headers.get("host", "").lower()
    if origin is not None and own_front_end(origin):
        return
    foreign = origin is not None and urlsplit(origin).netloc.lower() != host
    if foreign or site not in {"same-origin", "none"}:
        raise Refused(
            403,
            "foreign_origin",
            f"origin={str(origin)[:80]!r}: expected none, this server, or one of KINTSUGI_FRONT_ENDS",
        )


Actor = Annotated[str, Depends(leave)]

TOO_MANY: dict[int | str, dict[str, Any]] = {
    429: {"model": Problem, "description": "Too many; Retry-After says when again"},
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No token, or a wrong one"},
    403: {"model": Problem, "description": "Not from there"},
    413: {"model": Problem, "description": "Too large a body"},
    **TOO_MANY,
}
