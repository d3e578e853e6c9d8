"""Candle series as targets: ``data:BTC/USDT/1h`` of whoever answers, ``data:kraken/BTC/USD/1h`` as archived."""

from dataclasses import dataclass

from core.candles.archive import Series
from core.engine.target import UnknownTarget
from core.market import interval_seconds, parse_symbol

DATA = "data:"


@dataclass(frozen=True, slots=True)
class DataTarget:
    """A symbol's candles, archived ones of a ``provider``, or the newest of anybody's when that is empty."""

    provider: str
    symbol: str
    interval: str

    @classmethod
    def of(cls, target: str) -> "DataTarget":
        """From its text. UnknownTarget for one that names no candles."""
        parts = target.removeprefix(DATA).split("/")
        try:
            if len(parts) == 4:
                series = Series(parts[0], "/".join(parts[1:3]), parts[3])
                return cls(series.provider, series.symbol, series.interval)
            interval_seconds(parts[-1])
            return cls("", "/".join(parse_symbol("/".join(parts[:-1]))), parts[-1])
        except ValueError as error:
            raise UnknownTarget(
                f"target={target[:80]!r}: expected data:BASE/QUOTE/INTERVAL or data:PROVIDER/BASE/QUOTE/INTERVAL; "
                f"{error}"
            ) from None

    def __str__(self) -> str:
        return DATA + "/".join(part for part in (self.provider, self.symbol, self.interval) if part)
