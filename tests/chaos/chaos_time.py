"""Time and disk of a run: a wall clock that can be set back, and writes that take no time."""

import asyncio
from concurrent.futures import Executor, Future
from typing import Any

EPOCH = 1_780_000_000.0


class Inline(Executor):
    """Disk writes at once: a thread's work takes no virtual time, and would make runs differ."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def submit(self, job: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        try:
            done.set_result(job(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asks the future
            done.set_exception(error)
        return done


class WallClock:
    """``now = EPOCH + time of this run + jump``. The lab's never jumps."""

    def __init__(self) -> None:
        self.jump = 0.0
        self._began = self.mono()

    def mono(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> float:
        return EPOCH + self.mono() - self._began + self.jump
