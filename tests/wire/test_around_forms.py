"""Declarations about what is around a price: what cannot be is refused with its name, what is said is read."""

from pathlib import Path

import httpx
import pytest

from core.answer import BadPayload, Throttled
from core.catalog import Catalog, CatalogError
from core.market import MetadataQuery, NewsQuery, OnChainQuery, SentimentQuery, SocialQuery

HEAD = """
id = "one"
name = "One"
kind = "explorer"
home = "https://one.example"
docs = "https://one.example/docs"
read_on = 2026-11-25
priority = 1
check_every = 3600
limits = [{ cost = 60, seconds = 60 }]
hosts = [{ name = "api.one.example" }]
check = { path = "/ping" }
"""
CHAIN = HEAD + '[onchain]\npath = "/stats"\n[onchain.metrics]\nbtc_block_height = "height"\n'
MOOD = HEAD + '[sentiment]\npath = "/mood"\nindex = "value"\nmeasures = "x"\n'
NEWS = HEAD + '[news]\npath = "/news"\nrows = "items"\ntitle = "t"\nurl = "u"\nby = "One"\n'
MARKET = HEAD + '[metadata]\nabout = "market"\npath = "/g"\n[metadata.figures]\nmarket_cap_usd = "cap"\n'
SOCIAL = (
    HEAD + 'check_symbol = "BTC/USD"\n[social]\npath = "/s/{symbol}"\n[social.figures]\nmentions_24h = "n"\n'
)


def provider(tmp_path: Path, text: str):
    file = tmp_path / "one.toml"
    file.write_text(text)
    return Catalog.load(file)["one"]


def read(one, query, body, now=1_790_000_000.0):
    return one.read(query, httpx.Response(200, json=body), now=now)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (CHAIN.replace("btc_block_height", "btc_height"), "btc_height: expected some of btc_block_height"),
        (CHAIN.replace("/stats", "/stats/{symbol}"), "expected names among"),
        (CHAIN.replace('"height"', '{ path = "height", scale = 0 }'), "greater than 0"),
        (CHAIN.replace('"height"', '{ path = "height", form = "last" }'), "form"),
        (MOOD + "low = 5\nhigh = 5\n", "low=5.0: expected less than high"),
        (MOOD.replace('measures = "x"\n', ""), "measures"),
        (NEWS.replace('title = "t"\n', ""), "title, url: expected for JSON"),
        (NEWS + 'format = "feed"\n', "not for a feed"),
        (MARKET.replace("market_cap_usd", "volume_24h_usd"), "expected market_cap_usd"),
        (MARKET.replace('about = "market"', 'about = "market"\nname = "n"'), "none for the market"),
        (
            MARKET.replace('about = "market"', 'about = "asset"').replace("market_cap_usd", "rank"),
            "expected a path",
        ),
        (SOCIAL.replace('check_symbol = "BTC/USD"\n', ""), "check_symbol: expected one, for social"),
        (SOCIAL.replace("mentions_24h", "likes"), "likes: expected some of"),
        (HEAD, "no capability: expected at least one of"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, text, says):
    with pytest.raises(CatalogError) as caught:
        provider(tmp_path, text)
    assert says in str(caught.value)


def test_what_is_not_served_is_said_in_words(tmp_path):
    assert provider(tmp_path, CHAIN).serves(OnChainQuery("tvl_usd")) == "no tvl_usd"
    assert provider(tmp_path, CHAIN).serves(NewsQuery()) == "no news"
    assert (
        provider(tmp_path, MOOD).serves(SentimentQuery("x")) == "the mood of the market only, not of a text"
    )
    assert provider(tmp_path, MARKET).serves(MetadataQuery("BTC")) == "nothing on single assets"
    assert provider(tmp_path, MARKET).serves(OnChainQuery("tvl_usd")) == "no figures of chains"
    by_code = provider(tmp_path, NEWS + 'searches = true\nparams = { code = "{asset}" }\n')
    assert by_code.serves(NewsQuery("spot etf")) == "news by asset only"
    assert by_code.serves(NewsQuery("bitcoin")) is None
    assert str(by_code.request(NewsQuery("bitcoin")).url) == "https://api.one.example/news?code=BTC"
    assert str(by_code.request(NewsQuery()).url) == "https://api.one.example/news"


def test_words_to_search_for(tmp_path):
    text = NEWS + 'searches = true\nanything = "crypto"\nparams = { q = "{topic}", n = "{limit}" }\n'
    one = provider(tmp_path, text)
    asked = [
        one.request(query).url.params["q"] for query in (NewsQuery(), NewsQuery("eth"), NewsQuery("spot etf"))
    ]
    assert asked == ["crypto", "Ethereum", "spot etf"]
    assert one.request(NewsQuery(limit=7)).url.params["n"] == "7"


def test_no_news_may_be_an_empty_object_where_that_is_said(tmp_path):
    bare = provider(tmp_path, NEWS + "none_is_bare = true\n")
    assert list(read(bare, NewsQuery(), {})) == []
    for one, body in ((bare, {"other": 1}), (bare, []), (provider(tmp_path, NEWS), {})):
        with pytest.raises(BadPayload, match="items is missing"):
            read(one, NewsQuery(), body)


