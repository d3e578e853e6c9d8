"""What comes back: the value and its provenance, or an exception that says why not.

Exceptions::

    KintsugiError
    ├── NoAnswer            nobody could answer; ``attempts`` says why each could not
    └── WireError           one provider's response is no value
        ├── BadPayload      not in the declared shape: HTML, broken JSON, missing fields, impossible numbers
        │   └── Untrue      in shape, but it cannot be true: high below low, time running backwards
        ├── Throttled       429, 418, or the provider's own form of it
        ├── Forbidden       401, 403, 451, or the provider's own form: missing key, geo-block
        ├── ProviderDown    5xx, any undeclared status, or the provider says that it is down
        └── CallerError     the provider's declared form for a bad argument: no fault of the provider
            └── UnknownSymbol
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")

Tier = Literal["primary", "fallback", "relay", "cache", "stale"]
Outcome = Literal[
    "ok",
    "partial",
    "timeout",
    "refused",
    "status",
    "payload",
    "truth",
    "throttled",
    "blocked",
    "unknown_symbol",
    "skipped_open",
    "skipped_cooling",
    "skipped_quota",
    "skipped_isolated",
    "skipped_disabled",
    "skipped_unserved",
    "overtaken",
]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One candidate, and what became of it.

    ``started`` is UTC wall time in seconds since 1970, ``elapsed`` seconds; ``status`` the HTTP status, when
    there was one. An attempt that was skipped sent nothing; ``reason`` says why, in words for a person.
    """

    provider: str
    host: str
    outcome: Outcome
    reason: str
    status: int | None
    started: float
    elapsed: float

    def __str__(self) -> str:
        """One line for messages: ``kraken@api.kraken.com: timeout, no answer in 4.0 s``."""
        where = f"{self.provider}@{self.host}" if self.host else self.provider
        return f"{where}: {self.outcome}" + (f", {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A value with its provenance."""

    value: T
    source: str
    """Provider id."""
    host: str
    tier: Tier
    age: float
    """Seconds since the value was fetched."""
    fetched: float
    """When, as UTC seconds since 1970."""
    attempts: tuple[Attempt, ...]
    """Of a cached answer: those of its fetch. Of a stale one: then also those that just failed."""
    notes: tuple[str, ...] = ()
    """What a reader should know: partial, another quote currency, no volume, offline."""
    lab: bool = False
    """True when simulated."""

    def provenance(self) -> dict[str, Any]:
        """Everything but the value, as plain data that JSON can carry."""
        return {
            "source": self.source,
            "host": self.host,
            "tier": self.tier,
            "age": round(self.age, 3),
            "fetched": self.fetched,
            "lab": self.lab,
            "notes": list(self.notes),
            "attempts": [
                {name: getattr(attempt, name) for name in Attempt.__dataclass_fields__}
                for attempt in self.attempts
            ],
        }


class KintsugiError(Exception):
    """Root of all errors that this package raises on its own behalf."""


class NoAnswer(KintsugiError):
    """Nobody could answer, and nothing was cached. The text lists every attempt."""

    def __init__(
        self,
        what: str,
        attempts: Sequence[Attempt],
        *,
        offline: bool = False,
        why: str = "no provider serves it",
    ) -> None:
        self.what = what
        self.attempts = tuple(attempts)
        self.offline = offline
        """True when no host at all could be reached: the fault is most likely on this side."""
        said = "This machine seems to be offline: no provider could be reached. " if offline else ""
        lines = [f"{said}No answer for {what}."]
        lines += [f"  {attempt}" for attempt in self.attempts] or [f"  {why}"]
        super().__init__("\n".join(lines))


class WireError(KintsugiError):
    """A provider's response that is no value."""

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        self.reason = reason
        self.status = status
        super().__init__(reason)


class BadPayload(WireError):
    """The body is not what the catalogue declares."""


class Untrue(BadPayload):
    """The body is in shape, but what it says cannot be."""


class Throttled(WireError):
    """Too many requests. ``retry_after`` in seconds when the provider said so; ``ban`` for a declared ban."""

    def __init__(
        self, reason: str, *, retry_after: float | None = None, ban: bool = False, status: int | None = None
    ) -> None:
        super().__init__(reason, status=status)
        self.retry_after = retry_after
        self.ban = ban


class Forbidden(WireError):
    """Refused to us: ``cause`` is ``key``, ``geo`` or ``refused``. Not retried, not evaded."""

    def __init__(
        self, reason: str, *, cause: Literal["key", "geo", "refused"] = "refused", status: int | None = None
    ) -> None:
        super().__init__(reason, status=status)
        self.cause = cause


class ProviderDown(WireError):
    """A failing status, or the provider's own word that it cannot serve now."""


class CallerError(WireError):
    """The provider's declared form for a bad argument."""


class UnknownSymbol(CallerError):
    """The provider's declared form for a symbol that it does not list."""
