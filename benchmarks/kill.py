"""Processes killed with SIGKILL at random moments of archiving, merging, repairing, undoing, accepting, backfilling.

After every kill: each file opens with plain pyarrow, every row is wholly there or not, all that a call had returned
for is there, ledger and data are in step, and the next writer goes on. ``python benchmarks/kill.py --rounds 200``.
"""

import argparse
import asyncio
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset  # noqa: F401 - once here, not again in each of hundreds of children
import pyarrow.parquet as pq

from core.async_hub import AsyncHub
from core.candles import Repair, repair, replay
from core.candles.archive import Archive, Series
from core.candles.archive.parts import MOST_PARTS, parts
from core.files import LEFTOVER
from core.settings import Settings

SERIES = Series("kraken", "BTC/USDT", "1h")
NOW = 1_790_000_000.0
BEGUN = "begun"
VENUES = ("binance", "okx", "bybit")
START, END = "2026-03-01", "2026-05-20"


def truth() -> pd.DataFrame:
    """Two months of hours, with a month's end in the middle."""
    rng = np.random.default_rng(1)
    rows = 24 * 40
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.005, rows)))
    opened = np.r_[100.0, close[:-1]]
    columns = {
        "open": opened,
        "high": np.maximum(opened, close) * 1.002,
        "low": np.minimum(opened, close) * 0.998,
        "close": close,
        "volume": rng.uniform(1, 5, rows),
    }
    index = pd.date_range("2026-01-05", periods=rows, freq="h", tz="UTC", unit="ns", name="time")
    return pd.DataFrame(columns, index=index)


WHOLE = truth()
BROKEN = WHOLE.drop(WHOLE.index[[100, 200, 201, 500, 501, 502, 503, 900, 901]])
AMENDED = BROKEN.iloc[[10, 20, 30, 700]] * 1.0001


def archive_in(folder: Path) -> Archive:
    return Archive(folder / "archive", lambda: NOW)


def mended() -> Repair:
    frame = BROKEN.copy()
    frame.attrs = {"venue": "kraken", "symbol": "BTC/USDT", "quote": "USDT", "interval": "1h"}
    return repair(frame, "1h")


def exact(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True, check_freq=False)


# -- what is killed: each tells ``done`` after every call that returned --------------------------------------------


def archiving(folder: Path, seed: int, done: Callable[[str], None]) -> None:
    archive, rng = archive_in(folder), random.Random(seed)
    done(BEGUN)
    while True:
        start = rng.randrange(len(WHOLE))
        piece = WHOLE.iloc[start : start + rng.choice((1, 2, 30, 400))]
        archive.add(SERIES, piece)
        done(f"{start} {len(piece)}")


def merging(folder: Path, seed: int, done: Callable[[str], None]) -> None:
    archive, rng = archive_in(folder), random.Random(seed)
    places = rng.sample(range(len(WHOLE)), len(WHOLE))
    done(BEGUN)
    for place in places:
        archive.add(SERIES, WHOLE.iloc[[place]])
        done(f"{place} 1")
        if rng.random() < 0.4:
            archive.tidy(SERIES)
    done("all")
    while True:
        archive.tidy(SERIES)


def repairing(folder: Path, _: int, done: Callable[[str], None]) -> None:
    archive, made = archive_in(folder), mended()
    made.causal  # noqa: B018 - made now, not in the time that is killed in
    done(BEGUN)
    while True:
        archive.apply(SERIES, made)
        done("applied")
        archive.undo(SERIES)
        done("undone")


def undoing(folder: Path, seed: int, done: Callable[[str], None]) -> None:
    archive, made, rng = archive_in(folder), mended(), random.Random(seed)
    made.causal  # noqa: B018 - as above
    done(BEGUN)
    while True:
        archive.apply(SERIES, made)
        done("applied")
        for number in rng.sample(list(archive.repairs(SERIES).index), 4):
            archive.undo(SERIES, int(number))
            done("one")


def accepting(folder: Path, _: int, done: Callable[[str], None]) -> None:
    archive = archive_in(folder)
    done(BEGUN)
    while True:
        archive.add(SERIES, AMENDED)
        done("told")
        archive.accept(SERIES)
        done("accepted")
        archive.undo(SERIES)
        done("undone")


