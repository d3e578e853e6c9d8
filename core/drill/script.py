"""What goes wrong in a drill, and when. Pure: a seed gives the same script every time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

FAULTS: dict[str, dict[str, Any]] = {
    "refuse": {},
    "timeout": {},
    "reset": {},
    "status:500": {},
    "status:429": {"retry_after": 2},
    "status:451": {},
    "html": {},
    "empty": {},
    "truncated": {},
    "wrong_type": {},
    "garbage": {},
    "schema_drift": {},
    "latency": {"seconds": 1.5},
    "slow_drip": {},
    "spike": {"factor": 3.0},
    "maintenance": {},
}
"""Fault → its options in a drill. Those that only candles can have are left to one's own experiments."""
HELD = frozenset({"latency", "timeout"})
"""For these the lab's ``seconds`` is how long a request is held, so they are cleared, not left to expire."""

VICTIMS = ("binance", "coinbase", "kraken", "okx", "bybit", "kucoin", "gateio", "bitstamp")
"""Venues that are asked early, so that a fault there is felt."""

CALM = 0.25
"""Share of a drill at its end without any fault: time to recover."""


@dataclass(frozen=True, slots=True)
class Step:
    """A fault at a target, from ``at`` for so many ``seconds`` of the drill."""

    at: float
    seconds: float
    target: str
    fault: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def over(self) -> float:
        """When it ends."""
        return self.at + self.seconds


def script(seed: int, seconds: float = 24.0, *, victims: Sequence[str] = VICTIMS) -> tuple[Step, ...]:
    """A drill of so many seconds: rising trouble, the last quarter calm. The first asked is always hit first."""
    if not 4 <= seconds <= 60:
        raise ValueError(f"seconds={seconds!r}: expected 4 to 60")
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    troubled = seconds * (1 - CALM)
    names = chance.sample(sorted(FAULTS), 6)
    steps = [_step(troubled * 0.04, troubled * 0.4, victims[0], names[0])]
    for number, name in enumerate(names[1:], 1):
        at = troubled * (0.12 * number + chance.uniform(0, 0.06))
        length = min(troubled * chance.uniform(0.15, 0.35), troubled - at)
        steps.append(_step(at, length, chance.choice(victims), name))
    return tuple(sorted(steps, key=lambda step: step.at))


def one_fault(target: str, fault: str, seconds: float = 12.0) -> tuple[Step, ...]:
    """One fault in the middle of an experiment."""
    if not 4 <= seconds <= 60:
        raise ValueError(f"seconds={seconds!r}: expected 4 to 60")
    return (Step(seconds * 0.15, seconds * 0.5, target, fault, dict(FAULTS.get(fault, {}))),)


def _step(at: float, seconds: float, target: str, fault: str) -> Step:
    return Step(round(at, 2), round(seconds, 2), target, fault, dict(FAULTS[fault]))
