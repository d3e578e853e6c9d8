"""The providers page under AppTest."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.engine.health import SEVERITY
from core.hub import Hub
from core.ui import states

App = Callable[..., AppTest]
PAGE = str(Path(__file__).resolve().parents[2] / "pages" / "providers.py")


@pytest.fixture
def opened(app: App) -> Callable[[], AppTest]:
    def go() -> AppTest:
        at = app().switch_page(PAGE).run()
        assert not at.exception, at.exception
        return at

    return go


def endpoints(at: AppTest) -> dict[str, dict[str, object]]:
    return at.dataframe[1].value.set_index("Endpoint").to_dict("index")


def test_every_endpoint_is_listed_with_its_state(lab_hub: Hub, opened: Callable[[], AppTest]) -> None:
    rows = endpoints(opened())
    assert set(rows) == set(lab_hub.health().endpoints)
    assert rows["binance/ohlcv@api.binance.com"]["State"] == "● healthy"  # the candles page asked it
    assert rows["kraken/orderbook@api.kraken.com"]["State"] == "○ not asked yet"


def test_an_open_circuit_with_its_cooldown(lab_hub: Hub, opened: Callable[[], AppTest]) -> None:
    lab_hub.lab.inject("kraken", "status:500")
    for _ in range(3):
        lab_hub.price("BTC/USD", refresh=True)
    at = opened()
    row = endpoints(at)["kraken/price@api.kraken.com"]
    assert (row["State"], row["Circuit"]) == ("✕ unavailable", "╱ open")
    assert row["Cooldown left"].endswith(" s")
    assert "500" in row["Why"]
    assert row["Success"] == 0
    assert "Kraken unavailable" in at.markdown[1].value + at.markdown[0].value


def test_only_those_in_trouble(lab_hub: Hub, opened: Callable[[], AppTest]) -> None:
    lab_hub.isolate("coinbase/price", "testing")
    at = opened()
    at.toggle(key="troubled").set_value(True).run()
    assert set(endpoints(at)) == {"coinbase/price@api.exchange.coinbase.com"}


def test_one_capability(lab_hub: Hub, opened: Callable[[], AppTest]) -> None:
    at = opened()
    at.selectbox(key="capability").set_value("orderbook").run()
    assert {row.split("@")[0].split("/")[1] for row in endpoints(at)} == {"orderbook"}


def test_every_state_differs_in_sign_word_and_colour() -> None:
    looks = list(states.STATES.values())
    assert set(states.STATES) == set(SEVERITY)
    for part in ("sign", "word", "color"):
        assert len({getattr(look, part) for look in looks}) == len(looks)
