"""The hub from outside: blocking and awaited, live, lab and auto."""

import asyncio
import inspect
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

import core
import core.hub
from core import Answer, AsyncHub, Attempt, Hub, NoAnswer, Settings
from core.answer import KintsugiError
from core.facets import worlds
from core.facets.worlds import LOOK_AGAIN, LOOK_FOR_NETWORK
from core.market import CandleQuery, PriceQuery


@pytest.fixture
def lab_settings(tmp_path):
    return Settings(mode="lab", data_dir=tmp_path)


class NoNetwork(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request):
        raise httpx.ConnectError("Name or service not known", request=request)


def test_the_public_names():
    assert set(core.__all__) == {"Answer", "AsyncHub", "Attempt", "Hub", "NoAnswer", "Settings"}
    assert all(hasattr(core, name) for name in core.__all__)


def test_blocking_hub_answers_from_the_lab(lab_settings):
    with Hub(lab_settings) as hub:
        answer = hub.candles("BTC/USDT", "1h", limit=500)
        assert isinstance(answer, Answer)
        assert answer.lab
        assert len(answer.value) == 500
        assert all(isinstance(attempt, Attempt) for attempt in answer.attempts)
        assert answer.value.attrs["lab"] is True
        again = hub.candles("BTC/USDT", "1h", limit=500)
        assert (again.tier, again.attempts) == ("cache", answer.attempts)
        assert again.age > 0
        assert hub.price("BTC/USD").value.last > 0
        assert hub.volume("ETH/USD").value.volume_base > 0
        assert len(hub.orderbook("BTC/USDT", depth=5).value.bids) == 5
        assert hub.fetch(PriceQuery("BTC/USD")).tier == "cache"
        snapshot = hub.health()
        assert snapshot.lab
        assert snapshot.as_dict()["totals"]["healthy"] >= 3


def test_the_blocking_twin_has_every_method_of_the_async_hub():
    def public(cls):
        return {
            name for name, member in inspect.getmembers(cls) if not name.startswith("_") and callable(member)
        }

    assert public(AsyncHub) <= public(Hub)


def test_one_hub_from_many_threads(lab_settings):
    with Hub(lab_settings) as hub, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: hub.candles("BTC/USDT", "1h", limit=100 + n % 3), range(60)))
    assert {len(answer.value) for answer in answers} == {100, 101, 102}


def test_a_closed_hub_says_so(lab_settings):
    hub = Hub(lab_settings)
    with pytest.raises(KintsugiError, match="with statement"):
        hub.price("BTC/USD")
    with hub:
        hub.price("BTC/USD")
    with pytest.raises(KintsugiError, match="with statement"):
        hub.price("BTC/USD")
    assert not any(thread.name == "kintsugi-hub" for thread in threading.enumerate())


def test_an_open_hub_is_not_opened_again(lab_settings):
    with Hub(lab_settings) as hub:
        with pytest.raises(KintsugiError, match="open already"):
            hub.__enter__()
        assert sum(thread.name == "kintsugi-hub" for thread in threading.enumerate()) == 1
        assert hub.price("BTC/USD").lab


async def test_an_open_async_hub_is_not_opened_again(lab_settings):
    async with AsyncHub(lab_settings) as hub:
        with pytest.raises(KintsugiError, match="open already"):
            await hub.__aenter__()
        assert (await hub.price("BTC/USD")).lab


def test_bad_arguments_name_field_value_and_what_is_allowed(lab_settings):
    with Hub(lab_settings) as hub:
        for call, words in (
            (lambda: hub.candles("BTCUSDT"), ("symbol", "BTCUSDT", "BASE/QUOTE")),
            (lambda: hub.candles("BTC/USDT", "7m"), ("interval", "7m", "15m")),
            (lambda: hub.candles("BTC/USDT", limit=0), ("limit", "0", "from 1")),
            (lambda: hub.candles("BTC/USDT", start="yesterday"), ("start", "yesterday", "ISO 8601")),
            (lambda: hub.candles("BTC/USDT", start="2026-01-02", end="2026-01-01"), ("start", "before end")),
            (lambda: hub.price("BTC/USDT", providers=["krakn"]), ("providers", "krakn", "kraken")),
            (lambda: hub.price("BTC/USDT", deadline=-1), ("deadline", "-1", "above 0")),
            # Also where the cache could answer.
            (
                lambda: hub.price("BTC/USDT").lab and hub.price("BTC/USDT", deadline="5"),
                ("deadline", "5", "above 0"),
            ),
            (lambda: hub.orderbook("BTC/USDT", depth=10**9), ("depth", "5000")),
        ):
            with pytest.raises(ValueError, match=words[0]) as caught:
                call()
            assert all(word in str(caught.value) for word in words)


async def test_run_hops_between_loops(lab_settings):
    """What is made on the hub's loop is awaited there, under contention too."""
    here = asyncio.get_running_loop()
    with Hub(lab_settings) as hub:
        loops = set()

        async def fetch(n):
            loops.add(asyncio.get_running_loop())
            return await hub.hub.candles("BTC/USDT", "1h", limit=50 + n % 4, refresh=True)

        answers = await asyncio.gather(*(hub.run(fetch(n)) for n in range(200)))
    assert len(answers) == 200
    assert len(loops) == 1
    assert here not in loops


async def test_objects_of_the_hub_belong_to_its_loop(lab_settings):
    with Hub(lab_settings) as hub:
        hub.candles("BTC/USDT")
        for task in await hub.run(_tasks()):
            assert task.get_loop() is hub._thread._loop
        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def _tasks():
    return asyncio.all_tasks()