def backfilling(folder: Path, _: int, done: Callable[[str], None]) -> None:
    async def fill() -> None:
        async with AsyncHub(Settings(mode="lab", data_dir=folder)) as hub:
            done(BEGUN)
            await hub.backfill(
                "BTC/USDT", "1h", START, END, providers=VENUES, progress=lambda step: done(str(step.rows))
            )

    asyncio.run(fill())
    done("complete")


# -- what must hold afterwards -------------------------------------------------------------------------------------


def check_files(folder: Path) -> bool:
    """Every file opens. Returns whether a writer was killed in the middle of one."""
    left = False
    for path in folder.rglob("*"):
        if path.name.startswith(LEFTOVER):
            left = True  # no reader looks at it, and the next writer removes it
        elif path.suffix == ".parquet":
            pq.read_table(path, partitioning=None).validate(full=True)
    return left


def check_tidy(archive: Archive, series: Series = SERIES) -> None:
    archive.tidy(series)
    assert not list(archive.path.rglob(f"{LEFTOVER}*")), "leftovers of a killed writer stay"


def check_raw(archive: Archive, expected: pd.DataFrame, acknowledged: set[int]) -> None:
    raw = archive.load(SERIES, view="raw")
    assert raw.attrs["notes"] == []
    assert raw.index.is_unique
    exact(raw, expected.loc[raw.index])
    assert set(expected.index[sorted(acknowledged)]) <= set(raw.index), "a row that was acknowledged is gone"
    check_tidy(archive)
    exact(archive.load(SERIES, view="raw"), raw)
    files = [path for path in (archive.path / "candles").rglob("*") if path.is_file()]
    tables = [pq.read_table(path, partitioning=None).to_pandas() for path in files]
    assert sum(map(len, tables)) == len(raw), "a plain reader sees other rows than we do"
    if tables:
        plain = pd.concat(tables).set_index("time").sort_index()
        assert (plain["close"].to_numpy() == raw["close"].to_numpy()).all()
    archive.add(SERIES, expected)  # the next writer is not held up
    exact(archive.load(SERIES, view="raw"), expected)


def after_adding(folder: Path, told: list[str]) -> str:
    archive, rows = archive_in(folder), set()
    for line in told:
        if line != "all":
            start, count = map(int, line.split())
            rows |= set(range(start, min(start + count, len(WHOLE))))
    generations = [len({path.name[:11] for path in month.glob("part-*")})
                   for month in (archive.path / "candles").rglob("month=*")]  # fmt: skip
    left = check_files(folder)
    check_raw(archive, WHOLE, rows)
    return "in a merge" if max(generations, default=0) > 1 else "in a write" if left else ""


def after_undoing_some(folder: Path, _: list[str]) -> str:
    return _in_step(folder)


def after_undoing_all(folder: Path, _: list[str]) -> str:
    taken_back = len(mended().ledger.index.unique()) - archive_in(folder).held(SERIES).repairs
    assert taken_back in {0, len(mended().ledger.index.unique())}, "undo all took back only some"
    return _in_step(folder)


def _in_step(folder: Path) -> str:
    archive, made, left = archive_in(folder), mended(), check_files(folder)
    lines = archive.ledger(SERIES).drop(columns="applied")
    best, known = archive.load(SERIES), archive.load(SERIES, view="as_known")
    assert best.attrs["notes"] == known.attrs["notes"] == []
    kept = set(archive.repairs(SERIES)["start"])
    starts = made.ledger.groupby(level=0)["time"].min()
    without = [int(number) for number, start in starts.items() if start not in kept]
    exact(best, replay(made.raw, made.ledger, without=without))
    assert len(lines) == len(made.ledger[~made.ledger.index.isin(without)])
    exact(archive.load(SERIES, view="raw"), BROKEN)
    if not without:
        exact(known, made.as_known)
    archive.undo(SERIES)
    exact(archive.load(SERIES)[list(BROKEN)], BROKEN)
    archive.apply(SERIES, made)
    exact(archive.load(SERIES), made.frame)
    check_tidy(archive)
    return "in a write" if left else ""


