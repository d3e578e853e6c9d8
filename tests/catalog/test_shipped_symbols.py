"""The symbols that come with the package."""

import pytest

from core.catalog import Catalog
from core.catalog.shipped import _markets, shipped
from core.market import PriceQuery

CATALOG = Catalog.load()


@pytest.mark.parametrize("provider", CATALOG.serving("price"), ids=lambda provider: provider.id)
def test_what_is_shipped_can_be_asked_for(provider):
    symbols = shipped(provider)
    assert provider.check_symbol in symbols
    refused = {symbol for symbol in symbols if provider.serves(PriceQuery(symbol)) is not None}
    assert not refused
    assert not [symbol for symbol in symbols if symbol.split("/")[0] == symbol.split("/")[1]]


def test_the_file_names_those_whose_symbols_follow_a_rule():
    assert set(_markets()) == {
        provider.id for provider in CATALOG.serving("price") if not provider.declaration.symbol.named_only
    }
    assert all(len({s.split("/")[0] for s in symbols}) >= 10 for symbols in _markets().values())


def test_coins_with_ids_of_their_own_are_known_in_every_currency():
    symbols = shipped(CATALOG["coingecko"])
    assert {"BTC/USD", "BTC/EUR", "PEPE/USD"} <= symbols
    assert "BTC/USDT" not in symbols
