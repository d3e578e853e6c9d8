"""SIGKILL in the middle of archive, merge, repair, undo, accepting and backfill. 200 rounds: benchmarks/kill.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, and killed as POSIX does")
def test_nothing_is_lost_doubled_or_out_of_step():
    command = [sys.executable, str(ROOT / "benchmarks" / "kill.py"), "--rounds", "20"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=900)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("nothing lost, doubled or out of step") == 14
