"""What people do with alerts: acknowledge, set rules, watch prices. Each needs leave to act."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.ops.alerts import Alert, Rule, Watched
from core.ops.alerts.desk import UnknownAlert
from core.rest.acting import Actor
from core.rest.errors import said
from core.rest.serving import answered, shown, the_hub
from core.rest.status import Moment
from core.rest.watch import moment


class OneAlert(Moment):
    """An alert as it is now."""

    alert: Alert


class OneRule(Moment):
    """A rule as it is now."""

    rule: Rule


class OneWatched(Moment):
    """An entry of the watchlist as it is now."""

    watched: Watched


class RuleChange(BaseModel):
    """What to set; what is null stays."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool | None = None
    level: float | None = Field(None, allow_inf_nan=False, description="in the rule's unit")
    hold: float | None = Field(None, ge=0, allow_inf_nan=False, description="seconds until it fires")
    clear: float | None = Field(None, ge=0, allow_inf_nan=False, description="seconds until it resolves")


class Watch(BaseModel):
    """What to watch."""

    model_config = ConfigDict(extra="forbid")

    symbol: str = Field(description="BASE/QUOTE, as in BTC/USDT")
    above: float | None = Field(None, gt=0, allow_inf_nan=False, description="alarm from this price on")
    below: float | None = Field(None, gt=0, allow_inf_nan=False, description="alarm down from this price")
    note: str = Field("", max_length=200, description="what it is for")


class Sent(Moment):
    """To how many targets."""

    targets: int


router = APIRouter(tags=["alerts"])


@router.post("/alerts/{id}/ack", summary="Acknowledge an alert", responses=shown(OneAlert))
async def acknowledge(who: Actor, id: Annotated[str, Path(max_length=40)]) -> Response:  # noqa: A002
    """As `Hub.acknowledge`: on record when it returns. One that is over stays so."""
    hub = await the_hub()
    try:
        alert = await hub.run(hub.hub.acknowledge(id, who=who))
    except UnknownAlert as error:
        return said(404, "not_found", str(error))
    return answered({**await moment(), "alert": alert})


@router.post("/alerts/test", summary="Send a test message to every target", responses=shown(Sent))
async def test(who: Actor) -> Response:
    """As `Hub.send_test_alert`; 503 when there is nobody to send to."""
    hub = await the_hub()
    return answered({**await moment(), "targets": await hub.run(hub.hub.send_test_alert(who=who))})


@router.post("/alerts/rules/{name}", summary="Set a rule", responses=shown(OneRule))
async def set_rule(who: Actor, name: Annotated[str, Path(max_length=40)], change: RuleChange) -> Response:
    """As `Hub.set_alert_rule`."""
    hub = await the_hub()
    job = hub.hub.set_alert_rule(name, who=who, **change.model_dump(exclude_none=True))
    rule = await hub.run(job)
    return answered({**await moment(), "rule": rule})


@router.post("/watchlist", summary="Watch a price", responses=shown(OneWatched))
async def watch(who: Actor, asked: Watch) -> Response:
    """As `Hub.watch`; a symbol that is on the list gets these levels."""
    hub = await the_hub()
    watched = await hub.run(hub.hub.watch(**asked.model_dump(), who=who))
    return answered({**await moment(), "watched": watched})


@router.delete("/watchlist", summary="Watch a price no longer", responses=shown(Moment))
async def unwatch(
    who: Actor, symbol: Annotated[str, Query(description="BASE/QUOTE, as in BTC/USDT")]
) -> Response:
    """As `Hub.unwatch`."""
    hub = await the_hub()
    await hub.run(hub.hub.unwatch(symbol, who=who))
    return answered(await moment())
