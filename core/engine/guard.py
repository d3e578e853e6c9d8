"""The guard in front of every endpoint: isolated? cooling? circuit open? quota left? No I/O."""

import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from core.answer import Outcome
from core.catalog import Catalog, Endpoint, Host, Provider
from core.engine.breaker import Breaker, BreakerPolicy
from core.engine.cooldown import Cooldown, Cooldowns
from core.engine.forms import Forms
from core.engine.health import Health, HealthState, Permits
from core.engine.limiter import Limiter
from core.engine.observe import Axis, Nobody, Observer
from core.market import Capability, Query, SymbolQuery

PATIENCE = 0.25
"""Seconds that a call may wait for quota before another candidate is asked instead."""
UNKNOWN_FOR = 3600.0
"""Seconds that an endpoint's word "no such symbol" is remembered."""
UNKNOWN_MOST = 2000
LISTED_FOR = 86_400.0
"""Seconds for which a provider's own list of symbols rules out what is not in it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a candidate is not asked."""

    outcome: Outcome
    reason: str
    scope: str
    """What is refused: one host, a group of them, a capability, or the whole provider."""
    whole_provider: bool = False
    wait: float = 0.0
    """Of our own quota: seconds until it would fit."""


def scopes(provider: Provider, capability: Capability, host: Host) -> tuple[str, ...]:
    """Everything whose pause or isolation stops this endpoint, widest first."""
    return (
        provider.id,
        f"{provider.id}/{capability}",
        f"{provider.id}@{host.group}",
        f"{provider.id}/{capability}@{host.group}",
        f"{provider.id}/{capability}@{host.name}",
    )


