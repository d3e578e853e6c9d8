"""Messages on their way: in order, tried again, never in anybody's way. On virtual time."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from core.ops.alerts.outbox import FIRST, GIVE_UP, LONGEST, MOST, Outbox
from core.ops.alerts.store import Delivery

pytestmark = pytest.mark.looptime

EPOCH = 1_780_000_000.0


class Clock:
    def mono(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> float:
        return EPOCH + self.mono()


class Post:
    """Delivers, unless a target is down; what it was asked and when."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.arrived: list[tuple[str, str]] = []
        self.tries: list[tuple[str, float]] = []
        self.moved: list[Delivery] = []

    async def send(self, target: str, one: Delivery) -> str:
        self.tries.append((target, asyncio.get_running_loop().time()))
        await asyncio.sleep(1)
        if target in self.down:
            return "nobody there"
        self.arrived.append((target, one.body))
        return ""

    async def keep(self, one: Delivery) -> None:
        self.moved.append(one)

    def box(self, *targets: str) -> Outbox:
        return Outbox([(name, name.upper()) for name in targets], Clock(), self.send, self.keep)


def message(target: str, body: str, **more: Any) -> Delivery:
    fields = {"asked": EPOCH, **more}
    return Delivery("a1", target, "title", body, "warning", **fields)


async def test_each_target_gets_everything_in_order() -> None:
    post = Post()
    box = post.box("mail", "hook")
    box.start([message("mail", "left over")])
    box.add([message(target, body) for body in ("one", "two") for target in ("mail", "hook")])
    await asyncio.sleep(10)
    assert [body for target, body in post.arrived if target == "mail"] == ["left over", "one", "two"]
    assert [body for target, body in post.arrived if target == "hook"] == ["one", "two"]
    assert all(one.ended is not None and one.tries == 1 for one in post.moved)
    await box.close()


async def test_a_target_that_is_down_is_tried_again_ever_more_seldom_and_holds_up_no_other() -> None:
    post = Post()
    post.down = {"mail"}
    box = post.box("mail", "hook")
    box.start([])
    box.add([message("mail", "one"), message("hook", "one"), message("mail", "two")])
    await asyncio.sleep(2 * 3600)
    assert post.arrived == [("hook", "one")]
    times = [at for target, at in post.tries if target == "mail"]
    pauses = [later - earlier - 1 for earlier, later in pairwise(times)]
    assert pauses[0] == pytest.approx(FIRST, rel=0.21)
    assert pauses[1] == pytest.approx(2 * FIRST, rel=0.21)
    assert max(pauses) <= LONGEST * 1.21
    assert len(times) < 25
    state = next(state for state in box.states() if state.name == "MAIL")
    assert (state.waiting, state.error, state.sent) == (2, "nobody there", 0)
    post.down.clear()
    await asyncio.sleep(LONGEST * 1.3)
    assert [body for target, body in post.arrived if target == "mail"] == ["one", "two"]
    state = next(state for state in box.states() if state.name == "MAIL")
    assert (state.waiting, state.error, state.sent, state.next_try) == (0, "", 2, None)
    await box.close()


async def test_news_that_is_days_old_is_given_up_with_its_reason() -> None:
    post = Post()
    post.down = {"mail"}
    box = post.box("mail")
    box.start([])
    box.add([message("mail", "old")])
    await asyncio.sleep(GIVE_UP + 2 * LONGEST)
    (state,) = box.states()
    assert state.waiting == 0
    assert post.moved[-1].ended is not None
    assert post.moved[-1].error == "nobody there"
    await box.close()


async def test_what_waits_is_bounded_and_the_oldest_goes() -> None:
    post = Post()
    post.down = {"mail"}
    box = post.box("mail")
    box.start([])
    dropped = box.add([message("mail", str(n)) for n in range(MOST + 5)])
    assert [one.body for one in dropped] == ["0", "1", "2", "3", "4"]
    assert box.states()[0].waiting == MOST
    await box.close()


async def test_what_was_for_a_target_that_is_gone_comes_back() -> None:
    box = Post().box("mail")
    orphan = message("slack", "x")
    assert box.start([orphan, message("mail", "y")]) == [orphan]
    await box.close()


async def test_a_close_in_the_middle_loses_nothing() -> None:
    post = Post()
    box = post.box("mail")
    box.start([])
    one = message("mail", "one")
    box.add([one])
    await asyncio.sleep(0.5)
    await box.close()
    assert not post.arrived
    assert one.ended is None
