"""What every catalogue entry must do, whichever it is."""

import itertools
from datetime import UTC, datetime

import httpx
import pytest

from core.answer import BadPayload, CallerError, Forbidden, ProviderDown, Throttled, WireError
from core.catalog import Catalog, Endpoint, Provider
from core.market import (
    INTERVALS,
    CandleQuery,
    MetadataQuery,
    NewsQuery,
    OnChainQuery,
    OrderBookQuery,
    PriceQuery,
    Query,
    SentimentQuery,
    SocialQuery,
    TechnicalQuery,
    VolumeQuery,
)

NOW = datetime(2026, 11, 22, 3, 14, 15, tzinfo=UTC).timestamp()
CATALOG = Catalog.load()
JSON = {"content-type": "application/json"}

every_endpoint = pytest.mark.parametrize("endpoint", CATALOG.endpoints, ids=str)
every_call = pytest.mark.parametrize(
    "endpoint",
    [each for each in CATALOG.endpoints if each.host == CATALOG[each.provider].hosts[0].name],
    ids=str,
)
every_provider = pytest.mark.parametrize("provider", CATALOG.values(), ids=list(CATALOG))
every_candle_provider = pytest.mark.parametrize(
    "provider", CATALOG.serving("ohlcv"), ids=lambda provider: provider.id
)


def usual(provider: Provider) -> str:
    """An hour, or what is offered instead."""
    offered = provider.declaration.calls["ohlcv"].intervals
    return "1h" if "1h" in offered else list(offered)[-1]


def query_of(endpoint: Endpoint) -> Query:
    provider = CATALOG[endpoint.provider]
    symbol = provider.check_symbol
    match endpoint.capability:
        case "ohlcv":
            call, interval = provider.declaration.calls["ohlcv"], usual(provider)
            return CandleQuery(symbol, interval, limit=min(100, call.kept(interval) or call.max_rows))
        case "price":
            return PriceQuery(symbol)
        case "volume":
            return VolumeQuery(symbol)
        case "orderbook":
            return OrderBookQuery(symbol)
        case "metadata":
            return MetadataQuery() if provider.serves(MetadataQuery()) is None else MetadataQuery(symbol)
        case "news":
            return NewsQuery()
        case "sentiment":
            return SentimentQuery("Bitcoin rises") if provider.kind == "model" else SentimentQuery()
        case "social":
            return SocialQuery(symbol)
        case "technical":
            return TechnicalQuery(symbol, "1h")
        case "onchain":
            return OnChainQuery(next(iter(provider.declaration.onchain[0].metrics)))
    raise AssertionError(f"no query for {endpoint.capability}")


def read(endpoint: Endpoint, status: int, content: bytes = b"", **headers: str) -> object:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx.Response(status, content=content, headers=named)
    return CATALOG[endpoint.provider].read(query_of(endpoint), response, now=NOW)


@every_endpoint
def test_the_request_is_https_to_a_catalogue_host_and_carries_no_key(endpoint: Endpoint) -> None:
    provider = CATALOG[endpoint.provider]
    asked = provider.request(query_of(endpoint), host=endpoint.host, now=NOW)
    assert asked.url.scheme == "https"
    assert asked.url.host == endpoint.host
    assert asked.method in {"GET", "POST"}
    assert (asked.content is not None) == (asked.method == "POST")
    assert not {name.lower() for name in asked.headers} & {"authorization", "x-mbx-apikey", "api-key"}
    assert asked.auth == (provider.auth.name if provider.auth else None)
    assert "{" not in str(asked.url)
    assert provider.cost(query_of(endpoint)) > 0


@every_endpoint
def test_its_own_check_symbol_is_served(endpoint: Endpoint) -> None:
    provider = CATALOG[endpoint.provider]
    assert provider.serves(query_of(endpoint), NOW) is None
    assert provider.covers(query_of(endpoint), NOW)


NO_VALUES: list[tuple[bytes, dict[str, str], str]] = [
    (b"", {}, "empty body"),
    (b" \n", JSON, "empty body"),
    (b"<!DOCTYPE html><html><body>hello</body></html>", {"content-type": "text/html"}, "HTML"),
    (b"<html>maintenance</html>", JSON, "HTML"),
    (b'[[1790000000000,"1","2"', JSON, "broken JSON"),
    (b'{"error":[],"result":{"XXBTZUSD":[[17900', JSON, "broken JSON"),
    (b'{"price": NaN}', JSON, "NaN"),
    (b"[[1790000000, Infinity, 1, 1, 1, 1]]", JSON, "Infinity"),
    (b"\xff\xfe\x00garbage\x80", JSON, "UTF-8"),
    (b"[" * 100_000, JSON, "nested"),
    (b"null", JSON, ""),
    (b"true", JSON, ""),
    (b"7", JSON, ""),
    (b'"text"', JSON, ""),
    (b'{"unexpected": "shape"}', JSON, ""),
    (b"[1, 2, 3]", JSON, ""),
    (b"[{}]", JSON, ""),
    (b'{"bars": [], "deals": []}', JSON, ""),
]


