"""Knobs: where they come from, and what is said about a bad one."""

import pytest

from core import Settings
from core.settings import SettingsError


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(Settings.variable(name), raising=False)
    monkeypatch.setenv("KINTSUGI_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def test_first_wins_argument_environment_overrides_file_default(here, monkeypatch):
    assert Settings().health_error_threshold == 3
    (here / "kintsugi.toml").write_text("health_error_threshold = 4\nretries = 2\n")
    assert Settings().health_error_threshold == 4
    (here / "data").mkdir()
    (here / "data" / "overrides.toml").write_text("health_error_threshold = 5\n")
    assert Settings().health_error_threshold == 5
    monkeypatch.setenv("HEALTH_ERROR_THRESHOLD", "6")
    assert Settings().health_error_threshold == 6
    assert Settings(health_error_threshold=7).health_error_threshold == 7
    assert Settings().retries == 2


def test_the_variables_people_have(monkeypatch):
    for name, value in {
        "HEALTH_ERROR_THRESHOLD": "5",
        "HEALTH_COOLDOWN_SECONDS": "60",
        "HEALTH_RECOVERY_COUNT": "4",
        "HEALTH_AUTO_REINIT": "false",
        "HEALTH_REINIT_COOLDOWN": "90",
    }.items():
        monkeypatch.setenv(name, value)
    knobs = Settings()
    assert (knobs.health_error_threshold, knobs.health_cooldown_seconds) == (5, 60)
    assert (knobs.health_recovery_count, knobs.health_auto_reinit, knobs.health_reinit_cooldown) == (
        4,
        False,
        90,
    )
    assert {"health_error_threshold", "data_dir"} <= Settings.locked()
    assert "retries" not in Settings.locked()


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("HEALTH_ERROR_THRESHOLD", "banana", "integer"),
        ("HEALTH_ERROR_THRESHOLD", "0", "greater than or equal to 1"),
        ("KINTSUGI_MODE", "demo", "'auto', 'live' or 'lab'"),
        ("KINTSUGI_LAB_URL", "http://example.com", "loopback"),
        ("KINTSUGI_DEADLINE", "-1", "greater than 0"),
    ],
)
def test_an_error_names_variable_value_and_what_is_allowed(monkeypatch, variable, value, allowed):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        Settings()
    assert variable in str(caught.value)
    assert repr(value) in str(caught.value)
    assert allowed in str(caught.value)


def test_all_faults_are_told_at_once(monkeypatch):
    monkeypatch.setenv("KINTSUGI_MODE", "x")
    monkeypatch.setenv("KINTSUGI_RETRIES", "y")
    with pytest.raises(SettingsError, match=r"KINTSUGI_MODE.*KINTSUGI_RETRIES"):
        Settings()


def test_unknown_knobs_are_refused(here):
    with pytest.raises(SettingsError, match="colour"):
        Settings(colour="gold")
    (here / "kintsugi.toml").write_text('colour = "gold"\n')
    with pytest.raises(SettingsError, match="colour"):
        Settings()


def test_the_value_of_a_slip_is_not_told(here):
    (here / "kintsugi.toml").write_text('admin_tokem = "s3cret"\n')
    with pytest.raises(SettingsError, match="admin_tokem: no such setting") as caught:
        Settings()
    assert "s3cret" not in str(caught.value)


def test_a_variable_that_is_empty_holds_nothing(monkeypatch):
    monkeypatch.setenv("KINTSUGI_RETRIES", "")
    assert Settings().retries == 1
    assert "retries" not in Settings.locked()


def test_a_broken_file_is_named(here):
    (here / "kintsugi.toml").write_text("this is = = no toml")
    with pytest.raises(SettingsError, match=r"kintsugi\.toml"):
        Settings()


def test_knobs_must_fit_together():
    with pytest.raises(SettingsError, match="connect_timeout"):
        Settings(connect_timeout=10, request_timeout=5)


def test_lists_in_the_environment_have_commas(monkeypatch):
    monkeypatch.setenv("KINTSUGI_PROVIDERS", "kraken, coinbase")
    assert Settings().providers == ("kraken", "coinbase")


def test_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Settings().mode = "lab"
