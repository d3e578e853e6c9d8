"""Calls about what is around a price, and how their answers are read.

Request templates may use ``{symbol}`` and ``{base}`` where an asset is asked about; for figures of chains
``{since}`` and ``{since_iso}``, the moment ``window`` seconds ago, in seconds since 1970 and as ISO 8601.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from core.answer import BadPayload
from core.market import (
    METRICS,
    AssetFacts,
    MarketOverview,
    MetadataQuery,
    OnChainFigure,
    OnChainQuery,
    Query,
    Sentiment,
    SentimentQuery,
    Social,
    SocialQuery,
)
from core.wire import feed
from core.wire.calls import Call
from core.wire.fields import Dotted, Positive
from core.wire.figures import At, Figure, read_time
from core.wire.news import items_of
from core.wire.paths import MISSING, find, show_path
from core.wire.values import TimeUnit, clip
from core.wire.words import address, plain_text

_NUMBERS: dict[str, tuple[str, ...]] = {
    "market": (
        "market_cap_usd",
        "volume_24h_usd",
        "change_24h_pct",
        "btc_dominance_pct",
        "eth_dominance_pct",
        "assets",
        "markets",
    ),
    "asset": ("rank", "market_cap_usd", "circulating", "total_supply", "max_supply", "all_time_high_usd"),
}
_WHOLE = frozenset({"rank", "assets", "markets"})
_SOCIAL = (
    "reddit_subscribers",
    "reddit_active",
    "reddit_posts_48h",
    "reddit_comments_48h",
    "twitter_followers",
    "telegram_members",
    "watchlists",
    "positive_votes_pct",
    "mentions_24h",
    "interactions_24h",
)
MOST_DESCRIPTION = 1000
MOST_HISTORY = 100
MOST_POSTS = 20

_MOODS = (
    (25.0, "Extreme Fear"),
    (45.0, "Fear"),
    (56.0, "Neutral"),
    (76.0, "Greed"),
    (101.0, "Extreme Greed"),
)


class Timed(Call):
    """A call whose answer may say of when it is. Paths begin at ``root``."""

    root: Dotted = ()
    pick: Dotted | None = None
    """The answer is a list: the row is meant whose value at this path names the asset."""
    time: At | None = None
    time_unit: TimeUnit = "s"

    @classmethod
    def template_names(cls) -> set[str]:
        return {"symbol", "base"}

    def moment(self, body: Any) -> datetime | None:
        """When, by the answer's own word."""
        return read_time(body, self.root, self.time, self.time_unit)


class MetadataCall(Timed):
    """The market as a whole, or one asset."""

    about: Literal["market", "asset"]
    rows: Dotted = ()
    """Where the list is that ``pick`` picks from."""
    figures: dict[str, At]
    name: Dotted | None = None
    home: Dotted | None = None
    description: Dotted | None = None
    started: Dotted | None = None
    """ISO 8601."""

    @model_validator(mode="after")
    def _figures_are_ours(self) -> "MetadataCall":
        _check_known(self.figures, _NUMBERS[self.about])
        if self.about == "market" and "market_cap_usd" not in self.figures:
            raise ValueError("figures: expected market_cap_usd")
        if (self.about == "asset") != (self.name is not None):
            raise ValueError("name: expected a path for an asset, and none for the market")
        return self

    def fits(self, query: Query) -> bool:
        return isinstance(query, MetadataQuery) and (self.about == "asset") == (query.asset is not None)

    def lacks(self, query: Query) -> str:
        of_asset = isinstance(query, MetadataQuery) and query.asset is not None
        return "nothing on single assets" if of_asset else "nothing on the market as a whole"


class SentimentCall(Timed):
    """The mood of the market: an index, the newest first where ``rows`` leads to a list.

    ``low`` and ``high`` are the index's ends: fear and greed.
    """

    rows: Dotted | None = None
    index: At
    label: Dotted | None = None
    low: float = 0.0
    high: float = 100.0
    measures: Annotated[str, Field(min_length=1)]
    """What is measured, in a few words."""

    @model_validator(mode="after")
    def _ends_differ(self) -> "SentimentCall":
        if self.low >= self.high:
            raise ValueError(f"low={self.low}: expected less than high={self.high}")
        return self

    def fits(self, query: Query) -> bool:
        return isinstance(query, SentimentQuery) and query.text is None

    def lacks(self, query: Query) -> str:
        del query
        return "the mood of the market only, not of a text"


