"""Name look-ups: bounded, off the loop, waited for by nobody."""

import asyncio
import socket
import subprocess
import sys
import textwrap
import threading
import time

import httpx
import pytest

from core.engine.pool import Pool
from core.engine.resolve import WORKERS, Resolver, look_up


async def test_addresses_come_back():
    resolver = Resolver()
    assert await resolver.resolve("127.0.0.1", 80, 5) == ["127.0.0.1"]
    resolver.close()


async def test_a_name_without_address_is_a_connect_error():
    def fails(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    resolver = Resolver(fails)
    with pytest.raises(httpx.ConnectError, match=r"nowhere\.example"):
        await resolver.resolve("nowhere.example", 443, 5)
    resolver.close()


async def test_hung_look_ups_are_bounded_and_time_out():
    held = threading.Event()

    def hangs(host, port):
        held.wait(30)
        return ["127.0.0.1"]

    resolver = Resolver(hangs)
    began = time.monotonic()
    results = await asyncio.gather(
        *(resolver.resolve(f"h{n}.example", 443, 0.2) for n in range(50)), return_exceptions=True
    )
    assert time.monotonic() - began < 2
    assert all(isinstance(result, httpx.ConnectTimeout) for result in results)
    assert sum(thread.name == "kintsugi-resolve" for thread in threading.enumerate()) <= WORKERS
    held.set()
    resolver.close()


def test_a_hung_look_up_does_not_delay_the_end_of_the_process():
    code = """
        import asyncio, time
        from core.engine.resolve import Resolver
        async def main():
            resolver = Resolver(lambda host, port: time.sleep(60))
            try:
                await resolver.resolve("h.example", 443, 0.1)
            except Exception as error:
                print(type(error).__name__)
            resolver.close()
        asyncio.run(main())
    """
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "ConnectTimeout"
    assert time.monotonic() - began < 15


async def test_the_next_address_is_tried_when_one_refuses():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    resolver = Resolver(lambda host, p: ["127.0.0.2", "127.0.0.1"])
    pool = Pool(resolver, "somewhere.example", port, None, 2.0, inward=True)
    await pool._connect()
    await pool.close()
    resolver.close()
    server.close()
    await server.wait_closed()


def test_ipv4_comes_first(monkeypatch):
    entries = [
        (socket.AF_INET6, 1, 6, "", ("::1", 80, 0, 0)),
        (socket.AF_INET, 1, 6, "", ("127.0.0.1", 80)),
        (socket.AF_INET, 1, 6, "", ("127.0.0.1", 80)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: entries)
    assert look_up("x.example", 80) == ["127.0.0.1", "::1"]
