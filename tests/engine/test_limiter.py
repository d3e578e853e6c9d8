"""Quota: never more spent in any window than declared, and nobody waits for ever."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.engine.limiter import Limiter


@dataclass(frozen=True)
class Limit:
    cost: float
    seconds: float
    used_header: str | None = None


LIMITS = (Limit(20, 1), Limit(100, 60))


class LimiterMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.limiter = Limiter(LIMITS, self.now)
        self.spent: list[tuple[float, float]] = []

    @rule(cost=st.floats(0.1, 20))
    def take(self, cost):
        if self.limiter.take(cost, self.now):
            self.spent.append((self.now, cost))
        else:
            assert self.limiter.wait(cost, self.now) > 0

    @rule(cost=st.floats(0.1, 20))
    def wait_then_take(self, cost):
        self.now += self.limiter.wait(cost, self.now) + 1e-6
        assert self.limiter.take(cost, self.now)
        self.spent.append((self.now, cost))

    @rule(seconds=st.floats(0, 90))
    def idle(self, seconds):
        self.now += seconds

    @invariant()
    def never_more_than_a_bucket_and_its_refill(self):
        for limit in LIMITS:
            for start, _ in self.spent:
                window = self.now - start
                inside = sum(cost for at, cost in self.spent if at >= start)
                assert inside <= limit.cost + window * limit.cost / limit.seconds + 1e-3

    @invariant()
    def left_is_a_share(self):
        assert 0 <= self.limiter.left(self.now) <= 1


TestLimiter = LimiterMachine.TestCase
TestLimiter.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_call_dearer_than_the_bucket_fits_a_full_one():
    limiter = Limiter([Limit(10, 10)], 0)
    assert limiter.take(50, 0)
    assert limiter.wait(50, 0) == 10
    assert limiter.take(50, 10)


def test_without_limits_everything_fits():
    limiter = Limiter([], 0)
    assert limiter.take(10**9, 0)
    assert limiter.left(0) is None


def test_a_clock_that_stands_still_or_steps_back_refills_nothing():
    limiter = Limiter([Limit(1, 1)], 100)
    assert limiter.take(1, 100)
    assert not limiter.take(1, 50)


def test_the_providers_own_count_is_believed_when_it_is_higher():
    limiter = Limiter([Limit(100, 60, "x-used"), Limit(50, 1)], 0)
    limiter.told({"x-used": "95"}, 0)
    assert limiter.wait(10, 0) > 0
    assert limiter.take(5, 0)
    limiter.told({"x-used": "1"}, 0)  # a count lower than ours gives nothing back
    assert not limiter.take(5, 0)
    for odd in ({"x-used": "-5"}, {"x-used": "many"}, {"x-used": "9" * 400}, {"x-used": "٣"}, {}):
        before = limiter.left(0)
        limiter.told(odd, 0)
        assert limiter.left(0) == before
