"""Routes beside the pages. Everything of the hub's is run on the hub's own loop."""

import asyncio
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import BaseRoute, Mount, Route

from core.hub import shared
from core.rest import errors
from core.rest.candles import CandleParams, as_json
from core.rest.docs import document, page
from core.rest.indicators import IndicatorParams, arguments, listing
from core.rest.indicators import as_json as indicator_json


async def health(_: Request) -> Response:
    """The process is alive and its server answers; nothing is said about providers."""
    return JSONResponse({"status": "alive"})


def routes() -> list[BaseRoute]:
    """``/health``, and everything under ``/api``; what is not there answers 404 in JSON."""
    return [Route("/health", health), Route("/api", errors.not_found), Mount("/api", app=make_api())]


def make_api() -> FastAPI:
    """The sub-app under ``/api``."""
    api = FastAPI(
        title="Kintsugi",
        version="1",
        description="Market data with its provenance. Errors are `{error: {code, message, detail}}`.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses={400: {"model": errors.Problem}, 503: {"model": errors.Problem}},
    )
    errors.install(api)

    @api.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(document(api))

    @api.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(page(document(api)))

    @api.get("/v1/candles", summary="Candles of one symbol", response_class=JSONResponse)
    async def candles(params: Annotated[CandleParams, Query()]) -> Response:
        """Rows oldest first, times are open times in UTC. Parameters as of `Hub.candles`."""
        query = params.query()
        hub = await asyncio.to_thread(shared)
        job = hub.hub.fetch(
            query, refresh=params.refresh, deadline=params.deadline, providers=params.provider_names()
        )
        answer = await hub.run(job)
        return Response(await asyncio.to_thread(as_json, query, answer), media_type="application/json")

    @api.get(
        "/v1/indicators",
        summary="An indicator over candles",
        response_class=JSONResponse,
        openapi_extra={"parameters": arguments()},
    )
    async def values(params: Annotated[IndicatorParams, Query()]) -> Response:
        """Rows where it is defined, and from when on it is settled (`converged_from`).

        Without `indicator`, all of them with their parameters. Parameters of the indicator are further
        arguments, as in `window=14`; the others are those of candles, and `limit` counts candles.
        """
        if not params.indicator:
            params.check_listing()
            return Response(await asyncio.to_thread(listing), media_type="application/json")
        params.settings()
        query = params.query()
        hub = await asyncio.to_thread(shared)
        job = hub.hub.fetch(
            query, refresh=params.refresh, deadline=params.deadline, providers=params.provider_names()
        )
        answer = await hub.run(job)
        body = await asyncio.to_thread(indicator_json, params, query, answer)
        return Response(body, media_type="application/json")

    return api
