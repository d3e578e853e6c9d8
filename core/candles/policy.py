"""What a repair may do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pandas as pd

View = Literal["best", "as_known"]

RANGES: dict[str, tuple[float, float]] = {
    "gap_detection_window_hours": (0, 1e6),
    "max_gap_fill_attempts": (0, 1000),
    "corruption_threshold": (0, 1),
    "short": (0, 1000),
    "medium": (0, 100_000),
    "medium_hours": (0, 1e6),
    "neighbours": (2, 10_000),
    "max_residual": (0, 100),
}
"""What the numbers of a :class:`RepairPolicy` may be, both ends included."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A gap as a :class:`Rule` sees it."""

    interval: str
    times: pd.DatetimeIndex
    """Open times of the missing candles."""
    cause: str
    before: pd.DataFrame
    """Up to 100 candles before the gap."""
    after: pd.DataFrame
    """Up to 100 candles after it; empty in the *as known* view."""


class Rule(Protocol):
    """A person's own way to fill gaps, asked before the built-in ones that invent values.

    ``fill`` returns a candles frame for the hole's ``times`` (or some of them), or None to pass. What it returns
    is checked like anything from outside: finite, positive, high and low around open and close, on these times.
    The ledger shows ``name`` as the method and ``reason`` as the reason.

    ::

        class LastPrice:
            name = "last_price"
            reason = "house rule: repeat the last close"
            uses_future = False

            def fill(self, hole):
                close = hole.before["close"].iloc[-1]
                return pd.DataFrame({"open": close, "high": close, "low": close, "close": close, "volume": 0.0},
                                    index=hole.times)

        repair(raw, "1h", policy=RepairPolicy(rules=(LastPrice(),)))
    """

    name: str
    reason: str
    uses_future: bool

    def fill(self, hole: Hole) -> pd.DataFrame | None:
        """Candles for these times, or None."""
        ...


@dataclass(frozen=True)
class RepairPolicy:
    """Limits and methods of a repair. ValueError names a field that is out of range."""

    view: View = "best"
    """``best``: the best estimate, later candles may be used and the ledger says where. ``as_known``: nothing
    later than each candle."""
    auto_repair_enabled: bool = True
    """Whether :func:`plan` asks for anything, and repair by itself may run, when nobody looks on."""
    gap_detection_window_hours: float = 24.0
    """How far back from its end a series is looked at when repair runs by itself."""
    max_gap_fill_attempts: int = 3
    """How often one gap is asked for before it stays open, when repair runs by itself."""
    corruption_threshold: float = 0.05
    """Share of broken rows above which single rows are not asked for: the whole series is."""
    short: int = 3
    """Bars of a gap that may be carried forward in *as known*."""
    medium: int = 48
    """Bars of a gap up to which the line is drawn in *best estimate* …"""
    medium_hours: float = 24.0
    """… and hours; longer gaps are filled from sources only, or stay open."""
    use_sources: bool = True
    """Whether rows are taken from sources, and :func:`plan` asks for any."""
    borrow_volume: bool = False
    """Take volume from another venue too, scaled to this one's, and say so."""
    neighbours: int = 24
    """Rows on either side of a gap by which another venue is calibrated."""
    max_residual: float = 1.0
    """Spread of the log ratio to another venue, in one-bar standard deviations, above which it is refused."""
    mend_values: bool = True
    """Whether spikes, wicks, unit errors and impossible values are replaced."""
    snap: bool = True
    """Whether rows off the grid that fit a free slot are moved there; else they are set aside."""
    drop_unclosed: bool = True
    """Whether candles that are not over at ``now`` are set aside."""
    fill_gaps: bool = True
    """Whether missing candles are filled at all, from sources or without."""
    rules: Sequence[Rule] = field(default_factory=tuple)
    """A person's own ways to fill gaps, asked in this order before anything is invented."""

    def __post_init__(self) -> None:
        if self.view not in {"best", "as_known"}:
            raise ValueError(f"view={str(self.view)[:20]!r}: expected 'best' or 'as_known'")
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ValueError(f"{name}={str(value)[:20]!r}: expected a number from {low} to {high:g}")

    def limit(self, seconds: int) -> int:
        """Bars of the longest gap that may be filled without a source."""
        return max(self.short, int(min(self.medium, self.medium_hours * 3600 // seconds)))
