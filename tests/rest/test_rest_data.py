"""What is around a price, quality, features, settings, healing and repair over HTTP."""

import json
from typing import Any

import pytest

from core.hub import Hub

KRAKEN = "kraken/price@api.kraken.com"


def get(client: Any, path: str, status: int = 200, **params: Any) -> dict[str, Any]:
    response = client.get(f"/api/v1/{path}", params=params)
    assert response.status_code == status, response.text
    body: dict[str, Any] = json.loads(response.text, parse_constant=pytest.fail)
    return body


def post(client: Any, path: str, asked: Any = None, status: int = 200) -> dict[str, Any]:
    response = client.post(f"/api/v1/{path}", **({} if asked is None else {"json": asked}))
    assert response.status_code == status, response.text
    body: dict[str, Any] = json.loads(response.text, parse_constant=pytest.fail)
    return body


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("metadata", {}, "market_cap_usd"),
        ("metadata", {"asset": "btc"}, "name"),
        ("news", {"limit": 3}, "items"),
        ("sentiment", {}, "score"),
        ("social", {"symbol": "BTC"}, "asset"),
        ("onchain", {"metric": "btc_block_height"}, "value"),
    ],
)
def test_what_is_around_a_price(client: Any, path: str, params: dict[str, Any], field: str) -> None:
    body = get(client, path, **params)
    assert body["value"][field]
    assert body["lab"] is True
    assert body["attempts"][-1]["outcome"] == "ok"
    assert "expected" in get(client, path, 400, refreshh="x")["error"]["message"] or path != "onchain"


def test_nobody_answers_says_lab_as_well(client: Any, lab_hub: Hub) -> None:
    lab_hub.lab.inject(None, "status:500")
    assert get(client, "price", 503, symbol="BTC/USDT")["error"]["detail"]["lab"] is True


def test_quality_of_candles_with_holes(client: Any, lab_hub: Hub) -> None:
    asked = {"symbol": "BTC/USDT", "limit": 200, "providers": "coinbase"}
    whole = get(client, "quality", **asked)
    assert (whole["score"], whole["defects"], whole["candles"]) == (1.0, [], 200)
    lab_hub.lab.inject("coinbase", "gap", rows=5)
    body = get(client, "quality", **asked, refresh="true")
    assert body["score"] < 1
    assert {defect["kind"] for defect in body["defects"]} == {"missing"}
    assert sum(defect["count"] for defect in body["defects"]) == 5


def test_features_say_which_key_is_missing(client: Any, lab_hub: Hub) -> None:
    body = get(client, "features")
    prices = next(one for one in body["features"] if one["capability"] == "price")
    assert set(prices["available"]) == {provider.id for provider in lab_hub.catalog.serving("price")}
    keys = {one["provider"]: one for one in body["keys"]}
    assert set(keys) == {id for id, one in lab_hub.catalog.items() if one.auth}  # noqa: A001
    assert keys["coincap"]["missing"]
    assert not keys["coingecko"]["missing"], "it works without one"
    assert keys["coincap"]["get_at"].startswith("https://")
    assert "indicators" in {one["model"] for one in get(client, "models")["models"]}


def test_probe_and_heal(at_home: Any, lab_hub: Hub) -> None:
    lab_hub.lab.inject("kraken", "status:500")
    for _ in range(4):
        get(at_home, "price", 503, symbol="BTC/USDT", providers="kraken", refresh="true")
    assert lab_hub.health().endpoints[KRAKEN].state == "unavailable"
    lab_hub.lab.clear()
    body = post(at_home, "probe", {"target": "kraken/price"})
    assert [(one["endpoint"], one["outcome"]) for one in body["probes"]] == [(KRAKEN, "ok")]
    body = post(at_home, "heal", {"target": "kraken/price", "force": True})
    assert [(one["target"], one["outcome"]) for one in body["healings"]] == [(KRAKEN, "healed")]
    assert body["lab"] is True
    who = {event["who"] for event in get(at_home, "journal", kinds="admin")["events"]}
    assert who == {"rest, loopback, 127.0.0.1"}
    assert "target='acme'" in post(at_home, "heal", {"target": "acme"}, 400)["error"]["message"]