def test_gdelt_asks_for_english_and_reads_dates_without_dashes():
    gdelt = Catalog.load()["gdelt"]
    asked = gdelt.request(NewsQuery("eth")).url.params
    assert (asked["query"], asked["mode"], asked["format"]) == (
        "Ethereum sourcelang:english",
        "artlist",
        "json",
    )
    article = {
        "url": "https://a.example/1",
        "title": "Ether  rises",
        "seendate": "20260920T231500Z",
        "domain": "a.example",
    }
    news = read(gdelt, NewsQuery("eth"), {"articles": [article]}, now=1_790_000_000.0)
    assert (news[0].title, news[0].publisher) == ("Ether rises", "a.example")
    assert str(news[0].published) == "2026-09-20 23:15:00+00:00"
    with pytest.raises(Throttled):
        gdelt.read(NewsQuery(), httpx.Response(429, text="Please limit requests to one every 5 seconds"))


def test_a_date_that_cannot_be_is_left_out_and_many_are_refused(tmp_path):
    one = provider(tmp_path, NEWS + 'published = "d"\n')
    rows = [{"t": f"t{n}", "u": f"https://a.example/{n}", "d": "2026-09-20T00:00:00Z"} for n in range(3)]
    rows[0]["d"] = "1970-01-01T00:00:00Z"
    news = read(one, NewsQuery(), {"items": rows})
    assert [item.title for item in news] == ["t1", "t2", "t0"]
    assert news[2].published is None
    rows[1]["d"] = 1_790_000_000
    with pytest.raises(BadPayload, match="published"):
        read(one, NewsQuery(), {"items": rows})


@pytest.mark.parametrize(
    ("figure", "body", "value"),
    [
        ('"height"', {"height": "977735"}, 977735.0),
        ('{ path = "height", hex = true }', {"height": "0xeeb47"}, 977735.0),
        ('{ path = "height", scale = 1e-9 }', {"height": 1485086049}, 1.485086049),
        ('{ path = "rows", form = "count" }', {"rows": [1, 2, 3]}, 3.0),
        ('{ path = "rows", form = "sum" }', {"rows": [1, "2.5"]}, 3.5),
        ('{ path = "rows", form = "sum", each = "usd" }', {"rows": [{"usd": 1}, {"usd": 2}]}, 3.0),
        ('"rows.-1.v"', {"rows": [{"v": 1}, {"v": 2}]}, 2.0),
    ],
)
def test_figures_in_many_forms(tmp_path, figure, body, value):
    one = provider(tmp_path, CHAIN.replace('"height"', figure))
    assert read(one, OnChainQuery("btc_block_height"), body).value == value


@pytest.mark.parametrize(
    ("figure", "body"),
    [
        ('"height"', {"height": None}),
        ('"height"', {"height": True}),
        ('"height"', {"height": "977 735"}),
        ('"height"', [977735]),
        ('{ path = "height", hex = true }', {"height": 977735}),
        ('{ path = "height", hex = true }', {"height": "0x"}),
        ('{ path = "height", hex = true }', {"height": "0x" + "f" * 40}),
        ('{ path = "rows", form = "sum", each = "usd" }', {"rows": [{"eur": 1}]}),
        ('{ path = "rows", form = "count" }', {"rows": {}}),
        ('{ path = "height", scale = 1e300 }', {"height": 1e300}),
    ],
)
def test_what_is_no_figure_is_a_bad_payload(tmp_path, figure, body):
    one = provider(tmp_path, CHAIN.replace('"height"', figure))
    with pytest.raises(BadPayload, match=r"btc_block_height|row"):
        read(one, OnChainQuery("btc_block_height"), body)


def test_a_mood_between_two_ends(tmp_path):
    one = provider(tmp_path, MOOD + "low = 0\nhigh = 1\n")
    mood = read(one, SentimentQuery(), {"value": "0.25"})
    assert (mood.score, mood.index, mood.label) == (-0.5, 25.0, "Fear")
    with pytest.raises(BadPayload, match="expected 0 to 1"):
        read(one, SentimentQuery(), {"value": 1.5})
    rows = provider(tmp_path, MOOD + 'rows = "data"\ntime = "at"\n')
    with pytest.raises(BadPayload, match="data is \\[\\], expected a list of moods"):
        read(rows, SentimentQuery(), {"data": []})


def test_a_moment_ago_is_asked_for_in_seconds_or_as_text(tmp_path):
    text = CHAIN.replace(
        'path = "/stats"', 'path = "/stats"\nwindow = 60\nparams = { s = "{since}", d = "{since_iso}" }'
    )
    one = provider(tmp_path, text)
    params = one.request(OnChainQuery("btc_block_height"), now=1_790_000_000.0).url.params
    assert dict(params) == {"s": "1789999940", "d": "2026-09-21T14:12:20Z"}


def test_negative_counts_and_facts_without_a_name_are_refused(tmp_path):
    with pytest.raises(BadPayload, match="mentions_24h is -1"):
        read(provider(tmp_path, SOCIAL), SocialQuery("BTC"), {"n": -1})
    with pytest.raises(BadPayload, match="mentions_24h: none of them is there"):
        read(provider(tmp_path, SOCIAL), SocialQuery("BTC"), {"m": 1})
    with pytest.raises(BadPayload, match="market_cap_usd is -5"):
        read(provider(tmp_path, MARKET), MetadataQuery(), {"cap": -5})


def test_facts_that_do_not_say_whose_they_are_are_refused():
    catalog = Catalog.load()
    for venue in ("coingecko", "coinpaprika"):
        with pytest.raises(BadPayload, match="whose facts these are is not said"):
            catalog[venue].read(MetadataQuery("BTC"), httpx.Response(200, json={"name": "Fear and Greed"}))
