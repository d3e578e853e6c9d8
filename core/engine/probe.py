"""Is the network there? A few independent hosts are asked side by side; any HTTP response says yes."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain, zip_longest

from core.catalog import Host, Provider
from core.clock import Clock
from core.engine.classify import EXPECTED
from core.engine.connectivity import Connectivity
from core.engine.guard import Guard
from core.engine.local import on_the_network
from core.engine.relay import Relay
from core.engine.transport import Sender

MOST = 5
OFFLINE_KEPT = 5.0
"""Seconds for which the finding that no host can be reached is not tried again."""


class Network:
    """Looks whether there is a network, among hosts that may be asked."""

    def __init__(
        self, guard: Guard, sender: Sender, connectivity: Connectivity, clock: Clock, relay: Relay | None
    ) -> None:
        self._guard = guard
        self._sender = sender
        self._connectivity = connectivity
        self._clock = clock
        self._relay = relay
        self._nobody_at: float | None = None

    async def there(self, seconds: float, silent: Collection[str] = ()) -> bool:
        """Whether any of a few independent hosts answers.

        Knowing some providers to be ``silent``, one host of every other one is asked as well: only when all
        the world is silent it is likely to be us.
        """
        now = self._clock.mono()
        if self._nobody_at is not None and now - self._nobody_at < OFFLINE_KEPT:
            return False
        providers = sorted(self._guard.catalog.values(), key=lambda provider: provider.id in silent)
        most = len(providers) if silent else MOST
        hosts = spread(providers, lambda where: not self._guard.left_alone(where, now), most)
        if not hosts:
            return True  # all of them rest or are isolated: that says nothing about the network
        there = await network_there(self._sender, hosts, seconds)
        if not there and self._relay is not None:
            there = await self._relay.there(hosts[0][0], seconds)
        self._nobody_at = None if there else self._clock.mono()
        if there:
            self._connectivity.heard(self._clock.mono())
        return there


def spread(
    providers: Iterable[Provider], may_ask: Callable[[tuple[Provider, Host]], bool], most: int = MOST
) -> list[tuple[Provider, Host]]:
    """Up to ``most`` hosts that may be asked, of as many different providers as there are."""
    rows = [
        [where for host in provider.hosts if may_ask(where := (provider, host))]
        for provider in on_the_network(providers)
    ]
    return [entry for entry in chain.from_iterable(zip_longest(*rows)) if entry is not None][:most]


async def network_there(sender: Sender, hosts: Sequence[tuple[Provider, Host]], seconds: float) -> bool:
    """Whether any of these hosts answers at all within ``seconds``; a refusal by HTTP is an answer."""

    async def answers(provider: Provider, host: Host) -> bool:
        try:
            await sender.send(host, provider.check_request(host), seconds)
        except EXPECTED as error:
            # A body we refuse to read has still come from somewhere.
            return getattr(error, "status", None) is not None
        return True

    tasks = [asyncio.create_task(answers(provider, host)) for provider, host in hosts]
    try:
        async with asyncio.timeout(seconds):
            for next_one in asyncio.as_completed(tasks):
                if await next_one:
                    return True
    except TimeoutError:
        return False
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return False
