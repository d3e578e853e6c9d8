"""Queries about what is around a price: the market as a whole, news, moods, chains, predictions."""

from dataclasses import dataclass
from typing import ClassVar

from core.market.metrics import METRICS
from core.market.queries import Query, SymbolQuery, check_count
from core.market.symbols import Capability, interval_seconds, parse_asset

MOST_NEWS = 100
MOST_TEXT = 5000
"""Signs of a text whose sentiment is asked for."""
MOST_TOPIC = 80


@dataclass(frozen=True, slots=True)
class MetadataQuery(Query):
    """The market as a whole, or what is known of one asset (``BTC``; of ``BTC/USDT`` it is the base)."""

    capability: ClassVar[Capability] = "metadata"
    asset: str | None = None

    def __post_init__(self) -> None:
        if self.asset is not None:
            object.__setattr__(self, "asset", parse_asset(self.asset))

    @property
    def subject(self) -> str:
        """The asset."""
        return self.asset or ""


@dataclass(frozen=True, slots=True)
class NewsQuery(Query):
    """The newest ``limit`` news, about a topic if one is given: an asset (``BTC``) or words."""

    capability: ClassVar[Capability] = "news"
    topic: str | None = None
    limit: int = 20

    def __post_init__(self) -> None:
        if self.topic is not None:
            object.__setattr__(self, "topic", _text("topic", self.topic, MOST_TOPIC))
        check_count("limit", self.limit, MOST_NEWS)


@dataclass(frozen=True, slots=True)
class SentimentQuery(Query):
    """The mood of the market, or of a text."""

    capability: ClassVar[Capability] = "sentiment"
    text: str | None = None

    def __post_init__(self) -> None:
        if self.text is not None:
            object.__setattr__(self, "text", _text("text", self.text, MOST_TEXT))


@dataclass(frozen=True, slots=True)
class SocialQuery(Query):
    """How much is said of an asset, and by how many. Of ``BTC/USDT`` the base is meant."""

    capability: ClassVar[Capability] = "social"
    symbol: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbol", parse_asset(self.symbol, "symbol"))

    @property
    def subject(self) -> str:
        """The asset."""
        return self.symbol


@dataclass(frozen=True, slots=True)
class OnChainQuery(Query):
    """One figure of a chain: a name among :data:`core.market.METRICS`."""

    capability: ClassVar[Capability] = "onchain"
    metric: str

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str) or self.metric not in METRICS:
            raise ValueError(f"metric={str(self.metric)[:40]!r}: expected one of {' '.join(METRICS)}")


@dataclass(frozen=True, slots=True)
class PredictionQuery(SymbolQuery):
    """Where the price will stand ``horizon`` candles of ``interval`` from the newest closed one."""

    capability: ClassVar[Capability] = "ai_prediction"
    interval: str = "1h"
    horizon: int = 1
    allow_quote: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        SymbolQuery.__post_init__(self)
        interval_seconds(self.interval)
        check_count("horizon", self.horizon, 100)


def _text(field: str, value: object, most: int) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not 0 < len(text) <= most:
        raise ValueError(f"{field}={str(value)[:40]!r}: expected text of 1 to {most} signs")
    return text
