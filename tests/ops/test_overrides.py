"""Knobs from pages and REST: all or none, locked where somebody else holds them, on record, in force."""

import json
import tomllib

import pytest
from fakes import status
from ops_world import events_of

from core.answer import NoAnswer
from core.async_hub import AsyncHub
from core.ops.overrides import SettingLocked
from core.settings import Settings, SettingsError

pytestmark = pytest.mark.looptime


def written(world):
    return tomllib.loads((world.folder / "overrides.toml").read_text())


async def test_what_is_set_holds_at_once_is_on_record_and_outlives_a_restart(world):
    async with world.hub() as hub:
        done = await hub.configure({"health_error_threshold": "2", "deadline": 7}, who="page")
        assert [(one.name, one.old, one.new, one.at_once) for one in done.changes] == [
            ("deadline", "10.0", "7.0", True), ("health_error_threshold", "3", "2", True),
        ]  # fmt: skip
        assert json.dumps(done.as_dict())
        world.venues.on("kraken", status(500))
        for _ in range(2):
            with pytest.raises(NoAnswer):
                await hub.price("BTC/USD", refresh=True, providers=["kraken"])
        assert (await hub.health()).endpoints["kraken/price@api.kraken.com"].circuit == "open"
        told = await events_of(hub, kinds=["setting"])
        assert [(e.who, e.name, e.old, e.new) for e in told] == [
            ("page", "deadline", "10.0", "7.0"), ("page", "health_error_threshold", "3", "2"),
        ]  # fmt: skip
    assert written(world) == {"health_error_threshold": 2, "deadline": 7.0}
    assert Settings(data_dir=world.folder).deadline == 7.0
    async with world.hub() as hub:
        assert hub.settings.health_error_threshold == 2
        back = await hub.configure({"deadline": None})
        assert [(one.old, one.new) for one in back.changes] == [("7.0", "10.0")]
        assert hub.settings.deadline == 10.0
    assert written(world) == {"health_error_threshold": 2}


async def test_what_needs_a_restart_says_so_and_waits(world):
    async with world.hub() as hub:
        done = await hub.configure({"request_timeout": 5, "retries": 0})
        assert done.restart == ("request_timeout",)
        assert (hub.settings.request_timeout, hub.settings.retries) == (4.0, 0)
        knob = {one.name: one for one in hub.knobs()}["request_timeout"]
        assert (knob.value, knob.waiting, knob.source, knob.locked) == ("4.0", "5.0", "override", "")
        again = await hub.configure({"deadline": 9})
        assert [one.name for one in again.changes] == ["deadline"]
    async with world.hub() as hub:
        assert hub.settings.request_timeout == 5.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"deadline": 7, "retries": 99}, "RETRIES='99': input should be less than or equal to 5"),
        ({"deadline": 7, "request_timeout": 2}, "connect_timeout=2.5: expected at most request_timeout=2.0"),
        ({"deadline": 7, "dead_line": 3}, "dead_line='3': no such setting"),
        ({"deadline": 7, "data_dir": "/etc"}, "data_dir was given in code"),
        ({"deadline": 7, "admin_token": "x"}, "can only be set by KINTSUGI_ADMIN_TOKEN"),
        ({"deadline": 7, "catalog_dirs": ["/etc"]}, "can only be set by KINTSUGI_CATALOG_DIRS"),
        ({"deadline": 7, "mode": "lab"}, "mode was given in code"),
    ],
)
async def test_all_or_none(world, changes, said):
    async with world.hub() as hub:
        with pytest.raises(SettingsError, match=said):
            await hub.configure(changes)
        assert hub.settings.deadline == 10.0
        assert not (world.folder / "overrides.toml").exists()
        assert await events_of(hub, kinds=["setting"]) == []


async def test_the_environment_holds_a_knob_and_is_named(world, monkeypatch):
    monkeypatch.setenv("HEALTH_REINIT_COOLDOWN", "77")
    async with world.hub() as hub:
        with pytest.raises(SettingLocked, match="held by the environment: HEALTH_REINIT_COOLDOWN"):
            await hub.configure({"health_reinit_cooldown": 5})
        knob = {one.name: one for one in hub.knobs()}["health_reinit_cooldown"]
        assert (knob.value, knob.source) == ("77.0", "environment")
        assert "HEALTH_REINIT_COOLDOWN" in knob.locked


async def test_a_secret_that_is_refused_is_not_repeated(world):
    async with world.hub() as hub:
        with pytest.raises(SettingLocked, match="admin_token=…: admin_token can only") as caught:
            await hub.configure({"admin_token": "s3cret"})
    assert "s3cret" not in str(caught.value)


async def test_what_a_person_wrote_there_stays_as_it_stands(world):
    (world.folder / "overrides.toml").write_text(
        'admin_token = "s3cret"\nalert_urls = ["json://127.0.0.1:9/path"]\n'
    )
    async with world.hub() as hub:
        await hub.configure({"deadline": 7})
    kept = written(world)
    assert (kept["admin_token"], kept["alert_urls"]) == ("s3cret", ["json://127.0.0.1:9/path"])
    assert kept["deadline"] == 7.0


async def test_files_are_read_again_when_asked(world):
    async with world.hub() as hub:
        (world.folder / "overrides.toml").write_text("hedge_after = 0.2\nbalance = 'round_robin'\n")
        done = await hub.reload_settings(who="rest")
        assert [(one.name, one.at_once) for one in done.changes] == [
            ("hedge_after", True),
            ("balance", False),
        ]
        assert hub.settings.hedge_after == 0.2
        assert (await hub.reload_settings()).changes == ()
        (world.folder / "overrides.toml").write_text("hedge_after = -1")
        with pytest.raises(SettingsError, match="HEDGE_AFTER"):
            await hub.reload_settings()
        assert hub.settings.hedge_after == 0.2


async def test_the_monitor_starts_and_stops_by_its_knob(world):
    async with world.hub() as hub:
        await hub.configure({"monitor": "on"})
        assert hub._world.monitor.running
        await hub.configure({"monitor": None})
        assert not hub._world.monitor.running


async def test_who_does_not_hold_the_folder_does_not_write_it(world):
    async with world.hub(), AsyncHub(
        Settings(mode="live", data_dir=world.folder, providers=("kraken",)),
        transport=world.venues, clock=world.clock,
    ) as second:  # fmt: skip
        with pytest.raises(SettingLocked, match="another process writes this data folder"):
            await second.configure({"deadline": 5})


async def test_the_callers_own_settings_are_left_as_they_are(world):
    mine = Settings(mode="live", data_dir=world.folder, providers=("kraken",))
    async with AsyncHub(mine, transport=world.venues, clock=world.clock) as hub:
        await hub.configure({"deadline": 5})
        assert (mine.deadline, hub.settings.deadline) == (10.0, 5.0)


async def test_secrets_are_shown_nowhere(world, monkeypatch):
    monkeypatch.setenv("KINTSUGI_ADMIN_TOKEN", "s3cr3t")
    async with world.hub() as hub:
        assert "s3cr3t" not in str(hub.knobs())
        assert {one.name: one.value for one in hub.knobs()}["admin_token"] == '"…"'
