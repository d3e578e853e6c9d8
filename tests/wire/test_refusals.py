"""The venues' own ways of saying no, and which name each gets."""

from typing import Any

import httpx
import pytest

from core.answer import (
    BadPayload,
    CallerError,
    Forbidden,
    ProviderDown,
    Throttled,
    UnknownSymbol,
    WireError,
)
from core.catalog import Catalog
from core.market import CandleQuery, NewsQuery, OnChainQuery, PriceQuery, Query, SentimentQuery, SocialQuery

CATALOG = Catalog.load()
NOW = 1_790_000_000.0


def refusal(venue: str, status: int, body: Any, **headers: str) -> WireError:
    provider = CATALOG[venue]
    response = httpx.Response(status, json=body, headers=headers)
    for query in (PriceQuery(provider.check_symbol), CandleQuery(provider.check_symbol, "1h")):
        with pytest.raises(WireError) as caught:
            provider.read(query, response, now=NOW)
    assert caught.value.status == status
    return caught.value


def kraken(text: str, **extra: Any) -> dict[str, Any]:
    return {"error": [text], **extra}


@pytest.mark.parametrize(
    ("venue", "status", "body", "kind"),
    [
        ("binance", 400, {"code": -1121, "msg": "Invalid symbol."}, UnknownSymbol),
        ("binance", 400, {"code": -1120, "msg": "Invalid interval."}, CallerError),
        ("binance", 400, {"code": -1100, "msg": "Illegal characters found"}, CallerError),
        ("binance", 429, {"code": -1003, "msg": "Too much request weight used"}, Throttled),
        ("binance", 400, {"code": -9999, "msg": "Something new"}, ProviderDown),
        ("binance", 500, {"code": -1001, "msg": "Internal error"}, ProviderDown),
        ("binance", 503, {"code": -1008, "msg": "Server is currently overloaded"}, ProviderDown),
        ("binance", 200, {"code": -1, "msg": "An error with 200"}, ProviderDown),
        ("binance", 401, {"code": -2015, "msg": "Invalid API-key"}, Forbidden),
        ("kraken", 200, kraken("EQuery:Unknown asset pair"), UnknownSymbol),
        ("kraken", 200, kraken("EGeneral:Invalid arguments:interval"), CallerError),
        ("kraken", 200, kraken("EAPI:Rate limit exceeded"), Throttled),
        ("kraken", 200, kraken("EGeneral:Too many requests", result={}), Throttled),
        ("kraken", 200, kraken("EService:Unavailable"), ProviderDown),
        ("kraken", 200, kraken("EService:Busy"), ProviderDown),
        ("kraken", 200, kraken("EGeneral:Permission denied"), Forbidden),
        ("kraken", 200, kraken("ESomething:Nobody has seen"), ProviderDown),
        ("kraken", 520, kraken("EQuery:Unknown asset pair"), UnknownSymbol),
        ("kraken", 200, {"error": [], "result": {"status": "maintenance"}}, ProviderDown),
        ("coinbase", 404, {"message": "NotFound"}, UnknownSymbol),
        ("coinbase", 400, {"message": "Unsupported granularity"}, CallerError),
        ("coinbase", 429, {"message": "Public rate limit exceeded"}, Throttled),
        ("coinbase", 200, {"message": "Something else"}, ProviderDown),
        ("coinbase", 500, {"message": "Internal server error"}, ProviderDown),
        ("coinbase", 404, {"message": "Route not found"}, ProviderDown),
        ("coinbase", 403, {"message": "Forbidden"}, Forbidden),
    ],
)
def test_a_declared_form_has_its_name(venue: str, status: int, body: Any, kind: type[WireError]) -> None:
    error = refusal(venue, status, body)
    assert type(error) is kind
    said = body.get("msg") or body.get("message") or (body.get("error") or ["maintenance"])[0]
    assert said in str(error), "the venue's own words are told"


