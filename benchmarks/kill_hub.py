"""Kill a working hub at random moments, again and again, and look at what is left.

    python benchmarks/kill_hub.py [--rounds 100] [--seed 1]

Each round a process of its own opens a hub over the lab in the same data folder, asks, isolates, sets knobs,
and says on its standard output what has been acknowledged to it. Then it gets SIGKILL. All are forked from one
that has imported everything and done nothing. What must hold: the
journal opens and is whole, nothing acknowledged is missing, attempts older than one second are counted,
circuits, pauses and isolations go on where they were. Run by tests/ops with 20 rounds.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.answer import NoAnswer  # noqa: E402 - the repository comes first
from core.async_hub import AsyncHub  # noqa: E402
from core.ops.events import SettingChanged  # noqa: E402
from core.ops.journal import FILE  # noqa: E402
from core.ops.read import JournalReader  # noqa: E402
from core.settings import Settings  # noqa: E402

LOST_AT_MOST = 1.0
"""Seconds of attempts."""
SLACK = 0.25
"""Seconds that a busy machine may be late with a timer."""


def say(what: str, **more: Any) -> None:
    """A line that is out of the process when this returns."""
    line = json.dumps({"what": what, "at": time.time(), **more}) + "\n"
    os.write(1, line.encode())


async def live(folder: Path, name: str) -> None:
    """The life of a process: work until it is killed."""
    settings = Settings(
        mode="lab",
        data_dir=folder,
        providers=("binance", "kraken", "coinbase", "okx"),
        health_cooldown_seconds=6000,
        retries=0,
        archive=False,
        monitor="off",
    )
    async with AsyncHub(settings) as hub:
        told = await hub.health()
        rests = {e.endpoint: e.cooldown for e in told.endpoints.values() if e.cooldown}
        say(
            "opened",
            pid=os.getpid(),
            isolated=hub._world.guard.isolated,
            rests=rests,
            retries=hub.settings.retries,
        )
        assert hub.lab is not None
        hub.lab.inject("kraken/price", "status:500")
        hub.lab.inject("coinbase/price", "status:429", retry_after=5000)
        n = made = 0
        while True:
            n += 1
            for provider in ("binance", "kraken", "coinbase", "okx"):
                try:
                    answer = await hub.price(
                        "BTC/USD" if n % 2 else "BTC/USDT", refresh=True, providers=[provider]
                    )
                    attempts = answer.attempts
                except NoAnswer as error:
                    attempts = error.attempts
                made += sum(not attempt.outcome.startswith("skipped_") for attempt in attempts)
            say("made", made=made)
            if n % 3 == 0:
                await hub.isolate("binance/volume", f"{name} {n}", who="kill")
                say("acted", detail=f"{name} {n}")
            if n % 7 == 0:
                hedge = round(0.1 + n % 50 / 100, 2)
                done = await hub.configure({"hedge_after": hedge}, who="kill")
                if done.changes:
                    say("set", new=str(hedge))
            if n % 5 == 0:
                now = await hub.health()
                say(
                    "rests",
                    rests={
                        e.endpoint: time.time() + e.cooldown for e in now.endpoints.values() if e.cooldown
                    },
                )
            await asyncio.sleep(0.01)


class Wrong(AssertionError):
    """Something acknowledged is missing, or the journal is broken."""


def lives(folder: Path) -> None:
    """Begin a life for each name that comes in, one after the other, and say when it has ended."""
    for name in sys.stdin:
        if not (pid := os.fork()):
            try:
                asyncio.run(live(folder, name.strip()))
            except BaseException:  # noqa: BLE001 - the process ends with it
                traceback.print_exc()
            os._exit(1)
        os.waitpid(pid, 0)
        say("ended")


@contextlib.contextmanager
def nursery(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """The process that lives are forked from."""
    command = [sys.executable, __file__, "--lives", str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def killed(nurse: "subprocess.Popen[str]", name: str, seconds: float) -> list[dict[str, Any]]:
    """Let a life begin, kill it so many seconds after its first word, and return all it said."""
    assert nurse.stdin is not None
    assert nurse.stdout is not None
    nurse.stdin.write(f"{name}\n")
    nurse.stdin.flush()
    first = json.loads(nurse.stdout.readline() or '{"what": "nothing"}')
    if first["what"] != "opened":
        raise Wrong(f"{name} did not open a hub")
    time.sleep(seconds)
    os.kill(first["pid"], signal.SIGKILL)
    died = time.time()
    said = [first]
    for line in nurse.stdout:
        told = json.loads(line)  # it is short: it went into the pipe as a whole, or not at all
        if told["what"] == "ended":
            break
        said.append(told)
    return [*said, {"what": "died", "at": died}]


def check(folder: Path, said: list[dict[str, Any]], before: int) -> int:
    """Look at what a life left behind; returns how many attempts the journal holds now."""
    path = folder / "lab" / FILE
    with contextlib.closing(sqlite3.connect(path)) as connection:
        whole = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if whole != "ok":
        raise Wrong(f"the journal is broken: {whole}")
    reader = JournalReader.of(path)
    try:
        acted = {event.detail for event in reader.events(kinds=["admin"], limit=10_000)}
        changed = [
            e.new for e in reader.events(kinds=["setting"], limit=100) if isinstance(e, SettingChanged)
        ]
        counted = reader.total().attempts - before
    finally:
        reader.dispose()
    for line in said:
        if line["what"] == "acted" and line["detail"] not in acted:
            raise Wrong(f"acknowledged, but not in the journal: {line['detail']}")
    new = [line["new"] for line in said if line["what"] == "set"]
    if new and new[-1] not in changed[:2]:
        raise Wrong(f"set to {new[-1]}, the journal says {changed[:2]}")
    died = said[-1]["at"]
    made = [line for line in said if line["what"] == "made"]
    due = max((line["made"] for line in made if line["at"] < died - LOST_AT_MOST - SLACK), default=0)
    if counted < due:
        raise Wrong(f"{due} attempts were more than {LOST_AT_MOST:g} s old, {counted} are counted")
    if made and counted > made[-1]["made"] + 8:
        raise Wrong(f"{made[-1]['made']} attempts were made, {counted} are counted")
    return before + counted


def goes_on(last: list[dict[str, Any]], opened: dict[str, Any]) -> None:
    """What rested when a life ended must rest in the next, for no longer than it was to."""
    rests = [line["rests"] for line in last if line["what"] == "rests"]
    for endpoint, until in (rests[-1] if rests else {}).items():
        left, rest = until - opened["at"], opened["rests"].get(endpoint, 0.0)
        if not left - 5.0 <= rest <= left + 5.0:
            raise Wrong(f"{endpoint} was to rest for {left:.0f} s more, and rests for {rest:.0f} s")
    acted = [line["detail"] for line in last if line["what"] == "acted"]
    found = opened["isolated"].get("binance/volume", "life0 0")
    if acted and _order(found) < _order(acted[-1]):
        raise Wrong(f"isolated with {acted[-1]!r}, found {found!r}")


def _order(act: str) -> tuple[int, int]:
    """Of ``life7 12``: which life, and which of its acts."""
    life, number = act.removeprefix("life").split()
    return int(life), int(number)


def rounds(count: int, folder: Path, seed: int) -> tuple[int, int]:
    """So many lives in one folder. Returns how many attempts and how many acknowledged acts were held to."""
    draw = random.Random(seed)
    counted = acts = 0
    last: list[dict[str, Any]] = []
    with nursery(folder) as nurse:
        for n in range(count):
            said = killed(nurse, f"life{n}", draw.uniform(0.05, 2.2))
            goes_on(last, said[0])
            counted = check(folder, said, counted)
            acts += sum(line["what"] in {"acted", "set"} for line in said)
            last = said if any(line["what"] == "rests" for line in said) else last
    return counted, acts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lives", metavar="FOLDER", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.lives:
        lives(Path(given.lives))
        return
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kintsugi-kill-") as folder:
        counted, acts = rounds(given.rounds, Path(folder), given.seed)
        size = sum(file.stat().st_size for file in (Path(folder) / "lab").glob(f"{FILE}*"))
    print(
        f"{given.rounds} kills in {time.monotonic() - began:.0f} s: {counted} attempts counted, {acts} acts found"
    )
    print(f"nothing acknowledged is missing; the journal has {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
