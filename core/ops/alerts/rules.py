"""What may be alarming: the rules, their levels and timings, and what a person may change of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.ops.alerts.machine import Timing

Kind = Literal["endpoints", "data", "performance", "capacity", "price"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``level`` in ``unit``, from ``low`` to ``high``; None where a state says it all.

    ``hold`` and ``clear``: seconds for which the condition must be there before it fires, and gone before it
    resolves. A rule with a level resolves at a gentler one: :attr:`easy`.
    """

    name: str
    kind: Kind
    title: str
    means: str
    hold: float
    clear: float
    level: float | None = None
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    ease: float = 1.0
    """What the level is multiplied by for it to be over."""
    enabled: bool = True

    @property
    def timing(self) -> Timing:
        """Its timing, as the machine has it."""
        return Timing(self.hold, self.clear)

    @property
    def easy(self) -> float:
        """The level at which it is over."""
        assert self.level is not None  # noqa: S101 - asked only of rules with a level
        return self.level * self.ease

    def changed(self, **changes: Any) -> "Rule":
        """With ``enabled``, ``level``, ``hold`` or ``clear`` set anew. ValueError says what is allowed."""
        for name, value in changes.items():
            if name == "enabled":
                fine, allowed = isinstance(value, bool), "true or false"
            elif name == "level":
                fine = self.level is not None and _number(value) and self.low <= value <= self.high
                allowed = f"{self.low:g} to {self.high:g} {self.unit}" if self.level is not None else "none"
            elif name in {"hold", "clear"}:
                fine, allowed = _number(value) and 0 <= value <= LONGEST, f"0 to {LONGEST:g} seconds"
            else:
                raise ValueError(f"{name}: no such thing in a rule; expected enabled, level, hold or clear")
            if not fine:
                raise ValueError(f"{self.name}: {name}={value!r}: expected {allowed}")
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {name: getattr(self, name) for name in Rule.__dataclass_fields__}


LONGEST = 7 * 86_400.0
"""No rule waits longer."""

RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "offline",
            "endpoints",
            "This machine is offline",
            "No provider can be reached. Nobody else's alerts fire meanwhile: they are not to blame.",
            hold=10,
            clear=10,
        ),
        Rule(
            "provider_down",
            "endpoints",
            "A provider is down",
            "Its circuit is open after too many errors, at its best host.",
            hold=0,
            clear=30,
        ),
        Rule(
            "nobody_left",
            "endpoints",
            "Nobody left for a kind of data",
            "Every provider that was asked for it is down, blocked or throttled. Critical.",
            hold=10,
            clear=30,
        ),
        Rule(
            "refused",
            "endpoints",
            "A provider refuses us",
            "It is blocked (a key, a place) or throttled for longer than the hold.",
            hold=120,
            clear=30,
        ),
        Rule(
            "dissent",
            "data",
            "A provider gives untrue data",
            "Impossible or frozen values, or far from two others of the same quote currency.",
            hold=0,
            clear=60,
        ),
        Rule(
            "old_answers",
            "data",
            "Many answers are old or missing",
            "Of the answers of the last five minutes, those that were stale or could not be given.",
            hold=0,
            clear=120,
            level=25,
            unit="%",
            low=1,
            high=100,
            ease=0.5,
        ),
        Rule(
            "series_usable",
            "data",
            "Archived candles cannot be relied on",
            "Of a series' candles, repairs included, the share that can be relied on; critical below half of it.",
            hold=0,
            clear=60,
            level=0.8,
            unit="of 1",
            low=0.01,
            high=0.9,
            ease=1.1,
        ),
        Rule(
            "series_quality",
            "data",
            "Archived candles came in bad quality",
            "The score of a series' raw candles. No repair raises it, better candles do; so it is off at first.",
            hold=0,
            clear=60,
            level=0.5,
            unit="of 1",
            low=0.01,
            high=0.8,
            ease=1.2,
            enabled=False,
        ),
        Rule(
            "archive_usable",
            "data",
            "The archive cannot be relied on",
            "Of the candles of all series that were judged, repairs included, the share that can be relied on.",
            hold=0,
            clear=60,
            level=0.9,
            unit="of 1",
            low=0.01,
            high=0.95,
            ease=1.04,
        ),
        Rule(
            "slow",
            "performance",
            "An endpoint is slow",
            "Of its last 50 answers, one in twenty took longer than this.",
            hold=60,
            clear=60,
            level=3,
            unit="s",
            low=0.05,
            high=60,
            ease=0.8,
        ),
        Rule(
            "failing",
            "performance",
            "An endpoint fails often",
            "Of its last 50 tries, the share that failed.",
            hold=30,
            clear=60,
            level=50,
            unit="%",
            low=1,
            high=100,
            ease=0.6,
        ),
        Rule(
            "disk",
            "capacity",
            "The disk is nearly full",
            "Share of the data folder's file system that is free; critical below a quarter of it.",
            hold=0,
            clear=60,
            level=5,
            unit="%",
            low=0.1,
            high=90,
            ease=1.2,
        ),
        Rule(
            "disk_writes",
            "capacity",
            "The disk refuses writes",
            "Writes to the data folder failed in the last five minutes. Critical.",
            hold=0,
            clear=60,
        ),
        Rule(
            "memory",
            "capacity",
            "Memory runs short",
            "Share of what this process may have that it uses; critical from half way to all of it.",
            hold=60,
            clear=60,
            level=85,
            unit="%",
            low=10,
            high=100,
            ease=0.95,
        ),
        Rule(
            "runs_out",
            "capacity",
            "A quota or the disk runs out",
            "At the rate of the last hours it is used up within so many days, and says when.",
            hold=300,
            clear=600,
            level=7,
            unit="days",
            low=0.05,
            high=90,
            ease=1.2,
        ),
        Rule(
            "price",
            "price",
            "A price crosses a level",
            "Levels of the watchlist; it is over when the price is back by this share.",
            hold=0,
            clear=0,
            level=0.2,
            unit="%",
            low=0,
            high=20,
        ),
    )
}
"""Name → rule, as they are until a person changes them."""


def rule_named(name: str) -> Rule:
    """The rule of that name as it comes. ValueError names those there are."""
    if name not in RULES:
        raise ValueError(f"rule={str(name)[:40]!r}: expected one of {' '.join(RULES)}")
    return RULES[name]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
