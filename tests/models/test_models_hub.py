"""Models behind the guard: one failing degrades to the next, cools down, is isolated, is started anew."""

import asyncio

import pytest

from core import AsyncHub, NoAnswer, Settings
from core.catalog import Catalog
from core.engine.check import check_query
from core.engine.target import UnknownTarget
from core.market import PredictionQuery, Sentiment, SentimentQuery
from core.models import own_models
from core.models.model import ModelProvider

pytestmark = pytest.mark.looptime
TEXT = "Bitcoin soars"


def model(name, load=lambda: "weights", answer=lambda: 0.9, priority=100):
    async def apply(made, query, ask, seconds):
        assert made == "weights"
        return Sentiment(answer(), "positive", "a test"), ()

    return ModelProvider(name, name.title(), "sentiment", load, apply, priority, about="for a test")


def broken():
    raise RuntimeError("CUDA is out of memory <b>&\n\n")


@pytest.fixture
def open_hub(tmp_path, monkeypatch):
    def make(*models, **knobs):
        monkeypatch.setattr("core.facets.base.own_models", lambda settings: [*models, *own_models(settings)])
        return AsyncHub(Settings(mode="lab", data_dir=tmp_path, retries=0, **knobs))

    return make


@pytest.mark.parametrize("provider", own_models(Settings(mode="lab")), ids=lambda one: one.id)
async def test_conformance(provider, tmp_path):
    """Every model: a check query that it serves, an answer of its kind, load measured, one endpoint, healable."""
    (capability,) = provider.capabilities
    query = check_query(provider, capability, 0.0)
    assert query is not None
    assert provider.serves(query) is None
    assert provider.about
    assert not provider.loaded
    async with AsyncHub(Settings(mode="lab", data_dir=tmp_path)) as hub:
        answer = await hub.fetch(query, providers=(provider.id,))
        status = next(one for one in hub.models() if one.model == provider.id)
        assert (answer.source, answer.host, status.state, status.loaded, status.loads) == (
            provider.id, "local", "healthy", True, 1)  # fmt: skip
        assert status.load_seconds >= 0
        assert status.ill == ""
        healed = await hub.heal(f"model:{provider.id}", force=True)
        assert healed.healings[0].outcome == "healed"
        assert next(one for one in hub.models() if one.model == provider.id).loads == 2
        await hub.isolate(provider.id, "a test")
        refused = await hub.fetch(query, providers=(provider.id,), refresh=True)
        assert (refused.tier, refused.attempts[-1].outcome) == ("stale", "skipped_isolated")


async def test_one_that_fails_degrades_to_the_next_and_its_circuit_opens(open_hub):
    async with open_hub(model("bad", answer=broken)) as hub:
        for n in range(3):
            answer = await hub.sentiment(f"{TEXT} {n}")
            assert (answer.source, answer.tier) == ("vader", "fallback")
            (said,) = [one for one in answer.attempts if one.provider == "bad"]
            assert said.outcome == "status"
            assert said.reason.startswith("RuntimeError: CUDA is out of memory")
        answer = await hub.sentiment(f"{TEXT} again")
        assert "skipped_open" in [one.outcome for one in answer.attempts if one.provider == "bad"]
        status = next(one for one in hub.models() if one.model == "bad")
        assert status.state == "unavailable"
        assert "CUDA" in status.ill
        assert [one.target for one in (await hub.heal()).healings] == ["model:bad"]  # once, by its own way
        await hub.journal.flushed()
        assert {event.target for event in hub.journal.events(kinds=["attempt"], limit=50)} == {
            "bad/sentiment@local"
        }


async def test_a_model_that_does_not_load_says_why_and_is_started_anew(open_hub):
    ill = [True]

    def load():
        if ill:
            raise OSError("no file weights.bin")
        return "weights"

    async with open_hub(model("bad", load=load)) as hub:
        assert (await hub.sentiment(TEXT)).source == "vader"
        status = next(one for one in hub.models() if one.model == "bad")
        assert (status.loaded, status.load_seconds) == (False, None)
        assert "no file weights.bin" in status.ill
        (healing,) = (await hub.heal("model:bad")).healings
        assert (healing.outcome, "no file" in healing.detail) == ("failed", True)
        ill.clear()
        (healing,) = (await hub.heal("model:*")).healings
        assert healing.outcome == "too_soon"  # by itself; a person may force it
        (healing,) = (await hub.heal("model:bad", force=True)).healings
        assert (healing.outcome, "it answers" in healing.detail) == ("healed", True)
        assert (await hub.sentiment("another text")).source == "bad"
        assert (await hub.heal("model:bad")).healings[0].outcome == "well"
        with pytest.raises(UnknownTarget, match="model:vader"):
            await hub.heal("model:gpt")


