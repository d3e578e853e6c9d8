"""What is around a price: every provider of it against the lab, whose bodies know nothing of the catalogue."""

import copy
import dataclasses
import json
import random

import httpx
import pytest

from core.answer import UnknownSymbol, Untrue, WireError
from core.catalog import Catalog
from core.engine import truth
from core.indicators import summary
from core.lab import Lab, around
from core.market import (
    METRICS,
    AssetFacts,
    CandleQuery,
    MarketOverview,
    MetadataQuery,
    NewsQuery,
    OnChainQuery,
    SentimentQuery,
    SocialQuery,
    TechnicalQuery,
)

CATALOG = Catalog.load()
NOW = 1_790_000_123.0


class Clock:
    def mono(self):
        return 0.0

    def now(self):
        return NOW


@pytest.fixture
def lab():
    return Lab(seed=11, clock=Clock())


async def ask(lab, provider, query, host=None):
    request = provider.request(query, host=host, now=NOW)
    async with httpx.AsyncClient(transport=lab.transport()) as client:
        response = await client.request(
            request.method, request.url, headers=request.headers, content=request.content
        )
    value = provider.read(query, response, now=NOW)
    truth.check(query, value, NOW)
    return value


def serving(query):
    return [one for one in CATALOG.serving(query.capability) if one.serves(query, NOW) is None]


def each(query):
    return pytest.mark.parametrize("provider", serving(query), ids=lambda provider: provider.id)


FIGURES = [
    (metric, provider, host.name)
    for metric in METRICS
    for provider in serving(OnChainQuery(metric))
    for host in provider.hosts
]


def simulated(metric, market):
    """What the lab's world says of a figure; None where every provider has its own way to count."""
    chain, _, what = metric.partition("_")
    fast, medium, slow = around.fees(NOW)
    if what == "block_height":
        return around.block(chain, NOW).height
    if what == "gas_gwei":
        return around.gas(chain, NOW) / 1e9
    return {
        "btc_fee_fast_sat_vb": fast,
        "btc_fee_medium_sat_vb": medium,
        "btc_fee_slow_sat_vb": slow,
        "btc_hashrate": around.hashrate(NOW) / 1e18,
        "btc_difficulty": around.difficulty(NOW),
        "btc_mempool_transactions": around.waiting(NOW),
        "btc_transactions_24h": around.daily("btc", NOW),
        "btc_supply": around.SUPPLY["BTC"],
        "eth_supply": around.SUPPLY["ETH"],
        "eth_transactions_24h": around.daily("eth", NOW),
        "tvl_usd": around.locked(NOW),
    }.get(metric)


@pytest.mark.parametrize(("metric", "provider", "host"), FIGURES, ids=lambda part: getattr(part, "id", part))
async def test_every_figure_is_that_of_the_simulated_chain(lab, metric, provider, host):
    figure = await ask(lab, provider, OnChainQuery(metric), host)
    assert (figure.metric, figure.unit) == (metric, METRICS[metric].unit)
    wanted = simulated(metric, lab.market)
    if wanted is not None:
        assert figure.value == pytest.approx(wanted, rel=1e-3)
    else:
        assert figure.value > 0
    if figure.time is not None:
        assert NOW - 3 * 86400 <= figure.time.timestamp() <= NOW


@each(MetadataQuery())
async def test_the_market_as_a_whole(lab, provider):
    value = await ask(lab, provider, MetadataQuery())
    assert isinstance(value, MarketOverview)
    cap = around.total(lab.market, NOW)
    assert value.market_cap_usd == pytest.approx(cap, rel=0.02)
    share = around.capitalisation(lab.market, "BTC", NOW) / cap * 100
    assert value.btc_dominance_pct is None or value.btc_dominance_pct == pytest.approx(share, abs=1)
    turnover = around.turnover(lab.market, NOW)
    assert value.volume_24h_usd is None or value.volume_24h_usd == pytest.approx(turnover, rel=0.05)


