"""Searching what is listed, without any provider."""

import pytest

from core.symbols import Known, Market, Symbols, search

KNOWN = {
    "binance": Known(frozenset({"BTC/USDT", "PEPE/USDT", "BTC/EUR", "ETH/BTC", "1INCH/USDT"}), whole=True),
    "kraken": Known(frozenset({"BTC/USD", "BTC/USDT", "BTC/EUR"}), whole=True),
    "okx": Known(frozenset({"BTC/USDT", "PEPE/USDT", "PEPE/USD", "BTCDOM/USDT"}), whole=True),
    "gemini": Known(frozenset({"BTC/USD"}), whole=False),
}
NAMES = {"BTC": "bitcoin", "BCH": "bitcoin cash", "ETH": "ethereum"}


def found(text: str, limit: int = 50) -> Symbols:
    return Symbols(text, *search(text, KNOWN, NAMES, limit))


def symbols(text: str, limit: int = 50) -> list[str]:
    return [market.symbol for market in found(text, limit)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("BTC/USD", ["BTC/USD", "BTC/USDT", "BTCDOM/USDT"]),
        ("btc-usdt", ["BTC/USDT", "BTCDOM/USDT"]),
        ("BTCUSDT", ["BTC/USDT"]),
        ("btc", ["BTC/USDT", "BTC/EUR", "BTC/USD", "BTCDOM/USDT"]),
        ("BT", ["BTC/USDT", "BTC/EUR", "BTC/USD", "BTCDOM/USDT"]),
        ("pep", ["PEPE/USDT", "PEPE/USD"]),
        ("Bitcoin", ["BTC/USDT", "BTC/EUR", "BTC/USD"]),
        ("ether", ["ETH/BTC"]),
        ("inch", ["1INCH/USDT"]),
        ("  pepe ", ["PEPE/USDT", "PEPE/USD"]),
        ("NOSUCH", []),
        ("§$%", []),
    ],
)
def test_best_match_first(text: str, first: list[str]) -> None:
    assert symbols(text) == first


def test_nothing_asked_for_is_everything_by_how_many_list_it() -> None:
    everything = symbols("")
    assert everything[0] == "BTC/USDT"
    assert set(everything) == {symbol for known in KNOWN.values() for symbol in known.symbols}
    assert len(symbols("", 3)) == 3


def test_who_lists_it_in_the_order_in_which_they_are_asked() -> None:
    assert found("PEPE").markets[0] == Market("PEPE/USDT", ("binance", "okx"))
    assert found("PEPE").providers_of("pepe/usdt") == ("binance", "okx")
    assert found("PEPE").providers_of("BTC/USDT") == ()
    assert len(found("PEPE")) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("PEPE", "not listed at kraken; binance and okx have it; not sure of gemini"),
        ("PEPE/USD", "not listed at binance and kraken; okx has it; not sure of gemini"),
        ("BTC", "binance, kraken, okx and gemini have it"),
        ("BTC/USD", "not listed at binance and okx; kraken and gemini have it"),
        ("NOSUCH", "not listed at binance, kraken and okx; not sure of gemini"),
        ("NOSUCH/USD", "not listed at binance, kraken and okx; not sure of gemini"),
    ],
)
def test_it_says_who_has_it_and_who_has_not(text: str, says: str) -> None:
    assert str(found(text)) == says
