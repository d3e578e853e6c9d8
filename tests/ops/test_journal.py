"""The journal: what is counted, noted and recorded is found again, by whoever asks, after whatever happened."""

import asyncio
import json
import math
import random
import sqlite3
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog import Endpoint
from core.engine.folder import DataFolder
from core.ops import writer
from core.ops.events import BY_KIND, AdminAction, AttemptFailed, Event
from core.ops.journal import FILE, Journal, JournalError
from core.ops.read import JournalReader
from core.ops.sketch import ERROR, LEAST, MOST, bucket, merge, quantile

KRAKEN = Endpoint("kraken", "ohlcv", "api.kraken.com")
BINANCE = Endpoint("binance", "price", "api.binance.com")
NOON = 1_780_000_000.0 // 86_400 * 86_400 + 43_200


class Clock:
    def __init__(self, now=NOON):
        self.at = now

    def mono(self):
        return time.monotonic()

    def now(self):
        return self.at


class Place:
    def __init__(self, path):
        self.path = path
        self.folder = DataFolder(path)
        self.clock = Clock()

    def journal(self):
        return Journal(self.folder, self.path / "live" / FILE, self.clock)


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.folder.close()


def admin(n, **fields):
    return AdminAction(
        time=NOON + n, target="kraken", who="page", detail=f"act {n}", action="reset", **fields
    )


def failed(n, target="kraken/ohlcv@api.kraken.com"):
    return AttemptFailed(time=NOON + n, target=target, detail=f"no. {n}", outcome="timeout", elapsed=4.0)


def test_every_kind_comes_back_as_it_was(place):
    samples = {
        "outcome": "status", "before": "healthy", "after": "degraded", "offline": True, "healing": "a1",
        "step": "probe", "symbol": "BTC/USDT", "interval": "1h", "changes": 3, "alert": "x", "rule": "down",
        "state": "firing", "action": "isolate", "name": "deadline", "old": None, "new": "7", "open": True,
        "rows": 9,
    }  # fmt: skip

    async def go():
        journal = place.journal()
        written = []
        for n, known in enumerate(BY_KIND.values()):
            own = {name: samples[name] for name in known.__dataclass_fields__ if name in samples}
            if "outcome" in own and known is not AttemptFailed:
                own["outcome"] = "healed"
            written.append(
                await journal.record(known(time=NOON + n, target="okx", who="rest", detail="d", **own))
            )
        await journal.close()
        return written

    written = asyncio.run(go())
    reader = JournalReader.of(place.path / "live" / FILE)
    assert list(reversed(reader.events(target="okx"))) == written
    assert all(json.dumps(event.as_dict()) for event in written)
    assert reader.event(written[3].id) == written[3]
    assert reader.event(10**9) is None
    reader.dispose()


def test_filters_and_pages(place):
    async def go():
        journal = place.journal()
        for n in range(30):
            journal.note(
                failed(n, ("kraken/ohlcv@api.kraken.com", "kraken/price@api.kraken.com", "okx")[n % 3])
            )
        await journal.record(admin(30))
        await journal.record(AdminAction(time=NOON, target="kraken_futures", detail="100%", action="reset"))
        await journal.flushed()
        return journal

    async def ask():
        journal = await go()
        assert len(journal.events(target="kraken")) == 21
        assert len(journal.events(target="kraken/ohlcv")) == 10
        assert len(journal.events(target="kraken/ohlcv@api.kraken.com")) == 10
        assert len(journal.events(kinds=["admin"])) == 2
        assert [event.detail for event in journal.events(text="100%")] == ["100%"]
        assert len(journal.events(who="page")) == 1
        assert len(journal.events(kinds=["attempt"], since=NOON + 5, until=NOON + 10)) == 5
        first = journal.events(kinds=["attempt"], limit=7)
        rest = journal.events(kinds=["attempt"], limit=100, before=first[-1].id)
        assert [event.detail for event in first + rest] == [f"no. {n}" for n in reversed(range(30))]
        assert journal.counts(target="okx") == {"attempt": 10}
        assert journal.counts() == {"attempt": 30, "admin": 2, "hub": 1}
        with pytest.raises(ValueError, match="kinds='nonsense': expected some of attempt"):
            journal.events(kinds=["nonsense"])
        with pytest.raises(ValueError, match="limit=0"):
            journal.events(limit=0)
        await journal.close()

    asyncio.run(ask())


