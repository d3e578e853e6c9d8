"""What every route needs: the hub, a response, and how an OpenAPI document is told of it."""

import asyncio
from typing import Any

from pydantic_core import PydanticSerializationError, to_json
from starlette.responses import Response

from core.engine.snapshot import Snapshot
from core.hub import Hub, opened, shared


async def the_hub() -> Hub:
    """The process's hub. Opening it may take seconds, and is done off the loop."""
    hub = opened()
    return hub if hub is not None else await asyncio.to_thread(shared)


async def snapshot() -> Snapshot:
    """Health at this moment."""
    hub = await the_hub()
    return await hub.run(hub.hub.health())


def answered(body: object, status: int = 200) -> Response:
    """Plain data, models and dataclasses as JSON. What is no number is null."""
    try:
        content = to_json(body, inf_nan_mode="null")
    except PydanticSerializationError as error:  # a ValueError, but no fault of whoever asked
        raise RuntimeError(f"an answer that is no JSON: {error}") from error
    return Response(content, status, media_type="application/json")


def shown(model: Any, description: str = "As asked") -> dict[int | str, dict[str, Any]]:
    """What a route answers when all goes well, for its OpenAPI entry."""
    return {200: {"model": model, "description": description}}
