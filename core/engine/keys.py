"""People's keys: read from the environment when needed, put into a request's slot, and nowhere else."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from core.catalog import Provider
from core.engine.local import on_the_network
from core.environment import environment
from core.wire import WireRequest
from core.wire.declare import Auth

HIDDEN = b"[key]"


@dataclass(frozen=True, slots=True)
class Used:
    """Which key a request went out with."""

    slot: str
    key: SecretStr


@dataclass(frozen=True, slots=True, repr=False)
class Filled:
    """What is sent in place of the keyless request. Never shown, logged or kept."""

    request: WireRequest
    used: Used | None = None

    def redacted(self, response: httpx.Response) -> httpx.Response:
        """The response without the key, should the provider repeat it; see :func:`used_by`."""
        if self.used is None:
            return response
        body, headers = response.content, response.headers.raw
        for form in map(str.encode, self._forms()):
            body = body.replace(form, HIDDEN)
            headers = [(name, value.replace(form, HIDDEN)) for name, value in headers]
        headers = [(name, value) for name, value in headers if name.lower() != b"content-length"]
        return httpx.Response(
            response.status_code, headers=headers, content=body, extensions={"used": self.used}
        )

    def shows(self, text: str) -> bool:
        """Whether the key stands in a text."""
        return any(form in text for form in self._forms())

    def _forms(self) -> set[str]:
        key = "" if self.used is None else self.used.key.get_secret_value()
        return {key, quote(key, safe="")} - {""}


def used_by(response: httpx.Response) -> Used | None:
    """The key that the request of this response went out with."""
    found: Used | None = response.extensions.get("used")
    return found


class Keys:
    """The keys of a catalogue's providers. Several in one variable, with commas, are used in turn.

    One that is refused or throttled rests alone, while another is there. In the lab nobody needs a key, and
    none is sent. ``mono`` in seconds is what rests are measured by.
    """

    def __init__(
        self,
        providers: Iterable[Provider],
        *,
        lab: bool,
        source: Mapping[str, str] = environment,
        mono: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._auths = {one.auth.name: one.auth for one in on_the_network(providers) if one.auth is not None}
        self._lab = lab
        self._source = source
        self._mono = mono
        self._turn = itertools.count()
        self._resting: dict[Used, float] = {}

    def missing(self, provider: Provider) -> str:
        """Why a provider is of no use without a key, naming the variable; empty when it is of use."""
        auth = provider.auth
        if self._lab or auth is None or not auth.required or held(auth, self._source):
            return ""
        return f"needs a key: set {auth.env[0]}" + (f" (to be had at {auth.get_at})" if auth.get_at else "")

    def fill(self, request: WireRequest) -> Filled:
        """The request with its key, if there is one: the next in turn that does not rest."""
        auth = None if request.auth is None or self._lab else self._auths.get(request.auth)
        found = [] if auth is None else held(auth, self._source)
        if auth is None or not found:
            return Filled(request)
        soonest = min(self._rest(auth, key) for key in found)
        ready = [key for key in found if self._rest(auth, key) <= max(0.0, soonest)]
        key = ready[next(self._turn) % len(ready)]
        used, text = Used(auth.name, key), key.get_secret_value()
        if auth.header is not None:
            headers = {**request.headers, auth.header: auth.prefix + text}
            return Filled(replace(request, headers=headers), used)
        if auth.parameter is not None:
            url = request.url.copy_add_param(auth.parameter, auth.prefix + text)
        else:
            url = request.url.copy_with(path=f"{request.url.path.rstrip('/')}/{quote(text, safe='')}")
        return Filled(replace(request, url=url), used)

    def rest(self, used: Used, seconds: float) -> float:
        """Let a key rest for so long. Seconds until any key of the provider's is ready: 0 when one is now."""
        until = self._mono() + seconds
        self._resting[used] = max(until, self._resting.get(used, until))
        auth = self._auths[used.slot]
        others = [key for key in held(auth, self._source) if key != used.key]
        return max(0.0, min([seconds, *(self._rest(auth, key) for key in others)]))

    def resting(self, provider: Provider) -> int:
        """How many of a provider's keys rest now."""
        auth = provider.auth
        return 0 if auth is None else sum(self._rest(auth, key) > 0 for key in held(auth, self._source))

    def forget(self, provider: Provider) -> None:
        """End the rests of a provider's keys."""
        if provider.auth is not None:
            for used in [used for used in self._resting if used.slot == provider.auth.name]:
                del self._resting[used]

    def _rest(self, auth: Auth, key: SecretStr) -> float:
        """Seconds for which it still rests; none or less when it is ready."""
        return self._resting.get(Used(auth.name, key), 0.0) - self._mono()


def held(auth: Auth, source: Mapping[str, str] = environment) -> list[SecretStr]:
    """The keys that there are for a slot: those of the first of its variables that holds any."""
    for name in auth.env:
        keys = [key for key in map(str.strip, source.get(name, "").split(",")) if _sendable(key)]
        if keys:
            return [SecretStr(key) for key in dict.fromkeys(keys)]
    return []


def _sendable(key: str) -> bool:
    return bool(key) and key.isascii() and key.isprintable()
