"""The embedded sentiment model: signs that anybody would agree on, and text that stays text."""

import time

import pytest

from core import AsyncHub, NoAnswer, Settings
from core.models import vader
from core.models.lexicon import PHRASES, WORDS

GOOD = [
    "Bitcoin soars to a new all-time high",
    "ETH rallies after the upgrade goes live",
    "Analysts are bullish on Solana",
    "To the moon! This coin is mooning",
    "SEC approves the first spot ether ETF",
    "Record inflows push bitcoin higher as it surges past 100k",
    "Golden cross on the weekly chart, breakout confirmed",
    "Adoption grows as a major bank announces a partnership",
    "The market rebounds strongly",
]
BAD = [
    "Exchange hacked, millions stolen by hackers",
    "Bitcoin plunges below 60k as liquidations mount",
    "The token was a rug pull",
    "Pump and dump scheme uncovered",
    "SEC sues the exchange for fraud",
    "Stablecoin depegs, panic spreads",
    "Bear market deepens, bitcoin crashes",
    "Lender files for bankruptcy after the collapse",
    "Massive sell-off: altcoins tumbled",
    "I got rekt",
    "Analysts are bearish on Solana",
    "The market is not bullish",
    "Binance delists the token after an exploit drained its pool",
]
PLAIN = [
    "The block reward is 3.125 BTC",
    "Shares of the fund hold a number of tokens",
    "Gas is paid in ether",
    "0x00000000219ab540356cbb839cbe05303d7705fa",
    "⟠ 。",
]


@pytest.fixture(scope="module")
def analyzer():
    return vader._load()


@pytest.mark.parametrize("text", GOOD)
def test_good_news_is_positive(analyzer, text):
    said = vader.scored(analyzer, text)
    assert (said.label, said.score > 0.1) == ("positive", True), said


@pytest.mark.parametrize("text", BAD)
def test_bad_news_is_negative(analyzer, text):
    said = vader.scored(analyzer, text)
    assert (said.label, said.score < -0.1) == ("negative", True), said


@pytest.mark.parametrize("text", PLAIN)
def test_plain_statements_are_neutral(analyzer, text):
    assert vader.scored(analyzer, text).label == "neutral"


def test_the_lexicon_is_in_the_measure_and_says_what_the_phrases_need():
    assert all(
        -4.0 <= value <= 4.0 and word == word.lower() and " " not in word for word, value in WORDS.items()
    )
    assert set(PHRASES.values()) <= set(WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert('hacked')</script>",
        "**bullish** [link](javascript:alert(1))",
        "\u202egnp.exe\u202c bullish",
        "😀" * 2000,
        "!" * 5000,
        "not " * 1200,
        "a\x00b",
        "BULLISH" * 700,
        "'; DROP TABLE moods; --",
    ],
    ids=range(9),
)
def test_hostile_text_is_only_scored(analyzer, text):
    began = time.perf_counter()
    said = vader.scored(analyzer, text)
    assert -1.0 <= said.score <= 1.0
    assert text not in said.label + said.method
    assert time.perf_counter() - began < 1.0


@pytest.mark.looptime
async def test_through_the_hub_in_live_mode_without_network(tmp_path):
    import httpx

    def nobody(request):
        raise httpx.ConnectError("no network", request=request)

    hub = AsyncHub(Settings(mode="live", data_dir=tmp_path), transport=httpx.MockTransport(nobody))
    async with hub:
        answer = await hub.sentiment("Bitcoin soars to a new all-time high")
        again = await hub.sentiment("Bitcoin soars to a new all-time high")
        assert (answer.source, answer.host, answer.tier) == ("vader", "local", "primary")
        assert answer.value.score > 0.5
        assert (again.tier, again.value) == ("cache", answer.value)
        with pytest.raises(ValueError, match="text="):
            await hub.sentiment("x" * 5001)
        with pytest.raises(NoAnswer):
            await hub.sentiment()  # the mood of the market is nothing that it knows
