"""SIGKILL at random moments: see benchmarks/kill_hub.py, which does the same a hundred times."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "kill_hub.py"


@pytest.fixture(scope="module")
def kill():
    spec = importlib.util.spec_from_file_location("kill_hub", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_twenty_kills_lose_nothing_acknowledged(kill, disk):
    attempts, acts = kill.rounds(20, disk, 20)
    assert attempts > 100
    assert acts > 100


def test_one_kill_loses_nothing_acknowledged_and_the_check_would_see_it(kill, disk):
    with kill.nursery(disk) as nurse:
        said = kill.killed(nurse, "life0", 0.5)
    assert kill.check(disk, said, 0) > 0
    with pytest.raises(kill.Wrong, match="acknowledged, but not in the journal: life0 999"):
        kill.check(disk, [said[0], {"what": "acted", "detail": "life0 999"}, said[-1]], 0)
    with pytest.raises(kill.Wrong, match="are counted"):
        kill.check(disk, [{"what": "made", "made": 10**6, "at": 0.0}, said[-1]], 0)
    with pytest.raises(kill.Wrong, match="was to rest"):
        kill.goes_on(
            [{"what": "rests", "rests": {"kraken/price@api.kraken.com": 1e9}}], {"at": 0.0, "rests": {}}
        )
