"""What is around a price: queries, values through the cache, the hub."""

import dataclasses
from datetime import UTC, datetime

import httpx
import pytest

from core import AsyncHub, NoAnswer, Settings
from core.answer import Untrue
from core.catalog import Catalog
from core.engine import truth
from core.engine.call import described
from core.engine.codec import Entry, decode, encode
from core.engine.complete import shortfall
from core.engine.freshness import fresh_for
from core.lab import Lab
from core.market import (
    METRICS,
    AssetFacts,
    MarketOverview,
    MetadataQuery,
    News,
    NewsItem,
    NewsQuery,
    OnChainFigure,
    OnChainQuery,
    Prediction,
    PredictionQuery,
    Sentiment,
    SentimentQuery,
    Social,
    SocialQuery,
)

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
BEFORE, LATER = AT.replace(day=24), AT.replace(day=26)
POST = NewsItem("t", "https://a.example/", "p", AT, "s", ("x", "y"))

VALUES = [
    MarketOverview(3e12, 1e11, -1.5, 55.0, 12.0, 100, 20, AT),
    AssetFacts("BTC", "Bitcoin", 1, 2e12, 19e6, 19e6, 21e6, 1e5, AT, "https://a.example", "d", AT),
    News((POST, NewsItem("u", "https://b.example/", "q")), "BTC"),
    Sentiment(-0.5, "Fear", "index", 25.0, None, ((AT, -0.5), (AT, 0.25)), AT),
    Social("BTC", reddit_subscribers=7.0, newest_posts=(POST,), time=AT),
    OnChainFigure("btc_block_height", 9e5, "blocks", AT),
    Prediction("BTC/USDT", "up", "1h", 1, "m", 5.0, 0.6, 0.5, 0.4, 0.6, 100, AT),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_come_back_from_the_cache_as_they_were(value):
    entry = Entry(value, "p", "h", 1.0, 2.0, (), ("note",))
    assert decode(encode(entry)) == entry
    empty = dataclasses.replace(value, **({"time": None} if hasattr(value, "time") else {}))
    assert decode(encode(dataclasses.replace(entry, value=empty))).value == empty


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: OnChainQuery("btc_height"), "metric='btc_height': expected one of btc_block_height"),
        (lambda: OnChainQuery(None), "metric='None'"),
        (lambda: NewsQuery(limit=0), "limit='0': expected a whole number from 1 to 100"),
        (lambda: NewsQuery(limit=101), "limit='101'"),
        (lambda: NewsQuery(""), "topic=''"),
        (lambda: NewsQuery("x" * 81), "topic="),
        (lambda: NewsQuery(5), "topic='5'"),
        (lambda: SentimentQuery("  "), "text="),
        (lambda: SentimentQuery("x" * 5001), "text="),
        (lambda: MetadataQuery("B T C"), "asset='B T C': expected an asset"),
        (lambda: MetadataQuery("BTC/"), "asset="),
        (lambda: SocialQuery(""), "symbol=''"),
        (lambda: SocialQuery(None), "symbol='None'"),
        (lambda: PredictionQuery("BTC/USDT", "9h"), "interval='9h'"),
        (lambda: PredictionQuery("BTC/USDT", horizon=0), "horizon='0'"),
    ],
)
def test_what_cannot_be_asked_is_named(make, says):
    with pytest.raises(ValueError, match="expected") as caught:
        make()
    assert says in str(caught.value)


def test_equal_questions_have_equal_keys():
    assert NewsQuery("  Bitcoin   ETF ").key() == NewsQuery("Bitcoin ETF").key() != NewsQuery().key()
    assert SocialQuery("btc/usdt").key() == SocialQuery("BTC").key()
    assert MetadataQuery("btc/usd") == MetadataQuery("BTC") != MetadataQuery()


def test_words_for_a_question():
    assert described(MetadataQuery()) == "the market as a whole"
    assert described(MetadataQuery("BTC")) == "facts on BTC"
    assert described(NewsQuery("etf")) == "news about etf"
    assert described(SentimentQuery("x")) == "the sentiment of a text"
    assert described(SocialQuery("BTC")) == "what is said of BTC"
    assert described(OnChainQuery("tvl_usd")) == "tvl_usd on the chain"
    assert described(PredictionQuery("BTC/USDT", "4h")) == "4h prediction of BTC/USDT"


