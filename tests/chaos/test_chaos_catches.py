"""The chaos suite must catch an engine that is broken on purpose, and name the invariant."""

import dataclasses

import pytest
from chaos_run import Run
from chaos_watch import Broken

from core.engine import router, state
from core.engine.breaker import CALL, REFUSED, Breaker
from core.engine.cache import AnswerCache
from core.engine.call import Call
from core.engine.cooldown import Cooldowns
from core.engine.exchange import Exchange
from core.engine.guard import Guard
from core.engine.health import Health
from core.engine.router import Router
from core.market import Quote

pytestmark = pytest.mark.looptime

ALLOW, ADD, GET, HOLDING, VALUE, ADMIT, NOTED, FIND = (
    Breaker.allow,
    Cooldowns.add,
    AnswerCache.get,
    Cooldowns.holding,
    Exchange.value,
    Guard.admit,
    Health.noted,
    Router.find,
)


def everybody_probes(self, now):
    if self.state == "closed":
        return CALL
    if self.state == "open":
        if now < self.until:
            return REFUSED
        self.state = "half_open"
        self._spell += 1
    return self._spell


def open_lets_through(self, now):
    return ALLOW(self, now) or (CALL if self.state == "open" else REFUSED)


def opens_too_early(self, now):
    return ALLOW(self, now + 5.0)


def latest_pause_wins(self, cooldown):
    self._running[cooldown.scope] = cooldown
    return cooldown


def always_fresh(self, key):
    held = GET(self, key)
    return held and dataclasses.replace(held, fresh=True)


def pauses_hold_nobody(self, scopes, now):
    HOLDING(self, scopes, now)


def isolation_holds_nobody(self, *where):
    held, self.isolated = self.isolated, {}
    try:
        return ADMIT(self, *where)
    finally:
        self.isolated = held


async def a_thousandth_more(self, *what):
    value, status = await VALUE(self, *what)
    if isinstance(value, Quote):
        value = dataclasses.replace(value, last=value.last * 1.001)
    return value, status


async def a_second_more(self, query, deadline, providers=None):
    return await FIND(self, query, deadline + 1.0, providers)


def not_counted(self, permits, outcome):
    NOTED(self, permits, outcome)
    self.totals[outcome] -= 1


MUTANTS = {
    "half open lets everybody through": (Breaker, "allow", everybody_probes, "too many probes"),
    "open lets calls through": (Breaker, "allow", open_lets_through, "asked while open"),
    "open ends too early": (Breaker, "allow", opens_too_early, "asked while open"),
    "a permit is not handed back": (Breaker, "release", lambda *_: None, "leak"),
    "a shorter pause overwrites a longer one": (Cooldowns, "add", latest_pause_wins, "pause shortened"),
    "pauses are lost at a restart": (state, "load", lambda *_: None, "pause shortened"),
    "pauses hold nobody": (Cooldowns, "holding", pauses_hold_nobody, "asked while cooling"),
    "isolation holds nobody": (Guard, "admit", isolation_holds_nobody, "asked while isolated"),
    "stale labelled cache": (AnswerCache, "get", always_fresh, "stale as fresh"),
    "retries without a budget": (Call, "spend", lambda _: True, "budget"),
    "waits past the deadline": (Router, "find", a_second_more, "deadline"),
    "the last attempt is left out": (router, "in_order", lambda a: tuple(a[:-1]), "attempts"),
    "a wrong value": (Exchange, "value", a_thousandth_more, "wrong value"),
    "calls without a verdict are not counted": (Health, "noted", not_counted, "totals"),
}


QUICK = (
    "half open lets everybody through",
    "open lets calls through",
    "a shorter pause overwrites a longer one",
    "stale labelled cache",
)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MUTANTS]
)
async def test_it_is_caught(tmp_path, monkeypatch, name):
    where, what, mutant, invariant = MUTANTS[name]
    monkeypatch.setattr(where, what, mutant)
    run = Run(1, tmp_path, providers=("binance", "kraken", "coinbase"), max_attempts=3)
    with pytest.raises(Broken, match=f"^{invariant}"):
        await run.hours(8, pause=8)
