"""Runs a drill: traffic at a steady pace while a script's faults come and go."""

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.answer import Answer, NoAnswer
from core.async_hub import AsyncHub
from core.clock import Clock, SystemClock
from core.drill import truth
from core.drill.report import Ended, Recovery, Report, Seen, conclude
from core.drill.script import HELD, Step
from core.lab import Lab
from core.market import CandleQuery, PriceQuery, Query
from core.settings import Settings

PACE = 8.0
"""Calls a second."""
DEADLINE = 3.0
USUAL: dict[str, Any] = {"health_cooldown_seconds": 5.0, "throttle_default": 3.0, "blocked_cooldown": 5.0}
"""A drill lasts seconds, so what takes minutes in life is made short."""

KNOBS = (
    "health_error_threshold",
    "health_cooldown_seconds",
    "health_recovery_count",
    "half_open_probes",
    "request_timeout",
    "retries",
    "hedge_after",
    "hedge_burst",
    "balance",
    "failure_rate",
    "slow_after",
    "revalidate_seconds",
)
"""Knobs that a what-if may set."""

ASKED: tuple[Query, ...] = (
    PriceQuery("BTC/USDT"),
    CandleQuery("BTC/USDT", "1h", limit=50),
    PriceQuery("ETH/USDT"),
    PriceQuery("BTC/USD"),
    CandleQuery("ETH/USD", "5m", limit=50),
    PriceQuery("SOL/USDT"),
)

Told = Callable[[float, Seen | None], None]
"""Hears how far it is (0 … 1), and each call that ended."""


async def drill(
    steps: Sequence[Step],
    *,
    seconds: float = 24.0,
    seed: int | None = None,
    knobs: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
    told: Told | None = None,
) -> Report:
    """Run one drill, in a lab, a hub and a folder of its own. ``knobs``: some of :data:`KNOBS`, else ValueError."""
    chosen = dict(knobs or {})
    for name in chosen:
        if name not in KNOBS:
            raise ValueError(f"knobs={str(name)[:40]!r}: expected some of {' '.join(KNOBS)}")
    clock = clock or SystemClock()
    lab = Lab(seed=seed or 0, clock=clock)
    with tempfile.TemporaryDirectory(prefix="kintsugi-drill-") as folder:
        settings = Settings(
            mode="lab", data_dir=Path(folder), lab_url="", archive=False, monitor="off", **{**USUAL, **chosen}
        )
        async with AsyncHub(settings, transport=lab.transport(), clock=clock) as hub:
            running = _Running(hub, lab, clock, tuple(steps), seconds, told)
            await running.run()
            await hub.journal.flushed()
            counts = hub.journal.counts()
    return conclude(
        running.seen,
        steps,
        seconds=seconds,
        deadline=DEADLINE,
        opened=counts.get("circuit_opened", 0),
        closed=counts.get("circuit_closed", 0),
        recovered=running.recovered(),
        seed=seed,
        knobs=chosen,
    )


async def what_if(
    steps: Sequence[Step], others: Mapping[str, Any], *, told: Told | None = None, **how: Any
) -> tuple[Report, Report]:
    """The same drill twice side by side: as usual, and under other settings."""
    usual, other = await asyncio.gather(drill(steps, told=told, **how), drill(steps, knobs=others, **how))
    return usual, other


class _Running:
    """One drill under way."""

    def __init__(
        self,
        hub: AsyncHub,
        lab: Lab,
        clock: Clock,
        steps: tuple[Step, ...],
        seconds: float,
        told: Told | None,
    ) -> None:
        self._hub = hub
        self._lab = lab
        self._clock = clock
        self._steps = steps
        self._seconds = seconds
        self._told = told
        self._began = clock.mono()
        self.seen: list[Seen] = []

    async def run(self) -> None:
        """Calls at an even pace until the time is over, faults beside them."""
        async with asyncio.TaskGroup() as group:
            for step in self._steps:
                group.create_task(self._fault(step))
            number = 0
            while self._at() < self._seconds:
                group.create_task(self._call(ASKED[number % len(ASKED)]))
                number += 1
                await asyncio.sleep(max(0.0, number / PACE - self._at()))
        self.seen.sort(key=lambda call: call.at)

    def recovered(self) -> list[Recovery]:
        """After each fault: when its venue was the source of a good answer again."""
        found = []
        for step in self._steps:
            name = step.target.partition("/")[0]
            later = [call.at for call in self.seen if call.source == name and call.at >= step.over]
            found.append(
                Recovery(step.target, step.fault, round(min(later) - step.over, 2) if later else None)
            )
        return found

    def _at(self) -> float:
        return self._clock.mono() - self._began

    async def _fault(self, step: Step) -> None:
        await asyncio.sleep(max(0.0, step.at - self._at()))
        options = dict(step.options)
        if step.fault not in HELD:
            options.setdefault("seconds", step.seconds)
        self._lab.inject(step.target, step.fault, **options)
        await asyncio.sleep(max(0.0, step.over - self._at()))
        if step.fault in HELD:
            self._lab.clear(step.target)

    async def _call(self, query: Query) -> None:
        at, since = self._at(), self._clock.now()
        try:
            answer = await self._hub.fetch(query, refresh=True, deadline=DEADLINE)
        except NoAnswer as failed:
            call = Seen(at, _named(query), "none", self._at() - at, "", "", failed.attempts)
        else:
            call = self._judged(query, answer, at, since)
        self.seen.append(call)
        if self._told is not None:
            self._told(min(1.0, self._at() / self._seconds), call)

    def _judged(self, query: Query, answer: Answer[Any], at: float, since: float) -> Seen:
        stale = answer.tier in {"cache", "stale"}
        sure = truth.known(answer, query)
        since -= answer.age if stale else 0.0
        off = truth.wrong(self._lab.market, answer, query, since, self._clock.now()) if sure else ""
        ended: Ended = "stale" if stale else "fresh"
        return Seen(
            at, _named(query), ended, self._at() - at, answer.source, answer.tier, answer.attempts, off, sure
        )


def _named(query: Query) -> str:
    interval = getattr(query, "interval", "")
    return f"{query.capability} {getattr(query, 'symbol', '')} {interval}".strip()
