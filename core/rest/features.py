"""What can be had, with which key, and which models work."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from core.catalog import Catalog
from core.engine.health import HealthState
from core.engine.snapshot import Snapshot
from core.models import model_statuses
from core.rest.serving import answered, shown, snapshot, the_hub
from core.rest.status import Moment


class Feature(BaseModel):
    """One kind of data, and by whom it can be had."""

    capability: str
    available: list[str] = Field(description="providers that can be asked now")
    waiting_for_keys: list[str] = Field(description="providers that need a key which is not there")


class Key(BaseModel):
    """A provider's key, never the key itself: whether one is there, and what it unlocks."""

    provider: str
    name: str
    variables: list[str] = Field(description="environment variables that may hold it")
    holding: str = Field(description="the one that does; empty when none")
    keys: int = Field(description="how many there are; several are used in turn")
    resting: int = Field(description="how many of them rest after a refusal")
    required: bool = Field(description="whether nothing of the provider works without one")
    missing: bool = Field(description="whether it is needed and not there")
    capabilities: list[str]
    unlocks: str
    get_at: str
    docs: str


class Features(Moment):
    """Kinds of data and keys."""

    features: list[Feature]
    keys: list[Key]


class Model(BaseModel):
    """One thing that a model, or an engine of this process, does."""

    model: str = Field(description="POST /heal with the target model:NAME starts it anew")
    name: str
    capability: str
    about: str
    endpoint: str
    state: HealthState
    ill: str = Field(description="why it needs to be started anew; empty when it does not")
    here: bool = Field(description="whether it runs in this process")
    loaded: bool | None = Field(description="null where there is nothing to load")
    load_seconds: float | None
    loads: int
    calls: int
    errors: int
    p50: float | None
    p95: float | None
    last_ok: float | None
    last_error: str


class Models(Moment):
    """Models and engines behind the same guard as every provider."""

    models: list[Model]


router = APIRouter(tags=["features"])


@router.get("/features", summary="What can be had, and with which key", responses=shown(Features))
async def features() -> Response:
    """A key that is missing disables only what needs it."""
    hub = await the_hub()
    told = await snapshot()
    return answered(
        {
            "time": told.time,
            "lab": told.lab,
            "features": _features(hub.catalog, told),
            "keys": [one.as_dict() for one in hub.features()],
        }
    )


@router.get("/models", summary="Models, and how they do", responses=shown(Models))
async def models() -> Response:
    """Whatever answers by computing: sentiment, prediction, indicators."""
    hub = await the_hub()
    told = await snapshot()
    rows = [one.as_dict() for one in model_statuses(hub.catalog, told)]
    return answered({"time": told.time, "lab": told.lab, "models": rows})


def _features(catalog: Catalog, told: Snapshot) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for provider in catalog.values():
        for capability in provider.capabilities:
            entry = found.setdefault(
                capability, {"capability": capability, "available": [], "waiting_for_keys": []}
            )
            disabled = told.providers[provider.id].capabilities.get(capability) == "disabled"
            entry["waiting_for_keys" if disabled else "available"].append(provider.id)
    return [found[capability] for capability in sorted(found)]
