"""Endpoints tested one by one: what goes over the wire, without keys."""

import json
import shlex
import time

import httpx
import pytest

from core import AsyncHub, Settings
from core.catalog import Catalog
from core.lab import Lab
from core.market import CandleQuery, OnChainQuery, PriceQuery
from core.tester import MOST_BODY, curl, plain_value

CATALOG = Catalog.load()


@pytest.fixture
async def hub(tmp_path):
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        yield hub


async def test_one_endpoint_shows_request_body_value_and_counts(hub):
    (trial,) = await hub.test("kraken/ohlcv@api.kraken.com", who="a test")
    assert trial.verdict == "good"
    (page,) = trial.pages
    assert (page.status, page.request.method, page.request.url.host) == (200, "GET", "api.kraken.com")
    assert json.loads(page.body)["result"]
    assert len(trial.value) >= 1
    shown = plain_value(trial.value)
    assert shown["rows"] == len(trial.value)
    json.dumps(shown, allow_nan=False)
    assert (await hub.health()).endpoints["kraken/ohlcv@api.kraken.com"].state == "healthy"
    (event,) = hub.journal.events(kinds=["test"])
    assert (event.who, event.target, event.detail) == ("a test", str(trial.endpoint), "one endpoint")
    assert not hub.journal.events(kinds=["admin"]), "whoever tests has changed nothing"


async def test_a_failure_keeps_its_body(hub):
    hub.lab.inject("kraken", "html")
    (trial,) = await hub.test("kraken/price@api.kraken.com")
    assert (trial.verdict, trial.value) == ("failed", None)
    assert trial.pages
    assert b"<" in trial.pages[-1].body


async def test_what_is_isolated_is_not_asked(hub):
    await hub.isolate("kraken", "for a test")
    trials = await hub.test("kraken")
    assert {trial.verdict for trial in trials} == {"not asked"}
    assert not any(trial.pages for trial in trials)
    assert "for a test" in trials[0].attempt.reason


@pytest.mark.looptime
async def test_it_waits_for_quota_that_its_siblings_spend(hub):
    trials = await hub.test("independent_reserve")
    assert {trial.verdict for trial in trials} == {"good"}


async def test_a_large_body_is_cut_and_its_size_said(tmp_path):
    class Large(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            return httpx.Response(200, json={"error": [], "result": "x" * 200_000})

    made = Settings(mode="live", data_dir=tmp_path, providers=("kraken",), retries=0)
    async with AsyncHub(made, transport=Large()) as hub:
        (trial,) = await hub.test("kraken/price@api.kraken.com")
    assert trial.verdict == "failed"
    assert len(trial.pages[0].body) == MOST_BODY
    assert trial.pages[0].size > 200_000


async def test_no_key_is_in_what_is_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("COINDESK_API_KEY", "MARKEDkey")
    lab = Lab(seed=3).transport()
    sent = []

    class Echo(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            sent.append(request.headers["x-api-key"])
            answer = await lab.handle_async_request(httpx.Request(request.method, request.url))
            body = json.loads(await answer.aread()) | {"echo": sent[-1]}
            return httpx.Response(200, json=body)

    made = Settings(mode="live", data_dir=tmp_path, providers=("coindesk_data",))
    async with AsyncHub(made, transport=Echo()) as hub:
        trials = await hub.test("coindesk_data")
    assert "MARKEDkey" in sent
    assert "MARKED" not in repr(trials)
    assert any('"$COINDESK_API_KEY"' in page.curl for trial in trials for page in trial.pages)


@pytest.mark.parametrize("provider", [one for one in CATALOG.values() if one.auth], ids=lambda one: one.id)
def test_a_command_is_one_that_a_shell_reads_and_names_the_variable(provider):
    request = provider.check_request()
    words = shlex.split(curl(request, provider.auth))
    assert words[0] == "curl"
    assert words[-1].startswith(str(request.url).rstrip("/"))
    named = [word for word in words if f"${provider.auth.env[0]}" in word]
    assert len(named) == (1 if provider.auth.required else 0)


def test_a_body_is_sent_as_it_is():
    chains = [one for one in CATALOG.serving("onchain") if one.serves(OnChainQuery("eth_gas_gwei")) is None]
    request = next(r for one in chains if (r := one.request(OnChainQuery("eth_gas_gwei"), now=0.0)).content)
    words = shlex.split(curl(request, None))
    assert words[words.index("--data-raw") + 1] == request.content.decode()
    assert words[words.index("-X") + 1] == "POST"
    for query in (PriceQuery("BTC/USDT"), CandleQuery("BTC/USDT", "1h")):
        asked = CATALOG["binance"].request(query, now=1.79e9)
        assert shlex.split(curl(asked, None))[-1] == str(asked.url)


@pytest.mark.slow
async def test_all_endpoints_in_the_lab_are_good_in_under_30_seconds(hub):
    told, began = [], time.monotonic()
    trials = await hub.test(progress=lambda *news: told.append(news))
    took = time.monotonic() - began
    assert len(trials) == len(hub.catalog.endpoints) == len(told)
    bad = [(str(t.endpoint), t.attempt.outcome, t.attempt.reason) for t in trials if t.verdict != "good"]
    assert not bad
    assert took < 30
    for trial in trials:
        json.dumps(plain_value(trial.value), allow_nan=False)
