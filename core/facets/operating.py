"""Operating: what a person does to circuits, pauses and endpoints."""

from core.engine.guard import scopes
from core.engine.proxy import Passed
from core.engine.target import endpoints_of, isolate, restore
from core.facets.base import Facet
from core.ops.events import AdminAction, EndpointsTested
from core.ops.heal import Tell
from core.ops.results import HealResult, ProbeResult
from core.tester import Trial, trials


class Operating(Facet):
    """Every action is in the journal, with who did it, when its call returns."""

    async def reset(self, target: str | None = None, *, who: str = "script") -> None:
        """Close circuits, end pauses (of keys too), forget unknown symbols. ValueError for an unknown target.

        Like every action of a person it is in the journal, with ``who``, when the call returns.
        """
        guard = self._world.guard
        for endpoint in endpoints_of(self.catalog, target):
            provider = self.catalog[endpoint.provider]
            host = next(host for host in provider.hosts if host.name == endpoint.host)
            guard.health(provider, endpoint.capability, host).reset()
            guard.cooldowns.clear(scopes(provider, endpoint.capability, host))
            guard.forget(provider.id)
            self._world.sender.keys.forget(provider)
        await self._acted("reset", target, "", who)

    async def probe(
        self, target: str | None = None, *, who: str = "script", progress: Tell | None = None
    ) -> ProbeResult:
        """Ask every endpoint of a target once, now, five at a time; its results count like any other call's.

        Open circuits get their probe at once; isolations, pauses that a provider asked for and our own quota
        hold. ``progress`` is called on the hub's loop with (done, of how many, which). UnknownTarget.
        """
        world = self._world
        endpoints_of(self.catalog, target)
        await self._acted("probe", target, "", who)
        return await world.healer.probe(target, progress)

    async def test(
        self, target: str | None = None, *, who: str = "script", progress: Tell | None = None
    ) -> tuple[Trial, ...]:
        """As :meth:`probe`, with the requests, the bodies and the values to look at; what holds an endpoint, holds."""
        world = self._world
        endpoints = endpoints_of(self.catalog, target)
        detail = f"{len(endpoints)} endpoints" if len(endpoints) > 1 else "one endpoint"
        await world.journal.record(
            EndpointsTested(time=self._clock.now(), target=target or "", who=who, detail=detail)
        )
        return await trials(world.checks, self.catalog, endpoints, progress)

    async def heal(
        self,
        target: str | None = None,
        force: bool = False,
        *,
        who: str = "script",
        progress: Tell | None = None,
    ) -> HealResult:
        """Heal what is ill of a target, five at a time: ask again, other host, who stands in for it.

        A target that was healed within ``HEALTH_REINIT_COOLDOWN`` seconds is left alone, unless ``force``,
        which also heals what is not known to be ill. ``data:BTC/USDT/1h`` mends the newest candles of whoever
        answers, ``data:kraken/BTC/USD/1h`` those that are archived of a venue.
        UnknownTarget for a target of nothing.
        """
        world = self._world
        world.healer.check(target)
        await self._acted("heal", target, "by force" if force else "", who)
        return await world.healer.heal(target, force=force, who=who, tell=progress)

    async def forget_failures(self, target: str | None = None, *, who: str = "script") -> None:
        """Forget failures that are shown and weighed; circuits and pauses stay. The journal forgets nothing."""
        world = self._world
        for endpoint in endpoints_of(self.catalog, target):
            world.guard.records()[endpoint].forget_failures()
        await self._acted("forget_failures", target, "", who)

    async def isolate(self, target: str | None, reason: str, *, who: str = "script") -> None:
        """Send nothing to a target until :meth:`restore`; survives a restart. UnknownTarget."""
        isolate(self.catalog, self._world.guard.isolated, target, reason)
        await self._acted("isolate", target, reason, who)

    async def restore(self, target: str | None, *, who: str = "script") -> None:
        """End whatever isolates a target, or any part of it; what else was isolated with it stays so."""
        restore(self.catalog, self._world.guard.isolated, target)
        await self._acted("restore", target, "", who)

    async def forward(
        self, url: str, method: str = "GET", content: bytes | None = None, *, who: str = "script"
    ) -> Passed:
        """Send a request to a host of the catalogue, without keys, and give back what it says.

        NotAllowed for any other host, or a method that the catalogue does not declare; NotNow while the host
        rests; Unreachable when it says nothing.
        """
        world = self._world
        passed = await world.proxy.forward(url, method, content)
        world.journal.note(
            AdminAction(
                time=self._clock.now(),
                target=passed.provider,
                who=who,
                detail=f"{method} {passed.host}: HTTP {passed.status}",
                action="proxy",
            )
        )
        return passed
