"""A candle series as a target of healing; repairs on record. Real time: the archive reads it in its own thread."""

import asyncio

import pandas as pd
import pytest

from core.async_hub import AsyncHub
from core.candles.archive import Series
from core.clock import SystemClock
from core.engine.target import UnknownTarget
from core.lab import Lab
from core.settings import Settings

BTC = Series("kraken", "BTC/USD", "1h")


@pytest.fixture
def settings(tmp_path):
    return Settings(mode="lab", data_dir=tmp_path, providers=("kraken", "coinbase", "bitstamp"))


async def test_data_heals_by_a_mend_that_is_on_record(settings):
    lab = Lab(7, SystemClock())
    async with AsyncHub(settings, transport=lab.transport()) as hub:
        lab.inject("kraken/ohlcv", "gap", rows=5)
        await hub.candles("BTC/USD", "1h", limit=500, providers=["kraken"])
        await hub.settled()
        lab.clear()
        healing = (await hub.heal("data:btc/usd/1h", who="page")).healings[0]
        assert (healing.outcome, [step.step for step in healing.steps]) == ("healed", ["mend"])
        assert "BTC/USD 1h of" in healing.detail
        assert (await hub.heal("data:btc/usd/1h")).healings[0].outcome == "too_soon"
        with pytest.raises(
            UnknownTarget,
            match="expected data:BASE/QUOTE/INTERVAL or data:PROVIDER/BASE/QUOTE/INTERVAL; interval='9h'",
        ):
            await hub.heal("data:BTC/USD/9h")
        ended = hub.journal.events(kinds=["heal"])
        assert [(event.target, event.who, event.outcome) for event in ended] == [
            ("data:BTC/USD/1h", "page", "healed")
        ]


async def test_an_archived_series_heals_whether_or_not_it_is_still_fetched(settings):
    lab = Lab(7, SystemClock())
    async with AsyncHub(settings, transport=lab.transport()) as hub:
        lab.inject("coinbase/ohlcv", "gap", rows=5)
        week_ago = pd.Timestamp.now("UTC").floor("1h") - pd.Timedelta(days=7)
        start, end = (week_ago - pd.Timedelta(hours=hours) for hours in (200, 0))
        await hub.candles("BTC/USD", "1h", start=start, end=end, providers=["coinbase"])
        await hub.settled()
        lab.clear()
        healing = (await hub.heal("data:coinbase/btc/usd/1h", who="page")).healings[0]
        assert (healing.target, healing.outcome) == ("data:coinbase/BTC/USD/1h", "healed")
        assert "BTC/USD 1h of coinbase:" in healing.detail
        mended = hub.archive.load(Series("coinbase", "BTC/USD", "1h"))
        assert (mended["method"] != "observed").sum() == 5
        assert mended.index[-1] < week_ago, "nothing newer was fetched for it"
        nowhere = (await hub.heal("data:bitstamp/BTC/USD/1h")).healings[0]
        unknown = (await hub.heal("data:mtgox/BTC/USD/1h")).healings[0]
        assert (nowhere.outcome, unknown.outcome) == ("failed", "failed")
        assert "the archive has no candles of it" in nowhere.detail
        assert "mtgox" in unknown.detail


async def test_a_repair_is_on_record_in_whichever_thread_it_is_made(settings):
    async with AsyncHub(settings, transport=Lab(7, SystemClock()).transport()) as hub:
        heard = hub.archive._heard
        await asyncio.to_thread(heard, BTC, 3, False)
        await hub._folder.write_through(heard, BTC, 2, True)
        await asyncio.to_thread(heard, BTC, 0, False)
        found = list(reversed(hub.journal.events(kinds=["repair"])))
        assert [(event.changes, event.undone, event.target) for event in found] == [
            (3, False, "kraken"), (2, True, "kraken"),
        ]  # fmt: skip
    heard(BTC, 1, False)  # a page may still hold the archive of a hub that was closed
