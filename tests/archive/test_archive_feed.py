"""What the hub fetches goes into the archive, off the path of the answer."""

import asyncio

import httpx
import pandas as pd
import pytest

from core import AsyncHub, Hub, Settings
from core.candles.archive import Series
from core.engine import feed as feeding
from core.engine.folder import DataFolder


def test_fetched_candles_are_kept_in_the_world_they_came_from(tmp_path):
    with Hub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        answer = hub.candles("BTC/USDT", "1h", limit=300)
    with Hub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        kept = hub.archive.load(Series(answer.source, "BTC/USDT", "1h"), view="raw")
        pd.testing.assert_frame_equal(kept, answer.value, check_freq=False)
        assert kept.attrs["lab"] is True
        assert hub.archive.lab
    assert (tmp_path / "lab" / "archive" / "candles").is_dir()
    assert not (tmp_path / "live").exists()


def test_the_open_candle_is_not_kept(tmp_path):
    with Hub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        answer = hub.candles("BTC/USDT", "1m", limit=50, include_open=True)
    with Hub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        kept = hub.archive.times(Series(answer.source, "BTC/USDT", "1m"))
    assert 45 <= len(kept) < 50
    assert kept[-1] + 60 <= answer.fetched


def test_a_setting_switches_it_off(tmp_path):
    with Hub(Settings(mode="lab", data_dir=tmp_path, archive=False)) as hub:
        hub.candles("BTC/USDT", "1h", limit=30)
    assert not (tmp_path / "lab" / "archive").exists()


def test_a_process_that_may_only_read_reads(tmp_path):
    with Hub(Settings(mode="lab", data_dir=tmp_path)) as writer:
        answer = writer.candles("BTC/USDT", "1h", limit=30)
        series = Series(answer.source, "BTC/USDT", "1h")
        writer.settled()
        with Hub(Settings(mode="lab", data_dir=tmp_path)) as reader:
            reader.candles("ETH/USDT", "1h", limit=30)
            assert len(reader.archive.load(series)) == 30
    with Hub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        assert [held.symbol for held in hub.archive.series()] == ["BTC/USDT"]


class Untidy:
    """An archive of two series: the list cannot be read the first time, one series never tidied."""

    def __init__(self):
        self.days, self.tidied = 0, []

    def series(self):
        self.days += 1
        if self.days == 1:
            raise OSError("not now")
        return "broken", "sound"

    def tidy(self, series):
        if series == "broken":
            raise ValueError("no Parquet")
        self.tidied.append((self.days, series))


@pytest.mark.looptime
async def test_what_cannot_be_tidied_keeps_neither_the_rest_nor_tomorrow_from_it(tmp_path, caplog):
    folder, archive = DataFolder(tmp_path), Untidy()
    feed = feeding.Feed(archive, folder)
    await asyncio.sleep(2.5 * 86_400)
    await feed.close()
    folder.close()
    assert archive.tidied == [(2, "sound"), (3, "sound")]
    assert "broken could not be tidied" in caplog.text
    assert "no Parquet" in caplog.text


async def test_the_same_candles_again_write_nothing(tmp_path, monkeypatch):
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        answer = await hub.candles("BTC/USDT", "1h", limit=100, providers=["kraken"])
        await hub.settled()
        wrote = []
        monkeypatch.setattr(hub.archive, "add", lambda *given: wrote.append(given))
        await hub.candles("BTC/USDT", "1h", limit=100, providers=["kraken"], refresh=True)
        await hub.candles("BTC/USDT", "1h", limit=90, providers=["kraken"], refresh=True)
        await hub.settled()
        assert wrote == []
        await hub.candles("BTC/USDT", "1h", limit=120, providers=["kraken"], refresh=True)
        await hub.settled()
        (_, frame, _), = wrote  # fmt: skip
        assert len(frame) == 30  # remembered were the last ninety
        assert frame.index[-1] == answer.value.index[9]


async def test_what_waits_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(feeding, "MOST_ROWS", 150)
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        for symbol in ("BTC/USDT", "ETH/USDT", "SOL/USDT"):
            await hub.candles(symbol, "1h", limit=70, providers=["binance"])
        await hub.settled()
        assert [series.symbol for series in hub.archive.series()] == ["ETH/USDT", "SOL/USDT"]
        assert any("70 fetched candles were not kept" in notice for notice in (await hub.health()).notices)


async def test_a_disk_that_fails_costs_no_answer(tmp_path, monkeypatch):
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(hub.archive, "add", full)
        assert len((await hub.candles("BTC/USDT", "1h", limit=50)).value) == 50
        await hub.settled()
        assert any("No space left" in notice for notice in (await hub.health()).notices)


@pytest.mark.parametrize("rows", [0, 3])
async def test_a_venue_that_amends_a_closed_candle(tmp_path, rows):
    factor = 1.0

    def kraken(request):
        start = int(pd.Timestamp.now("UTC").timestamp()) // 3600 * 3600
        body = [[start - n * 3600, "100", "103", "99", str(101 * (factor if n <= rows else 1.0)), "100", "2.5", 9]
                for n in range(60, -1, -1)]  # fmt: skip
        return httpx.Response(200, json={"error": [], "result": {"XBTUSD": body, "last": body[-2][0]}})

    settings = Settings(mode="live", data_dir=tmp_path, providers=("kraken",))
    async with AsyncHub(settings, transport=httpx.MockTransport(kraken)) as hub:
        await hub.candles("BTC/USD", "1h", limit=50)
        factor = 1.001
        await hub.candles("BTC/USD", "1h", limit=50, refresh=True)
        await hub.settled()
        waiting = hub.archive.revisions(Series("kraken", "BTC/USD", "1h"))
        assert len(waiting) == rows
        assert (hub.archive.load(Series("kraken", "BTC/USD", "1h"))["close"] == 101).all()
