"""The monitor: asks hosts that nobody asks, politely, and heals by itself what is ill.

Per provider host, by its cheapest declared call, at its declared interval; what people ask counts as well, and
then nothing is sent. All checks of a provider together stay below 5 % of its quota, and come five times more
seldom when nobody has looked for an hour; so do the archivist's looks at archived series. A check speaks of its
host: an endpoint that nobody asked stays unknown. While this machine reaches nobody, nobody is blamed, and one look
at the network is all that is sent.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from core.catalog import Endpoint, Host, Provider
from core.clock import Clock
from core.engine.check import Checks
from core.engine.connectivity import Connectivity
from core.engine.guard import Guard
from core.engine.local import on_the_network
from core.engine.snapshot import HostHealth
from core.engine.target import MODEL
from core.ops.archivist import Archivist
from core.ops.heal import AT_ONCE, Healable, Healer
from core.ops.watch import Watch
from core.settings import Settings

log = logging.getLogger(__name__)

SHARE = 0.05
"""Of a quota, for checks, at most."""
NOBODY_LOOKS = 3600.0
"""Seconds after which nobody is thought to look any more; everything is then done so many times more seldom:"""
SELDOM = 5.0
TURN = 2.0
"""Seconds between two looks at what is due."""
OFFLINE_TURN = 15.0
"""The same while this machine reaches nobody, and how long one look at the network may take."""
OFFLINE_LOOK = 3.0
JITTER = 0.1
"""Share by which intervals are varied, so that hosts do not come due together."""


class Monitor:
    """Runs as one task on the hub's loop, from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        guard: Guard,
        checks: Checks,
        watch: Watch,
        healer: Healer,
        connectivity: Connectivity,
        network_there: Callable[[float], Awaitable[bool]],
        others: dict[str, Healable],
        archivist: Archivist | None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._checks = checks
        self._watch = watch
        self._healer = healer
        self._connectivity = connectivity
        self._network_there = network_there
        self._others = others
        self._archivist = archivist
        self._task: asyncio.Task[None] | None = None
        self._walk: asyncio.Task[None] | None = None
        self._jobs: set[asyncio.Task[object]] = set()
        self._looked = clock.mono()
        self._hosts = {
            (p.id, h.name): (p, h) for p in on_the_network(guard.catalog.values()) for h in p.hosts
        }
        self._due: dict[tuple[str, str], float] = {}
        self.hosts: dict[str, HostHealth] = {}
        """``kraken@api.kraken.com`` → what its last check said."""

    @property
    def running(self) -> bool:
        """Between start and stop."""
        return self._task is not None

    def start(self) -> None:
        """Begin; hosts come due one after the other within their first interval, quick ones first."""
        if self._task is None:
            now = self._clock.mono()
            for key, (provider, _) in self._hosts.items():
                self._due[key] = now + self.interval(provider) * random.uniform(0.05, 1)  # noqa: S311
            self._task = asyncio.create_task(self._run())
            if self._archivist is not None:
                self._walk = asyncio.create_task(self._archivist.walk(lambda: self.pace))

    async def stop(self) -> None:
        """End; what is under way is cancelled."""
        tasks: list[asyncio.Task[object]] = [*self._jobs]
        tasks += [task for task in (self._task, self._walk) if task is not None]
        self._task = self._walk = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def looked(self) -> None:
        """Somebody looks at what the monitor sees, or asks for something."""
        self._looked = self._clock.mono()

    @property
    def pace(self) -> float:
        """1, or how many times more seldom everything is done while nobody looks."""
        return SELDOM if self._clock.mono() - self._looked > NOBODY_LOOKS else 1.0

    def interval(self, provider: Provider) -> float:
        """Seconds between two checks of one of its hosts."""
        rates = [limit.cost / limit.seconds for limit in provider.limits]
        polite = len(provider.hosts) * provider.check_cost / (SHARE * min(rates)) if rates else 0.0
        return max(provider.check_every, polite) * self.pace

    async def _run(self) -> None:
        while True:
            try:
                pause = await self._turn()
            except OSError as error:  # the disk: said by the folder, and no reason to go blind
                log.warning("the monitor: %s", error)
                pause = OFFLINE_TURN
            except Exception:
                # Whatever broke this turn: hosts that are still well must be asked again.
                log.exception("a turn of the monitor broke")
                pause = OFFLINE_TURN
            await asyncio.sleep(pause)

    async def _turn(self) -> float:
        if self._connectivity.offline:
            await self._network_there(OFFLINE_LOOK)
            self._watch.look()
            return OFFLINE_TURN
        now = self._clock.mono()
        due = [key for key, at in self._due.items() if at <= now]
        await asyncio.gather(*(self._check(*self._hosts[key]) for key in due[:AT_ONCE]))
        if self._settings.health_auto_reinit:
            self._heal()
        return TURN

    async def _check(self, provider: Provider, host: Host) -> None:
        key, now, every = (provider.id, host.name), self._clock.mono(), self.interval(provider)
        heard = self._watch.heard.get(key)
        if heard is not None and now - heard < every:
            self._due[key] = heard + every
            return
        self._due[key] = now + every * random.uniform(1, 1 + JITTER)  # noqa: S311 - jitter
        attempt = await self._checks.host(provider, host)
        if not attempt.outcome.startswith("skipped_"):
            self.hosts[f"{provider.id}@{host.name}"] = HostHealth(
                provider=provider.id,
                host=host.name,
                outcome=attempt.outcome,
                reason=attempt.reason,
                elapsed=attempt.elapsed,
                checked=attempt.started,
                every=every,
            )

    def _heal(self) -> None:
        """Heal what is ill and has had its rest, as many at once as there is room for."""
        room = AT_ONCE - len(self._jobs)
        for target in self._ill()[: max(0, room)]:
            job = self._healer.heal_one(target, force=False, who="monitor")
            task: asyncio.Task[object] = asyncio.create_task(job)
            self._jobs.add(task)
            task.add_done_callback(self._healed)

    def _healed(self, task: "asyncio.Task[object]") -> None:
        self._jobs.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a healing broke", exc_info=error)

    def _ill(self) -> list[Endpoint | str]:
        now, pace = self._clock.mono(), self.pace
        found: list[Endpoint | str] = [
            endpoint
            for endpoint, health in self._guard.records().items()
            if (health.circuit.state == "open" or health.truth.state == "open")
            and not max(health.circuit.left(now), health.truth.left(now))
            and self._guard.state(endpoint, now) in {"unavailable", "dissenting"}
            and MODEL + endpoint.provider not in self._others
            and self._healer.may(str(endpoint), pace)
        ]
        ill = [name for name, other in self._others.items() if other.ill() and self._healer.may(name, pace)]
        return found + ill
