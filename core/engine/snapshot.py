"""Health as plain data: what pages, REST and scripts read. Built at one moment, then unchanging."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from core.answer import Outcome
from core.catalog import Endpoint, Provider
from core.engine.guard import Guard, scopes
from core.engine.health import SEVERITY, Health, HealthState


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """One endpoint. Seconds throughout; ``last_ok`` and ``last_error_at`` are UTC seconds since 1970."""

    endpoint: str
    provider: str
    capability: str
    host: str
    state: HealthState
    circuit: str
    truth: str
    errors: int
    would_open: int
    """Openings that were only observed."""
    cooldown: float
    """Seconds until it may be asked again; 0 when it may."""
    reason: str
    calls: int
    outcomes: dict[str, int]
    """What became of each of them."""
    success_rate: float | None
    p50: float | None
    p95: float | None
    last_ok: float | None
    last_error: str
    last_error_at: float | None


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """One provider: the worst of its seen capabilities, each at its best host."""

    provider: str
    name: str
    state: HealthState
    capabilities: dict[str, HealthState]
    quota_left: float | None


@dataclass(frozen=True, slots=True)
class HostHealth:
    """What the monitor's last check of a host said. Seconds; ``checked`` is UTC seconds since 1970."""

    provider: str
    host: str
    outcome: Outcome
    reason: str
    elapsed: float
    checked: float
    every: float
    """Seconds between two checks while nobody asks it anything."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment (``time``, UTC seconds)."""

    time: float
    mode: str
    lab: bool
    why: str
    offline: bool
    live_again: bool
    """The lab is open in place of a network that is back by now."""
    notices: tuple[str, ...]
    totals: dict[str, int]
    providers: dict[str, ProviderHealth]
    endpoints: dict[str, EndpointHealth]
    hosts: dict[str, HostHealth]
    """``kraken@api.kraken.com`` → its last check; those that the monitor has not checked are not in it."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return dataclasses.asdict(self)


def endpoints_health(guard: Guard, now: float) -> dict[str, EndpointHealth]:
    """Every endpoint of the catalogue."""
    return {
        str(endpoint): _endpoint(guard, endpoint, health, now) for endpoint, health in guard.records().items()
    }


def providers_health(guard: Guard, now: float) -> dict[str, ProviderHealth]:
    """Every provider of the catalogue."""
    return {provider.id: provider_health(guard, provider, now) for provider in guard.catalog.values()}


def provider_health(guard: Guard, provider: Provider, now: float) -> ProviderHealth:
    """One provider: each capability at its best host, and the worst of those that have been seen."""
    best: dict[str, HealthState] = {}
    for endpoint in provider.endpoints:
        state, held = guard.state(endpoint, now), best.get(endpoint.capability)
        if held is None or held == "unknown" or (state != "unknown" and _worse(held, state)):
            best[endpoint.capability] = state
    seen = [state for state in best.values() if state not in ("unknown", "disabled")]
    none: HealthState = "disabled" if set(best.values()) == {"disabled"} else "unknown"
    worst: HealthState = max(seen, key=SEVERITY.index) if seen else none
    left = guard.limiters[provider.id].left(now)
    return ProviderHealth(provider.id, provider.name, worst, best, left)


def totals(endpoints: dict[str, EndpointHealth], providers: dict[str, ProviderHealth]) -> dict[str, int]:
    """How many endpoints and providers there are, and how many of them in each state."""
    counts = {"endpoints": len(endpoints), "providers": len(providers)}
    counts.update({state: sum(e.state == state for e in endpoints.values()) for state in SEVERITY})
    counts["calls"] = sum(entry.calls for entry in endpoints.values())
    return counts


def _endpoint(guard: Guard, endpoint: Endpoint, health: Health, now: float) -> EndpointHealth:
    provider = guard.catalog[endpoint.provider]
    host = next(host for host in provider.hosts if host.name == endpoint.host)
    held_by = scopes(provider, endpoint.capability, host)
    state = guard.state(endpoint, now)
    pause = guard.cooldowns.holding(held_by, now)
    isolated = next((guard.isolated[scope] for scope in held_by if scope in guard.isolated), "")
    left = max(pause.until - now if pause else 0.0, health.circuit.left(now), health.truth.left(now))
    return EndpointHealth(
        endpoint=str(endpoint),
        provider=endpoint.provider,
        capability=endpoint.capability,
        host=endpoint.host,
        state=state,
        circuit=health.shown(now),
        truth=health.truth.shown(now),
        errors=health.circuit.errors,
        would_open=health.circuit.would_open,
        cooldown=left,
        reason=isolated
        or guard.disabled(provider)
        or (pause.reason if pause else health.last_error if state != "healthy" else ""),
        calls=sum(health.totals.values()),
        outcomes={str(outcome): count for outcome, count in health.totals.items()},
        success_rate=health.success_rate(),
        p50=health.percentile(0.5),
        p95=health.percentile(0.95),
        last_ok=health.last_ok_at,
        last_error=health.last_error,
        last_error_at=health.last_error_at,
    )


def _worse(one: HealthState, other: HealthState) -> bool:
    return SEVERITY.index(one) > SEVERITY.index(other)
