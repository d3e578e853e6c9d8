"""The proxy API: requests to hosts of the catalogue for front ends of one's own, behind the same guard.

Only ``https`` and only hosts that the catalogue names, so that it leads nowhere else: a name that was made to
point inward cannot show that host's certificate. GET, or what the catalogue declares for that path. Nothing of
the asker's own headers goes along, none of our keys, and redirects are not followed.
"""

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any

import httpx

from core.answer import KintsugiError, Throttled, WireError
from core.catalog import Catalog, Host, Provider
from core.clock import Clock
from core.engine.classify import EXPECTED, classify
from core.engine.connectivity import Connectivity
from core.engine.cooldown import Cooldown, throttled_for
from core.engine.guard import PATIENCE, Guard
from core.engine.local import on_the_network
from core.engine.transport import Sender
from core.wire import WireRequest

LONGEST_URL = 4096
MOST_SENT = 65_536
MOST_BYTES = 2 * 1024 * 1024
"""Larger answers are none."""
SECONDS = 10.0
TEXT = re.compile(r"^(text/|application/(json|xml|[a-z.+-]+\+(json|xml)))")
_NAME = re.compile(r"\\\{\w+\\\}")


class NotAllowed(KintsugiError):
    """The proxy does not send this: another host, another method, another scheme."""


class NotNow(KintsugiError):
    """The host rests, is isolated, or our quota with it is used up. ``wait`` in seconds; None: not known."""

    def __init__(self, reason: str, wait: float | None) -> None:
        super().__init__(reason)
        self.wait = wait


class Unreachable(KintsugiError):
    """The host gave no answer that can be passed on."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A host's answer, whatever its status. ``elapsed`` in seconds."""

    provider: str
    host: str
    status: int
    content_type: str
    body: bytes
    elapsed: float
    lab: bool

    @property
    def text(self) -> str | None:
        """The body as text, where it says that it is some in UTF-8."""
        if not TEXT.match(self.content_type.lower()):
            return None
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            return None


class Proxy:
    """Sends for others."""

    def __init__(
        self,
        catalog: Catalog,
        guard: Guard,
        sender: Sender,
        connectivity: Connectivity,
        clock: Clock,
        *,
        throttle_default: float,
        lab: bool,
    ) -> None:
        self._guard = guard
        self._sender = sender
        self._connectivity = connectivity
        self._clock = clock
        self._throttle_default = throttle_default
        self._lab = lab
        self._hosts: dict[str, tuple[Provider, Host]] = {
            host.name: (provider, host)
            for provider in on_the_network(catalog.values())
            for host in provider.hosts
            if _public(host)
        }

    async def forward(self, url: str, method: str, content: bytes | None) -> Passed:
        """One request. :class:`NotAllowed`, :class:`NotNow`, :class:`Unreachable` when nothing comes of it."""
        target, provider, host = self._where(url)
        self._check_method(provider, method, target.path, content)
        now = self._clock.mono()
        self._check_guard(provider, host, now)
        headers = {"accept": "application/json, text/*;q=0.9, */*;q=0.8"}
        if content is not None:
            headers["content-type"] = "application/json"
        request = WireRequest(method, target, headers, content, auth=None, max_bytes=MOST_BYTES)
        try:
            response = await self._sender.send(host, request, SECONDS)
        except EXPECTED as error:
            raise Unreachable(f"{host.name}: {classify(error).reason}") from None
        self._connectivity.heard(self._clock.mono())
        self._guard.limiters[provider.id].told(response.headers, self._clock.mono())
        self._rest(provider, response)
        return Passed(
            provider.id,
            host.name,
            response.status_code,
            response.headers.get("content-type", ""),
            response.content,
            self._clock.mono() - now,
            self._lab,
        )

    def _where(self, url: str) -> tuple[httpx.URL, Provider, Host]:
        try:
            target = httpx.URL(url if len(url) <= LONGEST_URL else "")
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise NotAllowed("url: expected an address, as in https://api.kraken.com/0/public/Time") from None
        if target.scheme != "https" or target.userinfo or target.fragment:
            raise NotAllowed("url: expected https://, without user, password or fragment")
        found = self._hosts.get(target.netloc.decode("ascii").lower())
        if found is None:
            raise NotAllowed(f"url: {target.host[:80]!r} is no host of the catalogue")
        return target, *found

    def _check_method(self, provider: Provider, method: str, path: str, content: bytes | None) -> None:
        if method == "GET":
            if content is not None:
                raise NotAllowed("body: a GET has none")
            return
        if len(content or b"") > MOST_SENT:
            raise NotAllowed(f"body: expected at most {MOST_SENT} bytes")
        declared = [body for pattern, body in _declared(provider, method) if pattern.match(path)]
        if not declared:
            raise NotAllowed(f"method={method[:10]!r}: the catalogue declares none but GET for {path[:80]}")
        # Of a node that takes orders of every kind, only the questions that the catalogue asks.
        known = {body["method"] for body in declared if isinstance(body, dict) and "method" in body}
        if known and _asked(content) not in known:
            raise NotAllowed(
                f"body: its method is not one that the catalogue declares: {' '.join(sorted(known))}"
            )

    def _check_guard(self, provider: Provider, host: Host, now: float) -> None:
        scopes = (provider.id, f"{provider.id}@{host.group}")
        if any(scope in self._guard.isolated for scope in scopes):
            raise NotNow(f"{provider.id} is isolated", None)
        if (pause := self._guard.cooldowns.holding(scopes, now)) is not None:
            raise NotNow(f"{provider.id} is {pause.kind}: {pause.reason}", pause.until - now)
        limiter = self._guard.limiters[provider.id]
        if limiter.reserve(1.0, now, 0.0) is None:
            raise NotNow(f"the quota with {provider.id} is used up", max(PATIENCE, limiter.wait(1.0, now)))

    def _rest(self, provider: Provider, response: httpx.Response) -> None:
        """A provider that asks for rest gets it, whoever it was that asked too much."""
        try:
            provider.read_check(response, now=self._clock.now())
        except Throttled as error:
            until = self._clock.mono() + throttled_for(error, self._throttle_default)
            self._guard.pause(Cooldown(provider.id, "throttled", error.reason, until))
        except WireError:
            return  # who asked sees for themselves


def _declared(provider: Provider, method: str) -> list[tuple[re.Pattern[str], Any]]:
    """Paths for which the catalogue declares a method, each with the body that it sends."""
    declaration = provider.declaration
    calls = [call for forms in declaration.forms.values() for call in forms]
    found = [(call.path, call.json_body) for call in calls if call.method == method]
    if method == "POST" and declaration.check.json_body is not None:
        found.append((declaration.check.path, declaration.check.json_body))
    return [(_pattern(path), body) for path, body in found]


def _asked(content: bytes | None) -> object:
    """The method that a JSON-RPC body names."""
    try:
        body = json.loads(content or b"")
    except (ValueError, RecursionError):
        return None
    named = body.get("method") if isinstance(body, dict) else None
    return named if isinstance(named, str) else None


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(_NAME.sub("[^/?#]+", re.escape(template)) + r"\Z")


def _public(host: Host) -> bool:
    """Whether a host's name is one of the world's: no bare address, nothing of this machine or its network."""
    name = host.name.partition(":")[0]
    try:
        return bool(ipaddress.ip_address(name).is_global)
    except ValueError:
        return not name.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))
