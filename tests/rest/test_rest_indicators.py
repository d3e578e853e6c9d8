"""``GET /api/v1/indicators`` over a hub on the lab."""

import json
from typing import Any

import numpy as np
import pytest

from core.hub import Hub
from core.indicators import compute, indicators
from core.rest.indicators import IndicatorParams

URL = "/api/v1/indicators"


def get(client: Any, **params: Any) -> tuple[int, dict[str, Any]]:
    response = client.get(URL, params=params)
    assert response.headers["content-type"].startswith("application/json")
    return response.status_code, json.loads(response.text, parse_constant=pytest.fail)


def test_values_with_the_provenance_of_their_candles(client: Any, lab_hub: Hub) -> None:
    status, body = get(client, symbol="BTC/USDT", interval="1h", indicator="rsi", window="21", limit=400)
    assert status == 200
    answer = lab_hub.candles("BTC/USDT", "1h", limit=400)
    expected = compute(answer.value, "rsi", window=21, interval="1h")
    assert [row["rsi"] for row in body["rows"]] == expected["rsi"].tolist()
    assert body["rows"][0]["time"] == f"{expected.index[0]:%Y-%m-%dT%H:%M:%SZ}"
    assert (body["source"], body["tier"], body["lab"]) == (answer.source, "primary", True)
    assert body["attempts"][0]["outcome"] == "ok"
    assert (body["symbol"], body["interval"], body["indicator"]) == ("BTC/USDT", "1h", "rsi")
    assert body["params"] == {"window": 21}
    assert (body["candles"], body["needed"]) == (400, 22)
    assert body["converged_from"] is None  # 400 candles are not enough to forget where they begin
    assert body["left_out"] == {"unusable": 0, "future": 0}
    assert "resume" not in body


def test_all_outputs_are_columns(client: Any) -> None:
    _, body = get(client, symbol="BTC/USDT", indicator="macd", window_fast=8, window_slow=21, limit=60)
    assert set(body["rows"][0]) == {"time", "macd", "signal", "histogram"}
    assert body["params"] == {"window_fast": 8, "window_slow": 21, "window_sign": 9}


def test_too_few_candles(client: Any) -> None:
    status, body = get(client, symbol="BTC/USDT", indicator="rsi", limit=5)
    assert status == 400
    assert body["error"]["code"] == "not_enough_candles"
    assert body["error"]["detail"] == {"needed": 15, "got": 5}
    assert "rsi needs 15 candles" in body["error"]["message"]


def test_no_volume(client: Any, lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lab_hub.hub.fetch

    async def without(*args: Any, **how: Any) -> Any:
        answer = await whole(*args, **how)
        del answer.value["volume"]
        return answer

    monkeypatch.setattr(lab_hub.hub, "fetch", without)
    status, body = get(client, symbol="BTC/USDT", indicator="obv")
    assert (status, body["error"]["code"]) == (400, "no_volume")
    assert "obv needs volume" in body["error"]["message"]


def test_what_is_repaired_is_told(client: Any, lab_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lab_hub.hub.fetch

    async def mended(*args: Any, **how: Any) -> Any:
        answer = await whole(*args, **how)
        answer.value["method"] = np.where(np.arange(len(answer.value)) == 10, "line", "observed")
        return answer

    monkeypatch.setattr(lab_hub.hub, "fetch", mended)
    _, known = get(client, symbol="BTC/USDT", indicator="sma", window=5, limit=30)
    _, taken = get(client, symbol="BTC/USDT", indicator="sma", window=5, limit=30, as_known=False)
    assert known["left_out"]["future"] == 1
    assert taken["left_out"]["future"] == 0
    assert max(row["repaired"] for row in known["rows"]) == 0
    assert [row["repaired"] for row in taken["rows"]].count(0.2) == 5


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"indicator": "rsx"}, "indicator='rsx' is unknown: did you mean rsi"),
        ({"indicator": "rsi", "windw": "9"}, "'windw' is no parameter of rsi: expected window"),
        ({"indicator": "obv", "window": "9"}, "'window' is no parameter of obv: expected none"),
        ({"indicator": "rsi", "window": "1"}, "window='1': expected a whole number from 2 to 1000"),
        ({"indicator": "rsi", "window": "14.0"}, "window='14.0': expected a whole number"),
        ({"indicator": "rsi", "window": ""}, "window='': expected a whole number"),
        ({"indicator": "bollinger", "window_dev": "nan"}, "window_dev='nan': expected a number"),
        ({"indicator": "bollinger", "window_dev": "inf"}, "window_dev='inf': expected a number"),
        ({"indicator": "macd", "window_fast": "30"}, "window_fast=30: expected less than window_slow=26"),
        ({"indicator": "rsi", "max_gap": "-1"}, "max_gap='-1'"),
        ({"indicator": "rsi", "interval": "7h"}, "interval='7h': expected"),
        ({"indicator": "rsi", "limit": "0"}, "limit='0'"),
    ],
)
def test_a_wrong_argument_is_named_before_anybody_is_asked(
    client: Any, lab_hub: Hub, params: dict[str, str], message: str
) -> None:
    status, body = get(client, symbol="BTC/USDT", **params)
    assert status == 400
    assert body["error"]["code"] == "bad_argument"
    assert message in body["error"]["message"]
    assert not [row for row in lab_hub.health().endpoints.values() if row.calls]


def test_without_a_symbol(client: Any) -> None:
    status, body = get(client, indicator="rsi")
    assert (status, body["error"]["message"]) == (400, "symbol: expected, and not given")


def test_without_an_indicator_all_are_listed(client: Any) -> None:
    status, body = get(client)
    assert status == 200
    assert [one["name"] for one in body["indicators"]] == list(indicators())
    rsi = next(one for one in body["indicators"] if one["name"] == "rsi")
    assert rsi["parameters"] == [{"name": "window", "type": "int", "default": 14, "low": 2, "high": 1000}]
    assert (rsi["outputs"], rsi["needed"], rsi["family"]) == (["rsi"], 15, "momentum")
    assert rsi["converged"] == indicators()["rsi"].converged()


def test_parameters_belong_to_an_indicator(client: Any) -> None:
    status, body = get(client, window=9)
    assert (status, body["error"]["message"]) == (400, "window: no such argument without indicator")


def test_nobody_answers(client: Any, lab_hub: Hub) -> None:
    lab_hub.lab.inject(None, "status:500")
    status, body = get(client, symbol="BTC/USDT", indicator="rsi")
    assert (status, body["error"]["code"]) == (503, "no_answer")


def test_every_indicator_answers(client: Any) -> None:
    for name, declared in indicators().items():
        status, body = get(client, symbol="BTC/USDT", indicator=name, limit=120)
        assert status == 200, name
        assert set(body["rows"][-1]) == {"time", *declared.outputs}


def test_no_parameter_hides_behind_another_argument() -> None:
    taken = set(IndicatorParams.model_fields)
    assert not taken & {name for one in indicators().values() for name in one.parameters}


def test_openapi_tells_the_arguments(client: Any) -> None:
    document = client.get("/api/openapi.json").json()
    told = {entry["name"]: entry for entry in document["paths"]["/v1/indicators"]["get"]["parameters"]}
    parameters = {name for one in indicators().values() for name in one.parameters}
    assert set(told) == parameters | set(IndicatorParams.model_fields)
    assert told["window"]["schema"]["type"] == "integer"
    assert "rsi" in told["window"]["schema"]["description"]
    assert told["window_dev"]["schema"]["type"] == "number"
    assert not told["symbol"]["required"]
    page = client.get("/api/docs").text
    assert "/api/v1/indicators" in page
    assert "window_dev" in page
