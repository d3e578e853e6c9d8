"""A run: people ask, things break and are mended, hubs restart, clocks go back. All by one seed."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

from chaos_spy import SeenLab, spying
from chaos_time import Inline, WallClock
from chaos_truth import LISTED
from chaos_watch import Watch

from core.answer import NoAnswer
from core.async_hub import AsyncHub
from core.engine import folder
from core.engine.listings import OF_MARKETS
from core.lab.faults import FAULTS
from core.market import CandleQuery, OrderBookQuery, PriceQuery, Query, TechnicalQuery, VolumeQuery
from core.settings import Settings

SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "BTC/USD", "ETH/USD", "ETH/EUR", "ETH/BTC", "NOPE/USDT")
STATUSES = (400, 401, 403, 404, 418, 429, 451, 500, 502, 503)
PLAIN = (
    *(name for name in FAULTS if name != "status"),
    *(f"status:{status}" for status in STATUSES),
)


class Run:
    """One seeded run over a data folder."""

    def __init__(self, seed: int, data_dir: Path, **knobs: Any) -> None:
        self.random = random.Random(seed)
        self.settings = Settings(mode="lab", data_dir=data_dir, **knobs)
        self.clock = WallClock()
        self.lab = SeenLab(seed=seed, clock=WallClock())
        self.watch = Watch(self.lab, self.settings)
        self.done: Counter[str] = Counter()
        self._hub: AsyncHub | None = None
        self._callers: set[asyncio.Task[None]] = set()
        self._recent: list[Query] = []
        self._venues: list[Any] = []
        self._targets: list[str] = []
        self._hosts: list[str] = []

    async def hours(self, hours: float, *, pause: float = 30.0) -> None:
        """Run so long, then clear every fault, wait, and look for what is left over."""
        random.seed(self.random.random())  # tenacity draws its backoff from there
        held, folder.ThreadPoolExecutor = folder.ThreadPoolExecutor, Inline  # type: ignore[misc]
        try:
            with spying(self.watch):
                await self._open()
                end = self.clock.mono() + hours * 3600
                while self.clock.mono() < end:
                    await self._step()
                    await asyncio.sleep(self.random.expovariate(1 / pause))
                    self.watch.check()
                self.lab.clear()
                await self._rest()
        finally:
            for caller in self._callers:
                caller.cancel()
            await asyncio.gather(*self._callers, return_exceptions=True)
            if self._hub is not None:
                await self._close()
            folder.ThreadPoolExecutor = held  # type: ignore[misc]

    @property
    def hub(self) -> AsyncHub:
        assert self._hub is not None
        return self._hub

    async def _open(self) -> None:
        self._hub = await AsyncHub(self.settings, transport=self.watch, clock=self.clock).__aenter__()
        catalog = self.hub.catalog
        here = [one for one in catalog.values() if one.hosts[0].name in self.lab.hosts]
        venues = self._venues = [one for one in here if OF_MARKETS & set(one.capabilities)]
        seeded = random.Random(self.random.random())
        self.hub._world._router._ranking._random = seeded
        for health in self.hub._world.guard.records().values():
            health.circuit._random = health.truth._random = seeded
        endpoints = [endpoint for provider in venues for endpoint in provider.endpoints]
        self._targets = sorted(
            {provider.id for provider in venues}
            | {f"{endpoint.provider}/{endpoint.capability}" for endpoint in endpoints}
            | {str(endpoint) for endpoint in endpoints}
        )
        self._hosts = sorted({endpoint.host for endpoint in endpoints})
        self.watch.opened(self.hub)

    async def _close(self) -> None:
        await self.hub.__aexit__(None, None, None)
        self._hub = None

    async def _rest(self) -> None:
        """Let everything that is under way come to its end."""
        await asyncio.gather(*self._callers)
        await asyncio.sleep(60)
        self.watch.at_rest(self.hub)

    async def _step(self) -> None:
        acts = {
            self._ask_one: 40,
            self._burst: 12,
            self._crowd: 4,
            self._give_up: 6,
            self._join_in: 4,
            self._break_something: 14,
            self._storm: 2,
            self._mend: 8,
            self._isolate: 1.5,
            self._restore: 2,
            self._reset: 0.5,
            self._restart: 1,
            self._set_clock: 0.3,
            self._quiet: 1,
        }
        act = self.random.choices(list(acts), list(acts.values()))[0]
        self.done[act.__name__.strip("_")] += 1
        await act()

    # People.

    def _query(self) -> Query:
        """One of the last few again, or another."""
        if not self._recent or self.random.random() < 0.7:
            self._recent = [*self._recent[-9:], self._new_query()]
            return self._recent[-1]
        return self.random.choice(self._recent)

    def _new_query(self) -> Query:
        draw, symbol = self.random, self.random.choice(SYMBOLS)
        match draw.choices(
            ("candles", "range", "price", "volume", "book", "technical"), (30, 6, 35, 8, 20, 1)
        )[0]:
            case "candles":
                interval = draw.choice(("1m", "1m", "3m", "5m", "5m", "15m", "1h", "2h", "4h"))
                # The market makes its candles from minutes: long spans of coarse ones take most of the time.
                limit = draw.choice((2, 20, 50, 301)) if interval in {"1m", "5m"} else draw.choice((2, 20))
                return CandleQuery(symbol, interval, limit=limit, include_open=draw.random() < 0.2)
            case "range":
                now = self.clock.now() // 3600 * 3600
                start = now - draw.randint(20, 900) * 900
                return CandleQuery(symbol, "15m", start=start, end=start + draw.randint(1, 700) * 900)
            case "price":
                allowed = ("USD",) if symbol.endswith("/USDT") and draw.random() < 0.2 else ()
                return PriceQuery(symbol, allow_quote=allowed)
            case "volume":
                return VolumeQuery(symbol)
            case "technical":
                return TechnicalQuery(symbol, "1h")
        return OrderBookQuery(symbol, depth=draw.choice((1, 5, 20, 100)))

    def _how(self) -> dict[str, Any]:
        how: dict[str, Any] = {"refresh": self.random.random() < 0.3}
        how["deadline"] = self.random.choice((None, None, 0.3, 1.0, 2.5, 6.0))
        if self.random.random() < 0.1:
            how["providers"] = [one.id for one in self.random.sample(self._venues, 2)]
        return how

    def _call(self, query: Query, how: dict[str, Any]) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._caller(self.hub, query, how))
        self._callers.add(task)
        task.add_done_callback(self._callers.discard)
        return task

    async def _caller(self, hub: AsyncHub, query: Query, how: dict[str, Any]) -> None:
        began = self.clock.mono()
        try:
            answer = await hub.fetch(query, **how)
        except NoAnswer as error:
            self.watch.failed(query, error)
        else:
            self.watch.answered(query, answer, how.get("providers"))
        deadline = how["deadline"] or self.settings.deadline
        self.watch.took(query, self.clock.mono() - began, deadline)

    async def _ask_one(self) -> None:
        self._call(self._query(), self._how())

    async def _burst(self) -> None:
        for _ in range(self.random.randint(3, 12)):
            self._call(self._query(), self._how())

    async def _crowd(self) -> None:
        """Many at once at one capability of one provider, so that probes and pauses meet."""
        provider = self.random.choice(self._venues)
        for symbol in SYMBOLS:
            for query in (PriceQuery(symbol), OrderBookQuery(symbol), VolumeQuery(symbol)):
                self._call(query, {"refresh": True, "deadline": 3.0, "providers": [provider.id]})

    async def _give_up(self) -> None:
        task = self._call(self._query(), self._how())
        asyncio.get_running_loop().call_later(self.random.uniform(0, 2), task.cancel)

    async def _join_in(self) -> None:
        query, how = self._query(), self._how()
        for _ in range(20):
            self._call(query, how)
        self._call(query, how | {"deadline": 0.2})

    # Trouble.

    def _where(self) -> str | None:
        if self.random.random() < 0.03:
            return None
        if self.random.random() < 0.1:
            return f"@{self.random.choice(self._hosts)}"
        provider = self.random.choice(self._venues).id
        return self.random.choice([one for one in self._targets if one.split("/")[0] == provider])

    async def _break_something(self) -> None:
        draw, now = self.random, self.lab.clock.now()
        fault = draw.choice(PLAIN)
        options: dict[str, Any] = {"until": now + draw.choice((30, 120, 600, 1800, 7200))}
        known = FAULTS[fault.partition(":")[0]]
        if draw.random() < 0.4:
            options["probability"] = draw.choice((0.1, 0.5, 0.9))
        if draw.random() < 0.2:
            options["times"] = draw.randint(1, 10)
        if fault in {"latency", "timeout"}:
            options["seconds"] = draw.choice((0.05, 0.5, 2.0, 3.9, 30.0))
        if "retry_after" in known and draw.random() < 0.5:
            options["retry_after"] = draw.choice((0, 1, 7, 45, 400, 3000, "", "soon", -5))
        for name, values in {
            "rows": (1, 3, 20), "factor": (0.01, 1.5, 10.0), "rate": (5.0, 2000.0), "clean": (True, False),
            "slope": (0.001, 0.1),
        }.items():  # fmt: skip
            if name in known and draw.random() < 0.5:
                options[name] = draw.choice(values)
        where = self._where()
        if fault == "delisted":
            mine = {venue.id for venue in self._venues}
            where, options["symbol"] = draw.choice(
                [one for one in LISTED if one[0] in mine and one[1] in SYMBOLS]
            )
        self.lab.inject(where, fault, **options)
        self.done[fault] += 1

    async def _storm(self) -> None:
        """One provider throttles every capability for a time of its own, some of it late, under a crowd."""
        provider = self.random.choice(self._venues)
        until = self.lab.clock.now() + 20
        for capability in provider.capabilities:
            target = f"{provider.id}/{capability}"
            wait = self.random.choice((5, 60, 900))
            self.lab.inject(target, "status:429", retry_after=wait, until=until)
            self.lab.inject(target, "latency", seconds=self.random.uniform(0.1, 1.5), until=until)
        await self._crowd()
        query = CandleQuery(provider.check_symbol, "1h", limit=20)
        self._call(query, {"refresh": True, "deadline": 3.0, "providers": [provider.id]})

    async def _mend(self) -> None:
        self.lab.clear(self._where() if self.random.random() < 0.7 else None)

    async def _isolate(self) -> None:
        target = self.random.choice(self._targets)
        self.watch.isolate(target)
        await self.hub.isolate(target, "a person said so")

    async def _restore(self) -> None:
        for target in list(self.hub._world.guard.isolated):
            await self.hub.restore(target)

    async def _reset(self) -> None:
        self.watch.reset()
        await self.hub.reset(self.random.choice([None, *self._targets]))

    async def _restart(self) -> None:
        await self._rest()
        before = self.hub._clock.now()
        await self._close()
        if self.random.random() < 0.5:
            self._set_back()
        down = self.random.choice((0.1, 5, 120))
        await asyncio.sleep(down)
        await self._open()
        if (seen := self.clock.now() - before) >= 0:
            self.watch.hidden(max(0.0, down - seen))

    async def _set_clock(self) -> None:
        self._set_back()

    def _set_back(self) -> None:
        """Back, by up to ten minutes; now and then put right again."""
        if self.clock.jump < -1200:
            self.watch.forgive(-self.clock.jump)
            self.clock.jump = 0.0
            return
        seconds = self.random.choice((1.0, 20.0, 90.0, 600.0))
        self.clock.jump -= seconds

    async def _quiet(self) -> None:
        """Nothing for a while; then everything must have come to rest."""
        await asyncio.sleep(self.random.choice((1, 60, 900)))
        await self._rest()