@every_call
def test_a_200_that_is_no_value_is_a_bad_payload(endpoint: Endpoint) -> None:
    for content, headers, says in NO_VALUES:
        with pytest.raises(BadPayload) as caught:
            read(endpoint, 200, content, **headers)
        if CATALOG[endpoint.provider].declaration.calls[endpoint.capability].format == "json":
            assert says in str(caught.value), content[:40]
        assert "in the reader" not in str(caught.value)


@every_call
def test_a_wrong_content_type_is_a_bad_payload(endpoint: Endpoint) -> None:
    with pytest.raises(BadPayload, match="octet-stream"):
        read(endpoint, 200, b"[]", content_type="application/octet-stream")


@every_call
def test_another_2xx_is_a_bad_payload(endpoint: Endpoint) -> None:
    for status in (201, 202, 204, 206):
        with pytest.raises(BadPayload, match=str(status)) as caught:
            read(endpoint, status, b"[]", content_type="application/json")
        assert caught.value.status == status


@every_call
def test_a_redirect_is_not_followed_and_says_so(endpoint: Endpoint) -> None:
    for status in (301, 302, 304, 307):
        with pytest.raises(ProviderDown, match="redirect"):
            read(endpoint, status, location="https://elsewhere.example/")


@every_call
def test_any_undeclared_failing_status_is_the_providers(endpoint: Endpoint) -> None:
    declared = {
        status
        for rule in CATALOG[endpoint.provider].declaration.errors
        if rule.path is None
        for status in rule.status
    }
    for status in {400, 402, 404, 405, 410, 422, 500, 502, 503, 504, 520, 599} - declared:
        for content in (b"", b"<html><h1>Sorry</h1></html>", b'{"status":500,"error":"x"}', b"[]"):
            with pytest.raises(ProviderDown, match=str(status)) as caught:
                read(endpoint, status, content)
            assert caught.value.status == status


@every_call
def test_429_and_418_are_throttled_for_as_long_as_they_say(endpoint: Endpoint) -> None:
    with pytest.raises(Throttled) as caught:
        read(endpoint, 429, b"", retry_after="120")
    assert (caught.value.retry_after, caught.value.ban) == (120.0, False)
    with pytest.raises(Throttled) as caught:
        read(endpoint, 418, b"{}", retry_after="Sun, 22 Nov 2026 03:16:15 GMT")
    assert (caught.value.retry_after, caught.value.ban) == (120.0, True)
    with pytest.raises(Throttled) as caught:
        read(
            endpoint,
            429,
            retry_after="Mon, 01 Jan 2024 00:00:30 GMT",
            date="Mon, 01 Jan 2024 00:00:00 GMT",
        )
    assert caught.value.retry_after == 30.0
    for nonsense in ("soon", "nan", "inf", "-5", ""):
        with pytest.raises(Throttled) as caught:
            read(endpoint, 429, b"<html>", retry_after=nonsense)
        assert caught.value.retry_after in {None, 0.0}


@every_call
def test_refusals_are_named(endpoint: Endpoint) -> None:
    for status, cause in ((451, "geo"), (401, "key"), (403, "refused")):
        with pytest.raises(Forbidden, match=str(status)) as caught:
            read(endpoint, status, b"{}", content_type="application/json")
        assert (caught.value.cause, caught.value.status) == (cause, status)
    page = (
        b"<!DOCTYPE HTML><HTML><H1>403 ERROR</H1>Request blocked. Generated by cloudfront (CloudFront)</HTML>"
    )
    with pytest.raises(Forbidden, match="CloudFront"):
        read(endpoint, 403, page, content_type="text/html")
    with pytest.raises(Forbidden, match="Cloudflare"):
        read(endpoint, 403, b"<html>Attention</html>", content_type="text/html", server="cloudflare")


@every_call
def test_a_callers_error_is_named_only_by_a_declared_form(endpoint: Endpoint) -> None:
    for status in (400, 404, 422):
        with pytest.raises(WireError) as caught:
            read(endpoint, status, b'{"detail": "no such page"}', content_type="application/json")
        assert not isinstance(caught.value, CallerError)


