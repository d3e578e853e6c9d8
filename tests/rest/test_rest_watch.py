"""Alerts, rules, watchlist, journal and diagnostics over HTTP."""

import json
from typing import Any

import pytest

from core.hub import Hub


def get(client: Any, path: str, status: int = 200, **params: Any) -> dict[str, Any]:
    response = client.get(f"/api/v1/{path}", params=params)
    assert response.status_code == status, response.text
    body: dict[str, Any] = json.loads(response.text, parse_constant=pytest.fail)
    return body


def fire(lab_hub: Hub) -> str:
    """An alert, at once: a level that any price is above."""
    lab_hub._thread.wait(_fire(lab_hub))
    (alert,) = lab_hub.alerts()
    return alert.id


async def _fire(lab_hub: Hub) -> None:
    from core.ops.alerts.patrol import Patrol

    await lab_hub.hub.watch("BTC/USDT", above=1.0)
    patrol: Patrol = lab_hub.hub._alarms.patrol
    await patrol._look_up_prices()
    await patrol.look()


def test_an_alert_is_listed_and_acknowledged(at_home: Any, lab_hub: Hub) -> None:
    alert = fire(lab_hub)
    body = get(at_home, "alerts")
    assert body["lab"] is True
    assert [(one["id"], one["state"], one["rule"]) for one in body["alerts"]] == [(alert, "firing", "price")]
    response = at_home.post(f"/api/v1/alerts/{alert}/ack")
    assert response.json()["alert"]["state"] == "acknowledged"
    assert response.json()["alert"]["acknowledged_by"] == "rest, loopback, 127.0.0.1"
    assert lab_hub.alerts()[0].state == "acknowledged"
    events = get(at_home, "journal", kinds="alert", who="rest, loopback, 127.0.0.1")["events"]
    assert [(event["kind"], event["alert"], event["state"]) for event in events] == [
        ("alert", alert, "acknowledged")
    ]


def test_only_who_may_acknowledges(client: Any, at_home: Any, lab_hub: Hub) -> None:
    alert = fire(lab_hub)
    assert client.post(f"/api/v1/alerts/{alert}/ack").status_code == 403
    assert lab_hub.alerts()[0].state == "firing"
    error = at_home.post("/api/v1/alerts/nope/ack")
    assert (error.status_code, error.json()["error"]["code"]) == (404, "not_found")


def test_rules_and_watchlist(at_home: Any, lab_hub: Hub) -> None:
    rule = at_home.post("/api/v1/alerts/rules/slow", json={"level": 2.5}).json()["rule"]
    assert (rule["name"], rule["level"], rule["enabled"]) == ("slow", 2.5, True)
    rules = {one["name"]: one for one in get(at_home, "alerts/rules")["rules"]}
    assert rules["slow"] == rule
    watched = at_home.post("/api/v1/watchlist", json={"symbol": "eth/usdt", "below": 5}).json()["watched"]
    assert watched == {"symbol": "ETH/USDT", "above": None, "below": 5.0, "note": ""}
    assert get(at_home, "watchlist")["watchlist"] == [watched]
    assert at_home.delete("/api/v1/watchlist", params={"symbol": "ETH/USDT"}).status_code == 200
    assert get(at_home, "watchlist")["watchlist"] == []
    for path, asked, said in (
        ("alerts/rules/slow", {"level": 1e6}, "slow: level=1000000.0: expected 0.05 to 60 s"),
        ("alerts/rules/slwo", {"level": 1}, "rule='slwo': expected one of"),
        ("watchlist", {"symbol": "ETH/USDT", "below": 5, "above": 4}, "below=5: expected less than above=4"),
        ("alerts/test", None, "set KINTSUGI_ALERT_URLS"),
    ):
        response = at_home.post(f"/api/v1/{path}", json=asked)
        assert response.status_code in {400, 503}
        assert said in response.json()["error"]["message"]


def test_the_journal_is_paged_and_filtered(at_home: Any, lab_hub: Hub) -> None:
    for n in range(5):
        at_home.post("/api/v1/isolate", json={"target": "kraken", "reason": f"reason {n}"})
    events = get(at_home, "journal", kinds="admin", limit=2)["events"]
    assert [event["detail"] for event in events] == ["reason 4", "reason 3"]
    assert {event["action"] for event in events} == {"isolate"}
    older = get(at_home, "journal", kinds="admin", before=events[-1]["id"])["events"]
    assert [event["detail"] for event in older] == ["reason 2", "reason 1", "reason 0"]
    assert len(get(at_home, "journal", text="reason 2")["events"]) == 1
    assert "kinds" in get(at_home, "journal", 400, kinds="gossip")["error"]["message"]


def test_diagnostics_hold_everything_but_secrets(with_token: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINGECKO_API_KEY", "CG-marked-key-5k2")
    with_token.post(
        "/api/v1/isolate",
        headers={"authorization": "Bearer let-me-in"},
        json={"target": "okx", "reason": "it said CG-marked-key-5k2 and let-me-in"},
    )
    get(with_token, "price", symbol="BTC/USDT", providers="kraken")
    body = get(with_token, "diagnostics")
    assert body["stats"]["attempts"] == {"kraken": {"ok": 1}}
    assert set(body) == {
        *("time", "lab", "versions", "health", "stats", "failures", "recovery"),
        *("alerts", "alert_targets", "settings", "keys"),
    }
    assert body["lab"] is True
    assert "it said … and …" in {event["detail"] for event in body["recovery"]}
    knobs = {knob["name"]: knob for knob in body["settings"]}
    assert knobs["admin_token"] == {
        "name": "admin_token",
        "value": True,
        "secret": True,
        "variable": "KINTSUGI_ADMIN_TOKEN",
        "locked": True,
    }
    assert knobs["mode"]["value"] == "lab"
    assert body["keys"]["COINGECKO_API_KEY"] is True
    assert body["versions"]["python"]
    text = json.dumps(body)
    assert "let-me-in" not in text
    assert "CG-marked-key-5k2" not in text
