"""Messages on their way to people: in order for each target, tried again until they arrive, kept over a restart.

A target is spoken to in a thread; of those there are few, and nobody waits for them.
"""

import asyncio
import contextlib
import logging
import random
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from core.clock import Clock
from core.ops.alerts.store import Delivery

log = logging.getLogger(__name__)

FIRST, LONGEST = 5.0, 600.0
"""Seconds before the first repetition; they double up to the longest."""
GIVE_UP = 3 * 86_400.0
"""Seconds after which news is old."""
MOST = 500
"""Messages that wait for one target at most; beyond it the oldest is given up."""
AT_ONCE = 2
PATIENCE = 60.0
"""Seconds for one try; sockets of the channels give up long before."""

Send = Callable[[str, Delivery], Awaitable[str]]
"""Target id and message → ``""``, or why it could not be delivered."""


@dataclass(slots=True)
class Line:
    """One target's queue, and how it does. Times in UTC seconds."""

    id: str
    name: str
    waiting: deque[Delivery] = field(default_factory=deque)
    sent: int = 0
    last_sent: float | None = None
    error: str = ""
    """Why the last try failed; empty when it did not."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class TargetState:
    """How a target does, for people. ``next_try``: UTC seconds; None when nothing waits."""

    name: str
    waiting: int
    sent: int
    last_sent: float | None
    error: str
    next_try: float | None


class Outbox:
    """Belongs to the hub's loop."""

    def __init__(
        self,
        targets: Sequence[tuple[str, str]],
        clock: Clock,
        send: Send,
        moved: Callable[[Delivery], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._send = send
        self._moved = moved
        self._lines = {id: Line(id, name) for id, name in targets}  # noqa: A001 - what it is called
        self._workers: list[asyncio.Task[None]] = []
        self._random = random.Random()  # noqa: S311 - jitter

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the targets."""
        return tuple(self._lines)

    def start(self, waiting: Iterable[Delivery]) -> list[Delivery]:
        """Begin with what was left; gives back what is for targets that are no longer there."""
        orphans = [one for one in waiting if not self._take(one)]
        self._workers = [asyncio.create_task(self._work(line)) for line in self._lines.values()]
        return orphans

    def add(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Send these as well; gives back those that had to make room."""
        dropped: list[Delivery] = []
        for one in deliveries:
            if self._take(one):
                line = self._lines[one.target]
                if len(line.waiting) > MOST:
                    dropped.append(line.waiting.popleft())
                line.wake.set()
        return dropped

    def states(self) -> list[TargetState]:
        """How each target does."""
        return [
            TargetState(
                line.name,
                len(line.waiting),
                line.sent,
                line.last_sent,
                line.error,
                max(line.waiting[0].again, self._clock.now()) if line.waiting else None,
            )
            for line in self._lines.values()
        ]

    async def close(self) -> None:
        """Stop; what is on its way is sent again next time, if it has not arrived."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []

    def _take(self, one: Delivery) -> bool:
        line = self._lines.get(one.target)
        if line is not None:
            line.waiting.append(one)
        return line is not None

    async def _work(self, line: Line) -> None:
        pause = 0.0
        while True:
            if not line.waiting:
                line.wake.clear()
                await line.wake.wait()
            elif pause > 0:
                await asyncio.sleep(pause)
            pause = await self._try(line, line.waiting[0])

    async def _try(self, line: Line, one: Delivery) -> float:
        """One try. Returns after how many seconds the next one may be made."""
        line.error = await self._send(line.id, one)
        now = self._clock.now()
        one.tries += 1
        pause = 0.0
        if not line.error:
            line.sent += 1
            line.last_sent = one.ended = now
            one.error = ""
        else:
            one.error = line.error
            pause = min(LONGEST, FIRST * 2 ** min(one.tries - 1, 16)) * self._random.uniform(0.8, 1.2)
            one.again = now + pause
            if now - one.asked > GIVE_UP:
                one.ended, pause = now, 0.0
                log.warning("alert %s was not delivered to %s: %s", one.alert, line.name, one.error)
        if one.ended is not None and line.waiting and line.waiting[0] is one:
            line.waiting.popleft()
        with contextlib.suppress(OSError):  # counted by the folder: at worst it is delivered twice
            await self._moved(one)
        return pause


class Threads:
    """Runs blocking calls in a few daemon threads: nobody waits for them at the end of the process."""

    def __init__(self, most: int = AT_ONCE) -> None:
        self._slots = asyncio.Semaphore(most)

    async def run(self, job: Callable[[], str]) -> str:
        """The result, or why there is none after :data:`PATIENCE` seconds. What hangs keeps its slot."""
        loop = asyncio.get_running_loop()
        await self._slots.acquire()
        done: asyncio.Future[str] = loop.create_future()

        def finish(result: str) -> None:
            self._slots.release()
            if not done.done():
                done.set_result(result)

        def work() -> None:
            try:
                result = job()
            except Exception as error:  # noqa: BLE001 - a channel's own fault must not end deliveries
                result = type(error).__name__
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(finish, result)

        threading.Thread(target=work, name="kintsugi-alert", daemon=True).start()
        try:
            async with asyncio.timeout(PATIENCE):
                return await done
        except TimeoutError:
            return f"no answer in {PATIENCE:g} s"
