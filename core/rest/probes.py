"""``/health``, ``/ready`` and ``/metrics``: for whoever keeps the process running."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.hub import opened
from core.ops.metrics import Scrape, exposition
from core.rest.errors import said

ANSWERS_WITHIN = 2.0
"""Seconds in which the hub's loop must have a turn for a word on its health."""


async def health(_: Request) -> Response:
    """The process is alive and its server answers; nothing is said about providers."""
    return JSONResponse({"status": "alive"})


async def ready(_: Request) -> Response:
    """The hub is open and its loop turns; 503 while it is not."""
    if (hub := opened()) is None:
        return said(503, "not_ready", "the hub is not open yet")
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            told = await hub.run(hub.hub.health())
    except TimeoutError:
        return said(503, "not_ready", f"the hub did not answer within {ANSWERS_WITHIN:g} s")
    return JSONResponse(
        {"status": "ready", "mode": told.mode, "lab": told.lab, "offline": told.offline, "time": told.time}
    )


async def metrics(request: Request) -> Response:
    """Everything that is counted, as Prometheus reads it. While the hub is not open, of the process alone."""
    scrape = None
    if (hub := opened()) is not None:
        told, stats = await hub.run(hub.hub.health()), await hub.run(hub.hub.stats())
        scrape = Scrape(told, stats, await hub.run(hub.hub.alerts(open_only=True)))
    accept = request.headers.get("accept", "")
    body, kind = await asyncio.to_thread(exposition, scrape, accept)
    return Response(body, headers={"content-type": kind})
