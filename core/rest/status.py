"""How everything is: the whole, providers, endpoints, circuits."""

from collections import Counter
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.catalog import Provider
from core.engine.health import SEVERITY, HealthState
from core.engine.snapshot import EndpointHealth, ProviderHealth, Snapshot
from core.market import Capability
from core.ops.stats import Stats
from core.rest.errors import said
from core.rest.serving import answered, shown, snapshot, the_hub
from core.wire import Source


class Moment(BaseModel):
    """What every answer about health begins with."""

    time: float = Field(description="UTC seconds since 1970")
    lab: bool = Field(description="True while data is simulated")


class CapabilityStatus(BaseModel):
    """One kind of data: how many providers serve it, and how many of them in each state."""

    providers: int
    states: dict[str, int]


class Status(Moment):
    """The whole in a few lines."""

    mode: str
    why: str
    offline: bool
    live_again: bool
    notices: list[str]
    totals: dict[str, int]
    capabilities: dict[str, CapabilityStatus]


class KeyTold(BaseModel):
    """Which variables may hold a provider's key, and whether nothing works without."""

    variables: list[str]
    required: bool


class ProviderTold(BaseModel):
    """A provider: what it serves, and how it is. ``quota_left``: share of its tightest limit, 0 to 1."""

    provider: str
    name: str
    kind: str
    home: str
    docs: str
    read_on: date | None = Field(
        description="when its declaration was last read up on; null for a local source"
    )
    read_from: list[Source] = Field(description="what was read then, the best first; empty when nobody said")
    priority: int
    state: HealthState
    capabilities: dict[str, HealthState]
    quota_left: float | None
    hosts: list[str]
    key: KeyTold | None = Field(description="the key it can have; null when none is known of")


class Providers(Moment):
    """Every provider."""

    providers: list[ProviderTold]


class OneProvider(Moment):
    """One provider with its endpoints."""

    provider: ProviderTold
    endpoints: list[EndpointHealth]


class Endpoints(Moment):
    """Endpoints with their whole record."""

    endpoints: list[EndpointHealth]


class CircuitTold(BaseModel):
    """The two circuits of one endpoint. ``cooldown``: seconds until it may be asked again."""

    endpoint: str
    circuit: str
    truth: str
    state: HealthState
    errors: int
    would_open: int
    cooldown: float
    reason: str


class Circuits(Moment):
    """Every circuit."""

    circuits: list[CircuitTold]


class EndpointParams(BaseModel):
    """Which endpoints."""

    model_config = ConfigDict(extra="forbid")

    provider: str | None = Field(None, description="only those of this provider")
    capability: Capability | None = Field(None, description="only those that serve this")
    state: HealthState | None = Field(None, description="only those in this state")

    def chosen(self, told: Snapshot) -> list[EndpointHealth]:
        """Those endpoints. ValueError for a provider that is not there."""
        if self.provider is not None and self.provider not in told.providers:
            raise ValueError(f"provider={self.provider[:40]!r}: expected one of {' '.join(told.providers)}")
        return [
            entry
            for entry in told.endpoints.values()
            if self.provider in (None, entry.provider)
            and self.capability in (None, entry.capability)
            and self.state in (None, entry.state)
        ]


class StatsTold(Moment):
    """Counts since the hub was opened."""

    stats: Stats


router = APIRouter(tags=["health"])


@router.get("/status", summary="The whole in a few lines", responses=shown(Status))
async def status() -> Response:
    """Mode, notices, how many endpoints and providers in each state, and the same by kind of data."""
    told = await snapshot()
    fields = ("time", "lab", "mode", "why", "offline", "live_again", "notices", "totals")
    body = {name: getattr(told, name) for name in fields}
    return answered({**body, "capabilities": _capabilities(told)})


@router.get("/providers", summary="Every provider and how it is", responses=shown(Providers))
async def providers() -> Response:
    """A provider's state is the worst among what it was asked for, each at its best host."""
    hub = await the_hub()
    told = await snapshot()
    rows = [_provider(hub.catalog[entry.provider], entry) for entry in told.providers.values()]
    return answered({**_moment(told), "providers": rows})


@router.get("/providers/{id}", summary="One provider", responses=shown(OneProvider))
async def provider(id: str) -> Response:  # noqa: A002 - what it is called in the address
    """With the record of each of its endpoints."""
    hub = await the_hub()
    told = await snapshot()
    if (entry := told.providers.get(id)) is None:
        there = " ".join(told.providers)
        return said(404, "not_found", f"provider {id[:40]!r}: expected one of {there}")
    own = [row for row in told.endpoints.values() if row.provider == id]
    return answered({**_moment(told), "provider": _provider(hub.catalog[id], entry), "endpoints": own})


@router.get("/endpoints", summary="Every endpoint and its record", responses=shown(Endpoints))
async def endpoints(params: Annotated[EndpointParams, Query()]) -> Response:
    """An endpoint is a provider, what it is asked for, and one of its hosts. Seconds throughout."""
    told = await snapshot()
    return answered({**_moment(told), "endpoints": params.chosen(told)})


@router.get("/circuits", summary="Every circuit", responses=shown(Circuits))
async def circuits(params: Annotated[EndpointParams, Query()]) -> Response:
    """`circuit` opens for errors, `truth` for data that cannot be."""
    told = await snapshot()
    names = CircuitTold.model_fields
    rows = [{name: getattr(entry, name) for name in names} for entry in params.chosen(told)]
    return answered({**_moment(told), "circuits": rows})


@router.get("/stats", summary="What was done so far, in numbers", responses=shown(StatsTold))
async def stats() -> Response:
    """Answers by kind and tier, tries by provider and outcome, and what memory and disk have left."""
    hub = await the_hub()
    told = await hub.run(hub.hub.stats())
    return answered({"time": told.since + told.seconds, "lab": told.lab, "stats": told})


def _moment(told: Snapshot) -> dict[str, Any]:
    return {"time": told.time, "lab": told.lab}


def _capabilities(told: Snapshot) -> dict[str, Any]:
    found: dict[str, Counter[str]] = {}
    for entry in told.providers.values():
        for capability, state in entry.capabilities.items():
            found.setdefault(capability, Counter())[state] += 1
    return {
        capability: {
            "providers": states.total(),
            "states": {state: states[state] for state in SEVERITY if states[state]},
        }
        for capability, states in sorted(found.items())
    }


def _provider(provider: Provider, health: ProviderHealth) -> dict[str, Any]:
    key = provider.auth
    return {
        "provider": provider.id,
        "name": provider.name,
        "kind": provider.kind,
        "home": provider.home,
        "docs": provider.docs,
        "read_on": provider.read_on,
        "read_from": list(provider.read_from),
        "priority": provider.priority,
        "state": health.state,
        "capabilities": health.capabilities,
        "quota_left": health.quota_left,
        "hosts": [host.name for host in provider.hosts],
        "key": None if key is None else {"variables": list(key.env), "required": key.required},
    }
