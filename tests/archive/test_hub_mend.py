"""hub.mend: audit, plan, fetch, repair, keep, each asked by its own way and said."""

import asyncio

import pandas as pd
import pytest
from archive_series import same
from mend_venues import Venues, hours_ago, hub_over

from core import Hub, NoAnswer, Settings
from core.answer import KintsugiError
from core.candles import RepairPolicy
from core.candles.archive import Series

KRAKEN = Series("kraken", "BTC/USD", "1h")


@pytest.fixture
def venues():
    return Venues()


def at(hours: int) -> pd.Timestamp:
    return pd.Timestamp(hours_ago(hours), unit="s", tz="UTC")


async def test_what_the_venue_has_after_all_is_taken_from_it(venues, tmp_path):
    venues.once["kraken"] = {hours_ago(50), hours_ago(49)}
    told = []
    async with hub_over(venues, tmp_path) as hub:
        mended = await hub.mend("BTC/USD", "1h", limit=200, providers=["kraken"], progress=told.append)
        assert mended.frame.loc[[at(50), at(49)], "method"].tolist() == ["refetch", "refetch"]
        assert set(mended.frame["source"]) == {"kraken"}
        assert mended.before.defects["cause"].tolist() == ["fetch_failure"]
        assert (mended.kept, mended.provider, mended.lab) == (True, "kraken", False)
        assert [one.purpose for one in mended.asked] == ["witness", "witness", "again"]
        assert [one.rows for one in mended.asked if one.purpose == "again"] == [8]
        same(hub.archive.load(KRAKEN), mended.frame)
        assert at(50) not in hub.archive.load(KRAKEN, view="raw").index
        assert hub.archive.undo(KRAKEN) == 1
        same(hub.archive.load(KRAKEN)[list(mended.raw)], mended.raw)
        assert hub.archive.scores(KRAKEN)["score"].tolist() == [mended.before.score]
    assert [step.share for step in told] == sorted(step.share for step in told)
    assert (told[0].share, told[-1].share) == (0.0, 1.0)
    assert "kraken asked again" in str(mended)


async def test_another_venue_is_asked_for_what_this_one_lacks(venues, tmp_path):
    venues.holes["kraken"] = {hours_ago(hours) for hours in range(100, 94, -1)}
    async with hub_over(venues, tmp_path) as hub:
        mended = await hub.mend("BTC/USD", "1h", limit=300)
        filled = mended.frame.loc[at(100) : at(95)]
        assert set(filled["method"]) == {"venue"}
        assert set(filled["source"]) == {"coinbase"}
        await hub.settled()
        truth = hub.archive.load(Series("coinbase", "BTC/USD", "1h"), at(100), at(94), "raw")
        assert (filled["close"] / truth["close"] - 1).abs().max() == pytest.approx(0.0002, rel=0.05)
        assert {"again", "finer", "venue"} <= {one.purpose for one in mended.asked}
        assert mended.after.score <= mended.before.score


async def test_only_those_who_are_named_are_asked(venues, tmp_path):
    venues.holes["kraken"] = {hours_ago(hours) for hours in range(100, 10, -1)}
    async with hub_over(venues, tmp_path) as hub:
        mended = await hub.mend("BTC/USD", "1h", limit=300, providers=["kraken"])
        assert venues.count("coinbase") == 0
        assert mended.left_open["count"].tolist() == [90]
        none = await hub.mend(
            "BTC/USD", "1h", limit=300, providers="kraken", policy=RepairPolicy(use_sources=False)
        )
        assert none.asked == ()


async def test_a_spike_that_the_venue_takes_back(venues, tmp_path):
    venues.wrong["kraken", hours_ago(60)] = 1.3
    async with hub_over(venues, tmp_path) as hub:
        mended = await hub.mend("BTC/USD", "1h", limit=200, providers=["kraken"])
        assert mended.frame.loc[at(60), "method"] == "refetch"
        raw = hub.archive.load(KRAKEN, view="raw")
        assert raw.loc[at(60), "close"] == pytest.approx(1.3 * mended.frame.loc[at(60), "close"], rel=1e-6)


async def test_nothing_is_asked_when_nothing_is_wrong(venues, tmp_path):
    async with hub_over(venues, tmp_path) as hub:
        mended = await hub.mend("BTC/USD", "1h", limit=200, providers=["kraken"])
        assert len(venues.seen) == 1
        assert mended.ledger.empty
        assert mended.before.score == pytest.approx(1.0)


async def test_what_was_found_before_is_not_asked_for_again(venues, tmp_path):
    venues.once["kraken"] = {hours_ago(50)}
    venues.holes["kraken"] = {hours_ago(hours) for hours in range(100, 94, -1)}
    async with hub_over(venues, tmp_path) as hub:
        first = await hub.mend("BTC/USD", "1h", limit=300)
        assert set(first.frame["method"]) == {"observed", "refetch", "venue"}
        venues.down = {"kraken", "coinbase"}
        again = await hub.mend("BTC/USD", "1h", limit=300, provider="kraken", deadline=2)
        same(again.frame, first.frame.loc[again.frame.index])
        assert {one.provider for one in again.asked if one.archived and one.rows} == {"kraken", "coinbase"}
        assert "coinbase from the archive as another venue" in str(again)


async def test_preview_first_keep_later(venues, tmp_path):
    venues.once["kraken"] = {hours_ago(50)}
    async with hub_over(venues, tmp_path) as hub:
        mended = await hub.mend("BTC/USD", "1h", limit=200, providers=["kraken"], apply=False)
        assert not mended.kept
        assert hub.archive.repairs(KRAKEN).empty
        hub.archive.apply(mended.series, mended)
        same(hub.archive.load(KRAKEN), mended.frame)


