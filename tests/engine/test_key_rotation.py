"""Several keys of one provider: a bad one rests alone, and the file they may stand in is read when it changes."""

import httpx
import pytest
from pydantic import SecretStr

from core.answer import NoAnswer
from core.async_hub import AsyncHub
from core.catalog import Catalog
from core.engine.keys import Keys, Used, held
from core.environment import Environment
from core.settings import Settings
from core.wire import WireRequest

CMC = Catalog.load()["coinmarketcap"]
BASES = {"BTC": "1", "ETH": "1027", "SOL": "5426", "LTC": "2"}


def price(request):
    number = request.url.params["id"]
    base = next(name for name, one in BASES.items() if one == number)
    row = {"id": int(number), "symbol": base, "quote": {"USD": {"price": 5.0}}}
    return httpx.Response(200, json={"status": {"error_code": 0}, "data": {number: row}})


class Provider:
    """Answers by key: those in ``refused`` with that status."""

    def __init__(self, **refused):
        self.refused = refused
        self.asked = []

    async def __call__(self, request):
        key = request.headers["x-cmc_pro_api_key"]
        self.asked.append(key)
        if status := self.refused.get(key):
            code = 1008 if status == 429 else 1001
            body = {"status": {"error_code": code, "error_message": f"{key} is no good"}}
            return httpx.Response(status, json=body, headers={"retry-after": "120"} if status == 429 else {})
        return price(request)


def hub_with(provider, tmp_path, clock, **knobs):
    made = Settings(mode="live", data_dir=tmp_path, providers=("coinmarketcap",), **knobs)
    return AsyncHub(made, transport=httpx.MockTransport(provider), clock=clock)


@pytest.fixture
def three(monkeypatch):
    monkeypatch.setenv("COINMARKETCAP_API_KEY", "one,two,three")


@pytest.mark.looptime
@pytest.mark.parametrize("status", [401, 429])
async def test_a_bad_key_rests_alone(three, clock, tmp_path, status):
    there = Provider(one=status)
    async with hub_with(there, tmp_path, clock) as hub:
        first = await hub.price("BTC/USD")
        assert first.value.last == 5
        bad, good = first.attempts
        assert (bad.outcome, good.outcome) == ("throttled" if status == 429 else "blocked", "ok")
        assert bad.reason.endswith("this key rests, another is used")
        assert "one" not in bad.reason.replace("CoinMarketCap says '[key] is no good'", "")
        for base in ("ETH", "SOL", "LTC"):
            assert (await hub.price(f"{base}/USD")).attempts[0].outcome == "ok"
        assert there.asked[0] == "one"
        assert "one" not in there.asked[1:]
        assert {"two", "three"} <= set(there.asked)


@pytest.mark.looptime
async def test_when_all_rest_the_provider_does_until_the_first_is_ready(three, clock, tmp_path):
    there = Provider(one=429, two=429, three=429)
    async with hub_with(there, tmp_path, clock, retries=4) as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.price("BTC/USD")
        assert [attempt.outcome for attempt in caught.value.attempts] == ["throttled"] * 3
        assert sorted(there.asked) == ["one", "three", "two"]
        with pytest.raises(NoAnswer) as caught:
            await hub.price("ETH/USD")
        assert [attempt.outcome for attempt in caught.value.attempts] == ["skipped_cooling"]
        await hub.reset("coinmarketcap")
        there.refused.clear()
        assert (await hub.price("SOL/USD")).value.last == 5


@pytest.mark.looptime
async def test_one_key_alone_is_as_it_always_was(monkeypatch, clock, tmp_path):
    monkeypatch.setenv("COINMARKETCAP_API_KEY", "one")
    async with hub_with(Provider(one=429), tmp_path, clock) as hub:
        with pytest.raises(NoAnswer) as caught:
            await hub.price("BTC/USD")
        assert [attempt.outcome for attempt in caught.value.attempts] == ["throttled"]


def test_rests_are_counted_by_key():
    now = [0.0]
    request = WireRequest("GET", httpx.URL("https://pro-api.coinmarketcap.com/"), auth="coinmarketcap")
    source = {"COINMARKETCAP_API_KEY": "one,two"}
    keys = Keys([CMC], lab=False, source=source, mono=lambda: now[0])
    one, two = (Used("coinmarketcap", SecretStr(name)) for name in ("one", "two"))
    assert keys.rest(one, 100) == 0
    assert keys.resting(CMC) == 1
    assert {keys.fill(request).used for _ in range(3)} == {two}
    now[0] = 40
    assert keys.rest(two, 300) == 60, "until the first is ready again"
    assert keys.fill(request).used == one, "the one that rests shortest"
    now[0] = 101
    assert {keys.fill(request).used for _ in range(3)} == {one}
    keys.forget(CMC)
    assert keys.resting(CMC) == 0
    assert keys.rest(one, 5) == 0
    assert "one" not in repr(one) + repr(keys) + repr(keys.fill(request))


def test_a_file_beside_the_environment(tmp_path, monkeypatch):
    file = tmp_path / ".env"
    source = Environment(file)
    assert held(CMC.auth, source) == []
    file.write_text("# keys\nCMC_PRO_API_KEY='from the $file'\nKINTSUGI_MODE=lab\nEMPTY\n")
    assert held(CMC.auth, source) == [SecretStr("from the $file")]
    assert "EMPTY" not in source
    assert "file" not in repr(source).replace(str(file), "")
    file.write_text("COINMARKETCAP_API_KEY=newer,  newest\n")
    assert held(CMC.auth, source) == [SecretStr("newer"), SecretStr("newest")], "no restart"
    monkeypatch.setenv("COINMARKETCAP_API_KEY", "first of all")
    assert held(CMC.auth, source) == [SecretStr("first of all")]
    assert source["COINMARKETCAP_API_KEY"] == "first of all"
    assert len(source) == len(list(source))
    file.write_bytes(b"\xff\xfeX=1")
    assert "X" not in source, "what cannot be read is no setting"
    file.unlink()
    assert "KINTSUGI_MODE" not in source


def test_knobs_may_stand_in_the_file_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("KINTSUGI_DEADLINE=7\nKINTSUGI_RETRIES=\nHEALTH_ERROR_THRESHOLD=9\n")
    found = Settings(data_dir=tmp_path)
    assert (found.deadline, found.retries, found.health_error_threshold) == (7, 1, 9)
    assert {"deadline", "health_error_threshold"} <= Settings.locked()
    monkeypatch.setenv("KINTSUGI_DEADLINE", "8")
    assert Settings(data_dir=tmp_path).deadline == 8
