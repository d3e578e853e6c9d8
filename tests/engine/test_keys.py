"""Keys: filled by the transport alone, missing ones named, never shown."""

import httpx
import pytest

from core.answer import NoAnswer
from core.async_hub import AsyncHub
from core.catalog import Catalog
from core.engine.keys import Keys
from core.engine.transport import Sender
from core.market import PriceQuery
from core.settings import Settings
from core.wire import Provider, WireRequest

KEY = "MARKED-key/+1"
BASE = Catalog.load()["coingecko"].declaration


def provider(**auth):
    slot = BASE.auth.model_copy(update={"header": None, "parameter": None, "path": False, **auth})
    return Provider(BASE.model_copy(update={"auth": slot}))


ASKED = WireRequest("GET", httpx.URL("https://api.coingecko.com/a?b=c"), auth="coingecko")


@pytest.mark.parametrize(
    ("where", "url", "headers"),
    [
        ({"header": "x-key"}, "https://api.coingecko.com/a?b=c", {"x-key": KEY}),
        (
            {"header": "authorization", "prefix": "Bearer "},
            "https://api.coingecko.com/a?b=c",
            {"authorization": f"Bearer {KEY}"},
        ),
        ({"parameter": "k"}, "https://api.coingecko.com/a?b=c&k=MARKED-key%2F%2B1", {}),
        ({"path": True}, "https://api.coingecko.com/a/MARKED-key%2F%2B1?b=c", {}),
    ],
)  # fmt: skip
def test_a_key_goes_where_it_is_declared(where, url, headers):
    keys = Keys([provider(**where)], lab=False, source={"COINGECKO_API_KEY": KEY})
    filled = keys.fill(ASKED)
    assert str(filled.request.url) == url
    assert filled.request.headers == headers
    assert KEY not in repr(filled)
    assert ASKED.headers == {}


def test_no_key_in_the_lab_and_none_without_one():
    source = {"COINGECKO_API_KEY": KEY}
    assert Keys([provider(header="x")], lab=True, source=source).fill(ASKED).request is ASKED
    assert Keys([provider(header="x")], lab=False, source={}).fill(ASKED).request is ASKED


def test_several_keys_take_turns():
    keys = Keys([provider(header="x")], lab=False, source={"COINGECKO_API_KEY": " one, two ,,"})
    found = [keys.fill(ASKED).used.key.get_secret_value() for _ in range(4)]
    assert found == ["one", "two", "one", "two"]


def test_a_missing_key_is_named():
    needs = provider(header="x", required=True)
    for held in ({}, {"COINGECKO_API_KEY": " "}, {"COINGECKO_API_KEY": "líne\nbreak"}):
        assert "COINGECKO_API_KEY" in Keys([needs], lab=False, source=held).missing(needs)
    assert not Keys([needs], lab=True, source={}).missing(needs)
    assert not Keys([needs], lab=False, source={"COINGECKO_API_KEY": KEY}).missing(needs)


async def test_an_echoed_key_is_taken_out_of_the_answer():
    async def echo(request):
        key = request.headers["x"]
        return httpx.Response(401, headers={"x-echo": key}, json={"error": f"bad key {key}"})

    keys = Keys([provider(header="x")], lab=False, source={"COINGECKO_API_KEY": KEY})
    sender = Sender(
        transport=httpx.MockTransport(echo), lab_url="", connect_timeout=1, request_timeout=1, keys=keys
    )
    response = await sender.send(BASE.hosts[0], ASKED)
    assert KEY not in response.text + str(response.headers)
    assert response.json() == {"error": "bad key [key]"}
    await sender.close()


FILE = """
id = "keyed"
name = "Keyed"
kind = "aggregator"
home = "https://keyed.example"
docs = "https://keyed.example/docs"
read_on = 2026-11-25
priority = 0
check_symbol = "BTC/USD"
check_every = 3600
limits = [{ cost = 60, seconds = 60 }]
hosts = [{ name = "api.keyed.example" }]
check = { path = "/ping" }
[auth]
name = "keyed"
env = "KEYED_API_KEY"
header = "x-key"
required = true
[price]
path = "/price"
last = "price"
"""


async def test_a_provider_without_its_key_is_disabled_and_says_so(tmp_path, monkeypatch):
    (tmp_path / "keyed.toml").write_text(FILE)
    asked = []

    async def answer(request):
        asked.append(request)
        return httpx.Response(200, json={"price": 5}, headers={"content-type": "application/json"})

    made = Settings(
        mode="live", data_dir=tmp_path / "data", catalog_dirs=(tmp_path / "keyed.toml",), providers=("keyed",)
    )
    async with AsyncHub(made, transport=httpx.MockTransport(answer)) as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.price("BTC/USD")
        (attempt,) = caught.value.attempts
        assert (attempt.outcome, asked) == ("skipped_disabled", [])
        assert "KEYED_API_KEY" in attempt.reason
        health = (await hub.health()).endpoints["keyed/price@api.keyed.example"]
        assert health.state == "disabled"
        assert "KEYED_API_KEY" in health.reason
        assert (await hub.health()).providers["keyed"].state == "disabled"
        probed = await hub.probe("keyed/price@api.keyed.example")
        assert "KEYED_API_KEY" in str(probed)
        assert asked == []
        monkeypatch.setenv("KEYED_API_KEY", KEY)
        told = await hub.price("BTC/USD")
        assert told.value.last == 5
        assert told.tier == "primary"
        assert asked[0].headers["x-key"] == KEY
        assert KEY not in repr(told) + repr(PriceQuery("BTC/USD"))
