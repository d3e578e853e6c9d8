"""The cache: what it gives back, and what it refuses from a tampered folder."""

import pickle
import sqlite3

import numpy as np
import pytest
from fakes import EPOCH

from core.answer import Attempt
from core.engine.cache import AnswerCache
from core.engine.codec import Entry, Undecodable, decode, encode
from core.engine.folder import DataFolder
from core.market import OrderBook, Quote, Volume, candles_frame, to_datetime


class ManualClock:
    def __init__(self):
        self.seconds = 0.0
        self.wall = EPOCH

    def mono(self):
        return self.seconds

    def now(self):
        return self.wall


class Bomb:
    """Unpickling this writes a file: the proof that something was unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


ATTEMPTS = (
    Attempt("binance", "api.binance.com", "timeout", "no answer", None, EPOCH - 1, 0.4),
    Attempt("kraken", "api.kraken.com", "ok", "", 200, EPOCH, 0.1),
)


def frame(rows=5, volume=True):
    columns = {name: np.arange(rows) + 1.5 for name in ("open", "high", "low", "close")}
    if volume:
        columns["volume"] = np.full(rows, 0.1)
    return candles_frame(1_700_000_000 + 3600 * np.arange(rows), columns)


def entry(value, fetched=EPOCH, fresh=60.0):
    return Entry(value, "kraken", "api.kraken.com", fetched, fresh, ATTEMPTS, ("a note",))


VALUES = [
    frame(),
    frame(volume=False),
    frame(0),
    Quote("BTC/USD", 1.5, None, 2.5, -1.0, None, 3.0, to_datetime("2026-01-02T03:04:05.678+00:00")),
    Volume("BTC/USD", 1.0, None, None),
    OrderBook("BTC/USD", ((1.0, 2.0), (0.5, 1.0)), ((2.0, 1.0),), None),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_what_goes_in_comes_out(value):
    back = decode(encode(entry(value)))
    if hasattr(value, "equals"):
        assert value.equals(back.value)
        assert list(value.columns) == list(back.value.columns)
        assert value.index.equals(back.value.index)
    else:
        assert back.value == value
    assert (back.attempts, back.notes, back.fetched) == (ATTEMPTS, ("a note",), EPOCH)


def test_other_values_are_not_cached():
    with pytest.raises(TypeError, match="object"):
        encode(entry(object()))


@pytest.mark.parametrize(
    "blob", [b"", b"KTS1", b"KTS1\xff\xff\xff\xff{}", b"KTS1\x02\0\0\0{}", pickle.dumps({"a": 1})]
)
def test_foreign_bytes_are_undecodable(blob):
    with pytest.raises(Undecodable):
        decode(blob)


def test_every_truncation_is_undecodable():
    blob = encode(entry(VALUES[3]))
    for cut in range(len(blob)):
        with pytest.raises(Undecodable):
            decode(blob[:cut])


@pytest.fixture
def make(tmp_path):
    opened = []

    def cache(clock=None, **knobs):
        folder = DataFolder(tmp_path / "data")
        made = AnswerCache(
            folder,
            "live/cache",
            clock or ManualClock(),
            **{"size": 10**8, "entries": 8, "keep": 7200, **knobs},
        )
        opened.append((made, folder))
        return made

    cache.close = lambda: [
        (made.close(), folder.close()) for made, folder in (opened.pop() for _ in list(opened))
    ]
    yield cache
    cache.close()


def stored(make, value=VALUES[3], key="price x"):
    make().put(key, entry(value))
    make.close()
    return key


def database(tmp_path):
    return sqlite3.connect(tmp_path / "data" / "live" / "cache" / "cache.db")


def test_it_survives_a_restart_with_its_age(make):
    key = stored(make)
    clock = ManualClock()
    clock.wall += 45
    held = make(clock).get(key)
    assert held.entry.value == VALUES[3]
    assert held.age == pytest.approx(45)
    assert held.fresh
    clock.seconds += 20
    assert not make(clock).get(key).fresh or held.age == 45


def test_age_runs_on_mono(make):
    clock = ManualClock()
    cache = make(clock)
    cache.put("k", entry(VALUES[3]))
    clock.seconds, clock.wall = 50, EPOCH - 3600
    held = cache.get("k")
    assert (held.age, held.fresh) == (50, True)
    clock.seconds = 61
    assert not cache.get("k").fresh
    clock.seconds = 7300
    assert cache.get("k") is None


def test_a_stamp_from_the_future_is_never_fresh(make):
    key = stored(make)
    clock = ManualClock()
    clock.wall -= 3600
    held = make(clock).get(key)
    assert (held.fresh, held.age) == (False, 0)


def test_memory_is_bounded_and_disk_stands_behind_it(make):
    cache = make()
    for n in range(50):
        cache.put(f"k{n}", entry(Quote(f"A{n}/USD", float(n + 1))))
    assert len(cache._memory) == 8
    cache._folder._writer.submit(lambda: None).result()
    assert cache.get("k0").entry.value.last == 1.0


def tampering(tmp_path, sql, *args):
    with database(tmp_path) as connection:
        connection.execute(sql, args)
    connection.close()


def test_a_pickled_value_is_refused_and_a_miss(make, tmp_path):
    key = stored(make)
    proof = tmp_path / "proof"
    tampering(tmp_path, "UPDATE Cache SET mode = 4, value = ?", pickle.dumps(Bomb(proof)))
    assert make().get(key) is None
    assert not proof.exists()


def test_a_pickled_value_in_raw_mode_is_refused(make, tmp_path):
    key = stored(make)
    proof = tmp_path / "proof"
    tampering(tmp_path, "UPDATE Cache SET mode = 1, value = ?", pickle.dumps(Bomb(proof)))
    assert make().get(key) is None
    assert not proof.exists()


def test_a_pickled_key_is_refused(make, tmp_path):
    key = stored(make)
    proof = tmp_path / "proof"
    tampering(tmp_path, "UPDATE Cache SET raw = 0, key = ?", pickle.dumps(Bomb(proof)))
    cache = make()
    assert cache.get(key) is None
    with pytest.raises(Exception, match="not text"):
        list(cache._disk)
    assert not proof.exists()


@pytest.mark.parametrize(
    "name", ["../../../secret.txt", "/etc/hostname", "ab/cd/../../../../secret.txt", "secret.txt"]
)
@pytest.mark.parametrize("mode", [2, 3, 4])
def test_a_file_outside_the_folder_is_neither_read_nor_deleted(make, tmp_path, name, mode):
    key = stored(make)
    secret = tmp_path / "data" / "secret.txt"
    secret.write_bytes(encode(entry(VALUES[4])))
    tampering(tmp_path, "UPDATE Cache SET mode = ?, value = NULL, filename = ?", mode, name)
    cache = make()
    assert cache.get(key) is None
    cache.put(key, entry(VALUES[3]))
    make.close()
    assert secret.exists()
    assert make().get(key).entry.value == VALUES[3]


def test_a_link_out_of_the_folder_is_refused(make, tmp_path):
    key = stored(make)
    secret = tmp_path / "secret.txt"
    secret.write_bytes(encode(entry(VALUES[4])))
    name = "ab/cd/" + "0" * 28 + ".val"
    link = tmp_path / "data" / "live" / "cache" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(secret)
    tampering(tmp_path, "UPDATE Cache SET mode = 2, value = NULL, filename = ?", name)
    assert make().get(key) is None


def test_large_values_are_files_and_come_back(make):
    large = frame(20_000)
    key = stored(make, large)
    assert make().get(key).entry.value.equals(large)


def test_a_broken_database_is_set_aside(make, tmp_path):
    stored(make)
    path = tmp_path / "data" / "live" / "cache"
    (path / "cache.db").write_bytes(b"this is no database at all" * 100)
    for rest in path.glob("cache.db-*"):
        rest.unlink()
    cache = make()
    assert cache.get("price x") is None
    cache.put("k", entry(VALUES[3]))
    assert (tmp_path / "data" / "live" / "cache.broken").exists()


def test_a_second_process_reads_and_does_not_write(make):
    key = stored(make)
    make()
    reader = make()
    assert not reader._folder.writable
    assert "another process" in reader._folder.notice
    assert reader.get(key).entry.value == VALUES[3]
    reader.put("only in memory", entry(VALUES[4]))
    assert reader.get("only in memory") is not None
    assert make().get("only in memory") is None


def test_the_folder_is_private(make, tmp_path):
    make()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / "live" / "cache").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_falls_back_with_a_notice(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("x")
    folder = DataFolder(blocker / "data")
    assert "cannot be written" in folder.notice
    assert folder.writable
    folder.close()
