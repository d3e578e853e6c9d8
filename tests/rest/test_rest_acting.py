"""Leave to act over HTTP: the token, or loopback at both ends; nobody else's web page; not too often."""

from typing import Any

import pytest

from core.hub import Hub, shared

RESET = "/api/v1/reset"
ISOLATE = "/api/v1/isolate"
BEARER = {"authorization": "Bearer let-me-in"}


def refused(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    error: dict[str, Any] = response.json()["error"]
    assert error["code"] == code
    return error


def test_at_home_no_token_is_needed(at_home: Any, lab_hub: Hub) -> None:
    asked = {"target": "kraken/ohlcv", "reason": "looks odd"}
    body = at_home.post(ISOLATE, json=asked).json()
    endpoint = "kraken/ohlcv@api.kraken.com"
    assert (body["action"], body["lab"], body["endpoints"]) == ("isolate", True, {endpoint: "isolated"})
    assert lab_hub.health().endpoints[endpoint].reason == "looks odd"
    at_home.post("/api/v1/restore", json={"target": "kraken/ohlcv"})
    assert lab_hub.health().endpoints[endpoint].state == "unknown"
    assert set(at_home.post(RESET).json()["endpoints"]) == set(lab_hub.health().endpoints)


def test_elsewhere_without_a_token_nothing_is_done(client: Any, lab_hub: Hub) -> None:
    error = refused(client.post(ISOLATE, json={"target": "kraken", "reason": "x"}), 403, "forbidden")
    assert "KINTSUGI_ADMIN_TOKEN" in error["message"]
    assert lab_hub.health().totals["isolated"] == 0


def test_a_proxy_between_is_not_home(at_home: Any) -> None:
    for header in ("x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host"):
        refused(at_home.post(RESET, headers={header: "127.0.0.1"}), 403, "forbidden")


def test_another_name_for_this_machine_is_not_home(at_home: Any) -> None:
    refused(at_home.post(RESET, headers={"host": "rebound.example:8501"}), 403, "forbidden")


FOREIGN = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9999"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
)


def test_a_foreign_page_may_not_act_through_a_browser(at_home: Any) -> None:
    for headers in FOREIGN:
        refused(at_home.post(RESET, headers=headers), 403, "foreign_origin")


def test_our_own_page_may(at_home: Any) -> None:
    own = {"origin": "http://127.0.0.1:8501", "sec-fetch-site": "same-origin"}
    assert at_home.post(RESET, headers=own).status_code == 200


def test_the_token_opens_from_anywhere(with_token: Any) -> None:
    body = with_token.post(RESET, headers=BEARER, json={"target": "kraken"}).json()
    assert set(body["endpoints"].values()) == {"unknown"}
    assert body["who"] == "rest, token, 203.0.113.9"


NO_TOKEN = (
    {},
    {"authorization": "Bearer let-me-out"},
    {"authorization": "Basic bGV0LW1lLWlu"},
    {"authorization": "let-me-in"},
    {"cookie": "admin_token=let-me-in; token=let-me-in"},
    {"x-admin-token": "let-me-in"},
)


def test_nothing_else_does(with_token: Any) -> None:
    for headers in NO_TOKEN:
        response = with_token.post(ISOLATE, headers=headers, json={"target": "kraken", "reason": "x"})
        refused(response, 401, "unauthorized")
        assert response.headers["www-authenticate"] == "Bearer"
        assert "let-me-in" not in response.text
    assert shared().health().totals["isolated"] == 0


def test_tokens_cannot_be_guessed_quickly(with_token: Any) -> None:
    statuses = [
        with_token.post(RESET, headers={"authorization": f"Bearer {n}"}).status_code for n in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2
    response = with_token.post(RESET, headers=BEARER)
    refused(response, 429, "too_many")
    assert 0 < int(response.headers["retry-after"]) <= 60


def test_actions_are_counted(at_home: Any, lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_hub.hub, "settings", lab_hub.settings.model_copy(update={"action_rate": 2}))
    statuses = [at_home.post(RESET, json={"target": "kraken"}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


WRONG = (
    ({"target": "krakn", "reason": "x"}, "target='krakn': expected a provider (binance"),
    ({"target": "kraken"}, "reason: expected, and not given"),
    ({"target": "kraken", "reason": ""}, "reason='': string should have at least 1 character"),
    ({"target": "kraken", "reason": "x", "why": "y"}, "why: no such argument"),
    ({"target": ["kraken"], "reason": "x"}, "target="),
)


def test_a_bad_argument_is_named(at_home: Any) -> None:
    for asked, said in WRONG:
        error = refused(at_home.post(ISOLATE, json=asked), 400, "bad_argument")
        assert said in error["message"]


def test_a_target_in_the_wrong_place_does_not_mean_everything(at_home: Any, lab_hub: Hub) -> None:
    lab_hub.isolate("kraken", "for a test")
    for response in (
        at_home.post(RESET, params={"target": "kraken"}),
        at_home.delete("/api/v1/failures", params={"taget": "kraken"}),
    ):
        assert "no such argument in the address" in refused(response, 400, "bad_argument")["message"]


def test_a_body_that_does_not_say_that_it_is_json_is_told_so(at_home: Any) -> None:
    response = at_home.post(ISOLATE, content=b'{"target": "kraken", "reason": "x"}')
    said = refused(response, 400, "bad_argument")["message"]
    assert said == "body: expected JSON, with the header Content-Type: application/json"


def test_a_body_that_is_no_json_is_told_where(at_home: Any) -> None:
    response = at_home.post(ISOLATE, content=b"{bad", headers={"content-type": "application/json"})
    said = refused(response, 400, "bad_argument")["message"]
    assert said.startswith("body: no JSON: ")
    assert said.endswith(" at character 2")
