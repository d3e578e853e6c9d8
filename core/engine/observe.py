"""Who hears what happens at the endpoints. Plain calls on the hub's loop, so they must be quick."""

from typing import Literal, Protocol

import httpx

from core.answer import Outcome
from core.catalog import Endpoint, Provider
from core.engine.breaker import Breaker
from core.engine.cooldown import Cooldown
from core.market import Query

Axis = Literal["circuit", "truth"]


class Observer(Protocol):
    """Hears every try that was made once, every turn of a circuit, every pause. Nothing that was skipped."""

    def attempted(
        self,
        endpoint: Endpoint,
        outcome: Outcome,
        reason: str,
        status: int | None,
        elapsed: float,
        *,
        blamed: bool,
    ) -> None:
        """One try has its verdict; ``blamed`` when it is held against the endpoint."""

    def checked(
        self, provider: str, host: str, outcome: Outcome, reason: str, status: int | None, elapsed: float
    ) -> None:
        """A host was asked for its cheapest thing, whatever it serves."""

    def read(self, endpoint: Endpoint, provider: Provider, query: Query, response: httpx.Response) -> None:
        """A body was read, and is in shape."""

    def unreadable(
        self, endpoint: Endpoint, provider: Provider, query: Query, response: httpx.Response
    ) -> None:
        """A body is not in the declared shape."""

    def turned(self, endpoint: Endpoint, axis: Axis, circuit: Breaker, error: str) -> None:
        """A circuit has another state than before, or is open anew; ``error`` is the endpoint's last."""

    def paused(self, cooldown: Cooldown) -> None:
        """A pause that a provider imposed began, or became longer."""


class Nobody:
    """Hears nothing."""

    def attempted(self, *_: object, blamed: bool) -> None:
        """Nothing."""

    def checked(self, *_: object) -> None:
        """Nothing."""

    def read(self, *_: object) -> None:
        """Nothing."""

    def unreadable(self, *_: object) -> None:
        """Nothing."""

    def turned(self, *_: object) -> None:
        """Nothing."""

    def paused(self, *_: object) -> None:
        """Nothing."""