@pytest.mark.parametrize(
    ("query", "value"),
    [
        (OnChainQuery("btc_supply"), OnChainFigure("btc_supply", 22e6, "BTC")),
        (OnChainQuery("btc_hashrate"), OnChainFigure("btc_hashrate", -1.0, "EH/s")),
        (OnChainQuery("tvl_usd"), OnChainFigure("tvl_usd", 1e11, "USD", LATER)),
        (OnChainQuery("eth_block_height"), OnChainFigure("eth_block_height", 2e7, "", BEFORE)),
        (SentimentQuery(), Sentiment(1.5, "Greed", "m")),
        (PredictionQuery("BTC/USDT"), Prediction("BTC/USDT", "up", "1h", 1, "m", 5.0, hit_rate=1.2)),
    ],
)  # fmt: skip
def test_what_cannot_be_true_is_dissent(query, value):
    with pytest.raises(Untrue):
        truth.check(query, value, AT.timestamp())


def test_no_news_on_a_topic_is_partial_and_the_next_is_asked():
    assert shortfall(NewsQuery("zec"), News((), "zec"), 0.0) == "partial: no news about zec"
    assert shortfall(NewsQuery(), News((POST,)), 0.0) == ""


def test_a_text_stays_as_it_is_for_longer_than_a_price():
    assert fresh_for(SentimentQuery("x"), None, 0.0) > fresh_for(SentimentQuery(), None, 0.0) > 60
    assert fresh_for(PredictionQuery("BTC/USDT", "1h"), None, 3599.0) == 2.0


def test_who_is_asked_first_may_depend_on_what_is_asked():
    catalog = Catalog.load()
    assert catalog.serving("sentiment")[0].id == "alternative_me"
    assert [one.id for one in catalog.serving("sentiment")][-2:] == ["bybit", "huggingface"]
    assert catalog.serving("metadata")[0].id == "coingecko"
    assert [one.id for one in catalog.serving("price")].index("bybit") < 10


async def test_the_hub_answers_all_of_them_in_the_lab(tmp_path):
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        answers = [
            await hub.metadata(),
            await hub.metadata("BTC"),
            await hub.news(limit=5),
            await hub.sentiment(),
            await hub.social("BTC/USDT"),
            await hub.onchain("btc_block_height"),
        ]
        assert all(answer.lab and answer.attempts and answer.source for answer in answers)
        again = await hub.news(limit=5)
        assert (again.tier, again.value) == ("cache", answers[2].value)
        with pytest.raises(NoAnswer, match="the mood of the market only"):
            await hub.sentiment("to the moon", providers=["alternative_me"])


async def test_without_any_key_everything_is_answered_and_nobody_who_needs_one_is_asked(
    tmp_path, monkeypatch
):
    catalog = Catalog.load()
    keyed = {one.id for one in catalog.values() if one.auth is not None and one.auth.required}
    for one in catalog.values():
        for name in one.auth.env if one.auth is not None else ():
            monkeypatch.delenv(name, raising=False)
    asked = set()
    world = Lab(seed=3).transport()

    class Wire(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            asked.add(request.url.host)
            return await world.handle_async_request(request)

    async with AsyncHub(Settings(mode="live", data_dir=tmp_path), transport=Wire()) as hub:
        answers = [
            await hub.metadata(),
            await hub.metadata("BTC"),
            await hub.news(),
            await hub.news("ETH"),
            await hub.sentiment(),
            await hub.social("BTC"),
            *[await hub.onchain(metric) for metric in METRICS if metric != "whale_transfers_usd"],
        ]
        with pytest.raises(NoAnswer) as caught:
            await hub.onchain("whale_transfers_usd")
    assert not {answer.source for answer in answers} & keyed
    assert not {host.name for one in keyed for host in catalog[one].hosts} & asked
    assert {one.outcome for one in caught.value.attempts} <= {"skipped_disabled", "skipped_unserved"}
    assert "WHALE_ALERT_API_KEY" in str(caught.value)


async def test_a_coin_that_a_provider_does_not_know_costs_it_no_health(tmp_path):
    async def nobody(request):
        return httpx.Response(404, json={"error": "coin not found"})

    settings = Settings(mode="live", data_dir=tmp_path, providers=("coingecko",))
    async with AsyncHub(settings, transport=httpx.MockTransport(nobody)) as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.social("ETH")
        assert [one.outcome for one in caught.value.attempts] == ["unknown_symbol"]
        with pytest.raises(NoAnswer) as caught:
            await hub.metadata("BTC")  # that one it certainly has
        assert {one.outcome for one in caught.value.attempts} == {"status"}
        health = (await hub.health()).endpoints
        assert health["coingecko/social@api.coingecko.com"].errors == 0
        assert health["coingecko/metadata@api.coingecko.com"].errors >= 1
