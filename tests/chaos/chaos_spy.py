"""What the watcher sees with: records of calls and tries, a lab that tells its faults, wrapped circuits."""

import asyncio
import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from core.engine.breaker import Breaker
from core.engine.cooldown import Cooldowns
from core.lab import Lab


@dataclass(eq=False, slots=True)
class Flight:
    """One call through the router."""

    query: Any
    deadline: float
    began: float
    tries: list["Try"] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Try:
    """One try at an endpoint, and what it sent: (time, names of the faults met)."""

    flight: Flight
    candidate: Any
    admitted: int
    sent: list[tuple[float, set[str]]] = field(default_factory=list)


@dataclass(slots=True)
class Permitting:
    """What is known of one circuit."""

    name: str
    opened: int = 0
    admitted: int = 0
    probes: int = 0
    """Probes let through since it was last opened, doubted or reset, and not yet handed back."""


TRY: ContextVar[Try | None] = ContextVar("try", default=None)
FLIGHT: ContextVar[Flight | None] = ContextVar("flight", default=None)


class SeenLab(Lab):
    """A lab that tells which faults each request met."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        meet = self._faults.meet

        def noting(*where: Any) -> Any:
            found = meet(*where)
            if (trying := TRY.get()) is not None:
                trying.sent[-1][1].update(fault.fault for fault in found)
            return found

        self._faults.meet = noting  # type: ignore[method-assign]


@contextlib.contextmanager
def spying(watch: Any) -> Iterator[None]:
    """See what circuits and pauses do, whatever their methods are at this moment."""
    names = ("allow", "success", "failure", "release", "_open", "doubt", "restore", "reset")
    own = {name: getattr(Breaker, name) for name in names}
    add = Cooldowns.add

    def allow(self: Breaker, now: float) -> int:
        state, until = self.state, self.until
        permit = own["allow"](self, now)
        watch.permitted(self, state, until, permit, now)
        return permit

    def giving(name: str) -> Any:
        def give(self: Breaker, permit: int, *args: Any) -> None:
            if permit > 1:
                watch.handed_back(self, permit)
            own[name](self, permit, *args)

        return give

    def turning(name: str) -> Any:
        def turn(self: Breaker, *args: Any) -> None:
            before = self.state
            own[name](self, *args)
            if name != "doubt" or before == "closed":
                watch.turned(self)

        return turn

    def adding(self: Cooldowns, cooldown: Any) -> Any:
        before = self._running.get(cooldown.scope)
        holds = add(self, cooldown)
        after = self._running[cooldown.scope].until
        watch.pausing(cooldown.scope, before and before.until, after, loop_time())
        return holds

    Breaker.allow = allow  # type: ignore[method-assign]
    for name in ("success", "failure", "release"):
        setattr(Breaker, name, giving(name))
    for name in ("_open", "doubt", "restore", "reset"):
        setattr(Breaker, name, turning(name))
    Cooldowns.add = adding  # type: ignore[method-assign]
    try:
        yield
    finally:
        for name, method in own.items():
            setattr(Breaker, name, method)
        Cooldowns.add = add  # type: ignore[method-assign]


def loop_time() -> float:
    return asyncio.get_running_loop().time()