def test_rollups_add_up_at_every_resolution_and_over_restarts(place):
    draw = random.Random(3)
    made = []

    async def life(minutes):
        journal = place.journal()
        for _ in range(minutes):
            for _ in range(20):
                endpoint = draw.choice((KRAKEN, BINANCE))
                outcome = draw.choice(("ok", "ok", "partial", "timeout", "throttled", "unknown_symbol"))
                blamed = outcome == "timeout" and draw.random() < 0.8
                elapsed = draw.lognormvariate(-2, 0.7)
                journal.count(endpoint, outcome, elapsed, blamed=blamed)
                made.append((place.clock.at, endpoint.provider, outcome, blamed, elapsed))
            place.clock.at += 60
            if draw.random() < 0.3:
                await journal.flushed()
        await journal.close()

    async def go():
        await life(100)
        place.clock.at -= 600  # the wall clock was set back while nothing ran
        await life(50)
        journal = place.journal()
        for resolution, seconds in (("minute", 60), ("hour", 3600), ("day", 86400)):
            rows = journal.rollups("kraken", resolution)
            mine = [one for one in made if one[1] == "kraken"]
            assert sum(row.attempts for row in rows) == len(mine)
            assert sum(row.failed for row in rows) == sum(one[3] for one in mine)
            assert sum(row.refused for row in rows) == sum(one[2] == "throttled" for one in mine)
            for row in rows:
                within = [one for one in mine if row.start <= one[0] < row.start + seconds]
                assert row.attempts == len(within)
                good = sorted(one[4] for one in within if one[2] in {"ok", "partial"})
                if good:
                    assert row.p50 == pytest.approx(good[int(0.5 * (len(good) - 1))], rel=ERROR + 1e-9)
                    assert row.p99 == pytest.approx(good[int(0.99 * (len(good) - 1))], rel=ERROR + 1e-9)
        assert sum(row.attempts for row in journal.rollups(None, "day")) == len(made)
        assert journal.total().attempts == len(made)
        assert journal.total("binance/price").outcomes.get("ok", 0) == sum(
            one[1] == "binance" and one[2] == "ok" for one in made
        )
        await journal.close()

    asyncio.run(go())


def test_uptime_says_no_data_where_there_is_none(place):
    async def go():
        journal = place.journal()
        place.clock.at = NOON - 2 * 86_400
        for outcome in ("ok", "ok", "ok", "timeout"):
            journal.count(KRAKEN, outcome, 0.1, blamed=outcome == "timeout")
        place.clock.at = NOON
        journal.count(KRAKEN, "ok", 0.1, blamed=False)
        journal.count(BINANCE, "unknown_symbol", 0.1, blamed=False)
        await journal.flushed()
        bars = journal.uptime("kraken", now=NOON, days=90)
        assert len(bars) == 90
        assert [bar.share for bar in bars[-3:]] == [0.75, None, 1.0]
        assert {bar.share for bar in bars[:-3]} == {None}
        assert bars[-1].start <= NOON < bars[-1].start + 86_400
        assert [bar.share for bar in journal.uptime("kraken", now=NOON, hours=24)] == [None] * 23 + [1.0]
        assert {bar.share for bar in journal.uptime("okx", now=NOON, hours=24)} == {None}
        every = journal.uptimes(now=NOON, days=90)
        assert every["kraken"] == bars
        assert {bar.share for bar in every["binance"]} == {None}
        assert set(journal.uptimes("endpoint", now=NOON, hours=24)) == {str(KRAKEN), str(BINANCE)}
        with pytest.raises(ValueError, match="expected one of the two"):
            journal.uptime(now=NOON)
        await journal.close()

    asyncio.run(go())


def test_what_is_old_goes_by_itself_and_so_does_what_is_too_much(place, monkeypatch):
    monkeypatch.setattr(writer, "EVENTS_KEPT", {True: (3600, 50), False: (7200, 100)})
    monkeypatch.setattr(writer, "AT_ONCE", 7)

    async def go():
        journal = place.journal()
        journal.count(KRAKEN, "ok", 0.1, blamed=False)
        for n in range(80):
            journal.note(failed(n))
        await journal.record(admin(0))
        assert journal.counts()["attempt"] == 50
        place.clock.at += 2 * 3600
        await journal.flushed()
        assert journal.counts() == {"hub": 1, "admin": 1}
        place.clock.at += 25 * 3600
        await journal.flushed()
        assert journal.counts() == {}
        assert journal.rollups() == []
        assert [row.attempts for row in journal.rollups(None, "hour")] == [1]
        place.clock.at += 31 * 86_400
        await journal.flushed()
        assert journal.rollups(None, "hour") == []
        assert [row.attempts for row in journal.rollups(None, "day")] == [1]
        await journal.close()

    asyncio.run(go())


