"""``POST /api/v1/proxy``: a provider's own answer, for front ends of one's own."""

import base64
import json
from contextlib import suppress
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json
from starlette.responses import Response

from core.engine.proxy import LONGEST_URL, NotAllowed, NotNow, Passed, Unreachable
from core.refusals import refused
from core.rest.acting import Actor, Rates
from core.rest.errors import Problem, Refused
from core.rest.serving import answered, shown, the_hub


class Forward(BaseModel):
    """What to send."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        min_length=1, max_length=LONGEST_URL, description="an address on a host of the catalogue"
    )
    method: Literal["GET", "POST"] = Field("GET", description="POST only where the catalogue declares it")
    body: dict[str, Any] | list[Any] | None = Field(None, description="JSON, of a POST")


class Forwarded(BaseModel):
    """What the host said, whatever its status. Of ``json``, ``text`` and ``base64`` one is not null."""

    lab: bool
    provider: str
    host: str
    status: int
    content_type: str
    size: int
    elapsed: float
    json_: Any = Field(None, alias="json", description="the body, where it is JSON")
    text: str | None = Field(None, description="the body, where it is text that is no JSON")
    base64: str | None = Field(None, description="the body, where it is neither")


router = APIRouter(tags=["proxy"])


@router.post(
    "/proxy",
    summary="A provider's own answer",
    responses=shown(Forwarded) | {502: {"model": Problem, "description": "The host gave no answer"}},
)
async def proxy(request: Request, who: Actor, asked: Forward) -> Response:
    """Hosts of the catalogue only, without keys, within the provider's quota; redirects are not followed."""
    hub = await the_hub()
    rates: Rates = request.app.state.rates
    rates.take("proxied request", hub.settings.proxy_rate)
    content = None if asked.body is None else json.dumps(asked.body, separators=(",", ":")).encode()
    try:
        passed = await hub.run(hub.hub.forward(asked.url, asked.method, content, who=who))
    except NotAllowed as error:
        await hub.run(refused(hub.hub, "POST /api/v1/proxy", str(error), who=who))
        raise Refused(403, "not_allowed", str(error)) from None
    except NotNow as error:
        raise Refused(429, "not_now", str(error), wait=error.wait) from None
    except Unreachable as error:
        raise Refused(502, "unreachable", str(error)) from None
    return answered(_told(passed))


def _told(passed: Passed) -> dict[str, Any]:
    body: dict[str, Any] = {"json": None, "text": passed.text, "base64": None}
    if passed.text is None:
        body["base64"] = base64.b64encode(passed.body).decode("ascii")
    else:
        with suppress(ValueError):  # text it is
            body["json"], body["text"] = from_json(passed.text), None
    return {
        "lab": passed.lab,
        "provider": passed.provider,
        "host": passed.host,
        "status": passed.status,
        "content_type": passed.content_type,
        "size": len(passed.body),
        "elapsed": passed.elapsed,
        **body,
    }
