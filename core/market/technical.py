"""What indicators say of one symbol's newest candle, each with its reason."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Family = Literal["trend", "momentum", "volatility", "volume", "returns"]
Lean = Literal[-1, 0, 1]

CLEAR = 2
"""The signals of one side must outnumber the other by this many."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One indicator at the newest candle."""

    indicator: str
    family: Family
    value: float
    reading: str
    lean: Lean
    """1 up, -1 down, 0 neither."""
    reason: str
    """The rule and the number, as a sentence."""
    converged: bool | None = None
    """False while the value still depends on where the candles begin; None where nobody says."""
    repaired: float | None = None
    """Share of the value, 0 to 1, that rests on repaired candles; None where the candles do not say."""


@dataclass(frozen=True, slots=True)
class Missing:
    """An indicator that says nothing, and why."""

    indicator: str
    reason: str
    needed: int | None = None
    got: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """All of them. ``reading`` is up, down or mixed; None when no indicator has a value."""

    time: str | None
    """ISO open time of the newest candle; None where nobody says."""
    close: float | None
    reading: Literal["up", "down", "mixed"] | None
    reason: str
    signals: tuple[Signal, ...]
    missing: tuple[Missing, ...]

    @classmethod
    def of(
        cls,
        signals: tuple[Signal, ...],
        missing: tuple[Missing, ...],
        *,
        time: str | None = None,
        close: float | None = None,
    ) -> "Summary":
        """The whole, as it follows from its parts."""
        if not signals:
            return cls(time, close, None, "No indicator has a value at the newest candle.", (), missing)
        up, down = (sum(one.lean == way for one in signals) for way in (1, -1))
        reading: Literal["up", "down", "mixed"] = "mixed"
        if abs(up - down) >= CLEAR:
            reading = "up" if up > down else "down"
        reason = f"Of {len(signals)} signals {up} lean up and {down} down."
        return cls(time, close, reading, reason, signals, missing)

    def as_dict(self) -> dict[str, Any]:
        """Plain data that JSON can carry."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Summary":
        """Back from :meth:`as_dict`, also after a turn through JSON."""
        signals = tuple(Signal(**signal) for signal in fields["signals"])
        missing = tuple(Missing(**entry) for entry in fields["missing"])
        return cls(**{**fields, "signals": signals, "missing": missing})
