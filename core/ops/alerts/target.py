"""Where alerts go: a person's addresses, spoken to through apprise. Blocking; for a thread of its own."""

import hashlib
import logging
import re
import threading
from dataclasses import dataclass
from urllib.parse import unquote

import apprise
from pydantic import SecretStr

from core.ops.alerts.store import Mood

SECRET_FROM = 5
"""A part of an address from this length on is shown nowhere."""

# Its lines hold addresses. What matters is caught below, and told without them.
_logger = logging.getLogger("apprise")
_logger.setLevel(logging.WARNING)
_logger.propagate = False
_logger.addHandler(logging.NullHandler())


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


def known(address: SecretStr) -> bool:
    """Whether apprise can make something of an address."""
    return _instance(address) is not None


def targets(addresses: tuple[SecretStr, ...]) -> tuple[Target, ...]:
    """The addresses with their names: the service, numbered where there are several of it."""
    found: list[Target] = []
    for address in addresses:
        made = _instance(address)
        service = str(getattr(made, "service_name", "") or "address")
        count = sum(one.name.partition(" (")[0] == service for one in found)
        name = f"{service} ({count + 1})" if count else service
        digest = hashlib.sha256(address.get_secret_value().encode()).hexdigest()[:16]
        if digest not in {one.id for one in found}:
            found.append(Target(digest, name, address))
    return tuple(found)


def send(target: Target, message: Message) -> str:
    """Deliver; ``""``, or why it could not be, without the address. Takes as long as its sockets' timeouts."""
    made = _instance(target.address)
    if made is None:
        return "not an address that apprise knows"
    caught = _Caught()
    _logger.addHandler(caught)
    try:
        # Not by way of Apprise(): that has threads of its own, for which the end of the process would wait.
        made.notify_format = apprise.NotifyFormat.TEXT
        fine = made.notify(
            body=message.body, title=message.title, notify_type=apprise.NotifyType(message.mood)
        )
    finally:
        _logger.removeHandler(caught)
    return "" if fine else redacted(" ".join(caught.lines) or "not delivered", target.address)


def redacted(text: str, address: SecretStr) -> str:
    """A text without the parts of an address."""
    whole = address.get_secret_value()
    parts = re.split(r"[/:@?&=#,;\s]+", whole)
    for part in sorted({*parts, *map(unquote, parts)}, key=len, reverse=True):
        if len(part) >= SECRET_FROM:
            text = text.replace(part, "…")
    return " ".join(text.split())[:200]


def _instance(address: SecretStr) -> apprise.NotifyBase | None:
    asset = apprise.AppriseAsset(app_id="Kintsugi", app_desc="Kintsugi", app_url="", async_mode=False)
    made = apprise.Apprise.instantiate(address.get_secret_value(), asset=asset, suppress_exceptions=True)
    return made if isinstance(made, apprise.NotifyBase) else None


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
