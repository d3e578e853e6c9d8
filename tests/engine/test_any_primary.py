"""What holds for the first venues holds for any venue as the primary: each in its own wire format, in the lab."""

import asyncio
from collections import Counter

import httpx
import pytest

from core.answer import NoAnswer
from core.async_hub import AsyncHub
from core.catalog import Catalog
from core.lab import Lab
from core.market import CandleQuery, OrderBookQuery, PriceQuery, VolumeQuery
from core.settings import Settings

pytestmark = pytest.mark.looptime

CATALOG = Catalog.load()
QUICK = {"okx", "coingecko"}
THOROUGH = {"okx", "htx", "coinpaprika"}
"""In all their capabilities; the others in candles, or else in prices."""
CAPABILITIES = ("ohlcv", "price", "volume", "orderbook")


def query_for(provider, capability, **fields):
    symbol = provider.check_symbol
    if capability == "ohlcv":
        call = provider.declaration.ohlcv
        interval = "1h" if "1h" in call.intervals else next(iter(call.intervals))
        return CandleQuery(symbol, interval, limit=min(40, call.kept(interval) or 40), **fields)
    kinds = {"price": PriceQuery, "volume": VolumeQuery}
    return kinds[capability](symbol, **fields) if capability in kinds else OrderBookQuery(symbol, depth=5)


def stand_ins(provider, query, count=2):
    others = [one for one in CATALOG.values() if one is not provider and one.serves(query) is None]
    return [one.id for one in sorted(others, key=lambda one: one.kind != "exchange")][:count]


def pairs(names):
    """Venue and capability; what takes long is left to the slow set."""
    for name in names:
        provider = CATALOG[name]
        known = [one for one in CAPABILITIES if one in provider.capabilities]
        for capability in known if name in QUICK | THOROUGH else known[:1]:
            if stand_ins(provider, query_for(provider, capability)):
                quick = name in QUICK and capability in {"ohlcv", "price"}
                marks = () if quick else pytest.mark.slow
                yield pytest.param(name, capability, id=f"{name}-{capability}", marks=marks)


FIRST = (
    *(
        "binance",
        "kraken",
        "coinbase",
        "binance_us",
        "okx",
        "bybit",
        "kucoin",
        "gateio",
        "bitstamp",
        "bitfinex",
    ),
    *("gemini", "mexc", "htx", "coingecko", "coinpaprika"),
)
PAIRS = list(pairs(FIRST))
EVERY = list(
    pairs(
        name
        for name, provider in CATALOG.items()
        if not (provider.auth is not None and provider.auth.required)
    )
)
"""The engine is the same for all: of later ones what hangs on their wire format is looked at, their failures."""
assert {param.values[0] for param in PAIRS} == {*FIRST}


class Counted(httpx.AsyncBaseTransport):
    """The lab's transport, counting requests by host."""

    def __init__(self, inner):
        self.inner = inner
        self.seen = Counter()

    async def handle_async_request(self, request):
        self.seen[request.url.host] += 1
        return await self.inner.handle_async_request(request)


class Stage:
    """One venue as the primary, two behind it, all in the lab."""

    def __init__(self, name, capability, clock, folder, **knobs):
        self.name = name
        self.query = query_for(CATALOG[name], capability)
        self.capability = capability
        self.others = stand_ins(CATALOG[name], self.query)
        self.lab = Lab(seed=7, clock=clock)
        self.transport = Counted(self.lab.transport())
        how = Settings(mode="live", data_dir=folder, providers=(name, *self.others), **knobs)
        self.hub = AsyncHub(how, transport=self.transport, clock=clock)
        self.hub.catalog[name].priority = 0
        self.hub.catalog = Catalog(self.hub.catalog.values())
        self.hosts = [host.name for host in self.hub.catalog[name].hosts]

    async def ask(self, **how):
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await self.hub.fetch(self.query, refresh=True, **how)
        self.took = loop.time() - began
        return answer

    async def health(self, host=0):
        return (await self.hub.health()).endpoints[f"{self.name}/{self.capability}@{self.hosts[host]}"]

    def sent(self):
        return sum(self.transport.seen[host] for host in self.hosts)

    def own(self, answer):
        return [attempt.outcome for attempt in answer.attempts if attempt.provider == self.name]


@pytest.fixture
def stage(clock, tmp_path):
    return lambda name, capability, **knobs: Stage(name, capability, clock, tmp_path, **knobs)


@pytest.mark.parametrize(("name", "capability"), EVERY)
async def test_failures_of_the_primary(stage, name, capability):
    """500, every bad body, a refused and a reset connection: counted once a host, the next one in under 1 s."""
    on = stage(name, capability)
    async with on.hub as hub:
        answer = await on.ask()
        assert (answer.source, answer.tier, on.own(answer)) == (name, "primary", ["ok"])
        for fault in (
            "status:500",
            "html",
            "empty",
            "truncated",
            "wrong_type",
            "partial_206",
            "garbage",
            "reset",
        ):
            await asyncio.sleep(61)  # for quotas of a few calls a minute
            on.lab.inject(name, fault)
            answer = await on.ask()
            assert answer.source in on.others, fault
            assert answer.tier == "fallback"
            assert on.took < 1, fault
            assert set(on.own(answer)) <= {"status", "payload", "refused"}, fault
            assert (await on.health()).errors in {1, 2}, fault  # a broken connection is tried again once
            on.lab.clear()
            await hub.reset()
        await asyncio.sleep(61)
        on.lab.inject(name, "refuse")
        answer = await on.ask()
        assert answer.source in on.others
        assert set(on.own(answer)) == {"refused"}