async def test_with_nobody_to_ask_the_archive_is_mended(venues, tmp_path):
    venues.holes["kraken"] = {hours_ago(50)}
    async with hub_over(venues, tmp_path, stale_seconds=0) as hub:
        await hub.candles("BTC/USD", "1h", limit=100, providers=["kraken"])
        await hub.settled()
        venues.down = {"kraken", "coinbase"}
        mended = await hub.mend("BTC/USD", "1h", limit=90, deadline=2)
        assert mended.provider == "kraken"
        assert mended.frame.loc[at(50), "method"] == "line"
        assert any(one.said for one in mended.asked)
        with pytest.raises(NoAnswer):
            await hub.mend("ETH/USD", "1h", limit=90, deadline=2)


async def test_a_frame_of_ones_own_is_mended_and_not_kept(venues, tmp_path):
    async with hub_over(venues, tmp_path) as hub:
        whole = (await hub.candles("BTC/USD", "1h", limit=200, providers=["kraken"])).value
        file = (
            whole.drop(whole.index[[50, 51]]).reset_index().rename(columns={"time": "Date", "close": "Last"})
        )
        file.attrs = {}
        mended = await hub.mend("BTC/USD", "1h", frame=file, providers=["kraken", "coinbase"])
        same(mended.frame[list(whole)], whole)
        assert mended.frame["method"].iloc[50] == "refetch"
        unknown = await hub.mend("BTC/USD", "1h", frame=file)
        assert unknown.provider == ""
        assert unknown.frame["method"].iloc[50] in {"refetch", "venue"}
        assert not unknown.kept
        await hub.settled()
        assert hub.archive.repairs(KRAKEN).empty


async def test_by_itself_it_asks_no_more_than_it_may(venues, tmp_path):
    venues.holes["kraken"] = {hours_ago(5)}
    async with hub_over(venues, tmp_path) as hub:
        asked = []
        for _ in range(5):
            mended = await hub.mend("BTC/USD", "1h", limit=100, providers=["kraken"], automatic=True)
            asked.append(len([one for one in mended.asked if one.purpose != "witness" and not one.archived]))
            assert mended.frame.loc[at(5), "method"] == "line"
        assert asked[0] > 0
        assert asked[:3] == [asked[0]] * 3
        assert asked[3:] == [0, 0]
        assert hub.archive.attempts(KRAKEN) == {at(5): 3}
        person = await hub.mend("BTC/USD", "1h", limit=100, providers=["kraken"])
        assert any(one.purpose == "again" for one in person.asked)


async def test_what_a_person_took_back_does_not_come_by_itself(venues, tmp_path):
    venues.holes["kraken"] = {hours_ago(5)}
    async with hub_over(venues, tmp_path) as hub:
        await hub.mend("BTC/USD", "1h", limit=100, providers=["kraken"])
        assert at(5) in hub.archive.load(KRAKEN).index
        hub.archive.undo(KRAKEN)
        await hub.mend("BTC/USD", "1h", limit=100, providers=["kraken"], automatic=True)
        assert at(5) not in hub.archive.load(KRAKEN).index
        await hub.mend("BTC/USD", "1h", limit=100, providers=["kraken"])
        assert at(5) in hub.archive.load(KRAKEN).index


async def test_it_can_be_cancelled(venues, tmp_path):
    venues.holes["kraken"] = {hours_ago(5)}
    reached = asyncio.Event()

    async def wait(_):
        if len(venues.seen) > 1:
            reached.set()
            await asyncio.sleep(60)

    venues.before = wait
    async with hub_over(venues, tmp_path) as hub:
        task = asyncio.create_task(hub.mend("BTC/USD", "1h", limit=100, providers=["kraken"]))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert hub.archive.repairs(KRAKEN).empty


async def test_a_hub_that_closes_says_so_to_who_waits(venues, tmp_path):
    venues.holes["kraken"] = {hours_ago(5)}
    reached = asyncio.Event()

    async def wait(_):
        if len(venues.seen) > 1:
            reached.set()
            await asyncio.sleep(60)

    venues.before = wait
    async with hub_over(venues, tmp_path) as hub:
        task = asyncio.create_task(hub.mend("BTC/USD", "1h", limit=100, providers=["kraken"]))
        await reached.wait()
    with pytest.raises(KintsugiError, match="the hub was closed"):
        await task


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"symbol": "BTC"}, "symbol='BTC'"),
        ({"symbol": "BTC/USD", "interval": "7h"}, "interval='7h'"),
        ({"symbol": "BTC/USD", "providers": ["mtgox"]}, "providers='mtgox'"),
        ({"symbol": "BTC/USD", "limit": 0}, "limit='0'"),
        ({"symbol": "BTC/USD", "start": "2026-02-01", "end": "2026-01-01"}, "expected a time before end"),
    ],
)
async def test_a_bad_argument_is_named(venues, tmp_path, arguments, says):
    async with hub_over(venues, tmp_path) as hub:
        with pytest.raises(ValueError, match=says):
            await hub.mend(**arguments)
    assert venues.seen == []


def test_the_blocking_twin_in_the_lab(tmp_path):
    with Hub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        hub.lab.inject("kraken", "gap", rows=4, times=1)
        mended = hub.mend("BTC/USD", "1h", limit=700, providers=["kraken"])
        assert mended.lab
        assert (mended.frame["method"] == "refetch").sum() == 4
        later = hub.begin(hub.hub.mend("ETH/USD", "1h", limit=100))
        assert later.result(timeout=20).before.score > 0.9
        assert {series.symbol for series in hub.archive.series()} >= {"BTC/USD", "ETH/USD"}
