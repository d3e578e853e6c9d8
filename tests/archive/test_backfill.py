"""hub.backfill: pages within quota, several venues, nothing lost, nothing twice."""

import asyncio

import pandas as pd
import pytest
from archive_series import same
from mend_venues import Venues, hours_ago, hub_over, price

from core import AsyncHub, Hub, Settings
from core.answer import KintsugiError
from core.backfill.run import USUAL
from core.backfill.share import SPARE
from core.candles import repair
from core.candles.archive import Series

KRAKEN, COINBASE = (Series(name, "BTC/USD", "1h") for name in ("kraken", "coinbase"))


@pytest.fixture
def venues():
    return Venues()


def at(hours: int) -> pd.Timestamp:
    return pd.Timestamp(hours_ago(hours), unit="s", tz="UTC")


def of(result, provider):
    return next(one for one in result.providers if one.provider == provider)


async def test_pages_through_the_limits_of_several_venues(venues, tmp_path):
    told = []
    async with hub_over(venues, tmp_path) as hub:
        result = await hub.backfill("BTC/USD", "1h", at(2000), at(10), progress=told.append)
        coinbase, kraken = of(result, "coinbase"), of(result, "kraken")
        assert (coinbase.new, coinbase.held, coinbase.gaps, coinbase.unasked) == (1990, 1990, 0, 0)
        assert coinbase.requests == 7  # three hundred each
        assert kraken.skipped == f"it keeps no candles before {at(719):%Y-%m-%d %H:%M} UTC"
        assert kraken.held + kraken.unasked == 1990
        assert (kraken.held, kraken.gaps, kraken.requests) == (709, 0, 1)
        raw = hub.archive.load(COINBASE, view="raw")
        assert raw.index.equals(pd.date_range(at(2000), at(11), freq="h", name="time"))
        assert raw["close"].iloc[5] == pytest.approx(price(hours_ago(1994)) * 1.0002, abs=1e-5)
        assert result.rows == coinbase.held + kraken.held
        assert "1,281 not asked for: it keeps no candles before" in str(result)
    shares = [step.share for step in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert told[-1].rows == result.rows


async def test_what_is_there_is_not_asked_for_again(venues, tmp_path):
    venues.holes["coinbase"] = {hours_ago(500), hours_ago(499), hours_ago(90)}
    async with hub_over(venues, tmp_path) as hub:
        first = await hub.backfill("BTC/USD", "1h", at(1000), at(10), providers=["coinbase"])
        assert of(first, "coinbase").gaps == 3
        asked = len(venues.seen)
        again = await hub.backfill("BTC/USD", "1h", at(1000), at(10), providers="coinbase")
        assert (of(again, "coinbase").new, of(again, "coinbase").gaps, of(again, "coinbase").requests) == (
            0,
            3,
            0,
        )
        assert len(venues.seen) == asked
        wider = await hub.backfill("BTC/USD", "1h", at(1100), at(10), providers=["coinbase"])
        assert (of(wider, "coinbase").new, of(wider, "coinbase").requests) == (100, 1)


async def test_one_that_was_stopped_goes_on_where_it_was(venues, tmp_path):
    async def stop(_):
        if len(venues.seen) == 4:
            task.cancel()
            await asyncio.sleep(5)

    venues.before = stop
    async with hub_over(venues, tmp_path) as hub:
        task = asyncio.create_task(hub.backfill("BTC/USD", "1h", at(2010), at(10), providers=["coinbase"]))
        with pytest.raises(asyncio.CancelledError):
            await task
        there = hub.archive.load(COINBASE, view="raw")
        assert len(there) == 900
    venues.before = None
    venues.seen.clear()
    async with hub_over(venues, tmp_path) as hub:
        result = await hub.backfill("BTC/USD", "1h", at(2010), at(10), providers=["coinbase"])
        assert (of(result, "coinbase").new, of(result, "coinbase").held) == (1100, 2000)
        assert len(venues.seen) == 4
        whole = hub.archive.load(COINBASE, view="raw")
        assert whole.index.is_unique
        same(whole.iloc[:900], there)


@pytest.mark.looptime
async def test_years_before_a_listing_cost_a_few_requests(venues, tmp_path):
    venues.listed = hours_ago(1000)
    async with hub_over(venues, tmp_path) as hub:
        result = await hub.backfill("BTC/USD", "1h", at(30_000), at(10), providers=["coinbase"])
        coinbase = of(result, "coinbase")
        assert coinbase.held == 990
        assert coinbase.requests < 15  # of a hundred
        assert coinbase.skipped == f"its history begins about {pd.Timestamp(at(1200)):%Y-%m-%d}"
        assert coinbase.unasked > 20_000
        again = of(
            await hub.backfill("BTC/USD", "1h", at(30_000), at(10), providers=["coinbase"]), "coinbase"
        )
        assert (again.held, again.new) == (990, 0)
        assert again.requests < 12
        assert again.skipped.startswith("its history begins about")


@pytest.mark.looptime
async def test_a_venue_that_wants_a_rest_gets_it(venues, tmp_path):
    venues.throttled["coinbase"] = 1
    told = []
    async with hub_over(venues, tmp_path) as hub:
        result = await hub.backfill(
            "BTC/USD", "1h", at(300), at(10), providers=["coinbase"], progress=told.append
        )
        assert of(result, "coinbase").held == 290
        assert of(result, "coinbase").requests == 2
        assert any("rests 2 s" in step.doing for step in told)


async def test_one_that_fails_is_given_up_and_costs_the_others_nothing(venues, tmp_path, monkeypatch):
    monkeypatch.setattr("core.backfill.share.LONGEST_REST", 1.0)
    venues.down = {"kraken"}
    async with hub_over(venues, tmp_path) as hub:
        result = await hub.backfill("BTC/USD", "1h", at(400), at(10))
        assert of(result, "coinbase").held == 390
        assert (of(result, "kraken").held, of(result, "kraken").unasked) == (0, 390)
        assert "503" in of(result, "kraken").skipped


async def test_who_is_given_up_is_not_waited_for_first(venues, tmp_path, monkeypatch):
    monkeypatch.setattr("core.backfill.share.TRIES", 1)
    venues.down = {"coinbase"}
    told = []
    async with hub_over(venues, tmp_path) as hub:
        result = await hub.backfill(
            "BTC/USD", "1h", at(300), at(10), providers=["coinbase"], progress=told.append
        )
    assert "1 failures in a row, the last: HTTP 503" in of(result, "coinbase").skipped
    assert not any("rests" in step.doing for step in told)


@pytest.mark.looptime
async def test_quota_is_left_for_who_waits_for_an_answer(venues, tmp_path):
    left = []

    async def look(provider):
        world = hub._world
        left.append(world.guard.limiters[provider].left(world.mono()))

    venues.before = look
    async with hub_over(venues, tmp_path) as hub:
        await hub.backfill("BTC/USD", "1h", at(6000), at(10), providers=["coinbase"])
    assert len(left) == 20
    assert min(left) >= SPARE - 0.11  # its own call is already taken from it


async def test_progress_that_raises_ends_the_work(venues, tmp_path):
    def broken(step):
        if step.rows:
            raise RuntimeError("the page is gone")

    async with hub_over(venues, tmp_path) as hub:
        with pytest.raises(RuntimeError, match="the page is gone"):
            await hub.backfill("BTC/USD", "1h", at(3000), at(10), progress=broken)
        seen = len(venues.seen)
        await asyncio.sleep(0.1)
        assert len(venues.seen) == seen


async def test_a_full_disk_is_said(venues, tmp_path, monkeypatch):
    async with hub_over(venues, tmp_path) as hub:

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(hub.archive, "add", full)
        with pytest.raises(OSError, match="No space left"):
            await hub.backfill("BTC/USD", "1h", at(300), at(10))


async def test_the_newest_candles_are_asked_for_again(venues, tmp_path):
    venues.holes["coinbase"] = {hours_ago(1)}
    async with hub_over(venues, tmp_path) as hub:
        await hub.backfill("BTC/USD", "1h", at(100), providers=["coinbase"])
        venues.holes["coinbase"] = set()
        result = await hub.backfill("BTC/USD", "1h", at(100), providers=["coinbase"])
        assert of(result, "coinbase").held == 100


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("BTC", "1h", 0), "symbol='BTC'"),
        (("BTC/USD", "9h", 0), "interval='9h'"),
        (("BTC/USD", "1h", "soon"), "start='soon'"),
        (("BTC/USD", "1h", "2026-02-01", "2026-01-01"), "before end"),
        (("BTC/USD", "1m", 0), "ask in parts"),
    ],
)
async def test_a_bad_argument_is_named(venues, tmp_path, given, says):
    async with hub_over(venues, tmp_path) as hub:
        with pytest.raises(ValueError, match=says):
            await hub.backfill(*given)
        with pytest.raises(ValueError, match="providers='mtgox'"):
            await hub.backfill("BTC/USD", "1h", at(5), providers=["mtgox"])