def test_an_interrupted_open_leaves_no_thread(tmp_path):
    broken = tmp_path / "provider.toml"
    broken.write_text("id = 3")
    with pytest.raises(KintsugiError, match=r"provider\.toml"):
        Hub(Settings(mode="lab", data_dir=tmp_path, catalog_dirs=(broken,))).__enter__()
    assert not any(thread.name == "kintsugi-hub" for thread in threading.enumerate())


def test_shared_is_one_and_can_be_closed(monkeypatch, tmp_path):
    monkeypatch.setenv("KINTSUGI_MODE", "lab")
    monkeypatch.setenv("KINTSUGI_DATA_DIR", str(tmp_path))
    try:
        one = core.hub.shared()
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: core.hub.shared(), range(32))) == {one}
        assert one.price("BTC/USD").lab
    finally:
        core.hub.close_shared()
        core.hub.close_shared()
    with pytest.raises(KintsugiError):
        one.price("BTC/USD")


async def test_auto_opens_the_lab_when_names_do_not_resolve(tmp_path, monkeypatch):
    def unresolvable(*args, **kwargs):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unresolvable)
    began = time.monotonic()
    async with AsyncHub(Settings(data_dir=tmp_path)) as hub:
        assert time.monotonic() - began < LOOK_FOR_NETWORK + 1
        answer = await hub.candles("BTC/USDT")
        assert answer.lab
        health = await hub.health()
        assert health.lab
        assert "no network" in health.why
        await hub.go_live()
        with pytest.raises(NoAnswer):  # live on request, and honest there
            await hub.candles("BTC/USDT")
    assert (tmp_path / "lab").exists()


async def test_auto_opens_the_lab_when_look_ups_hang(tmp_path, monkeypatch):
    look = 0.5
    monkeypatch.setattr(worlds, "LOOK_FOR_NETWORK", look)
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [ended.wait(20)][1:])
    began = time.monotonic()
    async with AsyncHub(Settings(data_dir=tmp_path)) as hub:
        assert time.monotonic() - began < look + 1.5
        assert (await hub.candles("BTC/USDT")).lab
    assert time.monotonic() - began < look + 4
    ended.set()


async def test_live_never_opens_the_lab(tmp_path, monkeypatch):
    def unresolvable(*args, **kwargs):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unresolvable)
    async with AsyncHub(Settings(mode="live", data_dir=tmp_path)) as hub:
        with pytest.raises(NoAnswer, match="offline"):
            await hub.candles("BTC/USDT")
        assert not (await hub.health()).lab


@pytest.mark.looptime
async def test_with_an_injected_transport_the_mode_stays(tmp_path):
    async with AsyncHub(Settings(data_dir=tmp_path), transport=NoNetwork()) as hub:
        with pytest.raises(NoAnswer, match="offline"):
            await hub.candles("BTC/USDT")
        assert not (await hub.health()).lab


@pytest.mark.looptime
async def test_live_again_is_said_and_nothing_switches_by_itself(tmp_path, monkeypatch):
    there = False

    async def network(self, seconds):
        return there

    monkeypatch.setattr("core.engine.probe.Network.there", network)
    async with AsyncHub(Settings(data_dir=tmp_path)) as hub:
        assert (await hub.health()).lab
        await asyncio.sleep(LOOK_AGAIN + 1)
        assert not (await hub.health()).live_again
        there = True
        await asyncio.sleep(LOOK_AGAIN + 1)
        health = await hub.health()
        assert health.live_again
        assert health.lab
        assert (await hub.candles("BTC/USDT")).lab
        await hub.go_live()
        health = await hub.health()
        assert (health.lab, health.live_again, health.why) == (False, False, "")


@pytest.mark.looptime
async def test_lab_and_live_never_mix(tmp_path):
    async with AsyncHub(Settings(mode="live", data_dir=tmp_path)) as hub:
        await hub.open_lab()
        simulated = await hub.candles("BTC/USDT", "1h")
        assert simulated.lab
        await hub.go_live()
        hub._world.sender._injected = NoNetwork()
        with pytest.raises(NoAnswer):  # the lab's cached answer is not there
            await hub.candles("BTC/USDT", "1h")


def test_a_hub_in_lab_mode_does_not_go_live(lab_settings):
    with Hub(lab_settings) as hub, pytest.raises(ValueError, match="KINTSUGI_MODE"):
        hub.go_live()


async def test_lab_url_gets_every_request_with_its_host_in_the_path(tmp_path):
    seen = []

    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(head.split(" ")[1])
        body = b'{"code":-1121,"msg":"Invalid symbol."}'
        writer.write(b"HTTP/1.1 400 Bad\r\ncontent-type: application/json\r\nconnection: close\r\n")
        writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with AsyncHub(Settings(data_dir=tmp_path, lab_url=url)) as hub:
        assert (await hub.health()).lab
        with pytest.raises(NoAnswer):
            await hub.price("FOO/USDT", providers=["binance"])
    server.close()
    await server.wait_closed()
    assert seen == ["/api.binance.com/api/v3/ticker/24hr?symbol=FOOUSDT"]


@pytest.mark.looptime
async def test_a_refreshing_call_asks_again(lab_settings):
    async with AsyncHub(lab_settings) as hub:
        query = CandleQuery("BTC/USDT", "1h")
        first = await hub.fetch(query)
        again = await hub.fetch(query, refresh=True)
        assert (first.tier, again.tier) == ("primary", "primary")