def after_accepting(folder: Path, told: list[str]) -> str:
    archive, left = archive_in(folder), check_files(folder)
    shown = archive.load(SERIES)[list(BROKEN)]
    amended = BROKEN.copy()
    amended.loc[AMENDED.index] = AMENDED
    changed = (shown != BROKEN).any(axis=1).sum()
    exact(shown, amended if changed else BROKEN)
    waiting = archive.revisions(SERIES)["time"].nunique()
    assert waiting + changed == len(AMENDED) or not told
    exact(archive.load(SERIES, view="raw"), BROKEN)
    check_tidy(archive)
    return "in a write" if left else ""


def after_backfilling(folder: Path, told: list[str]) -> str:
    archive = Archive(folder / "lab" / "archive", lambda: NOW, lab=True)
    there, left = 0, check_files(folder / "lab" / "archive")
    for venue in VENUES:
        raw = archive.load(Series(venue, "BTC/USDT", "1h"), view="raw")
        assert raw.index.is_unique
        assert raw.attrs["notes"] == []
        assert not raw.isna().any(axis=None)
        there += len(raw)
        for month in (archive.path / "candles").rglob("month=*"):
            assert len({(part.first, part.last) for part in parts(month)}) == len(parts(month))
    rows = [int(line) for line in told if line.isdigit()]
    assert there >= max(rows, default=0)
    if "complete" in told:
        assert there == len(VENUES) * len(pd.date_range(START, END, freq="h", inclusive="left", tz="UTC"))
        return "complete"
    return "in a write" if left else "nothing yet" if not there else "on the way"


KINDS: dict[str, tuple[Callable[..., None], Callable[..., str], float]] = {
    "archive": (archiving, after_adding, 0.25),
    "merge": (merging, after_adding, 0.6),
    "repair": (repairing, after_undoing_all, 0.2),
    "undo": (undoing, after_undoing_some, 0.25),
    "accept": (accepting, after_accepting, 0.25),
    "backfill": (backfilling, after_backfilling, 1.2),
}


# -- one call, killed at each of its steps -------------------------------------------------------------------------


def filled(folder: Path) -> Archive:
    """An archive with a repair, a revision, and a month of so many parts that one more merges it."""
    archive = archive_in(folder)
    for place in range(MOST_PARTS - 1):
        archive.add(SERIES, WHOLE.iloc[[place]])
    archive.add(SERIES, BROKEN.iloc[20:])
    archive.add(SERIES, AMENDED)
    archive.apply(SERIES, mended())
    return archive


def state(archive: Archive) -> str:
    """All that can be seen of the archive, as one number."""
    seen = [archive.load(SERIES, view=view) for view in ("raw", "best", "as_known")]  # type: ignore[arg-type]
    seen.append(archive.revisions(SERIES).drop(columns="seen"))
    return " ".join(f"{len(frame)}:{pd.util.hash_pandas_object(frame).sum()}" for frame in seen)


ONE_CALL: dict[str, Callable[[Archive], object]] = {
    "add": lambda archive: archive.add(SERIES, WHOLE.iloc[MOST_PARTS : MOST_PARTS + 3]),
    "revise": lambda archive: archive.add(SERIES, BROKEN.iloc[[400]] * 1.001),
    "tidy": lambda archive: archive.tidy(SERIES),
    "retire": lambda archive: Archive(archive.path, lambda: NOW, keep_days=228).tidy(SERIES),
    "apply": lambda archive: archive.apply(SERIES, mended()),
    "undo one": lambda archive: archive.undo(SERIES, int(archive.repairs(SERIES).index[2])),
    "undo all": lambda archive: archive.undo(SERIES),
    "accept all": lambda archive: archive.accept(SERIES),
}


