"""For all tests."""

import asyncio
import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_configure() -> None:
    # Said to have no loop, the policy makes none: looptime's and pytest-asyncio's look-ups would otherwise
    # leave one open, which surfaces as a ResourceWarning in some later test.
    asyncio.set_event_loop(None)
