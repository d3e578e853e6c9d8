"""Archived series judged and mended by themselves, and what alerts say of them. Real time: the archive has threads."""

import asyncio
import time

import pytest
from mend_venues import Venues, hours_ago, hub_over

from core.candles.archive import Series
from core.ops.archivist import WHO

KRAKEN = Series("kraken", "BTC/USD", "1h")
TARGET = "data:kraken/BTC/USD/1h"
HOLE = {hours_ago(hours) for hours in range(200, 100, -1)}
"""A hundred hours: too long for a line."""


@pytest.fixture
def venues():
    return Venues()


@pytest.fixture
def open_hub(venues, tmp_path):
    def make(**knobs):
        usual = {"monitor": "on", "judge_every": 0.15, "alert_every": 0.05, "health_reinit_cooldown": 0.1,
                 "gap_detection_window_hours": 500}  # fmt: skip
        return hub_over(venues, tmp_path, **{**usual, **knobs})

    return make


async def soon(condition, seconds=45.0):
    end = time.monotonic() + seconds
    while not (result := await condition()):
        assert time.monotonic() < end, "it did not come to be in time"
        await asyncio.sleep(0.02)
    return result


async def fetch(hub, refresh=False):
    await hub.candles("BTC/USD", "1h", limit=300, providers=["kraken"], refresh=refresh)
    await hub.settled()


async def rounds(hub, count):
    """As long as so many looks at all series take."""
    await asyncio.sleep(count * hub.settings.judge_every * 1.5)


async def healed(hub):
    return list(reversed(await asyncio.to_thread(hub.journal.events, kinds=["heal"])))


async def open_alerts(hub):
    return {alert.rule: alert for alert in await hub.alerts(open_only=True)}


async def test_a_series_goes_bad_and_that_is_an_alert_until_it_is_mended(venues, open_hub):
    venues.holes["kraken"] = HOLE
    async with open_hub(auto_repair_enabled=False) as hub:
        for rule in ("series_usable", "series_quality"):
            await hub.set_alert_rule(rule, clear=0.2, enabled=True)
        await fetch(hub)
        both = await soon(lambda: _both(hub))
        usable, quality = both["series_usable"], both["series_quality"]
        assert usable.subject == quality.subject == "kraken BTC/USD 1h"
        assert usable.text.startswith("kraken BTC/USD 1h: of 300 archived candles 75 % can be relied on")
        assert quality.text.startswith(
            f"kraken BTC/USD 1h: quality {quality.value:.2f} of 300 archived candles"
        )
        assert quality.value < 0.5
        await rounds(hub, 2)
        assert await healed(hub) == []
        (healing,) = (await hub.heal(TARGET)).healings
        assert (healing.target, healing.outcome) == (TARGET, "healed")
        await soon(lambda: _over(hub, usable.id))
        assert (await open_alerts(hub))["series_quality"].id == quality.id, "no repair raises the score"
        venues.holes["kraken"] = set()
        await fetch(hub, refresh=True)
        await soon(lambda: _over(hub, quality.id))
        await hub.journal.flushed()
        told = await asyncio.to_thread(hub.journal.events, kinds=["alert"])
        assert sorted((event.alert, event.state) for event in told) == sorted(
            (one.id, state) for one in (usable, quality) for state in ("firing", "resolved")
        )


async def _both(hub):
    alerts = await open_alerts(hub)
    return alerts if {"series_usable", "series_quality"} <= set(alerts) else None


async def _over(hub, alert_id):
    return alert_id not in {alert.id for alert in await hub.alerts(open_only=True)}


async def test_a_bad_series_is_mended_by_itself_and_on_record(venues, open_hub):
    venues.holes["kraken"] = HOLE
    async with open_hub() as hub:
        await fetch(hub)
        event, *more = await soon(lambda: healed(hub))
        assert (event.target, event.who, event.outcome, more) == (TARGET, WHO, "healed", [])
        assert "usable 75.0 → 97.5 %" in event.detail
        steps = hub.journal.events(kinds=["heal_step"], target=TARGET)
        assert [(step.step, step.outcome, step.who) for step in steps] == [("mend", "ok", WHO)]
        assert hub.journal.events(kinds=["repair"], target="kraken")[0].changes == 1
        best = hub.archive.load(KRAKEN)
        assert len(best) == 400
        assert (best["method"] == "venue").sum() == 100
        await rounds(hub, 3)
        assert len(await healed(hub)) == 1, "what is mended is left alone"
        assert hub.archive.scores(KRAKEN)["usable"].round(3).iloc[[0, -1]].tolist() == [0.75, 0.975]


