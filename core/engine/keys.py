"""People's keys: read from the environment when needed, put into a request's slot, and nowhere else."""

import itertools
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

import httpx

from core.catalog import Provider
from core.engine.local import on_the_network
from core.wire import WireRequest
from core.wire.declare import Auth

HIDDEN = b"[key]"


@dataclass(frozen=True, slots=True, repr=False)
class Filled:
    """What is sent in place of the keyless request. Never shown, logged or kept."""

    request: WireRequest
    key: str = ""

    def redacted(self, response: httpx.Response) -> httpx.Response:
        """The response without the key, should the provider repeat it."""
        if not self.key:
            return response
        forms = {self.key, quote(self.key, safe="")}
        body, headers = response.content, response.headers.raw
        for form in map(str.encode, forms):
            body = body.replace(form, HIDDEN)
            headers = [(name, value.replace(form, HIDDEN)) for name, value in headers]
        headers = [(name, value) for name, value in headers if name.lower() != b"content-length"]
        return httpx.Response(response.status_code, headers=headers, content=body)


class Keys:
    """The keys of a catalogue's providers. Several in one variable, with commas, are used in turn.

    In the lab nobody needs a key, and none is sent.
    """

    def __init__(
        self, providers: Iterable[Provider], *, lab: bool, source: Mapping[str, str] = os.environ
    ) -> None:
        self._auths = {one.auth.name: one.auth for one in on_the_network(providers) if one.auth is not None}
        self._lab = lab
        self._source = source
        self._turn = itertools.count()

    def missing(self, provider: Provider) -> str:
        """Why a provider is of no use without a key, naming the variable; empty when it is of use."""
        auth = provider.auth
        if self._lab or auth is None or not auth.required or self._held(auth):
            return ""
        return f"needs a key: set {auth.env[0]}" + (f" (free at {auth.get_at})" if auth.get_at else "")

    def fill(self, request: WireRequest) -> Filled:
        """The request with its key, if there is one."""
        auth = None if request.auth is None or self._lab else self._auths.get(request.auth)
        held = [] if auth is None else self._held(auth)
        if auth is None or not held:
            return Filled(request)
        key = held[next(self._turn) % len(held)]
        if auth.header is not None:
            headers = {**request.headers, auth.header: auth.prefix + key}
            return Filled(replace(request, headers=headers), key)
        if auth.parameter is not None:
            url = request.url.copy_add_param(auth.parameter, auth.prefix + key)
        else:
            url = request.url.copy_with(path=f"{request.url.path.rstrip('/')}/{quote(key, safe='')}")
        return Filled(replace(request, url=url), key)

    def _held(self, auth: Auth) -> list[str]:
        for name in auth.env:
            if keys := [
                key for key in map(str.strip, self._source.get(name, "").split(",")) if _sendable(key)
            ]:
                return keys
        return []


def _sendable(key: str) -> bool:
    return bool(key) and key.isascii() and key.isprintable()
