"""The lab as an ASGI app."""

import asyncio

import httpx
import pytest
from lab_world import CANDLES, HandClock, client, url

from core.lab import Lab

KRAKEN = "/api.kraken.com" + CANDLES["kraken"]


@pytest.fixture
def lab():
    return Lab(7, HandClock())


def through(lab):
    return httpx.AsyncClient(transport=httpx.ASGITransport(lab.app), base_url="http://lab")


async def test_the_app_says_what_the_transport_says(lab):
    async with client(lab) as inside, through(lab) as http:
        here, there = await inside.get(url("kraken")), await http.get(KRAKEN)
    assert (there.status_code, there.content, dict(there.headers)) == (200, here.content, dict(here.headers))


async def test_faults_over_the_app(lab):
    async with through(lab) as http:
        await http.post("/_lab/inject", json={"target": "kraken", "fault": "status:429", "retry_after": 9})
        said = await http.get(KRAKEN)
        assert (said.status_code, said.headers["retry-after"]) == (429, "9")
        refused = await http.post("/_lab/inject", json={"target": "kraken", "fault": "no"})
        assert refused.status_code == 400
        await http.post("/_lab/clear")
        assert (await http.get(KRAKEN)).status_code == 200


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("fault", "options"), [("refuse", {}), ("reset", {}), ("truncated", {}), ("timeout", {"seconds": 5})]
)
async def test_connections_that_should_break_raise(lab, fault, options):
    lab.inject("kraken", fault, **options)
    async with through(lab) as http:
        with pytest.raises(ConnectionError):
            await http.get(KRAKEN)


@pytest.mark.looptime
async def test_latency_and_a_client_that_goes_away(lab):
    loop = asyncio.get_running_loop()
    lab.inject("kraken", "latency", seconds=3)
    async with through(lab) as http:
        await http.get(KRAKEN)
    assert loop.time() == pytest.approx(3)
    lab.inject("kraken", "timeout")
    gone = asyncio.Event()
    sent = []

    async def receive():
        if not sent:
            sent.append("request")
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": KRAKEN.partition("?")[0], "headers": [],
             "query_string": KRAKEN.partition("?")[2].encode()}  # fmt: skip
    loop.call_later(20, gone.set)
    with pytest.raises(ConnectionError):
        await lab.app(scope, receive, None)
    assert loop.time() == pytest.approx(23)


async def test_mounted_below_a_path_and_its_lifespan(lab):
    said = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive():
        return next(messages)

    async def send(message):
        said.append(message["type"])

    await lab.app({"type": "lifespan"}, receive, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    mounted = httpx.ASGITransport(lab.app, root_path="/lab")
    async with httpx.AsyncClient(transport=mounted, base_url="http://here") as http:
        assert (await http.get(f"/lab{KRAKEN}")).status_code == 200
    with pytest.raises(ValueError, match="websocket"):
        await lab.app({"type": "websocket"}, receive, send)
