"""Pauses that a provider imposed: throttled (429, 418) or blocked (401, 403, 451). Pure; ``mono`` seconds.

A scope is an endpoint, a group of hosts, a capability, or a whole provider, as text. A later pause never
shortens an earlier one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.answer import Throttled

LONGEST = 24 * 3600.0
LONGEST_BAN = 72 * 3600.0


@dataclass(frozen=True, slots=True)
class Cooldown:
    """One pause, ending at ``until``."""

    scope: str
    kind: Literal["throttled", "blocked"]
    reason: str
    until: float


def throttled_for(error: Throttled, usual: float) -> float:
    """Seconds to rest after it: what the provider says, within bounds, else the usual."""
    seconds = usual if error.retry_after is None else error.retry_after
    return min(LONGEST_BAN if error.ban else LONGEST, max(1.0, seconds))


class Cooldowns:
    """The running pauses by scope."""

    __slots__ = ("_running",)

    def __init__(self) -> None:
        self._running: dict[str, Cooldown] = {}

    def add(self, cooldown: Cooldown) -> Cooldown:
        """Start a pause, or let the one that runs go on if it ends later. Returns what now holds."""
        running = self._running.get(cooldown.scope)
        if running is not None and running.until > cooldown.until:
            return running
        self._running[cooldown.scope] = cooldown
        return cooldown

    def holding(self, scopes: Iterable[str], now: float) -> Cooldown | None:
        """The pause that ends last among these scopes, if any runs."""
        found: Cooldown | None = None
        if self._running:
            for scope in scopes:
                cooldown = self._running.get(scope)
                if cooldown is None:
                    continue
                if cooldown.until <= now:
                    del self._running[scope]
                elif found is None or cooldown.until > found.until:
                    found = cooldown
        return found

    def until(self, scope: str) -> float:
        """End of the pause of this very scope; 0 without one."""
        cooldown = self._running.get(scope)
        return 0.0 if cooldown is None else cooldown.until

    def clear(self, scopes: Iterable[str]) -> None:
        """End these pauses: a person's reset."""
        for scope in scopes:
            self._running.pop(scope, None)

    def running(self, now: float) -> tuple[Cooldown, ...]:
        """All that still run."""
        return tuple(cooldown for cooldown in self._running.values() if cooldown.until > now)
