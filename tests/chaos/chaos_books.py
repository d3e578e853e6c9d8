"""What must be bounded at any time, and what must be gone and add up when nothing runs."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chaos_spy import loop_time

from core.engine.snapshot import endpoints_health


def sizes(world: Any, settings: Any) -> dict[str, tuple[int, int]]:
    """How large each thing that grows is, and may be."""
    guard = world.guard
    return {
        "memory": (len(world.cache._memory), settings.cache_entries),
        "unknown": (len(guard._unknown), 2000),
        "pauses": (len(guard.cooldowns._running), 5 * len(guard.records())),
        "forms": (len(guard.forms._now), len(guard.records())),
        "detached": (len(world._router._aftermath.detached), 64),
        "peers": (len(world._router._exchange._peers._subjects), 500),
    }


def left_over(hub: Any, world: Any, finished: Counter[str]) -> Iterator[tuple[str, str]]:
    """Each invariant that does not hold at rest, and how; ``finished`` tries by endpoint."""
    for endpoint, health in world.guard.records().items():
        left = {
            "in flight": health.ewma.in_flight,
            "silent": health.silent,
            "probes": health.circuit._probing * (health.circuit.state == "half_open"),
            "truth probes": health.truth._probing * (health.truth.state == "half_open"),
        }
        if any(left.values()):
            yield "leak", f"{endpoint}: {left}"
        total = sum(health.totals.values())
        if total != finished[str(endpoint)]:
            yield "totals", f"{endpoint}: {total} on record, {finished[str(endpoint)]} made"
    told = sum(entry.calls for entry in endpoints_health(world.guard, loop_time()).values())
    if told != finished.total():
        yield "totals", f"health tells of {told} calls, {finished.total()} were made"
    if hub._flights or world._router._aftermath.detached:
        yield "leak", f"{len(hub._flights)} flights, {len(world._router._aftermath.detached)} detached"
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if (feed := world.feed) is not None:
        tasks.discard(feed._keeping)  # it looks after the archive as long as the hub is open
    if tasks:
        yield "leak", f"tasks: {tasks}"
