"""Looks again and again: at the world every few seconds, at the prices of the watchlist every minute."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from core.answer import KintsugiError
from core.clock import Clock
from core.ops.alerts.desk import AlertDesk
from core.ops.alerts.sight import Sight

log = logging.getLogger(__name__)

ANYWAY = 60.0
"""Seconds after which it looks although nothing seems to have happened: disks fill up by themselves."""
PRICES_EVERY = 60.0
AT_ONCE = 4
"""Prices asked for side by side."""


class Patrolled(Protocol):
    """The hub, as far as the patrol knows it."""

    def stir(self) -> object:
        """Something cheap that is another whenever anything happened."""

    async def sight(self) -> Sight:
        """All there is to see."""

    async def desk(self) -> AlertDesk:
        """Where alerts of the present world are kept."""

    async def last_price(self, symbol: str) -> float | None:
        """The price now; None when nobody has a fresh one."""


@dataclass(slots=True)
class Patrol:
    """Belongs to the hub's loop; :meth:`walk` never ends."""

    where: Patrolled
    clock: Clock
    every: float
    _prices: dict[str, float | None] = field(default_factory=dict)
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _stirred: object = None
    _looked: float = float("-inf")
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One look after the other: what was seen earlier is never taken for news."""

    def ask_prices(self) -> None:
        """The watchlist has changed: do not wait for the next minute."""
        self._asked.set()

    async def walk(self) -> None:
        """Look until cancelled. A fault is logged, and the next look comes all the same."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again(self._look, self.every))
            group.create_task(self._again(self._look_up_prices, PRICES_EVERY, self._asked))

    async def look(self) -> None:
        """Look now, whatever seems to have happened."""
        await self._look(anyway=True)

    async def _look(self, anyway: bool = False) -> None:
        async with self._looking:
            desk = await self.where.desk()
            now, stirred = self.clock.mono(), self.where.stir()
            still = stirred == self._stirred and now - self._looked < ANYWAY
            if still and desk.quiet and not self._prices and not anyway:
                return
            self._stirred, self._looked = stirred, now
            await desk.look(await self.where.sight(), self._prices)

    async def _look_up_prices(self) -> None:
        symbols = [one.symbol for one in (await self.where.desk()).watchlist]
        slots = asyncio.Semaphore(AT_ONCE)

        async def ask(symbol: str) -> float | None:
            async with slots:
                return await self.where.last_price(symbol)

        found = await asyncio.gather(*map(ask, symbols))
        before, self._prices = self._prices, dict(zip(symbols, found, strict=True))
        if self._prices != before:
            await self.look()

    async def _again(
        self, job: Callable[[], Awaitable[None]], every: float, sooner: asyncio.Event | None = None
    ) -> None:
        while True:
            try:
                await job()
            except (KintsugiError, OSError) as error:
                log.error("no look at the alerts: %s", error)  # noqa: TRY400 - it says enough
            except Exception:
                # Whatever it is: the next look must come, or nothing would ever be said again.
                log.exception("a look at the alerts broke")
            if sooner is None:
                await asyncio.sleep(every)
                continue
            try:
                async with asyncio.timeout(every):
                    await sooner.wait()
            except TimeoutError:
                pass
            sooner.clear()
