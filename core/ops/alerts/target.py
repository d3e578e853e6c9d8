"""Where alerts go: a person's addresses, spoken to through apprise. Blocking; for a thread of its own."""

import hashlib
import logging
import re
import threading
from dataclasses import dataclass
from urllib.parse import unquote

import apprise
from pydantic import SecretStr

from core.notifier import LOGGER, notifier
from core.ops.alerts.store import Mood

SECRET_FROM = 5
"""A part of an address from this length on is shown nowhere."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. Plain text."""

    title: str
    body: str
    mood: Mood


@dataclass(frozen=True, slots=True)
class Target:
    """One address. ``id`` names it in the database without telling it, ``name`` on pages."""

    id: str
    name: str
    address: SecretStr


def targets(addresses: tuple[SecretStr, ...]) -> tuple[Target, ...]:
    """The addresses with their names: the service, numbered where there are several of it."""
    found: list[Target] = []
    for address in addresses:
        made = notifier(address)
        service = str(getattr(made, "service_name", "") or "address")
        count = sum(one.name.partition(" (")[0] == service for one in found)
        name = f"{service} ({count + 1})" if count else service
        digest = hashlib.sha256(address.get_secret_value().encode()).hexdigest()[:16]
        if digest not in {one.id for one in found}:
            found.append(Target(digest, name, address))
    return tuple(found)


def send(target: Target, message: Message) -> str:
    """Deliver; ``""``, or why it could not be, without the address. Takes as long as its sockets' timeouts."""
    made = notifier(target.address)
    if made is None:
        return "not an address that apprise knows"
    caught = _Caught()
    LOGGER.addHandler(caught)
    try:
        # Not by way of Apprise(): that has threads of its own, for which the end of the process would wait.
        made.notify_format = apprise.NotifyFormat.TEXT
        fine = made.notify(
            body=message.body, title=message.title, notify_type=apprise.NotifyType(message.mood)
        )
    finally:
        LOGGER.removeHandler(caught)
    return "" if fine else redacted(" ".join(caught.lines) or "not delivered", target.address)


def redacted(text: str, address: SecretStr) -> str:
    """A text without the parts of an address."""
    whole = address.get_secret_value()
    parts = re.split(r"[/:@?&=#,;\s]+", whole)
    for part in sorted({*parts, *map(unquote, parts)}, key=len, reverse=True):
        if len(part) >= SECRET_FROM:
            text = text.replace(part, "…")
    return " ".join(text.split())[:200]


class _Caught(logging.Handler):
    """What apprise says in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        if record.thread == self._thread and len(self.lines) < 5:
            self.lines.append(record.getMessage())