@every_provider
def test_documentation_and_its_date_are_named(provider: Provider) -> None:
    declaration = provider.declaration
    assert declaration.read_on.year >= 2026
    assert declaration.read_from, f"{provider.id} does not say what it was read from"
    assert provider.docs.startswith("https://")
    for capability, calls in declaration.forms.items():
        for call in calls:
            assert call.docs, f"{provider.id}/{capability} names no documentation"
    assert provider.limits, "no rate limit declared"
    assert provider.home.startswith("https://")


@every_provider
def test_the_check_is_cheap_and_polite(provider: Provider) -> None:
    for host in provider.hosts:
        asked = provider.check_request(host)
        assert asked.url.scheme == "https"
        assert asked.url.host == host.name
        assert asked.method == ("GET" if asked.content is None else "POST")
    for limit in provider.limits:
        allowed = limit.cost / limit.seconds * 0.05
        assert provider.check_cost / provider.check_every <= allowed, "above 5 % of a quota"


@every_call
def test_a_foreign_host_is_refused(endpoint: Endpoint) -> None:
    with pytest.raises(ValueError, match="expected one of"):
        CATALOG[endpoint.provider].request(query_of(endpoint), host="evil.example", now=NOW)


@every_candle_provider
@pytest.mark.parametrize("interval", INTERVALS)
def test_pages_cover_the_span_exactly_and_each_fits(provider: Provider, interval: str) -> None:
    symbol, step = provider.check_symbol, INTERVALS[interval]
    query = CandleQuery(symbol, interval)
    if provider.serves(query, NOW) is not None:
        assert provider.serves(query, NOW) == f"no {interval} candles"
        with pytest.raises(ValueError, match=f"no {interval} candles"):
            provider.request(query, now=NOW)
        return
    queries = [
        query,
        query.replace(limit=1),
        query.replace(limit=2500),
        query.replace(limit=2500, include_open=True),
        query.replace(start=NOW - 1777.7 * step),
        query.replace(start=NOW - 5000 * step, end=NOW - 1234 * step),
        query.replace(start=NOW - 5000 * step, limit=3001),
        query.replace(end=NOW - 99 * step, limit=777),
        query.replace(start=NOW + 86400 * 30),
    ]
    for asked in queries:
        pages = provider.pages(asked, NOW)
        spans = [page.span(NOW) for page in pages]
        assert (spans[0][0], spans[-1][1]) == asked.span(NOW)
        assert all(left[1] == right[0] for left, right in itertools.pairwise(spans))
        for page in pages:
            assert page.symbol == symbol
            assert page.include_open == asked.include_open
            assert provider.request(page, now=NOW).url.host == provider.hosts[0].name
        assert len({str(provider.request(page, now=NOW).url) for page in pages}) == len(pages) or (
            len(pages) > 1 and "start" not in str(provider.declaration.ohlcv.params)
        )


@every_candle_provider
def test_what_does_not_fit_one_request_is_a_value_error(provider: Provider) -> None:
    most = provider.declaration.ohlcv.max_rows
    query = CandleQuery(provider.check_symbol, usual(provider), limit=most)
    assert provider.request(query, now=NOW)
    assert provider.request(query)
    for oversize in (
        query.replace(limit=most + 1),
        query.replace(limit=None, start=NOW - (most + 2) * query.seconds),
        query.replace(limit=None, start=NOW - (2 * most + 2) * query.seconds, end=NOW - most * query.seconds),
    ):
        with pytest.raises(ValueError, match="at most"):
            provider.request(oversize, now=NOW)
    with pytest.raises(ValueError, match="at most"):
        provider.request(query.replace(limit=most + 1))


@pytest.mark.parametrize("provider", CATALOG.serving("price"), ids=lambda provider: provider.id)
def test_symbols_cannot_inject_anything(provider: Provider) -> None:
    for symbol in ("BTC/USD&x=1", "../X/USD", "BTC/USD#", "BTC/US D", "B%2F/USD"):
        with pytest.raises(ValueError, match="symbol"):
            PriceQuery(symbol)
    query = PriceQuery("A1B2C3/" + provider.check_symbol.split("/")[1])
    if provider.declaration.symbol.named_only:
        with pytest.raises(ValueError, match="its name for A1B2C3 is not known"):
            provider.request(query, now=NOW)
    else:
        assert "A1B2C3" in str(provider.request(query, now=NOW).url).upper()