@pytest.mark.parametrize(("name", "capability"), PAIRS)
async def test_a_hanging_primary_is_overtaken_and_its_circuit_opens(stage, name, capability):
    on = stage(name, capability)
    on.lab.inject(name, "timeout")
    async with on.hub:
        for _ in range(3):
            answer = await on.ask()
            assert answer.source in on.others
            assert on.took < 1
            assert on.own(answer) == ["overtaken"]
        assert (await on.health()).circuit == "open"
        await asyncio.sleep(11)
        seen = on.transport.seen[on.hosts[0]]
        answer = await on.ask()
        assert "skipped_open" in on.own(answer)
        assert on.transport.seen[on.hosts[0]] == seen


@pytest.mark.parametrize(("name", "capability"), PAIRS)
async def test_limits_and_refusals_are_heeded(stage, name, capability):
    on = stage(name, capability)
    on.lab.inject(name, "status:429", retry_after="120")
    async with on.hub as hub:
        answer = await on.ask()
        assert answer.source in on.others
        assert on.own(answer) == ["throttled"]
        on.lab.clear()
        sent = on.sent()
        for _ in range(5):
            await asyncio.sleep(20)
            assert on.own(await on.ask()) == ["skipped_cooling"]
        assert on.sent() == sent
        await asyncio.sleep(21)
        assert (await on.ask()).source == name

        await hub.reset()
        on.lab.inject(name, "status:451")
        sent = on.sent()
        answer = await on.ask()
        assert answer.source in on.others
        assert {*on.own(answer)} - {"skipped_cooling"} == {"blocked"}  # other hosts of the group rest too
        groups = {host.group for host in hub.catalog[name].hosts}
        assert on.sent() - sent <= len(groups)
        assert (await on.health()).state == "blocked"
        sent = on.sent()
        answer = await on.ask()
        assert on.own(answer)[0] == "skipped_cooling"


@pytest.mark.parametrize(("name", "capability"), PAIRS)
async def test_nobody_answers(stage, name, capability):
    """Stale with its age and attempts; with nothing cached every attempt is listed; offline is nobody's fault."""
    on = stage(name, capability)
    async with on.hub as hub:
        first = await on.ask()
        on.lab.inject(None, "status:503")
        with pytest.raises(NoAnswer) as caught:
            await hub.fetch(on.query, providers=[name])  # another key, nothing cached
        assert all(str(attempt) in str(caught.value) for attempt in caught.value.attempts)
        await asyncio.sleep(900)
        answer = await on.ask()
        assert (answer.tier, answer.source) == ("stale", name)
        assert answer.age == pytest.approx(900, abs=3)
        assert answer.attempts[0] == first.attempts[0]
        assert {attempt.provider for attempt in answer.attempts} == {name, *on.others}
        on.lab.clear()
        await hub.reset()
        on.lab.inject(None, "refuse")
        answer = await on.ask()
        assert any("offline" in note for note in answer.notes)
        assert all(entry.circuit == "closed" for entry in (await hub.health()).endpoints.values())


@pytest.mark.parametrize(("name", "capability"), PAIRS)
async def test_one_probe_at_half_open_and_one_request_for_identical_queries(stage, name, capability):
    on = stage(name, capability)
    on.lab.inject(name, "latency", seconds=0.1)
    async with on.hub as hub:
        answers = await asyncio.gather(*(hub.fetch(on.query, providers=[name]) for _ in range(100)))
        assert on.sent() == 1
        assert {answer.source for answer in answers} == {name}
        on.lab.inject(name, "status:500")
        for _ in range(3):
            await on.ask()
        assert (await on.health()).circuit == "open"
        await asyncio.sleep(37)
        before = Counter(on.transport.seen)
        many = [on.query] * 50
        if capability != "orderbook":
            many = [query_for(CATALOG[name], capability, allow_quote=(f"Q{n}",)) for n in range(50)]
        await asyncio.gather(*(hub.fetch(query, refresh=True) for query in many), return_exceptions=True)
        assert all(on.transport.seen[host] - before[host] <= 1 for host in on.hosts)


UNLISTED = [param for param in PAIRS if param.values[1] in {"ohlcv", "price"}]


@pytest.mark.parametrize(("name", "capability"), UNLISTED)
async def test_another_symbol_costs_no_health_and_another_quote_is_never_given(stage, name, capability):
    on = stage(name, capability)
    base, quote = on.query.symbol.split("/")
    other = on.query.replace(symbol=f"ETH/{quote}")
    on.lab.inject(name, f"delisted:ETH/{quote}")
    async with on.hub as hub:
        sent = on.sent()
        for _ in range(3):
            answer = await hub.fetch(other, refresh=True)
            assert answer.source in on.others
        if "unknown_symbol" in on.own(answer) or "skipped_unserved" in on.own(answer):
            assert on.sent() - sent == 1  # remembered
        health = await on.health()
        assert (health.errors, health.circuit) == (0, "closed")

        wrong = "EUR" if quote != "EUR" else "GBP"
        try:
            answer = await hub.fetch(on.query.replace(symbol=f"{base}/{wrong}"))
        except NoAnswer:
            return
        used = answer.value.attrs["quote"] if capability == "ohlcv" else answer.value.symbol.split("/")[1]
        assert used == wrong