class TextSentimentCall(Call):
    """The sentiment of a text, by a model elsewhere: labels, each with its probability. ``{text}`` is the text.

    A list in a list is looked into, as answers to several texts are.
    """

    rows: Dotted = ()
    label: Dotted
    probability: Dotted
    labels: Annotated[
        dict[str, Annotated[float, Field(ge=-1, le=1)]],
        Field(min_length=2),
        AfterValidator(lambda known: {name.casefold(): score for name, score in known.items()}),
    ]
    """The model's label, in any case → what it says of the mood, from -1 to 1."""
    measures: Annotated[str, Field(min_length=1)]
    """Which model, in a few words."""

    @classmethod
    def template_names(cls) -> set[str]:
        return {"text"}

    def fits(self, query: Query) -> bool:
        return isinstance(query, SentimentQuery) and query.text is not None

    def lacks(self, query: Query) -> str:
        del query
        return "the sentiment of a text only, not the mood of the market"


class SocialCall(Timed):
    """How much is said of an asset. A feed holds the newest posts and no figures."""

    figures: dict[str, At] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _figures_are_ours(self) -> "SocialCall":
        _check_known(self.figures, _SOCIAL)
        if (self.format == "feed") == bool(self.figures):
            raise ValueError("figures: expected some for JSON, and none for a feed")
        return self


class OnChainCall(Timed):
    """One request, and the figures of the vocabulary that stand in its answer."""

    metrics: Annotated[dict[str, At], Field(min_length=1)]
    window: Positive = 3600.0
    """How far back a request for a series goes, in seconds."""

    @classmethod
    def template_names(cls) -> set[str]:
        return {"since", "since_iso"}

    @model_validator(mode="after")
    def _metrics_are_ours(self) -> "OnChainCall":
        _check_known(self.metrics, tuple(METRICS))
        return self

    def fits(self, query: Query) -> bool:
        return isinstance(query, OnChainQuery) and query.metric in self.metrics

    def lacks(self, query: Query) -> str:
        return f"no {query.metric}" if isinstance(query, OnChainQuery) else ""


def read_metadata(
    call: MetadataCall, query: MetadataQuery, body: Any, _now: float | None = None
) -> MarketOverview | AssetFacts:
    """Facts. Of the market its capitalisation must be there, of an asset its name."""
    found = {name: figure.read(body, name, call.root) for name, figure in call.figures.items()}
    for name, value in found.items():
        if value is not None and value < 0 and name != "change_24h_pct":
            raise BadPayload(f"{name} is {value:g}, expected none below zero")
    figures: dict[str, Any] = {
        name: int(value) if value is not None and name in _WHOLE else value for name, value in found.items()
    }
    if query.asset is None:
        _required(call, "market_cap_usd", figures["market_cap_usd"])
        return MarketOverview(**figures, time=call.moment(body))
    # An unknown limit is told as zero by some.
    figures = {name: value or None for name, value in figures.items()}
    name = plain_text(_text(call, body, call.name), 80)
    if not name:
        raise BadPayload(f"{show_path(call.root + (call.name or ()))} is missing: no name of {query.asset}")
    return AssetFacts(
        query.asset,
        name,
        **figures,
        started=read_time(body, call.root, _at(call.started), "iso"),
        home=address(_text(call, body, call.home)),
        description=plain_text(_text(call, body, call.description), MOST_DESCRIPTION) or None,
        time=call.moment(body),
    )


def read_sentiment(
    call: SentimentCall | TextSentimentCall, query: SentimentQuery, body: Any, _now: float | None = None
) -> Sentiment:
    """The mood now, and earlier ones where the answer has them; or that of a text."""
    del query
    if isinstance(call, TextSentimentCall):
        return _of_text(call, body)
    rows = [body] if call.rows is None else find(body, call.rows)
    if not isinstance(rows, list) or not rows:
        shown = "missing" if rows is MISSING else clip(rows)
        raise BadPayload(f"{show_path(call.rows or ())} is {shown}, expected a list of moods")
    history = []
    for number, row in enumerate(rows[:MOST_HISTORY], 1):
        at = call.moment(row)
        score = _score(call, row, f"row {number}: index")
        history.append((at, score))
    at, score = history[0]
    index = (score + 1.0) * 50.0
    said = plain_text(_text(call, rows[0], call.label), 40)
    label = said or next(word for limit, word in _MOODS if index < limit)
    dated = tuple((moment, value) for moment, value in history if moment is not None)
    return Sentiment(score, label, call.measures, round(index, 6), history=dated, time=at)


