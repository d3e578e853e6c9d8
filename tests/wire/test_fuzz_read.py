"""Whatever comes back, ``read`` gives a value or raises a WireError, and a value is sound."""

import json
import math
from typing import Any

import httpx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.answer import WireError
from core.catalog import Catalog
from core.market import (
    METRICS,
    AssetFacts,
    CandleQuery,
    MarketOverview,
    MetadataQuery,
    News,
    NewsQuery,
    OnChainFigure,
    OnChainQuery,
    OrderBook,
    OrderBookQuery,
    PriceQuery,
    Query,
    Quote,
    Sentiment,
    SentimentQuery,
    Social,
    SocialQuery,
    Summary,
    TechnicalQuery,
    Volume,
    VolumeQuery,
)

CATALOG = Catalog.load()
T0 = 1_790_000_000 // 3600 * 3600
PROVIDERS = list(CATALOG.values())

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(T0 - 10**6, T0 + 10**6),
    st.integers(T0 * 1000 - 10**9, T0 * 1000 + 10**9),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["1.5", "-1", "0", "NaN", "1e999", "1_0", "BTCUSDT", "online", "true", ""]),
)
keys = st.one_of(
    st.text(max_size=4),
    st.sampled_from(
        ["error", "result", "code", "msg", "message", "symbol", "bids", "asks", "time", "last", "price",
         "lastPrice", "closeTime", "volume", "XXBTZUSD", "c", "v", "a", "b", "status"]
    ),
)  # fmt: skip
bodies = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)
rows = st.lists(
    st.one_of(
        st.tuples(*[scalars] * 12), st.tuples(*[scalars] * 8), st.tuples(*[scalars] * 6)
    ).map(list),
    max_size=6,
)  # fmt: skip
headers = st.dictionaries(
    st.sampled_from(["content-type", "date", "retry-after", "server"]),
    st.one_of(
        st.sampled_from(
            ["application/json", "text/html", "Sun, 22 Nov 2026 03:16:15 GMT", "120", "-1", "1e99", "nan",
             "Sun, 99 Foo 99999 99:99:99", "0", "Sun, 22 Nov 0000 03:16:15 +9999"]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    ),
)  # fmt: skip
statuses = st.one_of(
    st.just(200), st.sampled_from([206, 301, 400, 403, 404, 418, 429, 451, 500]), st.integers(100, 999)
)
nows = st.one_of(st.none(), st.integers(T0 - 10**5, T0 + 10**6).map(float))
providers = st.sampled_from(PROVIDERS)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    symbol = draw(st.sampled_from(["BTC/USDT", "BTC/USD", "DOGE/BTC"]))
    match draw(st.integers(0, 9)):
        case 0:
            start = draw(st.none() | st.integers(T0 - 10**6, T0 + 10**6))
            return CandleQuery(
                symbol,
                draw(st.sampled_from(["1m", "1h", "1d"])),
                start=start,
                end=None if start is None else start + draw(st.integers(1, 10**6)),
                limit=draw(st.none() | st.integers(1, 50)),
                include_open=draw(st.booleans()),
            )
        case 1:
            return PriceQuery(symbol)
        case 2:
            return VolumeQuery(symbol)
        case 3:
            return MetadataQuery(draw(st.sampled_from([None, "BTC", "DOGE"])))
        case 4:
            return NewsQuery(draw(st.sampled_from([None, "BTC", "spot etf"])), draw(st.integers(1, 30)))
        case 5:
            return SentimentQuery(draw(st.sampled_from([None, "Bitcoin soars"])))
        case 6:
            return SocialQuery(symbol)
        case 7:
            return OnChainQuery(draw(st.sampled_from(list(METRICS))))
        case 8:
            return TechnicalQuery(symbol, draw(st.sampled_from(["1m", "1h", "2h"])))
    return OrderBookQuery(symbol, draw(st.integers(1, 30)))


def check(provider: Any, query: Query, response: httpx.Response, now: float | None) -> None:
    value, said = None, None
    if query.capability not in provider.capabilities or provider.declaration.call_for(query) is None:
        with pytest.raises(ValueError, match=provider.id):
            provider.read(query, response, now=now)
        return
    try:
        value = provider.read(query, response, now=now)
    except WireError as error:
        said = str(error)
    if said is not None:
        assert said
        assert "in the reader" not in said, "a built-in reader let an error of its own through"
        return
    if isinstance(value, pd.DataFrame):
        assert value.index.is_monotonic_increasing
        assert value.index.is_unique
        assert all(map(math.isfinite, value.to_numpy().ravel()))
        assert isinstance(query, CandleQuery)
        assert len(value) <= (query.limit or 10**9)
    elif isinstance(value, OrderBook):
        assert all(math.isfinite(part) for level in value.bids + value.asks for part in level)
        assert [price for price, _ in value.bids] == sorted((p for p, _ in value.bids), reverse=True)
        assert [price for price, _ in value.asks] == sorted(p for p, _ in value.asks)
    elif isinstance(value, Quote):
        assert math.isfinite(value.last)
    elif isinstance(value, News):
        assert len(value) <= query.limit
        assert all(item.title and item.url.startswith("http") for item in value)
    elif isinstance(value, OnChainFigure | Sentiment):
        assert math.isfinite(getattr(value, "value", 0.0) + getattr(value, "score", 0.0))
    elif isinstance(value, Summary):
        json.dumps(value.as_dict(), allow_nan=False)
        assert value.signals
    else:
        assert isinstance(value, Volume | MarketOverview | AssetFacts | Social)


@settings(max_examples=250, deadline=None)
@given(providers, queries(), st.binary(max_size=200), statuses, headers, nows)
def test_any_bytes(
    provider: Any, query: Query, content: bytes, status: int, head: dict[str, str], now: float | None
) -> None:
    check(provider, query, httpx.Response(status, content=content, headers=head), now)


@settings(max_examples=400, deadline=None)
@given(providers, queries(), bodies, statuses, headers, nows)
def test_any_json(
    provider: Any, query: Query, body: Any, status: int, head: dict[str, str], now: float | None
) -> None:
    content = json.dumps(body).encode("utf-8", "surrogatepass")
    check(provider, query, httpx.Response(status, content=content, headers=head), now)


@settings(max_examples=400, deadline=None)
@given(providers, queries(), rows, nows)
def test_any_rows_where_the_candles_stand(provider: Any, query: Query, table: Any, now: float | None) -> None:
    for body in (table, {"error": [], "result": {provider.native("BTC/USD"): table, "last": 1}}):
        check(provider, query, httpx.Response(200, content=json.dumps(body).encode()), now)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_one_cell_of_a_good_body_changed(data: st.DataObject) -> None:
    table = [[(T0 + n * 3600) * 1000, "5", "7", "4", "6", "1.5", 0, "1", 1, "1", "1", "0"] for n in range(6)]
    row, place = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 11))
    table[row][place] = data.draw(scalars)
    response = httpx.Response(200, content=json.dumps(table).encode())
    query = CandleQuery("BTC/USDT", "1h")
    check(CATALOG["binance"], query, response, data.draw(nows))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.data())
