"""What this process and its machine have left: memory, disk. Plain numbers; nothing here raises."""

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_CGROUP = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True, slots=True)
class Capacity:
    """Bytes. What the system does not tell is None."""

    memory_used: int | None
    """Resident memory of this process."""
    memory_limit: int | None
    """What it may have: the container's limit, else the machine's memory."""
    disk_free: int | None
    """Of the file system that holds the data folder."""
    disk_total: int | None


def capacity(folder: Path) -> Capacity:
    """As it is now."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        free = total = None
    else:
        free, total = disk.free, disk.total
    return Capacity(_resident(), _limit(), free, total)


def _resident() -> int | None:
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return None


def _limit() -> int | None:
    machine: int | None = None
    with contextlib.suppress(AttributeError, OSError, ValueError):
        machine = os.sysconf("SC_PHYS_PAGES") * _PAGE
    for file in _CGROUP:
        try:
            limit = int(file.read_text("ascii"))
        except (OSError, ValueError):  # no such file, or "max"
            continue
        return limit if machine is None else min(limit, machine)
    return machine