@pytest.mark.parametrize(
    ("provider", "query", "status", "body", "kind"),
    [
        (
            "whale_alert",
            OnChainQuery("whale_transfers_usd"),
            401,
            {"result": "error", "message": "x"},
            Forbidden,
        ),
        (
            "whale_alert",
            OnChainQuery("whale_transfers_usd"),
            429,
            {"result": "error", "message": "x"},
            Throttled,
        ),
        (
            "whale_alert",
            OnChainQuery("whale_transfers_usd"),
            200,
            {"result": "error", "message": "x"},
            ProviderDown,
        ),
        ("cryptopanic", NewsQuery(), 401, {"status": "api_error", "info": "Token not found"}, Forbidden),
        ("cryptopanic", NewsQuery(), 403, {"status": "api_error", "info": "Rate limit exceeded"}, Throttled),
        ("cryptopanic", NewsQuery(), 429, {"status": "api_error", "info": "Too many requests"}, Throttled),
        ("newsapi", NewsQuery(), 400, {"status": "error", "code": "parametersMissing"}, CallerError),
        ("newsapi", NewsQuery(), 429, {"status": "error", "code": "rateLimited"}, Throttled),
        ("mexc", PriceQuery("BTC/USDT"), 200, {"code": 510, "msg": "Requests are too frequent"}, Throttled),
        ("mexc", PriceQuery("BTC/USDT"), 400, {"code": 730002, "msg": "Parameter error"}, CallerError),
        (
            "santiment",
            SocialQuery("BTC"),
            200,
            {"errors": [{"message": "API Rate Limit Reached"}]},
            Throttled,
        ),
    ],
)
def test_an_error_form_without_a_status_does_not_hide_what_the_status_says(
    provider: str, query: Query, status: int, body: Any, kind: type[WireError]
) -> None:
    with pytest.raises(WireError) as caught:
        CATALOG[provider].read(query, httpx.Response(status, json=body), now=NOW)
    assert type(caught.value) is kind


def test_a_callers_error_that_is_no_unknown_symbol() -> None:
    assert not isinstance(refusal("binance", 400, {"code": -1120, "msg": "x"}), UnknownSymbol)


def test_the_geo_block_is_named_whatever_its_status() -> None:
    body = {"code": 0, "msg": "Service unavailable from a restricted location according to 'b. Eligibility'"}
    for status in (451, 403, 200):
        error = refusal("binance", status, body)
        assert isinstance(error, Forbidden)
        assert error.cause == "geo"


def test_a_ban_is_a_ban_even_in_the_venues_own_form() -> None:
    body = {"code": -1003, "msg": "Way too much request weight used; IP banned until 1790000060000."}
    error = refusal("binance", 418, body)
    assert isinstance(error, Throttled)
    assert (error.ban, error.retry_after) == (True, 60.0)
    error = refusal("binance", 418, body, **{"retry-after": "300"})
    assert isinstance(error, Throttled)
    assert error.retry_after == 300.0, "the header goes before the text"
    error = refusal("binance", 429, body)
    assert isinstance(error, Throttled)
    assert not error.ban


def test_krakens_throttle_names_its_end() -> None:
    error = refusal("kraken", 200, kraken("EService:Throttled:1790000045"))
    assert isinstance(error, Throttled)
    assert error.retry_after == 45.0
    error = refusal("kraken", 200, kraken("EService:Throttled:99999999999999999999"))
    assert isinstance(error, Throttled)
    assert error.retry_after is None


def test_the_end_of_a_ban_needs_a_clock() -> None:
    body = kraken("EService:Throttled:1790000045")
    query = PriceQuery("BTC/USD")
    with pytest.raises(Throttled) as caught:
        CATALOG["kraken"].read(query, httpx.Response(200, json=body))
    assert caught.value.retry_after is None


def test_any_of_several_errors_counts_and_a_warning_does_not() -> None:
    body = {"error": ["WGeneral:Danger ahead", "EQuery:Unknown asset pair"]}
    assert isinstance(refusal("kraken", 200, body), UnknownSymbol)
    warned = {"error": ["WGeneral:Danger ahead"], "result": {"XXBTZUSD": {"c": ["5", "1"]}}}
    quote = CATALOG["kraken"].read(PriceQuery("BTC/USD"), httpx.Response(200, json=warned))
    assert quote.last == 5.0


def test_words_from_outside_are_cut_and_made_printable() -> None:
    error = refusal("binance", 500, {"code": 1, "msg": "\x1b[31m\n" + "x" * 5000})
    assert len(str(error)) < 300
    assert str(error).isprintable()


def test_the_health_check_is_read_by_the_same_rules() -> None:
    kraken_check = CATALOG["kraken"].read_check
    online = {"error": [], "result": {"status": "online", "timestamp": "2026-11-22T03:00:00Z"}}
    assert kraken_check(httpx.Response(200, json=online)) is None
    for status in ("cancel_only", "post_only"):
        body = {"error": [], "result": {"status": status}}
        assert kraken_check(httpx.Response(200, json=body)) is None, "market data still flows"
    with pytest.raises(ProviderDown, match="maintenance"):
        kraken_check(httpx.Response(200, json={"error": [], "result": {"status": "maintenance"}}))
    assert CATALOG["binance"].read_check(httpx.Response(200, json={})) is None
    with pytest.raises(BadPayload, match="HTML"):
        CATALOG["binance"].read_check(httpx.Response(200, html="<html>"))
    with pytest.raises(Forbidden):
        CATALOG["binance"].read_check(httpx.Response(451))


