"""How the models do, as plain data: what a page and REST show."""

from dataclasses import asdict, dataclass
from typing import Any

from core.catalog import Catalog
from core.engine.health import HealthState
from core.engine.snapshot import Snapshot
from core.market import Capability
from core.models.model import KIND, ModelProvider

CAPABILITIES: tuple[Capability, ...] = ("sentiment", "ai_prediction")


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model, or an engine, of one capability."""

    model: str
    """Provider id; ``model:`` before it is the target that heals it."""
    name: str
    capability: Capability
    about: str
    endpoint: str
    state: HealthState
    ill: str
    """Why it needs to be started anew; empty when it does not."""
    here: bool
    """Whether it runs in this process."""
    loaded: bool | None
    """None where there is nothing to load."""
    load_seconds: float | None
    loads: int
    calls: int
    errors: int
    p50: float | None
    p95: float | None
    last_ok: float | None
    """UTC seconds."""
    last_error: str

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def model_statuses(catalog: Catalog, told: Snapshot) -> list[ModelStatus]:
    """Models, and the engines beside them, in the order in which they are asked."""
    rows = []
    for provider in catalog.values():
        if provider.kind not in {KIND, "local"}:
            continue
        model = provider if isinstance(provider, ModelProvider) else None
        for endpoint in provider.endpoints:
            entry = told.endpoints[str(endpoint)]
            rows.append(
                ModelStatus(
                    model=provider.id,
                    name=provider.name,
                    capability=endpoint.capability,
                    about=model.about if model else "",
                    endpoint=str(endpoint),
                    state=entry.state,
                    ill=why_ill(model, entry.state, entry.last_error),
                    here=model is not None or provider.kind == "local",
                    loaded=model.loaded if model else None,
                    load_seconds=model.load_seconds if model else None,
                    loads=model.loads if model else 0,
                    calls=entry.calls,
                    errors=entry.errors,
                    p50=entry.p50,
                    p95=entry.p95,
                    last_ok=entry.last_ok,
                    last_error=entry.last_error,
                )
            )
    return rows


def why_ill(model: ModelProvider | None, state: HealthState, last_error: str) -> str:
    """Why a model needs to be started anew; empty when it does not."""
    if model is not None and model.load_error:
        return f"it could not be loaded: {model.load_error}"
    if state in {"degraded", "dissenting", "unavailable"}:
        return f"{state}: {last_error}" if last_error else state
    return ""
