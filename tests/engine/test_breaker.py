"""The breaker as a state machine, and its rules one by one."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from core.engine.breaker import CALL, REFUSED, Breaker, BreakerPolicy

POLICY = BreakerPolicy(threshold=3, recovery=2, first=30, longest=300, probes=2)


def opened(policy=POLICY, at=0.0):
    breaker = Breaker(policy, random.Random(1))
    for _ in range(policy.threshold):
        breaker.failure(breaker.allow(at), at)
    return breaker


class BreakerMachine(RuleBasedStateMachine):
    """Any order of calls, results and waits; time only moves on."""

    permits = Bundle("permits")

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.breaker = Breaker(POLICY, random.Random(7))
        self.out: set[int] = set()  # ids of probe permits of the present spell
        self.next_id = 0
        self.longest_until = 0.0

    @rule(target=permits)
    def call(self):
        before = self.breaker.state
        permit = self.breaker.allow(self.now)
        if permit == REFUSED:
            assert before != "closed"
            return multiple()
        if permit == CALL:
            assert self.breaker.state == "closed"
            return (permit, -1)
        assert self.breaker.state == "half_open"
        assert before == "half_open" or self.now >= self.longest_until, "no call while open"
        if before == "open":
            self.out.clear()
        self.next_id += 1
        self.out.add(self.next_id)
        assert len(self.out) <= POLICY.probes, "probes never exceed permits"
        return (permit, self.next_id)

    @rule(held=consumes(permits))
    def succeed(self, held):
        self.out.discard(held[1])
        self.breaker.success(held[0])

    @rule(held=consumes(permits))
    def fail(self, held):
        self.out.discard(held[1])
        self.breaker.failure(held[0], self.now)

    @rule(held=consumes(permits))
    def release(self, held):
        self.out.discard(held[1])
        self.breaker.release(held[0])

    @rule(seconds=st.floats(0, 400, allow_nan=False))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def person_resets(self):
        self.breaker.reset()
        assert self.breaker.allow(self.now) == CALL
        self.longest_until = 0.0
        self.out.clear()

    @invariant()
    def a_later_pause_never_shortens_an_earlier_one(self):
        if self.breaker.state == "open":
            assert self.breaker.until >= self.longest_until
            self.longest_until = self.breaker.until
            assert self.breaker.left(self.now) <= POLICY.longest + 1e-6
        if self.breaker.state == "closed":
            assert 0 <= self.breaker.errors < POLICY.threshold


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_threshold_errors_open_it():
    breaker = Breaker(POLICY, random.Random(1))
    for _ in range(2):
        breaker.failure(breaker.allow(0), 0)
        assert breaker.allow(0) == CALL
    breaker.failure(CALL, 0)
    assert breaker.allow(0) == REFUSED
    assert 30 <= breaker.left(0) <= 36


def test_errors_are_worn_down_one_by_one():
    breaker = Breaker(BreakerPolicy(threshold=6, recovery=10), random.Random(1))
    for _ in range(5):
        breaker.failure(CALL, 0)
    for left in (4, 3, 2, 1, 0):
        breaker.success(CALL)
        assert breaker.errors == left


def test_recovery_in_a_row_clears_all_errors():
    breaker = Breaker(BreakerPolicy(threshold=9, recovery=2), random.Random(1))
    for _ in range(8):
        breaker.failure(CALL, 0)
    breaker.success(CALL)
    breaker.success(CALL)
    assert breaker.errors == 0


def test_a_probe_that_succeeds_leaves_it_degraded_then_healthy():
    breaker = opened()
    probe = breaker.allow(40)
    breaker.success(probe)
    assert (breaker.state, breaker.errors) == ("closed", POLICY.half)
    breaker.success(CALL)
    assert breaker.errors == 0


def test_the_pause_doubles_up_to_the_longest():
    breaker = opened(BreakerPolicy(threshold=1, jitter=0, first=30, longest=300))
    now, pauses = 0.0, []
    for _ in range(6):
        pauses.append(breaker.left(now))
        now += breaker.left(now)
        breaker.failure(breaker.allow(now), now)
    assert pauses == [30, 60, 120, 240, 300, 300]


def test_late_results_from_before_it_opened_change_nothing():
    breaker = opened()
    until = breaker.until
    breaker.failure(CALL, 20)
    breaker.success(CALL)
    assert (breaker.state, breaker.until) == ("open", until)


def test_a_probe_of_an_earlier_spell_frees_no_place_in_this_one():
    breaker = opened(BreakerPolicy(threshold=1, probes=2, jitter=0, first=10, longest=10))
    one, two = breaker.allow(10), breaker.allow(10)
    breaker.failure(one, 10)
    assert breaker.allow(20)
    assert breaker.allow(20)
    breaker.release(two)
    assert breaker.allow(20) == REFUSED


@pytest.mark.parametrize(("left", "expected"), [(20, 20), (-5, 0), (10**6, 300)])
def test_restore_clamps_what_was_left(left, expected):
    breaker = Breaker(POLICY, random.Random(1))
    breaker.restore(left, 2, now=100)
    assert breaker.left(100) == expected
    assert breaker.opens == 2


def test_a_window_of_failures_opens_it_even_if_successes_wear_them_down():
    breaker = Breaker(BreakerPolicy(threshold=100, recovery=1, window=10), random.Random(1))
    for n in range(9):
        (breaker.failure(CALL, 0) if n % 2 else breaker.success(CALL))
        assert breaker.state == "closed"
    breaker.failure(CALL, 0)
    assert breaker.state == "open"


def test_a_window_says_nothing_before_it_is_full():
    breaker = Breaker(BreakerPolicy(threshold=100, window=10), random.Random(1))
    for _ in range(9):
        breaker.failure(CALL, 0)
    assert breaker.state == "closed"


def test_slow_calls_open_it():
    breaker = Breaker(BreakerPolicy(window=10, slow_rate=0.8, slow_after=2), random.Random(1))
    for seconds in (1, 1, 3, 3, 3, 3, 3, 3, 3):
        breaker.success(CALL, 5, seconds)
    assert breaker.state == "closed"
    breaker.success(CALL, 5, 3)
    assert breaker.state == "open"
    assert breaker.left(5) > 0


def test_observing_it_only_counts():
    breaker = Breaker(BreakerPolicy(observe=True), random.Random(1))
    for _ in range(7):
        breaker.failure(breaker.allow(0), 0)
        assert breaker.allow(0) == CALL
    assert breaker.would_open == 2
    breaker.doubt()
    assert breaker.state == "closed"
