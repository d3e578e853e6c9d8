"""Sends messages to every address of a person, and keeps on record what is on its way."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any

from pydantic import SecretStr

from core.clock import Clock
from core.ops.alerts.outbox import Outbox, Send, TargetState, Threads
from core.ops.alerts.store import AlertStore, Delivery, Mood


class Post:
    """Belongs to the hub's loop. ``write`` runs a job of the store on the folder's writer thread."""

    def __init__(
        self,
        addresses: Sequence[SecretStr],
        clock: Clock,
        store: AlertStore,
        write: Callable[..., Awaitable[Any]],
        *,
        lab: bool,
    ) -> None:
        self._addresses = tuple(addresses)
        self._clock = clock
        self._store = store
        self._write = write
        self._mark = "LAB, simulated: " if lab else ""
        self._outbox: Outbox | None = None

    async def open(self) -> None:
        """Send what was not delivered."""
        self._outbox = await self._open_outbox()
        orphans = self._outbox.start(await self._write(self._store.on_their_way))
        await self._give_up(orphans, "the address is no longer in the settings")

    async def close(self) -> None:
        """Stop sending."""
        if self._outbox is not None:
            await self._outbox.close()
            self._outbox = None

    def states(self) -> list[TargetState]:
        """How each target does."""
        return self._outbox.states() if self._outbox else []

    def letters(self, alert: str, title: str, body: str, mood: Mood) -> list[Delivery]:
        """The same message to every target, marked in the lab; to be kept, and then given to :meth:`send`."""
        now, targets = self._clock.now(), self._outbox.targets if self._outbox else ()
        return [Delivery(alert, target, self._mark + title, body, mood, asked=now) for target in targets]

    async def send(self, letters: list[Delivery]) -> None:
        """Let them go."""
        if self._outbox is not None:
            await self._give_up(self._outbox.add(letters), "too many were waiting")

    async def _give_up(self, letters: Iterable[Delivery], why: str) -> None:
        for one in letters:
            one.ended, one.error = self._clock.now(), why
            await self._moved(one)

    async def _moved(self, one: Delivery) -> None:
        await self._write(self._store.moved, one)

    async def _open_outbox(self) -> Outbox:
        # Only when there is an address: apprise takes long to import.
        if not self._addresses:
            return Outbox((), self._clock, _nowhere, self._moved)
        names, send = await asyncio.to_thread(_by_apprise, self._addresses)
        return Outbox(names, self._clock, send, self._moved)


async def _nowhere(_: str, __: Delivery) -> str:
    return "there is no such target"


def _by_apprise(addresses: tuple[SecretStr, ...]) -> tuple[list[tuple[str, str]], Send]:
    """Ids and names of the targets, and how they are spoken to."""
    from core.ops.alerts import target  # noqa: PLC0415 - see above

    there = {one.id: one for one in target.targets(addresses)}
    threads = Threads()

    async def send(target_id: str, one: Delivery) -> str:
        message = target.Message(one.title, one.body, one.mood)
        return await threads.run(partial(target.send, there[target_id], message))

    return [(one.id, one.name) for one in there.values()], send
