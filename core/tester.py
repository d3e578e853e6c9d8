"""Endpoints asked one by one, with everything that went over the wire kept to be looked at.

The question is a probe's: through guard and quota, on record like any other call. Keys are in none of it: a request is
the keyless one, and the sender has taken the key out of what the provider said.
"""

import asyncio
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

import pandas as pd

from core.answer import Attempt
from core.catalog import Catalog, Endpoint
from core.engine.check import Checks, Tried
from core.ops.heal import Tell
from core.wire import WireRequest
from core.wire.declare import Auth

AT_ONCE = 5
"""Endpoints asked at once."""
QUOTA_WAIT = 15.0
"""Seconds for which an endpoint waits for our own quota, which its siblings spend; then it is not asked."""
QUOTA_LOOK = 0.5
"""Seconds between two looks at the quota."""
MOST_BODY = 64_000
"""Bytes of a body that are kept to be looked at."""
MOST_ROWS = 20
"""Rows of a frame, and entries of a sequence, that a value is shown with."""

Verdict = Literal["good", "failed", "not asked"]


@dataclass(frozen=True, slots=True)
class Page:
    """One exchange: the request without its key, and what came back, cut to :data:`MOST_BODY`."""

    request: WireRequest
    curl: str
    status: int
    content_type: str
    body: bytes
    size: int
    """Bytes of the whole body."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One endpoint, asked once."""

    endpoint: Endpoint
    question: str
    """The query, as canonical text; empty when there is none to ask it."""
    attempt: Attempt
    pages: tuple[Page, ...]
    """Every exchange, retries too; none of a source in this process, or where nothing came back."""
    value: Any
    """What was read; None without one."""

    @property
    def verdict(self) -> Verdict:
        """Whether it gave a value that holds, could not, or was not asked."""
        if self.attempt.outcome in ("ok", "partial"):
            return "good"
        return "not asked" if self.attempt.outcome.startswith("skipped_") else "failed"


async def trials(
    checks: Checks, catalog: Catalog, endpoints: Sequence[Endpoint], progress: Tell | None = None
) -> tuple[Trial, ...]:
    """Ask them, :data:`AT_ONCE` at a time; in the order given. ``progress`` gets (done, of how many, which)."""
    places, done = asyncio.Semaphore(AT_ONCE), 0

    async def one(endpoint: Endpoint) -> Trial:
        nonlocal done
        until = asyncio.get_running_loop().time() + QUOTA_WAIT
        while True:
            async with places:
                tried = await checks.tried(endpoint)
            if tried.attempt.outcome != "skipped_quota" or asyncio.get_running_loop().time() > until:
                break
            await asyncio.sleep(QUOTA_LOOK)
        done += 1
        if progress is not None:
            progress(done, len(endpoints), str(endpoint))
        return _trial(endpoint, catalog[endpoint.provider].auth, tried)

    return tuple(await asyncio.gather(*map(one, endpoints)))


def _trial(endpoint: Endpoint, auth: Auth | None, tried: Tried) -> Trial:
    pages = tuple(
        Page(
            request=request,
            curl=curl(request, auth),
            status=response.status_code,
            content_type=response.headers.get("content-type", ""),
            body=response.content[:MOST_BODY],
            size=len(response.content),
        )
        for request, response in tried.seen
    )
    question = "" if tried.query is None else tried.query.key()
    return Trial(endpoint, question, tried.attempt, pages, tried.value)


def curl(request: WireRequest, auth: Auth | None) -> str:
    """The request as a command for a shell. In place of a key stands the variable that would hold it."""
    url, headers = str(request.url), [f"{name}: {value}" for name, value in request.headers.items()]
    parts = ["curl", "-sS", "--max-time", "10"]
    if request.method != "GET":
        parts += ["-X", request.method]
    for header in headers:
        parts += ["-H", shlex.quote(header)]
    keyed = shlex.quote(url)
    if auth is not None and request.auth is not None and auth.required:
        variable = f'"${auth.env[0]}"'
        if auth.header is not None:
            parts += ["-H", shlex.quote(f"{auth.header}: {auth.prefix}") + variable]
        elif auth.parameter is not None:
            joint = "&" if request.url.query else "?"
            keyed = shlex.quote(f"{url}{joint}{auth.parameter}=") + variable
        else:
            keyed = shlex.quote(url.rstrip("/") + "/") + variable
    if request.content is not None:
        parts += ["--data-raw", shlex.quote(request.content.decode("utf-8", "replace"))]
    return " ".join([*parts, keyed])


def plain_value(value: Any) -> Any:
    """A value as plain data for JSON, long ones cut to their newest or first :data:`MOST_ROWS`."""
    if isinstance(value, pd.DataFrame):
        rows = value.tail(MOST_ROWS).reset_index()
        return {
            "rows": len(value),
            "columns": list(value.columns),
            "newest": plain_value(rows.to_dict("records")),
        }
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain_value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(name): plain_value(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(part) for part in value[:MOST_ROWS]]
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return str(value)
