"""What an operator does: reset, isolate, restore, forget failures. Each action needs leave to act."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.engine.health import HealthState
from core.engine.target import endpoints_of
from core.hub import Hub
from core.rest.acting import Actor
from core.rest.serving import answered, shown, the_hub

TARGET = "everything (null), kraken, kraken/ohlcv, kraken/ohlcv@api.kraken.com, or model:NAME"


class Targeted(BaseModel):
    """What to act upon."""

    model_config = ConfigDict(extra="forbid")

    target: str | None = Field(None, max_length=200, description=TARGET)


class Named(BaseModel):
    """What to act upon; not everything at once."""

    model_config = ConfigDict(extra="forbid")

    target: str = Field(min_length=1, max_length=200, description=TARGET.removeprefix("everything (null), "))


class Isolation(Named):
    """What to send nothing to any more, and why."""

    reason: str = Field(min_length=1, max_length=200, description="for whoever comes next")


class Done(BaseModel):
    """What was done, by whom, and how its endpoints are now."""

    action: str
    target: str | None
    who: str
    lab: bool
    endpoints: dict[str, HealthState]


router = APIRouter(tags=["actions"])


@router.post("/reset", summary="Close circuits, end pauses", responses=shown(Done))
async def reset(who: Actor, asked: Annotated[Targeted | None, Body()] = None) -> Response:
    """As `Hub.reset`. Without a target: everything."""
    hub = await the_hub()
    target = asked.target if asked else None
    await hub.run(hub.hub.reset(target, who=who))
    return await done(hub, "reset", target, who)


@router.post("/isolate", summary="Send nothing to a target", responses=shown(Done))
async def isolate(who: Actor, asked: Isolation) -> Response:
    """As `Hub.isolate`: until it is restored, also after a restart."""
    hub = await the_hub()
    await hub.run(hub.hub.isolate(asked.target, asked.reason, who=who))
    return await done(hub, "isolate", asked.target, who)


@router.post("/restore", summary="End an isolation", responses=shown(Done))
async def restore(who: Actor, asked: Named) -> Response:
    """As `Hub.restore`."""
    hub = await the_hub()
    await hub.run(hub.hub.restore(asked.target, who=who))
    return await done(hub, "restore", asked.target, who)


@router.delete("/failures", summary="Forget old failures", responses=shown(Done))
async def failures(
    who: Actor, target: Annotated[str | None, Query(max_length=200, description=TARGET)] = None
) -> Response:
    """As `Hub.forget_failures`: circuits and pauses stay, and the journal forgets nothing."""
    hub = await the_hub()
    await hub.run(hub.hub.forget_failures(target, who=who))
    return await done(hub, "forget_failures", target, who)


async def done(hub: Hub, action: str, target: str | None, who: str) -> Response:
    """The word back."""
    told = await hub.run(hub.hub.health())
    names = [str(endpoint) for endpoint in endpoints_of(hub.catalog, target)]
    states = {name: told.endpoints[name].state for name in names}
    return answered({"action": action, "target": target, "who": who, "lab": told.lab, "endpoints": states})