def test_a_recorded_event_can_be_read_by_another_process_when_the_call_returns(place):
    async def go():
        journal = place.journal()
        journal.note(failed(1))
        done = await journal.record(admin(2))
        with sqlite3.connect(f"file:{journal.path}?mode=ro", uri=True) as other:
            rows = other.execute("SELECT id, kind FROM events ORDER BY id").fetchall()
        other.close()
        assert rows[-2:] == [(done.id - 1, "attempt"), (done.id, "admin")]
        await journal.close()

    asyncio.run(go())


def test_a_disk_that_refuses_is_said_and_made_up_for(place, monkeypatch):
    async def go():
        journal = place.journal()
        monkeypatch.setattr("core.ops.journal.FLUSH_AGAIN", 0.05)
        journal.count(KRAKEN, "ok", 0.1, blamed=False)
        real = journal._writer._add
        monkeypatch.setattr(journal._writer, "_add", full)
        with pytest.raises(JournalError, match="not on record yet: journal: disk is full"):
            await journal.record(admin(1))
        assert journal.counts() == {}
        monkeypatch.setattr(journal._writer, "_add", real)
        async with asyncio.timeout(5):
            while journal.counts().get("admin") != 1:  # noqa: ASYNC110 - it is another thread that writes
                await asyncio.sleep(0.02)
        assert [row.attempts for row in journal.rollups()] == [1]
        await journal.close()

    def full(*_):
        from sqlalchemy.exc import OperationalError

        raise OperationalError("INSERT", None, sqlite3.OperationalError("disk is full"))

    asyncio.run(go())
    assert place.folder.write_errors >= 1


def test_a_writer_that_hangs_costs_rows_but_no_counts_and_no_memory(place, monkeypatch):
    monkeypatch.setattr("core.ops.journal.UNWRITTEN_MOST", 100)

    async def go():
        journal = place.journal()
        await journal.flushed()
        for n in range(1000):
            journal.count(KRAKEN, "timeout", 0.1, blamed=True)
            journal.note(failed(n))
        assert len(journal._pending) == 100
        await journal.flushed()
        assert [event.rows for event in journal.events(kinds=["lost"])] == [900]
        assert [row.failed for row in journal.rollups()] == [1000]
        await journal.close()

    asyncio.run(go())


def test_without_the_lock_a_process_keeps_a_journal_of_its_own(place):
    async def go():
        journal = place.journal()
        await journal.record(admin(1))
        second = DataFolder(place.path)
        other = Journal(second, place.path / "live" / FILE, place.clock)
        await other.record(admin(2))
        assert [event.detail for event in other.events(kinds=["admin"])] == ["act 2"]
        assert [event.detail for event in journal.events(kinds=["admin"])] == ["act 1"]
        await other.close()
        second.close()
        assert not other.path.parent.exists()
        await journal.close()

    asyncio.run(go())


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""])
def test_a_file_that_is_no_journal_is_left_aside(place, content):
    path = place.path / "live" / FILE
    path.parent.mkdir()
    path.write_bytes(content)

    async def go():
        journal = place.journal()
        await journal.record(admin(1))
        assert journal.counts()["admin"] == 1
        await journal.close()

    asyncio.run(go())
    aside = path.with_name(f"{FILE}.unreadable")
    assert aside.exists() == bool(content)


def test_a_journal_of_another_version_is_left_aside(place):
    path = place.path / "live" / FILE
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    asyncio.run(_open_and_close(place))
    assert path.with_name(f"{FILE}.unreadable").exists()


async def _open_and_close(place):
    await place.journal().close()


def test_reading_needs_a_journal(tmp_path):
    with pytest.raises(FileNotFoundError, match="no journal there"):
        JournalReader.of(tmp_path / FILE)


seconds = st.floats(LEAST, MOST)


@given(st.lists(seconds, min_size=1, max_size=200), st.floats(0, 1), st.integers(0, 200))
def test_a_quantile_is_within_its_error_even_merged(values, share, cut):
    one, two = {}, {}
    for part, into in ((values[:cut], one), (values[cut:], two)):
        for value in part:
            into[bucket(value)] = into.get(bucket(value), 0) + 1
    merge(one, two)
    rank = math.floor(share * (len(values) - 1))
    true = sorted(values)[rank]
    assert quantile(one, share) == pytest.approx(true, rel=ERROR + 1e-9)
    assert sum(one.values()) == len(values)
    assert len(one) <= 404


def test_the_common_fields_are_the_same_for_all():
    for kind, known in BY_KIND.items():
        assert issubclass(known, Event)
        assert known.kind == kind
