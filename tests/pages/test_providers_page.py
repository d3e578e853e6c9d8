"""The providers page under AppTest."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.engine.health import SEVERITY
from core.hub import Hub
from core.ops.patterns import Pattern
from core.ui import acting, authority, states, tags

App = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def rested() -> None:
    """Nobody has acted yet."""
    acting._last.clear()


def endpoints(at: AppTest) -> dict[str, dict[str, object]]:
    table = at.dataframe[0].value.set_index("Endpoint")
    return table.assign(State=table["State"].map(tuple)).to_dict("index")


def said(at: AppTest) -> str:
    groups = (at.markdown, at.warning, at.error, at.info, at.caption, at.success)
    return "\n".join(e.value.replace("\\", "").replace("\u2060", "") for group in groups for e in group)


def ask(hub: Hub, *symbols: str) -> None:
    """And let the journal take it in."""
    for symbol in symbols:
        hub.price(symbol, refresh=True)
    hub._thread.wait(hub.hub.journal.flushed())


def until_done(at: AppTest) -> None:
    for _ in range(200):
        if not at.get("progress"):
            return
        at.run()
    raise AssertionError("the work does not end")


def test_every_endpoint_is_listed_with_its_state(lab_hub: Hub, app: App) -> None:
    ask(lab_hub, "BTC/USDT")
    at = app("providers")
    assert set(endpoints(at)) == {"binance/price@api.binance.com"}, "those that were asked"
    assert "more were not asked lately" in said(at)
    rows = endpoints(app("providers", everyone="true"))
    assert set(rows) == set(lab_hub.health().endpoints)
    assert rows["binance/price@api.binance.com"]["State"] == ("● healthy",)
    assert rows["kraken/orderbook@api.kraken.com"]["State"] == ("○ not asked yet",)


def test_a_provider_leads_to_its_documentation_and_says_what_was_read(lab_hub: Hub, app: App) -> None:
    kraken = lab_hub.catalog["kraken"]
    at = app("providers", target="kraken/price@api.kraken.com")
    assert kraken.docs in [link.proto.page for link in at.get("page_link")]
    assert f"Declared from: documentation and recorded body, read on {kraken.read_on}." in said(at)


def test_an_open_circuit_with_its_cooldown_and_its_signature(lab_hub: Hub, app: App) -> None:
    lab_hub.lab.inject("kraken", "status:500")
    ask(lab_hub, *["BTC/USD"] * 3)
    at = app("providers", target="kraken/price", capability="price")
    row = endpoints(at)["kraken/price@api.kraken.com"]
    assert (row["State"], row["Circuit"], row["Errors"]) == (("✕ unavailable",), "╱ open", 3)
    assert row["Cooldown left"].endswith(" s")
    assert "500" in row["Why"]
    assert row["Success"] == 0
    words = said(at)
    assert "Kraken unavailable" in words
    assert "**✕ unavailable**, price at api.kraken.com · circuit open · asked again in" in words
    signature = at.table[0].value
    assert "500" in signature.index[0]
    assert signature["Times"].tolist() == [3]
    assert "no data in" not in words
    assert "3 tries in 24 hours, 0.00 %" in words


def test_only_those_in_trouble(lab_hub: Hub, app: App) -> None:
    lab_hub.isolate("coinbase/price", "testing")
    at = app("providers", troubled="true")
    assert set(endpoints(at)) == {"coinbase/price@api.exchange.coinbase.com"}


def test_a_target_of_nothing_is_said(lab_hub: Hub, app: App) -> None:
    words = said(app("providers", target="nobody/price"))
    assert "nobody" in words
    assert "Showing all of them instead." in words


@pytest.mark.usefixtures("at_home")
def test_isolating_asks_first_and_is_on_record(lab_hub: Hub, app: App) -> None:
    ask(lab_hub, "BTC/USDT")
    at = app("providers", target="binance")
    at.button(key="act_isolate_binance").click().run()
    assert lab_hub.health().providers["binance"].state == "healthy", "only asked so far"
    assert "Nothing is sent to it until it is restored" in said(at)
    at.text_input(key="acting_reason").set_value("a drill")
    at.button(key="confirmed").click().run()
    assert lab_hub.health().providers["binance"].state == "isolated"
    assert "Isolated: binance." in said(at)
    (event,) = lab_hub.journal.events(kinds=["admin"], target="binance")
    assert (event.action, event.detail) == ("isolate", "a drill")
    assert event.who.startswith("page, ")
    at.button(key="act_restore_binance").click().run()
    at.button(key="confirmed").click().run()
    assert lab_hub.health().providers["binance"].state == "healthy"


@pytest.mark.usefixtures("at_home")
def test_probing_shows_what_came_of_it_and_not_twice_at_once(lab_hub: Hub, app: App) -> None:
    at = app("providers", target="kraken/price")
    at.button(key="act_probe_kraken/price").click().run()
    at.button(key="confirmed").click().run()
    until_done(at)
    assert "Probed kraken/price" in said(at)
    assert "1 of 1 endpoint answered" in said(at)
    assert lab_hub.health().endpoints["kraken/price@api.kraken.com"].calls == 1
    at.button(key="act_probe_kraken/price").click().run()
    at.button(key="confirmed").click().run()
    assert "the same was done just now" in said(at)
    assert lab_hub.health().endpoints["kraken/price@api.kraken.com"].calls == 1


@pytest.mark.usefixtures("at_home")
def test_a_long_action_can_be_cancelled(lab_hub: Hub, app: App) -> None:
    lab_hub.lab.inject("kraken", "timeout")
    at = app("providers", target="kraken")
    at.button(key="act_probe_kraken").click().run()
    at.button(key="confirmed").click().run()
    at.button(key="cancel_job").click().run()
    until_done(at)
    assert "was cancelled" in said(at)


def test_who_may_not_act_sees_why_and_a_forged_click_does_nothing(
    lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "refused", lambda: "")
    at = app("providers", target="kraken")
    at.button(key="act_reset_kraken").click().run()
    monkeypatch.setattr(authority, "refused", lambda: "the door is shut")
    at.button(key="confirmed").click().run()
    assert "Not done: the door is shut." in said(at)
    assert "Acting is not possible from here: the door is shut." in said(at)
    assert not lab_hub.journal.events(kinds=["admin"])


@pytest.mark.usefixtures("at_home")
def test_patterns_come_with_their_evidence(lab_hub: Hub, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Pattern(
        "flapping", "kraken/price@api.kraken.com", 0.0, 60.0, "opened <b>4</b> times", {"openings": [1.0]}
    )
    monkeypatch.setattr(lab_hub, "patterns", lambda: [one])
    at = app("providers")
    assert not at.json, "read when it is asked for"
    at.session_state["patterns"] = True
    at.run()
    assert "Flapping" in said(at)
    assert "<b>4</b>" in said(at)
    assert any("\\<b\\>" in one.value for one in at.markdown)
    assert "openings" in at.json[0].value


def test_every_state_differs_in_sign_word_and_colour() -> None:
    looks = list(states.STATES.values())
    assert set(states.STATES) == set(SEVERITY)
    for part in ("sign", "word", "color"):
        assert len({getattr(look, part) for look in looks}) == len(looks)


def test_every_state_has_a_tag_in_a_tint_of_its_colour() -> None:
    offered = tags.COLUMN["type_config"]["options"]
    assert {one["value"]: one["color"] for one in offered} == {
        cell: look.color + tags.TINT for state, look in states.STATES.items() for cell in tags.of(state)
    }


def test_a_provider_and_what_it_serves_in_tags(lab_hub: Hub, app: App) -> None:
    ask(lab_hub, "BTC/USDT")
    lab_hub.isolate("binance/orderbook", "testing")
    at = app("providers", everyone="true")
    (table,) = (one.value for one in at.dataframe if "Provider" in one.value)
    row = table.set_index("Provider").loc["Binance"]
    assert (list(row["price"]), list(row["order books"])) == (["● healthy"], ["◇ isolated"])
    assert not len(row["news"]), "it serves none"
