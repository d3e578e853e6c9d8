"""The lab on a socket: real connections, real time, short."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from lab_world import CANDLES, TICKERS, HandClock, client, url

from core.lab import Lab
from core.lab.__main__ import main
from core.lab.server import LabServer

KRAKEN = "/api.kraken.com" + CANDLES["kraken"]
SMALL = "/api.kraken.com" + TICKERS["kraken"]


@pytest.fixture
def lab():
    return Lab(7, HandClock())


@contextlib.asynccontextmanager
async def served(lab, timeout=5.0):  # noqa: ASYNC109 - the client's, not this function's
    async with LabServer(lab) as server, httpx.AsyncClient(base_url=server.url, timeout=timeout) as http:
        yield http


@contextlib.asynccontextmanager
async def raw(http):
    """A bare connection, to see what really comes over it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", http.base_url.port)
    writer.write(f"GET {KRAKEN} HTTP/1.1\r\nHost: lab\r\n\r\n".encode())
    try:
        yield reader
    finally:
        writer.close()


async def test_the_socket_says_what_the_transport_says(lab):
    async with client(lab) as inside:
        here = await inside.get(url("kraken"))
    async with served(lab) as http:
        there = await http.get(KRAKEN)
        again = await http.get(KRAKEN)
    assert (there.status_code, there.content) == (here.status_code, here.content)
    assert again.content == here.content
    assert {name: there.headers[name] for name in here.headers} == dict(here.headers)


async def test_one_connection_serves_many_and_many_connections_serve_at_once(lab):
    async with served(lab) as http:
        answers = await asyncio.gather(*(http.get(SMALL) for _ in range(30)))
        assert {answer.status_code for answer in answers} == {200}
        assert (await http.head(SMALL)).status_code == 405
        assert (await http.get(SMALL)).status_code == 200


async def test_faults_are_injected_and_cleared_over_http(lab):
    async with served(lab) as http:
        body = {"target": "kraken", "fault": "status:503", "times": 5}
        said = await http.post("/_lab/inject", json=body)
        assert said.json()["faults"][0]["fault"] == "status:503"
        assert (await http.get(KRAKEN)).status_code == 503
        assert (await http.get("/_lab/faults")).json()["faults"][0]["met"] == 1
        assert (await http.post("/_lab/clear", json={"target": "kraken"})).json() == {"faults": []}
        assert (await http.get(KRAKEN)).status_code == 200
        await http.post("/_lab/inject", json=body)
        assert (await http.post("/_lab/clear")).json() == {"faults": []}


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("inject", b'{"target": "krakken", "fault": "timeout"}', "expected a provider"),
        ("inject", b'{"target": "kraken"}', "expected one of latency"),
        ("inject", b'{"target": "kraken", "fault": "timeout", "self": 1}', "timeout allows"),
        ("inject", b'{"fault": "refuse"}', "name seconds"),
        ("inject", b"[1]", "expected a JSON object"),
        ("inject", b"{", "Expecting"),
        ("inject", b"\xff", "decode"),
        ("inject", b"[" * 50_000, ""),
        ("clear", b'{"fault": "timeout"}', "clear takes target alone"),
    ],
)
async def test_bad_orders_are_refused_with_a_reason(lab, path, body, says):
    async with served(lab) as http:
        said = await http.post(f"/_lab/{path}", content=body)
        assert said.status_code == 400
        assert says in said.json()["error"]["message"]
    assert lab.faults == ()


async def test_the_labs_own_address(lab):
    async with served(lab) as http:
        home = (await http.get("/")).json()
        assert home["lab"] is True
        assert "api.kraken.com" in home["hosts"]
        assert (await http.get("/nothing")).status_code == 404
        assert (await http.get("/_lab/inject")).status_code == 404
        page = await http.post("/_lab/clear", headers={"Origin": "https://example.org"})
        assert page.status_code == 403
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get("/example.invalid/")


async def test_refuse_closes_before_any_byte(lab):
    lab.inject("kraken", "refuse")
    async with served(lab) as http:
        async with raw(http) as reader:
            assert await reader.read() == b""
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(KRAKEN)
        assert (await http.get("/api.binance.com/api/v3/ping")).json() == {}


async def test_reset_breaks_within_the_body(lab):
    lab.inject("kraken", "reset")
    async with served(lab) as http:
        with pytest.raises(httpx.ReadError):
            await http.get(KRAKEN)
        async with raw(http) as reader:
            with pytest.raises(ConnectionResetError):
                await reader.read()