@each(MetadataQuery("BTC"))
async def test_one_asset(lab, provider):
    value = await ask(lab, provider, MetadataQuery("BTC"))
    assert isinstance(value, AssetFacts)
    assert (value.asset, value.name) == ("BTC", "Bitcoin")
    assert value.rank in {None, 1}
    assert value.max_supply in {None, 21_000_000.0}
    assert value.circulating is None or value.circulating == pytest.approx(around.SUPPLY["BTC"], rel=1e-3)
    assert "<" not in (value.description or "")


@each(MetadataQuery("BTC"))
async def test_an_asset_that_is_not_there_is_named(lab, provider):
    query = MetadataQuery("XMR" if provider.declaration.symbol.named_only else "NOSUCHCOIN")
    with pytest.raises(UnknownSymbol):
        await ask(lab, provider, query)


@each(SocialQuery("BTC"))
async def test_what_is_said_of_an_asset(lab, provider):
    bitcoin = await ask(lab, provider, SocialQuery("BTC/USDT"))
    assert bitcoin.asset == "BTC"
    told = [getattr(bitcoin, name) for name in type(bitcoin).__match_args__ if name not in {"asset", "time"}]
    assert bitcoin.newest_posts or any(isinstance(value, float) and value > 0 for value in told)


@each(SentimentQuery())
async def test_the_mood_of_the_market(lab, provider):
    mood = await ask(lab, provider, SentimentQuery())
    assert -1 <= mood.score <= 1
    assert mood.index == pytest.approx((mood.score + 1) * 50)
    assert mood.label
    assert mood.method
    assert len(mood.history) != 1 or mood.time is not None
    times = [moment for moment, _ in mood.history]
    assert times == sorted(times, reverse=True)
    assert provider.serves(SentimentQuery("to the moon")) is not None


@each(SentimentQuery("x"))
async def test_the_sentiment_of_a_text(lab, provider):
    for text, label in (
        ("Bitcoin soars to a record high", "positive"),
        ("Exchange hacked, bitcoin plunges", "negative"),
        ("{text} {symbol} \\u0000 <b>\u202e", "neutral"),
    ):
        mood = await ask(lab, provider, SentimentQuery(text))
        assert mood.label == label
        assert (mood.score > 0, mood.score < 0) == (label == "positive", label == "negative")
        assert 0 < mood.confidence <= 1
    assert "not the mood of the market" in provider.serves(SentimentQuery())


@each(TechnicalQuery("BTC/USDT"))
async def test_what_the_indicators_say(lab, provider):
    """The same as our own say on the candles of the venue that it works on, where it says anything."""
    venue = CATALOG[provider.upstream]
    asked = [("BTC/USDT", interval) for interval in provider.declaration.technical.intervals]
    for symbol, interval in (*asked, ("ETH/BTC", "1h")):
        found = await ask(lab, provider, TechnicalQuery(symbol, interval))
        frame = await ask(lab, venue, CandleQuery(symbol, interval, limit=400))
        own = {one.indicator: one for one in summary(frame).signals}
        assert found.time == frame.index[-1].isoformat()
        assert {one.indicator for one in found.signals} == set(provider.declaration.technical.indicators)
        assert {one.indicator for one in found.missing} == set(provider.declaration.technical.without)
        for one in found.signals:
            mine = own[one.indicator]
            assert one.value == pytest.approx(mine.value, rel=1e-5, abs=1e-9)
            assert (one.reading, one.lean) == (mine.reading, mine.lean)
            assert mine.reason.startswith(one.reason)
            assert (one.family, one.converged, one.repaired) == (mine.family, None, None)


HOSTILE = ("<", ">alert", "\u202e", "\u202c", "&amp;", "&nbsp;")


@each(NewsQuery())
async def test_news_are_plain_newest_first_and_recent(lab, provider):
    news = await ask(lab, provider, NewsQuery(limit=9))
    assert 1 <= len(news) <= 9
    times = [item.published for item in news if item.published]
    assert times == sorted(times, reverse=True)
    assert all(NOW - 10 * 86400 < time.timestamp() <= NOW for time in times)
    for item in news:
        assert item.title
        assert item.url.startswith("https://")
        assert item.publisher
        for text in (item.title, item.summary, *item.tags):
            assert not any(sign in text for sign in HOSTILE), text


