"""What stays open, and what is closed, when a hub opens, changes from one world to the other, and closes."""

import asyncio
import json
import threading

import httpx
import pytest

from core import AsyncHub, Hub, Settings
from core.answer import KintsugiError
from core.facets.worlds import LOOK_AGAIN
from core.world import World


class Counting(httpx.AsyncBaseTransport):
    """Refuses everything, and counts how often it was closed."""

    closed = 0

    async def handle_async_request(self, request):
        raise httpx.ConnectError("nobody there", request=request)

    async def aclose(self):
        self.closed += 1


@pytest.fixture
def network(monkeypatch):
    """Whether there is one."""
    state = {"there": False}

    async def there(*_):
        return state["there"]

    monkeypatch.setattr("core.engine.probe.Network.there", there)
    return state


@pytest.mark.looptime
async def test_who_goes_live_before_the_network_is_back_keeps_what_was_set_there(tmp_path, network):
    async with AsyncHub(Settings(data_dir=tmp_path)) as hub:
        assert hub.simulated
        await hub.go_live()
        await hub.isolate("kraken", "by hand")
        network["there"] = True
        await asyncio.sleep(2 * LOOK_AGAIN)
        assert not (await hub.health()).live_again
        kept = json.loads((tmp_path / "live" / "state.json").read_bytes())
        assert kept["isolated"] == {"kraken": "by hand"}


@pytest.mark.looptime
async def test_there_is_one_live_world_however_often_the_lab_is_opened(tmp_path):
    async with AsyncHub(Settings(mode="live", data_dir=tmp_path), transport=Counting()) as hub:
        live = hub._world
        await hub.open_lab()
        await hub.go_live()
        assert hub._world is live
        await hub.open_lab()
    assert hub._world_now is None


@pytest.mark.looptime
async def test_a_transport_of_ones_own_is_closed_with_the_hub_and_not_before(tmp_path):
    transport = Counting()
    async with AsyncHub(Settings(mode="live", data_dir=tmp_path), transport=transport) as hub:
        await hub.open_lab()
        await hub.go_live()
        await asyncio.sleep(60)
        assert transport.closed == 0
    assert transport.closed == 1


@pytest.mark.looptime
async def test_a_hub_that_cannot_open_lets_go_of_its_folder(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no world")

    with monkeypatch.context() as patched:
        patched.setattr("core.facets.worlds.World", broken)
        with pytest.raises(RuntimeError, match="no world"):
            await AsyncHub(Settings(mode="lab", data_dir=tmp_path)).__aenter__()
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        assert (await hub.health()).notices == ()


@pytest.mark.looptime
async def test_what_fails_to_close_keeps_nothing_else_open(tmp_path, monkeypatch):
    close = World.close

    async def jams(self):
        await close(self)
        raise RuntimeError("it jams")

    with monkeypatch.context() as patched:
        patched.setattr(World, "close", jams)
        with pytest.raises(RuntimeError, match="it jams"):
            async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)):
                pass
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        assert (await hub.health()).notices == ()


def test_a_loop_that_cannot_start_is_an_error_and_no_wait(tmp_path, monkeypatch):
    def broken():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("core.loop_thread.asyncio.Runner", broken)
    hub, caught = Hub(Settings(mode="lab", data_dir=tmp_path)), []

    def enter():
        try:
            hub.__enter__()
        except OSError as error:
            caught.append(error)

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    thread.join(5)
    assert [error.errno for error in caught] == [24]


def test_a_hub_that_closes_takes_no_more_calls(tmp_path):
    hub = Hub(Settings(mode="lab", data_dir=tmp_path)).__enter__()
    busy, go_on = threading.Event(), threading.Event()

    def hold():
        busy.set()
        go_on.wait(10)

    async def begin():
        asyncio.get_running_loop().call_soon(hold)

    hub.begin(hub.hub.__aexit__(None, None, None)).result()
    hub.begin(begin())
    assert busy.wait(10)
    stopping = threading.Thread(target=hub._thread.stop)
    stopping.start()
    stopping.join(0.2)  # it waits for the loop, which is held
    with pytest.raises(KintsugiError, match="not open"):
        hub.begin(hub.hub.health())
    go_on.set()
    stopping.join(10)
    assert not stopping.is_alive()


def test_its_own_loop_does_not_wait_for_itself(tmp_path):
    with Hub(Settings(mode="lab", data_dir=tmp_path)) as hub:

        async def within(ask):
            return ask()

        for ask in (hub.health, lambda: hub.probe("kraken", progress=print)):
            with pytest.raises(KintsugiError, match="would wait for itself"):
                hub.begin(within(ask)).result(10)
