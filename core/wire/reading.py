"""From a response to the value that a query asks for, or to the error that names what is wrong. Pure."""

from collections.abc import Callable
from typing import Any

import httpx

from core.answer import BadPayload, UnknownSymbol
from core.market import CandleQuery, Capability, Query, SymbolQuery, TechnicalQuery
from core.wire import feed
from core.wire.accept import accept, sent_at
from core.wire.books import read_book
from core.wire.calls import Call, Timed
from core.wire.candle_call import CandleCall
from core.wire.candles import read_candles
from core.wire.declare import Declaration
from core.wire.listing import ListingCall, read_markets
from core.wire.metadata import MetadataCall, read_metadata
from core.wire.news import read_news
from core.wire.onchain import read_onchain
from core.wire.paths import MISSING, fill, find, show_path
from core.wire.sentiment import read_sentiment
from core.wire.social import read_social
from core.wire.technical import TechnicalCall, read_technical
from core.wire.tickers import TickerCall, read_price, read_volume
from core.wire.values import clip

_READERS: dict[Capability, Callable[..., Any]] = {
    "ohlcv": read_candles,
    "price": read_price,
    "volume": read_volume,
    "orderbook": read_book,
    "metadata": read_metadata,
    "news": read_news,
    "sentiment": read_sentiment,
    "social": read_social,
    "technical": read_technical,
    "onchain": read_onchain,
}


def read(spec: Declaration, call: Call, query: Query, response: httpx.Response, now: float | None) -> Any:
    """The value that the response holds for the query. Raises :class:`WireError` for any other bytes.

    ``now`` (else the response's Date header) in seconds since 1970 tells closed candles from the open one.
    """
    body = accept(spec, response, now, call.format)
    if now is None:
        now = sent_at(response)
    names = spec.symbol.names(query)
    _check_expected(call, names | _interval(call, query), body)
    if isinstance(call, TickerCall) and isinstance(query, SymbolQuery):
        call = call.about(query.base, query.quote, names["symbol"])
    if query.subject:
        body = _row_of(spec, call, query, names["symbol"], body)
        _check_symbol(spec, call, query, names["symbol"], body)
    reader = call.custom or _READERS[query.capability]
    try:
        return reader(call, query, body, now)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        # Only a reader of its own can get here; a body that it did not expect is still a bad payload.
        raise BadPayload(f"{type(error).__name__} in the reader: {clip(str(error))}") from error


def read_listing(
    spec: Declaration, call: ListingCall, response: httpx.Response, now: float | None
) -> frozenset[str]:
    """``BASE/QUOTE`` of every market that is traded. Raises :class:`WireError` for what is no such list."""
    body = accept(spec, response, now)
    _check_expected(call, {}, body)
    return read_markets(call, spec.symbol.ours, spec.quotes, body)


def read_check(spec: Declaration, response: httpx.Response, now: float | None) -> None:
    """None when a response to the cheapest call is in order; else a :class:`WireError`."""
    body = accept(spec, response, now, spec.check.format)
    if spec.check.format == "feed":
        feed.entries(body)


def _interval(call: Call, query: Query) -> dict[str, Any]:
    """What an answer may be expected to repeat beside the symbol."""
    if isinstance(call, CandleCall) and isinstance(query, CandleQuery):
        return {"interval": call.intervals.get(query.interval), "seconds": query.seconds}
    if isinstance(call, TechnicalCall) and isinstance(query, TechnicalQuery):
        return {"interval": call.intervals.get(query.interval)}
    return {}


def _check_expected(call: Call, names: dict[str, Any], body: Any) -> None:
    for place, template in call.expected:
        said, value = find(body, place), str(fill(template, names))
        if said is not MISSING and str(said) != value:
            raise BadPayload(f"{show_path(place)} is {clip(said)}, expected {value!r}")


def _row_of(spec: Declaration, call: Call, query: Query, name: str, body: Any) -> Any:
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
        raise UnknownSymbol(f"{spec.name} answers with an empty list for {query.subject}")
    for row in rows:
        said = find(row, call.pick)
        if isinstance(said, str | int) and _bare(str(said)) == _bare(name):
            return row
    raise BadPayload(f"no row is about {name!r}")


def _check_symbol(spec: Declaration, call: Call, query: Query, name: str, body: Any) -> None:
    """A response that names a symbol must name the one that was asked for."""
    said = None if call.symbol_at is None else find(body, call.symbol_at)
    if said is None or said is MISSING:
        if isinstance(call, MetadataCall) and call.symbol_at is not None:
            raise BadPayload(f"{show_path(call.symbol_at)} is missing: whose facts these are is not said")
        return
    if not isinstance(said, str | int) or _bare(str(said)) not in set(map(_bare, spec.symbol.forms(query))):
        raise BadPayload(f"the answer is about {clip(said)}, asked for {name!r}")


def _bare(symbol: str) -> str:
    return "".join(sign for sign in symbol.upper() if sign.isalnum())
