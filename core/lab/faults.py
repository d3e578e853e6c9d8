"""Faults: which there are, where they apply, and for how long."""

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.lab.venue import Venue

EVERYWHERE = ""
"""The target that means all of them."""

_COMMON = frozenset({"probability", "times", "since", "until"})
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
    "decay": _FOR | {"slope"},
    "maintenance": _FOR | {"status"},
    "delisted": _FOR | {"symbol"},
}
"""Fault → its options. Two are also written with what they need: ``status:503``, ``delisted:BTC/USD``."""

_USUAL: Mapping[str, dict[str, Any]] = {"latency": {"seconds": 1.0}, "maintenance": {"status": 503}}

_WITH = {"status": "NNN", "delisted": "BASE/QUOTE"}

_HELD = frozenset({"latency", "timeout"})
"""For these ``seconds`` is how long a request is held; for all others how long the fault lasts."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Times in UTC seconds; None means unlimited."""

    target: str
    fault: str
    since: float
    """When it begins, or began."""
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
    slope: float = 0.01
    """decay: seconds by which an answer comes later, for every second since it began."""
    symbol: str = ""
    """delisted: which, as BASE/QUOTE."""
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
    """Those in force or to come, in the order in which they were injected. May be used from any thread."""

    def __init__(self, seed: int, venues: Iterable[Venue]) -> None:
        self._seed = seed
        self._venues = {venue.id: venue for venue in venues}
        self._live: dict[tuple[str, str], _Live] = {}
        self._lock = threading.Lock()

    def inject(self, target: str | None, fault: str, now: float, options: Mapping[str, Any]) -> Fault:
        """Put a fault in force, in place of the same at the same target. ValueError names what is allowed."""
        place = self.target(target)
        made = _made(place, fault, now, dict(options))
        self._check_listed(place, made.symbol)
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
        """What is in force at this moment, or to come."""
        with self._lock:
            return tuple(live.fault for live in self._live.values() if not _over(live.fault, now))

    def meet(self, provider: str, host: str, capabilities: tuple[str, ...], now: float) -> list[Fault]:
        """The faults that a request meets. Draws their chance and counts them down."""
        met = []
        with self._lock:
            for live in self._live.values():
                fault = live.fault
                if now < fault.since or _over(fault, now):
                    continue
                if not _covers(fault.target, provider, host, capabilities):
                    continue
                if fault.probability < 1.0 and live.chance.random() >= fault.probability:
                    continue
                left = None if fault.times is None else fault.times - 1
                live.fault = replace(fault, times=left, met=fault.met + 1)
                met.append(fault)
        return met

    def _check_listed(self, place: str, symbol: str) -> None:
        provider = place.partition("@")[0].partition("/")[0]
        venues = [self._venues[provider]] if provider else list(self._venues.values())
        if symbol and not any(listing.symbol == symbol for venue in venues for listing in venue.listed):
            raise ValueError(f"symbol={symbol!r}: expected one that is listed at {provider or 'some venue'}")

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


def _over(fault: Fault, now: float) -> bool:
    return (fault.until is not None and now >= fault.until) or fault.times == 0


def _made(place: str, fault: str, now: float, options: dict[str, Any]) -> Fault:
    name = _named(fault, options)
    for option, value in options.items():
        if option not in FAULTS[name]:
            raise ValueError(f"{option}={value!r}: {name} allows {' '.join(sorted(FAULTS[name]))}")
    checked = {option: _OPTIONS[option](option, value) for option, value in options.items()}
    if name == "status" and not 400 <= checked.get("status", 0) <= 599:
        raise ValueError(f"fault={fault!r}: expected a failing status, status:400 to status:599")
    if name == "delisted" and "symbol" not in checked:
        raise ValueError(f"fault={fault!r}: expected a symbol, as in delisted:BTC/USD")
    later = "since" in checked
    since = checked.pop("since", now)
    if "seconds" in checked and name not in _HELD:
        checked.setdefault("until", since + checked.pop("seconds"))
    if later and checked.get("until", since + 1) <= since:
        raise ValueError(f"until={checked['until']!r}: expected a time after since={since!r}")
    checked = _USUAL.get(name, {}) | checked
    if name in _WITH:
        name = f"{name}:{checked['status' if name == 'status' else 'symbol']}"
    return Fault(place, name, since, **checked)


def _named(fault: str, options: dict[str, Any]) -> str:
    """The name alone; what stands behind a colon becomes an option."""
    name, _, more = str(fault).partition(":")
    if name not in FAULTS or (more and name not in _WITH):
        names = " ".join(f"{known}:{_WITH[known]}" if known in _WITH else known for known in FAULTS)
        raise ValueError(f"fault={fault!r}: expected one of {names}")
    if more and name == "status":
        options.setdefault("status", int(more) if more.isdecimal() else more)
    elif more:
        options.setdefault("symbol", more)
    return name


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
        raise ValueError(f"{option}={value!r}: expected True or False")
    return value


def _header(option: str, value: Any) -> str:
    text = f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.isprintable() or not text.isascii():
        raise ValueError(
            f"{option}={value!r}: expected seconds, a date as in a header, or empty for no header"
        )
    return text


def _symbol(option: str, value: Any) -> str:
    if not isinstance(value, str) or value.count("/") != 1:
        raise ValueError(f"{option}={value!r}: expected BASE/QUOTE, as in BTC/USD")
    return value.strip().upper()


_OPTIONS: dict[str, Callable[[str, Any], Any]] = {
    "seconds": _between(0, 1e7),
    "since": _between(0, 1e11),
    "until": _between(0, 1e11),
    "probability": _between(0, 1),
    "times": _whole(1, 10**9),
    "status": _whole(200, 599),
    "retry_after": _header,
    "clean": _truth,
    "rows": _whole(1, 1000),
    "factor": _between(1e-6, 1e6),
    "rate": _between(0.1, 1e6),
    "slope": _between(0, 1e3),
    "symbol": _symbol,
}
