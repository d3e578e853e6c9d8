"""Name look-ups in a few daemon threads of their own.

A hung look-up must delay neither a disk read nor the end of the process, and both would happen in the event
loop's default executor, which is joined at exit.
"""

import asyncio
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

import httpx

WORKERS = 8

LookUp = Callable[[str, int], list[str]]


def look_up(host: str, port: int) -> list[str]:
    """Addresses of a host, IPv4 first: many hosted machines have no route for IPv6."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ordered = sorted(found, key=lambda entry: entry[0] != socket.AF_INET)
    return list(dict.fromkeys(str(entry[4][0]) for entry in ordered))


class Resolver:
    """``look_up`` off the loop. Not started before the first use; :meth:`close` waits for nobody."""

    def __init__(self, look_up: LookUp = look_up) -> None:
        self._look_up = look_up
        self._jobs: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._threads = 0
        self._waiting = 0

    async def resolve(self, host: str, port: int, seconds: float | None) -> list[str]:
        """Addresses. ``httpx.ConnectError`` when there are none, ``ConnectTimeout`` after ``seconds``."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[str]] = loop.create_future()
        self._jobs.put((loop, future, host, port))
        self._waiting += 1
        if self._threads < min(WORKERS, self._waiting):
            self._threads += 1
            threading.Thread(target=self._work, name="kintsugi-resolve", daemon=True).start()
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            raise httpx.ConnectTimeout(f"the name {host} was not found in {seconds:g} s") from None
        except OSError as error:
            raise httpx.ConnectError(f"the name {host} cannot be found: {error}") from None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the threads end once their look-ups do."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            loop, future, host, port = job
            if future.cancelled():
                continue
            try:
                result: Any = self._look_up(host, port)
            except Exception as error:  # noqa: BLE001 - a worker must live on, whatever a resolver raises
                result = error if isinstance(error, OSError) else OSError(str(error))
            try:
                loop.call_soon_threadsafe(_deliver, future, result)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more


def _deliver(future: "asyncio.Future[list[str]]", result: Any) -> None:
    if future.done():
        return
    if isinstance(result, OSError):
        future.set_exception(result)
    else:
        future.set_result(result)