@each(NewsQuery("BTC"))
async def test_news_about_a_topic(lab, provider):
    news = await ask(lab, provider, NewsQuery("BTC", limit=50))
    for item in news:
        assert "Bitcoin" in f"{item.title} {item.summary} {item.tags}" or "BTC" in item.summary


CHAINS = [(metric, provider) for metric, provider, _ in FIGURES if metric.endswith("_block_height")]


@pytest.mark.parametrize(("metric", "provider"), CHAINS, ids=lambda part: getattr(part, "id", part))
async def test_a_chain_that_stands_still_is_seen(lab, metric, provider):
    query = OnChainQuery(metric)
    figure = await ask(lab, provider, query)
    if figure.time is not None:
        with pytest.raises(Untrue, match="frozen"):
            truth.check(query, figure, figure.time.timestamp() + truth.STANDS + 1)


def test_every_capability_has_two_providers_without_a_key():
    for query in (
        MetadataQuery(),
        NewsQuery(),
        SentimentQuery(),
        SocialQuery("BTC"),
        OnChainQuery("btc_block_height"),
    ):
        free = [one.id for one in serving(query) if one.auth is None or not one.auth.required]
        assert len(free) >= 2, (query.capability, free)


def test_every_metric_has_somebody_who_serves_it_without_a_key():
    for metric in set(METRICS) - {"whale_transfers_usd"}:  # nobody counts those for nothing
        free = [one for one in serving(OnChainQuery(metric)) if one.auth is None or not one.auth.required]
        assert free, metric


ASKED = [
    (provider, query)
    for provider in CATALOG.values()
    for query in (
        MetadataQuery(),
        MetadataQuery("BTC"),
        NewsQuery(),
        SentimentQuery(),
        SentimentQuery("Bitcoin soars"),
        SocialQuery("BTC"),
        TechnicalQuery("BTC/USDT"),
        *(OnChainQuery(metric) for call in provider.declaration.onchain for metric in call.metrics),
    )
    if provider.serves(query, NOW) is None
]
HOSTILES = [
    None,
    True,
    -1,
    0,
    1e308,
    1e18,
    "",
    "x",
    "1_0",
    "NaN",
    "0x",
    "0xzz",
    [],
    {},
    [1],
    {"a": 1},
    "2026-13-45",
]


def leaves(part, path=()):
    if isinstance(part, dict | list) and part:
        members = part.items() if isinstance(part, dict) else enumerate(part)
        for name, member in members:
            yield from leaves(member, (*path, name))
    else:
        yield path


@pytest.mark.parametrize(("provider", "query"), ASKED, ids=lambda part: getattr(part, "id", str(part)[:40]))
def test_one_leaf_changed_is_a_value_or_a_named_refusal(provider, query):
    """Whatever stands where the answer has its figures, texts and times."""
    world = Lab(seed=11, clock=Clock())
    request = provider.request(query, now=NOW)
    url = request.url
    made = world.handle(request.method, url.host, url.path, url.query.decode(), request.content or b"")
    if made.headers["Content-Type"].partition(";")[0] != "application/json":
        return
    chance, body = random.Random(str(query)), json.loads(made.body)
    places = list(leaves(body))
    for _ in range(40):
        place, hostile = chance.choice(places), chance.choice(HOSTILES)
        changed = copy.deepcopy(body)
        part = changed
        for name in place[:-1]:
            part = part[name]
        part[place[-1]] = hostile
        said = ""
        try:
            value = provider.read(query, httpx.Response(200, json=changed), now=NOW)
            json.dumps(dataclasses.asdict(value), default=str, allow_nan=False)
        except WireError as error:
            said = str(error)
        assert "in the reader" not in said, (place, hostile)