def test_a_body_cut_anywhere_is_refused(cut: int, data: st.DataObject) -> None:
    table = [[(T0 + n * 3600) * 1000, "5", "7", "4", "6", "1.5", 0, "1", 1, "1", "1", "0"] for n in range(6)]
    content = json.dumps(table).encode()
    response = httpx.Response(200, content=content[: cut % len(content)])
    try:
        CATALOG["binance"].read(CandleQuery("BTC/USDT", "1h"), response, now=data.draw(nows))
    except WireError:
        return
    raise AssertionError("a cut body was read")


@settings(max_examples=300, deadline=None)
@given(
    st.permutations(range(8)),
    st.lists(st.integers(0, 7), max_size=4),
    st.integers(-1, 9),
    st.integers(1, 10),
    st.none() | st.integers(1, 8),
    st.booleans(),
)
def test_order_and_repetition_never_change_the_frame(
    order: list[int], again: list[int], first: int, length: int, limit: int | None, include_open: bool
) -> None:
    """Against a plain model: a dict of rows by time, filtered by the contract's words."""
    table = [[(T0 + n * 3600) * 1000, f"{n + 1}", "99", "0.5", "6", "1.5", 0, "1", 1, "1", "1", "0"]
             for n in range(8)]  # fmt: skip
    now = T0 + 7 * 3600 + 60.0  # the eighth is open
    start, end = T0 + first * 3600, T0 + (first + length) * 3600
    query = CandleQuery("BTC/USDT", "1h", start=start, end=end, limit=limit, include_open=include_open)
    body = [table[n] for n in [*order, *again]]
    frame = CATALOG["binance"].read(query, httpx.Response(200, json=body), now=now)
    known = range(8) if include_open else range(7)
    wanted = [n for n in known if first <= n < first + length][:limit]
    assert list(frame["open"]) == [n + 1.0 for n in wanted]
    assert frame.attrs.get("wire", {}).get("duplicates", 0) == len(again)
