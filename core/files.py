"""Files that are wholly there or not, and locks that end with the process that holds them."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from core.answer import KintsugiError

LEFTOVER = ".tmp-"
"""How names of unfinished files begin. Readers of folders of Parquet pass over names that begin with a dot."""


class Busy(KintsugiError):
    """Another process or thread has held a lock for too long."""


def write_atomically(path: Path, data: bytes, *, sync: bool = True) -> None:
    """The whole file or the old one, whatever happens in between.

    Without ``sync`` it still survives the end of the process, but not of the machine.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=LEFTOVER)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        Path(name).replace(path)
        if sync:
            sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove what writers that were killed had begun. Nobody else may be writing there."""
    for path in folder.glob(f"{LEFTOVER}*"):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Let a folder's names survive the end of the machine, where the system can do that."""
    if os.name == "nt":  # pragma: no cover - there a folder cannot be opened
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def try_lock(path: Path) -> IO[bytes] | None:
    """The lock on a file, held until what is returned is closed; None while somebody else holds it.

    It also holds between threads of one process, and ends with the process, however that ends.
    """
    file = path.open("ab")
    try:
        if os.name == "nt":  # pragma: no cover - the other system's lock
            import msvcrt  # noqa: PLC0415 - exists only there

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl  # noqa: PLC0415 - exists only here

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def locked(path: Path, patience: float = 60.0) -> Iterator[None]:
    """Hold the lock on a file. :class:`Busy` when it is not to be had for ``patience`` seconds."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    until = time.monotonic() + patience
    pause = 0.001
    while (held := try_lock(path)) is None:
        if time.monotonic() >= until:
            raise Busy(f"{path.name}: another writer has held this lock for {patience:.0f} s")
        time.sleep(pause)
        pause = min(0.05, 2 * pause)
    with held:
        yield
