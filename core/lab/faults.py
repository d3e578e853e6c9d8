"""Faults: which there are, where they apply, and what they do to a body."""

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.lab.venue import Reply, Venue

EVERYWHERE = ""
"""The target that means all of them."""

_COMMON = frozenset({"probability", "times", "until"})
_FOR = _COMMON | {"seconds"}
FAULTS: Mapping[str, frozenset[str]] = {
    "latency": _FOR,
    "timeout": _FOR,
    "refuse": _FOR,
    "reset": _FOR,
    "status": _FOR | {"status", "retry_after"},
    "html": _FOR | {"status"},
    "empty": _FOR,
    "truncated": _FOR | {"clean"},
    "wrong_type": _FOR,
    "partial_206": _FOR,
    "garbage": _FOR,
    "schema_drift": _FOR,
    "frozen": _FOR,
    "gap": _FOR | {"rows"},
    "duplicate": _FOR | {"rows"},
    "spike": _FOR | {"factor"},
    "unsorted": _FOR,
    "slow_drip": _FOR | {"rate"},
}
"""Fault → its options. ``status`` is also written with its number, as in ``status:503``."""

_HELD = frozenset({"latency", "timeout"})
"""For these ``seconds`` is how long a request is held; for all others how long the fault lasts."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in force. Times in UTC seconds; None means unlimited."""

    target: str
    fault: str
    since: float
    until: float | None = None
    """When it ends by itself."""
    seconds: float | None = None
    """latency, timeout: how long a request is held. A timeout without it lasts until the client gives up."""
    probability: float = 1.0
    times: int | None = None
    """Requests that it will still meet."""
    status: int = 200
    retry_after: str | None = None
    """The header's value. None: 30 on 429 and 120 on 418; empty: no header."""
    clean: bool = False
    """truncated: a cut body with the length to match, instead of a connection that ends too early."""
    rows: int = 3
    factor: float = 10.0
    rate: float = 8.0
    """slow_drip: bytes a second."""
    met: int = 0
    """Requests that it has met."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return asdict(self)


@dataclass(slots=True)
class _Live:
    fault: Fault
    chance: random.Random = field(repr=False)


class Faults:
    """Those in force, in the order in which they were injected. May be used from any thread."""

    def __init__(self, seed: int, venues: Iterable[Venue]) -> None:
        self._seed = seed
        self._venues = {venue.id: venue for venue in venues}
        self._live: dict[tuple[str, str], _Live] = {}
        self._lock = threading.Lock()

    def inject(self, target: str | None, fault: str, now: float, options: Mapping[str, Any]) -> Fault:
        """Put a fault in force, in place of the same at the same target. ValueError names what is allowed."""
        place = self.target(target)
        made = _made(place, fault, now, dict(options))
        with self._lock:
            chance = random.Random(f"{self._seed} {place} {made.fault}")  # noqa: S311 - repeatable, not secret
            self._live[place, made.fault] = _Live(made, chance)
        return made

    def clear(self, target: str | None = None) -> None:
        """End the faults of this target, or all."""
        place = self.target(target)
        with self._lock:
            kept = {key: live for key, live in self._live.items() if place not in {EVERYWHERE, key[0]}}
            self._live = kept

    def snapshot(self, now: float) -> tuple[Fault, ...]:
        """What is in force at this moment."""
        with self._lock:
            return tuple(live.fault for live in self._live.values() if _in_force(live.fault, now))

    def meet(self, provider: str, host: str, capabilities: tuple[str, ...], now: float) -> list[Fault]:
        """The faults that a request meets. Draws their chance and counts them down."""
        met = []
        with self._lock:
            for live in self._live.values():
                fault = live.fault
                if not _in_force(fault, now) or not _covers(fault.target, provider, host, capabilities):
                    continue
                if fault.probability < 1.0 and live.chance.random() >= fault.probability:
                    continue
                left = None if fault.times is None else fault.times - 1
                live.fault = replace(fault, times=left, met=fault.met + 1)
                met.append(fault)
        return met

    def target(self, target: str | None) -> str:
        """The target as it is kept. ValueError names what is allowed."""
        if target is None or target == EVERYWHERE:
            return EVERYWHERE
        where, _, host = str(target).partition("@")
        provider, slash, capability = where.partition("/")
        if provider and provider not in self._venues:
            raise ValueError(f"target={target!r}: expected a provider among {' '.join(self._venues)}")
        mine = [self._venues[provider]] if provider else list(self._venues.values())
        abilities = sorted({name for venue in mine for name in venue.capabilities})
        if slash and (not provider or capability not in abilities):
            raise ValueError(f"target={target!r}: expected provider/capability, one of {' '.join(abilities)}")
        hosts = [name for venue in mine for name in venue.hosts]
        if "@" in str(target) and host not in hosts:
            raise ValueError(f"target={target!r}: expected a host among {' '.join(hosts)}")
        return str(target)


def _covers(target: str, provider: str, host: str, capabilities: tuple[str, ...]) -> bool:
    where, _, wanted = target.partition("@")
    name, _, capability = where.partition("/")
    return name in {"", provider} and wanted in {"", host} and (not capability or capability in capabilities)


def _in_force(fault: Fault, now: float) -> bool:
    return (fault.until is None or now < fault.until) and (fault.times is None or fault.times > 0)


def _made(place: str, fault: str, now: float, options: dict[str, Any]) -> Fault:
    name, _, number = str(fault).partition(":")
    if name not in FAULTS or (number and name != "status"):
        names = " ".join("status:NNN" if known == "status" else known for known in FAULTS)
        raise ValueError(f"fault={fault!r}: expected one of {names}")
    if number:
        options.setdefault("status", int(number) if number.isdecimal() else number)
    for option, value in options.items():
        if option not in FAULTS[name]:
            raise ValueError(f"{option}={value!r}: {name} allows {' '.join(sorted(FAULTS[name]))}")
    checked = {option: _OPTIONS[option](option, value) for option, value in options.items()}
    if name == "status":
        if not 400 <= checked.get("status", 0) <= 599:
            raise ValueError(f"fault={fault!r}: expected a failing status, status:400 to status:599")
        name = f"status:{checked['status']}"
    if "seconds" in checked and name not in _HELD:
        checked.setdefault("until", now + checked.pop("seconds"))
    if name == "latency":
        checked.setdefault("seconds", 1.0)
    return Fault(place, name, now, **checked)


def _between(low: float, high: float) -> Callable[[str, Any], float]:
    def check(option: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{option}={value!r}: expected a number from {low:g} to {high:g}")
        return float(value)

    return check


def _whole(low: int, high: int) -> Callable[[str, Any], int]:
    def check(option: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{option}={value!r}: expected a whole number from {low} to {high}")
        return value

    return check


def _truth(option: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{option}={value!r}: expected True or False")  # noqa: TRY004 - one kind for all
    return value


def _header(option: str, value: Any) -> str:
    text = f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.isprintable() or not text.isascii():
        raise ValueError(
            f"{option}={value!r}: expected seconds, a date as in a header, or empty for no header"
        )
    return text


_OPTIONS: dict[str, Callable[[str, Any], Any]] = {
    "seconds": _between(0, 1e7),
    "until": _between(0, 1e11),
    "probability": _between(0, 1),
    "times": _whole(1, 10**9),
    "status": _whole(200, 599),
    "retry_after": _header,
    "clean": _truth,
    "rows": _whole(1, 1000),
    "factor": _between(1e-6, 1e6),
    "rate": _between(0.1, 1e6),
}


def disturb(reply: Reply, faults: Iterable[Fault], chance: random.Random) -> None:
    """Let the data faults have their way with a reply, in place. Errors of the venue stay as they are."""
    for fault in faults:
        if reply.status == 200 and (act := _DATA.get(fault.fault)):
            act(reply, fault, chance)


def _gap(reply: Reply, fault: Fault, chance: random.Random) -> None:
    """Rows are missing in the middle; the first and the last stay."""
    for table in reply.tables:
        count = min(fault.rows, len(table) - 2)
        if count > 0:
            first = chance.randint(1, len(table) - 1 - count)
            del table[first : first + count]


def _duplicate(reply: Reply, fault: Fault, chance: random.Random) -> None:
    """Rows stand twice, one after the other."""
    for table in reply.tables:
        for _ in range(min(fault.rows, len(table))):
            place = chance.randrange(len(table))
            table.insert(place, table[place])


def _spike(reply: Reply, fault: Fault, chance: random.Random) -> None:
    """One row's prices are many times what they were, in the form they had."""
    for table in reply.tables[:1]:
        if table:
            place = chance.randrange(len(table))
            row = table[place].copy()
            for column in reply.prices:
                row[column] = _times(row[column], fault.factor)
            if isinstance(row, dict):
                table[place].update(row)
            else:
                table[place][:] = row


def _times(price: Any, factor: float) -> Any:
    if isinstance(price, str):
        return f"{float(price) * factor:.{len(price.partition('.')[2])}f}"
    return round(price * factor, 8)


def _unsorted(reply: Reply, fault: Fault, chance: random.Random) -> None:
    """Rows in a wrong order."""
    del fault
    for table in reply.tables:
        before = table.copy()
        if len(table) > 1:
            chance.shuffle(table)
            if table == before:
                table.reverse()


def _drift(reply: Reply, fault: Fault, chance: random.Random) -> None:
    """The shape changed overnight: keys have other names, columns have moved."""
    del fault, chance
    reply.body = _drifted(reply.body)


def _drifted(part: Any) -> Any:
    if isinstance(part, dict):
        return {f"{name}V2": _drifted(value) for name, value in part.items()}
    if isinstance(part, list):
        moved = part[1:] + part[:1] if part and not isinstance(part[0], dict | list) else part
        return [_drifted(value) for value in moved]
    return part


_DATA: dict[str, Callable[[Reply, Fault, random.Random], None]] = {
    "gap": _gap,
    "duplicate": _duplicate,
    "spike": _spike,
    "unsorted": _unsorted,
    "schema_drift": _drift,
}
