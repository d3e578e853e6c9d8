"""What a provider's TOML file may say: the declaration, as pydantic models.

A provider is data. Each capability it serves is a *call* (:mod:`core.wire.calls`).
"""

from datetime import date
from functools import cached_property
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from core.market import Capability, Query
from core.wire.alternatives import Alternative
from core.wire.books import BookCall
from core.wire.calls import Call, CheckCall
from core.wire.candle_call import CandleCall
from core.wire.fields import (
    Asset,
    Dotted,
    HeaderName,
    Https,
    Model,
    Name,
    Positive,
    Several,
    Texts,
    as_list,
    canonical_symbol,
    shaped,
)
from core.wire.listing import ListingCall
from core.wire.metadata import MetadataCall
from core.wire.naming import Naming
from core.wire.news import NewsCall
from core.wire.onchain import OnChainCall
from core.wire.sentiment import SentimentCall, TextSentimentCall
from core.wire.social import SocialCall
from core.wire.technical import TechnicalCall
from core.wire.tickers import TickerCall

Means: TypeAlias = Literal["unknown_symbol", "bad_argument", "throttled", "forbidden", "down"]
Kind: TypeAlias = Literal[
    "exchange", "aggregator", "dex", "explorer", "node", "news", "sentiment", "social", "model", "indicators"
]
Source: TypeAlias = Literal["documentation", "recorded body", "third party"]
"""The provider's own documentation, a genuine answer of it, or what others wrote about it and their code."""


class Host(Model):
    """One address of a provider. Hosts of one ``group`` are blocked together."""

    name: Annotated[
        str,
        shaped(
            r"([a-z0-9-]+(\.[a-z0-9-]+)+|localhost)(:\d{1,5})?",
            "a name in small letters, without https:// and path, as in api.venue.example",
        ),
    ]
    group: str = "api"
    scheme: Literal["https", "http"] = "https"
    """``http`` only for a host that is named in KINTSUGI_PRIVATE_HOSTS."""

    @property
    def url(self) -> str:
        """Without a path."""
        return f"{self.scheme}://{self.name}"

    def __str__(self) -> str:
        return self.name


class Limit(Model):
    """At most ``cost`` in ``seconds``, in the units of :meth:`Provider.cost`."""

    cost: Positive
    seconds: Positive
    used_header: Annotated[str, shaped(r"[a-z0-9-]+", "a header's name in small letters")] | None = None
    """A response header that tells how much is used in the running window."""


class Auth(Model):
    """A named slot for a key. The transport fills it; nothing here ever holds the key."""

    name: Name
    env: Annotated[Texts, Field(min_length=1)]
    """Environment variables that may hold the key, the usual name first."""
    header: HeaderName | None = None
    parameter: str | None = None
    path: bool = False
    """The key is the last part of the path."""
    prefix: str = ""
    """Before the key: ``"Bearer "``."""
    required: bool = False
    get_at: Https | None = None
    """Where one gets a key."""
    unlocks: str = ""
    """What it is good for, in a few words."""

    @model_validator(mode="after")
    def _one_place(self) -> "Auth":
        if [self.header is not None, self.parameter is not None, self.path].count(True) != 1:
            raise ValueError("expected one of header, parameter, path")
        return self


class ErrorRule(Model):
    """The provider's own form of a refusal. All conditions given must hold; the first rule that matches wins.

    ``path`` leads to one value or to a list, of which any member may match. ``present`` asks only that there
    is something (not null, not empty), ``differs`` that it is there and none of these, ``empty`` that there is
    an object or a list with nothing in it. The path ``""`` is the whole body, also one that is no JSON.
    """

    means: Means
    status: Annotated[tuple[int, ...], BeforeValidator(as_list)] = ()
    path: Dotted | None = None
    equals: Several = ()
    starts: Texts = ()
    contains: Texts = ()
    differs: Several = ()
    present: bool = False
    empty: bool = False
    null: bool = False
    """There is null, which an answer about a known symbol never has there."""
    cause: Literal["key", "geo", "refused"] = "refused"
    until: Literal["s", "ms"] | None = None
    """The text names a time until which to wait, in this unit since 1970."""
    wait: Positive | None = None
    """Seconds to wait where the answer names none."""

    @model_validator(mode="after")
    def _asks_something(self) -> "ErrorRule":
        conditions = sum(
            map(
                bool,
                (self.equals, self.starts, self.contains, self.differs, self.present, self.empty, self.null),
            )
        )
        if self.path is None and (conditions or not self.status):
            raise ValueError("expected a path with a condition, or a status")
        if self.path is not None and conditions != 1:
            raise ValueError(
                "expected one of equals, starts, contains, differs, present, empty, null beside path"
            )
        return self


