"""What the journal holds: one frozen dataclass a kind of event.

``time`` is UTC seconds since 1970. ``target`` is what it is about, in the words of ``hub.probe``: ``kraken``,
``kraken/ohlcv``, ``kraken/ohlcv@api.kraken.com``, ``model:NAME``; empty for the whole hub. ``who`` did it:
``engine``, ``monitor``, ``heal``, or a person (``page``, ``rest``, ``script``). ``detail`` is for a person.
"""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal

from core.answer import Outcome

Axis = Literal["circuit", "truth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have. ``id`` is its place in the journal; 0 until it is written."""

    kind: ClassVar[str] = ""
    time: float
    target: str = ""
    who: str = "engine"
    detail: str = ""
    id: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with the kind."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed(Event):
    """A try without a value. ``detail`` is the reason, ``blamed`` whether it counts against the endpoint."""

    kind: ClassVar[str] = "attempt"
    outcome: Outcome
    status: int | None = None
    elapsed: float = 0.0
    blamed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissent(Event):
    """A value in shape that cannot be true, or that the others contradict."""

    kind: ClassVar[str] = "dissent"
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitOpened(Event):
    """For so many ``seconds``; ``opens`` since it was last healthy. The truth axis: quarantined."""

    kind: ClassVar[str] = "circuit_opened"
    axis: Axis = "circuit"
    seconds: float = 0.0
    opens: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitHalfOpen(Event):
    """A probe is let through."""

    kind: ClassVar[str] = "circuit_half_open"
    axis: Axis = "circuit"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitClosed(Event):
    """A probe succeeded, or a person reset it."""

    kind: ClassVar[str] = "circuit_closed"
    axis: Axis = "circuit"


@dataclass(frozen=True, slots=True, kw_only=True)
class CooldownStarted(Event):
    """A provider asked for rest (``throttled``) or shut us out (``blocked``), for so many ``seconds``."""

    kind: ClassVar[str] = "cooldown"
    cause: Literal["throttled", "blocked"] = "throttled"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged(Event):
    """A provider's state, as DESIGN 6 names them."""

    kind: ClassVar[str] = "state"
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChanged(Event):
    """Our own connectivity is lost, or back."""

    kind: ClassVar[str] = "network"
    offline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HealStepped(Event):
    """One step of a healing. ``healing`` is shared by all its steps."""

    kind: ClassVar[str] = "heal_step"
    healing: str
    step: str
    outcome: str
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Healed(Event):
    """A healing came to its end; ``outcome`` says how."""

    kind: ClassVar[str] = "heal"
    healing: str
    outcome: str
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired(Event):
    """So many repairs to an archived series stand, or were taken back (``undone``); its ledger has the rest."""

    kind: ClassVar[str] = "repair"
    symbol: str
    interval: str
    changes: int
    undone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChanged(Event):
    """An alert fired, was acknowledged, or is over. ``alert`` names it through all three."""

    kind: ClassVar[str] = "alert"
    alert: str
    rule: str
    state: Literal["firing", "acknowledged", "resolved"]
    severity: str = "warning"
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAction(Event):
    """A person did something that everybody sees: reset, isolate, restore, probe, heal, lab opened …"""

    kind: ClassVar[str] = "admin"
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsTested(Event):
    """Somebody, in the lab any visitor, asked endpoints to see what they say. Nothing was changed."""

    kind: ClassVar[str] = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged(Event):
    """A knob was set or cleared; values as text, None for not set. ``at_once``, or from the next start on."""

    kind: ClassVar[str] = "setting"
    name: str
    old: str | None
    new: str | None
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HubChanged(Event):
    """The hub opened or closed. Opened twice with no close between: it was killed, or the power failed."""

    kind: ClassVar[str] = "hub"
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeChanged(Event):
    """A body that could not be read, set beside the last good one: what is gone, new, of another kind."""

    kind: ClassVar[str] = "shape"
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsLost(Event):
    """So many failed attempts found no room while the disk did not keep up; their counts are complete."""

    kind: ClassVar[str] = "lost"
    rows: int


# Not __subclasses__(): a class with slots is made twice, and the first one lingers there.
BY_KIND: dict[str, type[Event]] = {
    one.kind: one
    for one in (
        AttemptFailed,
        Dissent,
        CircuitOpened,
        CircuitHalfOpen,
        CircuitClosed,
        CooldownStarted,
        StateChanged,
        NetworkChanged,
        HealStepped,
        Healed,
        Repaired,
        AlertChanged,
        AdminAction,
        EndpointsTested,
        SettingChanged,
        HubChanged,
        ShapeChanged,
        RowsLost,
    )
}
"""Kind → its class."""

_COMMON = frozenset(field.name for field in fields(Event))
_OWN = {kind: {field.name for field in fields(one)} - _COMMON for kind, one in BY_KIND.items()}
"""Kind → the fields of its own."""
MANY = ("attempt", "dissent")
"""Kinds of which there may be very many; kept for a shorter time."""


def data_of(event: Event) -> str:
    """The fields of its own kind, as JSON."""
    return json.dumps({name: value for name, value in asdict(event).items() if name not in _COMMON})


def event_from(kind: str, common: dict[str, Any], data: str) -> Event:
    """An event as it was. Fields that its kind no longer has are left out."""
    names = _OWN[kind]
    own: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(data).items()
        if name in names
    }
    return BY_KIND[kind](**common, **own)
