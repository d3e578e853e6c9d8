"""What a person points at, and what it isolates and restores."""

import pytest

from core.catalog import Catalog
from core.engine.target import UnknownTarget, endpoints_of, isolate, restore

CATALOG = Catalog.load()
KRAKEN = "kraken/ohlcv@api.kraken.com"


def held(isolated: dict[str, str]) -> set[str]:
    return {str(one) for mark in isolated for one in endpoints_of(CATALOG, mark)}


def test_every_form_names_its_endpoints() -> None:
    assert endpoints_of(CATALOG, None) == list(CATALOG.endpoints)
    assert {one.capability for one in endpoints_of(CATALOG, "kraken")} == {
        "ohlcv", "price", "volume", "orderbook",
    }  # fmt: skip
    assert [str(one) for one in endpoints_of(CATALOG, "kraken/ohlcv")] == [KRAKEN]
    assert [str(one) for one in endpoints_of(CATALOG, KRAKEN)] == [KRAKEN]
    assert endpoints_of(CATALOG, "model:huggingface") == endpoints_of(CATALOG, "huggingface")


@pytest.mark.parametrize(
    "target",
    ["", "nosuch", "KRAKEN", " kraken", "kraken/", "kraken/onchain", "kraken@api.kraken.com", "@api.kraken.com",
     "kraken/ohlcv@elsewhere.example", "model:", "model:nosuch", "model:kraken", "model:huggingface/sentiment",
     5, ["kraken"], b"kraken"],
)  # fmt: skip
def test_what_names_nothing_is_refused(target: str) -> None:
    isolated: dict[str, str] = {}
    for act in (
        lambda: endpoints_of(CATALOG, target),
        lambda: isolate(CATALOG, isolated, target, "x"),
        lambda: restore(CATALOG, isolated, target),
    ):
        with pytest.raises(UnknownTarget, match="expected a provider"):
            act()
    assert not isolated


def test_everything_can_be_isolated_and_restored() -> None:
    isolated = {"kraken/price": "earlier"}
    isolate(CATALOG, isolated, None, "all of it")
    assert held(isolated) == set(map(str, CATALOG.endpoints))
    restore(CATALOG, isolated, None)
    assert not isolated


def test_a_provider_is_restored_with_all_that_was_isolated_of_it() -> None:
    isolated: dict[str, str] = {}
    isolate(CATALOG, isolated, "kraken/price", "x")
    isolate(CATALOG, isolated, KRAKEN, "y")
    isolate(CATALOG, isolated, "coinbase", "z")
    restore(CATALOG, isolated, "kraken")
    assert isolated == {"coinbase": "z"}


def test_of_an_isolated_provider_a_part_can_be_restored() -> None:
    isolated: dict[str, str] = {}
    isolate(CATALOG, isolated, "binance", "x")
    restore(CATALOG, isolated, "binance/ohlcv@api1.binance.com")
    rest = {str(one) for one in endpoints_of(CATALOG, "binance")} - {"binance/ohlcv@api1.binance.com"}
    assert held(isolated) == rest
    assert set(isolated.values()) == {"x"}
    restore(CATALOG, isolated, "binance/price")
    assert held(isolated) == {name for name in rest if not name.startswith("binance/price@")}


def test_a_model_is_isolated_by_either_name() -> None:
    isolated: dict[str, str] = {}
    isolate(CATALOG, isolated, "model:huggingface", "x")
    assert isolated == {"huggingface": "x"}
    restore(CATALOG, isolated, "model:huggingface")
    assert not isolated


def test_a_mark_of_a_provider_that_is_gone_is_in_nobodys_way() -> None:
    isolated = {"closed_since": "x"}
    restore(CATALOG, isolated, "kraken")
    assert isolated == {"closed_since": "x"}