class Declaration(Model):
    """A provider's whole file."""

    id: Name
    name: Annotated[str, Field(min_length=1)]
    kind: Kind
    home: Https
    docs: Https
    read_on: date
    """When it was read, the last time."""
    read_from: Annotated[tuple[Source, ...], BeforeValidator(as_list)] = ()
    """What was read, the best first; comments say what came from where. Empty when nobody said."""
    priority: Annotated[int, Field(strict=True, ge=0)]
    """Lower is asked first."""
    upstream: Name | None = None
    """Whose prices these are, where they are somebody else's: whoever has the same counts once in a quorum.
    Of an aggregator it is ``aggregate`` when nothing is said."""
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)]
    limits: tuple[Limit, ...] = ()
    auth: Auth | None = None
    check: CheckCall
    check_symbol: Annotated[str, AfterValidator(canonical_symbol)] | None = None
    """A symbol that it certainly has; needed wherever symbols or assets are asked for."""
    check_every: Positive
    quotes: tuple[Asset, ...] = ()
    content_types: Texts = ()
    """Content types to take for JSON beside the usual ones."""
    symbol: Naming = Naming()
    notes: Texts = ()
    """What a reader of any of its answers should know: that its markets are of another kind, say."""
    message_at: Dotted | None = None
    """Where an error says in words what is wrong."""
    errors: tuple[ErrorRule, ...] = ()
    ohlcv: CandleCall | None = None
    price: TickerCall | None = None
    volume: TickerCall | None = None
    orderbook: BookCall | None = None
    metadata: Annotated[tuple[MetadataCall, ...], BeforeValidator(as_list)] = ()
    news: NewsCall | None = None
    sentiment: SentimentCall | None = None
    text_sentiment: TextSentimentCall | None = None
    social: SocialCall | None = None
    technical: TechnicalCall | None = None
    onchain: Annotated[tuple[OnChainCall, ...], BeforeValidator(as_list)] = ()
    listing: ListingCall | None = None
    """Which symbols there are."""
    alternatives: tuple[Alternative, ...] = ()
    """Other forms of the calls, in the order in which to try them."""

    @model_validator(mode="after")
    def _hangs_together(self) -> "Declaration":
        if not self.calls:
            raise ValueError(f"no capability: expected at least one of {', '.join(self._declared())}")
        asked_about = ("ohlcv", "price", "volume", "orderbook", "social", "technical")
        if self.check_symbol is None and (named := [one for one in asked_about if one in self.calls]):
            raise ValueError(f"check_symbol: expected one, for {', '.join(named)}")
        if len({host.name for host in self.hosts}) < len(self.hosts):
            raise ValueError("hosts: one name stands there twice")
        if self.quotes and self.check_symbol and self.check_symbol.split("/")[1] not in self.quotes:
            raise ValueError(f"check_symbol={self.check_symbol!r}: its quote currency is not in quotes")
        if self.price is not None and self.price.last is None:
            raise ValueError("price: expected a path for last")
        if self.volume is not None and self.volume.volume_base is None and self.volume.volume_quote is None:
            raise ValueError("volume: expected a path for volume_base or volume_quote")
        self._alternatives_are_sound()
        return self

    def _alternatives_are_sound(self) -> None:
        for other in self.alternatives:
            if lacking := set(other.calls) - set(self.forms):
                raise ValueError(
                    f"alternatives: {other.name!r} names calls that are not there: {sorted(lacking)}"
                )
        for capability, others in self.others.items():
            for call in self.forms[capability]:
                for other in others:
                    other.of(call)

    @cached_property
    def calls(self) -> dict[Capability, Call]:
        """Capability → its call, or the first of them."""
        return {capability: found[0] for capability, found in self.forms.items()}

    @cached_property
    def forms(self) -> dict[Capability, tuple[Call, ...]]:
        """Capability → its calls, where different queries of it need different ones."""
        return {capability: found for capability, found in self._declared().items() if found}

    def call_for(self, query: Query) -> Call | None:
        """The call that answers a query; None when there is none."""
        return next((call for call in self.forms.get(query.capability, ()) if call.fits(query)), None)

    def _declared(self) -> dict[Capability, tuple[Call, ...]]:
        found: dict[Capability, Call | tuple[Call, ...] | None] = {
            "ohlcv": self.ohlcv,
            "price": self.price,
            "volume": self.volume,
            "orderbook": self.orderbook,
            "metadata": self.metadata,
            "news": self.news,
            "sentiment": tuple(filter(None, (self.sentiment, self.text_sentiment))),
            "social": self.social,
            "technical": self.technical,
            "onchain": self.onchain,
        }
        return {
            capability: call if isinstance(call, tuple) else () if call is None else (call,)
            for capability, call in found.items()
        }

    @cached_property
    def others(self) -> dict[Capability, tuple[Alternative, ...]]:
        """Capability → the alternatives of its calls."""
        return {
            capability: tuple(one for one in self.alternatives if not one.calls or capability in one.calls)
            for capability in self.forms
        }
