"""From a reply and the faults it meets to what goes over the wire, whatever wire that is."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Literal

from core.lab.faults import Fault
from core.lab.venue import HTML, Reply

Ending = Literal["whole", "hang", "refuse", "reset", "truncated"]

_CHALLENGE = """<!DOCTYPE html>
<html lang="en-US"><head><title>Just a moment...</title>
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">
<meta name="robots" content="noindex,nofollow"></head>
<body><div class="main-wrapper"><h1>{host}</h1>
<p>Verifying you are human. This may take a few seconds.</p>
<div id="ray">Ray ID: <code>{ray:016x}</code></div></div></body></html>
"""


@dataclass(slots=True)
class Delivery:
    """What happens to one request.

    First nothing for ``delay`` seconds. Then, by ``ending``: the ``whole`` response; ``hang``, nothing at all
    until the client gives up (or for ``hold`` seconds); ``refuse``, no connection; ``reset``, a connection
    that breaks within the body; ``truncated``, one that ends within the body, short of its Content-Length.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ending: Ending = "whole"
    delay: float = 0.0
    hold: float | None = None
    rate: float | None = None
    """Bytes a second; None is at once."""

    @property
    def sent(self) -> bytes:
        """So much of the body gets through."""
        return self.body[: len(self.body) // 2] if self.ending in {"reset", "truncated"} else self.body

    def pieces(self) -> list[tuple[bytes, float]]:
        """The body in pieces, each with the seconds to wait before it."""
        if self.rate is None:
            return [(self.sent, 0.0)] if self.sent else []
        size = max(1, int(self.rate))
        pieces = [self.sent[start : start + size] for start in range(0, len(self.sent), size)]
        return [(piece, len(piece) / self.rate) for piece in pieces]


def plain(status: int, document: object, now: float) -> Delivery:
    """A JSON answer of the lab itself."""
    headers = {"Date": formatdate(now, usegmt=True), "Content-Type": "application/json"}
    return _sealed(Delivery(status, headers, _encode(document)))


def deliver(
    reply: Reply, content_type: str, host: str, faults: Sequence[Fault], now: float, chance: random.Random
) -> Delivery:
    """The reply as the faults let it through. Data faults have been at it already."""
    headers = {
        "Date": formatdate(now, usegmt=True),
        "Content-Type": reply.content_type or content_type,
        **reply.headers,
    }
    made = Delivery(reply.status, headers, _encode(reply.body))
    for fault in faults:
        made.delay += _lateness(fault, now)
        _bend(made, fault, host, chance)
    return _sealed(made)


def retry_after(fault: Fault) -> dict[str, str]:
    """The header that goes with a failing status."""
    usual = {"status:429": "30", "status:418": "120"}.get(fault.fault, "")
    value = usual if fault.retry_after is None else fault.retry_after
    return {"Retry-After": value} if value else {}


def _encode(body: object) -> bytes:
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _sealed(made: Delivery) -> Delivery:
    made.headers["Content-Length"] = str(len(made.body))
    return made


def _lateness(fault: Fault, now: float) -> float:
    if fault.fault == "decay":
        return fault.slope * (now - fault.since)
    return fault.seconds or 0.0 if fault.fault == "latency" else 0.0


def _bend(made: Delivery, fault: Fault, host: str, chance: random.Random) -> None:
    match fault.fault:
        case "timeout":
            made.ending, made.hold = "hang", fault.seconds
        case "refuse" | "reset" as ending:
            made.ending = ending
        case "truncated" if fault.clean:
            made.body = made.body[: len(made.body) // 2]
        case "truncated":
            made.ending = "truncated"
        case "slow_drip":
            made.rate = fault.rate
        case "partial_206":
            total, made.body = len(made.body), made.body[: len(made.body) // 2]
            made.status = 206
            made.headers["Content-Range"] = f"bytes 0-{len(made.body) - 1}/{total}"
        case "empty":
            made.body = b""
        case "wrong_type":
            made.headers["Content-Type"] = "text/plain; charset=utf-8"
        case "garbage":
            made.body = chance.randbytes(max(64, min(4096, len(made.body))))
        case "html":
            made.status = fault.status
            made.headers |= {"Content-Type": HTML, "Server": "cloudflare", "cf-mitigated": "challenge"}
            made.body = _CHALLENGE.format(host=host, ray=chance.getrandbits(64)).encode()
