"""Health, prices, books and lists over HTTP, each beside what Python says."""

from typing import Any

from core.hub import Hub, close_shared


def get(client: Any, path: str, status: int = 200, **params: Any) -> dict[str, Any]:
    response = client.get(path, params=params)
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


def test_ready_once_the_hub_is_open(client: Any) -> None:
    assert get(client, "/ready")["status"] == "ready"
    close_shared()
    assert get(client, "/ready", 503)["error"]["code"] == "not_ready"


def test_price(client: Any, lab_hub: Hub) -> None:
    body = get(client, "/api/v1/price", symbol="btc/usdt", providers="kraken,binance")
    value = lab_hub.price("BTC/USDT", providers=["kraken", "binance"]).value
    assert (body["source"], body["lab"], body["tier"]) == ("kraken", True, "primary")
    assert (body["value"]["symbol"], body["value"]["last"]) == ("BTC/USDT", value.last)


def test_another_quote_only_when_allowed(client: Any) -> None:
    only = {"symbol": "BTC/USD", "providers": "binance"}
    assert get(client, "/api/v1/price", 404, **only)["error"]["code"] == "not_served"
    body = get(client, "/api/v1/price", **only, allow_quote="USDT")
    assert body["value"]["symbol"] == "BTC/USDT"
    assert any("quoted in USDT" in note for note in body["notes"])


def test_volume_book_and_technical(client: Any, lab_hub: Hub) -> None:
    body = get(client, "/api/v1/volume", symbol="BTC/USDT")
    assert body["value"]["volume_base"] == lab_hub.volume("BTC/USDT").value.volume_base
    body = get(client, "/api/v1/orderbook", symbol="BTC/USDT", depth=5)
    book = lab_hub.orderbook("BTC/USDT", 5).value
    assert [tuple(level) for level in body["value"]["bids"]] == list(book.bids)
    body = get(client, "/api/v1/technical", symbol="BTC/USDT", interval="4h")
    assert body["value"]["signals"]


WRONG = (
    ("price", {}, "symbol: expected, and not given"),
    ("price", {"symbol": "BTC"}, "symbol='BTC': expected BASE/QUOTE"),
    ("price", {"symbol": "BTC/USDT", "quorm": "2"}, "quorm: no such argument"),
    ("orderbook", {"symbol": "BTC/USDT", "depth": "0"}, "depth='0': input should be greater"),
    ("technical", {"symbol": "BTC/USDT", "interval": "9h"}, "interval='9h': expected one of"),
    ("endpoints", {"provider": "acme"}, "provider='acme': expected one of binance"),
    ("endpoints", {"state": "sick"}, "state='sick': input should be"),
    ("symbols", {"limit": "0"}, "limit='0'"),
)


def test_a_bad_argument_is_named(client: Any) -> None:
    for path, params, said in WRONG:
        error = get(client, f"/api/v1/{path}", 400, **params)["error"]
        assert error["code"] == "bad_argument"
        assert said in error["message"]


def test_symbols_say_who_has_what(client: Any, lab_hub: Hub) -> None:
    body = get(client, "/api/v1/symbols", text="BTC/USDT", limit=3)
    found = lab_hub.symbols("BTC/USDT", limit=3)
    assert body["said"] == str(found)
    assert body["found"]["markets"][0]["symbol"] == "BTC/USDT"
    assert body["lab"] is True


def test_status_follows_the_hub(client: Any, lab_hub: Hub) -> None:
    lab_hub.price("BTC/USDT")
    lab_hub.isolate("kraken", "for a test")
    told = lab_hub.health()
    status = get(client, "/api/v1/status")
    assert status["totals"] == told.totals
    assert (status["mode"], status["lab"], status["offline"]) == ("lab", True, False)
    assert status["capabilities"]["price"]["states"] == {
        "unknown": len(lab_hub.catalog.serving("price")) - 2,
        "healthy": 1,
        "isolated": 1,
    }
    providers = {row["provider"]: row for row in get(client, "/api/v1/providers")["providers"]}
    assert providers["kraken"]["state"] == "isolated"
    assert list(providers) == list(told.providers)
    one = get(client, "/api/v1/providers/kraken")
    assert one["provider"] == providers["kraken"]
    kraken = lab_hub.catalog["kraken"]
    assert one["provider"]["docs"] == kraken.docs
    assert one["provider"]["read_on"] == str(kraken.read_on)
    assert one["provider"]["read_from"] == ["documentation", "recorded body"]
    assert {row["reason"] for row in one["endpoints"]} == {"for a test"}
    message = get(client, "/api/v1/providers/acme", 404)["error"]["message"]
    assert message.startswith("provider 'acme': expected one of binance")


def test_endpoints_and_circuits_can_be_chosen(client: Any, lab_hub: Hub) -> None:
    lab_hub.lab.inject("kraken", "status:500")
    for _ in range(4):
        get(client, "/api/v1/price", 503, symbol="BTC/USDT", providers="kraken", refresh="true")
    rows = get(client, "/api/v1/endpoints", state="unavailable")["endpoints"]
    assert [row["endpoint"] for row in rows] == ["kraken/price@api.kraken.com"]
    assert rows[0]["last_error"].startswith("status")
    circuits = get(client, "/api/v1/circuits", provider="kraken", capability="price")["circuits"]
    assert [(row["circuit"], row["truth"], row["state"]) for row in circuits] == [
        ("open", "closed", "unavailable")
    ]
    assert circuits[0]["cooldown"] > 0


def test_models_say_how_they_do_and_are_started_anew(at_home):
    at_home.get("/api/v1/sentiment", params={"text": "Bitcoin soars"})
    rows = {row["model"]: row for row in at_home.get("/api/v1/models").json()["models"]}
    assert {"vader", "huggingface", "logistic", "momentum", "mean_reversion", "indicators"} <= set(rows)
    assert (rows["vader"]["state"], rows["vader"]["loaded"], rows["vader"]["loads"]) == ("healthy", True, 1)
    assert rows["vader"]["load_seconds"] > 0
    assert (rows["huggingface"]["here"], rows["huggingface"]["loaded"]) == (False, None)
    healed = at_home.post("/api/v1/heal", json={"target": "model:vader", "force": True}).json()
    assert [one["outcome"] for one in healed["healings"]] == ["healed"]
    assert at_home.post("/api/v1/heal", json={"target": "model:*"}).json()["healings"] == []
    assert at_home.post("/api/v1/heal", json={"target": "model:gpt"}).status_code == 400
