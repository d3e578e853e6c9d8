"""A provider: pure functions from queries to requests, and from responses to values."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import httpx

from core.answer import BadPayload, UnknownSymbol
from core.market import (
    CandleQuery,
    Capability,
    NewsQuery,
    OrderBookQuery,
    Query,
    SentimentQuery,
    SymbolQuery,
    to_seconds,
)
from core.wire import books, candle_range, candles, feed, metadata, news, onchain, sentiment, social, tickers
from core.wire.accept import accept, sent_at
from core.wire.alternatives import Alternative
from core.wire.books import BookCall
from core.wire.calls import DEFAULT_MAX_BYTES, BodyFormat, Call, Timed
from core.wire.candle_call import CandleCall
from core.wire.declare import SHORT_NAME, Auth, Declaration, Host, Limit, Source
from core.wire.listing import ListingCall, read_listing
from core.wire.metadata import MetadataCall
from core.wire.news import NewsCall
from core.wire.onchain import OnChainCall
from core.wire.paths import MISSING, fill, find, show_path
from core.wire.tickers import TickerCall
from core.wire.topics import asset_of, words_of
from core.wire.values import clip

_NO: dict[Capability, str] = {
    "ohlcv": "no candles",
    "price": "no price",
    "volume": "no 24 h volume",
    "orderbook": "no order book",
    "onchain": "no figures of chains",
}

_ACCEPT: dict[BodyFormat, str] = {
    "json": "application/json",
    "feed": "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8",
}

_READERS: dict[Capability, Callable[..., Any]] = {
    "ohlcv": candles.read_candles,
    "price": tickers.read_price,
    "volume": tickers.read_volume,
    "orderbook": books.read_book,
    "metadata": metadata.read_metadata,
    "news": news.read_news,
    "sentiment": sentiment.read_sentiment,
    "social": social.read_social,
    "onchain": onchain.read_onchain,
}


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request without a key: ``auth`` names the slot for it. ``max_bytes`` caps the answer."""

    method: str
    url: httpx.URL
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    auth: str | None = None
    max_bytes: int = DEFAULT_MAX_BYTES


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Provider × capability × host: what is healthy or not."""

    provider: str
    capability: Capability
    host: str

    def __str__(self) -> str:
        """``kraken/ohlcv@api.kraken.com``."""
        return f"{self.provider}/{self.capability}@{self.host}"


class Provider:
    """One catalogue entry. Everything here is pure; ``now`` is seconds since 1970 or an aware datetime."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.id = declaration.id
        self.name = declaration.name
        self.kind: str = declaration.kind
        self.home = declaration.home
        self.docs = declaration.docs
        self.read_on: date | None = declaration.read_on
        self.read_from: tuple[Source, ...] = declaration.read_from
        self.priority = declaration.priority
        self.upstream: str = declaration.upstream or _upstream(declaration)
        """Providers that have this in common say the same thing twice."""
        self.hosts: tuple[Host, ...] = declaration.hosts
        self.capabilities: tuple[Capability, ...] = tuple(declaration.calls)
        self.limits: tuple[Limit, ...] = declaration.limits
        self.check_symbol = declaration.check_symbol or ""
        self.check_every = declaration.check_every
        self.check_cost = declaration.check.cost
        self.quotes = declaration.quotes
        self.notes: tuple[str, ...] = declaration.notes
        self.auth: Auth | None = declaration.auth
        self._others = frozenset(declaration.symbol.others)
        self.endpoints: tuple[Endpoint, ...] = tuple(
            Endpoint(self.id, capability, host.name)
            for capability in self.capabilities
            for host in self.hosts
        )

    def __repr__(self) -> str:
        return f"<Provider {self.id}: {' '.join(self.capabilities)}>"

    def priority_for(self, capability: Capability) -> int:
        """Lower is asked first."""
        call = self.declaration.calls.get(capability)
        return self.priority if call is None or call.priority is None else call.priority

    def serves(self, query: Query, now: float | datetime | None = None) -> str | None:
        """None when it can serve the query as it stands, else why not, in words.

        ``allow_quote`` is not looked at: ask with the other symbol to learn about the other currency.
        """
        forms = self.declaration.forms.get(query.capability)
        if forms is None:
            return _NO.get(query.capability, f"no {query.capability.replace('_', ' ')}")
        call = self.declaration.call_for(query)
        if call is None:
            return forms[0].lacks(query)
        if isinstance(query, SymbolQuery) and self.quotes and query.quote not in self.quotes:
            return f"no markets quoted in {query.quote}"
        if self._nameless(query):
            return f"its name for {query.subject.partition('/')[0]} is not known"
        if other := self._others.intersection(query.subject.split("/")):
            return f"its {' and '.join(sorted(other))} is another coin"
        if isinstance(call, CandleCall) and isinstance(query, CandleQuery):
            if query.interval not in call.intervals:
                return f"no {query.interval} candles"
            seconds = _seconds(now)
            if (kept := call.kept(query.interval)) is not None and seconds is not None:
                first, stop = query.span(seconds)
                if first < stop <= candle_range.reach(call, query, seconds):
                    return f"only the newest {kept} candles"
        if isinstance(call, BookCall) and isinstance(query, OrderBookQuery) and query.depth > call.max_depth:
            return f"at most {call.max_depth} levels of the order book"
        return None

    def covers(self, query: Query, now: float | datetime) -> bool:
        """False when a declared history depth cannot reach the whole asked span."""
        call = self.declaration.call_for(query)
        if isinstance(call, CandleCall) and isinstance(query, CandleQuery):
            return candle_range.covers(call, query, to_seconds(now, "now"))
        return True

    def reach(self, query: CandleQuery, now: float) -> int | None:
        """Open time, in seconds, of the oldest candle that its declared history holds; None without a bound."""
        call = self.declaration.calls.get(query.capability)
        if not isinstance(call, CandleCall) or call.kept(query.interval) is None:
            return None
        return candle_range.reach(call, query, now)

    def pages(self, query: Query, now: float | datetime) -> list[Query]:
        """Queries that each fit one request, oldest first; their spans are together the query's."""
        call = self._call(query)
        if isinstance(call, CandleCall) and isinstance(query, CandleQuery):
            return list(candle_range.pages(call, query, to_seconds(now, "now")))
        return [query]

    def cost(self, query: Query) -> float:
        """Weight of the query's request against :attr:`limits`."""
        call = self._call(query)
        if isinstance(query, OrderBookQuery):
            return call.cost_of(query.depth)
        if isinstance(call, CandleCall) and isinstance(query, CandleQuery):
            return call.cost_of(min(query.limit or call.max_rows, call.max_rows))
        return call.cost

    def alternatives(self, capability: Capability) -> tuple[Alternative, ...]:
        """Other forms of a call, in the order in which to try them."""
        return self.declaration.others.get(capability, ())

    def request(
        self,
        query: Query,
        *,
        host: Host | str | None = None,
        now: float | datetime | None = None,
        form: int = 0,
    ) -> WireRequest:
        """The request for a query, without any key; ``form`` 0 is the usual one, n the n-th alternative.

        ValueError for a query that is not served, or that does not fit one request (see :meth:`pages`).
        """
        if (reason := self.serves(query)) is not None:
            raise ValueError(f"{self.id}: {reason}")
        call = self._call(query)
        if form:
            call = self.alternatives(query.capability)[form - 1].of(call)
        names = self._names(call, query, _seconds(now))
        template = call.path
        if isinstance(call, CandleCall) and isinstance(query, CandleQuery):
            template = candle_range.path(call, query, _seconds(now))
        return self._request(call, template, names, self._host(host))

    def check_request(self, host: Host | str | None = None) -> WireRequest:
        """The cheapest declared call, for connectivity and health; with a key only where nothing goes without."""
        check = self.declaration.check
        url = httpx.URL(self._host(host).url + check.path)
        headers, content = {"accept": _ACCEPT[check.format]}, None
        if check.json_body is not None:
            headers["content-type"], content = "application/json", _encoded(check.json_body)
        slot = self.auth.name if self.auth is not None and self.auth.required else None
        return WireRequest("GET" if content is None else "POST", url, headers, content, slot)

    def listing_request(self, host: Host | str | None = None) -> WireRequest:
        """The request for the list of symbols. ValueError when the provider has none."""
        call = self._listing()
        return self._request(call, call.path, {}, self._host(host))

    def read_listing(
        self, response: httpx.Response, *, now: float | datetime | None = None
    ) -> frozenset[str]:
        """``BASE/QUOTE`` of every market that is traded and can be asked for.

        Raises :class:`WireError` for what is no such list; ValueError when the provider has none.
        """
        call = self._listing()
        body = accept(self.declaration, response, _seconds(now))
        _check_expected(call, {}, body)
        return read_listing(call, self.canonical, self.quotes, body)

    def read(self, query: Query, response: httpx.Response, *, now: float | datetime | None = None) -> Any:
        """The value that the response holds for the query. Raises :class:`WireError` for any other bytes.

        ``now`` (else the response's Date header) tells closed candles from the open one.
        """
        call = self._call(query)
        moment = _seconds(now)
        body = accept(self.declaration, response, moment, call.format)
        if moment is None:
            moment = sent_at(response)
        _check_expected(call, self._plain_names(call, query), body)
        if isinstance(call, TickerCall) and isinstance(query, SymbolQuery):
            call = call.about(query.base, query.quote, self.native(query.symbol))
        if query.subject:
            body = self._row_of(call, query, body)
            self._check_symbol(call, query, body)
        reader = call.custom or _READERS[query.capability]
        try:
            return reader(call, query, body, moment)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            # Only a reader of its own can get here; a body that it did not expect is still a bad payload.
            raise BadPayload(f"{type(error).__name__} in the reader: {clip(str(error))}") from error

    def read_check(self, response: httpx.Response, *, now: float | datetime | None = None) -> None:
        """None when a response to :meth:`check_request` is in order; else a :class:`WireError`."""
        body = accept(self.declaration, response, _seconds(now), self.declaration.check.format)
        if self.declaration.check.format == "feed":
            feed.entries(body)

    def native(self, symbol: str) -> str:
        """The symbol as the provider writes it."""
        return self._symbol_names(*symbol.split("/"))["symbol"]

    def follows_no_rule(self, symbol: str) -> bool:
        """Whether its name for this symbol was declared as a whole."""
        return symbol in self.declaration.symbol.overrides

    def canonical(self, name: str) -> str | None:
        """Our name for an asset of theirs: XBT is BTC. None where ours is another asset there."""
        rules = self.declaration.symbol
        for asset, theirs in rules.rename.items():
            if name in {theirs, theirs.upper()} if rules.case == "lower" else name == theirs:
                return asset
        asset = name.upper() if rules.case == "lower" else name
        return None if asset in rules.rename or asset in self._others else asset

    def _listing(self) -> ListingCall:
        if self.declaration.listing is None:
            raise ValueError(f"{self.id}: no list of symbols")
        return self.declaration.listing

    def _request(self, call: Call, template: str, names: dict[str, Any], host: Host) -> WireRequest:
        path = fill(template, {name: quote(str(value), safe="") for name, value in names.items()})
        params = {key: _text(value) for key, value in fill(call.params, names).items()}
        headers = {"accept": _ACCEPT[call.format]}
        content = None
        if call.json_body is not None:
            headers["content-type"] = "application/json"
            content = _encoded(fill(call.json_body, names))
        return WireRequest(
            call.method,
            httpx.URL(host.url + path, params=params or None),
            headers | {name.lower(): value for name, value in fill(call.headers, names).items()},
            content,
            None if self.auth is None else self.auth.name,
            call.max_bytes,
        )

    def _call(self, query: Query) -> Call:
        call = self.declaration.call_for(query)
        if call is None:
            raise ValueError(f"{self.id}: {self.serves(query)}")
        return call

    def _host(self, host: Host | str | None) -> Host:
        if host is None:
            return self.hosts[0]
        for known in self.hosts:
            if host in {known, known.name}:
                return known
        raise ValueError(f"host={str(host)[:60]!r}: expected one of {' '.join(map(str, self.hosts))}")

    def _symbol_names(self, base: str, quote_asset: str) -> dict[str, str]:
        rules = self.declaration.symbol
        cased = {
            asset: rules.rename.get(asset) or (asset.lower() if rules.case == "lower" else asset)
            for asset in (base, quote_asset)
        }
        names = {"base": cased[base], "quote": cased[quote_asset]}
        whole = rules.overrides.get(f"{base}/{quote_asset}")
        template = rules.template
        if rules.long is not None and max(map(len, names.values())) > SHORT_NAME:
            template = rules.long
        return {**names, "symbol": fill(template, names) if whole is None else whole}

    def _nameless(self, query: Query) -> bool:
        rules = self.declaration.symbol
        if not rules.named_only or not query.subject:
            return False
        base = query.subject.partition("/")[0]
        return base not in rules.rename and query.subject not in rules.overrides

    def _subject_names(self, query: Query) -> dict[str, str]:
        """The provider's names for what the query is about."""
        if isinstance(query, SymbolQuery):
            return self._symbol_names(query.base, query.quote)
        if not query.subject:
            return {}
        rules = self.declaration.symbol
        lower = rules.case == "lower"
        name = rules.rename.get(query.subject) or (query.subject.lower() if lower else query.subject)
        return {"base": name, "symbol": name}

    def _plain_names(self, call: Call, query: Query) -> dict[str, Any]:
        """What an answer may be expected to repeat of the request: symbol and interval."""
        names: dict[str, Any] = dict(self._subject_names(query))
        if isinstance(call, CandleCall) and isinstance(query, CandleQuery):
            names |= {"interval": call.intervals.get(query.interval), "seconds": query.seconds}
        return names

    def _row_of(self, call: Call, query: Query, body: Any) -> Any:
        """The body, or of many tickers the one that is meant."""
        if not isinstance(call, TickerCall | Timed) or call.pick is None:
            return body
        rows = find(body, call.rows) if isinstance(call, TickerCall | MetadataCall) else body
        if rows is MISSING:
            rows = body  # the same rows without their wrapping, as a neighbouring call has them
        if isinstance(rows, dict):
            members = list(rows.values())
            if not members or any(type(member) is not dict for member in members):
                return rows  # one ticker, not an object of many
            rows = members
        if not isinstance(rows, list):
            return rows
        if not rows:
            raise UnknownSymbol(f"{self.name} answers with an empty list for {query.subject}")
        name = self._subject_names(query)["symbol"]
        for row in rows:
            said = find(row, call.pick)
            if isinstance(said, str | int) and _bare(str(said)) == _bare(name):
                return row
        raise BadPayload(f"no row is about {name!r}")

    def _names(self, call: Call, query: Query, now: float | None) -> dict[str, Any]:
        names: dict[str, Any] = dict(self._subject_names(query))
        if isinstance(call, CandleCall) and isinstance(query, CandleQuery):
            names |= candle_range.names(call, query, now)
        if isinstance(call, BookCall) and isinstance(query, OrderBookQuery):
            names["depth"] = call.depth_for(query.depth)
        if isinstance(call, OnChainCall):
            since = None if now is None else int(now - call.window)
            iso = None if since is None else f"{datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%SZ}"
            names |= {"since": since, "since_iso": iso}
        if isinstance(query, SentimentQuery):
            names["text"] = query.text
        if isinstance(call, NewsCall) and isinstance(query, NewsQuery):
            names |= {
                "topic": call.anything if query.topic is None else words_of(query.topic),
                "asset": None if query.topic is None else asset_of(query.topic),
                "limit": query.limit,
            }
        return names

    def _check_symbol(self, call: Call, query: Query, body: Any) -> None:
        """A response that names a symbol must name the one that was asked for."""
        said = None if call.symbol_at is None else find(body, call.symbol_at)
        if said is None or said is MISSING:
            return
        own = self._subject_names(query)
        forms = {own["symbol"], query.subject}
        if isinstance(query, SymbolQuery):
            plain = {"base": query.base, "quote": query.quote}
            for form in self.declaration.symbol.answers:
                forms |= {fill(form, own), fill(form, plain)}
        if not isinstance(said, str | int) or _bare(str(said)) not in set(map(_bare, forms)):
            raise BadPayload(f"the answer is about {clip(said)}, asked for {own['symbol']!r}")


def _check_expected(call: Call, names: dict[str, Any], body: Any) -> None:
    for place, template in call.expected:
        said, value = find(body, place), str(fill(template, names))
        if said is not MISSING and str(said) != value:
            raise BadPayload(f"{show_path(place)} is {clip(said)}, expected {value!r}")


def _encoded(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bare(symbol: str) -> str:
    return "".join(sign for sign in symbol.upper() if sign.isalnum())


def _seconds(now: float | datetime | None) -> float | None:
    return None if now is None else to_seconds(now, "now")


def _upstream(declaration: Declaration) -> str:
    """Aggregators average over the same exchanges; everybody else speaks for themselves."""
    return "aggregate" if declaration.kind == "aggregator" else declaration.id
