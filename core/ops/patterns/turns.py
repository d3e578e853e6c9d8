"""What the events of one endpoint say: a circuit that flaps, a body that changed its shape. Pure."""

from collections import defaultdict
from collections.abc import Iterable

from core.ops.events import CircuitOpened, Event, ShapeChanged
from core.ops.patterns.pattern import Pattern

FLAPS = 4
"""Openings of one circuit within FLAP_SECONDS that make it flapping."""
FLAP_SECONDS = 3600.0


def flapping(events: Iterable[Event]) -> list[Pattern]:
    """Circuits that open again and again within an hour: neither well nor down."""
    opened: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if isinstance(event, CircuitOpened) and event.axis == "circuit":
            opened[event.target].append(event.time)
    found = []
    for target, times in opened.items():
        times.sort()
        best: list[float] = []
        first = 0
        for last, at in enumerate(times):
            while at - times[first] > FLAP_SECONDS:
                first += 1
            if last - first + 1 > len(best):
                best = times[first : last + 1]
        if len(best) >= FLAPS:
            minutes = max(1, round((best[-1] - best[0]) / 60))
            said = f"{target} opened {len(best)} times in {minutes} min: it recovers, and fails again"
            found.append(Pattern("flapping", target, best[0], best[-1], said, {"openings": best}))
    return found


def schema_drift(events: Iterable[Event]) -> list[Pattern]:
    """Bodies that can no longer be read, with what differs from the last good one."""
    latest: dict[str, ShapeChanged] = {}
    first: dict[str, float] = {}
    for event in sorted(events, key=lambda event: event.time):
        if isinstance(event, ShapeChanged):
            latest[event.target] = event
            first.setdefault(event.target, event.time)
    return [
        Pattern(
            "schema_drift",
            target,
            first[target],
            event.time,
            f"{target} answers in another shape: {event.detail}",
            {"gone": list(event.gone), "new": list(event.new), "changed": list(event.changed)},
        )
        for target, event in latest.items()
    ]
