"""Probe, heal, mend: what takes a while. Each needs leave to act."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.market import INTERVALS
from core.mend import Mended
from core.ops.results import Healing, Probe
from core.rest.acting import Actor
from core.rest.actions import TARGET, Targeted
from core.rest.arguments import Names
from core.rest.candles import MOST_ROWS, moment
from core.rest.serving import answered, shown, the_hub
from core.rest.tables import table

MOST_CHANGES = 5000


class Heal(Targeted):
    """What to heal, and whether to do so although it was healed not long ago."""

    target: str | None = Field(None, max_length=200, description=f"{TARGET}; model:* for all that are ill")
    force: bool = False


class Probed(BaseModel):
    """Each endpoint, asked once."""

    lab: bool
    target: str | None
    time: float
    good: int
    probes: list[Probe]


class Healed(BaseModel):
    """Each thing that was to be healed, step by step."""

    lab: bool
    target: str | None
    time: float
    healed: int
    healings: list[Healing]


class Repairing(BaseModel):
    """The arguments of ``Hub.mend``."""

    model_config = ConfigDict(extra="forbid")

    symbol: str = Field(description="BASE/QUOTE, as in BTC/USDT")
    interval: str = Field("1h", description=f"one of {' '.join(INTERVALS)}")
    start: str | None = Field(None, description="first open time: ISO 8601, or seconds")
    end: str | None = Field(None, description="open time of the first candle that is not wanted")
    limit: int | None = Field(None, ge=1, le=MOST_ROWS, description="rows; else the newest 500")
    providers: Names = Field([], description="first whose candles, then the only others that may help")
    apply: bool = Field(True, description="let the repair stand in the archive; else it is only shown")
    deadline: float | None = Field(None, ge=0.05, le=60, description="seconds that one request may take")


class Repaired(BaseModel):
    """A repair: scores before and after, every change, what stays open, who was asked."""

    lab: bool
    provider: str
    symbol: str
    interval: str
    kept: bool
    candles: int
    score_before: float | None
    score_after: float | None
    usable: float
    changes: list[dict[str, Any]] = Field(description="the ledger: time, field, before, after, method …")
    more: int = Field(description="changes that are not in the list")
    left_open: list[dict[str, Any]]
    asked: list[str]
    notes: list[str]


router = APIRouter(tags=["actions"])


@router.post("/probe", summary="Ask every endpoint of a target once", responses=shown(Probed))
async def probe(who: Actor, asked: Annotated[Targeted | None, Body()] = None) -> Response:
    """As `Hub.probe`, five at a time. Without a target: everything."""
    hub = await the_hub()
    result = await hub.run(hub.hub.probe(asked.target if asked else None, who=who))
    return answered({"lab": hub.hub.simulated, **result.as_dict()})


@router.post("/heal", summary="Heal what is ill of a target", responses=shown(Healed))
async def heal(who: Actor, asked: Annotated[Heal | None, Body()] = None) -> Response:
    """As `Hub.heal`, five at a time. Without a target: everything."""
    hub = await the_hub()
    target, force = (asked.target, asked.force) if asked else (None, False)
    result = await hub.run(hub.hub.heal(target, force, who=who))
    return answered({"lab": hub.hub.simulated, **result.as_dict()})


@router.post("/repair", summary="Mend candles", responses=shown(Repaired))
async def repair(who: Actor, asked: Repairing) -> Response:
    """As `Hub.mend`: audit, fetch what may help, repair; the raw candles stay as they are."""
    hub = await the_hub()
    job = hub.hub.mend(
        asked.symbol,
        asked.interval,
        start=moment(asked.start, "start"),
        end=moment(asked.end, "end"),
        limit=asked.limit,
        providers=asked.providers or None,
        apply=asked.apply,
        deadline=asked.deadline,
    )
    mended = await hub.run(job)
    detail = (
        f"{mended.symbol} {mended.interval}, {len(mended.ledger)} changes{', kept' if mended.kept else ''}"
    )
    await hub.run(hub.hub.record_action("repair", mended.provider, detail, who=who))
    return answered(_repaired(mended))


def _repaired(mended: Mended) -> dict[str, Any]:
    return {
        "lab": mended.lab,
        "provider": mended.provider,
        "symbol": mended.symbol,
        "interval": mended.interval,
        "kept": mended.kept,
        "candles": len(mended.frame),
        "score_before": mended.before.score,
        "score_after": mended.after.score,
        "usable": mended.usable,
        "changes": table(mended.ledger, MOST_CHANGES),
        "more": max(0, len(mended.ledger) - MOST_CHANGES),
        "left_open": table(mended.left_open),
        "asked": [str(one) for one in mended.asked],
        "notes": list(mended.notes),
    }
