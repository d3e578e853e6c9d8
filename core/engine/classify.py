"""What an exception from transport or reader means for the attempt, the endpoint and the next step."""

from dataclasses import dataclass

import httpx

from core.answer import (
    BadPayload,
    CallerError,
    Forbidden,
    KintsugiError,
    Outcome,
    ProviderDown,
    Throttled,
    UnknownSymbol,
    Untrue,
    WireError,
)


class OutOfQuota(KintsugiError):
    """Our own quota with a provider does not last for all pages of a query."""


EXPECTED = (
    WireError,
    OutOfQuota,
    httpx.HTTPError,
    httpx.StreamError,
    httpx.InvalidURL,
    TimeoutError,
    OSError,
)
"""What a failing call may raise; anything else is a fault of ours and is not caught."""

BLIPS = frozenset({502, 504})


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed call, sorted."""

    outcome: Outcome
    reason: str
    status: int | None = None
    counts: bool = True
    """Held against the endpoint's health."""
    unreached: bool = False
    """Nobody answered: perhaps it is this machine that is offline."""
    retry: bool = False
    """The same request may well succeed at once: a reset connection, a gateway's blip."""
    whole_provider: bool = False
    """Its other hosts would answer the same."""


def classify(error: BaseException) -> Failure:
    """Sort an exception of :data:`EXPECTED`."""
    if isinstance(error, WireError):
        return _wire(error)
    if isinstance(error, OutOfQuota):
        return Failure("skipped_quota", str(error), counts=False, whole_provider=True)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return Failure("timeout", _text(error, "no answer in time"), unreached=True)
    retry = isinstance(
        error, httpx.ReadError | httpx.WriteError | httpx.CloseError | httpx.RemoteProtocolError
    )
    return Failure("refused", _text(error, "connection failed"), unreached=not retry, retry=retry)


def _wire(error: WireError) -> Failure:
    status, reason = error.status, error.reason
    match error:
        case UnknownSymbol():
            return Failure("unknown_symbol", reason, status, counts=False, whole_provider=True)
        case CallerError():
            return Failure("skipped_unserved", reason, status, counts=False, whole_provider=True)
        case Throttled():
            return Failure("throttled", reason, status, counts=False, whole_provider=True)
        case Forbidden():
            return Failure("blocked", reason, status, counts=False, whole_provider=error.cause == "key")
        case Untrue():
            return Failure("truth", reason, status)
        case BadPayload():
            return Failure("payload", reason, status)
        case ProviderDown():
            return Failure("status", reason, status, retry=status in BLIPS)
        case _:
            return Failure("payload", reason, status)


def _text(error: BaseException, otherwise: str) -> str:
    name = type(error).__name__
    text = " ".join(str(error).split())[:200]
    return f"{name}: {text}" if text else f"{name}: {otherwise}"
