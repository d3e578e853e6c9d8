"""Which symbols the providers list, by their own word. Fetched at most once a day, kept over a restart.

What is known from the package alone never rules anybody out; a list that was read within a day does.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from core.answer import BadPayload
from core.catalog import Host, Provider
from core.catalog.shipped import shipped
from core.clock import Clock
from core.engine.check import rest_as_asked
from core.engine.classify import EXPECTED, classify
from core.engine.connectivity import Connectivity
from core.engine.folder import DataFolder
from core.engine.guard import Guard
from core.engine.local import on_the_network
from core.engine.transport import Sender
from core.files import write_atomically
from core.market import Capability
from core.settings import Settings
from core.symbols import Known

log = logging.getLogger(__name__)

AGAIN = 600.0
"""Seconds after which a list that could not be had is asked for again."""
SECONDS = 20.0
"""A long list may take longer than a price."""
VERSION = 1
_SYMBOL = re.compile(r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20}")


OF_MARKETS: frozenset[Capability] = frozenset({"price", "ohlcv", "volume", "orderbook"})


class Listings:
    """Fetches the lists through guard and transport, and tells the guard what they say."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        guard: Guard,
        sender: Sender,
        connectivity: Connectivity,
        folder: DataFolder,
        path: Path,
        persist: Callable[[], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._sender = sender
        self._connectivity = connectivity
        self._folder = folder
        self._path = path
        self._persist = persist
        self._running: dict[str, asyncio.Task[None]] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        """Provider → when it was last tried in vain, and what came of it."""

    async def refresh(self, providers: Iterable[Provider], seconds: float) -> dict[str, str]:
        """Fetch the lists that are due, for so long. Provider → why its list is not of today.

        What has not come by then is waited for in the background.
        """
        mono, wall = self._clock.mono(), self._clock.now()
        listing = [one for one in on_the_network(providers) if one.declaration.listing is not None]
        tasks = []
        for provider in listing:
            tried = self._failed.get(provider.id, (-AGAIN, ""))[0]
            if self._guard.whole_list(provider.id, wall) is None and mono - tried >= AGAIN:
                tasks.append(self._running.get(provider.id) or self._start(provider))
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        late = dict.fromkeys(self._running, "its list is still being fetched")
        failed = {name: reason for name, (_, reason) in self._failed.items()}
        return {one.id: said for one in listing if (said := late.get(one.id) or failed.get(one.id, ""))}

    def known(self, providers: Iterable[Provider]) -> dict[str, Known]:
        """Provider → its markets: its own list, however old, else those that come with the package.

        Only of those that are asked about markets: who serves news or blocks has none.
        """
        wall = self._clock.now()
        found = {}
        for provider in on_the_network(providers):
            if not OF_MARKETS & set(provider.capabilities):
                continue
            held = self._guard.listed.get(provider.id)
            fresh = self._guard.whole_list(provider.id, wall) is not None
            found[provider.id] = Known(shipped(provider) if held is None else held[0], whole=fresh)
        return found

    def restore(self) -> None:
        """Take up the lists on disk; what cannot be read is left aside, with a line in the log."""
        try:
            self._guard.listed.update(load(json.loads(self._path.read_bytes()), self._guard.catalog))
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            log.warning("%s cannot be restored: %s: %s", self._path.name, type(error).__name__, error)

    async def close(self) -> None:
        """Stop what is being fetched."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, provider: Provider) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._fetch(provider))
        self._running[provider.id] = task
        task.add_done_callback(lambda _: self._running.pop(provider.id, None))
        return task

    async def _fetch(self, provider: Provider) -> None:
        reason = ""
        for host in provider.hosts[: self._settings.hosts_per_call]:
            said = self._refusal(provider, host)
            if not said:
                try:
                    symbols = await self._ask(provider, host)
                except EXPECTED as error:
                    said = await self._judge(provider, host, error)
                else:
                    self._failed.pop(provider.id, None)
                    self._guard.listed[provider.id] = symbols, self._clock.now()
                    await self._save()
                    return
            reason = reason or said
        self._failed[provider.id] = self._clock.mono(), f"its list could not be fetched: {reason}"

    def _refusal(self, provider: Provider, host: Host) -> str:
        now = self._clock.mono()
        if self._guard.left_alone((provider, host), now):
            return f"{host.name} is isolated, or rests at its own wish"
        if not self._guard.limiters[provider.id].take(_cost(provider), now):
            return "own quota is used up"
        return ""

    async def _ask(self, provider: Provider, host: Host) -> frozenset[str]:
        response = await self._sender.send(host, provider.listing_request(host), SECONDS)
        self._connectivity.heard(self._clock.mono())
        self._guard.limiters[provider.id].told(response.headers, self._clock.mono())
        symbols = provider.read_listing(response, now=self._clock.now())
        if provider.check_symbol not in symbols:
            raise BadPayload(f"{provider.check_symbol}, its own check symbol, is not in the list")
        return symbols

    async def _judge(self, provider: Provider, host: Host, error: BaseException) -> str:
        """What went wrong, in words; a pause where the provider asks for one."""
        rest_as_asked(self._guard, provider, host, error, self._settings, self._clock.mono())
        await self._persist()
        return classify(error).reason

    async def _save(self) -> None:
        if not self._folder.writable:
            return
        try:
            await self._folder.write_through(_store, self._path, dict(self._guard.listed))
        except OSError as error:  # counted by the folder too; the lists are in memory
            log.warning("%s cannot be written: %s", self._path.name, error)


def dump(listed: Mapping[str, tuple[frozenset[str], float]]) -> dict[str, Any]:
    """The lists as plain data."""
    lists = {name: {"at": at, "symbols": sorted(symbols)} for name, (symbols, at) in listed.items()}
    return {"version": VERSION, "lists": lists}


def load(document: Any, known: Iterable[str]) -> dict[str, tuple[frozenset[str], float]]:
    """The lists of known providers. ValueError and the like when the document is not one of ours."""
    if document["version"] != VERSION:
        raise ValueError(f"version {document['version']!r}: expected {VERSION}")
    found = {}
    for name in set(known) & document["lists"].keys():
        held = document["lists"][name]
        symbols = frozenset(held["symbols"])
        if not all(map(_SYMBOL.fullmatch, symbols)):
            raise ValueError(f"{name}: a symbol that is none")
        found[name] = symbols, float(held["at"])
    return found


def _store(path: Path, listed: Mapping[str, tuple[frozenset[str], float]]) -> None:
    write_atomically(path, json.dumps(dump(listed)).encode(), sync=False)


def _cost(provider: Provider) -> float:
    call = provider.declaration.listing
    return 1.0 if call is None else call.cost
