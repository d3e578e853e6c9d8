"""Health as a state machine over both axes, and DESIGN's table of states."""

import random
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from core.engine.breaker import BreakerPolicy
from core.engine.health import FORGET, Health

POLICY = BreakerPolicy(threshold=3, recovery=2, first=30, longest=300, probes=1)


def record():
    return Health(POLICY, random.Random(3))


def fail(health, now, outcome="status"):
    permits = health.allow(now)
    assert permits is not None
    health.failed(permits, outcome, "because", 0.1, now, now)


def succeed(health, now):
    permits = health.allow(now)
    assert permits is not None
    health.succeeded(permits, "ok", 0.1, now, now)


class HealthMachine(RuleBasedStateMachine):
    permits = Bundle("permits")

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.health = record()
        self.out = 0
        self.settled = 0

    @rule(target=permits)
    def ask(self):
        circuit, truth = self.health.circuit.state, self.health.truth.state
        permits = self.health.allow(self.now)
        if permits is None:
            assert self.health.refusal(self.now)
            return multiple()
        if "half_open" in (self.health.circuit.state, self.health.truth.state):
            assert "open" not in (self.health.circuit.state, self.health.truth.state), (circuit, truth)
        return permits

    @rule(permits=consumes(permits))
    def good(self, permits):
        self.health.succeeded(permits, "ok", 0.2, self.now, self.now)
        self.settled += 1

    @rule(
        permits=consumes(permits),
        outcome=st.sampled_from(["status", "payload", "timeout", "refused", "truth"]),
    )
    def bad(self, permits, outcome):
        self.health.failed(permits, outcome, "x", 0.2, self.now, self.now)
        self.settled += 1

    @rule(permits=consumes(permits))
    def neither(self, permits):
        self.health.noted(permits, "throttled")
        self.settled += 1

    @rule(permits=consumes(permits))
    def unused(self, permits):
        self.health.release(permits)

    @rule(seconds=st.floats(0, 400))
    def wait(self, seconds):
        self.now += seconds

    @invariant()
    def counts_are_exact(self):
        assert sum(self.health.totals.values()) == self.settled

    @invariant()
    def states_follow_the_circuits(self):
        state = self.health.state(self.now)
        if self.health.circuit.state != "closed":
            assert state == "unavailable"
        elif self.health.truth.state != "closed":
            assert state == "dissenting"
        else:
            assert state in ("unknown", "healthy", "degraded")


TestHealth = HealthMachine.TestCase
TestHealth.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_unknown_until_seen_and_again_when_long_unseen():
    health = record()
    assert health.state(0) == "unknown"
    succeed(health, 1)
    assert health.state(2) == "healthy"
    assert health.state(1 + FORGET + 1) == "unknown"


def test_half_the_threshold_is_degraded_all_of_it_unavailable():
    health = record()
    fail(health, 0)
    assert health.state(0) == "healthy"
    fail(health, 0)
    assert health.state(0) == "degraded"
    fail(health, 0)
    assert health.state(0) == "unavailable"


def test_a_poor_window_is_degraded_even_without_errors_left():
    health = Health(replace(POLICY, threshold=10), random.Random(3))
    for n in range(0, 20, 5):
        for _ in range(3):
            fail(health, n)
        for _ in range(2):
            succeed(health, n)
    assert health.circuit.errors == 0
    assert health.success_rate() == 0.4
    assert health.state(20) == "degraded"


def test_degraded_until_no_errors_are_left_or_enough_successes_came_in_a_row():
    health = Health(replace(POLICY, threshold=8, recovery=3), random.Random(3))
    for _ in range(4):
        fail(health, 0)
    assert health.state(0) == "degraded"
    for _ in range(2):
        succeed(health, 0)
        assert health.circuit.errors
        assert health.state(0) == "degraded"
    fail(health, 0)
    for _ in range(2):
        succeed(health, 0)
        assert health.state(0) == "degraded"
    succeed(health, 0)  # the third in a row
    assert health.state(0) == "healthy"
    for _ in range(10):  # so that the share of failures has no say
        succeed(health, 0)
    for _ in range(3):
        fail(health, 0)
        assert health.state(0) == "healthy"
    fail(health, 0)
    assert health.state(0) == "degraded"
    health.reset()
    succeed(health, 0)
    assert health.state(0) == "healthy"


@pytest.mark.parametrize(("threshold", "recovery"), [(1, 1), (3, 2), (10, 2), (20, 5)])
def test_what_opened_the_circuit_is_not_held_against_it_once_it_has_recovered(threshold, recovery):
    health = Health(replace(POLICY, threshold=threshold, recovery=recovery), random.Random(3))
    for _ in range(threshold):
        fail(health, 0)
    now = 0.0
    for _ in range(6):  # probes that fail as well
        now += 400
        fail(health, now)
    now += 400
    for n in range(1, recovery + 3):
        succeed(health, now)
        assert health.state(now) == ("healthy" if n >= recovery else "degraded"), n
    assert health.success_rate() < 0.5, "what is shown of the past stays as it was"


def test_truth_failures_are_an_axis_of_their_own():
    health = record()
    for _ in range(3):
        fail(health, 0, "truth")
    assert (health.state(0), health.circuit.errors) == ("dissenting", 0)
    assert health.allow(0) is None
    assert "untrue" in health.refusal(0)
    succeed(health, 40)
    assert health.state(40) == "healthy"


def test_calls_that_hang_hold_it_shut_until_one_answers():
    health = record()
    health.silent = 3
    assert health.allow(0) is None
    assert "unanswered" in health.refusal(0)
    assert health.shown(0) == "open"
    health.silent = 2
    assert health.allow(0) is not None


def test_percentiles_come_from_successes_alone():
    health = record()
    for n in range(1, 21):
        permits = health.allow(0)
        health.succeeded(permits, "ok", n / 10, 0, 0)
    assert health.percentile(0.5) == 1.1
    assert health.percentile(0.95) == 2.0
    assert record().percentile(0.5) is None
