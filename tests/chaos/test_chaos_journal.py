"""Under chaos the journal's counts are the attempts made, to the last one, and nothing grows."""

import gc
import resource
from collections import Counter
from pathlib import Path

import pytest
from chaos_run import Run

from core.ops.journal import FILE
from core.ops.read import JournalReader

pytestmark = pytest.mark.looptime

THREE = ("binance", "kraken", "coinbase")
PAGE = resource.getpagesize()


class CountedRun(Run):
    """Keeps what the watcher saw in every life of the hub; looks at the memory as hours go by."""

    def __init__(self, *args, **knobs):
        super().__init__(*args, **knobs)
        self.made = Counter()
        self.memory = []
        self.sizes = Counter()

    async def _close(self):
        await super()._close()
        self.made.update(self.watch._finished)

    async def _step(self):
        await super()._step()
        journal, hour = self.hub.journal, int(self.clock.mono() // 3600)
        self.sizes["rows"] = max(self.sizes["rows"], len(journal._writer._rows))
        self.sizes["pending"] = max(self.sizes["pending"], len(journal._pending))
        if hour > len(self.memory):
            gc.collect()
            self.memory.append(resident())


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def journaled(folder):
    reader = JournalReader.of(folder / "lab" / FILE)
    totals = {endpoint: reader.total(endpoint) for endpoint in reader.seen(0.0)}
    events = reader.counts()
    days = Counter()
    for endpoint in reader.uptimes("endpoint", now=1_780_000_000.0 + 200_000, days=365):
        days[endpoint] = sum(row.attempts for row in reader.rollups(endpoint, "day"))
    reader.dispose()
    return days, totals, events


async def holds(run, folder):
    days, totals, events = journaled(folder)
    assert days == run.made
    assert run.made.total() > 200
    failed = sum(row.failed for row in totals.values())
    assert failed > 0
    assert events["circuit_opened"] > 0
    assert events["hub"] % 2 == 0
    assert "lost" not in events
    return totals, events


async def test_an_hour_of_chaos_is_counted_to_the_last_attempt(tmp_path):
    run = CountedRun(11, tmp_path, providers=THREE)
    await run.hours(1, pause=6)
    totals, events = await holds(run, tmp_path)
    # Within an hour nothing is too old to be kept: every failure is a row of its own.
    held = sum(row.failed for row in totals.values())
    refused = sum(row.refused for row in totals.values())
    unblamed = sum(row.other - sum(map(row.outcomes.get, NOBODYS, [0] * 9)) for row in totals.values())
    assert events["attempt"] + events.get("dissent", 0) == held + refused + unblamed


NOBODYS = ("overtaken", "unknown_symbol", "skipped_quota", "skipped_unserved")


@pytest.mark.slow
async def test_a_day_of_chaos_is_counted_and_costs_no_memory(tmp_path):
    run = CountedRun(12, tmp_path, providers=THREE)
    await run.hours(24, pause=90)
    await holds(run, tmp_path)
    assert run.done["restart"] > 2
    assert run.sizes["rows"] <= 5000
    half, end = run.memory[len(run.memory) // 2], run.memory[-1]
    assert end - half < 30_000_000, [size // 1_000_000 for size in run.memory]
