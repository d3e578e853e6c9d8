"""What is watched: alerts, their rules, the watchlist, the journal, and all of it as one file."""

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.ops.alerts import Alert, Rule, Watched
from core.ops.alerts.outbox import TargetState
from core.ops.read_events import MOST
from core.rest.arguments import Names
from core.rest.serving import answered, shown, the_hub
from core.rest.status import Moment


class AlertParams(BaseModel):
    """Which alerts."""

    model_config = ConfigDict(extra="forbid")

    open_only: bool = Field(False, description="only those that are not over")
    limit: int = Field(100, ge=1, le=MOST, description="alerts in the answer")
    before: float | None = Field(None, description="only those over that fired before it (UTC seconds)")


class Alerts(Moment):
    """Open ones first, oldest first; then those that are over, the newest first."""

    alerts: list[Alert]
    targets: list[TargetState] = Field(description="where alerts go, and how that does")


class Rules(Moment):
    """What is looked for."""

    rules: list[Rule]


class Watchlist(Moment):
    """Symbols whose price is looked at every minute."""

    watchlist: list[Watched]


class JournalParams(BaseModel):
    """Which events, the newest first."""

    model_config = ConfigDict(extra="forbid")

    kinds: Names = Field([], description="only these, as in admin,alert")
    target: str | None = Field(None, max_length=200, description="kraken, kraken/ohlcv, …")
    who: str | None = Field(None, max_length=200, description="who did it")
    text: str = Field("", max_length=200, description="within the detail")
    since: float | None = Field(None, description="UTC seconds, included")
    until: float | None = Field(None, description="UTC seconds, not included")
    limit: int = Field(100, ge=1, le=MOST, description="events in the answer")
    before: int | None = Field(None, ge=0, le=2**62, description="an event's id, for the page after it")


class EventTold(BaseModel):
    """One event; each kind has fields of its own besides."""

    model_config = ConfigDict(extra="allow")

    kind: str
    id: int
    time: float
    target: str
    who: str
    detail: str


class Journal(Moment):
    """Events, the newest first."""

    events: list[EventTold]


class Diagnostics(BaseModel):
    """Everything that helps to find out what is wrong; no secrets."""

    time: float
    lab: bool
    versions: dict[str, str]
    health: dict[str, Any]
    stats: dict[str, Any]
    failures: list[EventTold]
    recovery: list[EventTold]
    alerts: list[Alert]
    alert_targets: list[TargetState]
    settings: list[dict[str, Any]]
    keys: dict[str, bool]


router = APIRouter(tags=["watching"])


@router.get("/alerts", summary="Alerts", responses=shown(Alerts))
async def alerts(params: Annotated[AlertParams, Query()]) -> Response:
    """As `Hub.alerts`."""
    hub = await the_hub()
    job = hub.hub.alerts(open_only=params.open_only, limit=params.limit, before=params.before)
    found, targets = await hub.run(job), await hub.run(hub.hub.alert_targets())
    return answered({**await moment(), "alerts": found, "targets": targets})


@router.get("/alerts/rules", summary="What is looked for", responses=shown(Rules))
async def rules() -> Response:
    """Each with its level and timing; as `Hub.alert_rules`."""
    hub = await the_hub()
    return answered({**await moment(), "rules": await hub.run(hub.hub.alert_rules())})


@router.get("/watchlist", summary="Prices that are watched", responses=shown(Watchlist))
async def watchlist() -> Response:
    """As `Hub.watchlist`."""
    hub = await the_hub()
    return answered({**await moment(), "watchlist": await hub.run(hub.hub.watchlist())})


@router.get("/journal", summary="What happened", responses=shown(Journal))
async def journal(params: Annotated[JournalParams, Query()]) -> Response:
    """The newest first. What was noted in the last half second may not be in it yet."""
    hub = await the_hub()
    asked = params.model_dump()
    events = await asyncio.to_thread(lambda: hub.journal.events(**asked))
    return answered({**await moment(), "events": [event.as_dict() for event in events]})


@router.get("/diagnostics", summary="Everything, as one file", responses=shown(Diagnostics))
async def diagnostics() -> Response:
    """Health, circuits, failures, what recovered, alerts, settings, versions. Secrets are not in it."""
    hub = await the_hub()
    response = answered(await hub.run(hub.hub.diagnostics()))
    response.headers["content-disposition"] = 'attachment; filename="kintsugi-diagnostics.json"'
    return response


async def moment() -> dict[str, Any]:
    """When, and whether in the lab."""
    hub = await the_hub()
    return {"time": time.time(), "lab": hub.hub.simulated}
