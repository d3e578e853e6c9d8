"""What came of a backfill."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Filled:
    """What one provider gave. Counts are candles."""

    provider: str
    new: int
    """Not in the archive before."""
    held: int
    """In the archive now, of the range."""
    gaps: int
    """Asked for, and the provider has none."""
    unasked: int
    """Not asked for: out of the provider's reach, before its history, or given up."""
    skipped: str
    """Why; empty when all was asked for."""
    requests: int

    def __str__(self) -> str:
        why = f"; {self.unasked:,} not asked for: {self.skipped}" if self.skipped else ""
        return (
            f"{self.provider}: {self.new:,} new, {self.held:,} in the archive, {self.gaps:,} missing there"
            f" ({self.requests:,} requests){why}"
        )


@dataclass(frozen=True, slots=True)
class Backfilled:
    """The result of a backfill. ``print`` it for a summary."""

    symbol: str
    interval: str
    start: pd.Timestamp
    end: pd.Timestamp
    lab: bool
    providers: tuple[Filled, ...]

    @property
    def rows(self) -> int:
        """Candles in the archive now, over all providers."""
        return sum(one.held for one in self.providers)

    def __str__(self) -> str:
        span = f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"
        head = f"{self.symbol} {self.interval}, {span}{' (LAB)' if self.lab else ''}"
        out: dict[str, list[str]] = {}
        for one in self.providers:
            if not one.held and not one.gaps:
                out.setdefault(one.skipped or "nothing was asked for", []).append(one.provider)
        gave = [f"  {one}" for one in self.providers if one.held or one.gaps]
        return "\n".join(
            [head, *gave, *(f"  not from {', '.join(names)}: {why}" for why, names in out.items())]
        )
