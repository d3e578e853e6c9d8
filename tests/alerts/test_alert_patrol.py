"""The patrol: when it looks, and that looks do not overtake each other."""

import asyncio
from typing import Any

from core.clock import SystemClock
from core.ops.alerts.patrol import Patrol


class Desk:
    """Quiet, and writes down the sights that it was shown."""

    quiet = True

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def look(self, sight: Any, _prices: Any) -> None:
        self.seen.append(sight)


class Place:
    """Nothing stirs; the first sight takes its time."""

    def __init__(self) -> None:
        self.at = Desk()
        self.sights = 0
        self.first_may_end = asyncio.Event()

    def stir(self) -> object:
        return "still"

    async def desk(self) -> Any:
        await asyncio.sleep(0)
        return self.at

    async def sight(self) -> Any:
        self.sights += 1
        number = self.sights
        if number == 1:
            await self.first_may_end.wait()
        return number


async def test_a_look_that_is_asked_for_is_made_after_the_one_under_way() -> None:
    place = Place()
    patrol = Patrol(place, SystemClock(), 60.0)
    walking = asyncio.create_task(patrol._look())
    await asyncio.sleep(0.01)
    asked = asyncio.create_task(patrol.look())
    await asyncio.sleep(0.01)
    place.first_may_end.set()
    await asyncio.gather(walking, asked)
    assert place.at.seen == [1, 2]
    await patrol._look()
    assert place.at.seen == [1, 2], "nothing stirred since"