async def test_a_hub_that_closes_stops_it(venues, tmp_path):
    async def wait(_):
        reached.set()
        await asyncio.sleep(60)

    reached = asyncio.Event()
    venues.before = wait
    async with hub_over(venues, tmp_path) as hub:
        task = asyncio.create_task(hub.backfill("BTC/USD", "1h", at(300)))
        await reached.wait()
    with pytest.raises(KintsugiError, match="the hub was closed"):
        await task


async def test_with_nobody_named_a_few_exchanges_are_asked(tmp_path):
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        result = await hub.backfill("BTC/USD", "1h", at(2000), at(1900))
    names = [one.provider for one in result.providers]
    assert len(names) == USUAL
    assert of(result, "kraken").skipped == "only the newest 720 candles"  # asked for nothing, and it says why
    assert "binance" not in names  # it has no market in dollars
    assert of(result, "coinbase").held == 100


def test_beside_a_process_that_holds_the_folder(tmp_path):
    """A command may fill and mend the archive while the app is open: the archive has a lock of its own."""
    settings = Settings(mode="lab", data_dir=tmp_path)
    series = Series("kraken", "BTC/USD", "1h")
    with Hub(settings) as app, Hub(settings) as command:
        assert any("another process" in notice for notice in command.health().notices)
        result = command.backfill("BTC/USD", "1h", at(300), at(10), providers=["kraken"])
        assert result.rows == 290
        command.archive.apply(series, repair(command.archive.basis(series), "1h"))
        assert len(app.archive.load(series)) == 290
        app.candles("BTC/USD", "1h", limit=350, providers=["kraken"])
        app.settled()
        assert len(command.archive.load(series)) == 350


def test_the_blocking_twin_in_the_lab(tmp_path):
    told = []
    with Hub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        result = hub.backfill("BTC/USDT", "1h", at(1500), at(100), progress=told.append)
        assert result.lab
        assert sum(one.held == 1400 for one in result.providers) >= 3
        assert told[-1].share == 1.0
        binance = hub.archive.load(Series("binance", "BTC/USDT", "1h"), view="raw")
        assert len(binance) == 1400
