"""A provider: pure functions from queries to requests, and from responses to values."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import httpx

from core.answer import WireError
from core.market import CandleQuery, Capability, OrderBookQuery, Query, SymbolQuery, to_seconds
from core.wire import candle_range, reading, requests
from core.wire.alternatives import Alternative
from core.wire.books import BookCall
from core.wire.calls import Call
from core.wire.candle_call import CandleCall
from core.wire.declare import Auth, Declaration, Host, Limit, Source
from core.wire.listing import ListingCall
from core.wire.requests import WireRequest

_NO: dict[Capability, str] = {
    "ohlcv": "no candles",
    "price": "no price",
    "volume": "no 24 h volume",
    "orderbook": "no order book",
    "onchain": "no figures of chains",
    "technical": "no indicators",
}


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
        if reason := self.declaration.symbol.lacks(query):
            return reason
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
        return requests.request(self.declaration, call, query, self._host(host), _seconds(now))

    def check_request(self, host: Host | str | None = None) -> WireRequest:
        """The cheapest declared call, for connectivity and health; with a key only where nothing goes without."""
        return requests.check_request(self.declaration, self._host(host))

    def listing_request(self, host: Host | str | None = None) -> WireRequest:
        """The request for the list of symbols. ValueError when the provider has none."""
        return requests.listing_request(self.declaration, self._listing(), self._host(host))

    def read_listing(
        self, response: httpx.Response, *, now: float | datetime | None = None
    ) -> frozenset[str]:
        """``BASE/QUOTE`` of every market that is traded and can be asked for.

        Raises :class:`WireError` for what is no such list; ValueError when the provider has none.
        """
        return reading.read_listing(self.declaration, self._listing(), response, _seconds(now))

    def read(self, query: Query, response: httpx.Response, *, now: float | datetime | None = None) -> Any:
        """The value that the response holds for the query. Raises :class:`WireError` for any other bytes.

        ``now`` (else the response's Date header) tells closed candles from the open one.
        """
        call = self._call(query)
        try:
            return reading.read(self.declaration, call, query, response, _seconds(now))
        except WireError as error:
            if error.status is None:
                error.status = response.status_code
            raise

    def read_check(self, response: httpx.Response, *, now: float | datetime | None = None) -> None:
        """None when a response to :meth:`check_request` is in order; else a :class:`WireError`."""
        reading.read_check(self.declaration, response, _seconds(now))

    def native(self, symbol: str) -> str:
        """The symbol as the provider writes it."""
        return self.declaration.symbol.pair(*symbol.split("/"))["symbol"]

    def follows_no_rule(self, symbol: str) -> bool:
        """Whether its name for this symbol was declared as a whole."""
        return symbol in self.declaration.symbol.overrides

    def _listing(self) -> ListingCall:
        if self.declaration.listing is None:
            raise ValueError(f"{self.id}: no list of symbols")
        return self.declaration.listing

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


def _seconds(now: float | datetime | None) -> float | None:
    return None if now is None else to_seconds(now, "now")


def _upstream(declaration: Declaration) -> str:
    """Aggregators average over the same exchanges; everybody else speaks for themselves."""
    return "aggregate" if declaration.kind == "aggregator" else declaration.id