def _of_text(call: TextSentimentCall, body: Any) -> Sentiment:
    """Every label's mood, weighed by its probability."""
    rows = find(body, call.rows)
    if isinstance(rows, list) and rows and isinstance(rows[0], list):
        rows = rows[0]
    if not isinstance(rows, list) or not rows:
        shown = "missing" if rows is MISSING else clip(rows)
        raise BadPayload(f"{show_path(call.rows)} is {shown}, expected a list of labels")
    found: dict[str, float] = {}
    for number, row in enumerate(rows, 1):
        label, chance = find(row, call.label), find(row, call.probability)
        if not isinstance(label, str) or label.casefold() not in call.labels or label.casefold() in found:
            raise BadPayload(
                f"label {number} is {clip(label)}, expected each of {' '.join(call.labels)} once"
            )
        if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
            raise BadPayload(f"the probability of {label} is {clip(chance)}, expected 0 to 1")
        found[label.casefold()] = float(chance)
    whole = sum(found.values())
    if whole <= 0:
        raise BadPayload("no label has any probability")
    likeliest = max(found, key=found.__getitem__)
    score = sum(call.labels[label] * chance for label, chance in found.items()) / whole
    return Sentiment(score, likeliest, call.measures, confidence=found[likeliest])


def read_social(call: SocialCall, query: SocialQuery, body: Any, _now: float | None = None) -> Social:
    """What there is; one figure at least, or the posts of a feed."""
    if call.format == "feed":
        posts = items_of(feed.entries(body), "", _now)
        return Social(
            query.symbol, newest_posts=posts[:MOST_POSTS], time=posts[0].published if posts else None
        )
    found: dict[str, Any] = {
        name: figure.read(body, name, call.root) for name, figure in call.figures.items()
    }
    for name, value in found.items():
        if value is not None and value < 0:
            raise BadPayload(f"{name} is {value:g}, expected none below zero")
    if all(value is None for value in found.values()):
        raise BadPayload(f"{', '.join(found)}: none of them is there")
    return Social(query.symbol, **found, time=call.moment(body))


def read_onchain(
    call: OnChainCall, query: OnChainQuery, body: Any, _now: float | None = None
) -> OnChainFigure:
    """The figure. BadPayload when it is not there."""
    figure = call.metrics[query.metric]
    if figure.path and not isinstance(part := find(body, call.root), dict):
        shown = "missing" if part is MISSING else clip(part)
        raise BadPayload(f"{query.metric} is missing: {show_path(call.root)} is {shown}, expected an object")
    value = figure.read(body, query.metric, call.root)
    return OnChainFigure(
        query.metric, _required(call, query.metric, value), METRICS[query.metric].unit, call.moment(body)
    )


def _score(call: SentimentCall, row: Any, what: str) -> float:
    value = call.index.read(row, what, call.root)
    if value is None:
        raise BadPayload(f"{what} is missing")
    if not call.low <= value <= call.high:
        raise BadPayload(f"{what} is {value:g}, expected {call.low:g} to {call.high:g}")
    return (value - call.low) / (call.high - call.low) * 2.0 - 1.0


def _required(call: Timed, what: str, value: float | None) -> float:
    if value is None:
        raise BadPayload(f"{what} is missing at {show_path(call.root)}")
    return value


def _text(call: Timed, body: Any, path: tuple[str, ...] | None) -> Any:
    return None if path is None else find(body, call.root + path)


def _at(path: tuple[str, ...] | None) -> Figure | None:
    return None if path is None else Figure(path=path)


def _check_known(given: dict[str, Figure], known: tuple[str, ...]) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"{' '.join(unknown)}: expected some of {' '.join(known)}")
