"""Environment variables, and beneath them those of a file ``.env`` in the working directory.

The file is looked at again whenever it has changed: a key written into it is used by the next request.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv import dotenv_values

log = logging.getLogger(__name__)

FILE = Path(".env")


class Environment(Mapping[str, str]):
    """Name → value. What the process was started with goes before the file."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        self._stamp: tuple[int, int] | None = None
        self._held: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """The value, KeyError when neither has it."""
        return os.environ[name] if name in os.environ else self._read()[name]

    def __iter__(self) -> Iterator[str]:
        """Every name once."""
        return iter({**self._read(), **os.environ})

    def __len__(self) -> int:
        """How many names there are."""
        return len({**self._read(), **os.environ})

    def __repr__(self) -> str:
        """Never a value."""
        return f"<Environment with {self._file}>"

    def _read(self) -> dict[str, str]:
        try:
            found = self._file.stat()
        except OSError:
            self._stamp, self._held = None, {}
            return self._held
        stamp = (found.st_mtime_ns, found.st_size)
        if stamp != self._stamp:
            self._stamp, self._held = stamp, self._parsed()
        return self._held

    def _parsed(self) -> dict[str, str]:
        try:
            found = dotenv_values(self._file, interpolate=False, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            log.warning("%s cannot be read: %s", self._file, type(error).__name__)
            return {}
        return {name: value for name, value in found.items() if value is not None}


environment = Environment()
"""That of this process."""
