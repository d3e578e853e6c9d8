"""The one Clock: ``mono`` for every delay, ``now`` for every stamp."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the engine, the lab, the cache and the journal read time from. Both in seconds."""

    def mono(self) -> float:
        """Monotonic seconds on the event loop's scale: delays, deadlines, cooldowns, quotas."""
        ...

    def now(self) -> float:
        """UTC wall time, seconds since 1970: candle closure, ages, stored stamps."""
        ...


class SystemClock:
    """The loop's time and the machine's wall clock."""

    __slots__ = ()

    def mono(self) -> float:
        """Time of the running loop (virtual under looptime), else ``time.monotonic``."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return time.monotonic()

    def now(self) -> float:
        """``time.time``."""
        return time.time()


class SteadyClock:
    """A clock whose ``now`` never runs backwards while the process lives.

    A wall clock that is set back would reopen closed candles and make cached answers look younger. While the
    wall stands behind the time last given, ``now`` goes on from there at the pace of ``mono``.
    """

    __slots__ = ("_clock", "_last_mono", "_last_now")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_mono = clock.mono()
        self._last_now = clock.now()

    def mono(self) -> float:
        """Pass through."""
        return self._clock.mono()

    def now(self) -> float:
        """The wall clock, or where it would stand had it not been set back."""
        mono = self._clock.mono()
        steady = self._last_now + max(0.0, mono - self._last_mono)
        self._last_now = max(self._clock.now(), steady)
        self._last_mono = mono
        return self._last_now