def test_failures_are_forgotten_but_not_by_the_journal(at_home: Any, lab_hub: Hub) -> None:
    lab_hub.lab.inject("kraken", "status:500")
    get(at_home, "price", 503, symbol="BTC/USDT", providers="kraken")
    assert lab_hub.health().endpoints[KRAKEN].last_error
    body = at_home.delete("/api/v1/failures", params={"target": "kraken/price"}).json()
    assert (body["action"], list(body["endpoints"])) == ("forget_failures", [KRAKEN])
    told = lab_hub.health().endpoints[KRAKEN]
    assert (told.last_error, told.success_rate) == ("", None)
    assert get(at_home, "journal", kinds="attempt")["events"]


def test_repair_shows_or_keeps(at_home: Any, lab_hub: Hub) -> None:
    lab_hub.lab.inject("coinbase", "gap", rows=5)
    asked = {"symbol": "BTC/USDT", "limit": 200, "providers": ["coinbase", "kraken"], "apply": False}
    body = post(at_home, "repair", asked)
    assert (body["provider"], body["kept"], body["lab"]) == ("coinbase", False, True)
    assert body["score_before"] < 1
    assert body["changes"] or body["left_open"]
    assert post(at_home, "repair", {**asked, "apply": True})["kept"] is True
    details = [event["detail"] for event in get(at_home, "journal", kinds="admin")["events"]]
    assert details[0].startswith("BTC/USDT 1h, ")
    assert details[0].endswith("kept")
    assert "interval='7h'" in post(at_home, "repair", {**asked, "interval": "7h"}, 400)["error"]["message"]


def test_settings_are_set_and_read_again(at_home: Any, lab_hub: Hub) -> None:
    assert post(at_home, "settings", {"deadline": 9})["changes"] == [
        {"name": "deadline", "old": "10.0", "new": "9.0", "at_once": True}
    ]
    assert lab_hub.settings.deadline == 9
    knobs = {one["name"]: one for one in get(at_home, "settings")["settings"]}
    assert (knobs["deadline"]["value"], knobs["deadline"]["source"]) == ("9.0", "override")
    (lab_hub.settings.data_dir / "overrides.toml").write_text("deadline = 8.0\n")
    assert post(at_home, "config/reload")["changes"][0]["new"] == "8.0"
    for wrong, said in (
        ({"deadline": -1}, "DEADLINE='-1': input should be greater than 0"),
        ({"dedline": 1}, "no such setting"),
        ({"mode": "live"}, "held by the environment"),
        ({"admin_token": "x"}, "KINTSUGI_ADMIN_TOKEN"),
    ):
        assert said in post(at_home, "settings", wrong, 400)["error"]["message"]
    assert lab_hub.settings.deadline == 8


def test_a_quorum_shows_every_venue(client):
    got = client.get("/api/v1/price", params={"symbol": "BTC/USDT", "quorum": 3}).json()
    assert got["source"] == "consensus"
    assert [voice["agrees"] for voice in got["value"]["voices"]] == [True] * 3
    assert got["value"]["last"] == sorted(voice["price"] for voice in got["value"]["voices"])[1]
    assert client.get("/api/v1/price", params={"symbol": "BTC/USDT", "quorum": 99}).status_code in (400, 422)


def test_an_argument_that_is_given_twice_is_refused(client: Any) -> None:
    response = client.get("/api/v1/price?symbol=BTC/USDT&symbol=ETH/USDT")
    assert response.status_code == 400
    assert response.json()["error"]["message"] == "symbol: expected once"
    response = client.get("/api/v1/journal?limit=1&limit=2")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_argument")
    # Lists may repeat their name.
    assert client.get("/api/v1/price?symbol=BTC/USDT&providers=kraken&providers=okx").status_code == 200
