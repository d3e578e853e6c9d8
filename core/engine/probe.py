"""Is the network there? A few independent hosts are asked side by side; any HTTP response says yes."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, zip_longest

from core.catalog import Host, Provider
from core.engine.classify import EXPECTED
from core.engine.local import on_the_network
from core.engine.transport import Sender

MOST = 5


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
