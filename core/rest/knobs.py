"""Settings: every knob as it is, and setting them."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel
from starlette.responses import Response

from core.ops.overrides import Change, Configured, Knob
from core.rest.acting import Actor
from core.rest.serving import answered, shown, the_hub
from core.rest.status import Moment
from core.rest.watch import moment


class Knobs(Moment):
    """Every knob."""

    settings: list[Knob]


class Set(BaseModel):
    """What was changed; values as JSON text."""

    lab: bool
    changes: list[Change]


router = APIRouter(tags=["settings"])


@router.get("/settings", summary="Every knob", responses=shown(Knobs))
async def settings() -> Response:
    """Its value, where that comes from, and why it is locked, if it is. Secrets are not shown."""
    hub = await the_hub()
    return answered({**await moment(), "settings": hub.hub.knobs()})


changing = APIRouter(tags=["settings"])


@changing.post("/settings", summary="Set knobs", responses=shown(Set))
async def change(who: Actor, changes: Annotated[dict[str, Any], Body(max_length=100)]) -> Response:
    """As `Hub.configure`: all or none; null takes an override away. Knobs of the environment are locked."""
    hub = await the_hub()
    return _set(await hub.run(hub.hub.configure(changes, who=who)), lab=hub.hub.simulated)


@changing.post("/config/reload", summary="Read the settings' files again", responses=shown(Set))
async def reload(who: Actor) -> Response:
    """As `Hub.reload_settings`."""
    hub = await the_hub()
    return _set(await hub.run(hub.hub.reload_settings(who=who)), lab=hub.hub.simulated)


def _set(configured: Configured, *, lab: bool) -> Response:
    return answered({"lab": lab, "changes": configured.changes})
