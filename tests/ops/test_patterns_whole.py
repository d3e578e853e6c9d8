"""All patterns of a whole journal: the same as found the plain way, soon, and not on the hub's loop."""

import random
import threading
import time

import pattern_plain
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.facets import watching
from core.ops import patterns as p
from core.ops.events import AttemptFailed, CircuitOpened, ShapeChanged
from core.ops.read import JournalReader
from core.ops.rollup import Hour
from core.ops.schema import HOUR
from core.ops.tally import Tally
from core.ops.writer import Batch, Writer

NOW = 1_780_012_800.0 + 7 * 86_400
PROVIDERS = [f"venue{n}" for n in range(20)]
HOSTS = dict.fromkeys(PROVIDERS, 5)
ENDPOINTS = [f"{name}/price@{place}.{name}.com" for name in PROVIDERS for place in "abcde"]
EVENTS = 20_000


def hours(dice):
    """A week of 100 endpoints: some slower by the hour, some bad at three in the night, most neither."""
    for n, target in enumerate(ENDPOINTS):
        for hour in range(7 * 24):
            bad = 9 if n % 10 == 3 and hour % 24 == 3 else dice.choice([0, 0, 0, 1])
            typical = 0.1 + (0.003 * hour if n % 10 == 5 else 0) + dice.random() * 0.05
            tally = Tally(last=1.0, last_good=1.0)
            for _ in range(10 - bad):
                tally.add("ok", typical, 1.0, blamed=False)
            for _ in range(bad):
                tally.add("timeout", 4.0, 1.0, blamed=True)
            yield (target, int(NOW - (7 * 24 - hour) * HOUR)), tally
    yield ("venue0/check@a.venue0.com", int(NOW - HOUR)), Tally(good=5)


def events(dice):
    for _ in range(EVENTS):
        at, target, turn = NOW - dice.random() * 7 * 86_400, dice.choice(ENDPOINTS), dice.random()
        if turn < 0.9:
            said = f"{dice.choice(['no answer', 'refused'])} after {dice.randint(2, 9)} s by {target}"
            outcome = dice.choice(["timeout", "timeout", "status"])
            yield AttemptFailed(
                time=at, target=target, outcome=outcome, detail=said, blamed=dice.random() < 0.9
            )
        elif turn < 0.99:
            yield CircuitOpened(time=at, target=dice.choice(ENDPOINTS[:9]), seconds=30.0)
        else:
            yield ShapeChanged(time=at, target=target, gone=("a",), new=("b",))


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    dice = random.Random(5)
    writer = Writer(tmp_path_factory.mktemp("journal") / "journal.sqlite")
    writer.write(Batch(list(events(dice)), dict(hours(dice))), NOW, durable=False)
    yield JournalReader(writer.engine)
    writer.close()


def test_a_whole_journal_gives_what_the_plain_way_finds(journal):
    found = p.patterns(journal, now=NOW, hosts=HOSTS)
    plain, drifts = pattern_plain.everything(journal, NOW, HOSTS)
    assert {one.name for one in found} == set(p.PatternName.__args__)
    by_text = lambda one: (one.name, one.target, one.since)  # noqa: E731 - said twice
    assert sorted((one for one in found if one.name != "latency_drift"), key=by_text) == sorted(
        plain, key=by_text
    )
    told = [
        (one.target, one.since, one.until, *one.evidence.values())
        for one in found
        if one.name == "latency_drift"
    ]
    assert sorted(told) == sorted(
        (target, since, until, round(slope, 1), round(sigmas, 1), count, usual)
        for target, since, until, slope, sigmas, count, usual in drifts
    )
    assert [one.until for one in found] == sorted((one.until for one in found), reverse=True)


def test_it_takes_little(journal):
    best = min(spent(journal) for _ in range(3))
    assert best < 0.9, f"{best:.2f} s of a core"  # 0.2 s where nothing else runs; 1.8 s in pairs and steps


def spent(journal):
    began = time.thread_time()
    p.patterns(journal, now=NOW, hosts=HOSTS)
    return time.thread_time() - began


seconds = st.floats(0.001, 10)


@given(st.lists(st.tuples(st.integers(0, 20), st.none() | seconds), max_size=60), st.floats(-0.05, 0.05))
def test_a_drift_is_that_of_all_pairs(given_hours, trend):
    rows = [
        Hour(NOW + n * HOUR, good, 0, 0, None if p50 is None else max(0.0, p50 * 0.1 + 1 + trend * n))
        for n, (good, p50) in enumerate(given_hours)
    ]
    found, plain = p.latency_drift("x", rows), pattern_plain.drift("x", rows)
    assert len(found) == len(plain)
    for one, (_, since, until, slope, sigmas, count, usual) in zip(found, plain, strict=True):
        assert (one.since, one.until, one.evidence["hours"]) == (since, until, count)
        assert one.evidence["milliseconds_a_day"] == round(slope, 1)
        assert one.evidence["sigmas"] == round(sigmas, 1)
        assert one.evidence["median_seconds"] == usual


moments = st.lists(st.tuples(st.integers(0, 2000), st.sampled_from("ab")), min_size=20, max_size=60)


@given(moments, st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 900)), max_size=4))
def test_what_our_network_explains_is_nobody_elses(failures, spans):
    ours = [p.Pattern("our_network", "", since, since + long, "") for since, long in spans]
    those = [
        AttemptFailed(time=at, target=f"okx/price@{host}.okx.com", outcome="status") for at, host in failures
    ]
    assert p.their_outage(those, {"okx": 2}, ours) == pattern_plain.outages(those, {"okx": 2}, ours)


@pytest.mark.looptime
async def test_the_journal_is_read_in_another_thread(world, monkeypatch):
    asked = []

    def where(journal, **given):
        asked.append(threading.get_ident())
        return p.patterns(journal, **given)

    monkeypatch.setattr(watching, "patterns", where)
    async with world.hub() as hub:
        assert await hub.patterns() == []
    assert asked
    assert threading.get_ident() not in asked
