"""Seeded chaos on virtual time: nothing that the engine promises may break, whatever goes wrong.

The invariants are in ``chaos_watch.py``, how each is seen in ``chaos_spy.py`` and ``chaos_truth.py``; what happens
in a run is in ``chaos_run.py``.
"""

import pytest
from chaos_run import Run

pytestmark = pytest.mark.looptime

THREE = ("binance", "kraken", "coinbase")


async def test_an_hour_of_chaos_breaks_no_invariant(tmp_path):
    run = Run(1, tmp_path, providers=THREE)
    await run.hours(1, pause=6)
    seen, checked = run.watch.seen, run.watch.checked
    assert min(seen["openings"], seen["probes"], seen["pauses"], seen["cache"], seen["stale"]) > 0
    assert checked["values"] > 100
    assert checked["kept"] > 10


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "providers"), [(2, THREE), (3, ())])
async def test_a_day_of_chaos_breaks_no_invariant(tmp_path, seed, providers):
    run = Run(seed, tmp_path, providers=providers)
    await run.hours(24, pause=40)
    seen, checked = run.watch.seen, run.watch.checked
    assert seen["openings"] > 40
    assert seen["probes"] > 40
    assert seen["rests"] > 10
    assert run.done["restart"] > 5
    assert checked["values"] > 1000
    assert checked["kept"] > 100


async def test_a_seed_gives_the_same_run_twice(tmp_path):
    runs = []
    for name in ("one", "two"):
        run = Run(5, tmp_path / name, providers=THREE)
        await run.hours(0.3)
        runs.append((run.watch.seen, run.watch.checked, run.done))
    assert runs[0] == runs[1]
