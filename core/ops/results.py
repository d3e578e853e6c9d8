"""What a probe and a healing come to, as plain data."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.answer import Outcome
from core.engine.health import HealthState

HealOutcome = Literal[
    "healed", "well", "covered", "ill", "resting", "isolated", "disabled", "too_soon", "offline", "failed"
]
"""healed: it answers again · well: nothing to heal · covered: still ill, another one answers in its place ·
ill: nobody answers in its place either · resting: its provider asked for rest · isolated: a person's doing ·
disabled: a key is missing, or it is switched off · too_soon: healed not long ago · offline: this machine
reaches nobody · failed: what should heal it broke."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One endpoint, asked once. Seconds; ``before`` and ``after`` are its states."""

    endpoint: str
    outcome: Outcome
    reason: str
    status: int | None
    elapsed: float
    before: HealthState
    after: HealthState


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """All endpoints of a target. ``time`` UTC seconds."""

    target: str | None
    time: float
    probes: tuple[Probe, ...]

    @property
    def good(self) -> int:
        """How many answered."""
        return sum(probe.outcome in {"ok", "partial"} for probe in self.probes)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"good": self.good}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried."""

    step: str
    outcome: str
    detail: str
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True)
class Healing:
    """One thing that was to be healed, step by step."""

    target: str
    outcome: HealOutcome
    detail: str
    steps: tuple[Step, ...] = ()
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True)
class HealResult:
    """All that a target names. ``time`` UTC seconds."""

    target: str | None
    time: float
    healings: tuple[Healing, ...]

    @property
    def healed(self) -> int:
        """How many answer again."""
        return sum(healing.outcome == "healed" for healing in self.healings)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"healed": self.healed}
