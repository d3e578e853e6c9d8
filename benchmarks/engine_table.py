"""The table of ours beside theirs, and how both are timed."""

import gc
import statistics
import time
from collections.abc import Awaitable, Callable

Timed = Callable[[], float]
"""Runs once and returns what is measured: seconds a call."""


class Table:
    """The lines as they come."""

    def __init__(self) -> None:
        head = f"{'':62}{'ours':>12}{'theirs':>12}{'ratio':>8}   aim"
        print(f"{head}\n{'-' * len(head)}")

    def line(self, what: str, ours: float, theirs: float | None, aim: str, met: bool | None) -> None:
        mark = {True: "met", False: "MISSED", None: ""}[met]
        other, ratio = ("", "") if theirs is None else (shown(theirs), f"{ours / theirs:.2f}")
        print(f"{what:62}{shown(ours):>12}{other:>12}{ratio:>8}   {aim} {mark}", flush=True)


def shown(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def in_turn(rounds: int, *actions: Timed) -> list[float]:
    """The median of each, A and B interleaved; collections are kept out of the way."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for place, action in enumerate(actions):
            gc.collect()
            gc.disable()
            try:
                taken[place].append(action())
            finally:
                gc.enable()
    return [statistics.median(times) for times in taken]


async def awaited_in_turn(rounds: int, *actions: Callable[[], Awaitable[float]]) -> list[float]:
    """The same for coroutines."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for place, action in enumerate(actions):
            gc.collect()
            gc.disable()
            try:
                taken[place].append(await action())
            finally:
                gc.enable()
    return [statistics.median(times) for times in taken]


def each(action: Callable[[], object], count: int) -> Timed:
    """Seconds a call over a tight loop."""

    def run() -> float:
        calls = range(count)
        begun = time.perf_counter()
        for _ in calls:
            action()
        return (time.perf_counter() - begun) / count

    return run


async def mean(call: Callable[[], Awaitable[object]], count: int) -> float:
    """Seconds a call, one after the other."""
    begun = time.perf_counter()
    for _ in range(count):
        await call()
    return (time.perf_counter() - begun) / count


def nothing() -> None:
    """What is guarded."""


def fails() -> None:
    """What opens a circuit."""
    raise ValueError
