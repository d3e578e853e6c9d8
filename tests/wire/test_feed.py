"""Feeds from hosts that are not trusted, and text that is only text."""

import time

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.answer import BadPayload, WireError
from core.catalog import Catalog
from core.market import NewsQuery
from core.wire.feed import entries
from core.wire.topics import about, asset_of, words_of
from core.wire.words import address, plain_text

COINDESK = Catalog.load()["coindesk"]
NOW = 1_790_000_000.0
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def rss(*items: str, head: str = HEAD) -> bytes:
    return f'{head}<rss version="2.0"><channel><title>t</title>{"".join(items)}</channel></rss>'.encode()


def item(title: str, link: str = "https://news.example/1", more: str = "") -> str:
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


def read(content: bytes, query: NewsQuery | None = None, kind: str = "application/rss+xml"):
    response = httpx.Response(200, content=content, headers={"content-type": kind})
    return COINDESK.read(query or NewsQuery(), response, now=NOW)


def test_rss_is_read():
    date = "<pubDate>Mon, 21 Sep 2026 10:00:00 +0200</pubDate>"
    news = read(
        rss(
            item("Older", "https://news.example/old"),
            item(
                "Bitcoin &amp; friends",
                more=f"{date}<category>Markets</category><description>d</description>",
            ),
        )
    )
    first, second = news
    assert (first.title, first.summary, first.tags, first.publisher) == (
        "Bitcoin & friends",
        "d",
        ("Markets",),
        "CoinDesk",
    )
    assert f"{first.published:%Y-%m-%d %H:%M %Z}" == "2026-09-21 08:00 UTC"
    assert (second.title, second.published) == ("Older", None)


def test_atom_is_read():
    body = (
        f'{HEAD}<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title type="html">'
        '&lt;b&gt;Ether&lt;/b&gt; news</title><link href="https://news.example/a"/>'
        "<updated>2026-09-20T10:00:00Z</updated><summary>s</summary></entry></feed>"
    ).encode()
    (only,) = read(body, kind="application/atom+xml")
    assert (only.title, only.url) == ("Ether news", "https://news.example/a")


BOMB = (
    '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
OUTSIDE = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (rss(item("&c;"), head=HEAD + BOMB), "entities of its own"),
        (rss(item("&x;"), head=HEAD + OUTSIDE), "entities of its own"),
        (
            rss(item("&x;"), head=HEAD + OUTSIDE).decode().replace("UTF-8", "UTF-16").encode("utf-16"),
            "entities",
        ),
        (rss(item("&undefined;")), "broken XML"),
        (rss(item("cut"))[:-20], "broken XML"),
        (b"<!DOCTYPE html><html><body>Just a moment...</body></html>", "HTML"),
        (b"<html><body>x</body></html>", "HTML"),
        (b"<opml><body/></opml>", "<opml> instead of a feed"),
        (b'{"error": "no"}', "broken XML"),
        (b"\x00\x01", "broken XML"),
        (b" ", "empty"),
        (rss(item("", "https://news.example/1"), item("t", "javascript:alert(1)")), "no title or no address"),
    ],
)
def test_what_is_no_feed_is_refused_by_name(content, says):
    with pytest.raises(BadPayload, match=says):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        rss(*(item("t", f"https://a.example/{n}") for n in range(30_000))),
        rss(item("t", more="<x/>" * 300_000)),
        rss(item("t", more="<x>" * 5000 + "</x>" * 5000)),
    ],
    ids=["entries", "elements", "levels"],
)
def test_a_feed_that_would_hold_up_everybody_is_refused_at_once(content):
    began = time.perf_counter()
    with pytest.raises(BadPayload, match="than any newsroom needs"):
        read(content)
    assert time.perf_counter() - began < 2


def test_a_feed_without_items_is_a_value():
    assert len(read(rss())) == 0


def test_nothing_is_opened_or_fetched(tmp_path, monkeypatch):
    """feedparser opens what looks like a file name or an address; it gets a stream."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feed.xml").write_bytes(rss(item("from the disk")))
    with pytest.raises(BadPayload):
        entries(b"feed.xml")


def test_hostile_text_is_only_text():
    hostile = (
        "<![CDATA[<script>alert(1)</script><img src=x onerror=alert(1)>**bold** [x](javascript:1) "
        "\u202egnp.exe\u202c &lt;b&gt;<style>p{}</style>tail]]>"
    )
    (only,) = read(rss(item(hostile, more=f"<description>{hostile}</description>")))
    for text in (only.title, only.summary):
        assert text == "**bold** [x](javascript:1) gnp.exe <b>tail"


def test_long_text_is_cut_and_markup_does_not_cost_time():
    began = time.perf_counter()
    assert len(plain_text("<b>" * 200_000 + "word " * 1000, 100)) <= 100
    assert plain_text("word " * 1000, 20) == "word word word word…"
    assert plain_text("<" * 100_000, 10) is not None
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("https://news.example/a?b=c", True),
        ("http://news.example/", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://user@evil.example/", False),
        ("https://a.example/ b", False),
        ("https://", False),
        ("//news.example/a", False),
        ("https://[::1", False),
        (None, False),
        (7, False),
    ],
)
def test_addresses(said, taken):
    assert address(said) == (said if taken else None)


def test_topics():
    assert asset_of("btc") == asset_of("Bitcoin") == "BTC"
    assert asset_of("etf") is None
    assert (words_of("BTC"), words_of("spot etf")) == ("Bitcoin", "spot etf")
    assert about("BTC").search("the bitcoin price")
    assert about("BTC").search("BTC up")
    assert not about("NEAR").search("near the top")
    assert about("NEAR").search("NEAR Protocol upgrade")
    assert not about("ETH").search("Bethany together")
    assert about("spot etf").search("A Spot ETF. (really)")
    news = read(
        rss(item("Ether up", "https://a.example/1"), item("Oil up", "https://a.example/2")), NewsQuery("eth")
    )
    assert [one.title for one in news] == ["Ether up"]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_plain_text_has_no_marks_and_fits_json(text):
    plain = plain_text(text, 50)
    assert len(plain) <= 50
    plain.encode()
    assert not set(plain) & set("\u202e\u2066\u200f\x00\n")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda noise: rss(item("t"))[:-30] + noise))
def test_any_bytes_are_a_value_or_a_named_refusal(content):
    said = ""
    try:
        read(content)
    except WireError as error:
        said = str(error)
    assert "in the reader" not in said
