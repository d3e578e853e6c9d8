"""For all tests."""

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

DISK = tempfile.gettempdir()
MEMORY = Path("/dev/shm")  # noqa: S108 - folders of their own are made there
ROOM = 4_000_000_000
"""Bytes that must be free in it."""


def pytest_configure() -> None:
    # Said to have no loop, the policy makes none: looptime's and pytest-asyncio's look-ups would otherwise
    # leave one open, which surfaces as a ResourceWarning in some later test.
    asyncio.set_event_loop(None)
    # A thousand hubs open and close, and wait for the disk twenty times each. What a test kills is a process,
    # never the machine: files in memory outlive that as well.
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("TMPDIR", str(MEMORY))
        tempfile.tempdir = None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collecting makes stays to the end: nobody needs to look through it for garbage, then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
        gc.set_threshold(10_000, 20, 20)  # what remains of ten thousand tests is looked through each time


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder that is not in memory, for what is to be killed while it waits for the disk."""
    with tempfile.TemporaryDirectory(dir=DISK) as folder:
        yield Path(folder)