async def test_what_nobody_has_is_not_tried_for_ever_not_even_after_a_restart(venues, open_hub):
    venues.holes = {"kraken": HOLE, "coinbase": HOLE}
    async with open_hub(max_gap_fill_attempts=2) as hub:
        await fetch(hub)
        await soon(lambda: _twice(hub))
        await rounds(hub, 3)
        assert len(await healed(hub)) == 2
        asked = len(venues.seen)
        await rounds(hub, 2)
        assert len(venues.seen) == asked
    async with open_hub(max_gap_fill_attempts=2) as hub:
        await soon(lambda: _judged(hub))
        await rounds(hub, 2)
        assert len(await healed(hub)) == 2


async def _twice(hub):
    return len(await healed(hub)) >= 2


async def _judged(hub):
    return hub._world.archivist.judged


@pytest.mark.parametrize(
    "knobs",
    [
        {"auto_repair_enabled": False},
        {"max_gap_fill_attempts": 0},
        {"gap_detection_window_hours": 24},
        {"corruption_threshold": 1},
        {"monitor": "off"},
        {"archive": False},
    ],
    ids=str,
)
async def test_where_it_is_not_wanted_nothing_is_mended(venues, open_hub, knobs):
    venues.holes["kraken"] = HOLE
    async with open_hub(auto_repair_enabled=False) as hub:
        await fetch(hub)
        await soon(lambda: _judged(hub))
    async with open_hub(**knobs) as hub:
        await rounds(hub, 3)
        assert await healed(hub) == []


async def test_its_rest_between_two_mends_is_that_of_all_healing(venues, open_hub):
    venues.holes = {"kraken": HOLE, "coinbase": HOLE}
    async with open_hub(health_reinit_cooldown=600) as hub:
        await fetch(hub)
        await soon(lambda: healed(hub))
        await rounds(hub, 3)
        assert len(await healed(hub)) == 1


async def test_a_mend_that_hangs_holds_up_nobody(venues, open_hub):
    venues.holes["kraken"] = HOLE
    hanging = asyncio.Event()

    async def hang(_):
        if armed:
            hanging.set()
            await asyncio.sleep(3600)

    armed = False
    venues.before = hang
    async with open_hub(deadline=60, request_timeout=60) as hub:
        await hub.configure({"auto_repair_enabled": False})
        await fetch(hub)
        await hub.candles("ETH/USD", "1h", limit=300, providers=["coinbase"])
        await soon(lambda: _judged(hub))
        armed = True
        await hub.configure({"auto_repair_enabled": True})
        await asyncio.wait_for(hanging.wait(), 15)
        async with asyncio.timeout(2):
            assert (await hub.candles("ETH/USD", "1h", limit=300, providers=["coinbase"])).tier == "cache"
            await hub.health()
            await hub.alerts()
            await hub.record_action("look", "", "", who="me")
        began = time.monotonic()
    assert time.monotonic() - began < 5, "closing does not wait for it"


async def test_a_good_series_is_judged_when_it_changes_and_otherwise_left_alone(venues, open_hub):
    async with open_hub(monitor="off") as hub:
        await fetch(hub)
    async with open_hub() as hub:
        await soon(lambda: _judged(hub))
        await rounds(hub, 3)
        assert hub._world.archivist.judged == 1
        assert hub.archive.scores(KRAKEN)["score"].tolist() == [pytest.approx(1.0)]
        await hub.candles("BTC/USD", "1h", limit=400, providers=["kraken"])
        await hub.settled()
        await rounds(hub, 2)
        assert hub.archive.scores(KRAKEN)["rows"].iloc[[0, -1]].tolist() == [300, 400]
        assert await healed(hub) == []
        assert await open_alerts(hub) == {}


async def test_a_damaged_history_of_scores_is_passed_over(open_hub, caplog):
    async with open_hub() as hub:
        await fetch(hub)
        await soon(lambda: _judged(hub))
        path = hub.archive._path("scores", KRAKEN)
        path.write_bytes(b"none of ours")
        assert hub._world.archivist.scores.all() == {}
        assert "scores of kraken BTC/USD 1h are passed over" in caplog.text
        await hub._alarms.patrol.look()
