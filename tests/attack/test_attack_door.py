"""Every route that changes something, attacked from foreign pages, without the token, and by guessing it."""

from collections.abc import Callable
from typing import Any

import pytest
from attack_routes import CHANGING

from core.hub import shared
from core.refusals import Refusals
from core.rest.api import ACTING, READING

Journal = Callable[[], list[Any]]

FOREIGN = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9999"},
    {"origin": "http://127.0.0.1:8501.evil.example"},
    {"origin": "http://evil.example/127.0.0.1:8501"},
    {"origin": "http://[evil"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "http://127.0.0.1:8501", "sec-fetch-site": "cross-site"},
)
NO_RIGHT = (
    {},
    {"authorization": ""},
    {"authorization": "Bearer"},
    {"authorization": "Bearer let-me-out"},
    {"authorization": "Basic bGV0LW1lLWlu"},
    {"authorization": "let-me-in"},
    {"cookie": "admin_token=let-me-in; token=let-me-in; authorization=Bearer let-me-in"},
    {"x-admin-token": "let-me-in", "x-forwarded-for": "127.0.0.1"},
    {"host": "127.0.0.1:8501"},
)


def test_what_is_attacked_is_all_there_is() -> None:
    for router in (*READING, *ACTING):
        assert all(route.include_in_schema for route in router.routes), "a hidden route is not attacked here"
    assert len(CHANGING) > 12
    named = {(one.method, one.template) for one in CHANGING}
    assert ("POST", "/api/v1/reset") in named
    assert ("DELETE", "/api/v1/failures") in named


def test_no_foreign_page_may_act_on_any_route(here: Any, on_record: Journal) -> None:
    before = shared().health().totals
    for at, one in enumerate(CHANGING):
        for headers in FOREIGN if at == 0 else (FOREIGN[at % len(FOREIGN)], FOREIGN[0]):
            response = here.send(one.method, one.path, headers=headers)
            assert response.status_code in {400, 403}, (one, headers, response.text)
            assert response.json()["error"]["code"] in {"foreign_origin", "bad_argument"}, (one, headers)
            assert "access-control-allow-origin" not in response.headers
    assert shared().health().totals == before
    told = on_record()
    assert len(told) == 30, "no more than that a minute"
    assert any("https://evil.example" in event.detail for event in told)
    assert {event.who for event in told} == {"rest, 127.0.0.1"}


def test_without_the_token_no_route_acts(stranger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.authority.GUESSES._most", 10**6)
    monkeypatch.setattr("core.authority.GUESSES._most_in_all", 10**6)
    for at, one in enumerate(CHANGING * 2):
        headers = NO_RIGHT[at % len(NO_RIGHT)]
        response = stranger.send(one.method, one.path, headers=headers)
        assert response.status_code == 401, (one, response.text)
        assert response.json()["error"]["code"] == "unauthorized"
        assert response.headers["www-authenticate"] == "Bearer"
        assert "let-me-in" not in response.text
    with_it = {"authorization": "Bearer let-me-in"}
    assert (
        stranger.send("POST", "/api/v1/reset", headers=with_it, json={"target": "kraken"}).status_code == 200
    )


def test_a_token_cannot_be_guessed_on_one_route_after_the_other(stranger: Any, on_record: Journal) -> None:
    statuses = []
    for number in range(12):
        one = CHANGING[number % len(CHANGING)]
        guess = {"authorization": f"Bearer guess-{number}"}
        statuses.append(stranger.send(one.method, one.path, headers=guess).status_code)
    assert statuses == [401] * 10 + [429] * 2
    right = stranger.send("POST", "/api/v1/reset", headers={"authorization": "Bearer let-me-in"})
    assert right.status_code == 429, "or the right guess would be as good as any other"
    assert 0 < int(right.headers["retry-after"]) <= 60
    told = on_record()
    assert len(told) == 13
    assert "too many wrong tokens" in told[0].detail
    assert "guess-" not in repr(told), "a guess may be all but the token"


def test_a_flood_of_refusals_cannot_fill_the_journal() -> None:
    now = 0.0
    refusals = Refusals(a_minute=3, clock=lambda: now)
    assert [refusals.take() for _ in range(5)] == [0, 0, 0, None, None]
    now = 61.0
    assert [refusals.take() for _ in range(2)] == [2, 0]


def test_a_body_without_end_or_of_no_sense_is_refused_on_every_route(here: Any) -> None:
    async def endless() -> Any:
        while True:
            yield b"[" * 65_536

    for one in CHANGING:
        for how in ({"content": endless()}, {"headers": {"content-length": "9" * 5000}}):
            if not one.takes and "content" in how:
                continue  # it reads none
            response = here.send(one.method, one.path, **how)
            assert response.status_code == 413, (one, response.text)
            assert response.json()["error"]["code"] == "too_large"
    deep = here.send(
        "POST", "/api/v1/reset", content=b"[" * 200_000, headers={"content-type": "application/json"}
    )
    assert deep.status_code == 400