def dying(place: int) -> None:
    """Let this process be killed at its place-th look at the disk from here on."""
    left = [place]

    def hook(event: str, _: object) -> None:
        if event in {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def torn(size: int) -> None:
    """Let this process be killed in the middle of the first write that goes beyond so many bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def every_step(name: str, folder: Path) -> str:
    """One call, killed at each step and in each write: before or after, never between. Returns how many kills."""
    call = ONE_CALL[name]
    template, spare = folder / "template", folder / "spare"
    done(lambda _: filled(template) and None)
    before = done(lambda tell: tell(state(archive_in(template))))[0]
    shutil.copytree(template, spare)

    def wholly(tell: Callable[[str], None]) -> None:
        call(archive_in(spare))
        tell(state(archive_in(spare)))

    after = done(wholly)[0]
    kills, place, sizes = 0, 1, [1, 100, 700, 1500, 3000, 6000]
    while place or sizes:
        shutil.rmtree(spare)
        shutil.copytree(template, spare)
        how, size = (dying, place) if place else (torn, sizes.pop(0))

        def victim(_: Callable[[str], None], how: Callable[[int], None] = how, size: int = size) -> None:
            archive = archive_in(spare)
            archive.load(SERIES)  # so that all modules are there
            how(size)
            call(archive)

        pid, reading = child(victim)
        heard(reading)
        died = os.WIFSIGNALED(os.waitpid(pid, 0)[1])
        kills += died
        place = place + 1 if place and died else 0

        def look(tell: Callable[[str], None]) -> None:
            check_files(spare)
            archive = archive_in(spare)
            tell(state(archive))
            check_tidy(archive)
            tell(state(archive))
            call(archive) if name not in {"undo one", "accept all"} else None

        seen, tidied = done(look)
        assert seen == tidied or name == "retire", (
            f"{name}: tidying up after kill {kills} changed what is seen"
        )
        assert tidied in {before, after}, f"{name}: kill {kills} left something between before and after"
    return f"{kills} kills in one call"


def done(job: Callable[[Callable[[str], None]], None]) -> list[str]:
    """Run a job in a process of its own, to its end; what it told."""
    pid, reading = child(job)
    told = heard(reading)
    assert os.waitpid(pid, 0)[1] == 0, "see above"
    return told


# -- the machinery: everything runs in children, so that no thread of ours is ever forked --------------------------


def child(job: Callable[[Callable[[str], None]], None]) -> tuple[int, int]:
    """Start a process; its id, and the pipe that it tells into."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    code = 1
    try:
        os.close(reading)
        job(lambda text: os.write(writing, f"{text}\n".encode()) and None)
        code = 0
    except BaseException:  # noqa: BLE001 - the process ends with it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
    raise AssertionError


def heard(reading: int) -> list[str]:
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read().decode().splitlines()


def round_of(kind: str, folder: Path, seed: int) -> str:
    """One kill and one look. Returns what it was in the middle of."""
    work, check, longest = KINDS[kind]
    rng = random.Random(f"{kind} {seed}")
    if kind in {"repair", "undo", "accept"} and not (folder / "archive").exists():
        done(lambda _: archive_in(folder).add(SERIES, BROKEN) and None)

    pid, reading = child(lambda tell: work(folder, seed, tell))
    assert os.read(reading, len(BEGUN) + 1).decode() == f"{BEGUN}\n"
    time.sleep(rng.uniform(0, longest))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    told = heard(reading)
    return done(lambda tell: tell(check(folder, told)))[0]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=200, help="kills of each kind")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--only", nargs="+", choices=[*KINDS, *ONE_CALL], default=[*ONE_CALL, *KINDS])
    chosen = arguments.parse_args()
    began = time.monotonic()
    failed = 0
    for name in chosen.only:
        folder = Path(tempfile.mkdtemp(prefix="kintsugi-kill-"))
        try:
            how = (
                every_step if name in ONE_CALL else partial(at_random, seed=chosen.seed, rounds=chosen.rounds)
            )
            said = how(name, folder)
        except AssertionError as error:
            failed += 1
            print(f"{name:<10} FAILED: {error}; what is left: {folder}", flush=True)
            continue
        shutil.rmtree(folder)
        print(f"{name:<10} {said}: nothing lost, doubled or out of step", flush=True)
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def at_random(kind: str, folder: Path, seed: int, rounds: int) -> str:
    found: Counter[str] = Counter()
    for number in range(seed, seed + rounds):
        said = round_of(kind, folder, number)
        found[said or "between two calls"] += 1
        if kind in {"archive", "merge"} or said == "complete":
            shutil.rmtree(folder)
            folder.mkdir()
    where = ", ".join(f"{count} {what}" for what, count in sorted(found.items()))
    return f"{rounds} kills at random ({where})"


if __name__ == "__main__":
    sys.exit(main())
