"""Routes beside the pages. Everything of the hub's is run on the hub's own loop."""

from collections.abc import Callable

from fastapi import APIRouter, FastAPI, Response
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import BaseRoute, Mount, Route

from core.rest import actions, alarming, answers, candles, errors, indicators, probes, status, symbols, watch
from core.rest.acting import REFUSALS, Rates
from core.rest.docs import document, page

READING = (candles, answers, indicators, symbols, status, watch)
"""Modules whose routes change nothing."""
ACTING = (actions, alarming)
"""Modules whose routes do; each of them asks for leave."""


def routes(bound: Callable[[], str | None] = lambda: None) -> list[BaseRoute]:
    """``/health``, ``/ready``, ``/metrics``, and everything under ``/api``; what is not there answers 404 in JSON.

    ``bound`` says where the server listens, None when that is not known: without a token only a server on
    loopback takes orders.
    """
    return [
        Route("/health", probes.health),
        Route("/ready", probes.ready),
        Route("/metrics", probes.metrics),
        Route("/api", errors.not_found),
        Mount("/api", app=make_api(bound)),
    ]


def make_api(bound: Callable[[], str | None]) -> FastAPI:
    """The sub-app under ``/api``."""
    api = FastAPI(
        title="Kintsugi",
        version="1",
        description="Market data with its provenance. Errors are `{error: {code, message, detail}}`.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        responses={400: {"model": errors.Problem}, 503: {"model": errors.Problem}},
    )
    api.state.bound = bound
    api.state.rates = Rates()
    errors.install(api)

    @api.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(document(api))

    @api.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(page(document(api)))

    first = APIRouter(prefix="/v1")
    for module in READING:
        first.include_router(module.router)
    for module in ACTING:
        first.include_router(module.router, responses=REFUSALS)
    api.include_router(first)
    return api
