"""The lab: venues that are not there, and what goes wrong with them."""

import json
import random
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from core.clock import Clock, SystemClock
from core.lab.app import Application
from core.lab.delivery import Delivery, deliver, plain, retry_after
from core.lab.disturb import disturb
from core.lab.faults import EVERYWHERE, Fault, Faults
from core.lab.market import market_of
from core.lab.transport import LabTransport
from core.lab.venue import Call, Reply
from core.lab.venues import VENUES

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


class Lab:
    """An embedded market simulator that speaks the providers' own wire formats and misbehaves when told to.

    The market is a pure function of ``seed`` and ``clock.now()``. Delays are ``asyncio.sleep``.
    """

    def __init__(self, seed: int = 7, clock: Clock | None = None) -> None:
        self.seed = seed
        self.clock: Clock = clock or SystemClock()
        self.market = market_of(seed)
        self.app = Application(self.handle_at)
        self._venues = {host: venue for venue in VENUES for host in venue.hosts}
        self._faults = Faults(seed, VENUES)
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._spent: dict[str, tuple[int, int]] = {}

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that answer here; all others cannot be found."""
        return tuple(self._venues)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is in force now, or waits for its hour."""
        return self._faults.snapshot(self.clock.now())

    @property
    def unreachable(self) -> bool:
        """Everything is refused, always: whoever listens for the lab should stop."""
        return any(
            fault.fault == "refuse"
            and fault.target == EVERYWHERE
            and fault.probability == 1.0
            and fault.times is None
            and fault.since <= self.clock.now()
            for fault in self.faults
        )

    def transport(self) -> httpx.AsyncBaseTransport:
        """What an ``httpx.AsyncClient`` needs to find the venues here instead of on the network."""
        return LabTransport(self.handle, self.hosts)

    def inject(self, target: str | None, fault: str, **options: Any) -> Fault:
        """Let something go wrong, until it is cleared or its time or count is over.

        ``target``: None for everything, ``kraken``, ``kraken/ohlcv``, ``kraken/ohlcv@api.kraken.com``,
        ``@api.kraken.com``. ``fault``: a name of :data:`core.lab.faults.FAULTS`, where the options of each
        stand too. All take ``probability``, ``times`` (requests), ``since`` and ``until`` (UTC seconds) and
        ``seconds``: how long the fault lasts, or, for latency and timeout, how long it holds each request.
        With a ``since`` to come it waits: a shape that changes overnight. An outage is ``refuse`` or
        ``timeout``, of one host, of one venue or of everything, as the target says. The same fault
        at the same target is replaced. ValueError names what is allowed.
        """
        return self._faults.inject(target, fault, self.clock.now(), options)

    def clear(self, target: str | None = None) -> None:
        """End the faults that were injected at this target, or all. ValueError for an unknown target."""
        self._faults.clear(target)

    def handle(self, method: str, host: str, path: str, query: str, body: bytes = b"") -> Delivery:
        """What happens to a request for one of the venues; ``refuse`` for a host that is not here."""
        venue = self._venues.get(host.lower())
        if venue is None:
            return Delivery(ending="refuse")
        params, document = dict(parse_qsl(query, keep_blank_values=True)), _json(body)
        said = {**params, **document} if isinstance(document, dict) else params
        found = venue.find(unquote(path), method, said)
        served, named = found or (None, {})
        now = self.clock.now()
        faults = self._faults.meet(venue.id, host.lower(), served.capabilities if served else (), now)
        venue = venue.without(fault.symbol for fault in faults if fault.symbol)
        frozen = [fault.since for fault in faults if fault.fault == "frozen"]
        seen = min([now, *frozen])
        spent = self._spend(host, int(now // 60), served.weight if served else 1)
        call = Call(host, path, {**params, **named}, seen, self.market, spent, document)
        failing = next((fault for fault in faults if fault.fault.startswith("status:")), None)
        closed = next((fault for fault in faults if fault.fault == "maintenance"), None)
        if failing is not None:
            reply = venue.failure(int(failing.fault.partition(":")[2]))
            reply.headers = {**venue.headers(call, served), **retry_after(failing)}
        elif closed is not None:
            reply = venue.maintenance(call, closed.status)
            reply.headers = {**venue.headers(call, served), **reply.headers}
        elif method not in (known := venue.methods(unquote(path)) or ["GET"]):
            reply = Reply("", 405, {"Allow": ", ".join(known)})
        else:
            reply = venue.answer(call, served)
            disturb(reply, faults, self._chance)
        return deliver(reply, venue.content_type, host, faults, now, self._chance)

    def handle_at(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> Delivery:
        """The same where the host is the first part of the path, and the lab's own address ``/_lab``."""
        first, _, rest = path.lstrip("/").partition("/")
        if first == "_lab":
            return self._control(method, rest, body, headers)
        if _HOST.fullmatch(first):
            return self.handle(method, first, f"/{rest}", query, body)
        usage = "the host comes first in the path, as in /api.kraken.com/0/public/Time"
        return self._say(200 if not first else 404, {"lab": True, "usage": usage, "hosts": self.hosts})

    def _control(self, method: str, action: str, body: bytes, headers: Mapping[str, str]) -> Delivery:
        if "origin" in headers:  # a page of some web site has no business here
            return self._refused(403, "forbidden", "not for browsers")
        if action == "faults" and method == "GET":
            return self._in_force()
        if method != "POST" or action not in {"inject", "clear"}:
            return self._refused(
                404, "not_found", "expected POST /_lab/inject, POST /_lab/clear, GET /_lab/faults"
            )
        try:
            options = _object(body)
            target = options.pop("target", None)
            if action == "inject":
                fault = options.pop("fault", None)
                if fault == "refuse" and not target and not options.keys() & {"seconds", "until", "times"}:
                    raise ValueError(
                        "refuse, for everything: name seconds, until or times; else nothing ends it"
                    )
                self._faults.inject(target, fault, self.clock.now(), options)
            elif options:
                raise ValueError(f"{next(iter(options))}: clear takes target alone")
            else:
                self.clear(target)
        except (ValueError, RecursionError) as error:
            return self._refused(400, "bad_request", str(error))
        return self._in_force()

    def _in_force(self) -> Delivery:
        return self._say(200, {"faults": [fault.as_dict() for fault in self.faults]})

    def _refused(self, status: int, code: str, message: str) -> Delivery:
        return self._say(status, {"error": {"code": code, "message": message, "detail": None}})

    def _say(self, status: int, document: object) -> Delivery:
        return plain(status, document, self.clock.now())

    def _spend(self, host: str, minute: int, weight: int) -> int:
        """Weight used at this host in this minute, before this request."""
        last, spent = self._spent.get(host, (minute, 0))
        spent = spent if last == minute else 0
        self._spent[host] = (minute, spent + weight)
        return spent


def _json(body: bytes) -> Any:
    """A request's body as a venue reads it; what is no JSON is as good as none."""
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


def _object(body: bytes) -> dict[str, Any]:
    document = json.loads(body or b"{}")
    if isinstance(document, dict):
        return document
    raise ValueError("body: expected a JSON object")