async def test_all_failed_five_at_a_time_and_no_other(open_hub):
    loading, most, started = 0, 0, []

    def slow(name):
        def load():
            started.append(name)
            return "weights"

        async def apply(made, query, ask, seconds):
            nonlocal loading, most
            if name not in healing:
                raise RuntimeError("not yet")
            loading += 1
            most = max(most, loading)
            await asyncio.sleep(0.5)
            loading -= 1
            return Sentiment(0.5, "positive", "a test"), ()

        return ModelProvider(name, name, "sentiment", load, apply, 100, about="for a test")

    healing: set[str] = set()
    names = [f"m{n}" for n in range(8)]
    async with open_hub(*map(slow, names), health_error_threshold=1) as hub:
        for name in names:
            with pytest.raises(NoAnswer):
                await hub.sentiment(TEXT, providers=(name,))
        healing.update(names)
        result = await hub.heal("model:*")
        assert sorted(one.target for one in result.healings) == sorted(f"model:{name}" for name in names)
        assert {one.outcome for one in result.healings} == {"healed"}
        assert most == 5
        await hub.journal.flushed()
        assert len(hub.journal.events(kinds=["heal"], limit=50)) == 8


async def test_moods_of_the_market_are_not_their_business(open_hub):
    async with open_hub() as hub:
        assert (await hub.sentiment()).source == "alternative_me"
        assert "not the mood of the market" in hub.catalog["vader"].serves(SentimentQuery())
        assert hub.catalog["vader"].serves(SentimentQuery(TEXT)) is None
        assert hub.catalog["momentum"].serves(PredictionQuery("BTC/USDT")) is None


def test_ids_are_nobody_elses():
    assert not {one.id for one in own_models(Settings(mode="lab"))} & set(Catalog.load())


async def test_a_load_that_outlives_its_call_is_made_once(open_hub):
    """On virtual time: no load in a thread, but one that takes as long as a large model's."""
    made = []

    class Heavy(ModelProvider):
        async def run(self, job, *args):
            made.append(job)
            await asyncio.sleep(30)
            return job(*args)

    async def apply(weights, query, ask, seconds):
        return Sentiment(0.5, "positive", "a test"), ()

    heavy = Heavy("heavy", "Heavy", "sentiment", lambda: "weights", apply, 100, about="for a test", slow=True)
    async with open_hub(heavy) as hub:
        for n in range(5):
            assert (await hub.sentiment(f"{TEXT} {n}")).source == "vader"
            await asyncio.sleep(3)
        with pytest.raises(NoAnswer, match="being loaded"):
            await hub.sentiment("alone", providers=("heavy",))
        status = next(one for one in hub.models() if one.model == "heavy")
        assert (status.loaded, status.errors, status.ill) == (False, 0, "")
        await asyncio.sleep(30)
        assert (await hub.sentiment("another")).source == "heavy"
    assert len(made) == 1


async def test_a_model_is_a_target_of_every_action(open_hub):
    async with open_hub() as hub:
        assert [one.outcome for one in (await hub.probe("model:vader")).probes] == ["ok"]
        await hub.isolate("model:vader", "looked at by a person")
        with pytest.raises(NoAnswer):
            await hub.sentiment(TEXT, providers=["vader"])
        assert (await hub.health()).endpoints["vader/sentiment@local"].state == "isolated"
        await hub.restore("model:vader")
        assert (await hub.sentiment(TEXT, providers=["vader"])).source == "vader"
        await hub.reset("model:vader")
        assert (await hub.heal("model:vader", force=True)).healings[0].outcome == "healed"
        await hub.isolate(None, "all of it")
        with pytest.raises(NoAnswer):
            await hub.sentiment(TEXT)
        await hub.restore("vader")
        assert (await hub.sentiment(TEXT)).source == "vader"
        for act in (hub.probe, hub.reset, hub.heal, hub.restore):
            for target in ("model:kraken", "model:nosuch", 5):
                with pytest.raises(UnknownTarget):
                    await act(target)