def test_json_under_other_json_types_is_json() -> None:
    for kind in (
        "application/json; charset=utf-8",
        "text/json",
        "application/problem+json",
        "APPLICATION/JSON",
    ):
        response = httpx.Response(200, content=b'{"price": "5"}', headers={"content-type": kind})
        assert CATALOG["coinbase"].read(PriceQuery("BTC/USD"), response).last == 5.0
    for kind in ("text/html", "text/plain", "application/xml", "application/jsonp"):
        response = httpx.Response(200, content=b'{"price": "5"}', headers={"content-type": kind})
        with pytest.raises(BadPayload, match="content type"):
            CATALOG["coinbase"].read(PriceQuery("BTC/USD"), response)
    bare = httpx.Response(200, content=b'\xef\xbb\xbf{"price": "5"}')
    assert CATALOG["coinbase"].read(PriceQuery("BTC/USD"), bare).last == 5.0


@pytest.mark.parametrize(
    ("venue", "status", "said"),
    [
        (
            "trongrid",
            403,
            "The key exceeds the frequency limit(30), and the query server is suspended for 30s",
        ),
        (
            "tronscan",
            403,
            "request rate exceeded the allowed_rps(3), and the query server is suspended for 68 s.",
        ),
    ],
)
def test_a_chains_penalty_for_haste_is_no_lack_of_a_key(venue: str, status: int, said: str) -> None:
    response = httpx.Response(status, json={"Error": said})
    with pytest.raises(Throttled):
        CATALOG[venue].read(OnChainQuery("trx_block_height"), response, now=NOW)
    with pytest.raises(ProviderDown):
        CATALOG["trongrid"].read(
            OnChainQuery("trx_block_height"), httpx.Response(200, json={"Error": "class java.lang"}), now=NOW
        )


def test_words_that_are_no_json_may_be_a_declared_form() -> None:
    for content in (
        b"403, access too frequent",
        b"<html>Access too frequent!</html>",
        b'"access too frequent"',
    ):
        with pytest.raises(Throttled) as caught:
            CATALOG["bybit"].read(PriceQuery("BTC/USDT"), httpx.Response(403, content=content), now=NOW)
        assert (caught.value.retry_after, caught.value.status) == (600, 403)
    told = httpx.Response(403, content=b"access too frequent", headers={"retry-after": "30"})
    with pytest.raises(Throttled) as caught:
        CATALOG["bybit"].read(PriceQuery("BTC/USDT"), told, now=NOW)
    assert caught.value.retry_after == 30
    with pytest.raises(Forbidden):
        CATALOG["bybit"].read(PriceQuery("BTC/USDT"), httpx.Response(403, content=b"no"), now=NOW)


@pytest.mark.parametrize(
    ("words", "cause"), [("block access from your country", "geo"), ("blocked", "refused")]
)
def test_a_page_that_shuts_out_a_country_is_a_geo_block(words: str, cause: str) -> None:
    page = f"<HTML><TITLE>ERROR</TITLE>The Amazon CloudFront distribution is configured to {words}.</HTML>"
    with pytest.raises(Forbidden, match="an HTML page of CloudFront") as caught:
        CATALOG["binance_us"].read(PriceQuery("BTC/USDT"), httpx.Response(403, text=page), now=NOW)
    assert caught.value.cause == cause


def test_the_mood_of_a_text_needs_all_labels() -> None:
    query = SentimentQuery("Bitcoin rises")
    labels = [("positive", 0.6), ("neutral", 0.3), ("negative", 0.1)]
    rows = [{"label": label, "score": score} for label, score in labels]
    value = CATALOG["huggingface"].read(query, httpx.Response(200, json=[rows]), now=NOW)
    assert value.score == pytest.approx(0.5)
    for place in range(3):
        fewer = rows[:place] + rows[place + 1 :]
        with pytest.raises(BadPayload, match="some are missing"):
            CATALOG["huggingface"].read(query, httpx.Response(200, json=[fewer]), now=NOW)


def test_what_a_plan_does_not_reach_is_a_matter_of_the_key() -> None:
    said = (
        "Both `from` and `to` parameters are outside the allowed interval you can query social_volume_total"
        " with your current subscription SANAPI FREE. Upgrade to a higher tier in order to access more data."
    )
    response = httpx.Response(200, json={"data": {"getMetric": None}, "errors": [{"message": said}]})
    with pytest.raises(Forbidden) as refused:
        CATALOG["santiment"].read(SocialQuery("BTC/USD"), response, now=NOW)
    assert refused.value.cause == "key"
