"""What pages look at, asked for once for all of them: ten open pages cost about what one does."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from core.engine.snapshot import Snapshot
from core.hub import Hub
from core.ops.alerts import Alert

T = TypeVar("T")

EVERY, SAME = 4.0, 0.9
"""Seconds between two looks of a page that is open, and for which two that look see the same: together what
happened is on every page within 5 s. Nothing is fetched for a look."""
SLOWLY = 10.0
"""Between two looks at a past in which no state is said."""
MOST = 256
"""Things kept, of each hub."""


@dataclass(slots=True)
class _Held:
    """One thing that was asked for. ``at`` in seconds of a steady clock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float = float("-inf")
    stamp: Hashable = None
    value: Any = None


_held: WeakKeyDictionary[Hub, OrderedDict[Hashable, _Held]] = WeakKeyDictionary()
_lock = threading.Lock()


def kept(hub: Hub, key: Hashable, ask: Callable[[], T], seconds: float, stamp: Hashable = None) -> T:
    """What ``ask`` gave within the last ``seconds``, or since ``stamp`` is the same; else it is asked now.

    What the lab and what live data give are two things. ``ask`` runs once, however many pages wait for it.
    """
    one = _place(hub, (hub.hub.simulated, key))
    with one.lock:
        now = time.monotonic()
        fresh = now - one.at < seconds or (stamp is not None and stamp == one.stamp)
        if not fresh:
            one.value = ask()
            one.at, one.stamp = now, stamp
        found: T = one.value
        return found


def told(hub: Hub, key: Hashable, ask: Callable[[], T], seconds: float) -> T:
    """:func:`kept`, of what the journal says: not asked again while nothing was written and the minute is the same."""
    return kept(hub, key, ask, seconds, (hub.hub.journal.revision, time.time() // 60))


def look(hub: Hub) -> Snapshot:
    """Health as it is now, for a page that a person opens or acts on; counts as a look."""
    one = _place(hub, (hub.hub.simulated, "health"))
    snapshot = hub.health()
    with one.lock:
        one.value, one.at = snapshot, time.monotonic()
    return snapshot


def glance(hub: Hub) -> Snapshot:
    """Health as another page may have seen it a moment ago, for what is redrawn by itself."""
    return kept(hub, "health", hub.health, SAME)


def open_alerts(hub: Hub) -> list[Alert]:
    """Open alerts, the oldest first."""
    return kept(hub, "alerts", lambda: hub.alerts(open_only=True), SAME)


def forget(hub: Hub) -> None:
    """Ask for everything again: somebody acted."""
    with _lock:
        _held.pop(hub, None)


def _place(hub: Hub, key: Hashable) -> _Held:
    with _lock:
        held = _held.setdefault(hub, OrderedDict())
        one = held.setdefault(key, _Held())
        held.move_to_end(key)
        if len(held) > MOST:
            held.popitem(last=False)
        return one
