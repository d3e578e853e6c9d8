"""SIGKILL in the middle of archive, merge, repair, undo, accepting and backfill. 200 rounds: benchmarks/kill.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AT_EACH_STEP = ("add", "revise", "tidy", "retire", "apply", "undo one", "undo all", "accept all")
AT_RANDOM = ("archive", "merge", "repair", "undo", "accept", "backfill")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, and killed as POSIX does")
def test_nothing_is_lost_doubled_or_out_of_step(disk: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "kill.py"), "--rounds", "20", "--only"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(disk)}
    running = [
        subprocess.Popen(
            [*command, *names], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        for names in (AT_EACH_STEP, AT_RANDOM)
    ]
    try:
        said = [process.communicate(timeout=900)[0] for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0, 0], "\n".join(said)
    lines = "".join(said).splitlines()
    for name in (*AT_EACH_STEP, *AT_RANDOM):
        (line,) = [line for line in lines if line.startswith(f"{name:<10} ")]
        assert line.endswith("nothing lost, doubled or out of step")
