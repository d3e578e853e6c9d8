"""Spending what providers give to all: by asking past the cache, by asking much, by asking whom it costs to ask."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.budget import DEAR, TOGETHER, Budget, client_of
from core.hub import Hub, shared

RATE = 40


@pytest.fixture
def strict(guarded: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A server with a token that answers little to one address."""
    few = guarded.settings.model_copy(update={"question_rate": RATE})
    monkeypatch.setattr(guarded.hub, "settings", few)
    return guarded


def test_a_budget_is_of_one_client_and_of_all_together() -> None:
    now = 0.0
    budget = Budget(clients=5, clock=lambda: now)
    assert [budget.take("a", DEAR, RATE) for _ in range(5)] == [0, 0, 0, 0, pytest.approx(15)]
    assert budget.take("b", 1, RATE) == 0
    now = 15.0
    assert budget.take("a", DEAR, RATE) == 0
    taken = sum(budget.take(f"address {n}", DEAR, RATE) == 0 for n in range(1000))
    assert taken < TOGETHER * RATE / DEAR, "addresses are cheap"
    assert len(budget._limiters) == 5, "and are not all remembered"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("93.184.216.34", None, "93.184.216.34"),
        ("93.184.216.34", "10.1.1.1", "93.184.216.34"),
        ("::ffff:93.184.216.34", None, "93.184.216.34"),
        ("10.0.0.2", "evil, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.2", "not an address", "10.0.0.2"),
        ("2001:db8:1:2:3::4", None, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", None, "2001:db8:1:2::/64"),
        ("nobody knows", "198.51.100.7", "nobody knows"),
        (None, None, "this machine"),
    ],
)
def test_whose_budget_it_is(peer: str | None, forwarded: str | None, client: str) -> None:
    assert client_of(peer, forwarded) == client


@pytest.mark.parametrize("argument", [{"refresh": "true"}, {"deadline": "5"}, {"providers": "kraken"}])
def test_no_stranger_asks_past_the_cache_without_end(
    strict: Hub, stranger: Any, argument: dict[str, str]
) -> None:
    asked = [
        stranger.send("GET", f"/api/v1/{path}", params={"symbol": "BTC/USDT", **argument})
        for path in ("price", "candles", "orderbook", "quality", "volume", "price")
    ]
    assert [answer.status_code for answer in asked[RATE // DEAR :]] == [429, 429]
    assert 429 not in [answer.status_code for answer in asked[: RATE // DEAR]]
    error = asked[-1].json()["error"]
    assert error["code"] == "too_many"
    assert "refresh counts as 10" in error["message"]
    assert 0 < int(asked[-1].headers["retry-after"]) <= 60
    assert stranger.send("GET", "/api/v1/status").status_code == 200, (
        "what is known here costs nobody anything"
    )


def test_nor_by_asking_something_else_each_time(strict: Hub, stranger: Any) -> None:
    statuses = [
        stranger.send("GET", "/api/v1/candles", params={"symbol": "BTC/USDT", "limit": n}).status_code
        for n in range(1, RATE + 4)
    ]
    assert statuses[:RATE] == [200] * RATE
    assert 429 in statuses[RATE:]


def test_whoever_may_act_is_not_held_up(strict: Hub, stranger: Any) -> None:
    right, wrong = {"authorization": "Bearer let-me-in"}, {"authorization": "Bearer let-me-out"}
    ask = {"symbol": "BTC/USDT", "refresh": "true"}
    for _ in range(6):
        assert stranger.send("GET", "/api/v1/price", params=ask, headers=right).status_code == 200
    assert stranger.send("GET", "/api/v1/price", params=ask, headers=wrong).status_code == 429


def test_a_page_refreshes_no_more_often(
    strict: Hub, app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ui.spending._budget", Budget())
    monkeypatch.setattr("core.ui.spending.client_of", lambda *_: "the visitor")  # AppTest has no address
    at = app("candles")
    for _ in range(RATE // DEAR):
        at.button(key="refresh").click().run()
        assert not at.toast
    before = strict.health().totals
    at.button(key="refresh").click().run()
    assert "Too many refreshes just now. Again in" in at.toast[0].value
    assert strict.health().totals == before
    other = app("market")
    other.button(key="market_refresh").click().run()
    assert "Too many refreshes" in other.toast[0].value


def test_no_stranger_has_a_text_judged_by_a_model_that_costs(guarded: Hub, stranger: Any) -> None:
    ask = {"text": "Bitcoin soars"}
    assert stranger.send("GET", "/api/v1/sentiment", params=ask).json()["source"] == "vader"
    named = stranger.send("GET", "/api/v1/sentiment", params={**ask, "providers": "huggingface"})
    assert named.status_code == 403
    assert "others cost" in named.json()["error"]["message"]
    right = {"authorization": "Bearer let-me-in"}
    named = stranger.send(
        "GET", "/api/v1/sentiment", params={**ask, "providers": "huggingface"}, headers=right
    )
    assert named.status_code in {200, 404, 503}
    assert shared() is guarded
