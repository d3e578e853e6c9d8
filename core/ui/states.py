"""How states of health and circuits show: sign, word and colour, each different in all three. Pure."""

from dataclasses import dataclass

from core.engine.health import HealthState


@dataclass(frozen=True, slots=True)
class Look:
    """Sign, word, colour (Okabe & Ito without its golds), and what it means."""

    sign: str
    word: str
    color: str
    means: str

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


STATES: dict[HealthState, Look] = {
    "healthy": Look("●", "healthy", "#009e73", "answers, and what it answers holds"),
    "degraded": Look("◐", "degraded", "#56b4e9", "errors lately, still asked"),
    "dissenting": Look("≠", "dissenting", "#cc79a7", "answers untrue data; in quarantine"),
    "unavailable": Look("✕", "unavailable", "#d55e00", "circuit open after too many errors"),
    "throttled": Look("‖", "throttled", "#8a6fd1", "asked us to wait (429, 418)"),
    "blocked": Look("⊘", "blocked", "#a05195", "refuses us (401, 403, 451): key or place"),
    "isolated": Look("◇", "isolated", "#3f7fc1", "a person took it out"),
    "disabled": Look("–", "disabled", "#5f6672", "a key is missing, or it is switched off"),
    "unknown": Look("○", "not asked yet", "#858c98", "no traffic, or none for long"),
}

CIRCUITS: dict[str, str] = {"closed": "─ closed", "open": "╱ open", "half_open": "┄ half open"}


def of(state: str) -> Look:
    """The look of a state."""
    return STATES[state]  # type: ignore[index]  # a snapshot holds no other words
