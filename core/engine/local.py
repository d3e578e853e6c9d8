"""Sources inside this process, behind the same guard, health and provenance as a host on the network."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, Protocol

from core.answer import Answer
from core.catalog import Endpoint, Host, Provider
from core.market import CandleQuery, Capability, Query
from core.wire import Alternative

HERE = "local"
"""The host name of everything in this process."""


class Ask(Protocol):
    """How a local source gets what it works on: through the hub, like everybody else."""

    async def __call__(self, query: Query, *, deadline: float) -> Answer[Any]: ...


Work = Callable[[Query, Ask, float], Awaitable[tuple[Any, tuple[str, ...]]]]
"""From a query to a value and notes on it, asking for what it needs, within so many seconds.

Raises WireErrors, as a host's answer would.
"""


class LocalProvider(Provider):
    """A provider whose exchange is a coroutine of ours instead of a request.

    ``outside`` says that the coroutine asks somebody outside this process: then its word is looked at like any
    host's, and the lab knows nothing of it.
    """

    def __init__(
        self,
        id: str,  # noqa: A002
        name: str,
        work: dict[Capability, Work],
        priority: int = 500,
        *,
        host: str = HERE,
        kind: str = "local",
        outside: bool = False,
        upstream: str = "",
    ) -> None:
        self.id = id
        self.name = name
        self.kind = kind
        self.outside = outside
        self.home = self.docs = ""
        self.read_on = None
        self.read_from = ()
        self.priority = priority
        self.upstream = upstream or id
        self.hosts = (Host.model_construct(name=host, group=host),)
        self.capabilities = tuple(work)
        self.limits = ()
        self.quotes = ()
        self.notes = ()
        self.auth = None
        self.check_symbol = ""
        self.work = work
        self.endpoints = tuple(Endpoint(id, capability, host) for capability in work)

    def priority_for(self, capability: Capability) -> int:
        """The same for all."""
        del capability
        return self.priority

    def serves(self, query: Query, now: float | datetime | None = None) -> str | None:
        """None for what it works on."""
        del now
        return None if query.capability in self.work else f"no {query.capability}"

    def covers(self, query: Query, now: float | datetime) -> bool:
        """Always."""
        del query, now
        return True

    def reach(self, query: CandleQuery, now: float) -> int | None:
        """No bound is known."""
        del query, now
        return None

    def pages(self, query: Query, now: float | datetime) -> list[Query]:
        """The query itself."""
        del now
        return [query]

    def alternatives(self, capability: Capability) -> tuple[Alternative, ...]:
        """None."""
        del capability
        return ()

    def cost(self, query: Query) -> float:
        """Nothing that anybody counts."""
        del query
        return 0.0


def on_the_network(providers: Iterable[Provider]) -> list[Provider]:
    """Those that have a host to reach."""
    return [provider for provider in providers if not isinstance(provider, LocalProvider)]
