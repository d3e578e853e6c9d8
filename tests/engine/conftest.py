import pytest
from fakes import Venues, VirtualClock, settings

from core.async_hub import AsyncHub


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def venues(clock):
    return Venues(clock)


@pytest.fixture
def open_hub(venues, clock, tmp_path):
    """A hub over the fake venues, on virtual time, in its own folder."""

    def make(**knobs):
        return AsyncHub(settings(tmp_path, **knobs), transport=venues, clock=clock)

    return make
