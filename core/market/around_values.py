"""What is returned of metadata, news, moods, chains and predictions. What a provider does not say is None."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Direction = Literal["up", "down", "unsure"]


@dataclass(frozen=True, slots=True)
class MarketOverview:
    """The market as a whole. Dollars; shares and changes in per cent."""

    market_cap_usd: float
    volume_24h_usd: float | None = None
    change_24h_pct: float | None = None
    """Of the market's capitalisation."""
    btc_dominance_pct: float | None = None
    eth_dominance_pct: float | None = None
    assets: int | None = None
    """How many are counted."""
    markets: int | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """One asset. Supplies in its own units, the rest in dollars."""

    asset: str
    name: str
    rank: int | None = None
    """By capitalisation, from 1."""
    market_cap_usd: float | None = None
    circulating: float | None = None
    total_supply: float | None = None
    max_supply: float | None = None
    all_time_high_usd: float | None = None
    started: datetime | None = None
    home: str | None = None
    """An address that begins with https:// or http://."""
    description: str | None = None
    """Plain text, at most 1,000 signs."""
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One piece of news. All text is plain: no markup, no control or direction marks."""

    title: str
    url: str
    """Begins with https:// or http://."""
    publisher: str
    published: datetime | None = None
    summary: str = ""
    """At most 600 signs."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class News:
    """News, newest first: a sequence of items."""

    items: tuple[NewsItem, ...]
    topic: str | None = None

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[NewsItem]:
        return iter(self.items)

    def __getitem__(self, place: int) -> NewsItem:
        return self.items[place]


@dataclass(frozen=True, slots=True)
class Sentiment:
    """A mood from -1 (fear, negative) over 0 to 1 (greed, positive)."""

    score: float
    label: str
    """In the source's own words: Extreme Fear … Extreme Greed, negative … positive."""
    method: str
    """What was measured, in a few words."""
    index: float | None = None
    """Where the source has an index from 0 to 100, that."""
    confidence: float | None = None
    """From 0 to 1, where a model says so."""
    history: tuple[tuple[datetime, float], ...] = ()
    """Earlier scores, newest first, this one included."""
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Social:
    """How much is said of an asset, and by how many."""

    asset: str
    reddit_subscribers: float | None = None
    reddit_active: float | None = None
    """Accounts there lately."""
    reddit_posts_48h: float | None = None
    reddit_comments_48h: float | None = None
    twitter_followers: float | None = None
    telegram_members: float | None = None
    watchlists: float | None = None
    """People who have it on a watch list."""
    positive_votes_pct: float | None = None
    mentions_24h: float | None = None
    interactions_24h: float | None = None
    newest_posts: tuple[NewsItem, ...] = ()
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class OnChainFigure:
    """One figure of a chain, in the unit of :data:`core.market.METRICS`."""

    metric: str
    value: float
    unit: str
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """A direction, and how often this method was right before, measured on candles it had not seen."""

    symbol: str
    direction: Direction
    interval: str
    horizon: int
    """Candles of the interval, from the newest closed one."""
    method: str
    last: float
    """The close from which it counts."""
    probability_up: float | None = None
    """From 0 to 1."""
    hit_rate: float | None = None
    """Share of directions that came true out of sample, from 0 to 1; a coin toss has 0.5."""
    hit_low: float | None = None
    hit_high: float | None = None
    """The 95 % interval of the hit rate."""
    tested: int = 0
    """On how many predictions the hit rate rests."""
    time: datetime | None = None
    """When the candle closed from which it counts."""
    base_rate: float | None = None
    """How often the more frequent direction came true over the same candles: what always saying it gets."""
    verdict: str = ""
    """What the hit rate is worth beside the base rate, in words."""
