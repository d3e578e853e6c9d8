"""``GET /api/v1/candles`` and what surrounds it."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from over_http import application

from core import rest
from core.hub import Hub
from core.market import candles_frame
from core.rest.candles import rows

URL = "/api/v1/candles"


def get(client: Any, **params: Any) -> tuple[int, dict[str, Any]]:
    response = client.get(URL, params=params)
    assert response.headers["content-type"].startswith("application/json")
    return response.status_code, json.loads(response.text, parse_constant=pytest.fail)


def test_alive(client: Any) -> None:
    response = client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


def test_rows_with_their_provenance(client: Any, lab_hub: Hub) -> None:
    status, body = get(client, symbol="BTC/USDT", interval="15m", limit=4)
    assert status == 200
    assert body["symbol"] == "BTC/USDT"
    assert body["interval"] == "15m"
    assert body["source"] == "binance"
    assert body["tier"] == "primary"
    assert body["lab"] is True
    assert [entry["outcome"] for entry in body["attempts"] if entry["provider"] == "binance"] == ["ok"]
    answer = lab_hub.candles("BTC/USDT", "15m", limit=4)
    assert [row["close"] for row in body["rows"]] == answer.value["close"].tolist()
    assert [row["time"] for row in body["rows"]] == [
        moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in answer.value.index
    ]
    assert set(body["rows"][0]) == {"time", "open", "high", "low", "close", "volume"}


def test_arguments_mirror_python(client: Any, lab_hub: Hub) -> None:
    start, end = "2024-03-01T00:00:00Z", "2024-03-01T06:00:00Z"
    status, body = get(client, symbol="eth/usdt", start=start, end=end, providers="coinbase,binance")
    assert status == 200
    assert body["symbol"] == "ETH/USDT"
    assert [row["time"][11:13] for row in body["rows"]] == ["00", "01", "02", "03", "04", "05"]
    assert {entry["provider"] for entry in body["attempts"]} <= {"binance", "coinbase"}
    _, by_seconds = get(client, symbol="ETH/USDT", start="1709251200", end="1709272800", providers="binance")
    assert [row["time"] for row in by_seconds["rows"]] == [row["time"] for row in body["rows"]]


def test_the_cache_is_used_and_passed_over(client: Any) -> None:
    get(client, symbol="BTC/USDT")
    assert get(client, symbol="BTC/USDT")[1]["tier"] == "cache"
    assert get(client, symbol="BTC/USDT", refresh="true")[1]["tier"] == "primary"


WRONG: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "symbol: expected, and not given"),
    ({"symbol": "BTCUSDT"}, "symbol='BTCUSDT': expected BASE/QUOTE"),
    ({"symbol": "BTC/USDT", "interval": "7h"}, "interval='7h': expected one of 1m 3m"),
    ({"symbol": "BTC/USDT", "limit": "0"}, "limit='0': input should be greater than or equal to 1"),
    ({"symbol": "BTC/USDT", "limit": "many"}, "limit='many': input should be a valid integer"),
    ({"symbol": "BTC/USDT", "limit": "60000"}, "limit=60000: expected at most 50000 rows"),
    ({"symbol": "BTC/USDT", "start": "yesterday"}, "start='yesterday': expected an aware datetime"),
    (
        {"symbol": "BTC/USDT", "start": "999999999999"},
        "start='999999999999.0': expected an aware datetime",
    ),
    ({"symbol": "BTC/USDT", "interval": "1m", "start": "2020-01-01"}, "expected at most 50000 rows"),
    (
        {"symbol": "BTC/USDT", "deadline": "-1"},
        "deadline='-1': input should be greater than or equal to 0.05",
    ),
    ({"symbol": "BTC/USDT", "deadline": "nan"}, "deadline='nan': "),
    ({"symbol": "BTC/USDT", "providers": "acme"}, "providers='acme': expected some of binance"),
    ({"symbol": "BTC/USDT", "allow_quote": "u-s-d"}, "allow_quote='u-s-d': expected currency names"),
    ({"symbol": "BTC/USDT", "intervall": "1h"}, "intervall: no such argument"),
    ({"symbol": "BTC/USDT", "refresh": "perhaps"}, "refresh='perhaps': input should be a valid boolean"),
)


def test_a_bad_argument_is_named(client: Any) -> None:
    for params, said in WRONG:
        status, body = get(client, **params)
        assert status == 400
        assert body["error"]["code"] == "bad_argument"
        assert said in body["error"]["message"]


def test_nobody_answers(client: Any, lab_hub: Hub) -> None:
    lab_hub.lab.inject(None, "status:500")
    status, body = get(client, symbol="BTC/USDT")
    assert status == 503
    error = body["error"]
    assert error["code"] == "no_answer"
    assert error["detail"]["offline"] is False
    assert {entry["provider"] for entry in error["detail"]["attempts"]} >= {"binance", "kraken", "coinbase"}
    for entry in error["detail"]["attempts"]:
        where = f"{entry['provider']}@{entry['host']}" if entry["host"] else entry["provider"]
        assert where in error["message"]


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v1", "/api/v2/candles", "/api/v1/candles/x", "/api/x.js"]
)
def test_unknown_paths_answer_404_in_json(client: Any, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


def test_another_method_is_refused_in_json(client: Any) -> None:
    response = client.post(URL)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.json()["error"]["code"] == "method_not_allowed"


def test_a_fault_of_ours_shows_no_inside(client: Any, lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret path /home/someone")

    monkeypatch.setattr(lab_hub.hub, "fetch", broken)
    status, body = get(client, symbol="BTC/USDT")
    assert status == 500
    assert body["error"]["code"] == "internal"
    assert "secret" not in json.dumps(body)


def test_docs_need_nothing_from_outside(client: Any) -> None:
    text = client.get("/api/docs").text
    assert "/api/v1/candles" in text
    assert "openapi.json" in text
    isolate = text[text.index("POST /api/v1/isolate") :][:600]
    assert "Authorization: Bearer" in isolate
    assert "<td>reason</td><td>string</td><td>required</td>" in isolate
    assert "<script" not in text
    assert "http://" not in text.replace('"http://', "")
    assert "https://" not in text


def test_openapi_tells_the_arguments(client: Any) -> None:
    document = client.get("/api/openapi.json").json()
    operation = document["paths"]["/v1/candles"]["get"]
    names = {entry["name"] for entry in operation["parameters"]}
    assert names == {
        "symbol",
        "interval",
        "start",
        "end",
        "limit",
        "include_open",
        "allow_quote",
        "refresh",
        "deadline",
        "providers",
    }
    assert {"400", "503"} <= set(operation["responses"])
    assert "422" not in operation["responses"]


def test_what_is_not_finite_is_null() -> None:
    frame = candles_frame([0, 60], {"open": np.array([1.0, np.nan]), "close": np.array([np.inf, 2.0])})
    assert rows(frame) == [
        {"time": "1970-01-01T00:00:00Z", "open": 1.0, "close": None},
        {"time": "1970-01-01T00:01:00Z", "open": None, "close": 2.0},
    ]
    assert rows(pd.DataFrame(frame[:0])) == []


async def test_the_hub_s_loop_keeps_its_own(lab_hub: Hub) -> None:
    """Many at once, while its locks and shared flights are contended: a foreign await would hang or raise."""
    lab_hub.lab.inject("binance", "latency", seconds=0.2)
    app = application()
    threads: set[int] = set()
    whole = lab_hub.hub.fetch

    async def watched(*args: Any, **how: Any) -> Any:
        threads.add(threading.get_ident())
        return await whole(*args, **how)

    lab_hub.hub.fetch = watched  # type: ignore[method-assign]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", timeout=20
    ) as client:
        wanted = [
            client.get(URL, params={"symbol": f"{base}/USDT", "limit": limit})
            for base in ("BTC", "ETH")
            for limit in (5, 6)
            for _ in range(15)
        ]
        async with asyncio.timeout(20):
            got = await asyncio.gather(*wanted)
    assert [response.status_code for response in got] == [200] * 60
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_only_the_hub_awaits_what_is_the_hub_s() -> None:
    """Outside of the hub, its coroutines go through ``run`` and nothing else."""
    folder = Path(rest.__path__[0])
    for file in folder.glob("*.py"):
        text = file.read_text("utf-8")
        assert "await hub.hub" not in text
        assert "run_coroutine_threadsafe" not in text
