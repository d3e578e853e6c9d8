"""Name look-ups in a few daemon threads of their own.

A hung look-up must delay neither a disk read nor the end of the process, and both would happen in the event
loop's default executor, which is joined at exit.
"""

import asyncio
import queue
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

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
        """Addresses. ``httpcore.ConnectError`` when there are none, ``ConnectTimeout`` after ``seconds``."""
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
            raise httpcore.ConnectTimeout(f"the name {host} was not found in {seconds:g} s") from None
        except OSError as error:
            raise httpcore.ConnectError(f"the name {host} cannot be found: {error}") from None
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


class ResolvingBackend(httpcore.AsyncNetworkBackend):
    """httpcore's network, with names looked up by a :class:`Resolver`; addresses are tried in turn."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers."""
        started = asyncio.get_running_loop().time()
        addresses = await self._resolver.resolve(host, port, timeout)
        failure: Exception = httpcore.ConnectError(f"the name {host} has no address")
        for number, address in enumerate(addresses):
            left = None
            if timeout is not None:
                spent = asyncio.get_running_loop().time() - started
                left = max(0.05, (timeout - spent) / (len(addresses) - number))
            try:
                return await self._network.connect_tcp(
                    address, port, timeout=left, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Used by httpcore between its own retries."""
        await asyncio.sleep(seconds)
