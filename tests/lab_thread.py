"""A lab on a socket, on a loop of its own in a thread."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.lab import Lab
from core.lab.server import LabServer


@contextmanager
def lab_on_a_socket() -> Iterator[tuple[Lab, str]]:
    """The lab, and its address."""
    lab, loop, stop = Lab(), asyncio.new_event_loop(), asyncio.Event()
    opened: list[str] = []
    ready = threading.Event()

    async def serve() -> None:
        async with LabServer(lab, 0) as server:
            opened.append(server.url)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield lab, opened[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
