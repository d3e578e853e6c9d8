"""What keys are good for, as data, over the hub and in .env.example."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from core.async_hub import AsyncHub
from core.catalog import Catalog
from core.features import env_example, features
from core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
CATALOG = Catalog.load()
KEYED = {provider.id for provider in CATALOG.values() if provider.auth}


def test_every_keyed_provider_says_what_its_key_is_for():
    found = {one.provider: one for one in features(CATALOG.values(), source={})}
    assert set(found) == KEYED
    for one in found.values():
        assert one.unlocks, one.provider
        assert one.get_at.startswith("https://")
        assert (one.keys, one.holding, one.resting) == (0, "", 0)
        assert one.missing == one.required
    assert [one.required for one in found.values()] == sorted(
        (x.required for x in found.values()), reverse=True
    )


def test_keys_that_are_there_are_counted_and_never_shown():
    source = {
        "CMC_PRO_API_KEY": "MARKED-1, MARKED-2",
        "COINMARKETCAP_API_KEY": " ",
        "COINCAP_API_KEY": "MARKED-3",
    }
    found = {one.provider: one for one in features(CATALOG.values(), source, resting=lambda _: 1)}
    one = found["coinmarketcap"]
    assert (one.keys, one.holding, one.resting, one.missing) == (2, "CMC_PRO_API_KEY", 1, False)
    assert not found["coincap"].missing
    assert found["etherscan"].missing
    assert "MARKED" not in repr(found) + str([one.as_dict() for one in found.values()])


async def test_the_hub_says_so_too(tmp_path, monkeypatch):
    monkeypatch.setenv("COINCAP_API_KEY", "MARKED")
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        found = {one.provider: one for one in hub.features()}
        assert found["coincap"].keys == 1
        assert "MARKED" not in repr(found)
        monkeypatch.delenv("COINCAP_API_KEY")
        assert {one.provider: one for one in hub.features()}["coincap"].keys == 0, "no restart"


def test_the_example_file_is_the_catalogues():
    """``kintsugi catalog env > .env.example`` writes it anew."""
    assert (ROOT / ".env.example").read_text("utf-8") == env_example(CATALOG.values())


def test_the_example_names_every_key_and_holds_none(tmp_path):
    text = env_example(CATALOG.values())
    file = tmp_path / ".env"
    file.write_text(text)
    found = dotenv_values(file)
    assert found == {CATALOG[name].auth.env[0]: "" for name in KEYED}
    for name in KEYED:
        assert all(variable in text for variable in CATALOG[name].auth.env)


@pytest.mark.parametrize("provider", sorted(KEYED))
def test_one_variable_belongs_to_one_provider(provider):
    mine = set(CATALOG[provider].auth.env)
    for other in KEYED - {provider}:
        assert not mine & set(CATALOG[other].auth.env)
