"""What the engine costs: circuits, the way of an answer, the cache, a crowd; each beside its plain like.

    python benchmarks/engine.py [--rounds 7]

One table: ours, theirs, the ratio (below 1 = less than the other) and the aim. A and B run in turn, round by
round, and the median of each is taken, so that a noisy machine disturbs both alike. Everything stays on
loopback: a server in a process of its own answers at once with bodies made up beforehand. Hosts of a
catalogue are https only, so the hub is pointed at that server by ``lab_url``, which puts the original host
into the path; the plain client asks for the very same path. Ours goes to its connections directly, theirs
through httpx.AsyncClient, which is what one would use instead: the line "of which our own connection" says how
much of ours is the connection, the rest is the engine. Times beside an aim in seconds depend on the machine and
on what else runs there; ratios hardly do. Libraries that are not installed are left out and
named; ``pip install -e .[bench]`` brings them.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine_answers import answers
from engine_circuits import circuits
from engine_crowd import crowd
from engine_server import serving
from engine_table import Table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="A/B rounds of which the median is taken")
    rounds = parser.parse_args().rounds
    table = Table()
    circuits(table, rounds)
    with serving() as url, tempfile.TemporaryDirectory() as name:
        asyncio.run(answers(table, rounds, url, Path(name) / "hub"))
        asyncio.run(crowd(table, rounds, url, Path(name)))


if __name__ == "__main__":
    main()