async def test_truncated_ends_before_its_length(lab):
    lab.inject("kraken", "truncated")
    async with served(lab) as http:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            await http.get(KRAKEN)
        async with raw(http) as reader:
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            assert 0 < len(body) < length


async def test_timeout_sends_nothing(lab):
    lab.inject("kraken", "timeout")
    async with served(lab, 0.2) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get(KRAKEN)
        lab.inject("kraken", "timeout", seconds=0.1)
        async with raw(http) as reader:
            started = time.monotonic()
            assert await reader.read() == b""
            assert time.monotonic() - started >= 0.09


async def test_latency_and_slow_drip(lab):
    async with served(lab) as http:
        whole = (await http.get(SMALL)).content
        lab.inject("kraken", "latency", seconds=0.15)
        lab.inject("kraken", "slow_drip", rate=len(whole) * 5)
        started = time.monotonic()
        assert (await http.get(SMALL)).content == whole
        assert 0.34 < time.monotonic() - started < 3
        lab.inject("kraken", "slow_drip", rate=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await http.get(SMALL)


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("status:500", 500, "text/html"),
        ("status:451", 451, "text/html"),
        ("status:503", 503, "application/json"),
        ("html", 200, "text/html"),
        ("empty", 200, "application/json"),
        ("wrong_type", 200, "text/plain"),
        ("partial_206", 206, "application/json"),
        ("garbage", 200, "application/json"),
        ("schema_drift", 200, "application/json"),
        ("frozen", 200, "application/json"),
        ("gap", 200, "application/json"),
        ("duplicate", 200, "application/json"),
        ("spike", 200, "application/json"),
        ("unsorted", 200, "application/json"),
    ],
)
async def test_faults_that_leave_the_connection_whole(lab, fault, status, kind):
    async with served(lab) as http:
        clean = (await http.get(KRAKEN)).content
        lab.inject("kraken", fault)
        said = await http.get(KRAKEN)
        assert said.status_code == status
        assert said.headers["content-type"].startswith(kind)
        assert (said.content == clean) == (fault in {"wrong_type", "frozen"})


async def reachable(http):
    try:
        return (await http.get("/_lab/faults")).status_code == 200
    except httpx.TransportError:
        return False


async def until(condition):
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110 - what is waited for is on the other side of a socket
            await asyncio.sleep(0.02)


async def test_when_everything_is_refused_nobody_listens():
    async with served(Lab(7)) as http:
        said = await http.post("/_lab/inject", json={"fault": "refuse", "seconds": 1})
        assert said.status_code == 200

        async def away():
            return not await reachable(http)

        await until(away)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", http.base_url.port)
        await until(lambda: reachable(http))
        assert (await http.get(KRAKEN)).status_code == 200


async def test_closing_drops_the_requests_that_are_held(lab):
    lab.inject("kraken", "timeout")
    async with served(lab) as http:
        held = [asyncio.create_task(http.get(KRAKEN)) for _ in range(3)]

        async def all_held():
            return lab.faults[0].met == 3

        await until(all_held)
    results = await asyncio.gather(*held, return_exceptions=True)
    assert all(isinstance(result, httpx.TransportError) for result in results)


async def test_what_is_no_http_is_dropped(lab):
    async with served(lab) as http:
        for sent in (b"\x16\x03\x01\x02\x00hello\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b""):
            reader, writer = await asyncio.open_connection("127.0.0.1", http.base_url.port)
            writer.write(sent)
            writer.write_eof()
            async with asyncio.timeout(5):
                assert await reader.read() == b""
            writer.close()
        large = await asyncio.gather(
            http.post("/_lab/inject", content=b" " * 200_000), return_exceptions=True
        )
        assert isinstance(large[0], httpx.TransportError)
        assert (await http.get(KRAKEN)).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_and_stops_cleanly(number):
    command = [sys.executable, "-W", "error", "-m", "core.lab", "--port", "0", "--seed", "9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            base = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
            with httpx.Client(base_url=base) as http:
                assert "XXBTZUSD" in http.get(KRAKEN).json()["result"]
                http.post("/_lab/inject", json={"target": "kraken", "fault": "timeout"})
                with pytest.raises(httpx.ReadTimeout):
                    http.get(KRAKEN, timeout=0.1)
                os.kill(process.pid, number)
                _, errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_said(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == 1
    assert "in use" in capsys.readouterr().err
    assert main(["--port", "70000"]) == 1
    assert "70000" in capsys.readouterr().err