class Guard:
    """Health, pauses, quotas and isolations of everything in a catalogue."""

    def __init__(
        self,
        catalog: Catalog,
        policy: BreakerPolicy,
        rng: random.Random,
        now: float,
        disabled: Callable[[Provider], str] = lambda _: "",
    ) -> None:
        self.catalog = catalog
        self.disabled = disabled
        """Why a provider can be of no use now, a key missing; empty when it can."""
        self.cooldowns = Cooldowns()
        self.isolated: dict[str, str] = {}
        """Scope → reason; a person's doing."""
        self.limiters = {provider.id: Limiter(provider.limits, now) for provider in catalog.values()}
        self._health = {endpoint: Health(policy, rng) for endpoint in catalog.endpoints}
        self._named = {(one.provider, one.capability, one.host): one for one in catalog.endpoints}
        self.observer: Observer = Nobody()
        for endpoint, health in self._health.items():
            health.circuit.listener = partial(self._turned, endpoint, "circuit", health)
            health.truth.listener = partial(self._turned, endpoint, "truth", health)
        self.listed: dict[str, tuple[frozenset[str], float]] = {}
        """Provider → the symbols on its own list, and when that was read (wall seconds)."""
        self.forms = Forms()
        self._unknown: OrderedDict[tuple[str, str, str], tuple[float, str]] = OrderedDict()

    def health(self, provider: Provider, capability: Capability, host: Host) -> Health:
        """The record of one endpoint."""
        return self._health[self._named[provider.id, capability, host.name]]

    def follow(self, policy: BreakerPolicy) -> None:
        """Let every circuit go by this policy from now on."""
        for health in self._health.values():
            health.follow(policy)

    def endpoint(self, provider: Provider, capability: Capability, host: Host) -> Endpoint:
        """The catalogue's own object: as a key it is found by identity, which is quick."""
        return self._named[provider.id, capability, host.name]

    def records(self) -> dict[Endpoint, Health]:
        """All records."""
        return self._health

    def admit(
        self, provider: Provider, capability: Capability, host: Host, symbol: str, cost: float, now: float
    ) -> Permits | Refusal:
        """Leave for one call, its quota spent if it fits now; or why not."""
        held_by = scopes(provider, capability, host)
        for scope in held_by:
            if scope in self.isolated:
                reason = f"isolated: {self.isolated[scope]}"
                return Refusal("skipped_isolated", reason, scope, scope in held_by[:2])
        if said := self.disabled(provider):
            return Refusal("skipped_disabled", said, provider.id, whole_provider=True)
        if cooldown := self.cooldowns.holding(held_by, now):
            left = cooldown.until - now
            reason = f"{cooldown.kind} for {left:.0f} s more: {cooldown.reason}"
            return Refusal("skipped_cooling", reason, cooldown.scope, cooldown.scope in held_by[:2])
        if said := self._unknown_symbol(provider, capability, symbol, now):
            return Refusal("skipped_unserved", said, provider.id, whole_provider=True)
        health = self.health(provider, capability, host)
        if health.last_ok_at is None and (ill := self._ill_siblings(provider, capability, host)):
            # Perhaps all its hosts are down: the next one gets a probe, not the whole crowd.
            if any(sibling.circuit.probing for sibling in ill):
                return Refusal("skipped_open", "another of its hosts is being probed", held_by[1], True)
            health.circuit.doubt()
        if (permits := health.allow(now)) is None:
            return Refusal("skipped_open", health.refusal(now), held_by[-1])
        limiter = self.limiters[provider.id]
        if (delay := limiter.reserve(cost, now, PATIENCE)) is not None:
            return permits._replace(delay=delay)
        health.release(permits)
        wait = limiter.wait(cost, now)
        reason = f"own quota is used up for {wait:.1f} s more"
        return Refusal("skipped_quota", reason, provider.id, True, wait)

    def leave(
        self, provider: Provider, host: Host, query: Query, now: float, wall: float
    ) -> Permits | Refusal:
        """The same, for a query."""
        cost = provider.cost(provider.pages(query, wall)[0])
        return self.admit(provider, query.capability, host, query.subject, cost, now)

    def _ill_siblings(self, provider: Provider, capability: Capability, host: Host) -> list[Health]:
        if len(provider.hosts) == 1:
            return []
        others = [self.health(provider, capability, other) for other in provider.hosts if other is not host]
        return [health for health in others if health.shut]

    def rests(self, provider: Provider, capability: Capability, host: Host, now: float) -> float:
        """Seconds that an endpoint still rests at its own wish; 0 when it does not."""
        pause = self.cooldowns.holding(scopes(provider, capability, host), now)
        return 0.0 if pause is None else pause.until - now

    def left_alone(self, where: tuple[Provider, Host], now: float) -> bool:
        """Whether nothing at all may be sent to a host: isolated, resting at its own wish, without its key."""
        provider, host = where
        if self.disabled(provider):
            return True
        whole = (provider.id, f"{provider.id}@{host.group}")
        return any(scope in self.isolated for scope in whole) or bool(self.cooldowns.holding(whole, now))

    def pause(self, cooldown: Cooldown) -> Cooldown:
        """Start or lengthen a pause."""
        before = self.cooldowns.until(cooldown.scope)
        cooldown = self.cooldowns.add(cooldown)
        if cooldown.until > before:
            self.observer.paused(cooldown)
        return cooldown

    def _turned(self, endpoint: Endpoint, axis: Axis, health: Health, circuit: Breaker) -> None:
        self.observer.turned(endpoint, axis, circuit, health.last_error)

    def remember_unknown(self, provider: Provider, capability: Capability, symbol: str, now: float) -> None:
        """The provider does not list this symbol."""
        reason = f"{provider.name} does not list {symbol}"
        self._unknown[provider.id, capability, symbol] = (now + UNKNOWN_FOR, reason)
        while len(self._unknown) > UNKNOWN_MOST:
            self._unknown.popitem(last=False)

    def state(self, endpoint: Endpoint, now: float) -> HealthState:
        """State of an endpoint with pauses and isolations on top of its own."""
        provider = self.catalog[endpoint.provider]
        host = next(host for host in provider.hosts if host.name == endpoint.host)
        held_by = scopes(provider, endpoint.capability, host)
        if any(scope in self.isolated for scope in held_by):
            return "isolated"
        if self.disabled(provider):
            return "disabled"
        if cooldown := self.cooldowns.holding(held_by, now):
            return cooldown.kind
        return self._health[endpoint].state(now)

    def _unknown_symbol(self, provider: Provider, capability: Capability, symbol: str, now: float) -> str:
        until, reason = self._unknown.get((provider.id, capability, symbol), (0.0, ""))
        return reason if now < until else ""

    def whole_list(self, provider: str, wall: float) -> frozenset[str] | None:
        """The provider's own list of symbols, if it was read lately."""
        symbols, at = self.listed.get(provider, (None, 0.0))
        return symbols if 0 <= wall - at < LISTED_FOR else None

    def unlisted(self, provider: Provider, query: Query, wall: float) -> str:
        """Why a query about now is for nothing, by the provider's own list; empty when that does not say so.

        A range that has ended may be of a market that has gone since.
        """
        if not isinstance(query, SymbolQuery) or getattr(query, "end", None) is not None:
            return ""
        symbols = self.whole_list(provider.id, wall)
        if symbols is None or query.symbol in symbols or provider.follows_no_rule(query.symbol):
            return ""
        return f"{provider.name} does not list {query.symbol}"

    def forget(self, provider: str) -> None:
        """Ask again in the usual form, and for symbols that the provider did not list."""
        self.forms.forget(provider)
        if provider in self.listed:
            self.listed[provider] = self.listed[provider][0], 0.0
        for key in [key for key in self._unknown if key[0] == provider]:
            del self._unknown[key]
