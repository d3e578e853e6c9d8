"""A diskcache Disk that never unpickles and never leaves its folder (CVE-2025-69872).

Keys are text, values bytes; whatever else a tampered row holds is refused with :class:`Tampered`.
"""

import re
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import MODE_BINARY, MODE_RAW, UNKNOWN

from core.answer import KintsugiError

_FILENAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}\.val")


class Tampered(KintsugiError):
    """A cache row that this Disk did not write."""


class BytesDisk(diskcache.Disk):  # type: ignore[misc]  # diskcache is untyped
    """Text keys, bytes values, validated file names."""

    def put(self, key: Any) -> tuple[str, bool]:
        """Keys are stored as they are."""
        if not isinstance(key, str):
            raise TypeError(f"cache key {type(key).__name__}: expected str")
        return key, True

    def get(self, key: Any, raw: Any) -> str:
        """A stored key; one that claims to be pickled is refused."""
        if raw != 1 or not isinstance(key, str):
            raise Tampered("a cache key is not text")
        return key

    def store(self, value: Any, read: bool, key: Any = UNKNOWN) -> tuple[int, int, str | None, Any]:
        """Bytes only; large ones become files, as in the base class."""
        if read or not isinstance(value, bytes):
            raise TypeError(f"cache value {type(value).__name__}: expected bytes")
        stored: tuple[int, int, str | None, Any] = super().store(value, False, key=key)
        return stored

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> bytes:
        """Bytes of a row or of its file; pickles, text, streams and foreign file names are refused."""
        if mode == MODE_RAW and filename is None and not read and isinstance(value, bytes):
            return value
        if mode != MODE_BINARY or read:
            raise Tampered(f"a cache value in mode {mode!r}")
        return self._path(filename).read_bytes()

    def remove(self, file_path: str) -> None:
        """Delete a value's file; a file that a tampered row merely names is not ours, and is left alone."""
        try:
            self._path(file_path)
        except Tampered:
            return
        super().remove(file_path)

    def _path(self, filename: object) -> Path:
        if not isinstance(filename, str) or not _FILENAME.fullmatch(filename.replace("\\", "/")):
            raise Tampered("a cache file name outside the declared form")
        path = Path(self._directory, filename)
        if path.is_symlink() or Path(self._directory).resolve() not in path.resolve().parents:
            raise Tampered("a cache file outside its folder")
        return path
