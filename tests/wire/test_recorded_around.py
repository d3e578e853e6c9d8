"""Genuine recorded bodies about what is around a price: the right values, or the right name."""

from datetime import UTC, datetime
from typing import Any

import pytest
from wire_bodies import CATALOG, RECORDED, breaks_on_no_body, golden, recorded

from core.answer import BadPayload, CallerError, ProviderDown, Throttled, Untrue
from core.engine import truth
from core.market import MetadataQuery, NewsQuery, OnChainQuery, Query, SentimentQuery, SocialQuery

QUERIES: tuple[Query, ...] = (
    MetadataQuery(),
    MetadataQuery("BTC"),
    NewsQuery(),
    NewsQuery("BTC"),
    SentimentQuery(),
    SocialQuery("BTC"),
)

THEN = 1_790_700_000.0

pytestmark = recorded


def read(provider: str, file: str, query: Query, now: float = THEN) -> Any:
    return golden(provider, file, query, now)


def test_fear_and_greed() -> None:
    mood = read("alternative_me", "alternative_me/fng.json", SentimentQuery())
    assert (mood.index, mood.label, round(mood.score, 2)) == (69, "Greed", 0.38)
    assert mood.time == datetime(2026, 9, 8, tzinfo=UTC)
    assert [round(score, 2) for _, score in mood.history] == [0.38, 0.42]


def test_news_of_coindesk() -> None:
    news = read("coindesk", "news_rss/coindesk.rss.xml", NewsQuery())
    assert len(news) == 3
    first, second, third = news
    assert first.title == "U.S. CFTC seeks event contract definitions that may defy states' gambling claims"
    assert first.published == datetime(2026, 9, 30, 15, 19, 36, tzinfo=UTC)
    assert first.tags == ("Policy", "Prediction Markets", "News")
    assert (second.title, second.summary) == ("Crypto Long & Short: What will the AI agents run on?", "")
    assert third.url.startswith("https://www.coindesk.com/markets/2026/09/30/live-updates")
    assert [one.title for one in read("coindesk", "news_rss/coindesk.rss.xml", NewsQuery("BTC"))] == [
        third.title
    ]
    assert len(read("coindesk", "news_rss/coindesk.rss.xml", NewsQuery(limit=2))) == 2


def test_fees_of_mempool() -> None:
    file = "mempool_space/fees_recommended.json"
    fees = [
        read("mempool", file, OnChainQuery(f"btc_fee_{how}_sat_vb")) for how in ("fast", "medium", "slow")
    ]
    assert [fee.value for fee in fees] == [3, 1, 1]
    assert fees[0].unit == "sat/vB"


def test_the_market_and_bitcoin_at_coingecko() -> None:
    market = read("coingecko", "coingecko/global.json", MetadataQuery())
    assert market.market_cap_usd == 2142953338976.9612
    assert (market.assets, market.markets) == (7362, 616)
    assert round(market.btc_dominance_pct, 2) == 38.26
    assert round(market.change_24h_pct, 3) == -0.955
    assert market.time.date() == datetime(2021, 5, 18, tzinfo=UTC).date()
    bitcoin = read("coingecko", "coingecko/coins_bitcoin.json", MetadataQuery("BTC"))
    assert (bitcoin.asset, bitcoin.name) == ("BTC", "Bitcoin")
    assert bitcoin.description.startswith("Bitcoin is the first successful internet money")
    assert "<a" not in bitcoin.description
    assert bitcoin.started.year == 2009
    with pytest.raises(BadPayload, match="asked for 'ethereum'"):
        read("coingecko", "coingecko/coins_bitcoin.json", MetadataQuery("ETH"))


def test_bitcoin_at_the_other_aggregators() -> None:
    coincap = read("coincap", "coincap/v3.assets_bitcoin.json", MetadataQuery("BTC"))
    assert (coincap.name, coincap.rank, coincap.circulating, coincap.max_supply) == (
        "Bitcoin",
        1,
        20012087,
        21e6,
    )
    coinlore = read("coinlore", "coinlore/tickers.json", MetadataQuery("BTC"))
    assert (coinlore.name, coinlore.rank, coinlore.market_cap_usd) == ("Bitcoin", 1, 1825236061954)
    assert (coinlore.circulating, coinlore.max_supply) == (19949546, 21e6)
    cmc = read("coinmarketcap", "coinmarketcap/listing_item.json", MetadataQuery("BTC"))
    assert (cmc.name, cmc.rank, cmc.started) == ("Bitcoin", 1, datetime(2013, 4, 28, tzinfo=UTC))
    assert cmc.market_cap_usd == 917963765536.4354
    with pytest.raises(BadPayload):
        read("coinlore", "coinlore/tickers.json", MetadataQuery("ETH"))


def test_refusals_have_their_names() -> None:
    with pytest.raises(Throttled):
        read("coingecko", "coingecko/any.error-429.json", MetadataQuery())
    with pytest.raises(CallerError):
        read("coingecko", "coingecko/coins_markets.error-422.json", MetadataQuery("BTC"))
    with pytest.raises(ProviderDown, match="deprecated V1 endpoint"):
        read("etherscan", "etherscan/v1.deprecated.error-200.json", OnChainQuery("eth_gas_gwei"))


def test_bodies_of_other_calls_are_refused() -> None:
    height = OnChainQuery("eth_block_height")
    for file in ("v2.balance.json", "v2.getblocknobytime.json", "v2.txlist.json"):
        with pytest.raises(BadPayload):
            read("etherscan", f"etherscan/{file}", height)
    supply = OnChainQuery("eth_supply")
    wrong = read("etherscan", "etherscan/v2.balance.json", supply)  # the same shape
    with pytest.raises(Untrue):
        truth.check(supply, wrong, 1_790_700_000.0)
    with pytest.raises(BadPayload, match="btc_block_height is missing"):
        read("blockchain_info", "blockchain_info/rawtx.json", OnChainQuery("btc_block_height"))
    for metric in ("btc_block_height", "btc_fee_fast_sat_vb", "btc_mempool_transactions"):
        with pytest.raises(BadPayload):
            read("mempool", "mempool_space/tx.json", OnChainQuery(metric))
    with pytest.raises(BadPayload, match="instead of a feed"):
        read("coindesk", "coingecko/global.json", NewsQuery())


@pytest.mark.parametrize(
    "provider", ["coindesk", "mempool", "alternative_me", "publicnode", "blockchair", "reddit"]
)
def test_failures_of_gateways_are_the_providers(provider: str) -> None:
    for file in sorted((RECORDED / "generic_failures").iterdir()):
        if ".error-" in file.name and not (provider == "reddit" and "404" in file.name):
            for query in queries_of(provider):
                with pytest.raises(ProviderDown):
                    read(provider, f"generic_failures/{file.name}", query)


def queries_of(provider: str) -> list[Query]:
    calls = CATALOG[provider].declaration.onchain
    metrics = [OnChainQuery(metric) for call in calls for metric in call.metrics]
    return [query for query in (*QUERIES, *metrics) if CATALOG[provider].serves(query) is None]


@pytest.mark.slow
def test_no_body_of_anybody_breaks_a_reader() -> None:
    for provider in CATALOG:
        breaks_on_no_body(provider, *queries_of(provider), now=THEN)
