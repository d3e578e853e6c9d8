"""The steady clock."""

import time

from hypothesis import given
from hypothesis import strategies as st

from core.clock import SteadyClock, SystemClock


class Manual:
    def __init__(self):
        self.m, self.n = 0.0, 1000.0

    def mono(self):
        return self.m

    def now(self):
        return self.n


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-5000, 5000)), max_size=30))
def test_now_never_runs_back_and_keeps_pace(moves):
    source = Manual()
    clock = SteadyClock(source)
    last = clock.now()
    for passed, jump in moves:
        source.m += passed
        source.n += passed + jump
        now = clock.now()
        assert now >= last + passed - 1e-6
        assert now >= source.n
        last = now


def test_set_back_an_hour_it_goes_on():
    source = Manual()
    clock = SteadyClock(source)
    source.m, source.n = 10, 1010 - 3600
    assert clock.now() == 1010
    source.m, source.n = 20, 1020 - 3600
    assert clock.now() == 1020


def test_the_system_clock():
    clock = SystemClock()
    assert abs(clock.now() - time.time()) < 1
    assert clock.mono() <= clock.mono()
