"""A journal as it is after a year: 100 endpoints, roll-ups by minute, hour and day, and a week of events."""

import random
import time
from pathlib import Path

from sqlalchemy import insert

from core.catalog import Catalog, Endpoint
from core.ops.events import AttemptFailed, CircuitClosed, CircuitOpened, Event, Healed
from core.ops.journal import FILE
from core.ops.schema import DAY, HOUR, KEPT, MINUTE, open_journal, rollups
from core.ops.sketch import bucket
from core.ops.tally import packed
from core.ops.writer import Batch, Writer

ENDPOINTS = 100
EVENTS = 20_000
TRIES = {MINUTE: 2, HOUR: 90, DAY: 2000}
"""Attempts in a roll-up."""


def fill(folder: Path) -> list[Endpoint]:
    """Write it to a data folder that no hub has opened yet; the endpoints that are in it."""
    endpoints = [one for one in Catalog.load().endpoints if one.capability in ("price", "ohlcv", "orderbook")]
    endpoints = endpoints[:ENDPOINTS]
    dice, now = random.Random(1), time.time()
    path = folder / "lab" / FILE
    engine = open_journal(path)
    with engine.begin() as connection:
        for endpoint in endpoints:
            rows = [
                _row(endpoint, resolution, int(now // resolution - place) * resolution, dice)
                for resolution, kept in KEPT.items()
                for place in range(kept // resolution)
            ]
            connection.execute(insert(rollups), rows)
    engine.dispose()
    writer = Writer(path)
    writer.write(Batch([_event(dice, endpoints, now) for _ in range(EVENTS)]), now, durable=False)
    writer.close()
    return endpoints


def _row(endpoint: Endpoint, resolution: int, start: int, dice: random.Random) -> dict[str, object]:
    tries = TRIES[resolution]
    failed = dice.randint(1, tries) if dice.random() < 0.03 else 0
    typical = 0.08 + dice.random() * 0.2
    histogram = {bucket(typical * (1 + n / 8)): (tries - failed) // 8 + 1 for n in range(8)}
    return {
        "target": str(endpoint),
        "resolution": resolution,
        "start": start,
        "provider": endpoint.provider,
        "capability": endpoint.capability,
        "good": tries - failed,
        "failed": failed,
        "refused": 0,
        "other": 0,
        "p50": typical,
        "p95": typical * 2,
        "p99": typical * 3,
        "last": start + resolution - 1.0,
        "last_good": start + resolution - 1.0,
        "outcomes": packed({"ok": tries - failed, "timeout": failed}),
        "latency": packed(histogram),
    }


def _event(dice: random.Random, endpoints: list[Endpoint], now: float) -> Event:
    at, target = now - dice.random() * 7 * DAY, str(dice.choice(endpoints))
    turn = dice.random()
    if turn < 0.9:
        said = f"no answer in {dice.randint(2, 9)} s"
        return AttemptFailed(time=at, target=target, outcome="timeout", detail=said, elapsed=4.0)
    if turn < 0.94:
        return CircuitOpened(time=at, target=target, seconds=30.0)
    if turn < 0.98:
        return CircuitClosed(time=at, target=target)
    return Healed(
        time=at, target=target, healing="x", outcome="healed", detail="it answers again", who="heal"
    )
