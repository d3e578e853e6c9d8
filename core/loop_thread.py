"""An event loop in a thread of its own, and waiting for it from other threads."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from core.answer import KintsugiError

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for other threads. Nothing made on its loop is ever awaited elsewhere."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._gate = threading.Lock()

    def start(self) -> None:
        """Return once the loop runs; what hinders it is raised here. KintsugiError when it runs already."""
        if self._thread is not None:
            raise KintsugiError("the hub is open already")
        started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._main, args=(started,), name="kintsugi-hub", daemon=True)
        self._thread.start()
        try:
            self._loop = started.result()
        except BaseException:
            self._thread = None
            raise

    def stop(self) -> None:
        """End the loop, and what is begun with it; return when the thread has ended."""
        with self._gate:
            loop, self._loop = self._loop, None
        thread, self._thread = self._thread, None
        if loop is not None and thread is not None:
            with contextlib.suppress(RuntimeError):  # closed by itself already
                loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def begin(self, job: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start a coroutine there. KintsugiError when the loop does not run."""
        with self._gate:  # what is let in before the loop is told to stop is begun, and then ends
            if self._loop is not None and self._loop.is_running():
                return asyncio.run_coroutine_threadsafe(job, self._loop)
        job.close()
        raise KintsugiError("the hub is not open: use it in a with statement")

    def wait(self, job: Coroutine[Any, Any, T]) -> T:
        """What comes of a coroutine; whoever stops waiting cancels it."""
        future = self.begin(job)
        with self._waiting(future):
            return future.result()

    def wait_telling(
        self, job: Callable[..., Coroutine[Any, Any, T]], progress: Callable[..., None] | None
    ) -> T:
        """Wait for a long job, and tell of its progress here: a page may draw in its own thread only."""
        if progress is None:
            return self.wait(job())
        told: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        future = self.begin(job(progress=lambda *news: told.put(news)))
        future.add_done_callback(lambda _: told.put(None))
        with self._waiting(future):
            while (news := told.get()) is not None:
                progress(*news)
            return future.result()

    @contextlib.contextmanager
    def _waiting(self, future: "Future[Any]") -> Iterator[None]:
        try:
            if threading.current_thread() is self._thread:
                raise KintsugiError(
                    "the hub's own loop would wait for itself: await the method of hub.hub there"
                )
            yield
        except BaseException:
            future.cancel()
            raise

    def _main(self, started: "Future[asyncio.AbstractEventLoop]") -> None:
        try:
            with asyncio.Runner() as runner:
                loop = runner.get_loop()
                loop.call_soon(started.set_result, loop)
                loop.run_forever()
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)
