"""From a call and a query to a request, without any key. Pure."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from core.market import CandleQuery, NewsQuery, OrderBookQuery, Query, SentimentQuery, TechnicalQuery
from core.wire import candle_range
from core.wire.books import BookCall
from core.wire.calls import DEFAULT_MAX_BYTES, BodyFormat, Call
from core.wire.candle_call import CandleCall
from core.wire.declare import Declaration, Host
from core.wire.listing import ListingCall
from core.wire.news import NewsCall
from core.wire.onchain import OnChainCall
from core.wire.paths import fill
from core.wire.technical import TechnicalCall
from core.wire.topics import asset_of, words_of

_ACCEPT: dict[BodyFormat, str] = {
    "json": "application/json",
    "feed": "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8",
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


def request(spec: Declaration, call: Call, query: Query, host: Host, now: float | None) -> WireRequest:
    """The request for a query, by this call. ValueError for one that does not fit one request."""
    names = spec.symbol.names(query) | _names(call, query, now)
    path = call.path
    if isinstance(call, CandleCall) and isinstance(query, CandleQuery):
        path = candle_range.path(call, query, now)
    return _filled(spec, call, path, names, host)


def listing_request(spec: Declaration, call: ListingCall, host: Host) -> WireRequest:
    """The request for the list of symbols."""
    return _filled(spec, call, call.path, {}, host)


def check_request(spec: Declaration, host: Host) -> WireRequest:
    """The cheapest declared call; with a key only where nothing goes without."""
    check = spec.check
    headers, content = {"accept": _ACCEPT[check.format]}, None
    if check.json_body is not None:
        headers["content-type"], content = "application/json", _encoded(check.json_body)
    slot = spec.auth.name if spec.auth is not None and spec.auth.required else None
    url = httpx.URL(host.url + check.path)
    return WireRequest("GET" if content is None else "POST", url, headers, content, slot)


def _names(call: Call, query: Query, now: float | None) -> dict[str, Any]:
    """What a call's own names in its templates are for this query; None for what is not sent."""
    if isinstance(call, CandleCall) and isinstance(query, CandleQuery):
        return candle_range.names(call, query, now)
    if isinstance(call, BookCall) and isinstance(query, OrderBookQuery):
        return {"depth": call.depth_for(query.depth)}
    if isinstance(call, TechnicalCall) and isinstance(query, TechnicalQuery):
        return {"interval": call.intervals[query.interval]}
    if isinstance(call, OnChainCall):
        since = None if now is None else int(now - call.window)
        iso = None if since is None else f"{datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%SZ}"
        return {"since": since, "since_iso": iso}
    if isinstance(query, SentimentQuery):
        return {"text": query.text}
    if isinstance(call, NewsCall) and isinstance(query, NewsQuery):
        return {
            "topic": call.anything if query.topic is None else words_of(query.topic),
            "asset": None if query.topic is None else asset_of(query.topic),
            "limit": query.limit,
        }
    return {}


def _filled(spec: Declaration, call: Call, template: str, names: dict[str, Any], host: Host) -> WireRequest:
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
        None if spec.auth is None else spec.auth.name,
        call.max_bytes,
    )


def _encoded(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
