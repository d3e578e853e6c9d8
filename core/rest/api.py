"""Routes beside the pages. Everything of the hub's is run on the hub's own loop."""

import asyncio
from collections.abc import Callable
from functools import cache

from fastapi import APIRouter, Depends, FastAPI, Response
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import BaseRoute, Mount, Route

from core.budget import Budget
from core.rest import (
    actions,
    alarming,
    answers,
    candles,
    errors,
    features,
    healing,
    indicators,
    knobs,
    probes,
    proxy,
    quality,
    status,
    symbols,
    watch,
)
from core.rest.acting import REFUSALS, TOO_MANY, Rates
from core.rest.arguments import none_passed_over
from core.rest.asking import affordable
from core.rest.docs import document, page
from core.rest.edge import Edge

ASKING = tuple(module.router for module in (candles, answers, indicators, quality, symbols))
"""Routes that may ask providers; each address has a budget for them."""
TELLING = tuple(module.router for module in (status, features, watch, knobs))
"""Routes that say what is known here."""
READING = (*ASKING, *TELLING)
"""Routes that change nothing."""
ACTING = (actions.router, healing.router, alarming.router, knobs.changing, proxy.router)
"""Routes that do; each of them asks for leave."""


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


def forget(api: FastAPI) -> None:
    """Count anew what people ask and do: nobody has yet."""
    api.state.rates = Rates()
    api.state.budget = Budget()


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
        responses={
            400: {"model": errors.Problem, "description": "An argument that cannot be"},
            404: {"model": errors.Problem, "description": "Nobody has that, or there is no such thing"},
            503: {"model": errors.Problem, "description": "Nobody could answer now, or the hub is not open"},
        },
    )
    api.state.bound = bound
    forget(api)
    errors.install(api)

    told = cache(lambda: document(api))  # takes a while, and stays the same

    @api.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(await asyncio.to_thread(told))

    @api.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(page(await asyncio.to_thread(told)))

    first = APIRouter(prefix="/v1", dependencies=[Depends(none_passed_over)])
    for router in ASKING:
        first.include_router(router, dependencies=[Depends(affordable)], responses=TOO_MANY)
    for router in TELLING:
        first.include_router(router)
    for router in ACTING:
        first.include_router(router, responses=REFUSALS)
    api.include_router(first)
    api.add_middleware(Edge)
    return api
