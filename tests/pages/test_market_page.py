"""The market page: blocks that fail by themselves, numbers that say where they come from, foreign text as text."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.answer import Answer
from core.charts.depth import depth_figure, summed
from core.hub import Hub
from core.market import News, NewsItem, OrderBook, Quote
from core.outlook import Headlines
from core.ui import market_blocks, market_news, market_prices, tiles
from core.ui.places import PAGES

ROUTER = Path(market_news.__file__).with_name("router.py")

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "**bold** [click](javascript:alert(1)) `code` $x^2$ :red[red] # not a heading",
    "safe \u202etxt.exe\u202c and \u2066turned\u2069",
    "https://evil.example/auto www.evil.example me@evil.example",
    "- [ ] task | table | :smile: ~~gone~~",
)


def at_market(**address: str) -> AppTest:
    """The page, opened at an address."""
    at = AppTest.from_file(str(ROUTER), default_timeout=30)
    for name, value in address.items():
        at.query_params[name] = value
    at.switch_page(str(PAGES / "market.py")).run()
    assert not at.exception, at.exception
    return at


def said(at: AppTest) -> str:
    return "\n".join([*(one.value for one in at.markdown), *(one.value for one in at.caption)])


def test_everything_around_a_symbol(lab_hub: Hub) -> None:
    at = at_market()
    labels = {metric.label: metric.value for metric in at.metric}
    assert labels["Agree"] == "3 of 3"
    assert any("median of 3 venues" in label for label in labels)
    told = said(at)
    for heading in ("Prices", "Order book of", "Fear and greed", "The market as a whole", "On chain", "News"):
        assert f"##### {heading}" in told
    assert "**Losers**" in told
    assert "Hash rate" in told
    assert not at.warning[1:], "only the lab's own notice"
    hosts = [
        row
        for table in at.table
        if "Host and reason" in table.value
        for row in table.value["Host and reason"]
    ]
    assert any("mempool" in host for host in hosts), "a number opens who was asked"


def test_a_run_again_asks_nobody_and_refresh_asks_all(lab_hub: Hub) -> None:
    at = at_market()
    first = at.session_state["market_blocks"].slots["book"].future
    at.run()
    assert at.session_state["market_blocks"].slots["book"].future is first
    at.button(key="market_refresh").click().run()
    assert not at.exception, at.exception
    slot = at.session_state["market_blocks"].slots["book"]
    assert slot.future is not first
    assert slot.future.result().tier == "primary", "past the cache"


def test_a_block_fails_by_itself_with_reason_and_next_step(lab_hub: Hub) -> None:
    for provider in lab_hub.catalog.serving("sentiment"):
        lab_hub.isolate(f"{provider.id}/sentiment", "out for a test")
    at = at_market()
    (warning,) = [one.value for one in at.warning if "No mood of the market" in one.value]
    assert "served" in warning or "asked" in warning or "isolated" in warning
    assert "Greed" not in said(at)
    assert "##### Order book of" in said(at)
    assert any(metric.label == "Agree" for metric in at.metric)


def test_another_symbol_by_its_address_and_by_a_name(lab_hub: Hub) -> None:
    at = at_market(symbol="ETH/USDT")
    assert any("ETH" in metric.label for metric in at.metric)
    assert "showing **DOGE" in said(at_market(symbol="dogecoin"))


def test_what_is_no_symbol_is_named(lab_hub: Hub) -> None:
    at = at_market(symbol="?!<b>")
    assert any("Showing BTC/USDT instead" in one.value for one in at.warning)


def test_a_visitor_keeps_a_list_in_the_address(lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.ui.authority.refused", lambda: "not from here")
    at = at_market(watch="LTC/EUR,nonsense!")
    assert "LTC" in said(at)
    at.button(key="watch_own").click().run()
    assert at.query_params["watch"] == "LTC/EUR,BTC/USDT"
    assert not [button for button in at.button if button.key == "watch"]
    at.button(key="unwatch_own").click().run()
    assert at.query_params["watch"] == "LTC/EUR"
    assert lab_hub.watchlist() == ()


@pytest.mark.usefixtures("at_home")
def test_who_may_keeps_the_list_of_all(lab_hub: Hub) -> None:
    at = at_market()
    at.button(key="watch").click().run()
    assert [one.symbol for one in lab_hub.watchlist()] == ["BTC/USDT"]
    at.button(key="unwatch").click().run()
    assert lab_hub.watchlist() == ()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_news_is_text(text: str) -> None:
    item = NewsItem(text, "https://news.example/a", text, datetime(2026, 1, 1, tzinfo=UTC))
    line = market_news.entry(item, {})
    bare = line.replace("\\<", "").replace("\\[", "").replace("\\:", "").replace("\\`", "").replace("\\$", "")
    assert "<" not in bare
    assert "`" not in bare
    assert "$" not in bare
    assert bare.count("](") == 1, "the one link is ours"
    assert "](https://news.example/a)" in bare
    assert not set(line) & set("\u202e\u202c\u2066\u2069")
    assert "evil.example/" not in bare or "//" not in bare.partition("](")[0].replace(":\u2060", "")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,<script>",
        "https://good.example@evil.example/",
        "//no.scheme/",
        "https://",
        "ftp://a.example/x",
        "https://a.example/\u202egpj",
        "",
    ],
)
def test_only_http_addresses_are_links(url: str) -> None:
    assert "](" not in market_news.link(url)


def test_an_address_cannot_end_the_link_or_hide_its_host() -> None:
    line = market_news.link("https://a.example/x)[y](javascript:z)")
    assert line.count("](") == 1
    assert line.endswith("%29)")
    assert "xn--" in market_news.link("https://аpple.example/")


def test_hostile_news_on_the_page(lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    items = tuple(NewsItem(text, f"https://n.example/{n}", "P") for n, text in enumerate(HOSTILE))
    given = Answer(News(items), "coindesk", "n.example", "primary", 0.0, 1.0, (), lab=True)

    async def headlines(*_: object, **__: object) -> Headlines:
        return Headlines(given, {}, "the model is <b>out</b>")

    monkeypatch.setattr("core.outlook.headlines", headlines)
    at = at_market()
    assert r"\<script\>" not in said(at), "markup was taken off"
    assert "javascript:" not in said(at).replace("\\:", "")
    assert "<b>" not in said(at).replace("\\<", "")


def quote(symbol: str, change: float | None) -> Answer[Quote]:
    return Answer(Quote(symbol, 1.0, change_24h_pct=change), "kraken", "", "primary", 0.0, 0.0, ())


def test_movers_are_ranked_and_the_unknown_left_out() -> None:
    changes = {"A/USD": 3.0, "B/USD": -2.0, "C/USD": None, "D/USD": 0.0, "E/USD": 9.0}
    told = market_prices.movers({name: quote(name, change) for name, change in changes.items()})
    gainers, losers, of = told.split("  \n")
    assert gainers.index("E") < gainers.index("A\\/USD")
    assert "B" in losers
    assert "D\\/USD" not in told
    assert "of the 4 shown" in of


def test_depth_is_summed_outwards() -> None:
    book = OrderBook("BTC/USDT", ((100.0, 1.0), (99.0, 2.0)), ((101.0, 4.0), (102.0, 1.0)))
    assert summed(book.bids) == [1.0, 3.0]
    figure = depth_figure(book)
    assert list(figure.data[1].y) == [4.0, 5.0]
    told = market_blocks.about_book(book)
    assert "Best bid 100.00, best ask 101.00 USDT" in told
    assert "99.5 basis points" in told
    assert "1 BTC bid" not in told, "the levels lie outside of half a per cent"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (74085.97, "74,085.97"),
        (0.000012345678, "1.23457e-05"),
        (0.0, "0"),
        (977742.0, "977,742"),
        (8.79, "8.790"),
    ],
)
def test_numbers_have_the_decimals_that_they_need(value: float, told: str) -> None:
    assert tiles.number(value) == told
