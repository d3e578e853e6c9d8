"""Who may change what everybody sees. One decision, for pages and REST alike.

A person who logged in and is on the list may act. So may whoever has the token, wherever the request comes from.
With a list or a token set, one of them is needed. Without either, authority exists only on this machine: the server
is not public, it listens on loopback alone, and whoever asks is here too, with no proxy between.
"""

import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from core.addresses import LOOPBACK
from core.settings import Settings

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""Headers that only a proxy sets."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Where a request comes from, and what it shows."""

    bound: str | None
    """Where the server listens; None when that is not known."""
    client: str | None
    """The other end; None is streamlit's word for loopback."""
    host: str
    """The Host header, against names that were made to point here."""
    forwarded: bool
    """Whether a proxy stands between."""
    token: str | None = None
    """What it gave for the token; None when nothing."""
    login: str | None = None
    """The address that an identity provider vouched for; None when nobody logged in."""


@dataclass(frozen=True, slots=True)
class Door:
    """What this server asks of whoever wants to act."""

    token: SecretStr | None = None
    public: bool = False
    """Whether strangers are expected: then being on this machine is no right."""
    admins: Collection[str] = ()
    """Addresses of those who may act once they have logged in."""

    @classmethod
    def of(cls, settings: Settings) -> "Door":
        """As the settings have it."""
        return cls(settings.admin_token, settings.public, settings.admins)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is not allowed. ``token``: the right token would change that."""

    reason: str
    token: bool = False
    wait: float = 0.0
    """Seconds until a token is looked at again, after too many wrong ones."""


Right = Literal["token", "loopback", "login"]
"""What an allowed request rests on."""


class Guesses:
    """Counts wrong tokens, by who gave them and in all, so that nobody can try many. From any thread."""

    def __init__(
        self,
        most: int = 10,
        most_in_all: int = 100,
        seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._most_in_all = most_in_all
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: OrderedDict[float, str | None] = OrderedDict()
        """When → who, oldest first; never more than ``most_in_all``."""

    def wait(self, client: str | None) -> float:
        """Seconds until a token of this client is looked at; 0 when it is now."""
        with self._lock:
            now = self._forget()
            own = [at for at, who in self._wrong.items() if who == client]
            until = own[0] if len(own) >= self._most else None
            if len(self._wrong) >= self._most_in_all:
                until = next(iter(self._wrong))
            return 0.0 if until is None else max(0.0, until + self._seconds - now)

    def wrong(self, client: str | None) -> None:
        """One more wrong token."""
        with self._lock:
            now = self._forget()
            while now in self._wrong:
                now += 1e-6
            if len(self._wrong) < self._most_in_all:
                self._wrong[now] = client

    def _forget(self) -> float:
        now = self._clock()
        while self._wrong and next(iter(self._wrong)) <= now - self._seconds:
            self._wrong.popitem(last=False)
        return now


GUESSES = Guesses()
"""Those of this process, whichever way they come in."""


def decide(asker: Asker, door: Door, guesses: Guesses = GUESSES) -> Right | Refusal:
    """What allows this request to act, or why it may not."""
    if asker.login is not None and asker.login.lower() in {name.lower() for name in door.admins}:
        return "login"
    token = door.token
    if token is None and not door.admins:
        reason = "this server is public and read-only" if door.public else elsewhere(asker)
        return Refusal(reason) if reason else "loopback"
    if token is None or asker.token is None:
        return Refusal(needed(asker, door), token=token is not None)
    if wait := guesses.wait(asker.client):
        return Refusal("too many wrong tokens", token=True, wait=wait)
    if same(asker.token, token):
        return "token"
    guesses.wrong(asker.client)
    return Refusal("that is not the admin token", token=True)


def needed(asker: Asker, door: Door) -> str:
    """What is asked of whoever has shown no token."""
    if asker.login is not None and door.admins:
        return "whoever is logged in is not on this server's list"
    ways = ["the admin token"] * (door.token is not None) + ["a login on this server's list"] * bool(
        door.admins
    )
    return f"{' or '.join(ways)} is needed"


def elsewhere(asker: Asker) -> str:
    """Why a request is not certainly of this machine, or ``""``. All addresses must be loopback."""
    if asker.bound not in LOOPBACK:
        return (
            "the server listens on more than this machine" if asker.bound else "where it listens is not known"
        )
    if asker.forwarded or (asker.client is not None and asker.client not in LOOPBACK):
        return "the request comes from another machine"
    if host_name(asker.host) not in LOOPBACK:
        return "it was opened under a name that is not this machine's"
    return ""


def same(given: str, token: SecretStr) -> bool:
    """Whether this is the token. Takes as long for a near miss as for a far one."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.get_secret_value().encode())


def host_name(host: str) -> str:
    """The name in a Host header, without its port."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0].lower()
