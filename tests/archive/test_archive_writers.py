"""Several who write one archive at once: threads, processes, and a model to hold it against."""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from archive_series import KRAKEN, Stopped, archive_in, broken, same, walk
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.candles import repair
from core.candles.archive import Series
from core.files import Busy, locked

WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from archive_series import KRAKEN, walk
from core.candles.archive import Archive
archive, whole = Archive(Path(sys.argv[1]), time.time), walk(90, start="2026-01-30")
for place in range(int(sys.argv[3]), 90, 2):
    archive.add(KRAKEN, whole.iloc[max(0, place - 3) : place + 1])
    if place % 20 == 0:
        archive.tidy(KRAKEN)
"""


@pytest.mark.slow
def test_two_processes_and_a_reader(tmp_path):
    archive, whole = archive_in(tmp_path), walk(90, start="2026-01-30")
    here = str(Path(__file__).parent)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, archive.path, here, str(n)]) for n in range(2)]
    seen = 0
    while any(writer.poll() is None for writer in writers):
        rows = archive.load(KRAKEN, view="raw")
        assert rows.index.is_unique
        assert len(rows) >= seen  # nothing that was there is ever gone, not even for a moment
        same(rows, whole.loc[rows.index])
        seen = len(rows)
        time.sleep(0.02)
    assert [writer.wait() for writer in writers] == [0, 0]
    same(archive.load(KRAKEN, view="raw"), whole)


def test_many_threads(tmp_path):
    archive, whole = archive_in(tmp_path), walk(64, start="2026-01-30")
    raw = broken(walk())
    other = Series("okx", "BTC/USDT", "1h")
    archive.add(other, raw)
    mended = repair(archive.basis(other), "1h")
    failed = []

    def adds(first):
        for place in range(first, 64, 4):
            archive.add(KRAKEN, whole.iloc[max(0, place - 5) : place + 1])

    def repairs(_):
        for _ in range(3):
            archive.apply(other, mended)
            archive.undo(other)

    def guarded(job, argument):
        try:
            job(argument)
        except BaseException as error:
            failed.append(error)
            raise

    jobs = [(adds, 0), (adds, 1), (adds, 2), (adds, 3), (repairs, 0), (repairs, 1)]
    threads = [threading.Thread(target=guarded, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        shown = archive.load(other)
        assert len(shown) in {len(raw), len(mended.frame)}
    assert failed == []
    same(archive.load(KRAKEN, view="raw"), whole)


def test_a_lock_that_is_never_given_up_is_said(tmp_path):
    with (
        locked(tmp_path / "lock"),
        pytest.raises(Busy, match="another writer"),
        locked(tmp_path / "lock", 0.05),
    ):
        pass
    with locked(tmp_path / "lock"):
        pass


class ArchiveMachine(RuleBasedStateMachine):
    """The archive against a plain dict of rows."""

    whole = walk(24 * 50, start="2026-01-20")

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.archive = archive_in(Path(self.folder.name), Stopped())
        self.rows = set()
        self.mended = None

    def teardown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(start=st.integers(0, 1190), size=st.integers(1, 400), step=st.integers(1, 5))
    def add(self, start, size, step):
        places = range(start, min(start + size, 1200), step)
        added = self.archive.add(KRAKEN, self.whole.iloc[list(places)])
        assert added.new == len(set(places) - self.rows)
        assert added.revised == 0
        self.rows |= set(places)

    @rule()
    def tidy(self):
        self.archive.tidy(KRAKEN)

    @rule()
    def mend(self):
        if len(self.rows) > 10:
            self.archive.apply(KRAKEN, repair(self.archive.basis(KRAKEN), "1h"))

    @rule()
    def undo(self):
        self.archive.undo(KRAKEN)
        assert self.archive.ledger(KRAKEN).empty

    @rule(pick=st.floats(0, 0.99))
    def undo_one(self, pick):
        numbers = self.archive.repairs(KRAKEN).index
        if len(numbers):
            self.archive.undo(KRAKEN, int(numbers[int(pick * len(numbers))]))
            assert len(self.archive.repairs(KRAKEN)) == len(numbers) - 1

    @invariant()
    def raw_is_what_was_given(self):
        if hasattr(self, "archive"):
            expected = self.whole.iloc[sorted(self.rows)]
            raw = self.archive.load(KRAKEN, view="raw")
            same(raw, expected)
            assert self.archive.held(KRAKEN).rows == len(expected)

    @invariant()
    def observed_rows_are_never_changed_without_the_ledger(self):
        if hasattr(self, "archive") and self.rows:
            for view in ("best", "as_known"):
                shown = self.archive.load(KRAKEN, view=view)
                touched = set(self.archive.ledger(KRAKEN, view)["time"])
                untouched = shown[~shown.index.isin(list(touched))]
                same(untouched[list(self.whole)], self.whole.loc[untouched.index])
                assert set(self.whole.index[sorted(self.rows)]) - touched <= set(shown.index)
                assert np.isfinite(shown[list(self.whole)].to_numpy()).all()


TestArchiveMachine = ArchiveMachine.TestCase
TestArchiveMachine.settings = settings(max_examples=4, stateful_step_count=8, deadline=None)
